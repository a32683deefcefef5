#ifndef GATE_H
#define GATE_H

/*
 * One gateway: the address that is published there, the pool of acceptors,
 * and coming back when it is lost.
 *
 * What happens to a session is told by its acceptor; what follows from it
 * is worked out once a turn by one function that brings the pool into line
 * (gate_touch() asks for that).
 */

#include <stdbool.h>

#include "addr.h"

struct gate;
struct bind;
struct acceptor;

/* NULL with errno, or with a message where the server is malformed. */
struct gate *
gate_new(struct bind *, const char *server, char *err, size_t errlen);
void gate_free(struct gate *);

/* Something changed that may want more, fewer or other acceptors. */
void gate_touch(struct gate *);

struct bind *gate_bind(const struct gate *);
const struct addr *gate_server(const struct gate *);
const char *gate_name(const struct gate *);	    /* as the user wrote it */
const struct addr *gate_bound(const struct gate *); /* NULL before 210 */

/* For the acceptor: what to BIND, may the rest follow in one go, may it
 * accept, and is the visitor's descriptor to be had (RELAY -f)? */
const char *gate_address(const struct gate *);
bool gate_pipelines(const struct gate *);
bool gate_accepts(const struct gate *);
bool gate_fetches(const struct gate *);
void gate_no_fetch(struct gate *);

/*
 * Is a new session express: is RELAY said at once behind ACCEPT, which then
 * waits for a moment only?  So when over a long way visitors were left
 * waiting just now: they are served a round trip earlier.
 */
bool gate_hurries(const struct gate *);
void gate_no_pipeline(struct gate *);

/* From the acceptor: connected, bound at, listening, has a visitor. */
void gate_connected(struct gate *, struct acceptor *);
void gate_settle(struct gate *, const struct addr *bound);
void gate_listening(struct gate *, const struct acceptor *);
void gate_visited(struct gate *, struct acceptor *);

/* From the acceptor: the session is over, which is freed by this. */
enum gate_fault {
	GATE_EXPIRED,	/* an express one has waited its time */
	GATE_LOST,	/* it ended */
	GATE_REFUSED,	/* the gateway said no; that may change */
	GATE_FORBIDDEN, /* no, and it is of no use to ask again */
	GATE_UNFIT,	/* it does not do what it was asked and agreed to */
};
void
gate_over(struct gate *, struct acceptor *, const char *text, enum gate_fault);

/* Before gate_over(): the gateway tells us to come back after so many
 * seconds, and not before. */
void gate_not_before(struct gate *, unsigned seconds);

/* An acceptor comes and goes (acceptor_new, acceptor_free). */
void gate_insert(struct gate *, struct acceptor *);
void gate_remove(struct gate *, struct acceptor *);

#endif
