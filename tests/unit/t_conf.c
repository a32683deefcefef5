/*
 * ircd-lite.conf(5): every statement, every mistake with its message, the
 * example, and that no cut of it is taken for a whole.
 */
#include "ircd-lite/conf.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "crypthash.h"
#include "play_conf.h"

#define HASH "$y$j9T$vEMBysAr75DD1E"

/*
 * In place of the real one, which computes a hash: the example is read some
 * thousand times.
 */
bool
crypthash_usable(const char *hash)
{
	return strncmp(hash, "$y$j9T$", 7) == 0 && strlen(hash) > 20;
}

/* ---- the opener ---- */

static const char *text; /* of irc.conf */
static size_t text_len;
static const char *host = "irc.example.net";

static const struct memory_file others[] = {
	{ "motd", "one\ntwo\n" },
	{ "sub/a", "motd_file = \"motd\"\n" },
	{ "opers", "operator x { may all }\n" },
	{ "?user/www-data", "33" },
	{ "?user/odd", "no number" },
};

static char *
open_memory(void *arg, const char *path, size_t *len)
{
	(void)arg;
	if (strcmp(path, "irc.conf") == 0)
		return copy(text, text_len, len);
	if (strcmp(path, CONF_ASK_HOST) == 0 && host != NULL)
		return copy(host, strlen(host), len);
	if (strcmp(path, "nul") == 0)
		return copy("a\0b", 3, len);
	return open_one_of(others, sizeof(others) / sizeof(*others), path, len);
}

static char err[1024];

static struct conf *
load_n(const char *s, size_t n)
{
	text = s;
	text_len = n;
	return conf_load("irc.conf", open_memory, NULL, err, sizeof(err));
}

static struct conf *
load(const char *s)
{
	return load_n(s, strlen(s));
}

/* ---- a configuration as text ---- */

static char dump_text[8192];

