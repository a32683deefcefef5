/*
 * Decisions: what somebody asks for under a configuration, and which of its
 * rules decides.  rules_of.h has the grammar of the configurations.
 */
#include "rules.h"

#include <stdlib.h>

#include "rules_ask.h"
#include "rules_of.h"
#include "tap.h"

/*
 * who, ask: as in rules_ask.h
 * want: + or - and the number of the rule that decides, "none"; for port 0
 *	also the range, or "any"
 */
struct decision {
	const char *who, *ask, *want;
};

#define DECISIONS_MAX 80

struct config {
	const char *name, *rules;
	struct decision asked[DECISIONS_MAX];
};

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct config configs[] = {
	{ "users and groups",
	    "group admins { root, ops };"
	    "deny user guest { bind, connect };"		/* 1 */
	    "permit user ops from 10.0.0.0/8 bind *:8080-8090;" /* 2 */
	    "permit group admins bind 9000;"			/* 3 */
	    "permit user { dev, guest } bind 127.0.0.1:*;"	/* 4 */
	    "permit user \"*\" { connect, forward } *:443;"	/* 5 */
	    "permit user root group admins connect *:22;"	/* 6 */
	    "permit user dev group admins connect *:23;"	/* 7 */
	    "permit group nobody-has-it connect any;"		/* 8 */
	    "permit user ops stat",				/* 9 */
	    {
		{ "10.1.2.3 user=ops", "bind :8080", "+2" },
		{ "10.1.2.3 user=ops", "bind 127.0.0.1:8090", "+2" },
		{ "10.1.2.3 user=ops", "bind :8091", "none" },
		{ "10.1.2.3 user=ops", "bind :0", "+2 8080-8090" },
		{ "10.1.2.3 user=ops", "bind :9000", "+3" },
		{ "192.0.2.1 user=ops", "bind :8080", "none" },
		{ "192.0.2.1 user=ops", "bind :0", "+3 9000-9000" },
		{ "10.1.2.3 user=root", "bind :8080", "none" },
		{ "10.1.2.3 user=Ops", "bind :8080", "none" },
		{ "10.1.2.3 user=op", "bind :8080", "none" },
		{ "10.1.2.3", "bind :8080", "none" },
		{ "unix user=ops", "bind :8080", "none" },
		{ "10.1.2.3 user=dev", "bind 127.0.0.1:80", "+4" },
		{ "10.1.2.3 user=dev", "bind :80", "none" },
		{ "10.1.2.3 user=dev", "bind 127.0.0.1:0", "+4 any" },
		{ "10.1.2.3 user=guest", "bind 127.0.0.1:80", "-1" },
		{ "10.1.2.3 user=guest", "bind 127.0.0.1:0", "-1" },
		{ "10.1.2.3 user=guest", "bind name:x", "-1" },
		{ "10.1.2.3 user=guest", "connect x.org:443", "-1" },
		{ "10.1.2.3 user=guest", "forward x.org:443", "+5" },
		{ "10.1.2.3 user=*", "connect x.org:443", "+5" },
		{ "10.1.2.3", "connect x.org:443", "none" },
		{ "local", "connect x.org:443", "none" },
		{ "10.1.2.3 user=root", "connect x.org:22", "+6" },
		{ "10.1.2.3 user=ops", "connect x.org:22", "none" },
		{ "10.1.2.3 user=dev", "connect x.org:23", "none" },
		{ "10.1.2.3 user=root", "connect x.org:24", "none" },
		{ "10.1.2.3 user=ops", "stat", "+9" },
		{ "10.1.2.3 user=dev", "stat", "none" },
		{ "local", "stat", "none" },
	    } },
	{ "sources",
	    "deny from 10.66.0.0/16 connect;"			    /* 1 */
	    "permit from 10.0.0.0/8 connect *:1;"		    /* 2 */
	    "permit from { 192.0.2.7, 2001:db8::/32 } connect *:2;" /* 3 */
	    "permit from local connect *:3;"			    /* 4 */
	    "permit from * connect *:4;"			    /* 5 */
	    "permit from ::/0 connect *:5;"			    /* 6 */
	    "permit from 0.0.0.0/0 connect *:6;"		    /* 7 */
	    "permit connect *:7",				    /* 8 */
	    {
		{ "10.1.2.3", "connect x.org:1", "+2" },
		{ "::ffff:10.1.2.3", "connect x.org:1", "+2" },
		{ "10.66.0.1", "connect x.org:1", "-1" },
		{ "10.66.0.1", "connect x.org:7", "-1" },
		{ "10.67.0.1", "connect x.org:1", "+2" },
		{ "11.0.0.1", "connect x.org:1", "none" },
		{ "::10.1.2.3", "connect x.org:1", "none" },
		{ "2002:a01:203::1", "connect x.org:1", "none" },
		{ "64:ff9b::a01:203", "connect x.org:1", "none" },
		{ "unix", "connect x.org:1", "none" },
		{ "192.0.2.7", "connect x.org:2", "+3" },
		{ "192.0.2.8", "connect x.org:2", "none" },
		{ "2001:db8:9::1", "connect x.org:2", "+3" },
		{ "2001:db9::1", "connect x.org:2", "none" },
		{ "local", "connect x.org:3", "+4" },
		{ "unix", "connect x.org:3", "+4" },
		{ "10.1.2.3", "connect x.org:3", "none" },
		{ "2001:db9::1", "connect x.org:4", "+5" },
		{ "unix", "connect x.org:4", "+5" },
		{ "2001:db9::1", "connect x.org:5", "+6" },
		{ "192.0.2.7", "connect x.org:5", "+6" },
		{ "unix", "connect x.org:5", "none" },
		{ "192.0.2.7", "connect x.org:6", "+7" },
		{ "2001:db9::1", "connect x.org:6", "none" },
		{ "unix", "connect x.org:7", "+8" },
	    } },
	{ "processes",
	    "deny gid 666 bind;"			      /* 1 */
	    "permit uid 1000 bind name:a;"		      /* 2 */
	    "permit uid { 1, 2 } gid { 50, 60 } bind name:b;" /* 3 */
	    "permit gid 50 { bind, stat } name:*;"	      /* 4 */
	    "permit uid 0 bind any",			      /* 5 */
	    {
		{ "unix uid=1000 gid=1000", "bind name:a", "+2" },
		{ "unix uid=1001 gid=1000", "bind name:a", "none" },
		{ "unix uid=1000 gid=1 gid=666", "bind name:a", "-1" },
		{ "local", "bind name:a", "none" },
		{ "local uid=1000 gid=50", "bind name:a", "none" },
		{ "local user=1000", "bind name:a", "none" },
		{ "unix uid=2 gid=7 gid=60", "bind name:b", "+3" },
		{ "unix uid=2 gid=7", "bind name:b", "none" },
		{ "unix uid=3 gid=60", "bind name:b", "none" },
		{ "unix uid=3 gid=1 gid=2 gid=50", "bind name:b", "+4" },
		{ "unix uid=3 gid=50", "bind /tmp/x", "none" },
		{ "unix uid=3 gid=50", "stat", "+4" },
		{ "unix uid=3", "stat", "none" },
		{ "unix uid=0", "bind :80", "+5" },
		{ "unix uid=0", "bind :0", "+5 any" },
		{ "unix uid=0", "bind /tmp/x", "+5" },
		/* not known to be of root: only UNIX peers have a uid */
		{ "local", "bind :80", "none" },
	    } },
	{ "certificates",
	    "permit certificate \"*.ops.example.org\" bind 80;" /* 1 */
	    "permit fingerprint \"SHA256:" A64 "\" bind 81;"	/* 2 */
	    "permit certificate { a, b } fingerprint \"SHA256:" A64
	    "\" bind 82;"			/* 3 */
	    "permit over tls bind 83;"		/* 4 */
	    "permit certificate \"*\" bind 84", /* 5 */
	    {
		{ "192.0.2.1 tls cn=x.ops.example.org", "bind :80", "+1" },
		{ "192.0.2.1 tls cn=X.Ops.Example.ORG", "bind :80", "+1" },
		{ "192.0.2.1 tls cn=ops.example.org", "bind :80", "none" },
		{ "192.0.2.1 tls cn=x.ops.example.org.evil.net", "bind :80",
		    "none" },
		{ "192.0.2.1 tls", "bind :80", "none" },
		{ "192.0.2.1 tls print=a", "bind :81", "+2" },
		{ "192.0.2.1 tls print=A", "bind :81", "+2" },
		{ "192.0.2.1 tls print=b", "bind :81", "none" },
		{ "192.0.2.1 tls", "bind :81", "none" },
		{ "192.0.2.1 tls cn=b print=a", "bind :82", "+3" },
		{ "192.0.2.1 tls cn=b print=b", "bind :82", "none" },
		{ "192.0.2.1 tls cn=c print=a", "bind :82", "none" },
		{ "192.0.2.1 tls", "bind :83", "+4" },
		{ "192.0.2.1", "bind :83", "none" },
		{ "unix", "bind :83", "none" },
		{ "192.0.2.1 tls cn=who.ever", "bind :84", "+5" },
		{ "192.0.2.1 tls", "bind :84", "none" },
	    } },
	{ "what is bound",
	    "deny bind 8706;"				       /* 1 */
	    "deny bind 10.0.0.5:*;"			       /* 2 */
	    "permit bind \"8080-8089,9000\";"		       /* 3 */
	    "permit bind { 10.0.0.0/8:80, [2001:db8::1]:80 };" /* 4 */
	    "permit bind { name:web.*, /tmp/*, /srv/x };"      /* 5 */
	    "permit bind http://*.example.org/docs/*;"	       /* 6 */
	    "deny bind 127.0.0.1:*;"			       /* 7 */
	    "permit bind 127.0.0.0/8:8000-9000",	       /* 8 */
	    {
		{ "192.0.2.1", "bind 192.0.2.9:8706", "-1" },
		{ "192.0.2.1", "bind :8706", "-1" },
		{ "192.0.2.1", "bind 10.0.0.5:8080", "-2" },
		/* which every address has among them */
		{ "192.0.2.1", "bind :8080", "-2" },
		{ "192.0.2.1", "bind 0.0.0.0:8080", "-2" },
		{ "192.0.2.1", "bind [::]:8080", "-2" },
		{ "192.0.2.1", "bind 10.0.0.6:8080", "+3" },
		{ "192.0.2.1", "bind [2001:db8::9]:8089", "+3" },
		{ "192.0.2.1", "bind 10.0.0.6:9000", "+3" },
		{ "192.0.2.1", "bind 10.0.0.6:8090", "none" },
		{ "192.0.2.1", "bind 10.0.0.6:80", "+4" },
		{ "192.0.2.1", "bind [::ffff:10.0.0.6]:80", "+4" },
		{ "192.0.2.1", "bind [2001:db8::1]:80", "+4" },
		{ "192.0.2.1", "bind [2001:db8::2]:80", "none" },
		{ "192.0.2.1", "bind 10.0.0.6:0", "+3 8080-8089" },
		{ "192.0.2.1", "bind 10.0.0.5:0", "-1" },
		{ "192.0.2.1", "bind name:web.1", "+5" },
		{ "192.0.2.1", "bind name:Web.1", "none" },
		{ "192.0.2.1", "bind name:web", "none" },
		{ "192.0.2.1", "bind /tmp/a/b", "+5" },
		{ "192.0.2.1", "bind /srv/x", "+5" },
		{ "192.0.2.1", "bind /srv/xy", "none" },
		{ "192.0.2.1", "bind http://www.example.org/docs/a/b", "+6" },
		{ "192.0.2.1", "bind http://WWW.Example.org.:80/docs/", "+6" },
		{ "192.0.2.1", "bind http://www.example.org:8080/docs/",
		    "none" },
		{ "192.0.2.1", "bind http://www.example.org/Docs/", "none" },
		{ "192.0.2.1", "bind http://example.org/docs/a", "none" },
		{ "192.0.2.1", "bind 127.0.0.1:8080", "+3" },
		{ "192.0.2.1", "bind localhost:8500", "-7" },
		{ "192.0.2.1", "bind 127.0.0.2:8500", "+8" },
		/* 8706 divides it; what is before it is longer */
		{ "192.0.2.1", "bind 127.0.0.2:0", "+8 8000-8705" },
		/* behind "deny 127.0.0.1" */
		{ "192.0.2.1", "bind 127.0.0.1:0", "+3 8080-8089" },
	    } },
	{ "what is reached",
	    "deny connect 10.0.0.0/8:*;"		       /* 1 */
	    "deny connect *.evil.org:*;"		       /* 2 */
	    "permit connect 10.1.0.0/16:80;"		       /* 3 */
	    "permit connect { *.example.org:22, www:80-443 };" /* 4 */
	    "permit connect 169.254.1.0/24:80;"		       /* 5 */
	    "permit connect localhost:22;"		       /* 6 */
	    "permit connect 192.0.2.5:8706;"		       /* 7 */
	    "permit connect 192.0.2.0/24:8706;"		       /* 8 */
	    "permit connect { name:svc.*, /run/*.sock };"      /* 9 */
	    "permit connect http://*.example.org:80/api/*;"    /* 10 */
	    "permit connect *:8700-8799",		       /* 11 */
	    {
		{ "192.0.2.1", "connect 10.1.0.1:80", "-1" },
		{ "192.0.2.1", "connect a.example.org:22", "+4" },
		{ "192.0.2.1", "connect a.example.org:22 @192.0.2.9", "+4" },
		/* two addresses of one name, asked one by one */
		{ "192.0.2.1", "connect a.example.org:22 @10.9.9.9", "-1" },
		{ "192.0.2.1", "connect a.example.org:22 @2001:db8::1", "+4" },
		/* no way round by another form of the address */
		{ "192.0.2.1", "connect a.example.org:22 @::ffff:10.9.9.9",
		    "-1" },
		{ "192.0.2.1", "connect A.B.Example.ORG.:22", "+4" },
		{ "192.0.2.1", "connect example.org:22", "none" },
		{ "192.0.2.1", "connect a.example.org:23", "none" },
		{ "192.0.2.1", "connect www:443", "+4" },
		{ "192.0.2.1", "connect www:444", "none" },
		{ "192.0.2.1", "connect www:80 @127.0.0.1", "none" },
		{ "192.0.2.1", "connect www:80 @::1", "none" },
		{ "192.0.2.1", "connect www:80 @0.0.0.0", "none" },
		{ "192.0.2.1", "connect www:80 @::127.0.0.1", "none" },
		{ "192.0.2.1", "connect www:80 @64:ff9b::7f00:1", "none" },
		{ "192.0.2.1", "connect www:80 @64:ff9b:1::7f00:1", "none" },
		{ "192.0.2.1", "connect www:80 @2002:7f00:1::", "none" },
		{ "192.0.2.1", "connect www:80 @::ffff:0:7f00:1", "none" },
		{ "192.0.2.1", "connect www:80 @fe80::1", "none" },
		{ "192.0.2.1", "connect www:80 @ff02::1", "none" },
		{ "192.0.2.1", "connect www:80 @169.254.169.254", "none" },
		{ "192.0.2.1", "connect www:80 @169.254.1.254", "+5" },
		{ "192.0.2.1", "connect 169.254.1.254:80", "+5" },
		{ "192.0.2.1", "connect [::169.254.1.254]:80", "none" },
		{ "192.0.2.1", "connect x.evil.org:8750", "-2" },
		{ "192.0.2.1", "connect x.EVIL.org.:8750", "-2" },
		{ "192.0.2.1", "connect x.evil.org:8750 @192.0.2.77", "-2" },
		{ "192.0.2.1", "connect evil.org:8750", "+11" },
		{ "192.0.2.1", "connect x.evil.org.example.org:22", "+4" },
		{ "192.0.2.1", "connect localhost:22", "+6" },
		{ "192.0.2.1", "connect localhost:22 @127.0.0.1", "+6" },
		{ "192.0.2.1", "connect localhost:22 @::1", "+6" },
		{ "192.0.2.1", "connect localhost:22 @192.0.2.1", "none" },
		{ "192.0.2.1", "connect 127.0.0.1:22", "+6" },
		{ "192.0.2.1", "connect 127.0.0.2:22", "none" },
		{ "192.0.2.1", "connect evil:22 @127.0.0.1", "none" },
		{ "192.0.2.1", "connect 192.0.2.5:8706", "+7" },
		{ "192.0.2.1", "connect 192.0.2.5:8706 own", "+7" },
		{ "192.0.2.1", "connect gw:8706 @192.0.2.5 own", "+7" },
		{ "192.0.2.1", "connect 192.0.2.6:8706", "+8" },
		{ "192.0.2.1", "connect 192.0.2.6:8706 own", "none" },
		{ "192.0.2.1", "connect gw:8706 @192.0.2.6 own", "none" },
		{ "192.0.2.1", "connect 198.51.100.1:8706", "+11" },
		{ "192.0.2.1", "connect 198.51.100.1:8706 own", "none" },
		{ "192.0.2.1", "connect name:svc.db", "+9" },
		{ "192.0.2.1", "connect name:db", "none" },
		{ "192.0.2.1", "connect /run/a/b.sock", "+9" },
		{ "192.0.2.1", "connect /run/b.sock own", "none" },
		{ "192.0.2.1", "connect /run/b", "none" },
		{ "192.0.2.1", "connect http://a.example.org/api/x", "+10" },
		{ "192.0.2.1", "connect http://a.example.org:80/api/x", "+10" },
		{ "192.0.2.1", "connect http://a.example.org:81/api/x",
		    "none" },
		{ "192.0.2.1", "connect http://a.example.org/", "none" },
		{ "192.0.2.1", "connect x.org:8750 @127.0.0.1", "none" },
		{ "192.0.2.1", "connect x.org:8750 @198.51.100.1", "+11" },
		{ "192.0.2.1", "forward x.org:8750", "none" },
		{ "192.0.2.1", "bind :8750", "none" },
		{ "192.0.2.1", "stat", "none" },
	    } },
	{ "any and star",
	    "permit user star { connect, forward } *:*;"	/* 1 */
	    "permit user any { bind, connect, forward } any;"	/* 2 */
	    "permit user all { bind, connect, forward, stat };" /* 3 */
	    "permit user own connect 127.0.0.1:8706;"		/* 4 */
	    "permit user near connect 127.0.0.1:8700-8710;"	/* 5 */
	    "permit user word connect localhost:8706",		/* 6 */
	    {
		{ "192.0.2.1 user=star", "connect 192.0.2.9:1", "+1" },
		{ "192.0.2.1 user=star", "connect 127.0.0.1:1", "none" },
		{ "192.0.2.1 user=star", "connect x:1 @127.0.0.1", "none" },
		{ "192.0.2.1 user=star", "connect 192.0.2.9:8706 own", "none" },
		{ "192.0.2.1 user=star", "connect name:x", "none" },
		{ "192.0.2.1 user=star", "connect /x", "none" },
		{ "192.0.2.1 user=any", "connect 127.0.0.1:1", "+2" },
		{ "192.0.2.1 user=any", "connect x:1 @127.0.0.1", "+2" },
		{ "192.0.2.1 user=any", "forward 169.254.169.254:80", "+2" },
		{ "192.0.2.1 user=any", "connect 192.0.2.9:8706 own", "+2" },
		{ "192.0.2.1 user=any", "connect name:x", "+2" },
		{ "192.0.2.1 user=any", "bind /x", "+2" },
		{ "192.0.2.1 user=any", "bind http://x/", "+2" },
		{ "192.0.2.1 user=any", "bind :1", "+2" },
		{ "192.0.2.1 user=any", "stat", "none" },
		{ "192.0.2.1 user=all", "stat", "+3" },
		{ "192.0.2.1 user=all", "connect 127.0.0.1:8706 own", "+3" },
		{ "192.0.2.1 user=own", "connect 127.0.0.1:8706 own", "+4" },
		{ "192.0.2.1 user=own", "connect x:8706 @127.0.0.1 own", "+4" },
		{ "192.0.2.1 user=own", "connect 127.0.0.2:8706 own", "none" },
		{ "192.0.2.1 user=near", "connect 127.0.0.1:8706", "+5" },
		{ "192.0.2.1 user=near", "connect 127.0.0.1:8706 own", "none" },
		{ "192.0.2.1 user=word", "connect localhost:8706 @::1 own",
		    "+6" },
		{ "192.0.2.1 user=word", "connect 127.0.0.1:8706 own", "+6" },
	    } },
	{ "deny is wide",
	    "deny connect *:25;"			    /* 1 */
	    "deny connect localhost:99;"		    /* 2 */
	    "deny connect 127.0.0.0/8:98;"		    /* 3 */
	    "deny connect { [2001:db8::]/32:97, ::/0:96 };" /* 4 */
	    "deny connect name:secret*;"		    /* 5 */
	    "deny connect http://*/private/*;"		    /* 6 */
	    "deny connect { 10.0.0.0/8:95, [::1]:94 };"	    /* 7 */
	    "permit { connect, forward } any",		    /* 8 */
	    {
		{ "local", "connect x.org:25", "-1" },
		{ "local", "connect 127.0.0.1:25", "-1" },
		{ "local", "connect 192.0.2.9:25 own", "-1" },
		{ "local", "connect x.org:26", "+8" },
		{ "local", "forward x.org:25", "+8" },
		{ "local", "connect localhost:99", "-2" },
		{ "local", "connect localhost:99 @192.0.2.1", "-2" },
		{ "local", "connect 127.0.0.1:99", "-2" },
		{ "local", "connect 127.9.9.9:99", "-2" },
		{ "local", "connect [::1]:99", "-2" },
		{ "local", "connect x.org:99 @127.0.0.1", "-2" },
		{ "local", "connect 0.0.0.0:99", "-2" },
		{ "local", "connect [::]:99", "-2" },
		{ "local", "connect x.org:99", "+8" },
		{ "local", "connect x.org:99 @192.0.2.1", "+8" },
		{ "local", "connect 127.3.3.3:98", "-3" },
		{ "local", "connect x.org:98 @127.3.3.3", "-3" },
		{ "local", "connect 0.0.0.0:98", "-3" },
		{ "local", "connect [::]:98", "-3" },
		{ "local", "connect [::ffff:127.0.0.1]:98", "-3" },
		{ "local", "connect 128.0.0.1:98", "+8" },
		{ "local", "connect x.org:97", "+8" },
		{ "local", "connect x.org:97 @2001:db8::5", "-4" },
		{ "local", "connect x.org:97 @2001:db9::5", "+8" },
		{ "local", "connect x.org:96", "-4" },
		{ "local", "connect x.org:96 @192.0.2.1", "-4" },
		{ "local", "connect name:secrets", "-5" },
		{ "local", "connect name:public", "+8" },
		{ "local", "connect http://x.org/private/a", "-6" },
		{ "local", "connect http://x.org:81/private/a", "-6" },
		{ "local", "connect http://x.org/public", "+8" },
		{ "local", "connect [::127.0.0.1]:99", "-2" },
		{ "local", "connect x.org:99 @64:ff9b::7f00:1", "-2" },
		{ "local", "connect x.org:99 @2002:7f00:1::", "-2" },
		{ "local", "connect x.org:99 @::ffff:0:127.0.0.1", "-2" },
		{ "local", "connect x.org:99 @64:ff9b::", "-2" },
		{ "local", "connect x.org:98 @64:ff9b:1:2::7f03:0303", "-3" },
		{ "local", "connect [::]:94", "-7" },
		{ "local", "connect 0.0.0.0:94", "-7" },
		{ "local", "connect 127.0.0.1:94", "+8" },
		{ "local", "connect 10.1.2.3:95", "-7" },
		{ "local", "connect [::ffff:10.1.2.3]:95", "-7" },
		{ "local", "connect [64:ff9b::10.1.2.3]:95", "-7" },
		{ "local", "connect x.org:95 @2002:a01:203:4::5", "-7" },
		{ "local", "connect x.org:95 @::10.1.2.3", "-7" },
		{ "local", "connect x.org:95 @2001:db8::10.1.2.3", "+8" },
	    } },
	{ "order: the first match wins",
	    "permit user ops connect 10.0.0.1:80;"	   /* 1 */
	    "deny connect 10.0.0.0/8:80;"		   /* 2 */
	    "permit connect 10.0.0.0/8:*;"		   /* 3 */
	    "deny connect 10.0.0.2:81;"			   /* 4: too late */
	    "permit bind 100-199;"			   /* 5 */
	    "deny bind 150-159;"			   /* 6: too late */
	    "deny bind 200-299;"			   /* 7 */
	    "permit bind 190-330;"			   /* 8 */
	    "deny { bind, connect, forward, stat } any;"   /* 9 */
	    "permit { bind, connect, forward, stat } any", /* 10: too late */
	    {
		{ "192.0.2.1 user=ops", "connect 10.0.0.1:80", "+1" },
		{ "192.0.2.1 user=dev", "connect 10.0.0.1:80", "-2" },
		{ "192.0.2.1 user=ops", "connect 10.0.0.2:80", "-2" },
		{ "192.0.2.1", "connect 10.0.0.2:81", "+3" },
		{ "192.0.2.1", "connect 11.0.0.2:81", "-9" },
		{ "192.0.2.1", "connect x.org:81", "+3" },
		{ "192.0.2.1", "connect x.org:81 @11.0.0.1", "-9" },
		{ "192.0.2.1 user=ops", "connect x.org:80", "+1" },
		{ "192.0.2.1 user=dev", "connect x.org:80", "+3" },
		{ "192.0.2.1", "bind :150", "+5" },
		{ "192.0.2.1", "bind :199", "+5" },
		{ "192.0.2.1", "bind :200", "-7" },
		{ "192.0.2.1", "bind :299", "-7" },
		{ "192.0.2.1", "bind :300", "+8" },
		{ "192.0.2.1", "bind :331", "-9" },
		{ "192.0.2.1", "bind :0", "+5 100-199" },
		{ "192.0.2.1", "bind name:x", "-9" },
		{ "192.0.2.1", "stat", "-9" },
	    } },
	{ "free ports",
	    "permit user holes bind { 80, 1024-2000, 2001-3000 };" /* 1 */
	    "deny user most bind { 8706, 1080 };"		   /* 2 */
	    "permit user most bind *;"				   /* 3 */
	    "permit user low bind 1-1023;"			   /* 4 */
	    "permit user high bind 1024-65535;"			   /* 5 */
	    "permit user top bind 65535;"			   /* 6 */
	    "permit user one bind 1;"				   /* 7 */
	    "permit user equal bind { 10-19, 30-39 };"		   /* 8 */
	    "permit user join bind 10-19;"			   /* 9 */
	    "permit user join bind 20-24",			   /* 10 */
	    {
		{ "unix user=holes", "bind :0", "+1 1024-3000" },
		{ "unix user=most", "bind :0", "+3 8707-65535" },
		{ "unix user=low", "bind :0", "+4 1-1023" },
		{ "unix user=high", "bind :0", "+5 any" },
		{ "unix user=top", "bind :0", "+6 65535-65535" },
		{ "unix user=one", "bind :0", "+7 1-1" },
		{ "unix user=equal", "bind :0", "+8 10-19" },
		{ "unix user=join", "bind :0", "+9 10-24" },
		{ "unix", "bind :0", "none" },
	    } },
	{ "options and what is built in",
	    "-b 8080-8081; -c *.example.org:22; -c 127.0.0.1:25;" /* 1 2 3 */
	    "builtin",						  /* 4 5 */
	    {
		{ "10.1.2.3", "bind :8081", "+1" },
		{ "local", "bind :8081", "+1" },
		{ "local", "bind 127.0.0.1:9000", "none" },
		{ "10.1.2.3", "connect a.example.org:22", "+2" },
		{ "10.1.2.3", "forward a.example.org:22", "+2" },
		{ "10.1.2.3", "connect 127.0.0.1:25", "+3" },
		{ "local", "connect 127.0.0.1:26", "none" },
		{ "local", "bind name:x", "+4" },
		{ "unix", "connect /tmp/x", "+4" },
		{ "10.1.2.3", "bind name:x", "none" },
		{ "10.1.2.3", "connect /tmp/x", "none" },
		{ "unix", "stat", "+5" },
		{ "10.1.2.3 user=ops", "stat", "none" },
	    } },
	{ "built in alone", "builtin", /* 1 names, 2 bind, 3 reach, 4 stat */
	    {
		{ "local", "bind 127.0.0.1:1024", "+2" },
		{ "local", "bind [::1]:1024", "+2" },
		{ "local", "bind 127.0.0.1:1023", "none" },
		{ "local", "bind [::1]:1023", "none" },
		{ "local", "bind localhost:0", "+2 any" },
		{ "local", "bind :1024", "none" },
		{ "local", "bind 192.0.2.1:1024", "none" },
		{ "local", "connect 127.0.0.1:22", "+3" },
		{ "local", "connect 192.0.2.9:8706 own", "+3" },
		{ "unix", "forward x.org:1 @169.254.169.254", "+3" },
		{ "unix", "connect name:x", "+1" },
		{ "10.1.2.3", "bind 127.0.0.1:1024", "none" },
		{ "10.1.2.3", "connect x.org:80", "none" },
		{ "10.1.2.3", "stat", "none" },
	    } },
	{ "upstream alone", "upstream",
	    {
		{ "10.1.2.3", "bind :80", "+2" },
		{ "10.1.2.3", "bind :0", "+2 any" },
		{ "10.1.2.3", "bind name:x", "+2" },
		{ "local", "bind name:x", "+1" },
		{ "10.1.2.3", "connect x.org:80", "+3" },
		{ "10.1.2.3", "connect 127.0.0.1:80", "+3" },
		{ "local", "stat", "+4" },
		{ "10.1.2.3", "stat", "none" },
	    } },
	{ "upstream behind an option", "-c *:80; upstream",
	    {
		{ "10.1.2.3", "bind :81", "+3" },
		{ "10.1.2.3", "connect x.org:80", "+1" },
		{ "10.1.2.3", "connect x.org:81", "none" },
		{ "10.1.2.3", "connect name:x", "none" },
		{ "local", "connect name:x", "+2" },
		{ "local", "connect x.org:81", "none" },
	    } },
	{ "no rule at all", "",
	    {
		{ "unix uid=0", "bind 127.0.0.1:8080", "none" },
		{ "unix uid=0", "bind :0", "none" },
		{ "unix uid=0", "connect 127.0.0.1:8080", "none" },
		{ "unix uid=0", "bind name:x", "none" },
		{ "unix uid=0", "stat", "none" },
	    } },
};

