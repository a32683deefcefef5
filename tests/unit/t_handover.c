/*
 * PROXY headers and the hand-over message.
 */
#include "handover.h"

#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "addr.h"
#include "tap.h"

static uint8_t msg[HANDOVER_MAX + 16];
static char out[ADDR_STRLEN];

static struct sockaddr *
sa_of(const char *s)
{
	static struct sockaddr_storage ring[4];
	static size_t next;
	struct sockaddr_storage *ss = &ring[next++ % 4];
	char err[128];
	struct addr a;

	memset(ss, 0, sizeof(*ss));
	if (strcmp(s, "unnamed") == 0)
		ss->ss_family = AF_UNIX;
	else if (addr_parse(&a, s, 0x3f, err, sizeof(err)) == -1 ||
		 addr_sockaddr(&a, ss) == 0)
		return NULL;
	/* addr_sockaddr() unmaps; here a mapped one is wanted as it is */
	if (strncmp(s, "[::ffff:", 8) == 0) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

		memset(ss, 0, sizeof(*ss));
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = a.ip;
		in6->sin6_port = htons(a.port);
	}
	return (struct sockaddr *)ss;
}

static const struct pair {
	const char *src, *dst;	 /* "NULL" is none */
	size_t len;		 /* of the v2 header */
	const char *psrc, *pdst; /* as parsed; NULL: not known */
	const char *v1;
} pairs[] = {
	{ "192.0.2.1:1234", "10.0.0.1:80", 28, "192.0.2.1:1234", "10.0.0.1:80",
	    "PROXY TCP4 192.0.2.1 10.0.0.1 1234 80\r\n" },
	{ "[2001:db8::1]:1234", "[::1]:80", 52, "[2001:db8::1]:1234",
	    "[::1]:80", "PROXY TCP6 2001:db8::1 ::1 1234 80\r\n" },
	{ "192.0.2.1:1", "[::1]:65535", 52, "192.0.2.1:1", "[::1]:65535",
	    "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 65535\r\n" },
	{ "[::ffff:192.0.2.1]:5", "10.0.0.1:6", 28, "192.0.2.1:5", "10.0.0.1:6",
	    "PROXY TCP4 192.0.2.1 10.0.0.1 5 6\r\n" },
	{ "/tmp/a", "/tmp/b", 232, "/tmp/a", "/tmp/b", "PROXY UNKNOWN\r\n" },
	{ "unnamed", "/tmp/b", 232, "unix", "/tmp/b", "PROXY UNKNOWN\r\n" },
	{ "/tmp/a", "10.0.0.1:80", 16, NULL, NULL, "PROXY UNKNOWN\r\n" },
	{ "10.0.0.1:80", "NULL", 16, NULL, NULL, "PROXY UNKNOWN\r\n" },
	{ "NULL", "10.0.0.1:80", 16, NULL, NULL, "PROXY UNKNOWN\r\n" },
	{ "NULL", "NULL", 16, NULL, NULL, "PROXY UNKNOWN\r\n" },
};

static const char *
shown(const struct sockaddr_storage *ss, socklen_t len)
{
	return addr_format_sa((const struct sockaddr *)ss, len, out,
	    sizeof(out));
}

static void
test_pair(const struct pair *p)
{
	struct sockaddr *src = sa_of(p->src), *dst = sa_of(p->dst);
	char v1[PROXY_V1_MAX];
	struct handover h;
	size_t n, short_ok = 0;

	n = handover_format(msg, sizeof(msg), src, dst, "first", 5);
	is_int(n, p->len + 5, "%s %s: length", p->src, p->dst);
	if (!is_int(handover_parse(&h, msg, n), 0, "is parsed"))
		return;
	ok(h.firstlen == 5 && memcmp(h.first, "first", 5) == 0, "first bytes");
	if (p->psrc == NULL) {
		ok(h.src.ss_family == AF_UNSPEC && h.srclen == 0, "LOCAL");
		ok(h.dst.ss_family == AF_UNSPEC && h.dstlen == 0, "LOCAL");
	} else {
		is_str(shown(&h.src, h.srclen), p->psrc, "source");
		is_str(shown(&h.dst, h.dstlen), p->pdst, "destination");
	}
	n = proxy_v1_format(v1, sizeof(v1), src, dst);
	is_str(v1, p->v1, "version 1");
	is_int(n, strlen(p->v1), "its length");
	is_int(proxy_v1_format(v1, n, src, dst), 0, "no room for its NUL");
	is_int(proxy_v2_format(msg, p->len, src, dst), p->len, "v2 fits");
	is_int(proxy_v2_format(msg, p->len - 1, src, dst), 0, "or does not");
	for (size_t i = 0; i < p->len; i++) {
		uint8_t *copy = malloc(i + 1);

		memcpy(copy, msg, i);
		short_ok += handover_parse(&h, copy, i) == 0;
		free(copy);
	}
	is_int(short_ok, 0, "truncated at every byte: refused");
}