static void __attribute__((__format__(printf, 1, 2))) put(const char *fmt, ...)
{
	size_t n = strlen(dump_text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(dump_text + n, sizeof(dump_text) - n, fmt, ap);
	va_end(ap);
}

static const char *
or_none(const char *s)
{
	return s == NULL ? "-" : s;
}

static void
dump_froms(const struct conf_froms *list)
{
	const struct conf_from *f;
	char one[300];

	STAILQ_FOREACH(f, list, entry) {
		is_int(conf_from_text(f, one, sizeof(one)), 0, "from as text");
		put(" %s", one);
	}
}

static void
dump_lists(const struct conf *c)
{
	const struct conf_listen *l;
	const struct conf_rule *r;
	const struct conf_hours *h;
	char addr[ADDR_STRLEN];

	STAILQ_FOREACH(l, &c->listens, entry) {
		put("listen %s %04o %s",
		    addr_format(&l->addr, addr, sizeof(addr)),
		    (unsigned)l->mode, l->proxy ? "proxy" : "plain");
		dump_froms(&l->from);
		put("\n");
	}
	STAILQ_FOREACH(r, &c->rules, entry) {
		put("%s%s", r->allow ? "allow" : "deny",
		    r->restricted ? " restricted" : "");
		dump_froms(&r->from);
		STAILQ_FOREACH(h, &r->hours, entry)
			put(" %02x:%u-%u", h->days, h->from, h->to);
		put(" hash=%s class=%s reason=%s\n", or_none(r->hash),
		    or_none(r->class), or_none(r->reason));
	}
}

static void
dump_blocks(const struct conf *c)
{
	const struct conf_class *class;
	const struct conf_oper *o;
	const struct conf_kline *k;
	const struct conf_webirc *w;

	STAILQ_FOREACH(class, &c->classes, entry)
		put("class %s %u %zu %zu %u %u %u %u %u\n", class->name,
		    class->ping, class->sendq, class->recvq, class->connections,
		    class->per_host, class->channels, class->penalty,
		    class->window);
	STAILQ_FOREACH(o, &c->opers, entry) {
		put("oper %s %02x %s %s", o->name, o->may, or_none(o->class),
		    o->hash);
		dump_froms(&o->from);
		put("\n");
	}
	STAILQ_FOREACH(k, &c->klines, entry)
		put("kline %s %s\n", k->mask, k->reason);
	STAILQ_FOREACH(w, &c->webircs, entry) {
		put("webirc %s %s", w->name, w->hash);
		dump_froms(&w->from);
		put("\n");
	}
}

static const char *
dump(const struct conf *c)
{
	dump_text[0] = '\0';
	put("server %s %s %s %s\n", c->name, c->network,
	    c->ascii ? "ascii" : "rfc1459", c->description);
	put("admin %s/%s/%s\n", or_none(c->admin[0]), or_none(c->admin[1]),
	    or_none(c->admin[2]));
	put("motd %s %zu\n", or_none(c->motd_path),
	    c->motd == NULL ? 0 : strlen(c->motd));
	put("dns %d %u %s\nident %d %u\n", c->dns, c->dns_timeout,
	    or_none(c->dns_servers), c->ident, c->ident_timeout);
	put("limits %u %u %u %u\n", c->register_time, c->connections, c->whowas,
	    c->whowas_age);
	put("klines %s\nlog %d %s\nuser %s\nuids", or_none(c->kline_path),
	    (int)c->log, or_none(c->log_path), or_none(c->user));
	for (size_t i = 0; i < c->handover.n; i++)
		put(" %u", (unsigned)c->handover.uid[i]);
	put("\n");
	dump_blocks(c);
	dump_lists(c);
	return dump_text;
}

/* ---- every statement ---- */

/* Each line of want is a line of the dump. */
static const struct {
	const char *text, *want;
} good[] = {
	{ "\n", "server irc.example.net IRC rfc1459 IRC server\nadmin -/-/-\n"
		"motd - 0\ndns 1 5 -\nident 1 5\nlimits 30 16384 4096 86400\n"
		"klines -\nlog 0 -\nuser -\nuids\n"
		"class default 120 1048576 8192 0 16 10 2000 10000\n" },
	{ "server a.b { }\n", "server a.b IRC rfc1459 IRC server\n" },
	{ "server \"a-1.B\" {\n\n description \"d e\" ; network N\n"
	  " casemapping ascii\n\n}\n",
	    "server a-1.B N ascii d e\n" },
	{ "server a.b { casemapping rfc1459; description 7 }\n",
	    "server a.b IRC rfc1459 7\n" },
	{ "server a.b { admin { location \"l m\"; organisation o; mail m } "
	  "}\n",
	    "admin l m/o/m\n" },
	{ "server a.b {\n admin {\n  mail m\n }\n}\n", "admin -/-/m\n" },
	{ "server a.b { admin { } }\n", "admin -/-/-\n" },
	{ "server a.b { motd \"motd\" }\n", "motd motd 8\n" },
	{ "include \"sub/a\"\nserver a.b { motd $motd_file }\n",
	    "motd motd 8\n" },
	{ "listen on 0.0.0.0 port 6667\n", "listen 0.0.0.0:6667 0666 plain\n" },
	{ "listen on :: port 6667\n", "listen [::]:6667 0666 plain\n" },
	{ "listen on ::1 port 0\n", "listen [::1]:0 0666 plain\n" },
	{ "listen on [::1] port 1\n", "listen [::1]:1 0666 plain\n" },
	{ "listen on [::1]:2\n", "listen [::1]:2 0666 plain\n" },
	{ "listen on *:3\n", "listen *:3 0666 plain\n" },
	{ "listen on * port 3\n", "listen *:3 0666 plain\n" },
	{ "listen on 6667\n", "listen *:6667 0666 plain\n" },
	{ "listen on localhost port 4\n", "listen 127.0.0.1:4 0666 plain\n" },
	{ "listen on \"127.0.0.1:5\"\n", "listen 127.0.0.1:5 0666 plain\n" },
	{ "listen on /run/a mode 0660\n", "listen /run/a 0660 plain\n" },
	{ "listen on \"/run/a b\" mode 600\n", "listen /run/a b 0600 plain\n" },
	{ "listen on /run/a proxy\n", "listen /run/a 0666 proxy\n" },
	{ "listen on ::1 port 1 proxy from 10.0.0.0/8\n",
	    "listen [::1]:1 0666 proxy *@10.0.0.0/8\n" },
	{ "listen on ::1 proxy from { ::1, 127.0.0.1\n10.1.2.3/8 } port 1\n",
	    "listen [::1]:1 0666 proxy *@::1 *@127.0.0.1 *@10.0.0.0/8\n" },
	{ "listen on ::1 port 0\nlisten on ::1 port 0\n",
	    "listen [::1]:0 0666 plain\n" },
	{ "class a { }\n", "class a 120 1048576 8192 0 16 10 2000 10000\n" },
	{ "class a { ping 2 minutes; sendq 64K; recvq 512; connections 3; "
	  "per host 4; channels 5; flood 6 seconds window 1 minute }\n",
	    "class a 120 65536 512 3 4 5 6000 60000\n" },
	{ "class a {\nping 1 day\nsendq 256M\nrecvq 1M\nconnections "
	  "unlimited\nper host unlimited\nflood none\n}\n",
	    "class a 86400 268435456 1048576 0 0 10 0 10000\n" },
	{ "class a { flood 1 ms window 0 seconds;; }\n",
	    "class a 120 1048576 8192 0 16 10 1 0\n" },
	{ "class a { ping 1 hour }\nclass b { ping 1 second }\n",
	    "class a 3600 1048576 8192 0 16 10 2000 10000\n"
	    "class b 1 1048576 8192 0 16 10 2000 10000\n" },
	{ "allow\n", "allow hash=- class=- reason=-\n" },
	{ "allow from any\n", "allow *@* hash=- class=- reason=-\n" },
	{ "allow from \"*.example.org\" class users\nclass users { }\n",
	    "allow *@*.example.org hash=- class=users reason=-\n" },
	{ "allow from .example.org\n",
	    "allow *@*.example.org hash=- class=- reason=-\n" },
	{ "allow from ~a?@.example.org restricted\n",
	    "allow restricted ~a?@*.example.org hash=- class=- reason=-\n" },
	{ "allow from { 10.0.0.0/8, \"*@*.lan\" } password \"" HASH "\" hours "
	  "mon-fri 08:00-18:00, sat 10:00-12:00\n",
	    "allow *@10.0.0.0/8 *@*.lan 3e:480-1080 40:600-720 hash=" HASH
	    " class=- reason=-\n" },
	{ "allow hours sat-mon, 22:00-02:00,\nWednesday 00:00-24:00\n",
	    "allow 43:0-1440 7f:1320-120 08:0-1440 hash=- class=- "
	    "reason=-\n" },
	{ "lan = { 10.0.0.0/8, fd00::/8 }\nallow from { $lan, x@::1 }\n",
	    "allow *@10.0.0.0/8 *@fd00::/8 x@::1 hash=- class=- reason=-\n" },
	{ "allow from /run/irc.sock\n",
	    "allow *@/run/irc.sock hash=- class=- reason=-\n" },
	{ "allow from 10.0.0.*\n",
	    "allow *@10.0.0.* hash=- class=- reason=-\n" },
	{ "deny from \"*.bad.example\" reason \"go away\"\n",
	    "deny *@*.bad.example hash=- class=- reason=go away\n" },
	{ "deny hours 00:00-06:00\n",
	    "deny 7f:0-360 hash=- class=- reason=-\n" },
	{ "deny;allow\n", "deny hash=- class=- reason=-\n"
			  "allow hash=- class=- reason=-\n" },
	{ "kline \"*@192.0.2.0/24\" reason \"a b\"\n",
	    "kline *@192.0.2.0/24 a b\n" },
	{ "kline 192.0.2.7/24\n", "kline *@192.0.2.0/24 No reason given\n" },
	{ "kline a@b\nkline 2001:db8::/32 reason x\n",
	    "kline a@b No reason given\nkline *@2001:db8::/32 x\n" },
	{ "operator root { password \"" HASH "\"; from *@127.0.0.1; may { "
	  "kill, kline, rehash }; class o }\nclass o { }\n",
	    "oper root 07 o " HASH " *@127.0.0.1\n" },
	{ "operator a { password \"" HASH "\"\n may all }\n",
	    "oper a ff - " HASH "\n" },
	{ "operator a { password \"" HASH "\"\n may none }\n",
	    "oper a 00 - " HASH "\n" },
	{ "operator a { password \"" HASH "\"\n may kline }\n",
	    "oper a 02 - " HASH "\n" },
	{ "m = { die, wallops }\noperator a { password \"" HASH "\"\n"
	  "may { $m\nnotice\nspy, connect } }\n",
	    "oper a f8 - " HASH "\n" },
	{ "webirc kiwi { password \"" HASH "\"; from 127.0.0.1 }\n",
	    "webirc kiwi " HASH " *@127.0.0.1\n" },
	{ "handover from uid 7\n", "uids 7\n" },
	{ "handover from { uid 1000, user \"www-data\" }\n", "uids 1000 33\n" },
	{ "handover from user www-data\nhandover from uid 1\n", "uids 33 1\n" },
	{ "dns off\nident off\n", "dns 0 5 -\nident 0 5\n" },
	{ "dns on\nident on\n", "dns 1 5 -\nident 1 5\n" },
	{ "dns { timeout 2 seconds }\nident { timeout 1 minute }\n",
	    "dns 1 2 -\nident 1 60\n" },
	{ "dns { }\nident {\n}\n", "dns 1 5 -\nident 1 5\n" },
	{ "dns { server { 127.0.0.1:5353, ::1\n [::1]:54, [::2] } }\n",
	    "dns 1 5 127.0.0.1:5353,[::1]:53,[::1]:54,[::2]:53\n" },
	{ "dns { server 192.0.2.1; timeout 3 seconds }\n",
	    "dns 1 3 192.0.2.1:53\n" },
	{ "registration 10 minutes; connections 7\n",
	    "limits 600 7 4096 86400\n" },
	{ "whowas 1 entries\n", "limits 30 16384 1 86400\n" },
	{ "whowas 10 entries 2 hours\n", "limits 30 16384 10 7200\n" },
	{ "klines file \"/var/k\"\n", "klines /var/k\n" },
	{ "log stderr\n", "log 0 -\n" },
	{ "log syslog\n", "log 1 -\n" },
	{ "log file \"/var/log/x\"\n", "log 2 /var/log/x\n" },
	{ "user \"ircd\"\n", "user ircd\n" },
	{ "user = ircd\nuser $user\n", "user ircd\n" },
};

static void
test_good(void)
{
	struct conf *c;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		c = load(good[i].text);
		is_str(err, "", "good %zu has no error", i);
		if (c != NULL)
			has_lines(dump(c), good[i].want, i);
		conf_free(c);
	}
}

