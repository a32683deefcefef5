/*
 * vsapd.conf(5): every statement and what is printed of it, every mistake
 * with its message, the examples, that no cut of them is taken for a whole.
 * (What becomes of it then: t_vsapdconf_use.c.)
 */
#include "vsapd/conf_impl.h"

#include <stdlib.h>
#include <unistd.h>

#include "play_vsapdconf.h"

/* ---- every statement ---- */

/* Each line of want is a line of what is printed, lines joined. */
static const struct {
	const char *text, *want;
} good[] = {
	{ "\n", "prefix 24 56\ntimeout hello 60 seconds\n"
		"timeout line 30 seconds\ntimeout idle 600 seconds\n"
		"timeout connect 30 seconds\ntimeout linger 5 seconds\n"
		"sandbox on\nowner 0\n" },
	/* listen */
	{ "listen on 127.0.0.1:8706\n", "listen on 127.0.0.1:8706\n" },
	{ "listen on 8706\nlisten on [::1]:0;listen on [::1]:0\n",
	    "listen on *:8706\nlisten on [::1]:0\n" },
	{ "listen on localhost:1\n", "listen on 127.0.0.1:1\n" },
	{ "listen on 0.0.0.0:1\n", "listen on 0.0.0.0:1\n" },
	{ "listen on \":1\" metrics\n", "listen on *:1 metrics\n" },
	{ "listen on :1 tls metrics\ninclude \"sub/b\"\n",
	    "listen on *:1 tls metrics\ntls {\n"
	    "\tcertificate sub/c.pem key /k.pem\n}\n" },
	{ "include sub/b\nlisten on :1 tls optional passwords cleartext\n",
	    "listen on *:1 tls optional passwords cleartext\n" },
	{ "listen on :1 protocols socks5\n",
	    "listen on *:1 protocols { socks5 }\n" },
	{ "listen on :1 protocols { http, socks4, vsap, http }\n",
	    "listen on *:1 protocols { vsap, socks4, http }\n" },
	{ "listen on :1 protocols {\nhttp\nsocks4\nvsap, socks5 }\n",
	    "listen on *:1\n" },
	{ "listen on :1 proxy from 10.0.0.0/8\n",
	    "listen on *:1 proxy from { 10.0.0.0/8 }\n" },
	{ "include \"sub/a\"\nlisten on :1 proxy from { $nets, ::1, * }\n",
	    "listen on *:1 proxy from { 10.0.0.0/8, fd00::/8, ::1/128, * }\n" },
	{ "listen on /run/x\n", "listen on /run/x\n" },
	{ "listen on \"/run/x\" mode 0666\n", "listen on /run/x mode 0666\n" },
	{ "listen on /run/x group staff\n",
	    "listen on /run/x mode 0660 group 50\n" },
	{ "listen on /run/x group 7 mode 600 proxy\n",
	    "listen on /run/x proxy mode 0600 group 7\n" },
	{ "listen on \"/run/a b\"\n", "listen on \"/run/a b\"\n" },
	/* tls, upstream */
	{ "tls {\n certificate \"a b\" key k\n certificate x key y\n\n client "
	  "ca z required; protocols \"tlsv1.3,tlsv1.2\"\n ciphers "
	  "\"ALL:!X\"\n workers 3 }\n",
	    "tls {\n\tcertificate \"a b\" key k\n\tcertificate x key y\n"
	    "\tprotocols \"tlsv1.2,tlsv1.3\"\n\tciphers ALL:!X\n"
	    "\tclient ca z required\n\tworkers 3\n}\n" },
	{ "tls { certificate a key b protocols { tlsv1.3 } }\n",
	    "\tprotocols tlsv1.3\n" },
	{ "upstream gw.example.org\n", "upstream gw.example.org:8706\n" },
	{ "upstream /run/up.sock\n", "upstream /run/up.sock\n" },
	{ "upstream tls:[2001:db8::1]:1\n",
	    "upstream tls:[2001:db8::1]:1 {\n}\n" },
	{ "upstream tls:gw:1 { ca a certificate b key c fingerprint { \"" PRINT
	  "\" } name n\n}\n",
	    "upstream tls:gw:1 {\n\tcertificate b key c\n\tca a\n\tname n\n"
	    "\tfingerprint { " PRINT " }\n}\n" },
	{ "upstream tls:gw:1 {\n\n verify off;; protocols tlsv1.2\n"
	  " fingerprint { " PRINT "\n" PRINT " } }\n",
	    "\tprotocols tlsv1.2\n\tfingerprint { " PRINT "," PRINT
	    " }\n\tverify off\n" },
	{ "upstream tls:gw:1 { verify on }\n", "upstream tls:gw:1 {\n}\n" },
	/* users */
	{ "user ops password \"" CRYPT "\"\n", "user ops\n" },
	{ "user root password \"" CRYPT "\" password \"" SCRAM "\"\n",
	    "user root\n" },
	{ "user \"tls\" password \"" CRYPT "\"\n", "user \"tls\"\n" },
	{ "user 7 password \"" CRYPT "\"\nuser 64K password \"" CRYPT "\"\n",
	    "user 7\nuser 64K\n" },
	{ "group admins { ops, root }\ngroup one web\n",
	    "group admins { ops, root }\ngroup one { web }\n" },
	{ "m = { a, b }\ngroup x { $m\n { c, d }, e }\n",
	    "group x { a, b, c, d, e }\n" },
	{ "passwords file users\n", "passwords file users\n" },
	{ "passwords file \"/etc/p w\"\nauthentication required\n",
	    "passwords file \"/etc/p w\"\nauthentication required\n" },
	{ "authentication optional\n", "sandbox on\n" },
	{ "admit from *\n", "admit from { * }\n" },
	{ "admit from { 10.0.0.0/8, 2001:db8::/32 }\nadmit from ::1\n",
	    "admit from { 10.0.0.0/8, 2001:db8::/32, ::1 }\n" },
	/* rules */
	{ "permit bind 8080\n", "at vsapd.conf:1\npermit bind 8080\n" },
	{ "permit user ops from 10.0.0.0/8 bind *:8080-8090 visitors from "
	  "{ 10.0.0.0/8 } rate 60\n",
	    "permit user ops from 10.0.0.0/8 bind *:8080-8090 visitors from "
	    "10.0.0.0/8 rate 60\n" },
	{ "deny connect 10.0.0.0/8:*\n", "deny connect 10.0.0.0/8:*\n" },
	{ "deny connect\n", "deny connect\n" },
	{ "group admins a\npermit group admins { bind, connect, stat }  any\n",
	    "permit group admins { bind, connect, stat } any\n" },
	{ "\npermit uid 1000 gid staff bind name:*\n",
	    "at vsapd.conf:2\npermit uid 1000 gid 50 bind name:*\n" },
	{ "permit uid { www-data, root } gid { 1, staff } stat\n",
	    "permit uid { 33, 0 } gid { 1, 50 } stat\n" },
	{ "include sub/b\ntls_ca = 1\npermit stat\n", "permit stat\n" },
	{ "tls { certificate a key b client ca c }\npermit certificate "
	  "\"*.ops.example.org\" fingerprint \"" PRINT "\" over tls connect "
	  "{ *.example.org:22, 10.0.0.0/8:80-443 } send proxy v2\n",
	    "permit certificate *.ops.example.org fingerprint " PRINT
	    " over tls connect { *.example.org:22, 10.0.0.0/8:80-443 } send "
	    "proxy v2\n" },
	{ "permit { forward, { bind, connect } } any send proxy v1\n",
	    "permit { bind, connect, forward } any send proxy v1\n" },
	{ "permit bind { 80,443 } from local rate 5 per minute\n",
	    "permit bind { 80, 443 } from local rate 5\n" },
	{ "permit bind \"*:80,443\"\n", "permit bind \"*:80,443\"\n" },
	{ "permit bind { 1,\n2\n{ 3, 4 } }\n", "permit bind { 1, 2, 3, 4 }\n" },
	{ "n = \"{ 10.0.0.0/8, ::1 }\"\npermit from $n stat\n",
	    "permit from { 10.0.0.0/8, ::1 } stat\n" },
	{ "permit user \"root\" stat\n", "permit user root stat\n" },
	{ "permit from local all\n", "permit from local all\n" },
	{ "permit all any from local\n", "permit all any from local\n" },
	{ "deny all *:8080\n", "deny all *:8080\n" },
	{ "permit { stat, { forward, bind }, connect }\n", "permit all\n" },
	{ "permit all rate 6 send proxy v2\n",
	    "permit all rate 6 send proxy v2\n" },
	{ "permit user \"connect\" connect \"any\"\n",
	    "permit user \"connect\" connect any\n" },
	{ "permit user * stat\n", "permit user * stat\n" },
	{ "permit \\\n  connect \\\n  http://www.example.org/x\n",
	    "permit connect http://www.example.org/x\n" },
	{ "permit stat;deny bind 80;permit bind [::1]:*\n",
	    "permit stat\ndeny bind 80\npermit bind [::1]:*\n" },
	/* limits and times */
	{ "limit connections 5000\nlimit connections per source 100\n",
	    "limit connections 5000\nlimit connections per source 100\n" },
	{ "limit hello per prefix 7\nlimit associations per user 1\n"
	  "limit binds 1\nlimit waiting per source 1000000000\n",
	    "limit hello per prefix 7\nlimit associations per user 1\n"
	    "limit binds 1\nlimit waiting per source 1000000000\n" },
	{ "limit requests per source 60 per minute\nlimit logins unlimited\n",
	    "limit requests per source 60\nlimit logins unlimited\n" },
	{ "limit bandwidth per user 10M\n", "limit bandwidth per user 10M\n" },
	{ "limit bandwidth per user 1048577\n",
	    "limit bandwidth per user 1048577\n" },
	{ "limit bandwidth per user 512G\n",
	    "limit bandwidth per user 512G\n" },
	{ "limit bandwidth per user 549755812864\n",
	    "limit bandwidth per user 549755812864\n" },
	{ "prefix 32 128\n", "prefix 32 128\n" },
	{ "timeout hello 5 seconds\ntimeout line 2 minutes\n"
	  "timeout idle 1 day\ntimeout connect 3000 ms\n"
	  "timeout linger 0 seconds\n",
	    "timeout hello 5 seconds\ntimeout line 120 seconds\n"
	    "timeout idle 86400 seconds\ntimeout connect 3 seconds\n"
	    "timeout linger 0 seconds\n" },
	/* the rest */
	{ "workers 64\n", "workers 64\n" },
	{ "log stderr\nlog verbose\n", "log stderr\nlog verbose\n" },
	{ "log syslog\n", "log syslog\n" },
	{ "log file \"x y\"\n", "log file \"x y\"\n" },
	{ "sandbox off\n", "sandbox off\n" },
	{ "sandbox on\n", "sandbox on\n" },
	{ "root /srv/names\n", "root /srv/names\n" },
	{ "run as vsapd; run directory /run/v\n",
	    "run as vsapd\nrun directory /run/v\n" },
	{ "user at password \"" CRYPT "\"\nuser owner password \"" CRYPT "\"\n",
	    "user \"at\"\nuser \"owner\"\n" },
};

