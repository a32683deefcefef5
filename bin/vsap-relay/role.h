#ifndef ROLE_H
#define ROLE_H

/* What all workers do with themselves, whatever they relay. */

#include <event2/event.h>
#include <stddef.h>

#include "relay_msg.h"

#define ROLE_FD 3 /* a worker's socket to its feeder */

/*
 * A session of its own; deaf to what a terminal's or a feeder's end brings
 * (SIGPIPE, SIGINT, SIGHUP); no new privileges, no core and no tracer.  What
 * the system refuses is logged.
 */
void role_detach(void);

/* Nobody feeds us any more: say so in the title, by which "vsapd -K" knows
 * its own orphans, and log to syslog from now on. */
void role_orphan(void);

/*
 * Two events of the feeder's socket, for reading (added) and for writing (not
 * yet).  Leaves the program where they cannot be had.
 */
void role_watch(struct event_base *, event_callback_fn on_read,
    event_callback_fn on_write, void *arg, struct event **ev_read,
    struct event **ev_write);

/*
 * One message of the feeder's into packet, and what came with it: error is
 * EMFILE where its descriptors were cut off, and none came.  The descriptors
 * are handle()'s.  1: more may be there, 0: none, -1: the feeder is gone.
 */
int role_receive(void *packet, size_t size,
    void (*handle)(void *arg, size_t len, const int *fd, int nfd, int error),
    void *arg);
void role_close_all(const int *fd, int n);

/* The log's line for a stream that ended. */
void role_log_end(const struct relay_end *);

#endif
