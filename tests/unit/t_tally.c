/*
 * Counters, rates and delays by key; then many operations, each compared with
 * a model that is too slow to be used.
 */
#include "tally.h"

#include <stdlib.h>

#include "tap.h"

#define T0 5000000000ull /* a machine that is up for some weeks, ms */

static struct tally_entry *
get(struct tally *t, const char *key, uint64_t now)
{
	return tally_get(t, key, strlen(key), now);
}

static struct tally_entry *
find(const struct tally *t, const char *key)
{
	return tally_find(t, key, strlen(key));
}

static void
test_counts(void)
{
	struct tally *t = tally_new(10);
	struct tally_entry *e = get(t, "a", T0), *f = get(t, "b", T0);

	ok(e != NULL && f != NULL && e != f, "two keys are two entries");
	ok(get(t, "a", T0 + 5) == e, "one key is one");
	ok(tally_get(t, "ab", 1, T0) == e, "by its length");
	ok(tally_get(t, "a\0", 2, T0) != e, "a NUL counts");
	ok(tally_take(e, 0, 2) && tally_take(e, 0, 2), "two of two");
	ok(!tally_take(e, 0, 2), "a third is refused");
	ok(tally_take(e, 1, 1), "another kind has a count of its own");
	ok(tally_take(f, 0, 2), "another key too");
	ok(tally_take(e, 0, 0), "no limit");
	is_int(tally_count(e, 0), 3, "three");
	ok(!tally_take(e, 0, 2), "more than a new limit");
	tally_give(e, 0);
	tally_give(e, 0);
	ok(tally_take(e, 0, 2), "given back, taken again");
	tally_give(f, 5);
	is_int(tally_count(f, 5), 0, "none is not given back");
	is_int(tally_count(f, 0), 1, "nor another kind");
	ok(!tally_take(f, TALLY_COUNTS, 0), "no such kind");
	is_int(tally_count(f, TALLY_COUNTS), 0, "has none");
	tally_give(f, TALLY_COUNTS);
	tally_free(t);
	tally_free(NULL);
	ok(tally_new(0) == NULL, "a table of nothing");
}

static void
test_keys(void)
{
	struct tally *t = tally_new(10);
	char key[TALLY_KEY_MAX + 1];

	memset(key, 'k', sizeof(key));
	ok(tally_get(t, key, TALLY_KEY_MAX, T0) != NULL, "the longest key");
	ok(tally_get(t, key, TALLY_KEY_MAX + 1, T0) == NULL, "a longer one");
	ok(tally_get(t, key, 0, T0) == NULL, "an empty one");
	is_int(tally_entries(t), 1, "one entry");
	for (size_t n = 1; n <= 9; n++)
		ok(tally_get(t, key, n, T0) != NULL, "%zu bytes", n);
	is_int(tally_entries(t), 10, "are entries of their own");
	for (size_t n = 1; n <= 9; n++)
		ok(tally_find(t, key, n) != NULL, "and found");
	tally_free(t);
}

/* ---- what is dropped ---- */

static void
test_full(void)
{
	struct tally *t = tally_new(2);
	struct tally_entry *a = get(t, "a", T0), *b;

	ok(tally_take(a, 0, 0), "a is held");
	ok(get(t, "b", T0) != NULL, "b is not");
	ok(get(t, "c", T0) == NULL, "no room: b may be in use in this turn");
	ok(get(t, "c", T0 + TALLY_STAY - 1) == NULL, "still");
	ok(get(t, "c", T0 + TALLY_STAY + 1000) != NULL, "then b is dropped");
	ok(find(t, "b") == NULL, "it is");
	ok(find(t, "a") == a && tally_count(a, 0) == 1, "a is not");
	b = get(t, "c", T0 + 4000);
	tally_take(b, 0, 0);
	ok(get(t, "d", T0 + 999999999) == NULL, "both are held, for ever");
	tally_give(a, 0);
	ok(get(t, "d", T0 + 999999999) == NULL, "until one is given back");
	ok(get(t, "d", T0 + 999999999 + 2 * TALLY_STAY) != NULL, "a while ago");
	ok(find(t, "a") == NULL, "that one is dropped");
	tally_free(t);
}

