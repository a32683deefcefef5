/*
 * The address grammar: what is taken, what is refused and how, ranges.
 */
#include "addr.h"

#include <sys/un.h>
#include <arpa/inet.h>

#include <stdlib.h>

#include "limits_vsap.h"
#include "tap.h"

#define ALL 0x3f /* every kind and every address, no bare port */
#define TLS ADDR_FOR_SERVER
#define HTTP (ALL | ADDR_F_HTTP)

static char err[256], out[ADDR_STRLEN];

static const struct good {
	const char *s;
	unsigned flags;
	enum addr_kind kind;
	int family;
	bool any;
	unsigned port;
	const char *text;
	const char *formatted; /* NULL: s itself */
} goods[] = {
	{ "127.0.0.1:80", ALL, ADDR_TCP, AF_INET, false, 80, "127.0.0.1",
	    NULL },
	{ "0.0.0.0:80", ALL, ADDR_TCP, AF_INET, true, 80, "0.0.0.0", NULL },
	{ "[::]:80", ALL, ADDR_TCP, AF_INET6, true, 80, "::", NULL },
	{ "[::1]:65535", ALL, ADDR_TCP, AF_INET6, false, 65535, "::1", NULL },
	{ "[2001:DB8::0:1]:1", ALL, ADDR_TCP, AF_INET6, false, 1,
	    "2001:DB8::0:1", NULL },
	{ "[::ffff:10.1.2.3]:9", ALL, ADDR_TCP, AF_INET, false, 9,
	    "::ffff:10.1.2.3", NULL },
	{ "[::10.1.2.3]:9", ALL, ADDR_TCP, AF_INET6, false, 9, "::10.1.2.3",
	    NULL },
	{ "localhost:8080", ALL, ADDR_TCP, AF_UNSPEC, false, 8080, "localhost",
	    NULL },
	{ "Web-1.example_x.org.:80", ALL, ADDR_TCP, AF_UNSPEC, false, 80,
	    "Web-1.example_x.org.", NULL },
	{ "1a.2:80", ALL, ADDR_TCP, AF_UNSPEC, false, 80, "1a.2", NULL },
	{ "0xyz:80", ALL, ADDR_TCP, AF_UNSPEC, false, 80, "0xyz", NULL },
	{ "3com.com:80", ALL, ADDR_TCP, AF_UNSPEC, false, 80, "3com.com",
	    NULL },
	{ ":8080", ALL, ADDR_TCP, AF_UNSPEC, true, 8080, "", "*:8080" },
	{ "*:8080", ALL, ADDR_TCP, AF_UNSPEC, true, 8080, "", NULL },
	{ ":0", ALL, ADDR_TCP, AF_UNSPEC, true, 0, "", "*:0" },
	{ "127.0.0.1:0", ALL, ADDR_TCP, AF_INET, false, 0, "127.0.0.1", NULL },
	{ "8080", ADDR_FOR_BIND, ADDR_TCP, AF_UNSPEC, true, 8080, "",
	    "*:8080" },
	{ "0", ADDR_FOR_BIND, ADDR_TCP, AF_UNSPEC, true, 0, "", "*:0" },
	{ "8080", ADDR_FOR_CONNECT, ADDR_TCP, AF_INET, false, 8080, "127.0.0.1",
	    "127.0.0.1:8080" },
	{ "gw", ADDR_FOR_SERVER, ADDR_TCP, AF_UNSPEC, false, VSAP_PORT, "gw",
	    "gw:8706" },
	{ "10.0.0.1", ADDR_FOR_SERVER, ADDR_TCP, AF_INET, false, VSAP_PORT,
	    "10.0.0.1", "10.0.0.1:8706" },
	{ "[::1]", ADDR_FOR_SERVER, ADDR_TCP, AF_INET6, false, VSAP_PORT, "::1",
	    "[::1]:8706" },
	{ "/tmp/dgsock1", ALL, ADDR_UNIX, 0, false, 0, "/tmp/dgsock1", NULL },
	{ "/tmp/..a/.b/...", ALL, ADDR_UNIX, 0, false, 0, "/tmp/..a/.b/...",
	    NULL },
	{ "/tmp/a b", ADDR_FOR_LISTEN, ADDR_UNIX, 0, false, 0, "/tmp/a b",
	    NULL },
	{ "name:foo-1.x_y", ALL, ADDR_NAME, 0, false, 0, "foo-1.x_y", NULL },
	{ "-", ALL, ADDR_STDIO, 0, false, 0, "", NULL },
	{ "fd:0", ALL, ADDR_FD, 0, false, 0, "", NULL },
	{ "fd:17", ALL, ADDR_FD, 0, false, 0, "", NULL },
	{ "exec:echo a | tr a b", ALL, ADDR_EXEC, 0, false, 0,
	    "echo a | tr a b", NULL },
	{ "fdpass:/run/x", ALL, ADDR_FDPASS, 0, false, 0, "/run/x", NULL },
	{ "tls:gw.example.org:443", TLS, ADDR_TCP, AF_UNSPEC, false, 443,
	    "gw.example.org", NULL },
	{ "tls:127.0.0.1:1", TLS, ADDR_TCP, AF_INET, false, 1, "127.0.0.1",
	    NULL },
	{ "tls:[::1]:65535", TLS, ADDR_TCP, AF_INET6, false, 65535, "::1",
	    NULL },
	{ "tls:gw", TLS, ADDR_TCP, AF_UNSPEC, false, VSAP_PORT, "gw",
	    "tls:gw:8706" },
	{ "tls:[::1]", TLS, ADDR_TCP, AF_INET6, false, VSAP_PORT, "::1",
	    "tls:[::1]:8706" },
	{ "tls::8707", TLS | ADDR_F_ANYHOST, ADDR_TCP, AF_UNSPEC, true, 8707,
	    "", "tls:*:8707" },
	{ "tls:8707", ADDR_FOR_CONNECT | ADDR_F_TLS, ADDR_TCP, AF_INET, false,
	    8707, "127.0.0.1", "tls:127.0.0.1:8707" },
	{ "http://WWW.Example.org./a/B", HTTP, ADDR_HTTP, 0, false, 80,
	    "www.example.org/a/B", "http://www.example.org/a/B" },
	{ "http://h", HTTP, ADDR_HTTP, 0, false, 80, "h/", "http://h/" },
	{ "http://h:80/a/", HTTP, ADDR_HTTP, 0, false, 80, "h/a/",
	    "http://h/a/" },
	{ "http://h:8080", HTTP, ADDR_HTTP, 0, false, 8080, "h/",
	    "http://h:8080/" },
	{ "http://[2001:DB8::0:1]:81/~x", HTTP, ADDR_HTTP, 0, false, 81,
	    "[2001:db8::1]/~x", "http://[2001:db8::1]:81/~x" },
	{ "http://[::ffff:10.0.0.1]/", HTTP, ADDR_HTTP, 0, false, 80,
	    "10.0.0.1/", "http://10.0.0.1/" },
	{ "http:80", HTTP, ADDR_TCP, AF_UNSPEC, false, 80, "http", NULL },
};

