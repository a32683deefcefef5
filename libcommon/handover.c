/*
 * PROXY protocol headers and the hand-over message (haproxy's
 * proxy-protocol.txt, sections 2.1 and 2.2).
 */
#include "handover.h"

#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

#define V2_HEAD 16 /* signature, command, family, length */
#define V2_LOCAL 0x20
#define V2_PROXY 0x21
#define V2_INET 0x11 /* with STREAM, as all here */
#define V2_INET6 0x21
#define V2_UNIX 0x31
#define V2_INET_LEN 12
#define V2_INET6_LEN 36
#define V2_UNIX_LEN 216
#define V2_PATH 108

static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a,
	0x51, 0x55, 0x49, 0x54, 0x0a };
static const char v1_head[] = "PROXY ";

/* Both ends in the 16-byte form; v4 if both are IPv4. */
struct ends {
	struct in6_addr src, dst;
	uint16_t sport, dport; /* network byte order */
	bool v4;
};

static int
ip_ends(struct ends *e, const struct sockaddr *src, const struct sockaddr *dst)
{
	if (addr_ip_sa(src, &e->src) == -1 || addr_ip_sa(dst, &e->dst) == -1)
		return -1;
	e->sport = htons(addr_port_sa(src));
	e->dport = htons(addr_port_sa(dst));
	e->v4 = IN6_IS_ADDR_V4MAPPED(&e->src) && IN6_IS_ADDR_V4MAPPED(&e->dst);
	return 0;
}

/* The address block of an IP pair; returns its length. */
static size_t
put_ip(uint8_t *p, const struct ends *e)
{
	size_t n = e->v4 ? 4 : 16;

	memcpy(p, &e->src.s6_addr[16 - n], n);
	memcpy(p + n, &e->dst.s6_addr[16 - n], n);
	memcpy(p + 2 * n, &e->sport, 2);
	memcpy(p + 2 * n + 2, &e->dport, 2);
	return 2 * n + 4;
}

static void
put_path(uint8_t *p, const struct sockaddr *sa)
{
	const struct sockaddr_un *sun = (const struct sockaddr_un *)sa;

	memset(p, 0, V2_PATH);
	memcpy(p, sun->sun_path, strnlen(sun->sun_path, V2_PATH));
}

static bool
both_unix(const struct sockaddr *src, const struct sockaddr *dst)
{
	return src != NULL && dst != NULL && src->sa_family == AF_UNIX &&
	       dst->sa_family == AF_UNIX;
}

size_t
proxy_v2_format(void *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst)
{
	uint8_t h[PROXY_V2_MAX];
	struct ends e;
	size_t n = 0;

	memcpy(h, signature, sizeof(signature));
	h[12] = V2_PROXY;
	if (both_unix(src, dst)) {
		h[13] = V2_UNIX;
		put_path(h + V2_HEAD, src);
		put_path(h + V2_HEAD + V2_PATH, dst);
		n = V2_UNIX_LEN;
	} else if (ip_ends(&e, src, dst) == 0) {
		h[13] = e.v4 ? V2_INET : V2_INET6;
		n = put_ip(h + V2_HEAD, &e);
	} else {
		h[12] = V2_LOCAL;
		h[13] = 0;
	}
	h[14] = (uint8_t)(n >> 8);
	h[15] = (uint8_t)n;
	if (V2_HEAD + n > outlen)
		return 0;
	memcpy(out, h, V2_HEAD + n);
	return V2_HEAD + n;
}

size_t
proxy_v1_format(char *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst)
{
	char s[INET6_ADDRSTRLEN], d[INET6_ADDRSTRLEN];
	int family, skip, n;
	struct ends e;

	if (ip_ends(&e, src, dst) == -1) {
		n = snprintf(out, outlen, "PROXY UNKNOWN\r\n");
		return n < 0 || (size_t)n >= outlen ? 0 : (size_t)n;
	}
	family = e.v4 ? AF_INET : AF_INET6;
	skip = e.v4 ? 12 : 0;
	if (inet_ntop(family, &e.src.s6_addr[skip], s, sizeof(s)) == NULL ||
	    inet_ntop(family, &e.dst.s6_addr[skip], d, sizeof(d)) == NULL)
		return 0;
	n = snprintf(out, outlen, "PROXY TCP%c %s %s %u %u\r\n",
	    e.v4 ? '4' : '6', s, d, ntohs(e.sport), ntohs(e.dport));
	return n < 0 || (size_t)n >= outlen ? 0 : (size_t)n;
}

