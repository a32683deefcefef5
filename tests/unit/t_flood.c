/*
 * The message timer: how many at once, how long afterwards.
 */
#include "ircd-lite/flood.h"

#include "tap.h"

#define WINDOW 10000
#define PENALTY 2000

/* Take all that may be taken; how many. */
static int
burst(struct flood *f, uint64_t now, unsigned window, unsigned penalty)
{
	int n = 0;

	while (n < 100 && flood_may(f, now, window)) {
		flood_add(f, now, penalty);
		n++;
	}
	return n;
}

static void
test_burst(void)
{
	struct flood f = { 0 };
	uint64_t now = 5000000;

	is_int(flood_wait(&f, now, WINDOW), 0, "a new one waits for nothing");
	is_int(burst(&f, now, WINDOW, PENALTY), 6, "up to 10 s ahead");
	is_int(flood_wait(&f, now, WINDOW), PENALTY, "then 2 s");
	now += PENALTY - 1;
	ok(!flood_may(&f, now, WINDOW), "not a millisecond before");
	is_int(flood_wait(&f, now, WINDOW), 1, "which it says");
	now++;
	is_int(burst(&f, now, WINDOW, PENALTY), 1, "one after 2 s");
	now += 3 * PENALTY;
	is_int(burst(&f, now, WINDOW, PENALTY), 3, "three after 6 s");
	now += 3600000;
	is_int(burst(&f, now, WINDOW, PENALTY), 6,
	    "an hour of silence saves up no more");
}

/* 200 lines at once: one each 2 s once the window is used up. */
static void
test_long(void)
{
	struct flood f = { 0 };
	uint64_t now = 1000, began = now;

	for (int i = 0; i < 200; i++) {
		now += flood_wait(&f, now, WINDOW);
		ok(flood_may(&f, now, WINDOW), "message %d", i);
		flood_add(&f, now, PENALTY);
	}
	is_int(now - began, (200 - 6) * PENALTY, "200 messages last");
}

static void
test_odd(void)
{
	struct flood f = { 0 };

	is_int(burst(&f, 1000, WINDOW, 0), 100, "without penalty no limit");
	is_int(burst(&f, 1000, 0, 0), 100, "without a window neither");
	f = (struct flood){ 0 };
	is_int(burst(&f, 1000, 0, PENALTY), 1, "no window: one by one");
	is_int(flood_wait(&f, 1500, 0), 1500, "each waits for the last");
	f = (struct flood){ 0 };
	flood_add(&f, 1000, 20000);
	is_int(flood_wait(&f, 1000, WINDOW), 10000, "a costly message");
	is_int(flood_wait(&f, 500, WINDOW), 10500, "a clock set back");
	f = (struct flood){ 0 };
	flood_add(&f, 1000, 4000000000u);
	flood_add(&f, 1000, 4000000000u);
	is_int(f.timer, 8000001000, "no overflow of 32 bits");
	ok(flood_may(&f, f.timer - 4294967295u, 4294967295u), "nor there");
}

int
main(void)
{
	test_burst();
	test_long();
	test_odd();
	return done_testing();
}