static const struct bad {
	const char *s;
	unsigned flags;
	const char *message; /* behind "s: ", the beginning of it */
} bads[] = {
	{ "", ALL, "empty address; write host:port" },
	{ "127.0.0.1:99999", ALL, "port 99999 at column 11 is above 65535" },
	{ "127.0.0.1:65536", ALL, "port 65536 at column 11 is above" },
	{ ":80x", ALL,
	    "\"80x\" at column 2 is not a port number; write host:port" },
	{ "h:+80", ALL, "\"+80\" at column 3 is not a port number" },
	{ "h:-1", ALL, "\"-1\" at column 3 is not a port number" },
	{ "h: 80", ALL, "\" 80\" at column 3 is not a port number" },
	{ "h:80/udp", ALL, "\"80/udp\" at column 3 is not a port number" },
	{ "h:0x50", ALL, "\"0x50\" at column 3 is not a port number" },
	{ "h:080", ALL, "port 080 at column 3 begins with a zero" },
	{ "h:", ALL, "no port at column 3; write host:port" },
	{ "*:*", ALL, "\"*\" at column 3 is not a port number" },
	{ "h", ALL, "no port; write h:port" },
	{ "*", ADDR_FOR_SERVER, "no port; write *:port" },
	{ "8080", ADDR_FOR_SERVER,
	    "a port alone is not taken here; write 127.0.0.1:8080" },
	{ "h:0", ADDR_FOR_CONNECT, "port 0 at column 3 cannot be connected" },
	{ ":80", ADDR_FOR_CONNECT, "no host at column 1; write 127.0.0.1:80" },
	{ "*:80", ADDR_FOR_CONNECT, "no host at column 1" },
	{ "99999", ADDR_FOR_BIND, "port 99999 at column 1 is above 65535" },
	{ "::1", ALL, "an IPv6 address stands in brackets; write [::1]:port" },
	{ "a:b:80", ALL, "a second ':' at column 4; write host:port or" },
	{ "[::1", ALL, "no ']' for the '[' at column 1; write [v6]:port" },
	{ "[::1]", ALL, "no port at column 6; write [::1]:port" },
	{ "[::1]80", ALL, "no port at column 6; write [::1]:port" },
	{ "[::1]:", ALL, "no port at column 7" },
	{ "[]:80", ALL, "\"\" at column 2 is not an IPv6 address" },
	{ "[127.0.0.1]:80", ALL, "\"127.0.0.1\" at column 2 is not an IPv6" },
	{ "[fe80::1%eth0]:80", ALL, "the zone at column 9 is not taken" },
	{ "[::ffff:127.1]:80", ALL, "\"::ffff:127.1\" at column 2 is not" },
	{ "[::g]:80", ALL, "\"::g\" at column 2 is not an IPv6 address" },
	{ "0177.0.0.1:80", ALL, "the number at column 1 is not an IPv4" },
	{ "2130706433:80", ALL, "the number at column 1 is not an IPv4" },
	{ "127.1:80", ALL, "the number at column 1 is not an IPv4 address" },
	{ "0x7f000001:80", ALL, "the number at column 1 is not an IPv4" },
	{ "0X7F.1:80", ALL, "the number at column 1 is not an IPv4 address" },
	{ "127.0.0.1.:80", ALL, "the number at column 1 is not an IPv4" },
	{ "127.0.0.256:80", ALL, "the number at column 1 is not an IPv4" },
	{ "0:80", ALL, "the number at column 1 is not an IPv4 address" },
	{ "a..b:80", ALL, "character 3 of the host, at column 3, is not" },
	{ ".a:80", ALL, "character 1 of the host, at column 1, is not" },
	{ "-f:80", ALL, "character 1 of the host, at column 1, is not" },
	{ "a b:80", ALL, "character 2 of the host, at column 2, is not" },
	{ "*.a:80", ALL, "character 1 of the host, at column 1, is not" },
	{ "a%2e:80", ALL, "character 2 of the host, at column 2, is not" },
	{ "\xc2\xb9:80", ALL, "character 1 of the host, at column 1, is" },
	{ "a\tb:80", ALL, "a control byte at column 2" },
	{ "h:80\r", ALL, "a control byte at column 5" },
	{ "exec:a\nb", ALL, "a control byte at column 7" },
	{ "h:80\x7f", ALL, "a control byte at column 5" },
	{ "/", ALL, "an empty name at column 2 of the path" },
	{ "/a//b", ALL, "an empty name at column 4 of the path" },
	{ "/a/", ALL, "an empty name at column 4 of the path" },
	{ "/tmp/../etc/x", ALL, "\"..\" at column 6 is not taken" },
	{ "/tmp/..", ALL, "\"..\" at column 6 is not taken" },
	{ "/./tmp", ALL, "\".\" at column 2 is not taken" },
	{ "/tmp/a b", ALL, "a blank at column 7" },
	{ "name:", ALL, "a name is 1 to 107 bytes long; write name:foo" },
	{ "name:a/b", ALL, "character at column 7; a name is of letters" },
	{ "name:a:b", ALL, "character at column 7; a name is of letters" },
	{ "name:a b", ALL, "character at column 7; a name is of letters" },
	{ "name:a", ADDR_FOR_SERVER, "a name is not taken here; write host" },
	{ "name", ADDR_FOR_SERVER, "\"name\" is a word of the address" },
	{ "fd", ADDR_FOR_SERVER, "\"fd\" is a word of the address grammar" },
	{ "fd:", ALL, "\"\" at column 4 is not a descriptor number" },
	{ "fd:x", ALL, "\"x\" at column 4 is not a descriptor number" },
	{ "fd:-1", ALL, "\"-1\" at column 4 is not a descriptor number" },
	{ "fd:01", ALL, "\"01\" at column 4 is not a descriptor number" },
	{ "fd:2147483648", ALL, "\"2147483648\" at column 4 is not a desc" },
	{ "fd:3", ADDR_FOR_CONNECT, "a descriptor is not taken here" },
	{ "-", ADDR_FOR_CONNECT, "standard input and output are not" },
	{ "exec:", ALL, "no command at column 6; write exec:command" },
	{ "exec:x", ADDR_FOR_BIND, "a command is not taken here" },
	{ "fdpass:x", ALL, "the path at column 8 is not absolute" },
	{ "fdpass:/x", ADDR_FOR_BIND, "fdpass is not taken here" },
	{ "h:80", ADDR_F_UNIX, "host:port is not taken here; write /path" },
	{ "/x", ADDR_F_TCP, "a path is not taken here; write host:port" },
	{ "tls:h:80", ALL, "TLS is not taken here; write host:port" },
	{ "tls:h:80", ADDR_FOR_BIND, "TLS is not taken here" },
	{ "tls:h:80", ADDR_FOR_CONNECT, "TLS is not taken here" },
	{ "tls:", TLS, "no host at column 5; write tls:host:port" },
	{ "tls", TLS, "\"tls\" is a word of the address grammar" },
	{ "tls:tls:h:1", TLS, "a second ':' at column 10" },
	{ "tls:/run/x", TLS, "character 1 of the host, at column 5, is not" },
	{ "tls://h:1", TLS, "character 1 of the host, at column 5, is not" },
	{ "tls:h:x", TLS, "\"x\" at column 7 is not a port number" },
	{ "tls:h:0", TLS, "port 0 at column 7 cannot be connected" },
	{ "tls::1", TLS, "no host at column 5; write 127.0.0.1:1" },
	{ "tls:[::1", TLS, "no ']' for the '[' at column 5" },
	{ "tls:443", TLS, "a port alone is not taken here; write 127.0.0.1" },
	{ "http://h/", ALL, "a URL is not taken here; write host:port" },
	{ "http://", HTTP, "no host at column 8; write http://host/path" },
	{ "http:///x", HTTP, "no host at column 8" },
	{ "http://:80/x", HTTP, "no host at column 8" },
	{ "http://h:/x", HTTP, "no port at column 10" },
	{ "http://h:0/x", HTTP, "port 0 " },
	{ "http://h:80x/", HTTP, "\"80x\" at column 10 is not a port" },
	{ "http://h:70000/", HTTP, "port 70000 at column 10 is above" },
	{ "http://u@h/", HTTP, "character 2 of the host, at column 9, is" },
	{ "http://u:p@h/", HTTP, "\"p@h\" at column 10 is not a port number" },
	{ "http://[::1/x", HTTP, "character 1 of the host, at column 8, is" },
	{ "http://[::1]x/", HTTP, "no port at column 13; write [v6]:port" },
	{ "http://127.1/", HTTP, "the number at column 8 is not an IPv4" },
	{ "http://h/a?b", HTTP, "the character at column 11 is not taken" },
	{ "http://h?b", HTTP, "the character at column 9 is not taken" },
	{ "http://h/%2e", HTTP, "the character at column 10 is not taken" },
	{ "http://h/a b", HTTP, "the character at column 11 is not taken" },
	{ "http://h//a", HTTP, "an empty name at column 10 of the path" },
	{ "http://h/a/../b", HTTP, "\"..\" at column 12 is not taken" },
	{ "http://h/.", HTTP, "\".\" at column 10 is not taken" },
	{ "http://h/a\\b", HTTP, "the character at column 11 is not taken" },
};

