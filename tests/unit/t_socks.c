/*
 * SOCKS 4, 4a, 5, and VSAP in binary.
 */
#include "socks.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge.h"
#include "tap.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
/* The bytes of a literal, with their number. */
#define B(s) s, sizeof(s) - 1

/* What a parser says to each beginning of a message: 0 up to the end at
 * which it is decided, and the same from there on. */
typedef int parse_fn(void *, const void *, size_t);

static int
every_beginning(parse_fn *parse, void *out, const char *p, size_t len,
    size_t *decided)
{
	int r = 0;

	for (*decided = 0; *decided <= len; (*decided)++)
		if ((r = parse(out, edge(p, *decided), *decided)) != 0)
			break;
	for (size_t n = *decided; n <= len; n++)
		if (parse(out, edge(p, n), n) != r)
			return -2;
	return r;
}

static int
hello(void *out, const void *p, size_t len)
{
	return socks_hello_parse(out, p, len);
}

static int
credentials(void *out, const void *p, size_t len)
{
	return socks_login_parse(out, p, len);
}

static int
request(void *out, const void *p, size_t len)
{
	return socks_request_parse(out, p, len);
}

static int
binary_reply(void *out, const void *p, size_t len)
{
	return socks_vsap_parse(out, p, len);
}

/* --- hello and password ------------------------------------------------ */

static const struct {
	const char *p;
	size_t len;
	int r;		/* bytes, 0, -1 */
	size_t decided; /* with so many bytes */
	bool no_auth, userpass;
} hellos[] = {
	{ B("\5\1\0"), 3, 3, true, false },
	{ B("\5\1\2"), 3, 3, false, true },
	{ B("\5\2\0\2"), 4, 4, true, true },
	{ B("\5\3\2\1\0"), 5, 5, true, true },
	{ B("\5\1\1"), 3, 3, false, false },
	{ B("\5\1\xff"), 3, 3, false, false },
	{ B("\5\2\0\0more"), 4, 4, true, false },
	{ B("\5\3\0\2"), 0, 5, true, true },
	{ B("\5"), 0, 2, false, false },
	{ B(""), 0, 1, false, false },
	{ B("\5\0"), -1, 2, false, false },
	{ B("\4\1\0"), -1, 1, false, false },
	{ B("\6\1\0"), -1, 1, false, false },
	{ B("\0\1\0"), -1, 1, false, false },
	{ B("GET"), -1, 1, false, false },
};

static void
test_hellos(void)
{
	unsigned char longest[SOCKS_HELLO_MAX + 1] = { 5, 255 };
	struct socks_hello h;
	size_t decided;

	for (size_t i = 0; i < NELEM(hellos); i++) {
		is_int(every_beginning(hello, &h, hellos[i].p, hellos[i].len,
			   &decided),
		    hellos[i].r, "hello %zu", i);
		is_int(decided, hellos[i].decided, "decided by its byte");
		ok(h.no_auth == hellos[i].no_auth &&
			h.userpass == hellos[i].userpass,
		    "its methods");
	}
	is_int(socks_hello_parse(&h, longest, sizeof(longest)), SOCKS_HELLO_MAX,
	    "the longest");
}

static const struct {
	const char *p;
	size_t len;
	int r;
	size_t decided;
	const char *user, *password;
} logins[] = {
	{ B("\1\1u\1p"), 5, 5, "u", "p" },
	{ B("\1\4user\6secretmore"), 13, 13, "user", "secret" },
	{ B("\1\0\0"), 3, 3, "", "" },
	{ B("\1\0\1p"), 4, 4, "", "p" },
	{ B("\1\1u\0"), 4, 4, "u", "" },
	{ B("\1\2u:\2:p"), 7, 7, "u:", ":p" },
	{ B("\1\1\n\1\xff"), 5, 5, "\n", "\xff" },
	{ B("\1\4use"), 0, 6, "", "" },
	{ B("\1\1u\4pas"), 0, 8, "u", "" },
	{ B("\0\1u\1p"), -1, 1, "", "" },
	{ B("\5\1u\1p"), -1, 1, "", "" },
	{ B("\1\4us\0r\1p"), -1, 5, "", "" },
	{ B("\1\1u\3p\0p"), -1, 6, "u", "" },
	{ B("\1\1\0\1p"), -1, 3, "", "" },
};

