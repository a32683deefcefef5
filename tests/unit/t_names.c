/*
 * The growing hash, and what counts connections by their address with it.
 */
#include "ircd-lite/names.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>

#include "ircd-lite/hosts.h"
#include "tap.h"

#define MANY 5000

struct thing {
	struct thing *next;
	uint32_t hash;
	int number;
	bool in, seen;
};

static uint32_t
hash_of(const struct named *e)
{
	return ((const struct thing *)(const void *)e)->hash;
}

static struct thing thing[MANY];
static struct names names = { .hash = hash_of };

static struct named *
as_named(struct thing *t)
{
	return (struct named *)(void *)t;
}

static struct thing *
find(uint32_t hash, int number)
{
	struct thing *t = (struct thing *)(void *)names_first(&names, hash);

	while (t != NULL && (t->hash != hash || t->number != number))
		t = t->next;
	return t;
}

static void
test_empty(void)
{
	size_t bucket = 0;

	ok(names_first(&names, 7) == NULL, "nothing in an empty one");
	ok(names_each(&names, NULL, &bucket) == NULL, "nor one by one");
	names_del(&names, as_named(&thing[0]), 7);
	is_int((long long)names.count, 0, "nor anything to take out");
}

/* All that are in are found and met once, no others. */
static bool
consistent(void)
{
	struct named *e = NULL;
	size_t bucket = 0, n = 0;
	struct thing *t;
	int i;

	for (i = 0; i < MANY; i++)
		thing[i].seen = false;
	while ((e = names_each(&names, e, &bucket)) != NULL) {
		t = (struct thing *)(void *)e;
		if (t->seen || !t->in)
			return false;
		t->seen = true;
		n++;
	}
	for (i = 0; i < MANY; i++)
		if (thing[i].in != thing[i].seen ||
		    (find(thing[i].hash, i) == &thing[i]) != thing[i].in)
			return false;
	return n == names.count;
}

static void
put(int i)
{
	if (names_add(&names, as_named(&thing[i]), thing[i].hash) == 0)
		thing[i].in = true;
}

static void
take(int i)
{
	names_del(&names, as_named(&thing[i]), thing[i].hash);
	thing[i].in = false;
}

static void
test_many(void)
{
	int i;

	for (i = 0; i < MANY; i++) {
		thing[i].number = i;
		/* some meet in one bucket, some have the same hash */
		thing[i].hash = (uint32_t)(i % 7 == 0 ? 64 * i : i % 1000);
		put(i);
	}
	ok(consistent(), "%d are in", MANY);
	ok(names.nbuckets >= MANY, "it has grown: %zu", names.nbuckets);
	for (i = 0; i < MANY; i += 3)
		take(i);
	ok(consistent(), "a third is out");
	take(0);
	ok(consistent(), "taken out twice is out once");
	for (i = 0; i < MANY; i += 6)
		put(i);
	ok(consistent(), "half of them in again");
	for (i = 0; i < MANY; i++)
		if (thing[i].in)
			take(i);
	ok(consistent() && names.count == 0, "none is left");
	free(names.bucket);
}

/* ---- hosts.h ---- */

static struct in6_addr
ip(const char *text)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, text, &a) != 1) {
		printf("Bail out! %s\n", text);
		exit(1);
	}
	return a;
}

static void
test_hosts(void)
{
	struct in6_addr v4 = ip("::ffff:192.0.2.1"),
			o4 = ip("::ffff:192.0.2.2");
	struct in6_addr v6 = ip("2001:db8::1"), same = ip("2001:db8::ffff:2");
	struct in6_addr other = ip("2001:db8:0:1::1"), none = ip("::");

	is_int(hosts_count(&v4), 0, "nobody at first");
	is_int(hosts_add(&v4), 1, "one");
	is_int(hosts_add(&v4), 2, "two");
	is_int(hosts_count(&o4), 0, "the next IPv4 address is another");
	is_int(hosts_add(&v6), 1, "IPv6");
	is_int(hosts_add(&same), 2, "the same /64");
	is_int(hosts_count(&other), 0, "another /64");
	is_int(hosts_add(&none), 0, "without an address: not counted");
	is_int(hosts_count(&none), 0, "nor then");
	hosts_del(&none);
	hosts_del(&other);
	hosts_del(&v6);
	is_int(hosts_count(&same), 1, "one less");
	hosts_del(&same);
	hosts_del(&same);
	is_int(hosts_count(&v6), 0, "none, and not fewer");
	hosts_del(&v4);
	hosts_del(&v4);
	is_int(hosts_count(&v4), 0, "none");
}

static void
test_many_hosts(void)
{
	struct in6_addr a = ip("::ffff:10.0.0.0");
	unsigned right = 0;
	int i, n;

	for (i = 0; i < 3000; i++)
		for (n = 0; n <= i % 3; n++) {
			a.s6_addr[14] = (uint8_t)(i >> 8);
			a.s6_addr[15] = (uint8_t)i;
			(void)hosts_add(&a);
		}
	for (i = 0; i < 3000; i++) {
		a.s6_addr[14] = (uint8_t)(i >> 8);
		a.s6_addr[15] = (uint8_t)i;
		right += hosts_count(&a) == (unsigned)i % 3 + 1;
		for (n = 0; n <= i % 3; n++)
			hosts_del(&a);
		right += hosts_count(&a) == 0;
	}
	is_int(right, 6000, "each of 3000 has its own number");
}

int
main(void)
{
	test_empty();
	test_many();
	test_hosts();
	test_many_hosts();
	return done_testing();
}
