/*
 * vsapd.conf(5): every statement and what is printed of it, every mistake
 * with its message, the examples, that no cut of them is taken for a whole,
 * and what -T answers.
 */
#include "vsapd/conf_impl.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "play_conf.h"

#define CRYPT "$y$j9T$ZCIHjACcbmznl9l5vI4i//$T2E.XxWkpgrSpxgydWT1TD.tPj1sT240"
#define SCRAM                                                                  \
	"SCRAM-SHA-256$65536:fz2WuqsoC4Dlo1G0HjgBLQ==$OMAOb1g1neRTw2mSVJippM"  \
	"xYgQMd68AmvuoeZEWNloE=:7uiofu+Y+x5o4O+VdpVx62UNQB9uN9A7iJFxxuMiFAc="
#define PRINT                                                                  \
	"SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"  \
	"cdef"

/* ---- names without the network ---- */

static const struct {
	const char *name, *ip[2];
} names[] = {
	{ "www.example.org", { "192.0.2.80", "2001:db8::80" } },
	{ "inside.example.org", { "10.1.1.1", "192.0.2.81" } },
	{ "evil.example.org", { "127.0.0.1", NULL } },
	{ "localhost", { "127.0.0.1", "::1" } },
};

struct answer {
	struct addrinfo ai;
	struct sockaddr_in6 sin6;
};

static struct addrinfo *
make_answer(const char *ip)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct sockaddr_in *sin = (struct sockaddr_in *)(void *)&a->sin6;

	a->ai.ai_addr = (struct sockaddr *)&a->sin6;
	if (inet_pton(AF_INET6, ip, &a->sin6.sin6_addr) == 1) {
		a->sin6.sin6_family = AF_INET6;
		a->ai.ai_addrlen = sizeof(a->sin6);
	} else {
		sin->sin_family = AF_INET;
		(void)inet_pton(AF_INET, ip, &sin->sin_addr);
		a->ai.ai_addrlen = sizeof(*sin);
	}
	return &a->ai;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	(void)service;
	(void)hints;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i].name, node) != 0)
			continue;
		*res = make_answer(names[i].ip[0]);
		if (names[i].ip[1] != NULL)
			(*res)->ai_next = make_answer(names[i].ip[1]);
		return 0;
	}
	return EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
	struct addrinfo *next;

	for (; list != NULL; list = next) {
		next = list->ai_next;
		free(list);
	}
}

/* ---- the opener ---- */

static const char *text; /* of vsapd.conf */
static size_t text_len;

static const struct memory_file others[] = {
	{ "sub/a", "nets = { 10.0.0.0/8, fd00::/8 }\n" },
	{ "sub/b", "tls { certificate c.pem key /k.pem }\n" },
	{ "sub/c", "permit user nobody-there stat\n" },
	{ "?user/www-data", "33" },
	{ "?user/root", "0" },
	{ "?user/odd", "no number" },
	{ "?group/staff", "50" },
	{ "?group/adm", "4" },
};

static char *
open_memory(void *arg, const char *path, size_t *len)
{
	(void)arg;
	if (strcmp(path, "vsapd.conf") == 0)
		return copy(text, text_len, len);
	return open_one_of(others, sizeof(others) / sizeof(*others), path, len);
}

static char err[2048];

static struct conf *
load_n(const char *s, size_t n)
{
	text = s;
	text_len = n;
	return conf_read("vsapd.conf", open_memory, NULL, err, sizeof(err));
}

static struct conf *
load(const char *s)
{
	return load_n(s, strlen(s));
}

static char *
print(const struct conf *c)
{
	size_t n;
	char *s = conf_print_text(c, false, &n);

	return s;
}

/* What is printed and read again prints the same. */
static void
same_again(const struct conf *c, const char *name)
{
	char *one = print(c), *two;
	int fd = conf_print(c);
	struct conf *again = conf_read_printed(fd, err, sizeof(err));

	if (again == NULL) {
		ok(0, "%s: printed: %s", name, err);
		printf("# in\n%s", one);
	} else {
		two = print(again);
		if (strcmp(one, two) != 0)
			is_str(two, one, "%s: printed again", name);
		free(two);
	}
	conf_free(again);
	free(one);
	close(fd);
}

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

