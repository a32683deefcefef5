#ifndef FEED_H
#define FEED_H

/*
 * Feeding workers with pairs of descriptors (relay_msg.h).  A pair goes to
 * the worker with the fewest streams.  Copies are kept until it
 * acknowledges; what a dead worker had not acknowledged, and what a worker
 * refused, goes to another one.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay_msg.h"

#define FEED_WORKERS_MAX 64 /* workers of one feed */
#define FEED_QUEUE_MAX 4096 /* pairs waiting to be sent */

struct feed;

struct feed_calls {
	/* A stream ended (or was refused by every worker: cause
	 * RELAY_RESET, no bytes).  stream is what feed_send() was given. */
	void (*end)(void *arg, void *stream, const struct relay_end *);
	/* A worker is gone; the owner starts another and adds it, at once
	 * or later: pairs wait for it. */
	void (*dead)(void *arg, int slot);
	/* Room again after feed_busy() was true.  May be NULL. */
	void (*ready)(void *arg);
	/* What a stream that is under way has moved so far (feed_query()).
	 * May be NULL. */
	void (*counts)(void *arg, void *stream, uint64_t ab, uint64_t ba);
	/* After the last counts(); what a stopped worker did not tell is
	 * left out.  May be NULL. */
	void (*counted)(void *arg);
};

/* No call comes from within feed_new(), feed_add(), feed_send() or
 * feed_query(); none of them calls feed_free(). */
struct feed *
feed_new(struct event_base *, const struct feed_calls *, void *arg);
void feed_free(struct feed *); /* NULL is fine; no calls */

/* Add a worker's socket, which now is the feed's (also on failure: closed).
 * slot is the owner's number for it, given back by dead().  0, or -1 with
 * errno: no memory, ENOSPC. */
int feed_add(struct feed *, int fd, int slot);

/*
 * Give a worker the memory file of the caps, over its socket; before it is
 * fed, and once.  The file stays the caller's.  0, or -1 with errno.
 */
int feed_share(int fd, int file);

/*
 * Relay between a and b, which now are the feed's (also on failure: closed).
 * ab are bytes that were read from a already and go to b first (at most
 * RELAY_FIRST_MAX); ba the other way.  opts may be NULL: no idle limit, no
 * cap.  stream is handed to end().  The pair waits where no worker can take
 * it now.  0, or -1 with errno: no memory, ENOBUFS (FEED_QUEUE_MAX wait
 * already), EMSGSIZE.
 */
int feed_send(struct feed *, int a, int b, const void *ab, size_t ablen,
    const void *ba, size_t balen, const struct relay_opts *opts, void *stream);

/* Ask for the counts of all streams: counts() for each, then counted(),
 * CREW_QUERY_MS (crew.h) later at the latest.  False: an earlier question is
 * not answered yet, and the answer is to that one. */
bool feed_query(struct feed *);

/* Should no more be accepted for now (pairs are waiting)? */
bool feed_busy(const struct feed *);

/* Streams under way, and those not yet acknowledged. */
size_t feed_streams(const struct feed *);
size_t feed_pending(const struct feed *);

#endif