static void
test_good(void)
{
	struct conf *c;
	char name[32], *all;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		c = load(good[i].text);
		is_str(err, "", "good %zu has no error", i);
		if (c == NULL)
			continue;
		all = joined(print(c));
		has_lines(all, good[i].want, i);
		free(all);
		(void)snprintf(name, sizeof(name), "good %zu", i);
		same_again(c, name);
		conf_free(c);
	}
}

/* What the fields are, where it is not what is printed. */
static void
test_fields(void)
{
	struct conf *c =
	    load("include sub/b\nlisten on :1 tls\nlisten on :2 tls "
		 "optional\nlisten on /x\n"
		 "user a password \"" CRYPT "\" password \"" SCRAM
		 "\"\nlimit logins per user unlimited\n"
		 "upstream tls:gw:1\nlog verbose\n");
	const struct conf_user *u = STAILQ_FIRST(&c->users);

	is_int(c->nlisten, 3, "listeners");
	ok(conf_listen_at(c, 0)->tls && !conf_listen_at(c, 0)->plain, "tls");
	ok(conf_listen_at(c, 1)->tls && conf_listen_at(c, 1)->plain, "both");
	ok(!conf_listen_at(c, 2)->tls && conf_listen_at(c, 2)->plain, "plain");
	is_int(conf_listen_at(c, 2)->mode, 0600, "the mode of a socket");
	ok(conf_listen_at(c, 3) == NULL, "no fourth");
	is_str(conf_listen_at(c, 1)->at, "vsapd.conf:3", "its place");
	is_int(u->nhashes, 2, "two hashes");
	is_str(u->hash[0], CRYPT, "as they are");
	ok(conf_user_known(c, "a") && !conf_user_known(c, "b"), "known");
	ok(c->limit_set[LIMIT_LOGINS][SCOPE_USER] &&
		c->limit[LIMIT_LOGINS][SCOPE_USER] == 0,
	    "unlimited is set, too");
	ok(!c->limit_set[LIMIT_HELLO][SCOPE_SOURCE] &&
		c->limit[LIMIT_HELLO][SCOPE_SOURCE] > 0,
	    "a default is not");
	ok(c->upstream_tls && c->verbose && c->sandbox && c->has_tls, "flags");
	is_str(c->tls.cert[0], "sub/c.pem", "relative to its file");
	is_str(c->path, "vsapd.conf", "path");
	conf_wipe(c);
	is_int(u->nhashes, 0, "wiped");
	conf_free(c);
	conf_free(NULL);
}