/* Continued lines as one. */
static char *
joined(char *s)
{
	char *from = s, *to = s;

	while (*from != '\0')
		if (strncmp(from, "\\\n\t", 3) == 0)
			from += 3;
		else
			*to++ = *from++;
	*to = '\0';
	return s;
}

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

/* ---- the check on the system ---- */

static const struct {
	const char *text, *want;
} unknown[] = {
	{ "permit user nix stat\n",
	    "vsapd.conf:1: user \"nix\": there is no such user" },
	{ "include sub/c\n",
	    "sub/c:1: user \"nobody-there\": there is no such user" },
	{ "\npermit group staff stat\n",
	    "vsapd.conf:2: group \"staff\": there is no such group; a group of "
	    "the system is gid" },
	{ "group a { b }\n",
	    "vsapd.conf:1: user \"b\": there is no such user" },
	{ "user a password \"$1$x\"\n", NULL },
	{ "user a password \"SCRAM-SHA-256$1:x\"\n", NULL },
	{ "passwords file /nix/x\n", "/nix/x: No such file or directory" },
	{ "tls { certificate /nix/c key /nix/k }\n", NULL },
	{ "upstream tls:gw:1 { ca /nix/ca }\n", NULL },
	{ "root /nix/names\n", "root /nix/names: No such file or directory" },
	{ "root /etc/passwd\n", "root /etc/passwd: not a directory" },
	{ "log file /nix/log\n",
	    "log file in /nix: No such file or directory" },
	{ "run as nobody-such\n",
	    "run as nobody-such: the system has no such user" },
};

static void
test_check(void)
{
	struct conf *c;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		c = load(unknown[i].text);
		is_int(conf_check(c, err, sizeof(err)), -1, "unknown %zu: %s",
		    i, err);
		if (unknown[i].want != NULL)
			is_str(err, unknown[i].want, "unknown %zu", i);
		conf_free(c);
	}
	c = load("group g a\nuser a password \"" SCRAM "\"\n"
		 "permit { bind, connect } any user a group g from *\n");
	is_int(conf_check(c, err, sizeof(err)), 0,
	    "what is used before it is "
	    "there: %s",
	    err);
	conf_free(c);
}

static void
write_file(const char *path, const char *s, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ok(fd != -1 && write(fd, s, strlen(s)) == (ssize_t)strlen(s) &&
		fchmod(fd, mode) == 0,
	    "%s is there", path);
	close(fd);
}

static int
check_file(const char *path)
{
	struct conf *c =
	    conf_read(path, conf_open_file, NULL, err, sizeof(err));
	int r = c == NULL ? -1 : conf_check(c, err, sizeof(err));

	conf_free(c);
	return r;
}

static void
test_rights(void)
{
	char dir[] = "/tmp/t_vsapdconf.XXXXXX", conf[64], part[64], want[300];

	ok(mkdtemp(dir) != NULL, "a folder");
	(void)snprintf(conf, sizeof(conf), "%s/vsapd.conf", dir);
	(void)snprintf(part, sizeof(part), "%s/users", dir);
	write_file(conf, "include \"users\"\npermit user a stat\n", 0644);
	write_file(part, "user a password \"" SCRAM "\"\n", 0644);
	(void)snprintf(want, sizeof(want),
	    "%s: it has passwords, and others may read it: chmod o= %s", part,
	    part);
	is_int(check_file(conf), -1, "passwords that others may read");
	is_str(err, want, "are refused");
	(void)chmod(part, 0640);
	is_int(check_file(conf), 0, "without them others may: %s", err);
	(void)chmod(conf, 0602);
	is_int(check_file(conf), -1, "a file that everybody may write");
	ok(strstr(err, "everybody may write") != NULL, "%s", err);
	/* a password file's users are users */
	write_file(conf, "passwords file \"users\"\npermit user b stat\n",
	    0600);
	write_file(part, "b:" SCRAM "\n", 0600);
	is_int(check_file(conf), 0, "users of a password file: %s", err);
	write_file(part, "c:" SCRAM "\n", 0600);
	is_int(check_file(conf), -1, "and nobody else");
	ok(strstr(err, "conf:2: user \"b\": there is no such") != NULL, "%s",
	    err);
	(void)unlink(conf);
	(void)unlink(part);
	(void)rmdir(dir);
}

/* ---- the end ---- */