static int
same(const struct addr *a, const struct addr *b)
{
	return a->kind == b->kind && a->family == b->family &&
	       a->any == b->any && a->tls == b->tls && a->port == b->port &&
	       a->fd == b->fd && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static void
test_good(const struct good *g)
{
	struct addr a, again;
	const char *want = g->formatted == NULL ? g->s : g->formatted;

	err[0] = '\0';
	memset(&a, 0x55, sizeof(a));
	if (!is_int(addr_parse(&a, g->s, g->flags, err, sizeof(err)), 0,
		"%s is taken: %s", g->s, err))
		return;
	ok(a.kind == g->kind && a.family == g->family && a.any == g->any &&
		a.port == g->port,
	    "%s: kind, family, any and port", g->s);
	is_int(a.tls, strncmp(g->s, "tls:", 4) == 0, "%s: TLS or not", g->s);
	is_str(a.text, g->text, "%s: text", g->s);
	is_str(addr_format(&a, out, sizeof(out)), want, "%s: format", g->s);
	is_int(addr_parse(&again, out, g->flags, err, sizeof(err)), 0,
	    "%s: its format is taken", g->s);
	ok(same(&a, &again), "%s: parse(format(a)) is a", g->s);
}

static void
test_bad(const struct bad *b)
{
	const char *message;
	struct addr a;

	err[0] = '\0';
	is_int(addr_parse(&a, b->s, b->flags, err, sizeof(err)), -1,
	    "'%s' is refused", b->s);
	message = strlen(err) > strlen(b->s) + 2 ? err + strlen(b->s) + 2 : "";
	ok(strncmp(message, b->message, strlen(b->message)) == 0, "'%s': %s",
	    b->s, err);
	ok(strpbrk(err, "\r\n\t\x7f") == NULL, "no control byte in it");
}

/* Every beginning of an address is parsed without a look behind it. */
static void
test_truncated(void)
{
	size_t count = 0;
	struct addr a;

	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++)
		for (size_t n = 0; n < strlen(goods[i].s); n++, count++) {
			char *s = strndup(goods[i].s, n);

			(void)addr_parse(&a, s, 0x3ff, err, sizeof(err));
			(void)addr_parse(&a, s, 0, NULL, 0);
			free(s);
		}
	ok(count > 0, "truncated at every byte: %zu inputs", count);
}

