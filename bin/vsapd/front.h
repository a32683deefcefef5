#ifndef FRONT_H
#define FRONT_H

/*
 * The protocols that a control port answers (vsap(7), ONE PORT).  A session
 * has one of them at a time; each takes its requests from the session's
 * input, runs them as requests of VSAP (cmd.h), and says the replies in its
 * own way.  None of them knows what binding or connecting is.
 *
 *	front_proxy	a PROXY header, then ...
 *	front_first	by the first bytes: TLS, SOCKS, HTTP, or
 *	front_vsap	lines
 *	front_socks	SOCKS 4, 4a, 5, and VSAP in binary (codes from 0x80)
 *	front_http	CONNECT host:port HTTP/1.x
 *	front_metrics	GET /metrics, on a listener of its own
 */

#include <stdbool.h>

#include "http_head.h"
#include "session.h"

struct front {
	const char *name;
	/* At the prompt: take one request, or a part of it, from s->in; with
	 * s->eof nothing will follow.  true: there may be more to do. */
	bool (*input)(struct session *);
	/* Something came, or the end, while a request waits; true as above.
	 * NULL: nothing that comes then matters. */
	bool (*while_waiting)(struct session *);
	/* A reply of VSAP to the request under way; the log has what there is
	 * to say of a refusal. */
	void (*reply)(struct session *, int code, bool more, const char *text);
	/* The answer to who_login(). why: what a refusal is told; the log has
	 * it. */
	void (*logged_in)(struct session *, bool right, const char *why);
	/* Its first bytes, which are still in s->in, came to a listener that
	 * speaks something else: say so, and close.  NULL: not known by its
	 * first bytes. */
	void (*unwelcome)(struct session *, const char *why);
};

extern const struct front front_proxy, front_first, front_vsap, front_socks,
    front_http, front_metrics;

/* The session speaks this from now on. */
void front_set(struct session *, const struct front *);

/* What a front keeps for its session: size bytes, zeroed, freed (and wiped)
 * with the session's memory, at the end of the turn in which it ends, or by
 * the next front_set().  NULL: no memory, the session is closed. */
void *front_state(struct session *, size_t size);

/* Run a request of VSAP that the front made.  The line is at most
 * VSAP_LINE_MAX bytes long and has no line end. */
void front_run(struct session *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* What s->in says of the request behind the one that waits. */
enum front_next {
	NEXT_UNKNOWN, /* it is not there, or not whole */
	NEXT_RELAY,
	NEXT_OTHER,
};

/*
 * What becomes of the request that waits: to ACCEPT RELAY may be sent ahead,
 * all else cancels it; any request ends FORWARD; and who has left waits
 * neither for a visitor nor for a name.  But the end of input alone ends no
 * connection that is under way, nor a password's check: these have their own
 * time, and the client may well read.  true: it is cancelled or ended, the
 * session not, and the next request's turn has come.
 */
bool front_waits(struct session *, enum front_next);

/*
 * The head of an HTTP request, out of s->in.  1; 0: it is not whole, and if it
 * never will be the session is closed; -1: malformed, *fault says how, nothing
 * is taken.
 */
int
front_http_request(struct session *, struct http_request *, enum http_fault *);

/* Bytes of an answer; too many unread ones reset the session. */
void front_send(struct session *, const void *p, size_t len);

/* A stranger that speaks what is not spoken here: closed, with a word for
 * the log. */
void front_close(struct session *, const char *why);

#endif
