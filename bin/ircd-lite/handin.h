#ifndef HANDIN_H
#define HANDIN_H

/*
 * Connections that come as descriptors, by "vsap-bind -t fdpass:" and
 * "ircd-lite -i" (handover.h): one message on a connection to the hand-over
 * socket, then it is over.  Whoever hands over says whose the connection is;
 * so only who started us, root, and the users of the configuration may.
 */

#include <event2/event.h>
#include <sys/types.h>
#include <stdbool.h>

#define HANDIN_MAX 256 /* that may be under way at once */
#define HANDIN_WAIT 5  /* seconds for the message */

/* owner: the user who started the server. */
void handin_init(struct event_base *, uid_t owner);

/* A connection to the hand-over socket; fd is its own from here on. */
void handin_take(int fd);

/* So many are under way that no further one is to be accepted; then
 * listener_wake() tells when that is over. */
bool handin_full(void);

#endif