static int
parse_long(const char *prefix, char c, size_t n, const char *suffix)
{
	char s[1200];
	struct addr a;
	size_t len = strlcpy(s, prefix, sizeof(s));

	memset(s + len, c, n);
	strlcpy(s + len + n, suffix, sizeof(s) - len - n);
	return addr_parse(&a, s, 0x3ff, err, sizeof(err));
}

static void
test_lengths(void)
{
	char labels[256];

	is_int(parse_long("", 'a', 63, ":80"), 0, "a label of 63 bytes");
	is_int(parse_long("", 'a', 64, ":80"), -1, "a label of 64: %s", err);
	for (size_t i = 0; i < 253; i++)
		labels[i] = i % 64 == 63 ? '.' : 'a';
	labels[253] = '\0';
	is_int(parse_long(labels, 'a', 0, ":80"), 0, "a host of 253 bytes");
	labels[191] = 'a';
	labels[128] = '.';
	is_int(parse_long(labels, 'a', 1, ":80"), -1, "a host of 254: %s", err);
	is_int(parse_long("name:", 'a', 107, ""), 0, "a name of 107 bytes");
	is_int(parse_long("name:", 'a', 108, ""), -1, "a name of 108: %s", err);
	is_int(parse_long("/", 'a', 106, ""), 0, "a path of 107 bytes");
	is_int(parse_long("/", 'a', 107, ""), -1, "a path of 108: %s", err);
	is_int(parse_long("exec:", 'a', 255, ""), 0, "a command of 255");
	is_int(parse_long("exec:", 'a', 256, ""), -1, "of 256: %s", err);
	is_int(parse_long("[", '1', 1000, "]:80"), -1, "a long v6: %s", err);
	is_int(parse_long("h:", '9', 1000, ""), -1, "a long port: %s", err);
	ok(strlen(err) < 160, "a long address is cut in the message");
	is_int(parse_long("http://h/", 'a', 253, ""), 0, "a URL of 255");
	is_int(parse_long("http://h/", 'a', 254, ""), -1, "of 256: %s", err);
}

