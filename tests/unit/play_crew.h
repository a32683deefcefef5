#ifndef PLAY_CREW_H
#define PLAY_CREW_H

/* A feed before workers that are played: one loop, and their ends of the
 * sockets. */

#include <sys/socket.h>
#include <event2/event.h>

#include "tap.h"

#define WORKERS 3

static struct event_base *base;
static int worker[WORKERS];

static inline void
sockets(int type, int sv[2])
{
	if (socketpair(AF_UNIX, type, 0, sv) == -1)
		die("socketpair");
}

/* Another worker of this number: the feed's end of its socket. */
static inline int
play_worker(int slot)
{
	int sv[2];

	sockets(SOCK_SEQPACKET | SOCK_NONBLOCK, sv);
	worker[slot] = sv[1];
	return sv[0];
}

/* What is at hand, and what follows from it at once. */
static inline void
turn(void)
{
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

#endif
