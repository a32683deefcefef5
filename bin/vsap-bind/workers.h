#ifndef WORKERS_H
#define WORKERS_H

/*
 * The vsap-relay workers that carry the streams of -t.  They are started
 * with the first stream, as many as there are processors; one that dies is
 * replaced; all of them outlive this program.
 */

#include <sys/types.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct workers;
struct gwtls;

/* ready(arg): room again after workers_busy() was true.  The TLS worker, or
 * NULL, stays the caller's.  NULL with a message in err. */
struct workers *workers_new(struct event_base *, struct gwtls *, bool verbose,
    void (*ready)(void *), void *arg, char *err, size_t errlen);
void workers_free(struct workers *);

/* Is a worker there that takes a stream?  Starts them.  0, or -1 (logged).*/
int workers_prepare(struct workers *);
bool workers_busy(const struct workers *);

/* Relay visitor and target, which now are the workers'; first goes to the
 * target ahead.  token: of the visitor's TLS connection, which its worker
 * carries; or NULL.  who names the visitor in the log. */
void workers_relay(struct workers *, int visitor, void *token, int target,
    const void *first, size_t firstlen, const char *who);

/* Streams that no worker has acknowledged yet. */
size_t workers_pending(const struct workers *);

#endif