static const char *
via_sockaddr(const char *s)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct addr a;

	if (addr_parse(&a, s, ALL, err, sizeof(err)) == -1)
		return err;
	if ((len = addr_sockaddr(&a, &ss)) == 0)
		return "0";
	return addr_format_sa((struct sockaddr *)&ss, len, out, sizeof(out));
}

static void
test_sockaddr(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_un sun;
	struct in6_addr ip;
	socklen_t len;
	struct addr a;

	is_str(via_sockaddr("127.0.0.1:80"), "127.0.0.1:80", "v4");
	is_str(via_sockaddr("[2001:0db8::0:1]:80"), "[2001:db8::1]:80", "v6");
	is_str(via_sockaddr("[::ffff:1.2.3.4]:80"), "1.2.3.4:80", "mapped");
	is_str(via_sockaddr(":80"), "[::]:80", "every address");
	is_str(via_sockaddr("0.0.0.0:80"), "0.0.0.0:80", "every v4 address");
	is_str(via_sockaddr("/tmp/x"), "/tmp/x", "a path");
	is_str(via_sockaddr("fdpass:/tmp/x"), "/tmp/x", "fdpass");
	is_str(via_sockaddr("localhost:80"), "0", "a name is not resolved");
	is_str(via_sockaddr("name:x"), "0", "name: has no sockaddr");

	memset(&ss, 0, sizeof(ss));
	((struct sockaddr_in6 *)&ss)->sin6_family = AF_INET6;
	((struct sockaddr_in6 *)&ss)->sin6_port = htons(7);
	inet_pton(AF_INET6, "::ffff:9.8.7.6",
	    &((struct sockaddr_in6 *)&ss)->sin6_addr);
	len = sizeof(struct sockaddr_in6);
	is_str(addr_format_sa((struct sockaddr *)&ss, len, out, sizeof(out)),
	    "9.8.7.6:7", "a mapped sockaddr is shown as IPv4");
	addr_unmap_sa(&ss, &len);
	is_int(ss.ss_family, AF_INET, "unmapped");
	is_int(len, sizeof(struct sockaddr_in), "its length");
	is_int(addr_port_sa((struct sockaddr *)&ss), 7, "its port");
	is_str(addr_host_sa((struct sockaddr *)&ss, out, sizeof(out)),
	    "9.8.7.6", "its host");
	addr_unmap_sa(&ss, &len);
	is_int(ss.ss_family, AF_INET, "unmapping twice changes nothing");
	is_int(addr_ip_sa((struct sockaddr *)&ss, &ip), 0, "16-byte form");
	ok(IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[15] == 6, "is mapped");

	memset(&sun, 'x', sizeof(sun));
	sun.sun_family = AF_UNIX;
	is_int(strlen(addr_format_sa((struct sockaddr *)&sun, sizeof(sun), out,
		   sizeof(out))),
	    sizeof(sun.sun_path), "a path without its NUL");
	memcpy(sun.sun_path, "/a\n b", 6);
	is_str(addr_format_sa((struct sockaddr *)&sun, sizeof(sun), out,
		   sizeof(out)),
	    "/a??b", "control bytes and blanks of a path");
	is_str(addr_format_sa((struct sockaddr *)&sun, 2, out, sizeof(out)),
	    "unix", "an unnamed one");
	is_int(addr_port_sa((struct sockaddr *)&sun), 0, "it has no port");
	is_int(addr_ip_sa((struct sockaddr *)&sun, &ip), -1, "and no ip");
	is_str(addr_format_sa(NULL, 0, out, sizeof(out)), "?", "NULL");
	is_int(addr_parse(&a, "h:1", ALL, NULL, 0), 0, "err may be NULL");
	is_int(addr_parse(&a, "h:x", ALL, NULL, 0), -1, "in errors too");
}