/* ---- asking ---- */

static unsigned
number_of(const struct rules *r, const struct rule *rule)
{
	const struct rule *next = rules_next(r, NULL);
	unsigned n = 1;

	for (; next != rule; next = rules_next(r, next))
		n++;
	return n;
}

static void
answer(const struct rules *r, const struct decision *d, char *out,
    size_t outlen)
{
	char copy[256], range[32] = "";
	const struct rule *rule;
	struct question q;
	struct person p;
	uint16_t lo, hi;

	strlcpy(copy, d->ask, sizeof(copy));
	strlcpy(out, "malformed", outlen);
	if (ask_person(&p, d->who) == -1 || ask_question(&q, copy) == -1)
		return;
	rule = ask(r, &p.who, &q, &lo, &hi);
	strlcpy(out, "none", outlen);
	if (rule == NULL)
		return;
	if (lo != 0)
		snprintf(range, sizeof(range), " %u-%u", lo, hi);
	else if (strcmp(q.verb, "bind") == 0 && q.a.kind == ADDR_TCP &&
		 q.a.port == 0 && rule_permits(rule))
		strlcpy(range, " any", sizeof(range));
	snprintf(out, outlen, "%c%u%s", rule_permits(rule) ? '+' : '-',
	    number_of(r, rule), range);
}

