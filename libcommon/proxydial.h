#ifndef PROXYDIAL_H
#define PROXYDIAL_H

/*
 * A TCP connection through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6),
 * with Basic authorization where there are credentials.  Level: tier 2.
 */

#include <event2/event.h>

#include "addr.h"
#include "resolv.h"

struct proxy {
	struct addr addr;
	char text[ADDR_STRLEN]; /* of addr, for messages */
	char *creds;		/* "user:password", NULL: none */
};

struct proxydial;

/*
 * Start: dial the proxy and ask it for target ("host:port", which it
 * resolves).  done(arg, fd, error): the descriptor, of which not a byte
 * behind the proxy's answer was read, or -1 with a text that names the proxy,
 * the reason and what to do; errno is EPERM where trying again without a
 * change is of no use.  Called once, never from within proxydial_start(),
 * never after proxydial_cancel().  timeout: seconds for everything.  proxy
 * and target are looked at in this call only.  NULL with errno when it cannot
 * begin.
 */
struct proxydial *proxydial_start(struct event_base *, struct resolv *,
    const struct proxy *, const char *target, int family, int timeout,
    void (*done)(void *arg, int fd, const char *error), void *arg);
void proxydial_cancel(struct proxydial *); /* NULL is fine */

#endif
