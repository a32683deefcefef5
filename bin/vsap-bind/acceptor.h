#ifndef ACCEPTOR_H
#define ACCEPTOR_H

/*
 * One session at a gateway: it binds, listens, accepts one visitor, and
 * becomes that visitor's stream, or fetches the visitor's descriptor and
 * accepts the next.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct gate;
struct vsapc;
struct delivery;
struct dial;

enum acceptor_state {
	ACCEPTOR_DIALING,   /* connecting and authenticating */
	ACCEPTOR_BINDING,   /* BIND said */
	ACCEPTOR_LISTENING, /* LISTEN said */
	ACCEPTOR_HELD,	    /* listening, and not asked to accept */
	ACCEPTOR_WAITING,   /* ACCEPT said */
	ACCEPTOR_VISITED,   /* a visitor is here, and is being delivered */
	ACCEPTOR_FETCHING,  /* RELAY -f said */
};

struct acceptor {
	TAILQ_ENTRY(acceptor) entry;
	struct gate *gate;
	struct vsapc *client;
	enum acceptor_state state;
	uint64_t called;	   /* when it began to dial (bind_now()) */
	bool listen_said;	   /* behind BIND, in one go */
	bool accept_said;	   /* ... and ACCEPT */
	bool express;		   /* ... and RELAY too (gate_hurries()) */
	struct dial *dial;	   /* express: its target ... */
	int target;		   /* ... which stands before BIND is said */
	struct delivery *delivery; /* from VISITED on */
	/* The visitor, as far as the gateway's words could be parsed. */
	struct addr local, remote;
	bool have_local, have_remote;
};

/* Start a session.  0, or -1 with errno. */
int acceptor_new(struct gate *);

/* End it; the gateway gives a visitor to the next acceptor. */
void acceptor_free(struct acceptor *);

/* HELD: accept now. */
void acceptor_accept(struct acceptor *);

/*
 * VISITED: the session becomes the stream: RELAY is said here (unless it is
 * express), or by the caller as the first bytes (ACCEPTOR_RELAY).  The
 * descriptor, or -1; the acceptor is gone in any case.  *token: of its TLS
 * connection (gwtls.h), NULL: none; token NULL: it is not wanted.
 */
#define ACCEPTOR_RELAY "RELAY\r\n"
int acceptor_take(struct acceptor *, bool say_relay, void **token);

/*
 * VISITED: fetch the visitor's descriptor.  The delivery hears
 * deliver_stream() or deliver_gone().  0, or -1: the acceptor is gone.
 */
int acceptor_fetch(struct acceptor *);

/* "visitor" or its address, for messages. */
const char *acceptor_visitor(const struct acceptor *, char *out, size_t outlen);

#endif