/* What a rate or a failure still means is not dropped. */
static void
test_stays(void)
{
	struct tally *t = tally_new(100);
	struct tally_entry *rate = get(t, "rate", T0), *wait;
	char key[16];

	ok(tally_event(rate, 0, 1, T0), "one event a minute");
	wait = get(t, "wait", T0);
	tally_failed(wait, T0, 4000);
	for (uint64_t now = T0; now < T0 + 200000; now += 500) {
		snprintf(key, sizeof(key), "k%llu",
		    (unsigned long long)(now / 500 % 90));
		(void)get(t, key, now);
		if (now < T0 + 40000 && find(t, "wait") == NULL)
			ok(0, "the failure is forgotten after %llu ms",
			    (unsigned long long)(now - T0));
		if (now < T0 + 60000 && find(t, "rate") == NULL)
			ok(0, "the rate is forgotten after %llu ms",
			    (unsigned long long)(now - T0));
	}
	ok(find(t, "wait") == NULL, "the failure is forgotten in the end");
	ok(find(t, "rate") == NULL, "the rate too");
	ok(tally_entries(t) < 10, "as are others: %zu", tally_entries(t));
	tally_free(t);
}

/* The one that has ended is found behind hundreds that have not, though all
 * were to end in one second. */
static void
test_one_of_many(void)
{
	struct tally *t = tally_new(500);
	char key[16];

	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "%d", i);
		(void)get(t, key, T0);
	}
	for (int i = 1; i < 500; i++) {
		snprintf(key, sizeof(key), "%d", i);
		(void)tally_event(find(t, key), 0, 1, T0);
	}
	ok(get(t, "new", T0 + 3000) != NULL, "one of 500 has ended");
	ok(find(t, "0") == NULL, "it is dropped");
	ok(get(t, "more", T0 + 3000) == NULL, "no other");
	tally_free(t);
}

/* Time that stands still for days, or goes back. */
static void
test_time(void)
{
	struct tally *t = tally_new(50);
	char key[16];
	int made = 0;

	for (int i = 0; i < 50; i++) {
		snprintf(key, sizeof(key), "%d", i);
		(void)get(t, key, T0);
	}
	for (int i = 50; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		made += get(t, key, T0 + 86400000) != NULL;
	}
	is_int(made, 50, "a day later all is forgotten");
	ok(get(t, "back", T0) == NULL, "time does not go back");
	tally_free(t);
	t = tally_new(1);
	ok(get(t, "zero", 0) != NULL, "a clock that begins at 0");
	ok(get(t, "one", 100) == NULL, "goes on");
	ok(get(t, "one", 3000) != NULL, "to seconds");
	tally_free(t);
}

/* ---- rates ---- */

static const struct {
	unsigned max;
	uint64_t after; /* ms since the one before */
	bool may;
} events[] = {
	{ 3, 0, true },
	{ 3, 0, true },
	{ 3, 0, true },
	{ 3, 0, false },
	{ 3, 19999, false },
	{ 3, 1, true },
	{ 3, 0, false },
	{ 3, 40000, true },
	{ 3, 0, true },
	{ 3, 0, false },
	{ 0, 0, true },	 /* no limit, and not counted */
	{ 6, 0, false }, /* a bucket is as empty for a wider limit */
	{ 6, 10000, true },
	{ 3, 10000, false },
	{ 3, 10000, true },
};

