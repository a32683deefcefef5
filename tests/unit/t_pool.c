/*
 * How many acceptors wait: at rest the floor, in a burst more, never more
 * than -m, and again fewer in quiet.
 */
#include "vsap-bind/pool.h"

#include "tap.h"

#define NEAR 100 /* microseconds there and back */
#define FAR 50000

/* All acceptors that wait are used at once. */
static void
run_dry(struct pool *p, unsigned waiting, uint32_t rtt, uint64_t now)
{
	while (waiting-- > 0)
		pool_visit(p, waiting, rtt, now);
}

static void
test_limits(void)
{
	struct pool p;

	pool_init(&p, 4, 256);
	is_int(p.target, 4, "at rest the floor");
	pool_init(&p, 4, 2);
	is_int(p.target, 2, "never more than -m");
	run_dry(&p, 2, FAR, 1);
	is_int(p.target, 2, "also not in a burst");
}

static void
test_near(void)
{
	struct pool p;
	uint64_t now = 1;
	int turns = 0;

	pool_init(&p, 4, 256);
	pool_visit(&p, 3, NEAR, now);
	is_int(p.target, 4, "one visitor is no burst");
	run_dry(&p, 3, NEAR, now);
	is_int(p.target, 8, "half of the pool used doubles it, once");
	pool_visit(&p, 0, NEAR, now + 2 * NEAR);
	is_int(p.target, 8, "not before the new ones can be there");
	for (now = 0; p.target < 256 && turns < 20; turns++)
		run_dry(&p, p.target, NEAR, now += 2000);
	is_int(p.target, 256, "a burst that goes on opens all of -m");
	ok(turns <= 5, "in %d turns", turns);
}

static void
test_far(void)
{
	struct pool p;

	pool_init(&p, 4, 256);
	run_dry(&p, 4, FAR, 1);
	ok(p.target >= 96,
	    "over 50 ms the first burst opens for a hundred (%u)", p.target);
	pool_init(&p, 4, 64);
	run_dry(&p, 4, FAR, 1);
	is_int(p.target, 64, "within -m");
}

static void
test_quiet(void)
{
	struct pool p;
	int ticks = 0;

	pool_init(&p, 4, 256);
	run_dry(&p, 4, FAR, 1);
	ok(!pool_tick(&p), "a burst is not quiet");
	while (p.target > 4 && ticks++ < 20)
		ok(pool_tick(&p), "tick %d is, target %u", ticks, p.target);
	is_int(p.target, 4, "in quiet it comes back to the floor");
	ok(ticks <= 6, "within a minute");
}

static void
test_trickle(void)
{
	struct pool p;

	pool_init(&p, 4, 256);
	run_dry(&p, 4, FAR, 1);
	pool_tick(&p);
	for (int i = 0; i < 10; i++) {
		pool_visit(&p, p.target - 1, FAR, 1000000);
		pool_tick(&p);
	}
	is_int(p.target, 4, "single visitors do not keep it wide");
}

int
main(void)
{
	test_limits();
	test_near();
	test_far();
	test_quiet();
	test_trickle();
	return done_testing();
}