/* What is permitted to one is permitted to somebody. */
static void
check_parent(const struct rules *r, const struct decision *d)
{
	char copy[256];
	struct question q;
	struct person p;
	uint16_t lo, hi;

	strlcpy(copy, d->ask, sizeof(copy));
	if (ask_person(&p, d->who) == -1 || ask_question(&q, copy) == -1 ||
	    strcmp(q.verb, "bind") != 0 ||
	    !rule_permits(ask(r, &p.who, &q, &lo, &hi)))
		return;
	ok(rules_bind_anybody(r, &q.a, lo, hi), "the parent takes %s", d->ask);
}

/* The statements that are made of the rules mean the same rules. */
static struct rules *
printed(const struct rules *r)
{
	const struct rule *rule = NULL;
	struct rules *copy = rules_new();
	char err[256] = "";

	while ((rule = rules_next(r, rule)) != NULL) {
		char *s = rule_statement(rule);
		const struct rule *last = NULL, *next;

		is_str(rule_text(rule), s, "the text of a rule");
		is_int(rules_of(copy, s, err, sizeof(err)), 0, "%s: %s", s,
		    err);
		while ((next = rules_next(copy, last)) != NULL)
			last = next;
		if (last != NULL)
			is_str(rule_text(last), s, "and again");
		free(s);
	}
	return copy;
}

