/*
 * SOCKS messages.  The first byte says which; what shows early shows in every
 * longer beginning too.
 */
#include "socks.h"

#include <string.h>

#include "addr.h"
#include "fuzz_main.h"

typedef int parse_fn(const uint8_t *, size_t);

static void
check_word(const char *s)
{
	for (; *s != '\0'; s++)
		FUZZ_ASSERT((unsigned char)*s > ' ' && *s != 0x7f);
}

static int
hello(const uint8_t *p, size_t len)
{
	struct socks_hello h;
	int r = socks_hello_parse(&h, p, len);

	FUZZ_ASSERT(r != 0 || len < SOCKS_HELLO_MAX);
	return r;
}

static int
login(const uint8_t *p, size_t len)
{
	struct socks_login l;
	int r = socks_login_parse(&l, p, len);

	FUZZ_ASSERT(r != 0 || len < SOCKS_LOGIN_MAX);
	if (r > 0)
		FUZZ_ASSERT(
		    strlen(l.user) + strlen(l.password) + 3 == (size_t)r);
	return r;
}

static int
request(const uint8_t *p, size_t len)
{
	struct socks_request q;
	struct addr a;
	char addr[300], err[128];
	int r = socks_request_parse(&q, p, len);

	FUZZ_ASSERT(r != 0 || len < SOCKS_REQUEST_MAX);
	if (r < 0)
		FUZZ_ASSERT(q.fault != SOCKS_OK);
	if (r <= 0)
		return r;
	check_word(q.host);
	for (const char *s = q.options; *s != '\0'; s++)
		FUZZ_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
	FUZZ_ASSERT(q.version == 5 || q.options[0] == '\0');
	if (socks_request_addr(&q, addr, sizeof(addr)) == -1)
		return r;
	check_word(addr);
	if (q.atyp != SOCKS_A_TEXT && q.atyp != SOCKS_A_NONE) {
		FUZZ_ASSERT(
		    addr_parse(&a, addr, ADDR_FOR_BIND, err, sizeof(err)) == 0);
		FUZZ_ASSERT(a.kind == ADDR_TCP && a.port == q.port);
	}
	return r;
}

/* What was read is written again as it is, once it has been. */
static int
binary(const uint8_t *p, size_t len)
{
	uint8_t one[SOCKS_REPLY_MAX], two[SOCKS_REPLY_MAX];
	struct socks_vsap_reply r, s;
	size_t n, m;
	int got = socks_vsap_parse(&r, p, len);

	FUZZ_ASSERT(got != 0 || len < SOCKS_REPLY_MAX);
	if (got <= 0)
		return got;
	check_word(r.local);
	check_word(r.remote);
	n = socks_vsap_format(r.rep, r.code, r.sid, r.local, r.remote, r.text,
	    one, sizeof(one));
	FUZZ_ASSERT(n > 0 && socks_vsap_parse(&s, one, n) == (int)n);
	FUZZ_ASSERT(s.code == r.code && s.sid == r.sid && s.rep == r.rep);
	FUZZ_ASSERT(strcmp(s.text, r.text) == 0);
	m = socks_vsap_format(s.rep, s.code, s.sid, s.local, s.remote, s.text,
	    two, sizeof(two));
	FUZZ_ASSERT(m == n && memcmp(one, two, n) == 0);
	return got;
}

/* A reply with any text for an address. */
static void
reply(const char *bound)
{
	uint8_t out[SOCKS_REPLY_MAX];
	size_t n;

	FUZZ_ASSERT(
	    socks_reply_format(4, SOCKS_OK, bound, out, sizeof(out)) == 8);
	n = socks_reply_format(5, SOCKS_OK, bound, out, sizeof(out));
	FUZZ_ASSERT(n >= 8 && n <= 262);
	FUZZ_ASSERT(out[3] == SOCKS_A_IPV4 || out[3] == SOCKS_A_IPV6 ||
		    out[3] == SOCKS_A_NAME);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static parse_fn *const parsers[] = { hello, login, request, binary };
	parse_fn *parse;
	int r = 0, was;

	if (n == 0)
		return 0;
	if (data[0] % 5 == 4) {
		char text[300];

		n = n - 1 < sizeof(text) - 1 ? n - 1 : sizeof(text) - 1;
		memcpy(text, data + 1, n);
		text[n] = '\0';
		reply(text);
		return 0;
	}
	parse = parsers[data[0] % 5];
	data++;
	n--;
	for (size_t i = 0; i <= n && i <= SOCKS_REPLY_MAX + 8; i++) {
		was = r;
		r = parse(data, i);
		FUZZ_ASSERT(was == 0 || r == was);
		FUZZ_ASSERT(r <= (int)i);
	}
	return 0;
}
