#ifndef HOP_H
#define HOP_H

/*
 * A chained gateway (vsapd -r): each session has one session at the
 * upstream, which binds, accepts and connects for it.  Requests go up one
 * at a time, replies come down as they are; RELAY joins both connections.
 */

#include <stdbool.h>

#include "session.h"
#include "vsap_proto.h"

struct hop;

/* Pass a request on; the first one dials the upstream. */
void hop_request(struct session *, const struct vsap_request *);

/* A line came while ACCEPT or FORWARD is under way up there. */
void hop_cancel_accept(struct session *);
void hop_end_forward(struct session *);

/* Does the upstream hold a peer for this session?  NULL is fine. */
bool hop_offered(const struct hop *);

/* Does it wait there for a name or path to be bound?  NULL is fine. */
bool hop_waits(const struct hop *);

/* Is anything bound there for this session?  NULL is fine. */
bool hop_holds(const struct hop *);

/* Leave the upstream.  NULL is fine. */
void hop_free(struct hop *);

#endif