/* A header of n address bytes (zeros), command and family given. */
static int
parse_raw(uint8_t command, uint8_t family, size_t n, size_t len)
{
	struct handover h;

	proxy_v2_format(msg, sizeof(msg), NULL, NULL);
	memset(msg + 16, 0, len);
	msg[12] = command;
	msg[13] = family;
	msg[14] = (uint8_t)(n >> 8);
	msg[15] = (uint8_t)n;
	return handover_parse(&h, msg, 16 + len);
}

static void
test_raw(void)
{
	is_int(parse_raw(0x21, 0x11, 12, 12), 0, "IPv4");
	is_int(parse_raw(0x21, 0x11, 11, 12), -1, "IPv4, a byte short");
	is_int(parse_raw(0x21, 0x11, 12, 11), -1, "longer than the message");
	is_int(parse_raw(0x21, 0x11, 65535, 100), -1, "much longer");
	is_int(parse_raw(0x21, 0x21, 36, 36), 0, "IPv6");
	is_int(parse_raw(0x21, 0x21, 35, 35), -1, "IPv6, a byte short");
	is_int(parse_raw(0x21, 0x31, 216, 216), 0, "UNIX");
	is_int(parse_raw(0x21, 0x31, 215, 215), -1, "UNIX, a byte short");
	is_int(parse_raw(0x21, 0x11, 15, 15), 0, "an empty TLV");
	is_int(parse_raw(0x21, 0x11, 13, 13), -1, "one byte of a TLV");
	is_int(parse_raw(0x21, 0x11, 14, 14), -1, "two bytes of a TLV");
	is_int(parse_raw(0x21, 0x00, 0, 0), 0, "UNSPEC: not known");
	is_int(parse_raw(0x21, 0x00, 7, 7), 0, "its bytes are skipped");
	is_int(parse_raw(0x20, 0x00, 0, 0), 0, "LOCAL");
	is_int(parse_raw(0x20, 0x11, 12, 12), 0, "LOCAL: all is skipped");
	is_int(parse_raw(0x20, 0x77, 5, 5), 0, "whatever it says");
	is_int(parse_raw(0x22, 0x11, 12, 12), -1, "no such command");
	is_int(parse_raw(0x11, 0x11, 12, 12), -1, "version 1 in binary");
	is_int(parse_raw(0x31, 0x11, 12, 12), -1, "version 3");
	is_int(parse_raw(0x21, 0x12, 12, 12), -1, "a datagram");
	is_int(parse_raw(0x21, 0x41, 216, 216), -1, "no such family");
	is_int(parse_raw(0x21, 0x10, 12, 12), -1, "no transport");
}

static void
test_tlv(void)
{
	struct handover h;

	proxy_v2_format(msg, sizeof(msg), sa_of("1.2.3.4:5"),
	    sa_of("6.7.8.9:10"));
	msg[15] = 12 + 5;
	memcpy(msg + 28, "\x04\x00\x02xyF", 6);
	is_int(handover_parse(&h, msg, 34), 0, "a TLV is skipped");
	ok(h.firstlen == 1 && *(const char *)h.first == 'F', "first byte");
	msg[30] = 3;
	is_int(handover_parse(&h, msg, 34), -1, "one past its header");
	msg[29] = 0xff;
	is_int(handover_parse(&h, msg, 34), -1, "one far past it");
	msg[29] = 0;
	msg[30] = 2;
	msg[3] = 'x';
	is_int(handover_parse(&h, msg, 34), -1, "another signature");
}

