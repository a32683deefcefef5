/*
 * Counters by key: a hash table, and a wheel of seconds by which what is of
 * no use any more is found again without looking at the rest.
 *
 * An entry is on the wheel unless it is held.  Its place there may be too
 * early, since what happens to it moves its end and not its place: then it is
 * put where it belongs when the wheel gets there.
 */
#include "tally.h"

#include <sys/queue.h>
#include <stdlib.h>
#include <string.h>

#define WHEEL 1024 /* seconds, a power of two */
#define SWEEP 16   /* entries looked at for each that is asked for */
#define MS 1000000 /* nanoseconds */
#define MINUTE (60000ull * MS)

struct tally_entry {
	LIST_ENTRY(tally_entry) chain; /* of its hash */
	LIST_ENTRY(tally_entry) place; /* on the wheel */
	struct tally *tally;
	uint64_t stay; /* not dropped before, ms */
	unsigned held; /* all counts together */
	unsigned count[TALLY_COUNTS];
	uint64_t full[TALLY_RATES]; /* when the bucket is full again, ns */
	unsigned failures;
	uint64_t welcome, forget; /* after failures, ms */
	size_t len;
	unsigned char key[];
};
LIST_HEAD(entries, tally_entry);

struct tally {
	uint64_t secret[2];
	size_t n, max;
	size_t mask; /* of hash[] */
	struct entries *hash;
	uint64_t now;	/* the last that was heard of, ms */
	uint64_t swept; /* seconds up to which the wheel was looked at */
	struct entries wheel[WHEEL];
};

