#ifndef ROLE_H
#define ROLE_H

/*
 * What all workers are, whatever they relay: a process by itself, the socket
 * to its feeder, by which it is told and tells, and, when the feeder is gone,
 * an orphan that serves what it has to the end.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "ratecap.h"
#include "relay_msg.h"

struct role_calls {
	/* A message of the feeder's, and what came with it, which now is
	 * yours.  error is EMFILE where its descriptors were cut off: none
	 * came then. */
	void (*handle)(void *arg, const void *p, size_t len, const int *fd,
	    int nfd, int error);
	/* Send what waits, by role_send(): its result where that was not 1,
	 * or 1: that was all. */
	int (*flush)(void *arg);
	/* The feeder is gone: log what it was not told (a title and the
	 * system's log tell of orphans from now on), begin what it has sent,
	 * and let role_left() know. */
	void (*orphan)(void *arg);
};

struct role {
	const struct role_calls *calls;
	void *arg;
	struct event_base *base;
	struct event *ev_read, *ev_write;
	time_t said;   /* the last refusal */
	bool orphan;   /* there is nobody to tell */
	bool flushing; /* a flush is deferred to the end of the turn */
};

/*
 * A session of its own; deaf to what a terminal's or a feeder's end brings
 * (SIGPIPE, SIGINT, SIGHUP); no new privileges, no core and no tracer.  What
 * the system refuses is logged, as verbose and use_syslog say.  Then the loop
 * and the feeder's socket, descriptor 3; leaves the program where they cannot
 * be had.
 */
void role_init(struct role *, const struct role_calls *, void *arg,
    bool verbose, bool use_syslog);

/* Enter the sandbox, unless it is NULL, and serve.  Leaves the program where
 * the loop fails. */
void role_run(struct role *, int (*sandbox)(char *err, size_t errlen));
void role_clear(struct role *);

/* Something is to be told: flush() is called at the end of the turn, whose
 * messages may go together, or when the feeder has room. */
void role_flush_later(struct role *);

/* A message to the feeder: 1: sent, 0: later, -1 with errno: it is gone. */
int role_send(const void *p, size_t len);

/* So many streams are left; an orphan that has none is done. */
void role_left(struct role *, size_t n);

/* Nothing of this kind can be taken.  The feeder may find another worker; what
 * lasts is said now and then. */
void role_refused(struct role *, const char *what, int error);

/* What came with SHARE, taken or closed.  NULL, and that is logged. */
struct ratecap *role_caps(const int *fd, int nfd, int error);
void role_close_all(const int *fd, int n);

/* The log's line for a stream that ended. */
void role_log_end(const struct relay_end *);

#endif