/* ---- every mistake ---- */

#define NOT_A_HASH                                                             \
	"password: not a hash that crypt(3) knows and advises; make one by "   \
	"ircd-lite -H"
#define CUT                                                                    \
	"the last line does not end: is the file cut off? If not, end it "     \
	"with a newline"

/* Messages without "irc.conf:". */
static const struct {
	const char *text, *want;
} bad[] = {
	/* syntax */
	{ "sevrer a.b { }\n", "1: found sevrer, expected a statement" },
	{ "\n\"listen\" on *:1\n",
	    "2: found \"listen\", expected a statement" },
	{ "7\n", "1: found 7, expected a statement" },
	{ "{\n}\n", "1: found {, expected a statement" },
	{ "a, b\n", "1: found a, expected a statement" },
	{ "listen *:1\n", "1: found *:1, expected on" },
	{ "listen on\n", "1: found the end of the line, expected a text" },
	{ "listen on *:1 prot\n",
	    "1: found prot, expected the end of the line, mode, port or "
	    "proxy" },
	{ "listen on ::1 port x\n", "1: found x, expected a number" },
	{ "listen on ::1 port 1 listen on ::1 port 2\n",
	    "1: found listen, expected the end of the line, mode, port or "
	    "proxy" },
	{ "class connections { }\n",
	    "1: found connections, expected a text; as a text this word "
	    "stands in quotes" },
	{ "class a\n{ }\n", "1: found the end of the line, expected {" },
	{ "class a {\n nick 1\n}\n",
	    "2: found nick, expected the end of the line, }, channels, "
	    "connections, flood, per, ping, recvq or sendq" },
	{ "class a { ping 1 day sendq 1M }\n",
	    "1: found sendq, expected the end of the line or }" },
	{ "class a { ping 5 }\n",
	    "1: found }, expected days, hours, milliseconds, minutes or "
	    "seconds" },
	{ "class a { ping five seconds }\n",
	    "1: found five, expected a number" },
	{ "class a { sendq much }\n",
	    "1: found much, expected a number or a size (64K, 1M)" },
	{ "class a { connections many }\n",
	    "1: found many, expected a number or unlimited" },
	{ "class a { flood }\n", "1: found }, expected a number or none" },
	{ "class a { per 1 }\n", "1: found 1, expected host" },
	{ "server a.b { listen on *:1 }\n",
	    "1: found listen, expected the end of the line, }, admin, "
	    "casemapping, description, motd or network" },
	{ "server a.b { admin \"x\" }\n", "1: found \"x\", expected {" },
	{ "server a.b { admin { name x } }\n",
	    "1: found name, expected the end of the line, }, location, mail "
	    "or organisation" },
	{ "allow from\n",
	    "1: found the end of the line, expected a text or {" },
	{ "allow from { a b }\n",
	    "1: found b, expected the end of the line, } or ," },
	{ "allow from { }\n",
	    "1: found }, expected a text, the end of the line or {" },
	{ "allow from a, b\n",
	    "1: found ,, expected the end of the line, class, from, hours, "
	    "password, reason or restricted" },
	{ "kline\n", "1: found the end of the line, expected a text" },
	{ "kline a because b\n",
	    "1: found because, expected the end of the line or reason" },
	{ "operator a { hash x }\n",
	    "1: found hash, expected the end of the line, }, class, from, "
	    "may or password" },
	{ "webirc a { may all }\n",
	    "1: found may, expected the end of the line, }, from or "
	    "password" },
	{ "handover from 7\n", "1: found 7, expected {, uid or user" },
	{ "handover from uid root\n", "1: found root, expected a number" },
	{ "dns maybe\n", "1: found maybe, expected {, off or on" },
	{ "dns { wait 1 second }\n",
	    "1: found wait, expected the end of the line, }, server or "
	    "timeout" },
	{ "ident { server ::1 }\n",
	    "1: found server, expected the end of the line, } or timeout" },
	{ "registration 5\n",
	    "1: found the end of the line, expected days, hours, "
	    "milliseconds, minutes or seconds" },
	{ "connections unlimited\n", "1: found unlimited, expected a number" },
	{ "whowas 5 days\n", "1: found days, expected entries" },
	{ "klines /x\n", "1: found /x, expected file" },
	{ "log /x\n", "1: found /x, expected file, stderr or syslog" },
	{ "user\n", "1: found the end of the line, expected a text" },
	{ "user = \"a\" b\nuser $user\n",
	    "2: found b, expected the end of the line" },
	/* the lexer's */
	{ "server a.b {\n", "2: the file ends inside of the block that begins "
			    "in line 1" },
	{ "listen on *:1", "1: " CUT },
	{ "allow $lan\n", "1: $lan: there is no such macro above; a text "
			  "with $ in it stands in quotes" },
	{ "allow password " HASH "\n",
	    "1: $y$j9T$vEMBy: not the name of a macro; a text with $ in it "
	    "stands in quotes" },
	{ "\ninclude \"nix\"\n", "2: nix: No such file or directory" },
	/* server */
	{ "server irc { }\n",
	    "1: server \"irc\": not a server's name: letters, digits and "
	    "'-', a dot in it, at most 63 bytes" },
	{ "server a.-b { }\n",
	    "1: server \"a.-b\": not a server's name: letters, digits and "
	    "'-', a dot in it, at most 63 bytes" },
	{ "server a.b_c { }\n",
	    "1: server \"a.b_c\": not a server's name: letters, digits and "
	    "'-', a dot in it, at most 63 bytes" },
	{ "server a.b { }\n\nserver c.d { }\n",
	    "3: server is set already in irc.conf:1" },
	{ "server a.b {\n network \"a b\"\n}\n",
	    "2: network \"a b\": one word of ASCII letters, digits, '-', '.' "
	    "and the like" },
	{ "server a.b {\n network aaaaaaaaaabbbbbbbbbbccccccccccddd\n}\n",
	    "2: network \"aaaaaaaaaabbbbbbbbbb...\": longer than 32 bytes" },
	{ "server a.b { description \"\" }\n",
	    "1: description \"\": it is empty" },
	{ "server a.b { description a\n description b\n}\n",
	    "2: description is set already in irc.conf:1" },
	{ "server a.b { casemapping utf8 }\n",
	    "1: casemapping utf8: either rfc1459 or ascii" },
	{ "server a.b {\n motd nix\n}\n", "2: nix: No such file or directory" },
	{ "server a.b {\n motd nul\n}\n", "2: nul: not a text" },
	{ "server a.b {\n admin { }\n admin { }\n}\n",
	    "3: admin is set already in irc.conf:2" },
	/* listen */
	{ "listen on irc.example.org port 1\n",
	    "1: listen on \"irc.example.org\": expected an address in "
	    "numbers, * or a path" },
	{ "listen on ::1\n",
	    "1: listen on ::1: an IPv6 address stands in brackets; write "
	    "[::1]:port" },
	{ "listen on 127.0.0.1\n",
	    "1: listen on 127.0.0.1: no port; write 127.0.0.1:port" },
	{ "listen on 127.0.0.1 port 65536\n",
	    "1: listen on 127.0.0.1:65536: port 65536 at column 11 is above "
	    "65535" },
	{ "listen on 300.0.0.1 port 1\n",
	    "1: listen on 300.0.0.1:1: the number at column 1 is not an IPv4 "
	    "address; write four decimal numbers, as in 127.0.0.1:80" },
	{ "listen on /a port 1\n", "1: listen on \"/a\": a path has no port" },
	{ "listen on *:1 mode 0600\n",
	    "1: listen on \"*:1\": mode is for UNIX sockets" },
	{ "listen on /a mode 0888\n",
	    "1: mode 0888: expected octal digits, 0000 to 0777" },
	{ "listen on /a mode 66\n",
	    "1: mode 66: expected octal digits, 0000 to 0777" },
	{ "listen on /a mode 4755\n",
	    "1: mode 4755: expected octal digits, 0000 to 0777" },
	{ "listen on *:1 port 2 port 3\n",
	    "1: port is set already in irc.conf:1" },
	{ "listen on *:1 proxy\n",
	    "1: listen on \"*:1\": proxy: expected from and the networks "
	    "that are trusted" },
	{ "listen on *:1 proxy from a.b\n",
	    "1: proxy from a.b: expected an address or a network, as "
	    "10.0.0.0/8" },
	{ "listen on /a proxy from ::1\n",
	    "1: listen on \"/a\": proxy: who opens the path has no network; "
	    "say who may by mode" },
	{ "listen on *:1\nlisten on * port 1\n",
	    "2: listen on \"*\": there is a listener at this address "
	    "already" },
	{ "listen on /a\nlisten on \"/a\"\n",
	    "2: listen on \"/a\": there is a listener at this address "
	    "already" },
	/* class */
	{ "class \"\" { }\n",
	    "1: class \"\": expected a name of one word, at most 64 bytes" },
	{ "class \"a b\" { }\n",
	    "1: class \"a b\": expected a name of one word, at most 64 "
	    "bytes" },
	{ "class a { }\nclass a { }\n",
	    "2: class \"a\": there is one of this name already" },
	{ "class a {\n\n sendq 1K\n}\n", "3: sendq 1K: at least 16K" },
	{ "class a { sendq 1G }\n", "1: sendq 1G: at most 256M" },
	{ "class a { recvq 511 }\n", "1: recvq 511: at least 512" },
	{ "class a { recvq 2M }\n", "1: recvq 2M: at most 1M" },
	{ "class a { ping 0 seconds }\n",
	    "1: ping 0 seconds: at least 1 second" },
	{ "class a { ping 25 hours }\n", "1: ping 25 hours: at most 1 day" },
	{ "class a { ping 1500 ms }\n",
	    "1: ping 1500 milliseconds: not whole seconds" },
	{ "class a { connections 0 }\n",
	    "1: connections 0: at least 1, or unlimited" },
	{ "class a { connections 1000001 }\n",
	    "1: connections 1000001: at most 1000000, or unlimited" },
	{ "class a { per host 0 }\n",
	    "1: per host 0: at least 1, or unlimited" },
	{ "class a { channels 0 }\n", "1: channels 0: at least 1" },
	{ "class a { channels 1001 }\n", "1: channels 1001: at most 1000" },
	{ "class a { flood 0 ms }\n",
	    "1: flood 0 seconds: at least 1 millisecond" },
	{ "class a { flood 61 seconds }\n",
	    "1: flood 61 seconds: at most 1 minute" },
	{ "class a { flood 999999999999 days }\n",
	    "1: flood 9223372036854775807 milliseconds: at most 1 minute" },
	{ "class a { flood 1 second window 11 minutes }\n",
	    "1: window 11 minutes: at most 10 minutes" },
	{ "class a {\n ping 1 day\n ping 2 days\n}\n",
	    "3: ping is set already in irc.conf:2" },
	{ "class a {\n flood none\n flood 1 second\n}\n",
	    "3: flood is set already in irc.conf:2" },
	/* allow, deny, kline */
	{ "allow class nix\n",
	    "1: class \"nix\": there is no class of this name" },
	{ "class a { }\nallow class b\nallow class a\n",
	    "2: class \"b\": there is no class of this name" },
	{ "allow password secret\n", "1: " NOT_A_HASH },
	{ "allow password \"" HASH "\" password \"" HASH "\"\n",
	    "1: password is set already in irc.conf:1" },
	{ "allow from a from b\n", "1: from is set already in irc.conf:1" },
	{ "allow from \"\"\n", "1: : expected a mask user@host or host, a "
			       "network or any" },
	{ "allow from @b\n", "1: @b: expected a mask user@host or host, a "
			     "network or any" },
	{ "allow from a@\n", "1: a@: expected a mask user@host or host, a "
			     "network or any" },
	{ "allow from \"a b\"\n", "1: a b: no blank in a mask user@host" },
	{ "allow from a!b@c\n", "1: a!b@c: no '!' in a mask user@host" },
	{ "allow from a@b@c\n", "1: a@b@c: no second '@' in a mask "
				"user@host" },
	{ "allow from :a\n", "1: :a: begins with ':'" },
	{ "allow from 10.0.0.0/33\n",
	    "1: 10.0.0.0/33: what follows '/' is 0 to 32" },
	{ "allow from {\n a\n 10.0/8\n}\n",
	    "3: 10.0/8: not an IP network; write 10.0.0.0/8, fd00::/8 or "
	    "'*'" },
	{ "allow from fd00::/129\n",
	    "1: fd00::/129: what follows '/' is 0 to 128" },
	{ "allow hours never\n",
	    "1: hours never: expected days as mon-fri, or times as "
	    "08:00-18:00" },
	{ "allow hours mon-xxx\n",
	    "1: hours mon-xxx: expected days as mon-fri, or times as "
	    "08:00-18:00" },
	{ "allow hours mon 8-10\n",
	    "1: hours 8-10: expected times as 08:00-18:00" },
	{ "allow hours mon 08:00-08:00\n",
	    "1: hours 08:00-08:00: expected times as 08:00-18:00" },
	{ "allow hours mon 24:00-08:00\n",
	    "1: hours 24:00-08:00: expected times as 08:00-18:00" },
	{ "allow hours mon 08:00-24:01\n",
	    "1: hours 08:00-24:01: expected times as 08:00-18:00" },
	{ "allow hours mon 08:60-09:00\n",
	    "1: hours 08:60-09:00: expected times as 08:00-18:00" },
	{ "allow reason x\n", "1: reason belongs to deny, not to allow" },
	{ "deny password \"" HASH "\"\n",
	    "1: password belongs to allow, not to deny" },
	{ "class a { }\ndeny class a\n",
	    "2: class belongs to allow, not to deny" },
	{ "deny restricted\n", "1: restricted belongs to allow, not to "
			       "deny" },
	{ "deny reason \"\"\n", "1: reason \"\": it is empty" },
	{ "kline \"a b\"\n", "1: kline a b: no blank in a mask user@host" },
	/* operator, webirc, handover */
	{ "operator a {\n may all\n}\n",
	    "1: operator \"a\": expected a password" },
	{ "operator a {\n password \"" HASH "\"\n}\n",
	    "1: operator \"a\": expected may all, may none or may { kill, "
	    "... }" },
	{ "operator a {\n password secret\n}\n", "2: " NOT_A_HASH },
	{ "operator a {\n may everything\n}\n",
	    "2: may everything: expected kill, kline, rehash, die, wallops, "
	    "notice, spy, connect or all" },
	{ "operator a { may all; may all }\n",
	    "1: may is set already in irc.conf:1" },
	{ "operator a { password \"" HASH "\"; may all; class nix }\n",
	    "1: class \"nix\": there is no class of this name" },
	{ "operator a { password \"" HASH "\"; may all }\noperator a { }\n",
	    "2: operator \"a\": there is one of this name already" },
	{ "include \"opers\"\n", "opers:1: operator \"x\": expected a "
				 "password" },
	{ "webirc a { from ::1 }\n", "1: webirc \"a\": expected a password" },
	{ "webirc a { password \"" HASH "\" }\n",
	    "1: webirc \"a\": expected from and the gateway's address" },
	{ "webirc a { password \"" HASH "\"; from ::1 }\nwebirc a { }\n",
	    "2: webirc \"a\": there is one of this name already" },
	{ "handover from uid 4294967295\n",
	    "1: uid 4294967295: at most 4294967294" },
	{ "handover from user nobody-such\n",
	    "1: user \"nobody-such\": there is no such user" },
	{ "handover from user odd\n",
	    "1: user \"odd\": there is no such user" },
	/* the rest */
	{ "dns off\ndns on\n", "2: dns is set already in irc.conf:1" },
	{ "dns { timeout 0 seconds }\n",
	    "1: dns timeout 0 seconds: at least 1 second" },
	{ "dns { timeout 2 minutes }\n",
	    "1: dns timeout 2 minutes: at most 1 minute" },
	{ "dns { server ns.example.org }\n",
	    "1: dns server ns.example.org: expected an address in numbers" },
	{ "dns { server :: }\n",
	    "1: dns server ::: expected an address in numbers" },
	{ "dns { server ::1; server ::2 }\n",
	    "1: dns server is set already in irc.conf:1" },
	{ "ident off\n\nident off\n", "3: ident is set already in irc.conf:1" },
	{ "ident { timeout 61 seconds }\n",
	    "1: ident timeout 61 seconds: at most 1 minute" },
	{ "registration 0 seconds\n",
	    "1: registration 0 seconds: at least 1 second" },
	{ "registration 11 minutes\n",
	    "1: registration 11 minutes: at most 10 minutes" },
	{ "connections 0\n", "1: connections 0: at least 1" },
	{ "connections 5\nconnections 5\n",
	    "2: connections is set already in irc.conf:1" },
	{ "whowas 0 entries\n", "1: whowas entries 0: at least 1" },
	{ "whowas 262145 entries\n",
	    "1: whowas entries 262145: at most 262144" },
	{ "whowas 5 entries 366 days\n",
	    "1: whowas 366 days: at most 365 days" },
	{ "klines file \"\"\n", "1: klines file \"\": it is empty" },
	{ "klines file a\nklines file a\n",
	    "2: klines file is set already in irc.conf:1" },
	{ "log syslog\nlog file x\n", "2: log is set already in irc.conf:1" },
	{ "user a\nuser b\n", "2: user is set already in irc.conf:1" },
	{ "user aaaaaaaaaabbbbbbbbbbccccccccccddd\n",
	    "1: user \"aaaaaaaaaabbbbbbbbbb...\": longer than 32 bytes" },
};

