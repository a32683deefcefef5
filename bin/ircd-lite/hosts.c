#include "hosts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define NET_BYTES 8 /* of an IPv6 address */

struct host {
	struct host *next;
	uint32_t hash;
	unsigned n;
	struct in6_addr ip;
};

static uint32_t
host_hash(const struct named *e)
{
	return ((const struct host *)(const void *)e)->hash;
}

static struct names hosts = { .hash = host_hash };

static struct in6_addr
origin(const struct in6_addr *ip)
{
	struct in6_addr net = *ip;

	if (!IN6_IS_ADDR_V4MAPPED(ip))
		memset(net.s6_addr + NET_BYTES, 0,
		    sizeof(net.s6_addr) - NET_BYTES);
	return net;
}

/* Seeded, so that nobody chooses addresses that meet in one bucket. */
static uint32_t
hash_ip(const struct in6_addr *ip)
{
	static uint64_t seed;
	uint64_t a, b;

	while (seed == 0)
		arc4random_buf(&seed, sizeof(seed));
	memcpy(&a, ip->s6_addr, sizeof(a));
	memcpy(&b, ip->s6_addr + sizeof(a), sizeof(b));
	a = (a ^ seed) * 0x9e3779b97f4a7c15u;
	a = (a ^ (a >> 29) ^ b) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(a ^ (a >> 32));
}

static struct host *
host_find(const struct in6_addr *ip, uint32_t h)
{
	struct host *e = (struct host *)(void *)names_first(&hosts, h);

	while (
	    e != NULL && (e->hash != h || memcmp(&e->ip, ip, sizeof(*ip)) != 0))
		e = e->next;
	return e;
}

unsigned
hosts_count(const struct in6_addr *ip)
{
	struct in6_addr net = origin(ip);
	const struct host *e = host_find(&net, hash_ip(&net));

	return e == NULL ? 0 : e->n;
}

unsigned
hosts_add(const struct in6_addr *ip)
{
	struct in6_addr net = origin(ip);
	uint32_t h = hash_ip(&net);
	struct host *e;

	if (IN6_IS_ADDR_UNSPECIFIED(ip))
		return 0;
	if ((e = host_find(&net, h)) != NULL)
		return ++e->n;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return 0;
	e->ip = net;
	e->hash = h;
	e->n = 1;
	if (names_add(&hosts, (struct named *)(void *)e, h) == -1) {
		free(e);
		return 0;
	}
	return 1;
}

void
hosts_del(const struct in6_addr *ip)
{
	struct in6_addr net = origin(ip);
	uint32_t h = hash_ip(&net);
	struct host *e = host_find(&net, h);

	/* ::, which was not counted, has the network of ::1. */
	if (IN6_IS_ADDR_UNSPECIFIED(ip) || e == NULL || --e->n > 0)
		return;
	names_del(&hosts, (struct named *)(void *)e, h);
	free(e);
}
