#ifndef FEED_IMPL_H
#define FEED_IMPL_H

/*
 * What feed.c (pairs and where they are), feed_worker.c (one worker's
 * socket) and feed_query.c (one question at a time) share.  Nobody else
 * includes this.
 *
 * A pair is in one of three places: in the queue (to be sent), with a
 * worker and not acknowledged (its descriptors and first bytes are kept),
 * or with a worker for good.  All are found by id, in a tree.
 */

#include <sys/queue.h>
#include <sys/tree.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "feed.h"

/* What is kept until a worker acknowledges. */
struct copy {
	int fd[2];
	struct relay_opts opts;
	uint64_t refused; /* bits of the workers that said NAK */
	size_t ablen, balen;
	unsigned char first[];
};

struct pair {
	RB_ENTRY(pair) node;
	TAILQ_ENTRY(pair) entry; /* of a worker's list or the queue */
	uint64_t id;
	struct copy *copy; /* NULL once acknowledged */
	struct fworker *w; /* NULL while in the queue */
	void *stream;
};

TAILQ_HEAD(pair_list, pair);
RB_HEAD(pair_tree, pair);

struct fworker {
	TAILQ_ENTRY(fworker) entry;
	struct feed *feed;
	struct event *ev_read, *ev_write;
	struct pair_list pairs;
	size_t count;
	int fd, slot;
	uint64_t bit; /* in copy.refused */
	bool full;    /* its socket took no more: ev_write is armed */
	bool ask;     /* a QUERY is to be sent to it */
	bool due;     /* it has not answered all of feed.seq */
};

TAILQ_HEAD(fworker_list, fworker);

struct feed {
	struct event_base *base;
	struct feed_calls calls;
	void *arg;
	struct event *kick;  /* sends the queue: at once, or by timer */
	struct event *limit; /* pending: a question is open */
	struct fworker_list workers;
	struct pair_tree tree;
	struct pair_list queue;
	size_t queued, unacked, count;
	uint64_t next_id, bits;
	uint32_t seq; /* of the last question */
	bool was_busy;
};

struct pair *feed_find(struct feed *, uint64_t id);

/* Move a pair to the queue, take it from where it is. */
void feed_queue(struct feed *, struct pair *);
void feed_detach(struct feed *, struct pair *);

/*
 * The worker has the descriptors, or nobody will: then a reset tells both
 * ends that this is no empty answer.
 */
void feed_drop_copy(struct feed *, struct pair *, bool reset);

/* A bit that no worker has, also not in what earlier ones refused; 0. */
uint64_t feed_free_bit(struct feed *);

/* The end of a detached pair, told to the owner. */
void feed_finish(struct feed *, struct pair *, const struct relay_end *);
void feed_fail(struct feed *, struct pair *, enum relay_cause);

/* Send what waits: now, or in so many milliseconds. */
void feed_send_queue(struct feed *);
void feed_kick(struct feed *, long ms);

/* 1: sent; 0: not, the worker is full for now (or gone). */
int fworker_send(struct fworker *, const struct pair *);
int fworker_ask(struct fworker *, uint32_t seq);

/* The question goes to those that had no room for it. */
void feed_ask(struct feed *);
/* Called when a worker has answered, and when one is gone. */
void feed_answered(struct feed *);
/* The limit's timer. */
void feed_on_limit(evutil_socket_t, short, void *);
void fworker_free(struct fworker *);

#endif
