#ifndef GWTLS_H
#define GWTLS_H

/*
 * A client's TLS worker: vsap-relay --tls-worker, started when the first
 * connection needs it, kept for all that follow, and replaced when it died.
 * It outlives us where it still carries a connection.  Level: tier 3.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gwlink.h"
#include "gwopts.h"
#include "relay_msg.h"

struct gwtls;

/* Loads the files that the options name, which are looked at once.  NULL
 * with a message in err. */
struct gwtls *gwtls_new(struct event_base *, const struct gwopts *,
    bool verbose, char *err, size_t errlen);
/* The worker is left alone with what it carries.  Links were closed before.
 * NULL is fine; no calls. */
void gwtls_free(struct gwtls *);

/* For gwlink_open() and vsapc_new(); lives as long as the gwtls. */
const struct gwlink_tls *gwtls_link(const struct gwtls *);

/*
 * A connection's token, by which it becomes a stream to peer.  plain is our
 * end, both descriptors are closed here or by the worker; first goes to peer
 * ahead.  end is told once when the stream is over, ab from the TLS side.
 * 0, or -1 with errno: closed.  The token is gone.
 */
int gwtls_switch(struct gwtls *, void *token, int plain, int peer,
    const void *first, size_t firstlen, uint32_t idle,
    void (*end)(void *arg, const struct relay_end *), void *arg);
void gwtls_forget(void *token);

/* The other side sees a reset, and no end; the plain end is the caller's to
 * close.  The token is gone. */
void gwtls_reset(void *token);

/* Connections that were switched, and whose worker has not said yet that it
 * took them. */
size_t gwtls_pending(const struct gwtls *);

/*
 * For a stream that is pumped by ourselves (stdpump.h).  The plain end of a
 * connection cannot tell one that broke off from one that ended; a switched
 * one tells.  So *fd, the plain end, becomes a socket of ours to which the
 * worker has switched the connection, for which the loop is run here: never
 * from within a callback.  0, or -1 with errno: all is closed, *fd is -1.
 * One at a time.
 *
 * gwtls_watched(): when *fd was read to its end and closed: 0, or -1 with
 * errno (ECONNRESET).  Runs the loop for a moment.
 */
int gwtls_watch(struct gwtls *, void *token, int *fd);
int gwtls_watched(struct gwtls *);

#endif