#define L 1 /* loopback */
#define P 2 /* private */
#define G 4 /* guarded */

static const struct range {
	const char *ip;
	int is;
} ranges[] = {
	{ "::ffff:127.0.0.1", L | G },
	{ "::ffff:127.255.255.255", L | G },
	{ "::ffff:128.0.0.1", 0 },
	{ "::ffff:126.255.255.255", 0 },
	{ "::1", L | G },
	{ "::", G },
	{ "::2", G },
	{ "::127.0.0.1", G },
	{ "::8.8.8.8", 0 },
	{ "::ffff:0:127.0.0.1", G },
	{ "64:ff9b::127.0.0.1", G },
	{ "64:ff9b::169.254.169.254", G },
	{ "64:ff9b::8.8.8.8", 0 },
	{ "64:ff9b:1::127.0.0.1", G },
	{ "64:ff9b:1:ffff::7f00:1", G },
	{ "2002:7f00:1::", G },
	{ "2002:a9fe:a9fe::1", G },
	{ "2002:0808:0808::1", 0 },
	{ "2002:0a00:0001::1", 0 },
	{ "::ffff:0.0.0.0", G },
	{ "::ffff:0.1.2.3", G },
	{ "::ffff:1.0.0.0", 0 },
	{ "::ffff:169.254.169.254", G },
	{ "::ffff:169.255.0.0", 0 },
	{ "::ffff:169.253.255.255", 0 },
	{ "::ffff:224.0.0.1", G },
	{ "::ffff:239.255.255.255", G },
	{ "::ffff:223.255.255.255", 0 },
	{ "::ffff:240.0.0.0", 0 },
	{ "::ffff:255.255.255.255", G },
	{ "::ffff:10.0.0.1", P },
	{ "::ffff:11.0.0.1", 0 },
	{ "::ffff:172.16.0.0", P },
	{ "::ffff:172.31.255.255", P },
	{ "::ffff:172.32.0.0", 0 },
	{ "::ffff:192.168.255.1", P },
	{ "::ffff:192.169.0.0", 0 },
	{ "64:ff9b::10.0.0.1", 0 },
	{ "fc00::1", P },
	{ "fdff::1", P },
	{ "fe00::1", 0 },
	{ "fe80::1", G },
	{ "febf::1", G },
	{ "fec0::1", 0 },
	{ "ff02::1", G },
	{ "2001:db8::1", 0 },
};

