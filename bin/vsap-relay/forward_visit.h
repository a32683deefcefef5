#ifndef FORWARD_VISIT_H
#define FORWARD_VISIT_H

/*
 * The visitors of a listener, each from accept(2) to the end of its stream:
 * TLS where the listener has it, the request of -D, the endpoint, the
 * stream.
 */

#include <sys/socket.h>

#include "forward.h"

struct visits;

/* At most max visitors at a time.  left(arg): one is over, and its
 * descriptors are closed.  NULL with errno. */
struct visits *
visits_new(struct relay *, size_t max, void (*left)(void *arg), void *arg);

/* A visitor came; fd is the visits' from now on. */
void visits_take(struct visits *, int fd, const struct sockaddr *, socklen_t);

#endif