/* ---- the hash: SipHash-2-4 (Aumasson, Bernstein 2012) -------------------- */

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_rounds(uint64_t v[4], unsigned n)
{
	for (; n > 0; n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* Up to eight bytes, the first the lowest. */
static uint64_t
sip_word(const unsigned char *p, size_t n)
{
	uint64_t w = 0;

	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << 8 * i;
	return w;
}

static uint64_t
siphash(const uint64_t secret[2], const unsigned char *p, size_t len)
{
	uint64_t v[4] = { secret[0] ^ 0x736f6d6570736575,
		secret[1] ^ 0x646f72616e646f6d, secret[0] ^ 0x6c7967656e657261,
		secret[1] ^ 0x7465646279746573 };
	uint64_t last = (uint64_t)len << 56;
	size_t n = len;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t w = sip_word(p, 8);

		v[3] ^= w;
		sip_rounds(v, 2);
		v[0] ^= w;
	}
	last |= sip_word(p, n);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct entries *
chain_of(const struct tally *t, const void *key, size_t len)
{
	return &t->hash[siphash(t->secret, key, len) & t->mask];
}

/* ---- the wheel ----------------------------------------------------------- */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When an entry that is not held is of no use any more, ms. */
static uint64_t
end_of(const struct tally_entry *e)
{
	uint64_t end = later(e->stay, e->forget);

	for (unsigned i = 0; i < TALLY_RATES; i++)
		end = later(end, (e->full[i] + MS - 1) / MS);
	return end;
}

/* On the wheel, in the second at whose end it has ended; what is too far away
 * comes by again. */
static void
place(struct tally_entry *e)
{
	struct tally *t = e->tally;
	uint64_t second = later((end_of(e) - 1) / 1000, t->swept);

	if (second >= t->swept + WHEEL)
		second = t->swept + WHEEL - 1;
	LIST_INSERT_HEAD(&t->wheel[second & (WHEEL - 1)], e, place);
}

static void
drop(struct tally_entry *e)
{
	LIST_REMOVE(e, chain);
	e->tally->n--;
	free(e);
}

/*
 * Drop what has ended, looking at a few entries; in a full table at as many
 * as it takes to find one.
 */
static void
sweep(struct tally *t)
{
	uint64_t second = t->now / 1000;
	unsigned budget = SWEEP;
	struct tally_entry *e;

	/* every place was gone by: once around is enough */
	if (second > t->swept + WHEEL)
		t->swept = second - WHEEL;
	while (t->swept < second && (budget > 0 || t->n == t->max)) {
		e = LIST_FIRST(&t->wheel[t->swept & (WHEEL - 1)]);
		if (e == NULL) {
			t->swept++;
			continue;
		}
		LIST_REMOVE(e, place);
		if (end_of(e) <= t->now)
			drop(e);
		else
			place(e);
		if (budget > 0)
			budget--;
	}
}

/* ---- the table ----------------------------------------------------------- */

struct tally *
tally_new(size_t max)
{
	struct tally *t = calloc(1, sizeof(*t));
	size_t buckets = 16;

	if (t == NULL || max == 0 || max > SIZE_MAX / 64) {
		free(t);
		return NULL;
	}
	while (buckets < max)
		buckets *= 2;
	t->hash = calloc(buckets, sizeof(*t->hash));
	if (t->hash == NULL) {
		free(t);
		return NULL;
	}
	t->mask = buckets - 1;
	t->max = max;
	arc4random_buf(t->secret, sizeof(t->secret));
	return t;
}

void
tally_free(struct tally *t)
{
	struct tally_entry *e;

	if (t == NULL)
		return;
	for (size_t i = 0; i <= t->mask; i++)
		while ((e = LIST_FIRST(&t->hash[i])) != NULL)
			drop(e);
	free(t->hash);
	free(t);
}

struct tally_entry *
tally_find(const struct tally *t, const void *key, size_t len)
{
	struct tally_entry *e;

	LIST_FOREACH(e, chain_of(t, key, len), chain)
		if (e->len == len && memcmp(e->key, key, len) == 0)
			return e;
	return NULL;
}

static struct tally_entry *
entry_new(struct tally *t, const void *key, size_t len)
{
	struct tally_entry *e;

	if (t->n == t->max || len == 0 || len > TALLY_KEY_MAX ||
	    (e = calloc(1, sizeof(*e) + len)) == NULL)
		return NULL;
	e->tally = t;
	e->len = len;
	memcpy(e->key, key, len);
	t->n++;
	LIST_INSERT_HEAD(chain_of(t, key, len), e, chain);
	return e;
}

struct tally_entry *
tally_get(struct tally *t, const void *key, size_t len, uint64_t now)
{
	struct tally_entry *e = tally_find(t, key, len);

	t->now = later(t->now, now);
	if (e != NULL) {
		/* before the sweep, which would take it along */
		e->stay = t->now + TALLY_STAY;
		sweep(t);
		return e;
	}
	sweep(t);
	if ((e = entry_new(t, key, len)) == NULL)
		return NULL;
	e->stay = t->now + TALLY_STAY;
	place(e);
	return e;
}

size_t
tally_entries(const struct tally *t)
{
	return t->n;
}

/* ---- how many there are -------------------------------------------------- */

bool
tally_take(struct tally_entry *e, unsigned kind, unsigned max)
{
	if (kind >= TALLY_COUNTS || (max != 0 && e->count[kind] >= max))
		return false;
	if (e->held++ == 0)
		LIST_REMOVE(e, place);
	e->count[kind]++;
	return true;
}

void
tally_give(struct tally_entry *e, unsigned kind)
{
	if (kind >= TALLY_COUNTS || e->count[kind] == 0)
		return;
	e->count[kind]--;
	if (--e->held == 0) {
		e->stay = e->tally->now + TALLY_STAY;
		place(e);
	}
}

unsigned
tally_count(const struct tally_entry *e, unsigned kind)
{
	return kind < TALLY_COUNTS ? e->count[kind] : 0;
}

/* ---- how often ----------------------------------------------------------- */

/*
 * The bucket as one time, that when it is full again: each event moves it by
 * what a token takes to come, and it is never more than max of these away.
 */
static bool
next_full(const struct tally_entry *e, unsigned kind, unsigned max,
    uint64_t now, uint64_t *full)
{
	uint64_t each = MINUTE / max;

	if (kind >= TALLY_RATES)
		return false;
	*full = later(e->full[kind], now * MS) + each;
	return *full <= now * MS + each * max;
}

bool
tally_may(const struct tally_entry *e, unsigned kind, unsigned max,
    uint64_t now)
{
	uint64_t full;

	return max == 0 || next_full(e, kind, max, now, &full);
}

bool
tally_event(struct tally_entry *e, unsigned kind, unsigned max, uint64_t now)
{
	uint64_t full;

	if (max == 0)
		return true;
	if (!next_full(e, kind, max, now, &full))
		return false;
	e->full[kind] = full;
	return true;
}

void
tally_event_back(struct tally_entry *e, unsigned kind, unsigned max)
{
	uint64_t each = max == 0 ? 0 : MINUTE / max;

	if (kind < TALLY_RATES)
		e->full[kind] -= each < e->full[kind] ? each : e->full[kind];
}

/* ---- how long who failed has to wait ------------------------------------- */

void
tally_failed(struct tally_entry *e, uint64_t now, uint64_t max_ms)
{
	uint64_t delay = 1000;

	if (e->forget <= now)
		e->failures = 0;
	for (unsigned i = 0; i < e->failures && delay < max_ms; i++)
		delay *= 2;
	if (delay > max_ms)
		delay = max_ms;
	if (e->failures < 64)
		e->failures++;
	e->welcome = now + delay;
	e->forget = now + 10 * max_ms;
}

void
tally_succeeded(struct tally_entry *e)
{
	e->failures = 0;
	e->welcome = e->forget = 0;
	/* its end may be sooner now */
	if (e->held == 0) {
		LIST_REMOVE(e, place);
		place(e);
	}
}

uint64_t
tally_wait(const struct tally_entry *e, uint64_t now)
{
	return e->welcome > now ? e->welcome - now : 0;
}