static const struct {
	const char *text, *want;
} ends[] = {
	{ "listen on :1\n",
	    "vsapd.conf:1: listen on *:1 can be reached from other machines, "
	    "but nothing is permitted to them: add a rule for what they may "
	    "do, as \"permit from 10.0.0.0/8 bind 8080-8081\"; or listen on "
	    "127.0.0.1" },
	{ "permit from local stat\n\nlisten on 192.0.2.1:1\n",
	    "vsapd.conf:3: listen on 192.0.2.1:1 can be reached from other "
	    "machines, but nothing is permitted to them: add a rule for what "
	    "they may do, as \"permit from 10.0.0.0/8 bind 8080-8081\"; or "
	    "listen on 127.0.0.1" },
	{ "deny stat\nlisten on :1\n", NULL },
	{ "permit stat\nlisten on :1\n", "" },
	{ "permit uid 0 stat\nlisten on 127.0.0.1:1\nlisten on /x\n", "" },
	{ "listen on :1 metrics\n", "" },
	{ "upstream localhost:1\npermit stat\nlisten on :1\n",
	    "vsapd.conf:3: listen on *:1 is named by upstream, too: a gateway "
	    "is not its own upstream" },
	{ "upstream /x\nlisten on /x\n", NULL },
	{ "upstream 192.0.2.1:1\nlisten on 192.0.2.1:1\npermit stat\n", NULL },
	{ "upstream localhost:8706\n",
	    "127.0.0.1:8706 is named by upstream, too: a gateway is not its "
	    "own upstream" },
	{ "upstream 192.0.2.1:1\npermit stat\nlisten on :1\n", "" },
	{ "", "" },
};

static void
test_finish(void)
{
	struct conf *c;
	int r;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		c = load(ends[i].text);
		(void)strlcpy(c->rundir, "/run/v", sizeof(c->rundir));
		r = conf_finish(c, err, sizeof(err));
		is_int(r,
		    ends[i].want == NULL || ends[i].want[0] != '\0' ? -1 : 0,
		    "end %zu", i);
		if (r == -1 && ends[i].want != NULL)
			is_str(err, ends[i].want, "end %zu", i);
		if (r == 0)
			same_again(c, "finished");
		conf_free(c);
	}
}

static void
test_default(void)
{
	struct conf *c = load("permit stat\n");

	(void)strlcpy(c->rundir, "/run/v", sizeof(c->rundir));
	is_int(conf_finish(c, err, sizeof(err)), 0, "finished");
	ok(c->default_listen && c->nlisten == 2, "two listeners");
	is_str(conf_listen_at(c, 0)->addr.text, "127.0.0.1", "loopback");
	is_str(conf_listen_at(c, 1)->addr.text, "/run/v/vsapd.sock", "a path");
	ok(c->workers > 0 && c->tls_workers > 0, "workers");
	conf_free(c);
	c = load("permit stat\n");
	is_int(conf_finish(c, err, sizeof(err)), 0, "without a run directory");
	is_int(c->nlisten, 1, "one listener");
	conf_free(c);
}

/* What the options make is a text of the grammar, too. */
static const struct {
	unsigned verbs;
	const char *text;
} options[] = {
	{ RULE_BIND, "8080-8081" },
	{ RULE_BIND, "*:80,443" },
	{ RULE_BIND, "[::1]:80" },
	{ RULE_BIND, "name:a*" },
	{ RULE_CONNECT | RULE_FORWARD, "*.example.org:22" },
	{ RULE_CONNECT | RULE_FORWARD, "10.0.0.0/8:*" },
	{ RULE_CONNECT | RULE_FORWARD, "/tmp/a{b" },
	{ RULE_CONNECT | RULE_FORWARD, "name:\"x" },
	{ RULE_CONNECT | RULE_FORWARD, "any" },
};

static void
test_options(void)
{
	struct conf *c = conf_new();
	char *all;

	is_int(conf_finish(c, err, sizeof(err)), 0, "no option: %s", err);
	same_again(c, "no option");
	conf_free(c);
	c = conf_new();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		is_int(rules_add_option(c->rules, options[i].verbs,
			   options[i].text, err, sizeof(err)),
		    0, "%s", options[i].text);
	c->passwd = strdup("/a\nb");
	is_int(conf_finish(c, err, sizeof(err)), 0, "options: %s", err);
	same_again(c, "options");
	all = joined(print(c));
	ok(strstr(all, "at -b\npermit bind 8080-8081\n") != NULL, "-b");
	ok(strstr(all, "at \"built in\"\npermit ") != NULL, "built in");
	ok(strstr(all, "passwords file \"/a?b\"\n") != NULL, "%s",
	    "what no file can have");
	free(all);
	conf_free(c);
}

