#ifndef REACH_H
#define REACH_H

/*
 * Connecting to an endpoint: directly, through a gateway, an inherited
 * descriptor, or a command.
 */

#include "forward.h"

struct reach;

/*
 * Start.  done(arg, fd, error): a descriptor that now is the callee's, or
 * -1 with a text that names the endpoint and the reason; permanent: trying
 * again without a change is of no use.  Called once, from the loop.  NULL
 * with errno when it cannot begin.
 */
struct reach *reach_start(struct relay *, const struct endpoint *, bool gateway,
    void (*done)(void *arg, int fd, const char *error, bool permanent),
    void *arg);

/*
 * The quick way, for what needs no waiting: the descriptor, or -1 with
 * errno; EINPROGRESS: use reach_start().
 */
int reach_now(struct relay *, const struct endpoint *, bool gateway);

#endif