static void
test_limits(void)
{
	static uint8_t first[HANDOVER_FIRST_MAX + 1];
	struct sockaddr *src = sa_of("/tmp/a"), *dst = sa_of("/tmp/b");
	struct handover h;
	size_t n;

	n = handover_format(msg, HANDOVER_MAX, src, dst, first,
	    HANDOVER_FIRST_MAX);
	is_int(n, HANDOVER_FIRST_MAX + PROXY_V2_MAX, "the longest message");
	is_int(handover_parse(&h, msg, n), 0, "is parsed");
	is_int(handover_parse(&h, msg, n + 1), -1, "one byte more is not");
	is_int(handover_format(msg, sizeof(msg), src, dst, first,
		   sizeof(first)),
	    0, "nor made");
	is_int(handover_format(msg, 240, src, dst, first, 9), 0, "no room");
	is_int(handover_format(msg, 232, src, dst, NULL, 0), 232,
	    "no first bytes");
	is_int(handover_format(msg, 231, src, dst, NULL, 0), 0, "no room");
}

static void
test_long_path(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_un *sun = (struct sockaddr_un *)&ss;
	struct handover h;
	size_t n;

	memset(&ss, 0, sizeof(ss));
	sun->sun_family = AF_UNIX;
	memset(sun->sun_path, 'p', sizeof(sun->sun_path));
	n = handover_format(msg, sizeof(msg), (struct sockaddr *)&ss,
	    (struct sockaddr *)&ss, NULL, 0);
	is_int(handover_parse(&h, msg, n), 0, "a path of 108 bytes");
	is_int(h.srclen, sizeof(*sun), "its length has no NUL");
	ok(memcmp(&h.src, &ss, sizeof(ss)) == 0, "and it is the same");
}

/* --- headers at the head of a stream ---------------------------------- */

/* As proxy_parse() sees it byte by byte; the answer of the last. */
static int
growing(struct handover *h, const void *p, size_t len, size_t *at)
{
	int r = 0;

	for (*at = 0; *at <= len && r == 0; (*at)++) {
		char *copy = malloc(*at + 1);

		memcpy(copy, p, *at);
		r = proxy_parse(h, copy, *at);
		free(copy);
	}
	(*at)--;
	return r;
}

static void
test_stream(const struct pair *p)
{
	struct sockaddr *src = sa_of(p->src), *dst = sa_of(p->dst);
	char v1[PROXY_V1_MAX + 8];
	struct handover h;
	size_t n, at;

	n = handover_format(msg, sizeof(msg), src, dst, "first", 5);
	is_int(growing(&h, msg, n, &at), p->len, "%s %s: version 2", p->src,
	    p->dst);
	is_int(at, p->len, "not known a byte before");
	is_int(proxy_parse(&h, msg, n), p->len, "with bytes behind it");
	ok(h.firstlen == 5 && memcmp(h.first, "first", 5) == 0, "which stay");
	is_str(shown(&h.src, h.srclen), p->psrc == NULL ? "?" : p->psrc,
	    "source");
	is_str(shown(&h.dst, h.dstlen), p->pdst == NULL ? "?" : p->pdst,
	    "destination");
	n = proxy_v1_format(v1, sizeof(v1), src, dst);
	is_int(growing(&h, v1, n, &at), n, "version 1");
	is_int(at, n, "not known a byte before");
	memcpy(v1 + n, "first", 5);
	is_int(proxy_parse(&h, v1, n + 5), n, "with bytes behind it");
	ok(h.firstlen == 5 && memcmp(h.first, "first", 5) == 0, "which stay");
	if (strncmp(p->v1, "PROXY UNKNOWN", 13) == 0)
		ok(h.src.ss_family == AF_UNSPEC, "UNKNOWN is not known");
	else
		is_str(addr_host_sa((struct sockaddr *)&h.src, out,
			   sizeof(out)),
		    strncmp(p->src, "[::ffff:", 8) == 0
			? "192.0.2.1"
			: (addr_host_sa(src, v1, sizeof(v1)), v1),
		    "source");
}