/* ---- queries ---- */

static const char asked[] =
    "nets = { 10.0.0.0/8, 192.0.2.0/24 }\n"
    "admit from { $nets, 127.0.0.0/8 }\n"
    "listen on 127.0.0.1:8706\nlisten on :8707\n"
    "tls { certificate a key b client ca c }\n"
    "user ops password \"" CRYPT "\"\nuser root password \"" CRYPT "\"\n"
    "group admins root\n"
    "deny connect 10.9.0.0/16:*\n"
    "permit user ops from 10.0.0.0/8 bind *:8080-8090\n"
    "permit group admins all\n"
    "permit uid 1000 connect /tmp/*\n"
    "permit gid staff bind name:*\n"
    "permit certificate \"*.ops\" over tls connect www.example.org:80\n"
    "permit from 192.0.2.0/24 connect *.example.org:80\n"
    "permit from local connect { *:*, localhost:22, 127.0.0.1:8706 }\n"
    "permit fingerprint " PRINT " stat\n";

#define L(n) "by vsapd.conf:" #n ": "
#define R10 L(10) "permit user ops from 10.0.0.0/8 bind *:8080-8090"
#define R11 L(11) "permit group admins all"
#define R14 L(14) "permit certificate *.ops over tls connect www.example.org:80"
#define R15 L(15) "permit from 192.0.2.0/24 connect *.example.org:80"
#define R16                                                                    \
	L(16)                                                                  \
	"permit from local connect { *:*, localhost:22, 127.0.0.1:8706 "       \
	"}"
#define NO "denied: no rule matches"