static void
test_rates(void)
{
	struct tally *t = tally_new(10);
	uint64_t now = T0;
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct tally_entry *e;

		now += events[i].after;
		e = get(t, "r", now);
		is_int(tally_may(e, 2, events[i].max, now), events[i].may,
		    "event %zu would be let in: %d", i, events[i].may);
		is_int(tally_event(e, 2, events[i].max, now), events[i].may,
		    "and is");
	}
	ok(tally_event(get(t, "r", now), 3, 1, now), "another kind");
	ok(!tally_event(get(t, "r", now), TALLY_RATES, 1, now), "no such kind");
	for (unsigned i = 0; i < 100000; i++)
		n += tally_event(get(t, "fast", now), 0, 60000, now);
	is_int(n, 60000, "60000 at once of 60000 a minute");
	now += 1;
	ok(tally_event(get(t, "fast", now), 0, 60000, now), "one each 1 ms");
	ok(!tally_event(get(t, "fast", now), 0, 60000, now), "not two");
	for (unsigned i = n = 0; i < 20; i++)
		n += tally_event(get(t, "odd", now), 0, 7, now);
	is_int(n, 7, "7 at once of 7 a minute");
	tally_event_back(get(t, "odd", now), 0, 7);
	tally_event_back(get(t, "odd", now), 0, 7);
	for (unsigned i = n = 0; i < 20; i++)
		n += tally_event(get(t, "odd", now), 0, 7, now);
	is_int(n, 2, "two that were none");
	for (unsigned i = 0; i < 20; i++)
		tally_event_back(get(t, "odd", now), 0, 7);
	tally_event_back(get(t, "odd", now), TALLY_RATES, 7);
	tally_event_back(get(t, "odd", now), 0, 0);
	for (unsigned i = n = 0; i < 20; i++)
		n += tally_event(get(t, "odd", now), 0, 7, now);
	is_int(n, 7, "and never more than all");
	for (unsigned i = n = 0; i < 1400000; i++)
		n += tally_event(get(t, "large", now), 0, 1300000, now);
	is_int(n, 1300000, "not one more where a minute is not so divided");
	ok(tally_event(get(t, "much", now), 0, UINT32_MAX, now),
	    "the largest rate");
	tally_free(t);
}

/* ---- delays ---- */

static const struct {
	uint64_t after; /* ms since the failure before */
	uint64_t max, wait;
} failures[] = {
	{ 0, 64000, 1000 },
	{ 1000, 64000, 2000 },
	{ 2000, 64000, 4000 },
	{ 4000, 64000, 8000 },
	{ 8000, 64000, 16000 },
	{ 16000, 64000, 32000 },
	{ 32000, 64000, 64000 },
	{ 64000, 64000, 64000 },
	{ 639999, 64000, 64000 },
	{ 640000, 64000, 1000 },
	{ 0, 4000, 2000 },
	{ 0, 4000, 4000 },
	{ 0, 4000, 4000 },
	{ 39999, 4000, 4000 },
	{ 40000, 4000, 1000 },
	{ 40000, 500, 500 },
};

static void
test_failures(void)
{
	struct tally *t = tally_new(10);
	struct tally_entry *e;
	uint64_t now = T0;

	is_int(tally_wait(get(t, "f", now), now), 0, "no failure, no delay");
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		now += failures[i].after;
		e = get(t, "f", now);
		tally_failed(e, now, failures[i].max);
		is_int(tally_wait(e, now), failures[i].wait, "failure %zu",
		    i + 1);
		is_int(tally_wait(e, now + failures[i].wait - 1), 1,
		    "to the millisecond");
		is_int(tally_wait(e, now + failures[i].wait), 0, "then not");
	}
	tally_failed(e, now, 64000);
	tally_succeeded(e);
	is_int(tally_wait(e, now), 0, "success forgets");
	tally_failed(e, now, 64000);
	is_int(tally_wait(e, now), 1000, "all of it");
	for (int i = 0; i < 1000; i++)
		tally_failed(e, now, 64000);
	is_int(tally_wait(e, now), 64000, "a thousand failures");
	tally_free(t);
}

/* ---- the model ---- */

#define KEYS 40
#define TABLE 24
#define STEPS 300000
#define RATE 6 /* a minute, 10 s each */
#define EACH 10000ull

struct model {
	unsigned count[2];
	uint64_t credit, credited; /* of the bucket, ms; when */
	unsigned failures;
	uint64_t failed;
	bool waits;
	uint64_t touched;
};

static struct model models[KEYS];

static uint64_t
since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

/* Nothing that may be forgotten is known of it. */
static bool
is_idle(const struct model *m, uint64_t now)
{
	return m->count[0] + m->count[1] == 0 &&
	       m->credit + since(m->credited, now) >= RATE * EACH &&
	       (!m->waits || since(m->failed, now) >= 40000) &&
	       since(m->touched, now) >= TALLY_STAY;
}