/* ---- every mistake ---- */

#define STATEMENT "expected a statement"
#define QUOTES "; as a text this word stands in quotes"
#define WORDS                                                                  \
	"all, bind, certificate, connect, fingerprint, forward, from, gid, "   \
	"group, over, rate, send, stat, uid, user or visitors"
#define CUT                                                                    \
	"the last line does not end: is the file cut off? If not, end it "     \
	"with a newline"

/* Messages without "vsapd.conf:". */
static const struct {
	const char *text, *want;
} bad[] = {
	/* syntax */
	{ "lsiten on :1\n", "1: found lsiten, " STATEMENT },
	{ "\n\"listen\" on :1\n", "2: found \"listen\", " STATEMENT },
	{ "7\n", "1: found 7, " STATEMENT },
	{ "{\n}\n", "1: found {, " STATEMENT },
	{ "allow from local stat\n",
	    "1: found allow, " STATEMENT
	    "; what a rule lets through it begins with permit" },
	{ "pass bind 80\n",
	    "1: found pass, " STATEMENT
	    "; what a rule lets through it begins with permit" },
	{ "block connect\n", "1: found block, " STATEMENT
			     "; what a rule refuses it begins with deny" },
	{ "at x\n", "1: found at, " STATEMENT },
	{ "owner 7\n", "1: found owner, " STATEMENT },
	{ "listen on\n", "1: found the end of the line, expected a text" },
	{ "listen :1\n", "1: found :1, expected on" },
	{ "listen on :1 tsl\n",
	    "1: found tsl, expected the end of the line, group, metrics, mode, "
	    "passwords, protocols, proxy or tls" },
	{ "listen on :1 tls { }\n",
	    "1: found {, expected the end of the line, group, metrics, mode, "
	    "optional, passwords, protocols, proxy or tls" },
	{ "listen on :1 passwords clear\n",
	    "1: found clear, expected cleartext" },
	{ "listen on :1 mode rw\n", "1: found rw, expected a number" },
	{ "listen on tls\n", "1: found tls, expected a text" QUOTES },
	{ "tls\n{ }\n", "1: found the end of the line, expected {" },
	{ "tls { certificate a }\n", "1: found }, expected key" },
	{ "tls { key a }\n",
	    "1: found key, expected the end of the line, }, certificate, "
	    "ciphers, client, protocols or workers" },
	{ "upstream gw:1 { cert a }\n",
	    "1: what stands in braces is for TLS: write upstream "
	    "tls:HOST:PORT" },
	{ "upstream tls:gw:1 { cert a }\n",
	    "1: found cert, expected the end of the line, }, ca, certificate, "
	    "ciphers, fingerprint, name, protocols or verify" },
	{ "upstream tls:gw:1 { verify no }\n",
	    "1: found no, expected off or on" },
	{ "user\n", "1: found the end of the line, expected a text" },
	{ "user a passwd x\n",
	    "1: found passwd, expected the end of the line or password" },
	{ "group a\n", "1: found the end of the line, expected a text or {" },
	{ "group a { }\n",
	    "1: found }, expected a text, the end of the line or {" },
	{ "group a { b c }\n",
	    "1: found c, expected the end of the line, } or ," },
	{ "passwords /x\n", "1: found /x, expected file" },
	{ "authentication on\n", "1: found on, expected optional or required" },
	{ "admit 10.0.0.0/8\n", "1: found 10.0.0.0/8, expected from" },
	{ "permit\n", "1: found the end of the line, expected {, " WORDS },
	{ "permit user ops\n",
	    "1: found the end of the line, expected {, " WORDS },
	{ "permit user from 10.0.0.0/8 stat\n",
	    "1: found from, expected a text or {" QUOTES },
	{ "permit ops bind 80\n", "1: found ops, expected {, " WORDS },
	{ "permit bind 80, 443\n",
	    "1: found ,, expected the end of the line, certificate, "
	    "fingerprint, from, gid, group, over, rate, send, uid, user or "
	    "visitors; several stand in braces: { a, b }" },
	{ "permit bind 80 connect x:1\n",
	    "1: found connect, expected the end of the line, certificate, "
	    "fingerprint, from, gid, group, over, rate, send, uid, user or "
	    "visitors" },
	{ "permit { bind, listen } 80\n",
	    "1: found listen, expected the end of the line, {, bind, connect, "
	    "forward or stat" },
	{ "permit { bind, all } 80\n",
	    "1: found all, expected the end of the line, {, bind, connect, "
	    "forward or stat" },
	{ "permit all bind 80\n",
	    "1: found bind, expected a text, the end of the line, {, "
	    "certificate, fingerprint, from, gid, group, over, rate, send, "
	    "uid, user or visitors" QUOTES },
	{ "permit over ssl stat\n", "1: found ssl, expected tls" },
	{ "permit bind 80 visitors 10.0.0.0/8\n",
	    "1: found 10.0.0.0/8, expected from" },
	{ "permit bind 80 rate many\n", "1: found many, expected a number" },
	{ "permit bind 80 rate 5 per hour\n",
	    "1: found hour, expected minutes" },
	{ "permit connect x:1 send v2\n", "1: found v2, expected proxy" },
	{ "limit connections\n",
	    "1: found the end of the line, expected a number, a size (64K, "
	    "10M), per or unlimited" },
	{ "limit connections many\n",
	    "1: found many, expected a number, a size (64K, 10M), per or "
	    "unlimited" },
	{ "limit connections per\n",
	    "1: found the end of the line, expected a text, prefix or user" },
	{ "timeout hello 60\n",
	    "1: found the end of the line, expected days, hours, "
	    "milliseconds, minutes or seconds" },
	{ "prefix 24\n", "1: found the end of the line, expected a number" },
	{ "workers many\n", "1: found many, expected a number" },
	{ "log to syslog\n",
	    "1: found to, expected file, stderr, syslog or verbose" },
	{ "sandbox none\n", "1: found none, expected off or on" },
	{ "run vsapd\n", "1: found vsapd, expected as or directory" },
	/* the lexer's */
	{ "tls {\n", "2: the file ends inside of the block that begins in "
		     "line 1" },
	{ "permit stat", "1: " CUT },
	{ "permit from $x stat\n",
	    "1: $x: there is no such macro above; a text with $ in it stands "
	    "in quotes" },
	{ "include \"nix\"\n", "1: nix: No such file or directory" },
	/* listen */
	{ "listen on gw.example.org:1\n", NULL },
	{ "listen on :99999\n", NULL },
	{ "listen on :1\nlisten on *:1\n",
	    "2: listen on *:1: there is a listener at this address already" },
	{ "listen on /x\nlisten on \"/x\"\n",
	    "2: listen on /x: there is a listener at this address already" },
	{ "listen on :1 tls tls\n", "1: tls is set already in vsapd.conf:1" },
	{ "listen on :1 tls\n",
	    "1: tls: there is no certificate for it; add tls { certificate "
	    "\"FILE\" key \"FILE\" }" },
	{ "listen on :1 protocols { socks4, telnet }\n",
	    "1: protocols telnet: expected vsap, socks4, socks5 or http" },
	{ "listen on :1 proxy\n",
	    "1: listen on :1: proxy: say from which addresses a header is "
	    "believed, as proxy from { 10.0.0.2, 10.0.0.3 }" },
	{ "listen on :1 proxy from localhost\n", NULL },
	{ "listen on /x proxy from 10.0.0.1\n",
	    "1: listen on /x: who opens the path has no address: write proxy "
	    "alone, and say who may by mode and group" },
	{ "listen on :1 mode 0600\n",
	    "1: listen on :1: mode is for UNIX-domain sockets" },
	{ "listen on :1 group staff\n",
	    "1: listen on :1: group is for UNIX-domain sockets" },
	{ "listen on /x mode 888\n",
	    "1: mode 888: expected octal digits, 0000 to 0777" },
	{ "listen on /x group nix\n",
	    "1: group \"nix\": the system has no such group" },
	{ "listen on /x group 4294967295\n",
	    "1: group 4294967295: a number of the system's is at most "
	    "4294967294" },
	{ "listen on :1 metrics protocols http\n",
	    "1: listen on :1: metrics are all that it has: no protocols" },
	{ "listen on :1 metrics proxy from ::1\n",
	    "1: listen on :1: metrics are asked for without proxy" },
	{ "listen on :1 metrics passwords cleartext\n",
	    "1: listen on :1: metrics need no passwords" },
	{ "include sub/b\nlisten on :1 tls passwords cleartext\n",
	    "2: listen on :1: passwords cleartext: with tls alone none is in "
	    "clear" },
	/* tls, upstream */
	{ "tls { }\n",
	    "1: tls: expected certificate \"FILE\" key \"FILE\" in it" },
	{ "include sub/b\ntls { certificate a key b }\n",
	    "2: tls is set already in sub/b:1" },
	{ "tls { certificate \"\" key b }\n", "1: the text \"\": it is empty" },
	{ "tls { certificate a key b; client ca c; client ca d }\n",
	    "1: ca is set already in vsapd.conf:1" },
	{ "tls { certificate a key b; protocols tlsv1.1 }\n",
	    "1: protocols tlsv1.1: expected tlsv1.2 or tlsv1.3" },
	{ "tls { certificate a key b; workers 65 }\n",
	    "1: workers 65: at most 64" },
	{ "upstream gw:1\nupstream gw:2\n",
	    "2: upstream is set already in vsapd.conf:1" },
	{ "upstream :1\n", NULL },
	{ "upstream tls:gw:1 { fingerprint SHA256:12 }\n", NULL },
	{ "upstream tls:gw:1 { certificate a key b certificate c key d }\n",
	    "1: certificate is set already in vsapd.conf:1" },
	{ "upstream tls:gw:1 { name \"\" }\n", "1: name \"\": it is empty" },
	/* users */
	{ "user ops\n", "1: user ops: expected password \"HASH\"; vsapd -H "
			"makes hashes" },
	{ "user ops password secret\n",
	    "1: password of user ops: not a hash; make its two by vsapd -H" },
	{ "user ops password \"" CRYPT "\" password \"" CRYPT "\"\n",
	    "1: user ops: a second password of the same kind" },
	{ "user ops password \"" CRYPT "\"\n\nuser ops password \"" CRYPT
	  "\"\n",
	    "3: user \"ops\": there is one of this name already" },
	{ "user \"a b\" password x\n",
	    "1: user \"a b\": expected a name of 1 to 64 bytes without ':', "
	    "'*' and blanks" },
	{ "user \"\" password x\n",
	    "1: user \"\": expected a name of 1 to 64 bytes without ':', '*' "
	    "and blanks" },
	{ "group a:b x\n",
	    "1: group \"a:b\": expected a name of 1 to 64 bytes without ':', "
	    "'*' and blanks" },
	{ "group a x\ngroup a y\n",
	    "2: group \"a\": there is one of this name already" },
	{ "authentication required\n",
	    "1: authentication required, and there are no users: add user "
	    "NAME password \"HASH\", or passwords file \"FILE\"" },
	{ "authentication optional\nauthentication required\n",
	    "2: authentication is set already in vsapd.conf:1" },
	{ "admit from 10.0.0.0/33\n", NULL },
	/* rules */
	{ "permit user a user b stat\n",
	    "1: user is set already in vsapd.conf:1" },
	{ "permit from 10.0.0.0/33 stat\n", NULL },
	{ "permit from example.org stat\n", NULL },
	{ "permit uid nix stat\n",
	    "1: user \"nix\": the system has no such user" },
	{ "permit uid odd stat\n",
	    "1: user odd: a number of the system's is at most 4294967294" },
	{ "permit gid nix stat\n",
	    "1: group \"nix\": the system has no such group" },
	{ "permit certificate x stat\n",
	    "1: no client is asked for a certificate; add client ca \"FILE\" "
	    "to tls { }" },
	{ "include sub/b\npermit fingerprint " PRINT " stat\n",
	    "2: no client is asked for a certificate; add client ca \"FILE\" "
	    "to tls { }" },
	{ "permit fingerprint 12 stat\n", NULL },
	{ "permit bind\n", NULL },
	{ "permit bind 0\n", NULL },
	{ "permit bind 70000\n", NULL },
	{ "permit bind 90-80\n", NULL },
	{ "permit bind www.example.org:80\n", NULL },
	{ "permit connect 80\n", NULL },
	{ "permit connect www.example.org\n", NULL },
	{ "permit stat 80\n", NULL },
	{ "deny bind 80 rate 5\n", "1: rate belongs to permit, not to deny" },
	{ "deny bind 80 visitors from *\n",
	    "1: visitors belongs to permit, not to deny" },
	{ "deny connect x:1 send proxy v1\n",
	    "1: send proxy belongs to permit, not to deny" },
	{ "permit connect x:1 visitors from *\n",
	    "1: visitors belongs to bind" },
	{ "permit connect x:1 rate 5\n", "1: rate belongs to bind" },
	{ "permit bind 80 send proxy v1\n",
	    "1: send proxy belongs to connect and forward" },
	{ "permit connect x:1 send proxy v3\n",
	    "1: send proxy v3: expected v1 or v2" },
	{ "permit bind 80 rate 0\n", "1: rate 0: at least 1" },
	{ "permit bind 80 visitors from x\n", NULL },
	{ "permit from \"{ }\" stat\n", "1: an empty list" },
	/* limits and times */
	{ "limit sessions 5\n",
	    "1: limit sessions: expected connections, hello, associations, "
	    "binds, waiting, requests, logins or bandwidth" },
	{ "limit connections per host 5\n",
	    "1: limit per host: expected user, source or prefix" },
	{ "limit connections 0\n",
	    "1: limit connections 0: 1 to 1000000000, or unlimited" },
	{ "limit binds 1000000001\n",
	    "1: limit binds 1000000001: 1 to 1000000000, or unlimited" },
	{ "limit bandwidth 10M\n",
	    "1: limit bandwidth: it is for each user; write limit bandwidth "
	    "per user 10M" },
	{ "limit bandwidth per user 100\n",
	    "1: limit bandwidth 100: 1K to 512G bytes a second, or "
	    "unlimited" },
	{ "limit connections per user 5\n",
	    "1: limit connections: who connects is not a user yet; per source "
	    "or per prefix" },
	{ "limit binds 1\nlimit binds per user 2\nlimit binds per user 3\n",
	    "3: limit binds per user is set already in vsapd.conf:2" },
	{ "timeout read 5 seconds\n",
	    "1: timeout read: expected hello, line, idle, connect or linger" },
	{ "timeout hello 0 seconds\n",
	    "1: timeout hello 0 seconds: at least 1 second" },
	{ "timeout idle 25 hours\n",
	    "1: timeout idle 25 hours: at most 1 day" },
	{ "timeout line 1500 ms\n",
	    "1: timeout line 1500 milliseconds: not whole seconds" },
	{ "timeout connect 11 minutes\n",
	    "1: timeout connect 11 minutes: at most 10 minutes" },
	{ "timeout linger 999999999999 days\n",
	    "1: timeout linger 9223372036854775807 milliseconds: at most 10 "
	    "minutes" },
	{ "timeout idle 1 day\ntimeout idle 2 days\n",
	    "2: timeout idle is set already in vsapd.conf:1" },
	{ "prefix 0 56\n", "1: prefix 0: at least 1" },
	{ "prefix 33 56\n", "1: prefix 33: at most 32" },
	{ "prefix 24 129\n", "1: prefix 129: at most 128" },
	/* the rest */
	{ "workers 0\n", "1: workers 0: at least 1" },
	{ "workers 65\n", "1: workers 65: at most 64" },
	{ "log syslog\nlog stderr\n", "2: log is set already in vsapd.conf:1" },
	{ "log file \"\"\n", "1: the text \"\": it is empty" },
	{ "root \"\"\n", "1: root \"\": it is empty" },
	{ "run directory vsapd\n",
	    "1: run directory \"vsapd\": write an absolute path" },
	{ "run directory "
	  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	    "1: run directory \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\": "
	    "longer than 107 bytes" },
	{ "run as aaaaaaaaaabbbbbbbbbbccccccccccddd\n",
	    "1: run as \"aaaaaaaaaabbbbbbbbbb...\": longer than 32 bytes" },
};