/* Groups are no rules: those of the text are added. */
static void
copy_groups(struct rules *to, const char *text)
{
	char err[128];
	const char *g = strstr(text, "group admins");

	if (g == text)
		(void)rules_of(to, "group admins { root, ops }", err,
		    sizeof(err));
}

static void
test_config(const struct config *c)
{
	struct rules *r = rules_new(), *again;
	char err[256] = "", got[64];

	if (!ok(rules_of(r, c->rules, err, sizeof(err)) == 0, "%s: %s", c->name,
		err)) {
		rules_free(r);
		return;
	}
	again = printed(r);
	copy_groups(again, c->rules);
	for (const struct decision *d = c->asked; d->who != NULL; d++) {
		answer(r, d, got, sizeof(got));
		is_str(got, d->want, "%s: %s, %s", c->name, d->who, d->ask);
		answer(again, d, got, sizeof(got));
		is_str(got, d->want, "the same as printed");
		check_parent(r, d);
	}
	rules_free(again);
	rules_free(r);
}

/* ---- the parent, which does not know who asks ---- */

static const struct {
	const char *rules, *addr;
	uint16_t lo, hi;
	bool may;
} parents[] = {
	{ "permit user ops bind 80", ":80", 0, 0, true },
	{ "permit user ops bind 80", ":81", 0, 0, false },
	{ "permit user ops bind 80", ":80", 80, 80, false },
	{ "permit user ops bind 80", ":0", 80, 80, true },
	{ "permit user ops bind 80", ":0", 80, 81, false },
	{ "permit user ops bind 80", ":0", 0, 0, false },
	{ "permit user a bind 80; permit user b bind 81", ":0", 80, 81, true },
	{ "permit user ops bind 1024-65535", ":0", 0, 0, true },
	{ "permit user ops bind 1024-65535", ":0", 1023, 65535, false },
	{ "permit user ops bind 1024-65535", ":0", 65535, 1024, false },
	{ "permit user ops bind 1024-65535", ":0", 0, 65535, false },
	{ "permit user ops bind 1025-65535", ":0", 0, 0, false },
	{ "deny user x bind 80; permit bind 80", ":80", 0, 0, true },
	{ "deny bind 80; permit bind *", ":80", 0, 0, false },
	{ "deny from * bind 80; permit bind *", ":80", 0, 0, false },
	{ "deny from local bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny group x bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny uid 1 bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny gid 1 bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny over tls bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny certificate x bind 80; permit bind *", ":80", 0, 0, true },
	{ "deny fingerprint \"SHA256:" A64 "\" bind 80; permit bind *", ":80",
	    0, 0, true },
	{ "permit uid 1 bind 80; deny bind 80", ":80", 0, 0, true },
	{ "deny bind 80; permit bind *", ":0", 79, 81, false },
	{ "deny bind 80; permit bind *", ":0", 81, 90, true },
	{ "permit user a bind name:a", "name:a", 0, 0, true },
	{ "permit user a bind name:a", "name:b", 0, 0, false },
	{ "permit user a bind /tmp/*", "/tmp/x", 0, 0, true },
	{ "permit user a bind /tmp/*", "/tmp/x", 1, 2, false },
	{ "permit connect any", ":80", 0, 0, false },
	{ "", ":80", 0, 0, false },
};

