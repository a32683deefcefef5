#ifndef PROXYIN_H
#define PROXYIN_H

/*
 * Connections by a proxy, that say by a PROXY header (handover.h) from whom
 * they come.  Only proxies that the listener's statement names are heard,
 * the header has to come first and soon, and what stands behind it is the
 * client's.  What is wrong with one connection is never held against the
 * proxy's address.
 */

#include <event2/event.h>

#include "conf.h"
#include "conn.h"

#define PROXYIN_MAX 4096 /* connections whose header has not come yet */
#define PROXYIN_WAIT 5	 /* seconds for it */

void proxyin_init(struct event_base *);

/* The descriptor is its own from here on; from is the proxy's connection. */
void proxyin_take(const struct conn_from *from, const struct conf_listen *);

#endif