static void
test_bad(void)
{
	char want[600];
	struct conf *c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)snprintf(want, sizeof(want), "%s%s",
		    bad[i].want[0] > '9' ? "" : "irc.conf:", bad[i].want);
		c = load(bad[i].text);
		is_str(c == NULL ? err : "no error", want, "bad %zu", i);
		conf_free(c);
	}
}

/* ---- how many ---- */

static void
test_many(const char *before, const char *after, unsigned max, const char *want)
{
	struct conf *c;

	c = load(lines_to(before, after, max));
	is_str(err, "", "%u of them", max);
	conf_free(c);
	c = load(lines_to(before, after, max + 1));
	is_str(err, want, "and one more");
	conf_free(c);
}

/* ---- names of the server ---- */

static const struct {
	const char *host, *name;
} hosts[] = {
	{ "irc.example.net", "irc.example.net" },
	{ "host", "host.local" },
	{ "my_host", "myhost.local" },
	{ "-a-", "a.local" },
	{ "a..b", "a.local" },
	{ "", "irc.local" },
	{ "___", "irc.local" },
	{ ".example.net", "irc.local" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.local" },
	{ NULL, "irc.local" },
};

static void
test_names(void)
{
	const char *before = host;
	struct conf *c;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		host = hosts[i].host;
		c = load("\n");
		is_str(c->name, hosts[i].name, "host %s",
		    host == NULL ? "NULL" : host);
		conf_free(c);
	}
	host = before;
}

