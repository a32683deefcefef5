/*
 * Delays between two tries: what the manual promises of them.
 */
#include "backoff.h"

#include <stdlib.h>

#include "tap.h"

/* A series of failures, each try taking no time: the longest delay of those
 * that begin before or after the window. */
static void
series(const struct backoff_plan *plan, uint32_t random, uint32_t *early,
    uint32_t *late)
{
	struct backoff b = { 0 };
	uint64_t now = 1000;

	*early = *late = 0;
	for (int i = 0; i < 200; i++) {
		uint64_t since = now - 1000;
		uint32_t ms = backoff_next(&b, plan, now, random);
		uint32_t *longest = since < plan->window ? early : late;

		if (ms > *longest)
			*longest = ms;
		now += ms;
	}
}

static void
test_reconnect(void)
{
	const struct backoff_plan *plan = &backoff_reconnect;
	uint32_t early, late;
	struct backoff b;
	int bad = 0;

	for (uint32_t random = 0; random < 1000; random += 7) {
		b = (struct backoff){ 0 };
		bad += backoff_next(&b, plan, 5, random) > 200;
	}
	is_int(bad, 0, "a gateway is tried again within 0.2 s");
	series(plan, 0, &early, &late);
	is_int(early, 2000, "at most 2 s apart for 30 s");
	is_int(late, 30000, "then up to 30 s");
	series(plan, 1234567, &early, &late);
	ok(early <= 2000 && early >= 1000, "with jitter no longer, nor short");
	ok(late <= 30000 && late >= 15000, "the same later");
}

static void
test_probe(void)
{
	struct backoff b = { 0 };
	uint32_t first = backoff_next(&b, &backoff_probe, 0, 0);
	uint32_t early, late;

	is_int(first, 200, "a target is asked after 0.2 s");
	series(&backoff_probe, 0, &early, &late);
	ok(early <= 30000 && late == 30000, "and then up to every 30 s");
}

static void
test_jitter(void)
{
	struct backoff a = { 0 }, b = { 0 };
	int same = 0;

	for (uint32_t i = 1; i <= 20; i++)
		same += backoff_next(&a, &backoff_reconnect, i, i * 7919) ==
			backoff_next(&b, &backoff_reconnect, i, i * 104729);
	ok(same < 5, "two clients do not come in step (%d of 20)", same);
}

static void
test_flapping(void)
{
	struct backoff b = { 0 };
	uint32_t ms = 0;
	uint64_t now = 0;

	for (int i = 0; i < 8; i++) {
		ms = backoff_next(&b, &backoff_reconnect, now, 0);
		now += ms;
		backoff_ok(&b, now);
		now += 10;
	}
	is_int(ms, 2000, "what accepts and closes is not tried ever faster");
	backoff_ok(&b, now);
	now += backoff_reconnect.steady;
	ms = backoff_next(&b, &backoff_reconnect, now, 0);
	is_int(ms, 200, "what worked for a while is tried again at once");
}

static void
test_ok_counts_from_the_first(void)
{
	struct backoff b = { 0 };

	backoff_next(&b, &backoff_reconnect, 0, 0);
	backoff_ok(&b, 100);
	backoff_ok(&b, 5000);
	is_int(backoff_next(&b, &backoff_reconnect, 5200, 0), 200,
	    "said again it is the same success");
}

static void
test_say(void)
{
	uint64_t said = 0, now = 7;
	int n = 0;

	for (; now < 3600000; now += 2000)
		n += backoff_say(&said, now);
	is_int(n, 6, "what lasts for an hour is said six times");
	ok(backoff_say(&said, now + BACKOFF_SAY), "and so on");
	said = 0;
	ok(backoff_say(&said, now), "after a success at once");
}

int
main(void)
{
	test_reconnect();
	test_probe();
	test_jitter();
	test_flapping();
	test_ok_counts_from_the_first();
	test_say();
	return done_testing();
}
