#ifndef POOL_H
#define POOL_H

/*
 * How many acceptors should wait at a gateway.  Pure.
 *
 * A replacement dials when a visitor is announced, so on a near gateway the
 * pool is whole again before the visitor is served.  What it cannot know is
 * how many more wait in the gateway's queue: when half of the pool is used
 * the pool doubles, once for the time in which replacements arrive, those
 * that are still on their way (connecting, TLS, logging in) included.  If
 * that time has grown with the pool they wait for each other, and more would
 * only make it longer: then it stays.
 * Over a long way each such generation is two round trips that somebody
 * waits; there a pool run dry opens wide at once, the wider the longer the
 * way.  Quiet seconds halve it again.
 */

#include <stdbool.h>
#include <stdint.h>

#define POOL_TICK 10   /* seconds between two looks at how quiet it is */
#define POOL_SURGE 32  /* widest opening, in multiples of the floor */
#define POOL_FAR 10000 /* microseconds: a long way */

struct pool {
	unsigned floor, max; /* -N, -m */
	unsigned target;     /* how many should wait now */
	unsigned lowest;     /* fewest that waited since the last tick */
	unsigned visits;     /* since the last tick */
	uint64_t grown;	     /* when it doubled last, microseconds */
	/* Microseconds from dialling to waiting: of late, and at the best; 0:
	 * not known. */
	uint64_t took, best;
};

void pool_init(struct pool *, unsigned floor, unsigned max);

/* An acceptor has come to wait, took microseconds after it was called. */
void pool_ready(struct pool *, uint64_t took);

/*
 * A visitor came at now (microseconds) and left idle acceptors waiting; rtt
 * is the way to the gateway and back, microseconds.
 */
void pool_visit(struct pool *, unsigned idle, uint32_t rtt, uint64_t now);

/* POOL_TICK seconds went by.  True: it was quiet, close those beyond the
 * target. */
bool pool_tick(struct pool *);

#endif