static void
test_builtin(void)
{
	struct conf *c = conf_load(NULL, open_memory, NULL, err, sizeof(err));

	is_str(err, "", "the built-in configuration");
	has_lines(dump(c),
	    "server irc.example.net IRC rfc1459 IRC server\n"
	    "listen 127.0.0.1:6667 0666 plain\n"
	    "listen [::1]:6667 0666 plain\n"
	    "class default 120 1048576 8192 0 16 10 2000 "
	    "10000\n",
	    0);
	ok(STAILQ_EMPTY(&c->rules), "everybody may come");
	is_str(conf_class(c, NULL)->name, "default", "the default class");
	ok(conf_class(c, "x") == NULL, "no other one");
	conf_free(c);
	conf_free(NULL);
	ok(conf_load("nix", open_memory, NULL, err, sizeof(err)) == NULL,
	    "a file that is not there");
	is_str(err, "nix: No such file or directory", "is told");
}

/* ---- who is meant ---- */

static const struct {
	const char *list, *user, *host, *ip;
	bool want;
} froms[] = {
	{ "any", "a", "b.c", "192.0.2.1", true },
	{ "any", NULL, NULL, NULL, true },
	{ "*.example.org", "a", "b.example.org", "192.0.2.1", true },
	{ "*.example.org", "a", "B.Example.ORG", "192.0.2.1", true },
	{ "*.example.org", "a", "example.org", "192.0.2.1", false },
	{ "*.example.org", "a", NULL, "192.0.2.1", false },
	{ ".example.org", "a", "b.example.org", "192.0.2.1", true },
	{ ".example.org", "a", "badexample.org", "192.0.2.1", false },
	{ "a@*", "a", "x", "192.0.2.1", true },
	{ "a@*", "b", "x", "192.0.2.1", false },
	{ "a@*", NULL, "x", "192.0.2.1", false },
	{ "a@10.0.0.0/8", "a", "x", "10.1.2.3", true },
	{ "a@10.0.0.0/8", "b", "x", "10.1.2.3", false },
	{ "10.0.0.0/8", "a", "x", "11.1.2.3", false },
	{ "10.0.0.0/8", "a", "10.1.2.3", NULL, false },
	{ "0.0.0.0/0", "a", "x", "::1", false },
	{ "::1", "a", "x", "::1", true },
	{ "::/0", "a", "x", "10.0.0.1", true },
	{ "192.0.2.*", "a", "x", "192.0.2.7", true },
	{ "192.0.2.*", "a", "x", "192.0.20.7", false },
	{ "{ x, y }", "a", "y", "192.0.2.1", true },
	{ "{ x, y }", "a", "z", "192.0.2.1", false },
	{ "/run/irc", "a", "/run/irc", NULL, true },
};

