#ifndef VSOCK_IMPL_H
#define VSOCK_IMPL_H

/* Between vsock.c (sockets, who is bound, who waits) and vsock_visit.c (their
 * visitors). */

#include "vsock.h"

/* The kernel's queue has visitors: the event of a socket's listener, and its
 * end. */
void vsock_on_readable(evutil_socket_t, short, void *vsock);
void vsock_disarm(struct vsock *);

#endif
