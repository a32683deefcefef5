#ifndef TLSFEED_IMPL_H
#define TLSFEED_IMPL_H

/*
 * What tlsfeed.c (connections and where they are) and tlsfeed_worker.c (what
 * workers are told, and tell) share.  Nobody else includes this.
 *
 * A connection is a job (crew.h).  Its copy is of the START: connection and
 * plain end, bytes read ahead and server name (with its NUL); then of the
 * SWITCH: peer and plain end, bytes for the peer.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "crew.h"
#include "tls_msg.h"
#include "tlsfeed.h"

enum tstate {
	T_START,    /* to be sent, or not acknowledged */
	T_OPEN,	    /* the worker's; our plain end is the owner's */
	T_SWITCH,   /* the switch is to be sent, or not confirmed */
	T_SWITCHED, /* a stream */
};

struct tconn {
	struct job job; /* the first */
	TAILQ_ENTRY(tconn) unsent_entry;
	uint32_t cfg;
	uint8_t state;
	bool unsent;	/* its worker was full, and is to be told */
	bool forgotten; /* nobody wants to hear of it */
	bool reset;	/* its worker is to be told, and that was all */
};

struct tlsfeed {
	struct crew crew;
	struct tlsfeed_calls calls;
	void *arg;
	TAILQ_HEAD(, tconn) unsent;
	size_t nunsent, switched;
};

/* NULL is NULL. */
struct tconn *tlsfeed_conn(struct job *);

/* Hand c to the worker with the fewest connections that did not refuse it,
 * which is told; false: there is none. */
bool tlsfeed_place(struct tlsfeed *, struct tconn *);
/* It is not to be told any more. */
void tlsfeed_unsend(struct tlsfeed *, struct tconn *);
/* Take it from its worker, or who waits. */
void tlsfeed_detach(struct tlsfeed *, struct tconn *);

/* The end of a detached one, told to the owner. */
void tlsfeed_down(struct tlsfeed *, struct tconn *, const char *reason);
void tlsfeed_end(struct tlsfeed *, struct tconn *, const struct relay_end *);
void tlsfeed_fail(struct tlsfeed *, struct tconn *, enum relay_cause);
/* The same, told to nobody. */
void tlsfeed_remove(struct tlsfeed *, struct tconn *);

/* room() of the crew: what could not be sent is tried again. */
void tlsfeed_flush(void *feed);
/* Send c's worker what it is to be told: false, and it is full. */
bool tconn_send(const struct tconn *);

extern const struct crew_calls tlsfeed_crew_calls;

#endif
