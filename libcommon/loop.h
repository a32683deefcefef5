#ifndef LOOP_H
#define LOOP_H

/*
 * The event loop of a program: an event_base that flushes the log once a
 * turn, and calls that are deferred to the end of the turn (the way an
 * object is freed from within its own callback).
 */

#include <event2/event.h>

/* An event_base (epoll where there is one); NULL on failure. */
struct event_base *loop_new(void);

/* Run until event_base_loopbreak() or no events; then flush.  0 or -1. */
int loop_run(struct event_base *);

/* Call fn(arg) after the callbacks of this turn.  0, or -1 (no memory). */
int loop_defer(struct event_base *, void (*fn)(void *), void *arg);

#endif