static void
test_ranges(void)
{
	struct in6_addr ip;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		inet_pton(AF_INET6, ranges[i].ip, &ip);
		is_int((addr_ip_loopback(&ip) ? L : 0) |
			   (addr_ip_private(&ip) ? P : 0) |
			   (addr_ip_guarded(&ip) ? G : 0),
		    ranges[i].is, "ranges of %s", ranges[i].ip);
	}
}

static const struct network {
	const char *net;
	const char *ip;
	int in; /* -1: malformed */
} networks[] = {
	{ "10.0.0.0/8", "::ffff:10.255.0.1", 1 },
	{ "10.9.9.9/8", "::ffff:10.255.0.1", 1 },
	{ "10.0.0.0/8", "::ffff:11.0.0.0", 0 },
	{ "10.0.0.0/8", "64:ff9b::10.0.0.1", 0 },
	{ "10.0.0.1", "::ffff:10.0.0.1", 1 },
	{ "10.0.0.1", "::ffff:10.0.0.0", 0 },
	{ "10.0.0.128/25", "::ffff:10.0.0.127", 0 },
	{ "10.0.0.128/25", "::ffff:10.0.0.129", 1 },
	{ "0.0.0.0/0", "::ffff:1.2.3.4", 1 },
	{ "0.0.0.0/0", "2001:db8::1", 0 },
	{ "*", "2001:db8::1", 1 },
	{ "*", "::ffff:1.2.3.4", 1 },
	{ "::1", "::1", 1 },
	{ "::1", "::2", 0 },
	{ "fd00::/7", "fc12::1", 1 },
	{ "2001:db8::/33", "2001:db8:8000::", 0 },
	{ "", NULL, -1 },
	{ "10.0.0.0/33", NULL, -1 },
	{ "10.0.0.0/", NULL, -1 },
	{ "10.0.0.0/-1", NULL, -1 },
	{ "10.0.0.0/+8", NULL, -1 },
	{ "10.0.0.0/ 8", NULL, -1 },
	{ "10.0.0.0/8/8", NULL, -1 },
	{ "10.0.0/8", NULL, -1 },
	{ "10/8", NULL, -1 },
	{ "010.0.0.0/8", NULL, -1 },
	{ "::/129", NULL, -1 },
	{ "[::1]", NULL, -1 },
	{ "fe80::1%eth0", NULL, -1 },
	{ "example.org", NULL, -1 },
	{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", NULL, -1 },
};

static void
test_cidr(void)
{
	struct in6_addr ip;
	struct cidr c;

	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		const struct network *n = &networks[i];
		int r = cidr_parse(&c, n->net, err, sizeof(err));

		if (n->in == -1) {
			is_int(r, -1, "no network: %s", err);
			continue;
		}
		inet_pton(AF_INET6, n->ip, &ip);
		is_int(r == 0 && cidr_contains(&c, &ip), n->in, "%s in %s: %d",
		    n->ip, n->net, n->in);
	}
}

static void
test_cidr_guarded(void)
{
	static const char *const inside[] = { "127.0.0.0/8", "127.0.0.1",
		"127.1.0.0/16", "169.254.0.0/16", "169.254.169.254", "::1",
		"::", "fe80::/10", "fe80::/64", "ff00::/8", "224.0.0.0/4",
		"0.0.0.0", "0.0.0.0/8", "255.255.255.255", "2002:7f00:1::" };
	static const char *const outside[] = { "*", "0.0.0.0/0", "::/0",
		"126.0.0.0/7", "169.254.0.0/15", "128.0.0.0/1", "fe80::/9",
		"fe00::/8", "10.0.0.0/8", "::/96", "::ffff:0:0/96" };
	struct cidr c;

	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		ok(cidr_parse(&c, inside[i], err, sizeof(err)) == 0 &&
			cidr_guarded(&c),
		    "%s lies within a guarded network", inside[i]);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		ok(cidr_parse(&c, outside[i], err, sizeof(err)) == 0 &&
			!cidr_guarded(&c),
		    "%s does not", outside[i]);
}