static void
test_parent(void)
{
	for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
		struct rules *r = rules_new();
		struct addr a;
		char err[256] = "";

		ok(rules_of(r, parents[i].rules, err, sizeof(err)) == 0 &&
			addr_parse(&a, parents[i].addr, ADDR_FOR_BIND, err,
			    sizeof(err)) == 0,
		    "%s", parents[i].rules);
		is_int(rules_bind_anybody(r, &a, parents[i].lo, parents[i].hi),
		    parents[i].may, "[%s] anybody binds %s, %u-%u",
		    parents[i].rules, parents[i].addr, parents[i].lo,
		    parents[i].hi);
		rules_free(r);
	}
}

/* ---- strangers ---- */

static const struct {
	const char *rules;
	bool serve;
} strangers[] = {
	{ "", false },
	{ "builtin", false },
	{ "upstream", true },
	{ "-b 80; builtin", true },
	{ "permit stat", true },
	{ "permit user ops bind 80", true },
	{ "permit over tls bind 80", true },
	{ "permit from local bind 80", false },
	{ "permit from 127.0.0.0/8 bind 80", false },
	{ "permit from { local, ::1, 127.0.0.1 } bind 80", false },
	{ "permit from 126.0.0.0/7 bind 80", true },
	{ "permit from ::/0 bind 80", true },
	{ "permit from * bind 80", true },
	{ "permit from { local, 10.0.0.1 } bind 80", true },
	{ "permit uid 0 bind any", false },
	{ "permit gid 5 stat", false },
	{ "deny bind 80", false },
	{ "deny { bind, connect, forward, stat }; permit bind 80", false },
	{ "deny { bind, connect, forward, stat } any; permit stat", false },
	{ "deny { bind, connect, forward }; permit stat", true },
	{ "deny user x { bind, connect, forward, stat }; permit stat", true },
};

static void
test_strangers(void)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		struct rules *r = rules_new();
		char err[256] = "";

		is_int(rules_of(r, strangers[i].rules, err, sizeof(err)), 0,
		    "%s", err);
		is_int(rules_serve_strangers(r), strangers[i].serve,
		    "[%s] serves strangers: %d", strangers[i].rules,
		    strangers[i].serve);
		rules_free(r);
	}
}

static void
test_groups(void)
{
	struct rules *r = rules_new();

	ok(!rules_group_known(r, "g"), "no group");
	is_int(rules_group_add(r, "g", "a"), 0, "its first user makes it");
	is_int(rules_group_add(r, "g", "a"), 0, "twice is once");
	ok(rules_group_known(r, "g"), "known");
	ok(!rules_group_known(r, "G"), "by this spelling");
	rules_free(r);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++)
		test_config(&configs[i]);
	test_parent();
	test_strangers();
	test_groups();
	return done_testing();
}