static bool
address(const char *s, struct in6_addr *ip)
{
	char mapped[64];

	if (s == NULL)
		return false;
	(void)snprintf(mapped, sizeof(mapped), "%s%s",
	    strchr(s, ':') == NULL ? "::ffff:" : "", s);
	return inet_pton(AF_INET6, mapped, ip) == 1;
}

static void
test_from(void)
{
	char line[200];
	struct in6_addr ip;
	struct conf *c;
	bool has_ip;

	for (size_t i = 0; i < sizeof(froms) / sizeof(*froms); i++) {
		(void)snprintf(line, sizeof(line), "allow from %s\n",
		    froms[i].list);
		if ((c = load(line)) == NULL) {
			ok(0, "%s", err);
			continue;
		}
		has_ip = address(froms[i].ip, &ip);
		is_int(conf_from_match(&STAILQ_FIRST(&c->rules)->from,
			   froms[i].user, froms[i].host, froms[i].ip,
			   has_ip ? &ip : NULL),
		    froms[i].want, "from %zu: %s", i, froms[i].list);
		conf_free(c);
	}
	c = load("allow\n");
	ok(conf_from_match(&STAILQ_FIRST(&c->rules)->from, NULL, NULL, NULL,
	       NULL),
	    "no from is everybody");
	conf_free(c);
}

