#ifndef DOORS_H
#define DOORS_H

/*
 * Control's listeners: what comes in is made a session.  They pause where
 * there is no room (descriptors, sessions, workers), and change at a reload
 * all at once.
 */

#include "gateway.h"
#include "pmsg.h"
#include "session.h"

void doors_init(struct gateway *);

/* The parent names a listener, by its number, with its descriptor or, where
 * that came before, -1. */
void doors_add(const struct pmsg *, int fd);

/* Those that were not named since the last call are closed, the others take
 * the gateway's configuration: from the start on, and again. */
void doors_open(void);

/* What a connection may do that came by a listener of the configuration, or
 * from a process that handed it over (PMSG_NO_INDEX). */
struct session_at doors_at(const struct conf *, unsigned index);

#endif
