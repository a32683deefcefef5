#ifndef LISTENER_H
#define LISTENER_H

/*
 * The listening sockets of the server process: connections are taken in
 * bounded batches, and go to conn.h, or first to proxyin.h or handin.h.
 * Where descriptors run out all of them rest for a moment, and one peer a
 * time is told why.
 */

#include <event2/event.h>
#include <stdint.h>

#include "ports.h"

/* Before the sandbox: a descriptor is put aside.  0 or -1 with errno. */
int listener_init(struct event_base *);

/*
 * Listener id is from now on one of kind by the statement cl (NULL: none),
 * which must live until it is set again or swept.  fd is its socket, its own
 * from here on, or -1 for one that is there already.  0, or -1 with errno.
 */
int listener_set(uint32_t id, enum port_kind kind, int fd,
    const struct conf_listen *cl);

/* Close those that have not been set since the last call. */
void listener_sweep(void);

/* Hand-overs can be taken in again (handin.h). */
void listener_wake(void);

#endif
