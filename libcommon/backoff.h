#ifndef BACKOFF_H
#define BACKOFF_H

/*
 * How long to wait before trying again.  Pure: the clock and the random
 * numbers are the caller's.
 *
 * Each delay is the double of the last, up to quick milliseconds during the
 * first window milliseconds of a series of failures, and up to slow after
 * that; what is returned lies between half of that and all of it, so that
 * many clients of one server do not come back in step.
 *
 * A success ends the series only when it has lasted: a server that accepts
 * and at once closes is not tried at the pace of a first failure for ever.
 */

#include <stdbool.h>
#include <stdint.h>

struct backoff_plan {
	uint32_t first;	 /* the first delay, at most */
	uint32_t quick;	 /* the longest within the window */
	uint32_t window; /* since the first failure */
	uint32_t slow;	 /* the longest later */
	uint32_t steady; /* a success that lasted this long is one */
};

/* A gateway: 0.2 s, at most 2 s for half a minute, then up to 30 s. */
extern const struct backoff_plan backoff_reconnect;

/* A target that does not answer: 0.2 s to 30 s. */
extern const struct backoff_plan backoff_probe;

struct backoff {
	uint64_t since; /* first failure of the series */
	uint64_t ok_at;
	uint32_t delay; /* the last one, before jitter; 0: no series */
	bool ok;	/* it worked since the last failure */
};

/* It failed at now (milliseconds): the delay before the next try. */
uint32_t backoff_next(struct backoff *, const struct backoff_plan *,
    uint64_t now, uint32_t random);

/* It works since now. */
void backoff_ok(struct backoff *, uint64_t now);

/*
 * What is wrong at now is to be said the first time, and while it lasts every
 * BACKOFF_SAY milliseconds.  *said: when it was said last, 0 at first.
 */
#define BACKOFF_SAY 600000
bool backoff_say(uint64_t *said, uint64_t now);

#endif