static void
test_logins(void)
{
	char longest[SOCKS_LOGIN_MAX + 1];
	struct socks_login l;
	size_t decided;

	for (size_t i = 0; i < NELEM(logins); i++) {
		is_int(every_beginning(credentials, &l, logins[i].p,
			   logins[i].len, &decided),
		    logins[i].r, "login %zu", i);
		is_int(decided, logins[i].decided, "decided by its byte");
		if (logins[i].r <= 0)
			continue;
		is_str(l.user, logins[i].user, "user");
		is_str(l.password, logins[i].password, "password");
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = 1;
	longest[1] = longest[257] = (char)255;
	is_int(socks_login_parse(&l, longest, sizeof(longest)), SOCKS_LOGIN_MAX,
	    "the longest");
	is_int(strlen(l.user), 255, "its user");
	is_int(strlen(l.password), 255, "its password");
}

/* --- requests ---------------------------------------------------------- */

static const struct good {
	const char *p;
	size_t len;
	int bytes, version, command, atyp;
	const char *host;
	uint16_t port;
	const char *user, *options;
	const char *addr; /* NULL: it has none */
} good[] = {
	/* version 4 */
	{ B("\4\1\0\x50\x0a\0\0\1\0"), 9, 4, 1, SOCKS_A_IPV4, "10.0.0.1", 80,
	    "", "", "10.0.0.1:80" },
	{ B("\4\2\x1f\x90\x7f\0\0\1ops\0more"), 12, 4, 2, SOCKS_A_IPV4,
	    "127.0.0.1", 8080, "ops", "", "127.0.0.1:8080" },
	{ B("\4\2\0\0\0\0\0\0\0"), 9, 4, 2, SOCKS_A_IPV4, "0.0.0.0", 0, "", "",
	    "*:0" },
	{ B("\4\x63\0\1\xff\xff\xff\xff\0"), 9, 4, 99, SOCKS_A_IPV4,
	    "255.255.255.255", 1, "", "", "255.255.255.255:1" },
	/* 4a: 0.0.0.x */
	{ B("\4\1\1\xbb\0\0\0\1\0www.example.org\0"), 25, 4, 1, SOCKS_A_NAME,
	    "www.example.org", 443, "", "", "www.example.org:443" },
	{ B("\4\1\0\x50\0\0\0\xffme\0h\0"), 13, 4, 1, SOCKS_A_NAME, "h", 80,
	    "me", "", "h:80" },
	{ B("\4\1\0\x50\0\0\1\0\0"), 9, 4, 1, SOCKS_A_IPV4, "0.0.1.0", 80, "",
	    "", "0.0.1.0:80" },
	/* version 5 */
	{ B("\5\1\0\1\x7f\0\0\1\0\x50"), 10, 5, 1, SOCKS_A_IPV4, "127.0.0.1",
	    80, "", "", "127.0.0.1:80" },
	{ B("\5\2\0\1\0\0\0\0\0\0"), 10, 5, 2, SOCKS_A_IPV4, "0.0.0.0", 0, "",
	    "", "*:0" },
	{ B("\5\1\0\3\1h\0\x50more"), 8, 5, 1, SOCKS_A_NAME, "h", 80, "", "",
	    "h:80" },
	{ B("\5\1\0\3\x09localhost\0\x16"), 16, 5, 1, SOCKS_A_NAME, "localhost",
	    22, "", "", "localhost:22" },
	{ B("\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"), 22, 5, 1,
	    SOCKS_A_IPV6, "2001:db8::1", 80, "", "", "[2001:db8::1]:80" },
	{ B("\5\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1f\x90"), 22, 5, 2,
	    SOCKS_A_IPV6, "::", 8080, "", "", "*:8080" },
	{ B("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1\0\x50"), 22, 5, 1,
	    SOCKS_A_IPV4, "127.0.0.1", 80, "", "", "127.0.0.1:80" },
	{ B("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0\0\x50"), 22, 5, 1,
	    SOCKS_A_IPV4, "0.0.0.0", 80, "", "", "*:80" },
	{ B("\5\1\0\3\3::1\0\x50"), 10, 5, 1, SOCKS_A_NAME, "::1", 80, "", "",
	    "[::1]:80" },
	{ B("\5\3\0\1\0\0\0\0\0\0"), 10, 5, 3, SOCKS_A_IPV4, "0.0.0.0", 0, "",
	    "", "*:0" },
	{ B("\5\0\0\1\1\2\3\4\0\5"), 10, 5, 0, SOCKS_A_IPV4, "1.2.3.4", 5, "",
	    "", "1.2.3.4:5" },
	{ B("\5\x7f\0\1\1\2\3\4\0\5"), 10, 5, 127, SOCKS_A_IPV4, "1.2.3.4", 5,
	    "", "", "1.2.3.4:5" },
	/* names that are no hosts of an address */
	{ B("\5\1\0\3\4name\0\x50"), 11, 5, 1, SOCKS_A_NAME, "name", 80, "", "",
	    NULL },
	{ B("\5\1\0\3\2fd\0\3"), 9, 5, 1, SOCKS_A_NAME, "fd", 3, "", "", NULL },
	{ B("\5\1\0\3\4exec\0\3"), 11, 5, 1, SOCKS_A_NAME, "exec", 3, "", "",
	    NULL },
	{ B("\5\1\0\3\7/tmp/dg\0\3"), 14, 5, 1, SOCKS_A_NAME, "/tmp/dg", 3, "",
	    "", NULL },
	{ B("\5\1\0\3\1*\0\x50"), 8, 5, 1, SOCKS_A_NAME, "*", 80, "", "",
	    NULL },
	{ B("\5\1\0\3\1-\0\x50"), 8, 5, 1, SOCKS_A_NAME, "-", 80, "", "",
	    NULL },
	{ B("\5\1\0\3\4h:22\0\x50"), 11, 5, 1, SOCKS_A_NAME, "h:22", 80, "", "",
	    NULL },
	{ B("\5\1\0\3\6[::1]x\0\x50"), 13, 5, 1, SOCKS_A_NAME, "[::1]x", 80, "",
	    "", NULL },
	{ B("\5\1\0\3\6"
	    "0x7f.1\0\x50"),
	    13, 5, 1, SOCKS_A_NAME, "0x7f.1", 80, "", "", NULL },
	{ B("\5\1\0\3\3\xc3\xa4x\0\x50"), 10, 5, 1, SOCKS_A_NAME, "\303\244x",
	    80, "", "", NULL },
	{ B("\5\1\0\3\7"
	    "0.0.0.0\0\x50"),
	    14, 5, 1, SOCKS_A_NAME, "0.0.0.0", 80, "", "", NULL },
	/* VSAP in binary */
	{ B("\5\x80\5\0\0\0hello"), 11, 5, SOCKS_V_ECHO, SOCKS_A_NONE, "", 0,
	    "", "hello", "" },
	{ B("\5\x81\0\1\x7f\0\0\1\x1f\x90"), 10, 5, SOCKS_V_BIND, SOCKS_A_IPV4,
	    "127.0.0.1", 8080, "", "", "127.0.0.1:8080" },
	{ B("\5\x81\x0a\x80\x08name:foo\0\0-l=5 -r=10more"), 25, 5,
	    SOCKS_V_BIND, SOCKS_A_TEXT, "name:foo", 0, "", "-l=5 -r=10",
	    "name:foo" },
	{ B("\5\x84\0\x80\x0c/tmp/dgsock1\0\0"), 19, 5, SOCKS_V_CONNECT,
	    SOCKS_A_TEXT, "/tmp/dgsock1", 0, "", "", "/tmp/dgsock1" },
	{ B("\5\x87\0\0\0\0"), 6, 5, SOCKS_V_QUIT, SOCKS_A_NONE, "", 0, "", "",
	    "" },
	{ B("\5\xff\0\3\1h\0\x50"), 8, 5, 255, SOCKS_A_NAME, "h", 80, "", "",
	    "h:80" },
};

static void
test_good(const struct good *g, size_t i)
{
	struct socks_request r;
	char addr[300];
	size_t decided;
	int got;

	is_int(every_beginning(request, &r, g->p, g->len, &decided), g->bytes,
	    "request %zu", i);
	is_int(decided, g->bytes, "not known a byte before");
	ok(r.version == g->version && r.command == g->command &&
		r.atyp == g->atyp && r.port == g->port,
	    "version, command, type, port");
	is_str(r.host, g->host, "host");
	is_str(r.user, g->user, "user");
	is_str(r.options, g->options, "options");
	got = socks_request_addr(&r, addr, sizeof(addr));
	is_int(got, g->addr == NULL ? -1 : 0, "as an address");
	if (g->addr == NULL)
		return;
	is_str(addr, g->addr, "is this");
	is_int(socks_request_addr(&r, addr, strlen(g->addr) + 1), 0, "fits");
	is_int(socks_request_addr(&r, addr, strlen(g->addr)), -1, "or not");
}

static const struct {
	const char *p;
	size_t len;
	size_t decided; /* by so many bytes */
	int version;
	enum socks_rep fault;
} bad[] = {
	{ B("\0\1\0\1\1\2\3\4\0\1"), 1, 0, SOCKS_FAILURE },
	{ B("\3\1\0\1\1\2\3\4\0\1"), 1, 0, SOCKS_FAILURE },
	{ B("\6\1\0\1\1\2\3\4\0\1"), 1, 0, SOCKS_FAILURE },
	{ B("CONNECT h:80 HTTP/1.0\r\n"), 1, 0, SOCKS_FAILURE },
	{ B("\4\1\0\x50\x0a\0\0\1a\nb\0"), 10, 4, SOCKS_FAILURE },
	{ B("\4\1\0\x50\0\0\0\1\0\0"), 10, 4, SOCKS_FAILURE },
	{ B("\4\1\0\x50\0\0\0\1\0h x\0"), 11, 4, SOCKS_FAILURE },
	{ B("\4\1\0\x50\0\0\0\1\0h\x7f\0"), 11, 4, SOCKS_FAILURE },
	{ B("\5\1\1\1\1\2\3\4\0\1"), 3, 5, SOCKS_FAILURE },
	{ B("\5\1\0\0\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\1\0\2\1\2\3\4\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\1\0\5\1\2\3\4\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\1\0\xff\1\2\3\4\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\1\0\x80\1h\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\1\0\3\0\0\x50"), 5, 5, SOCKS_FAILURE },
	{ B("\5\1\0\3\3a\0b\0\x50"), 7, 5, SOCKS_FAILURE },
	{ B("\5\1\0\3\3a b\0\x50"), 7, 5, SOCKS_FAILURE },
	{ B("\5\1\0\3\3a\nb\0\x50"), 7, 5, SOCKS_FAILURE },
	{ B("\5\x81\0\x81\1h\0\1"), 4, 5, SOCKS_BAD_ATYP },
	{ B("\5\x81\0\x80\0\0\1"), 5, 5, SOCKS_FAILURE },
	{ B("\5\x81\0\x80\5:80 x\0\1"), 9, 5, SOCKS_FAILURE },
	{ B("\5\x81\0\x80\5:80\nx\0\1"), 9, 5, SOCKS_FAILURE },
	{ B("\5\x80\3\0\0\0a\nb"), 8, 5, SOCKS_FAILURE },
	{ B("\5\x80\3\0\0\0a\0b"), 8, 5, SOCKS_FAILURE },
	{ B("\5\x80\3\0\0\0\r\nb"), 7, 5, SOCKS_FAILURE },
};

static void
test_bad(void)
{
	struct socks_request r;
	size_t decided;

	for (size_t i = 0; i < NELEM(bad); i++) {
		is_int(every_beginning(request, &r, bad[i].p, bad[i].len,
			   &decided),
		    -1, "malformed %zu", i);
		is_int(decided, bad[i].decided, "told by its byte");
		is_int(r.version, bad[i].version, "in its version");
		is_int(r.fault, bad[i].fault, "with its reason");
	}
}

/* As long as they may be, and a byte longer. */
static void
test_longest(void)
{
	char m[SOCKS_REQUEST_MAX + 8], addr[300];
	struct socks_request r;
	size_t decided;

	memset(m, 'x', sizeof(m));
	memcpy(m, "\4\1\0\x50\0\0\0\1", 8);
	m[8 + 255] = m[8 + 256 + 255] = '\0';
	is_int(every_beginning(request, &r, m, sizeof(m), &decided),
	    SOCKS_REQUEST_MAX, "version 4, the longest");
	is_int(socks_request_addr(&r, addr, sizeof(addr)), -1,
	    "is the name of no host");
	m[8 + 256 + 255] = 'x';
	is_int(every_beginning(request, &r, m, sizeof(m), &decided), -1,
	    "a longer name");
	is_int(decided, SOCKS_REQUEST_MAX, "is told");
	m[8 + 255] = 'x';
	is_int(every_beginning(request, &r, m, sizeof(m), &decided), -1,
	    "a longer user");
	is_int(decided, 8 + 256, "is told");
	memset(m, 'x', sizeof(m));
	memcpy(m, "\5\x81\xff\x80\xff", 5);
	is_int(every_beginning(request, &r, m, sizeof(m), &decided),
	    5 + 255 + 2 + 255, "version 5, the longest");
	is_int(strlen(r.options), 255, "its options");
	is_int(socks_request_addr(&r, addr, sizeof(addr)), 0, "its text");
}

/* --- replies ----------------------------------------------------------- */

static const struct {
	int version;
	enum socks_rep rep;
	const char *bound;
	const char *p;
	size_t len;
} replies[] = {
	{ 4, SOCKS_OK, "10.0.0.1:80", B("\0\x5a\0\x50\x0a\0\0\1") },
	{ 4, SOCKS_OK, "", B("\0\x5a\0\0\0\0\0\0") },
	{ 4, SOCKS_OK, "[::1]:80", B("\0\x5a\0\0\0\0\0\0") },
	{ 4, SOCKS_OK, "*:80", B("\0\x5a\0\x50\0\0\0\0") },
	{ 4, SOCKS_OK, "/tmp/x", B("\0\x5a\0\0\0\0\0\0") },
	{ 4, SOCKS_REFUSED, "10.0.0.1:80", B("\0\x5b\0\x50\x0a\0\0\1") },
	{ 4, SOCKS_NOT_ALLOWED, "", B("\0\x5b\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "10.0.0.1:80", B("\5\0\0\1\x0a\0\0\1\0\x50") },
	{ 5, SOCKS_OK, "", B("\5\0\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_BAD_ATYP, "", B("\5\x08\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "[2001:db8::1]:80",
	    B("\5\0\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50") },
	{ 5, SOCKS_OK, "[::ffff:10.0.0.1]:80", B("\5\0\0\1\x0a\0\0\1\0\x50") },
	{ 5, SOCKS_OK, "*:80", B("\5\0\0\1\0\0\0\0\0\x50") },
	{ 5, SOCKS_OK, "0.0.0.0:80", B("\5\0\0\1\0\0\0\0\0\x50") },
	{ 5, SOCKS_OK, "[::]:80",
	    B("\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x50") },
	{ 5, SOCKS_OK, "host.example:80", B("\5\0\0\3\x0chost.example\0\x50") },
	{ 5, SOCKS_OK, "/tmp/dgsock1", B("\5\0\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "name:foo", B("\5\0\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "unix", B("\5\0\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "10.0.0.1", B("\5\0\0\1\0\0\0\0\0\0") },
	{ 5, SOCKS_OK, "10.0.0.1:70000", B("\5\0\0\1\0\0\0\0\0\0") },
};

static void
test_replies(void)
{
	unsigned char out[SOCKS_REPLY_MAX];

	for (size_t i = 0; i < NELEM(replies); i++) {
		size_t n = socks_reply_format(replies[i].version,
		    replies[i].rep, replies[i].bound, out, replies[i].len);

		ok(n == replies[i].len && memcmp(out, replies[i].p, n) == 0,
		    "version %d: %s", replies[i].version, replies[i].bound);
		is_int(socks_reply_format(replies[i].version, replies[i].rep,
			   replies[i].bound, out, replies[i].len - 1),
		    0, "no room");
	}
}

static const struct {
	const char *local, *remote, *text;
	const char *rlocal, *rremote, *rtext; /* as they are read */
} binaries[] = {
	{ "", "", "", "0.0.0.0:0", "", "" },
	{ "127.0.0.1:8080", "", "bound.", "127.0.0.1:8080", "", "bound." },
	{ "127.0.0.1:8080", "192.0.2.1:1682", "accepted.", "127.0.0.1:8080",
	    "192.0.2.1:1682", "accepted." },
	{ "[::1]:1", "[2001:db8::2]:65535", "x", "[::1]:1",
	    "[2001:db8::2]:65535", "x" },
	{ "/tmp/dgsock1", "name:foo", "x", "/tmp/dgsock1", "name:foo", "x" },
	{ "*:80", "host.example:7", "x", "0.0.0.0:80", "host.example:7", "x" },
	{ "unix", "unix", "a\nb\033\177", "unix", "unix", "a?b??" },
	{ "fd:3", "x y", "\303\244", "fd:3", NULL, NULL },
};

static void
test_binaries(void)
{
	struct socks_vsap_reply r;
	unsigned char out[SOCKS_REPLY_MAX];
	size_t decided, n;
	char m[64], text[400];

	for (size_t i = 0; i < NELEM(binaries); i++) {
		n = socks_vsap_format(SOCKS_NOT_ALLOWED, 510, 0xfedcba98,
		    binaries[i].local, binaries[i].remote, binaries[i].text,
		    out, sizeof(out));
		if (binaries[i].rremote == NULL) {
			is_int(socks_vsap_parse(&r, out, n), -1,
			    "no address: \"%s\"", binaries[i].remote);
			continue;
		}
		is_int(every_beginning(binary_reply, &r, (char *)out, n,
			   &decided),
		    n, "binary %zu", i);
		is_int(decided, n, "not known a byte before");
		ok(r.rep == SOCKS_NOT_ALLOWED && r.code == 510 &&
			r.sid == 0xfedcba98,
		    "its numbers");
		is_str(r.local, binaries[i].rlocal, "local");
		is_str(r.remote, binaries[i].rremote, "remote");
		is_str(r.text, binaries[i].rtext, "text");
		is_int(socks_vsap_format(SOCKS_OK, 510, 1, binaries[i].local,
			   binaries[i].remote, binaries[i].text, out, n - 1),
		    0, "no room");
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	n = socks_vsap_format(SOCKS_OK, 200, 0, text, text, text, out,
	    sizeof(out));
	is_int(socks_vsap_parse(&r, out, n), n, "a long text");
	is_int(strlen(r.text), 255, "is cut");
	is_str(r.local, "0.0.0.0:0", "a long address is none");
	text[255] = '\0';
	n = socks_vsap_format(SOCKS_OK, 200, 0, text, text, text, out,
	    sizeof(out));
	is_int(socks_vsap_parse(&r, out, n), n, "the longest");
	is_str(r.local, text, "its address");
	memcpy(m, "\5\0\0\1\1\2\3\4\0\5", 10);
	is_int(socks_vsap_parse(&r, m, 10), 0, "a reply of plain version 5");
	m[3] = 9;
	is_int(socks_vsap_parse(&r, m, 4), -1, "no such type");
	m[0] = 4;
	is_int(socks_vsap_parse(&r, m, 1), -1, "no such version");
	memcpy(m, "\5\0\1\0\0\0\0\xc8\0\0\0\0\0\0\0\n", 16);
	is_int(every_beginning(binary_reply, &r, m, 16, &decided), -1,
	    "a control byte in its text");
	is_int(decided, 16, "is told");
}

/* The layout that the manual prints. */
static void
test_layout(void)
{
	static const char want[] = "\5\0\6\1\x7f\0\0\1\x1f\x90\0\xd2\0\0\0\1"
				   "\0\0\0bound.";
	unsigned char out[SOCKS_REPLY_MAX];
	size_t n = socks_vsap_format(SOCKS_OK, 210, 1, "127.0.0.1:8080", "",
	    "bound.", out, sizeof(out));

	ok(n == sizeof(want) - 1 && memcmp(out, want, n) == 0, "byte by byte");
}

int
main(void)
{
	test_hellos();
	test_logins();
	for (size_t i = 0; i < NELEM(good); i++)
		test_good(&good[i], i);
	test_bad();
	test_longest();
	test_replies();
	test_binaries();
	test_layout();
	return done_testing();
}
