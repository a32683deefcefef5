#ifndef PLAY_LOOP_H
#define PLAY_LOOP_H

/* A loop that runs until what a test waits for is there. */

#include <stdbool.h>

#include <event2/event.h>

static struct event_base *base; /* made by the test */

static inline void
on_late(evutil_socket_t fd, short what, void *arg)
{
	bool *late = arg;

	(void)fd;
	(void)what;
	*late = true;
}

/* Run the loop until so many answers came, ten seconds at most. */
static inline void
wait_for(const int *count, int want)
{
	struct timeval limit = { 10, 0 };
	bool late = false;
	struct event *ev = evtimer_new(base, on_late, &late);

	evtimer_add(ev, &limit);
	while (*count < want && !late)
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
	event_free(ev);
}

#endif
