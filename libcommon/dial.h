#ifndef DIAL_H
#define DIAL_H

/*
 * Connecting to an address without blocking: resolve, then try each
 * address in turn (a further one starts 250 ms after the last, RFC 8305),
 * the first that answers wins.
 */

#include <sys/socket.h>
#include <event2/event.h>
#include <stdbool.h>

#include "addr.h"
#include "resolv.h"

struct dial;

struct dial_opts {
	int family;		       /* AF_UNSPEC, or -4 / -6 of the user */
	int timeout;		       /* seconds for everything; 0: 30 */
	const struct sockaddr *source; /* bind to its address first, port 0 */
	socklen_t sourcelen;
	bool trust_check; /* UNIX: the socket must be own or root's */
	bool seqpacket;	  /* UNIX: SOCK_SEQPACKET */
	/*
	 * Called for each resolved address; false: not this one.  May be
	 * NULL.  Where every address is refused the error text is
	 * "not permitted" and errno EACCES.
	 */
	bool (*permit)(void *arg, const struct sockaddr *, socklen_t);
};

/*
 * Start.  done(arg, fd, error): a connected, tuned, non-blocking
 * descriptor that now is the callee's, or -1 with a text that names the
 * reason ("Connection refused"); errno is set too.  Called once, never from
 * within dial_start(), never after dial_cancel().  The addr and opts are
 * copied.  NULL with errno when it cannot begin.
 */
struct dial *dial_start(struct event_base *, struct resolv *,
    const struct addr *, const struct dial_opts *,
    void (*done)(void *arg, int fd, const char *error), void *arg);
void dial_cancel(struct dial *); /* NULL is fine */

/*
 * The quick way: one numeric TCP address or UNIX path whose connection is
 * complete at once, as on loopback.  The descriptor; -1 with errno
 * EINPROGRESS: use dial_start(); others: failed.  opts as above, permit is
 * asked.
 */
int dial_now(const struct addr *, const struct dial_opts *, void *arg);

#endif