/* at: how many bytes it takes to see that; 0: all of them. */
static const struct line {
	const char *text;
	int r;
	size_t at;
} lines[] = {
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n", 36, 0 },
	{ "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    104, 0 },
	{ "PROXY UNKNOWN whatever stands here\r\n", 36, 0 },
	{ "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    107, 0 },
	{ "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535 \r\n",
	    -1, 107 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 4294967296\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", -1, 0 },
	{ "PROXY TCP4 ::1 ::1 1 2\r\n", -1, 0 },
	{ "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", -1, 0 },
	{ "PROXY TCP6 ::1%lo ::1 1 2\r\n", -1, 0 },
	{ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", -1, 0 },
	{ "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", -1, 0 },
	{ "PROXY UNKNOWNER\r\n", -1, 0 },
	{ "PROXY \r\n", -1, 0 },
	{ "PROXY\r\n", -1, 6 },
	{ "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", -1, 1 },
	{ "NICK a\r\n", -1, 1 },
	{ "\r\n\r\nx", -1, 5 },
	{ "\n", -1, 1 },
};

static void
test_line(const struct line *l)
{
	size_t at, len = strlen(l->text);
	struct handover h;

	is_int(growing(&h, l->text, len, &at), l->r, "%.*s",
	    (int)strcspn(l->text, "\r\n"), l->text);
	is_int(at, l->at == 0 ? len : l->at, "and when that shows");
}

static void
test_nul(void)
{
	static const char nul[] = "PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n";
	struct handover h;

	is_int(proxy_parse(&h, nul, sizeof(nul) - 1), -1, "a NUL");
	is_int(proxy_parse(&h, "", 0), 0, "nothing yet");
	ok(proxy_begins("PROXY x", 7) && proxy_begins("PRO", 3) &&
		proxy_begins("\r\n\r", 3) &&
		proxy_begins("\r\n\r\n\0\r\nQUIT\nx", 13),
	    "begin as headers do");
	ok(!proxy_begins("PROXYx", 6) && !proxy_begins("proxy ", 6) &&
		!proxy_begins("GET /", 5) && !proxy_begins("\r\n\r\nx", 5),
	    "do not");
}

/* As proxy_parse() is told a header whose length is n. */
static int
stream_raw(uint8_t command, uint8_t family, size_t n, size_t have)
{
	struct handover h;

	memset(msg, 0, sizeof(msg));
	proxy_v2_format(msg, sizeof(msg), NULL, NULL);
	msg[12] = command;
	msg[13] = family;
	msg[14] = (uint8_t)(n >> 8);
	msg[15] = (uint8_t)n;
	return proxy_parse(&h, msg, have);
}

static void
test_stream_limits(void)
{
	is_int(stream_raw(0x21, 0x00, 520, 536), 536, "the longest header");
	is_int(stream_raw(0x21, 0x00, 520, 535), 0, "a byte before its end");
	is_int(stream_raw(0x21, 0x00, 521, 16), -1, "one byte longer");
	is_int(stream_raw(0x20, 0x00, 65535, 16), -1, "much longer");
	is_int(stream_raw(0x31, 0x11, 12, 13), -1, "version 3, at once");
	is_int(stream_raw(0x21, 0x11, 11, 27), -1, "IPv4, a byte short");
	is_int(stream_raw(0x21, 0x11, 13, 29), -1, "a TLV broken off");
	is_int(stream_raw(0x21, 0x12, 12, 28), -1, "a datagram");
	is_int(stream_raw(0x20, 0x77, 3, 19), 19, "LOCAL, whatever it says");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		test_stream(&pairs[i]);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		test_line(&lines[i]);
	test_nul();
	test_stream_limits();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		test_pair(&pairs[i]);
	test_raw();
	test_tlv();
	test_limits();
	test_long_path();
	return done_testing();
}
