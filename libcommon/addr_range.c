/*
 * Ranges of the IP space and CIDR networks, on the 16-byte form.
 *
 * Two questions are kept apart.  What grants trust (loopback, private)
 * knows IPv4 as it is and v4-mapped, nothing else: a 6to4 source is a
 * stranger whatever it embeds.  What is guarded is looked for in every
 * embedding, since some stack or translator may unwrap it.
 */
#include "addr.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
has_prefix(const struct in6_addr *ip, const uint8_t *prefix, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(ip->s6_addr, prefix, bytes) != 0)
		return false;
	return rest == 0 ||
	       ((ip->s6_addr[bytes] ^ prefix[bytes]) >> (8 - rest)) == 0;
}

/* Where a prefix embeds an IPv4 address. */
static const struct embedding {
	uint8_t prefix[12];
	uint8_t bits, at;
} embeddings[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96, 12 }, /* mapped */
	{ { 0 }, 96, 12 }, /* v4-compatible; :: and ::1 are in 0.0.0.0/8 */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96, 12 }, /* RFC 2765 */
	{ { 0, 0x64, 0xff, 0x9b }, 96, 12 },		    /* NAT64 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, 12 },	    /* RFC 8215 */
	{ { 0x20, 0x02 }, 16, 2 },			    /* 6to4 */
};

bool
addr_ip_embedded(const struct in6_addr *ip, struct in6_addr *v4)
{
	static const struct in6_addr mapped = { .s6_addr = { [10] = 0xff,
						    0xff } };

	for (size_t i = 0; i < sizeof(embeddings) / sizeof(*embeddings); i++) {
		const struct embedding *e = &embeddings[i];

		if (!has_prefix(ip, e->prefix, e->bits))
			continue;
		*v4 = mapped;
		memcpy(&v4->s6_addr[12], &ip->s6_addr[e->at], 4);
		return true;
	}
	return false;
}

static bool
mapped_ip4(const struct in6_addr *ip, uint32_t *v4)
{
	if (!IN6_IS_ADDR_V4MAPPED(ip))
		return false;
	memcpy(v4, &ip->s6_addr[12], 4);
	*v4 = ntohl(*v4);
	return true;
}

bool
addr_ip_loopback(const struct in6_addr *ip)
{
	uint32_t v4;

	if (mapped_ip4(ip, &v4))
		return v4 >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(ip);
}

bool
addr_ip_private(const struct in6_addr *ip)
{
	uint32_t v4;

	if (mapped_ip4(ip, &v4))
		return v4 >> 24 == 10 || v4 >> 20 == 0xac1 ||
		       v4 >> 16 == 0xc0a8;
	return (ip->s6_addr[0] & 0xfe) == 0xfc;
}

static bool
guarded_ip4(uint32_t v4)
{
	return v4 >> 24 == 0 || v4 >> 24 == 127 || v4 >> 16 == 0xa9fe ||
	       v4 >> 28 == 0xe || v4 == INADDR_BROADCAST;
}

bool
addr_ip_guarded(const struct in6_addr *ip)
{
	struct in6_addr inner;
	uint32_t v4;

	if (addr_ip_embedded(ip, &inner) && mapped_ip4(&inner, &v4))
		return guarded_ip4(v4);
	return IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip);
}

/* The guarded networks themselves, for cidr_guarded(). */
static const struct {
	const char *net;
	unsigned bits;
} guarded[] = {
	{ "::ffff:0.0.0.0", 104 },
	{ "::ffff:127.0.0.0", 104 },
	{ "::ffff:169.254.0.0", 112 },
	{ "::ffff:224.0.0.0", 100 },
	{ "fe80::", 10 },
	{ "ff00::", 8 },
};

bool
cidr_guarded(const struct cidr *c)
{
	struct in6_addr net;

	if (c->bits == 128)
		return addr_ip_guarded(&c->ip);
	for (size_t i = 0; i < sizeof(guarded) / sizeof(*guarded); i++)
		if (c->bits >= guarded[i].bits &&
		    inet_pton(AF_INET6, guarded[i].net, &net) == 1 &&
		    has_prefix(&c->ip, net.s6_addr, guarded[i].bits))
			return true;
	return false;
}

static int
cidr_fail(const char *s, const char *why, char *err, size_t errlen)
{
	char shown[64];

	strlcpy(shown, s, sizeof(shown));
	for (char *p = shown; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	(void)snprintf(err, errlen, "%s: %s", shown, why);
	return -1;
}

static void
clear_host_bits(struct cidr *c)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = c->bits > i * 8 ? c->bits - i * 8 : 0;

		if (keep < 8)
			c->ip.s6_addr[i] &= (uint8_t)(0xff00 >> keep);
	}
}

/* The address; *max is the longest prefix that may follow it. */
static int
cidr_address(struct cidr *c, const char *s, int *max)
{
	struct in_addr v4;

	*max = 128;
	if (inet_pton(AF_INET6, s, &c->ip) == 1)
		return 0;
	if (inet_pton(AF_INET, s, &v4) != 1)
		return -1;
	memset(&c->ip, 0, sizeof(c->ip));
	c->ip.s6_addr[10] = c->ip.s6_addr[11] = 0xff;
	memcpy(&c->ip.s6_addr[12], &v4, 4);
	*max = 32;
	return 0;
}

int
cidr_parse(struct cidr *c, const char *s, char *err, size_t errlen)
{
	char host[INET6_ADDRSTRLEN];
	size_t n = strcspn(s, "/");
	const char *e = NULL, *len = s + n + 1;
	int max, bits;

	memset(c, 0, sizeof(*c));
	if (strcmp(s, "*") == 0)
		return 0;
	if (n >= sizeof(host))
		return cidr_fail(s, "not an IP network; write 10.0.0.0/8", err,
		    errlen);
	memcpy(host, s, n);
	host[n] = '\0';
	if (cidr_address(c, host, &max) == -1)
		return cidr_fail(s,
		    "not an IP network; write 10.0.0.0/8, fd00::/8 or '*'", err,
		    errlen);
	bits = max;
	if (s[n] == '/') {
		bits = (int)strtonum(len, 0, max, &e);
		if (e != NULL || strspn(len, "0123456789") != strlen(len))
			return cidr_fail(s,
			    max == 32 ? "what follows '/' is 0 to 32"
				      : "what follows '/' is 0 to 128",
			    err, errlen);
	}
	c->bits = (unsigned)(128 - max + bits);
	clear_host_bits(c);
	return 0;
}

bool
cidr_contains(const struct cidr *c, const struct in6_addr *ip)
{
	return has_prefix(ip, c->ip.s6_addr, c->bits);
}