size_t
handover_format(void *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst, const void *first, size_t firstlen)
{
	size_t n = proxy_v2_format(out, outlen, src, dst);

	if (n == 0 || firstlen > HANDOVER_FIRST_MAX || firstlen > outlen - n)
		return 0;
	if (firstlen > 0)
		memcpy((uint8_t *)out + n, first, firstlen);
	return n + firstlen;
}

static void
get_ip(struct sockaddr_storage *ss, socklen_t *len, const uint8_t *ip,
    const uint8_t *port, bool v4)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	if (v4) {
		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, ip, 4);
		memcpy(&in->sin_port, port, 2);
		*len = sizeof(*in);
		return;
	}
	in6->sin6_family = AF_INET6;
	memcpy(&in6->sin6_addr, ip, 16);
	memcpy(&in6->sin6_port, port, 2);
	*len = sizeof(*in6);
}

static void
get_path(struct sockaddr_storage *ss, socklen_t *len, const uint8_t *p)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)ss;
	size_t n = strnlen((const char *)p, V2_PATH);

	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, p, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
			   (n > 0 && n < V2_PATH));
}

/* The address block at p; returns what it takes of n bytes, or -1. */
static int
get_addresses(struct handover *h, uint8_t family, const uint8_t *p, size_t n)
{
	bool v4 = family == V2_INET;
	size_t ip = v4 ? 4 : 16, need;

	need = v4		   ? V2_INET_LEN
	       : family == V2_UNIX ? V2_UNIX_LEN
				   : V2_INET6_LEN;
	if (family != V2_INET && family != V2_INET6 && family != V2_UNIX)
		return family == 0 ? 0 : -1;
	if (n < need)
		return -1;
	if (family == V2_UNIX) {
		get_path(&h->src, &h->srclen, p);
		get_path(&h->dst, &h->dstlen, p + V2_PATH);
	} else {
		get_ip(&h->src, &h->srclen, p, p + 2 * ip, v4);
		get_ip(&h->dst, &h->dstlen, p + ip, p + 2 * ip + 2, v4);
	}
	return (int)need;
}

/* Type-length-value records: none is used, each must end in its place. */
static bool
tlvs_fit(const uint8_t *p, size_t n)
{
	size_t len;

	for (; n > 0; p += 3 + len, n -= 3 + len) {
		if (n < 3)
			return false;
		len = (size_t)p[1] << 8 | p[2];
		if (len > n - 3)
			return false;
	}
	return true;
}

/* The header at p, whose bytes have all come; n is its address block. */
static int
get_v2(struct handover *h, const uint8_t *p, size_t n)
{
	int used;

	if (p[12] != V2_LOCAL && p[12] != V2_PROXY)
		return -1;
	if (p[12] == V2_LOCAL || p[13] == 0)
		return 0;
	used = get_addresses(h, p[13], p + V2_HEAD, n);
	if (used == -1 || !tlvs_fit(p + V2_HEAD + used, n - (size_t)used))
		return -1;
	return 0;
}

int
handover_parse(struct handover *h, const void *msg, size_t len)
{
	const uint8_t *p = msg;
	size_t n;

	memset(h, 0, sizeof(*h));
	if (len < V2_HEAD || memcmp(p, signature, sizeof(signature)) != 0)
		return -1;
	n = (size_t)p[14] << 8 | p[15];
	if (n > len - V2_HEAD || len - V2_HEAD - n > HANDOVER_FIRST_MAX ||
	    get_v2(h, p, n) == -1)
		return -1;
	h->first = p + V2_HEAD + n;
	h->firstlen = len - V2_HEAD - n;
	return 0;
}

