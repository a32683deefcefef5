#ifndef FLOOD_H
#define FLOOD_H

/*
 * The message timer of RFC 1459, 8.10.  Each message sets the timer forward
 * by its penalty, from now at least; while it is at most window ahead of
 * now, messages are taken.  Pure; milliseconds.
 */

#include <stdbool.h>
#include <stdint.h>

struct flood {
	uint64_t timer;
};

/* May a message be taken now? */
bool flood_may(const struct flood *, uint64_t now, unsigned window);

/* One was taken. */
void flood_add(struct flood *, uint64_t now, unsigned penalty);

/* Milliseconds until flood_may(); 0: now. */
uint64_t flood_wait(const struct flood *, uint64_t now, unsigned window);

#endif
