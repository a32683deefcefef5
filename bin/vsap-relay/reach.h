#ifndef REACH_H
#define REACH_H

/*
 * Connecting to an endpoint: directly, through a gateway, an inherited
 * descriptor, or a command; then TLS on it where the endpoint says so.
 */

#include "adapter.h"
#include "forward.h"
#include "socks.h"

struct reach;

struct reached {
	struct end end;	    /* the callee's from now on; fd -1: failed */
	const char *error;  /* names the endpoint and the reason */
	bool permanent;	    /* trying again without a change is of no use */
	enum socks_rep why; /* the reason, as a proxy tells it */
};

/*
 * Start.  done() is called once, from the loop.  to and its text stand until
 * then.  NULL with errno when it cannot begin.
 */
struct reach *reach_start(struct relay *, const struct endpoint *to,
    bool gateway, void (*done)(void *arg, const struct reached *), void *arg);

/*
 * The quick way, for what needs no waiting: the descriptor, or -1 with
 * errno; EINPROGRESS: use reach_start().
 */
int reach_now(struct relay *, const struct endpoint *, bool gateway);

/* What a proxy answers for this errno. */
enum socks_rep reach_reason(int error);

#endif
