#ifndef HOST_H
#define HOST_H

/*
 * What control asks of its surroundings: to bind an address and to let one
 * go.  The parent answers by messages (pmsg.h); a vsapd that serves one
 * connection alone does it itself.
 */

#include <event2/event.h>
#include <stdint.h>

#include "addr.h"
#include "pmsg.h"

struct host;
struct host_bind;

struct host_calls {
	/* A listener, worker or helper that the parent gives; fd is the
	 * callee's.  PMSG_START comes last, without one. */
	void (*given)(void *arg, const struct pmsg *, int fd);
};

/* Talk to the parent over channel.  NULL: no memory. */
struct host *host_new(struct event_base *, int channel,
    const struct host_calls *, void *arg);

/* No parent: bind here, paths beneath root. */
struct host *host_new_alone(struct event_base *, int root);

/*
 * Bind a and listen; lo and hi as in bindaddr().  done() is called later,
 * not from within: fd (now the callee's), the parent's number and the bound
 * address; or fd -1 and an errno.  NULL: cannot ask (errno).
 */
struct host_bind *host_bind(struct host *, const struct addr *a, uint16_t lo,
    uint16_t hi, int backlog, const char *owner,
    void (*done)(void *arg, int fd, uint32_t keep, const char *addr, int error),
    void *arg);

/* Nobody waits for the answer any more; what is bound is let go. */
void host_bind_cancel(struct host_bind *);

/* A bound listener's queue is to be so long.  The parent does it, on its
 * copy.  0, or -1 with errno. */
int host_backlog(struct host *, int fd, uint32_t keep, int backlog);

/* Let the copy of a listener go. */
void host_drop(struct host *, uint32_t keep);

#endif