static void
test_from_text(void)
{
	struct conf_from *f = conf_from_parse("a@10.0.0.0/8", err, sizeof(err));
	char out[13];

	is_int(conf_from_text(f, out, sizeof(out)), 0, "it fits");
	is_str(out, "a@10.0.0.0/8", "as it was");
	is_int(conf_from_text(f, out, sizeof(out) - 1), -1, "it does not");
	conf_from_free(f);
	conf_from_free(NULL);
	f = conf_from_parse("*", err, sizeof(err));
	is_str(f->host, "*", "a star is a mask");
	conf_from_free(f);
}

/* Sunday is 0. */
static const struct {
	const char *hours;
	int wday, hour, min;
	bool want;
} times[] = {
	{ "mon-fri 08:00-18:00", 1, 8, 0, true },
	{ "mon-fri 08:00-18:00", 1, 7, 59, false },
	{ "mon-fri 08:00-18:00", 5, 17, 59, true },
	{ "mon-fri 08:00-18:00", 5, 18, 0, false },
	{ "mon-fri 08:00-18:00", 6, 12, 0, false },
	{ "mon-fri 08:00-18:00, sat 10:00-12:00", 6, 11, 0, true },
	{ "sat-mon", 0, 0, 0, true },
	{ "sat-mon", 1, 23, 59, true },
	{ "sat-mon", 2, 0, 0, false },
	{ "22:00-02:00", 3, 23, 0, true },
	{ "22:00-02:00", 3, 1, 59, true },
	{ "22:00-02:00", 3, 2, 0, false },
	{ "fri 22:00-02:00", 6, 1, 0, true },
	{ "fri 22:00-02:00", 5, 1, 0, false },
	{ "sat 22:00-02:00", 0, 1, 0, true },
	{ "sun 18:00-24:00", 0, 23, 59, true },
};