static bool
begins(const void *p, size_t len, const void *head, size_t n)
{
	return memcmp(p, head, len < n ? len : n) == 0;
}

static int
stream_v2(struct handover *h, const uint8_t *p, size_t len)
{
	size_t n, sig = sizeof(signature);

	if (!begins(p, len, signature, sig))
		return -1;
	if (len > sig && p[12] != V2_LOCAL && p[12] != V2_PROXY)
		return -1;
	if (len < V2_HEAD)
		return 0;
	n = (size_t)p[14] << 8 | p[15];
	if (n > PROXY_HEADER_MAX - V2_HEAD)
		return -1;
	if (len < V2_HEAD + n)
		return 0;
	return get_v2(h, p, n) == -1 ? -1 : (int)(V2_HEAD + n);
}

/* A port as version 1 writes it: decimal, no leading zeros. */
static int
v1_port(const char *s, uint8_t *port)
{
	size_t n = strspn(s, "0123456789");
	unsigned v = 0;

	if (n == 0 || n > 5 || s[n] != '\0' || (s[0] == '0' && n > 1))
		return -1;
	while (*s != '\0')
		v = v * 10 + (unsigned)(*s++ - '0');
	if (v > 65535)
		return -1;
	port[0] = (uint8_t)(v >> 8);
	port[1] = (uint8_t)v;
	return 0;
}

/* "TCP4 source destination port port", in place. */
static int
v1_addresses(struct handover *h, char *line)
{
	uint8_t ip[2][16] = { 0 }, port[2][2];
	char *word[5];
	bool v4;

	for (int i = 0; i < 5; i++)
		if ((word[i] = strsep(&line, " ")) == NULL)
			return -1;
	v4 = strcmp(word[0], "TCP4") == 0;
	if (line != NULL || (!v4 && strcmp(word[0], "TCP6") != 0))
		return -1;
	for (int i = 0; i < 2; i++)
		if (inet_pton(v4 ? AF_INET : AF_INET6, word[1 + i], ip[i]) !=
			1 ||
		    v1_port(word[3 + i], port[i]) == -1)
			return -1;
	get_ip(&h->src, &h->srclen, ip[0], port[0], v4);
	get_ip(&h->dst, &h->dstlen, ip[1], port[1], v4);
	return 0;
}

static int
stream_v1(struct handover *h, const uint8_t *p, size_t len)
{
	size_t n, max = PROXY_V1_MAX - 1, in = sizeof(v1_head) - 1;
	char line[PROXY_V1_MAX];
	const uint8_t *lf;

	if (!begins(p, len, v1_head, in))
		return -1;
	lf = memchr(p, '\n', len < max ? len : max);
	if (lf == NULL)
		return len < max ? 0 : -1;
	n = (size_t)(lf - p);
	if (n < in + 1 || p[n - 1] != '\r' || memchr(p, '\0', n) != NULL)
		return -1;
	memcpy(line, p + in, n - 1 - in);
	line[n - 1 - in] = '\0';
	if (strcmp(line, "UNKNOWN") != 0 && strncmp(line, "UNKNOWN ", 8) != 0 &&
	    v1_addresses(h, line) == -1)
		return -1;
	return (int)n + 1;
}

int
proxy_parse(struct handover *h, const void *data, size_t len)
{
	const uint8_t *p = data;
	int used;

	memset(h, 0, sizeof(*h));
	if (len == 0)
		return 0;
	used =
	    p[0] == signature[0] ? stream_v2(h, p, len) : stream_v1(h, p, len);
	if (used > 0) {
		h->first = p + used;
		h->firstlen = len - (size_t)used;
	}
	return used;
}

bool
proxy_begins(const void *p, size_t len)
{
	return begins(p, len, signature, sizeof(signature)) ||
	       begins(p, len, v1_head, sizeof(v1_head) - 1);
}