static void
test_bad(void)
{
	char want[600];
	struct conf *c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		c = load(bad[i].text);
		if (bad[i].want == NULL) { /* a message of rules.h, addr.h */
			ok(c == NULL &&
				strncmp(err, "vsapd.conf:1: ", 14) == 0 &&
				strlen(err) > 30,
			    "bad %zu: %s", i, err);
			conf_free(c);
			continue;
		}
		(void)snprintf(want, sizeof(want), "vsapd.conf:%s",
		    bad[i].want);
		is_str(c == NULL ? err : "no error", want, "bad %zu", i);
		conf_free(c);
	}
}

/* All mistakes are told, one of each statement. */
static void
test_mistakes(void)
{
	struct conf *c = load("listen on 127.0.0.1:0 blah\n"
			      "permit user from\n"
			      "permit user ops bind 99999\n"
			      "tls {\n certificate\n foo\n}\n"
			      "permit bind $nix\n"
			      "workers 2\n"
			      "workers 3\n");

	ok(c == NULL, "several mistakes");
	is_str(err,
	    "vsapd.conf:1: found blah, expected the end of the line, group, "
	    "metrics, mode, passwords, protocols, proxy or tls\n"
	    "vsapd.conf:2: found from, expected a text or {; as a text this "
	    "word stands in quotes\n"
	    "vsapd.conf:3: 99999: \"99999\" is neither a port (1 to 65535) nor "
	    "a range; write 8080, 8080-8081 or 127.0.0.1:8080\n"
	    "vsapd.conf:5: found the end of the line, expected a text\n"
	    "vsapd.conf:8: $nix: there is no such macro above; a text with $ "
	    "in it stands in quotes\n"
	    "vsapd.conf:10: workers is set already in vsapd.conf:9",
	    "each of them");
}