static void
test_hours(void)
{
	struct conf_hours_list none = STAILQ_HEAD_INITIALIZER(none);
	struct tm tm = { 0 };
	char line[200];
	struct conf *c;

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		(void)snprintf(line, sizeof(line), "allow hours %s\n",
		    times[i].hours);
		c = load(line);
		tm.tm_wday = times[i].wday;
		tm.tm_hour = times[i].hour;
		tm.tm_min = times[i].min;
		is_int(conf_hours_match(&STAILQ_FIRST(&c->rules)->hours, &tm),
		    times[i].want, "%s: day %d %02d:%02d", times[i].hours,
		    tm.tm_wday, tm.tm_hour, tm.tm_min);
		conf_free(c);
	}
	ok(conf_hours_match(&none, &tm), "no hours is always");
}

/* ---- the example, whole and cut ---- */

static void
test_cuts(void)
{
	size_t n, taken = 0, wrong = 0;
	char *all = conf_open_file(NULL, "examples/ircd-lite.conf", &n);
	struct cut at = { .state = OUTSIDE };
	struct conf *c;

	if (!ok(all != NULL && n > 2000, "the example is there"))
		return;
	for (size_t i = 0; i <= n; i++) {
		bool whole = is_whole(&at);

		c = load_n(all, i);
		if ((c != NULL) != whole && wrong++ < 5)
			ok(0, "cut at %zu: %s", i, c != NULL ? "taken" : err);
		if (c == NULL && strncmp(err, "irc.conf:", 9) != 0)
			ok(0, "cut at %zu: %s", i, err);
		taken += c != NULL;
		conf_free(c);
		if (i < n)
			advance(&at, all + i);
	}
	is_int(wrong, 0, "no cut inside of a statement is taken, of %zu", n);
	ok(taken > 20, "between statements it is, %zu times", taken);
	free(all);
}

static void
test_example(void)
{
	struct conf *c = conf_load("examples/ircd-lite.conf", conf_open_file,
	    NULL, err, sizeof(err));

	is_str(err, "", "the example is right");
	if (c != NULL)
		has_lines(dump(c),
		    "server irc.example.net Example rfc1459 An "
		    "example of an IRC server\n"
		    "listen [::1]:6667 0666 plain\n"
		    "class users 120 1048576 8192 5000 10 10 "
		    "2000 10000\n",
		    0);
	conf_free(c);
}

static void
test_opener(void)
{
	size_t len;
	char *s;

	s = conf_open_file(NULL, CONF_ASK_USER "root", &len);
	ok(s != NULL && len == 1 && *s == '0', "the uid of root");
	free(s);
	ok(conf_open_file(NULL, CONF_ASK_USER "nobody-such", &len) == NULL,
	    "an unknown user");
	is_int(errno, ENOENT, "is not there");
	s = conf_open_file(NULL, CONF_ASK_HOST, &len);
	ok(s != NULL, "the host has a name");
	free(s);
	ok(conf_open_file(NULL, "/", &len) == NULL && errno == EISDIR,
	    "a folder is not read");
	ok(conf_open_file(NULL, "/dev/zero", &len) == NULL && errno == EFBIG,
	    "nor what has no end");
	s = conf_open_file(NULL, "/dev/null", &len);
	ok(s != NULL && len == 0, "an empty file is");
	free(s);
}

int
main(void)
{
	test_good();
	test_bad();
	test_many("class a", " { }", 256,
	    "irc.conf:257: more than 256 "
	    "classes");
	test_many("listen on ::1 port ", "", 64,
	    "irc.conf:65: more than 64 listeners");
	test_many("operator a", " { password \"" HASH "\"; may all }", 1024,
	    "irc.conf:1025: more than 1024 operators");
	test_many("webirc a", " { password \"" HASH "\"; from ::1 }", 64,
	    "irc.conf:65: more than 64 gateways");
	test_names();
	test_builtin();
	test_from();
	test_from_text();
	test_hours();
	test_example();
	test_cuts();
	test_opener();
	return done_testing();
}
