/*
 * How many acceptors wait: at rest the floor, in a burst more, never more
 * than -m, and again fewer in quiet.
 */
#include "vsap-bind/pool.h"

#include <string.h>

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

/* ---- visitors one after the other, as fast as they are served ----------- */

#define SERVICE 1000 /* microseconds that a visitor stays */
#define POOL_MAX 256

/* Acceptors on their way to a gateway where each needs setup microseconds,
 * all at once or one behind the other. */
struct way {
	struct pool pool;
	uint64_t setup, now;
	bool queued;
	unsigned waiting, coming, called;
	struct {
		uint64_t called, ready;
	} on[POOL_MAX]; /* the first is there first */
};

static void
call(struct way *w)
{
	uint64_t from = w->now;

	while (w->waiting + w->coming < w->pool.target) {
		if (w->queued && w->coming > 0)
			from = w->on[w->coming - 1].ready;
		w->on[w->coming].called = w->now;
		w->on[w->coming].ready = from + w->setup;
		w->coming++;
		w->called++;
	}
}

static void
arrive(struct way *w)
{
	if (w->waiting == 0 && w->now < w->on[0].ready)
		w->now = w->on[0].ready;
	while (w->coming > 0 && w->on[0].ready <= w->now) {
		pool_ready(&w->pool, w->on[0].ready - w->on[0].called);
		memmove(w->on, w->on + 1, --w->coming * sizeof(w->on[0]));
		w->waiting++;
	}
}

/* Visitors a second. */
static unsigned
visits(struct way *w, uint64_t setup, bool queued, unsigned n)
{
	uint64_t began;

	memset(w, 0, sizeof(*w));
	pool_init(&w->pool, 4, POOL_MAX);
	w->setup = setup;
	w->queued = queued;
	w->now = 1;
	call(w);
	w->now += 4 * setup;
	arrive(w);
	began = w->now;
	for (unsigned i = 0; i < n; i++) {
		arrive(w);
		pool_visit(&w->pool, --w->waiting, NEAR, w->now);
		call(w);
		w->now += SERVICE;
	}
	return (unsigned)(n * 1000000ULL / (w->now - began));
}

static void
test_logins(void)
{
	struct way w;
	unsigned rate;

	visits(&w, 50000, true, 6);
	ok(w.pool.target <= 8,
	    "six visitors where a login takes 50 ms: a pool of %u",
	    w.pool.target);
	ok(w.called <= 18, "by %u logins", w.called);
	rate = visits(&w, 50000, true, 500);
	ok(w.pool.target <= 16 && rate >= 19,
	    "logins that wait for each other: %u, %u visitors a second",
	    w.pool.target, rate);
	rate = visits(&w, 50000, false, 500);
	ok(w.pool.target >= 64 && rate >= 400,
	    "logins that do not: %u, %u visitors a second", w.pool.target,
	    rate);
	rate = visits(&w, 200, true, 500);
	ok(w.pool.target <= 8 && rate >= 900,
	    "logins that take no time: %u, %u visitors a second", w.pool.target,
	    rate);
}

int
main(void)
{
	test_limits();
	test_near();
	test_far();
	test_quiet();
	test_trickle();
	test_logins();
	return done_testing();
}
