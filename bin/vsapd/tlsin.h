#ifndef TLSIN_H
#define TLSIN_H

/*
 * Sessions over TLS.  The connection is a TLS worker's; the session speaks
 * on the plain end of a socket pair, and at RELAY the worker gets that end
 * and the peer (libcommon/tlsfeed.h).  What the worker says of a certificate
 * holds for that session alone.
 */

#include <stddef.h>
#include <stdint.h>

#include "gwlink.h"
#include "session.h"
#include "tlsfeed.h"

#define TLSIN_SERVER 1	 /* configuration numbers in the workers */
#define TLSIN_UPSTREAM 2 /* (the parent sends them) */

/* The session's connection begins TLS: to a worker with it, and with what was
 * read from it. */
void tlsin_begin(struct session *);

/* The session leaves; with reset the peer is not to take this for an end. */
void tlsin_end(struct session *);
void tlsin_reset(struct session *);

/*
 * The session's stream: its plain end and the peer are the worker's.  note is
 * the gateway's for the stream's end, called as in feed.h.  0 or -1 (closed).
 */
int tlsin_switch(struct session *, int plain, int peer, const void *first,
    size_t firstlen, uint32_t slot, uint64_t rate, void *note);

/* For connections to a chained gateway's upstream (gwlink.h): filled in anew
 * for each, since a reload may change what is looked for. */
void tlsin_link(struct gateway *, struct gwlink_tls *);

/* The workers' calls, for tlsfeed_new(). */
extern const struct tlsfeed_calls tlsin_calls;

#endif