/* How many cannot have been dropped by the second that was last begun. */
static unsigned
busy(uint64_t now)
{
	unsigned n = 0;

	for (int i = 0; i < KEYS; i++)
		n += !is_idle(&models[i], now - now % 1000);
	return n;
}

static bool
model_event(struct model *m, uint64_t now)
{
	m->credit += now - m->credited;
	m->credited = now;
	if (m->credit > RATE * EACH)
		m->credit = RATE * EACH;
	if (m->credit < EACH)
		return false;
	m->credit -= EACH;
	return true;
}

static void
model_fail(struct model *m, uint64_t now)
{
	if (!m->waits || now - m->failed >= 40000)
		m->failures = 0;
	m->failures++;
	m->failed = now;
	m->waits = true;
}

static uint64_t
model_wait(const struct model *m, uint64_t now)
{
	uint64_t delay = m->failures == 1   ? 1000
			 : m->failures == 2 ? 2000
					    : 4000;

	if (!m->waits || now - m->failed >= delay)
		return 0;
	return delay - (now - m->failed);
}

static unsigned seed = 1;

static unsigned
choose(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* One operation on both; false: they differ. */
static bool
step(struct tally_entry *e, struct model *m, uint64_t now)
{
	unsigned kind = choose(2);

	m->touched = now;
	switch (choose(8)) {
	case 0:
	case 1:
		if (tally_take(e, kind, 3) != (m->count[kind] < 3))
			return false;
		m->count[kind] += m->count[kind] < 3;
		break;
	case 2:
	case 3:
	case 4:
		tally_give(e, kind);
		m->count[kind] -= m->count[kind] > 0;
		break;
	case 5:
		if (tally_event(e, 0, RATE, now) != model_event(m, now))
			return false;
		break;
	case 6:
		tally_failed(e, now, 4000);
		model_fail(m, now);
		break;
	default:
		if (choose(4) == 0) {
			tally_succeeded(e);
			m->waits = false;
		}
		break;
	}
	return tally_count(e, 0) == m->count[0] &&
	       tally_count(e, 1) == m->count[1] &&
	       tally_wait(e, now) == model_wait(m, now);
}

static void
test_model(void)
{
	struct tally *t = tally_new(TABLE);
	unsigned full = 0, wrong = 0, early = 0;
	uint64_t now = T0;

	for (int i = 0; i < KEYS; i++) {
		models[i].credit = RATE * EACH;
		models[i].credited = models[i].touched = T0 - TALLY_STAY;
	}
	for (int i = 0; i < STEPS; i++) {
		unsigned k = choose(KEYS);
		struct tally_entry *e;

		/* times of many, times of few */
		if (i % 3000 > 1500)
			k %= 5;
		now += choose(10) == 0 ? choose(3000) : choose(20);
		e = tally_get(t, &k, sizeof(k), now);
		if (e == NULL) {
			full++;
			early += busy(now) < TABLE;
		} else {
			wrong += !step(e, &models[k], now);
		}
	}
	is_int(wrong, 0, "%d operations as the model says", STEPS);
	is_int(early, 0, "the table is full only of what is in use");
	ok(full > 100 && full < STEPS / 2, "it was full %u times", full);
	ok(tally_entries(t) <= TABLE, "never more than its size");
	tally_free(t);
}

/* A flood of keys leaves what is held alone, and is soon forgotten. */
static void
test_flood(void)
{
	struct tally *t = tally_new(1000);
	struct tally_entry *e = get(t, "me", T0);
	unsigned refused = 0;

	tally_take(e, 0, 0);
	for (unsigned i = 0; i < 200000; i++)
		refused += tally_get(t, &i, sizeof(i), T0 + i / 100) == NULL;
	ok(refused > 0, "%u of a flood were refused", refused);
	ok(find(t, "me") == e && tally_count(e, 0) == 1, "one is still there");
	for (unsigned i = 0; i < 100; i++)
		(void)get(t, "x", T0 + 10000);
	is_int(tally_entries(t), 2, "the flood is forgotten");
	tally_free(t);
}

int
main(void)
{
	test_counts();
	test_keys();
	test_full();
	test_stays();
	test_one_of_many();
	test_time();
	test_rates();
	test_failures();
	test_model();
	test_flood();
	return done_testing();
}