static const struct {
	const char *query;
	int r;
	const char *want;
} queries[] = {
	{ "user ops from 10.1.2.3 bind :8080", 0, "permitted " R10 },
	{ "bind :8080 from 10.1.2.3 user ops", 0, "permitted " R10 },
	{ "user ops from 10.1.2.3 bind :0", 0,
	    "permitted " R10 " (a port of 8080 to 8090)" },
	{ "user ops from 10.1.2.3 bind :8079", 1, NO },
	{ "user ops from 192.0.2.1 bind :8080", 1, NO },
	{ "user ops from local bind :8080", 1, NO },
	{ "from 10.1.2.3 bind :8080", 1, NO },
	{ "user root from 10.1.2.3 bind :22", 0, "permitted " R11 },
	{ "user root from local stat", 0, "permitted " R11 },
	{ "user ops from local stat", 1, NO },
	{ "user root connect 127.0.0.1:8706", 0,
	    "permitted " R11 " (a listener of the gateway)" },
	{ "user root connect 10.9.1.1:1", 1,
	    "denied " L(9) "deny connect 10.9.0.0/16:*" },
	{ "user root forward 10.9.1.1:1", 0, "permitted " R11 },
	{ "uid 1000 connect /tmp/x", 0,
	    "permitted " L(12) "permit uid 1000 connect /tmp/*" },
	{ "uid 1001 connect /tmp/x", 1, NO },
	{ "uid 4294967294 gid staff bind name:x", 0,
	    "permitted " L(13) "permit gid 50 bind name:*" },
	{ "gid 51 bind name:x", 1, NO },
	{ "certificate \"a.ops\" over tls connect www.example.org:80", 0,
	    "192.0.2.80: permitted " R14 "\n2001:db8::80: permitted " R14 },
	{ "certificate \"a.dev\" over tls connect www.example.org:80", 1,
	    "192.0.2.80: " NO "\n2001:db8::80: " NO },
	{ "from 192.0.2.1 connect www.example.org:80", 0,
	    "192.0.2.80: permitted " R15 "\n2001:db8::80: permitted " R15 },
	{ "from 192.0.2.1 connect inside.example.org:80", 0,
	    "10.1.1.1: permitted " R15 "\n192.0.2.81: permitted " R15 },
	{ "from 192.0.2.1 connect evil.example.org:80", 1, "127.0.0.1: " NO },
	{ "from 192.0.2.1 connect nix.example.org:80", 0,
	    "permitted " R15
	    " (its addresses are not known: Name or service not known)" },
	{ "from 192.0.2.1 connect www.example.org:81", 1,
	    "192.0.2.80: " NO "\n2001:db8::80: " NO },
	{ "from local connect localhost:22", 0,
	    "127.0.0.1: permitted " R16 "\n::1: permitted " R16 },
	{ "from 127.0.0.1 connect 127.0.0.1:23", 1, NO },
	{ "from local connect 127.0.0.1:8706", 0,
	    "permitted " R16 " (a listener of the gateway)" },
	{ "from local connect 127.0.0.1:8707", 1,
	    NO " (a listener of the gateway)" },
	{ "from local connect 198.51.100.1:1", 0, "permitted " R16 },
	{ "from 198.51.100.1 stat", 1,
	    "denied: this address is not admitted (admit from, -a)" },
	{ "fingerprint " PRINT " over tls stat", 0,
	    "permitted " L(17) "permit fingerprint " PRINT " stat" },
	/* no queries */
	{ "", -1,
	    "query: found the end of the line, expected bind, certificate, "
	    "connect, fingerprint, forward, from, gid, over, stat, uid or "
	    "user" },
	{ "user ops", -1, "query: expected bind, connect, forward or stat" },
	{ "user nix stat", -1, "query: user \"nix\": there is no such user" },
	{ "stat bind :1", -1, "query: bind: one question at a time" },
	{ "bind", -1, "query: found the end of the line, expected a text" },
	{ "from 10.0.0.0/8 stat", -1,
	    "query: from 10.0.0.0/8: expected one address, as 10.1.2.3, or "
	    "local" },
	{ "from 10.0.0.1 uid 5 stat", -1,
	    "query: uid is known of local peers alone: no from" },
	{ "gid 5 from 10.0.0.1 stat", -1,
	    "query: gid is known of local peers alone: no from" },
	{ "certificate x stat", -1,
	    "query: a certificate comes over tls: write over tls, too" },
	{ "user ops user ops stat", -1,
	    "query: user is set already in query:1" },
	{ "stat\nstat", -1, NULL },
	{ "uid nix stat", -1,
	    "query: user \"nix\": the system has no such user" },
	{ "permit stat", -1, NULL },
};

static void
ask(const struct conf *c, const char *query, int want, const char *line)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);
	int r = conf_explain(c, query, f, err, sizeof(err));

	(void)fclose(f);
	is_int(r, want, "%.*s", (int)strcspn(query, "\n"), query);
	if (n > 0)
		out[n - 1] = '\0'; /* the last line's end */
	if (line != NULL)
		is_str(r == -1 ? err : out, line, "and the answer");
	free(out);
}

static void
test_queries(void)
{
	struct conf *c = load(asked);

	is_str(err, "", "rules to ask about");
	if (c == NULL)
		return;
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		ask(c, queries[i].query, queries[i].r, queries[i].want);
	c->auth_required = true;
	ask(c, "from local connect 198.51.100.1:1", 1,
	    "denied: nobody may do anything without a user name "
	    "(authentication required, -A)");
	c->auth_required = false;
	c->has_upstream = true;
	ask(c, "from 192.0.2.1 connect www.example.org:80", 0,
	    "permitted " R15 " (the upstream looks at its addresses)");
	conf_free(c);
	c = conf_new();
	(void)rules_add_option(c->rules, RULE_BIND, "80", err, sizeof(err));
	(void)conf_finish(c, err, sizeof(err));
	ask(c, "from 10.0.0.1 bind :80", 0, "permitted by -b: permit bind 80");
	ask(c, "from local stat", 0,
	    "permitted built in: permit from local stat");
	ask(c, "from 10.0.0.1 stat", 1, NO);
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
	struct cut at = { OUTSIDE, 0, false };
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
	test_check();
	test_rights();
	test_finish();
	test_default();
	test_options();
	test_queries();
	test_cuts("vsapd.conf");
	test_cuts("vsapd-tls.conf");
	test_cuts("vsapd-office.conf");
	test_cuts("vsapd-balancer.conf");
	test_printed();
	return done_testing();
}