/* ---- how many ---- */

static void
test_many(const char *before, const char *after, unsigned max, const char *want)
{
	struct conf *c;

	c = load(lines_to(before, after, max));
	is_str(err, "", "%u of them", max);
	if (c != NULL)
		same_again(c, before);
	conf_free(c);
	c = load(lines_to(before, after, max + 1));
	is_str(err, want, "and one more");
	conf_free(c);
}

/* ---- the examples, whole and cut ---- */

/* An error of its own: the certificate or the users stand farther down. */
static bool
misses_more(void)
{
	return strstr(err, "there is no certificate") != NULL ||
	       strstr(err, "there are no users") != NULL;
}

static char *
example(const char *name, size_t *n)
{
	char path[100], *all;

	(void)snprintf(path, sizeof(path), "examples/%s", name);
	all = conf_open_file(NULL, path, n);
	ok(all != NULL && *n > 500, "%s is there", name);
	return all;
}

/* As it is, but for the accounts that this system may not have. */
static void
test_cuts(const char *name)
{
	size_t n = 0, taken = 0, wrong = 0;
	char *all = example(name, &n);
	struct cut at = { .state = OUTSIDE };
	struct conf *c;

	for (size_t i = 0; all != NULL && i <= n; i++) {
		bool whole = is_whole(&at);

		text = all;
		text_len = i;
		c = conf_read("vsapd.conf", open_memory, NULL, err,
		    sizeof(err));
		if ((c != NULL) != whole && !(whole && misses_more()) &&
		    wrong++ < 5)
			ok(0, "%s cut at %zu: %s", name, i,
			    c != NULL ? "taken" : err);
		if (c == NULL && strncmp(err, "vsapd.conf:", 11) != 0)
			ok(0, "%s cut at %zu: %s", name, i, err);
		taken += c != NULL;
		if (c != NULL && i == n)
			same_again(c, name);
		conf_free(c);
		if (i < n)
			advance(&at, all + i);
	}
	is_int(wrong, 0, "%s: a cut within a statement is an error", name);
	ok(taken > 5, "%s: %zu cuts are whole", name, taken);
	free(all);
}