static void
test_embedded(void)
{
	static const struct {
		const char *ip, *v4; /* NULL: none */
	} cases[] = {
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "::192.0.2.1", "::ffff:192.0.2.1" },
		{ "::", "::ffff:0.0.0.0" },
		{ "::ffff:0:192.0.2.1", "::ffff:192.0.2.1" },
		{ "64:ff9b::192.0.2.1", "::ffff:192.0.2.1" },
		{ "64:ff9b:1:5::192.0.2.1", "::ffff:192.0.2.1" },
		{ "2002:c000:201::7", "::ffff:192.0.2.1" },
		{ "64:ff9b:2::192.0.2.1", NULL },
		{ "2001:db8::192.0.2.1", NULL },
		{ "fe80::1", NULL },
	};
	struct in6_addr ip, want, v4;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		inet_pton(AF_INET6, cases[i].ip, &ip);
		if (cases[i].v4 == NULL) {
			ok(!addr_ip_embedded(&ip, &v4), "%s has none",
			    cases[i].ip);
			continue;
		}
		inet_pton(AF_INET6, cases[i].v4, &want);
		ok(addr_ip_embedded(&ip, &v4) && IN6_ARE_ADDR_EQUAL(&v4, &want),
		    "%s has %s", cases[i].ip, cases[i].v4);
	}
}

static void
test_same_listener(void)
{
	static const struct {
		const char *a, *b;
		bool same, clash;
	} cases[] = {
		{ "127.0.0.1:80", "localhost:80", true, true },
		{ "127.0.0.1:80", "127.0.0.1:81", false, false },
		{ "127.0.0.1:80", "127.0.0.2:80", false, false },
		{ "127.0.0.1:0", "127.0.0.1:0", false, false },
		{ ":80", "*:80", true, true },
		{ ":80", "0.0.0.0:80", false, true },
		{ "0.0.0.0:80", "[::]:80", false, true },
		{ ":80", "127.0.0.1:80", false, true },
		{ ":80", "[::1]:80", false, true },
		{ ":80", "[::1]:81", false, false },
		{ ":0", "127.0.0.1:0", false, false },
		{ "0.0.0.0:80", "127.0.0.1:80", false, true },
		{ "0.0.0.0:80", "[::1]:80", false, false },
		{ "[::]:80", "127.0.0.1:80", false, true },
		{ "/a", "/a", true, true },
		{ "/a", "/b", false, false },
		{ "/a", ":80", false, false },
	};
	struct addr a, b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		addr_parse_listen(&a, cases[i].a, err, sizeof(err));
		addr_parse_listen(&b, cases[i].b, err, sizeof(err));
		is_int(addr_same_listener(&a, &b), cases[i].same, "%s and %s",
		    cases[i].a, cases[i].b);
		is_int(addr_listeners_clash(&a, &b), cases[i].clash,
		    "%s beside %s", cases[i].a, cases[i].b);
		is_int(addr_listeners_clash(&b, &a), cases[i].clash,
		    "%s beside %s", cases[i].b, cases[i].a);
	}
}

/* What a listener may be called. */
static void
test_listen(void)
{
	char text[ADDR_STRLEN];
	struct addr a;

	ok(addr_parse_listen(&a, "LocalHost:80", err, sizeof(err)) == 0,
	    "localhost is taken");
	is_str(addr_format(&a, text, sizeof(text)), "127.0.0.1:80",
	    "as 127.0.0.1");
	ok(addr_parse_listen(&a, ":80", err, sizeof(err)) == 0 && a.any,
	    "every address");
	ok(addr_parse_listen(&a, "host.example:80", err, sizeof(err)) == -1,
	    "another name is not");
	is_str(err, "host.example:80: a listener takes an address in numbers",
	    "which is said");
	ok(addr_parse_listen(&a, "name:x", err, sizeof(err)) == -1,
	    "nor is a rendezvous name");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++)
		test_good(&goods[i]);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++)
		test_bad(&bads[i]);
	test_truncated();
	test_lengths();
	test_sockaddr();
	test_ranges();
	test_cidr();
	test_cidr_guarded();
	test_embedded();
	test_listen();
	test_same_listener();
	return done_testing();
}
