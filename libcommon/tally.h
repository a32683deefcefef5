#ifndef TALLY_H
#define TALLY_H

/*
 * Counters and rates by key (an address, a network, a user): how many of a
 * kind there are now, how often something came in the last minute, how long
 * who failed has to wait.  Bounded: an entry that counts nothing and whose
 * rates have run off is dropped, and where the table is full of others the
 * answer is "too many".  Pure; time is the caller's, in milliseconds of a
 * monotonic clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_KEY_MAX 80
#define TALLY_STAY 1000 /* milliseconds */
#define TALLY_COUNTS 8	/* kinds of things counted */
#define TALLY_RATES 4	/* kinds of things that come so often a minute */

struct tally;
struct tally_entry;

/* max: entries at once, at least 1.  Keys are hashed with a secret of this
 * table's, so that nobody makes them collide.  NULL: no memory. */
struct tally *tally_new(size_t max);
void tally_free(struct tally *);

/* The entry of a key of 1 to TALLY_KEY_MAX bytes, made if it is not there;
 * NULL: full, or no memory.  It stays for TALLY_STAY at least, and as long as
 * it is held: use it in this turn of the loop. */
struct tally_entry *
tally_get(struct tally *, const void *key, size_t len, uint64_t now);
/* The same, or NULL if it is not there. */
struct tally_entry *
tally_find(const struct tally *, const void *key, size_t len);

/* One more of a kind, unless there are max already (0: no limit): that holds
 * the entry until tally_give(). */
bool tally_take(struct tally_entry *, unsigned kind, unsigned max);
void tally_give(struct tally_entry *, unsigned kind);
unsigned tally_count(const struct tally_entry *, unsigned kind);

/* One more event of a kind, unless there were max in a minute (token bucket:
 * max at once, then one each 60/max seconds; 0: no limit). */
bool
tally_event(struct tally_entry *, unsigned kind, unsigned max, uint64_t now);
/* That event was none: it may come once more. */
void tally_event_back(struct tally_entry *, unsigned kind, unsigned max);
/* Would it be let in?  Counts nothing. */
bool tally_may(const struct tally_entry *, unsigned kind, unsigned max,
    uint64_t now);

/*
 * Failures with a growing delay: after the nth in a row the next try is
 * welcome 1, 2, 4, ... seconds later, at most max_ms; forgotten ten times
 * max_ms after the last one, or by success.
 */
void tally_failed(struct tally_entry *, uint64_t now, uint64_t max_ms);
void tally_succeeded(struct tally_entry *);
uint64_t tally_wait(const struct tally_entry *, uint64_t now); /* ms, 0: now */

size_t tally_entries(const struct tally *);

#endif