/* ---- what was printed ---- */

static struct conf *
read_back(const char *s, size_t n)
{
	FILE *f = tmpfile();
	struct conf *c;

	(void)fwrite(s, 1, n, f);
	(void)fflush(f);
	c = conf_read_printed(fileno(f), err, sizeof(err));
	(void)fclose(f);
	return c;
}

static void
test_printed(void)
{
	static const char s[] =
	    "at \"built in\"\npermit stat\nuser ops\npermit user ops stat\n"
	    "permit group g stat\nowner 7\n";
	struct conf *c = read_back(s, strlen(s));
	char origin[64], *big;

	is_str(err, "", "a text of its own");
	is_str(rule_origin(rules_next(c->rules, NULL), origin, sizeof(origin)),
	    "built in", "its origin");
	is_int(c->owner, 7, "owner");
	is_int(STAILQ_FIRST(&c->users)->nhashes, 0, "no hash");
	ok(STAILQ_EMPTY(&c->refs), "nothing to be looked for");
	conf_free(c);
	for (size_t i = 0; i < strlen(s); i++)
		conf_free(read_back(s, i));
	ok(read_back("include \"/etc/passwd\"\n", 22) == NULL, "no other file");
	is_str(err, "configuration:1: /etc/passwd: No such file or directory",
	    "is opened");
	big = calloc(1, LEX_FILE_MAX + 100);
	memset(big, '\n', LEX_FILE_MAX + 100);
	c = read_back(big, LEX_FILE_MAX);
	is_str(err, "", "1M is read");
	conf_free(c);
	ok(read_back(big, LEX_FILE_MAX + 100) == NULL, "not more: %s", err);
	free(big);
	ok(conf_read_printed(-1, err, sizeof(err)) == NULL, "no file: %s", err);
	ok(conf_read("nix", open_memory, NULL, err, sizeof(err)) == NULL,
	    "a file that is not there");
	is_str(err, "nix: No such file or directory", "is told");
}

int
main(void)
{
	test_mistakes();
	test_good();
	test_fields();
	test_bad();
	test_many("listen on :", "", CONF_LISTEN_MAX,
	    "vsapd.conf:65: more than 64 listeners");
	test_many("permit bind ", "", CONF_RULES_MAX,
	    "vsapd.conf:4097: more than 4096 rules");
	test_many("user u", " password \"" CRYPT "\"", CONF_USERS_MAX,
	    "vsapd.conf:4097: more than 4096 users: write them into a file, "
	    "and passwords file \"FILE\" here");
	test_many("group g", " a", CONF_GROUPS_MAX,
	    "vsapd.conf:257: more than 256 groups");
	test_cuts("vsapd.conf");
	test_cuts("vsapd-tls.conf");
	test_cuts("vsapd-office.conf");
	test_cuts("vsapd-balancer.conf");
	test_printed();
	return done_testing();
}
