#ifndef VSAP_CLIENT_IMPL_H
#define VSAP_CLIENT_IMPL_H

/*
 * What the parts of the client session share: vsap_client.c (its life),
 * vsap_client_io.c (lines), vsap_client_auth.c.  Nobody else includes this.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "gwlink.h"
#include "vsap_client.h"

enum vsapc_state {
	VSAPC_DIALING,
	VSAPC_AUTHENTICATING,
	VSAPC_READY,
	VSAPC_CLOSED,
};

struct vsapc_auth; /* what SCRAM remembers between its messages */

struct vsapc {
	struct event_base *base;
	const struct vsapc_calls *calls;
	void *arg;
	enum vsapc_state state;
	char server[ADDR_STRLEN];
	const char *creds;
	struct gwlink *link;
	int fd; /* the link's */
	struct vsapc_auth *auth;
	char *reason; /* why TLS ended, told when all was read */
	bool permanent;
	bool again;	/* refused for now only ... */
	unsigned after; /* ... and for so many seconds, 0: it does not say */
	bool ending;	/* at the end of file, waiting for that reason */
	bool broken;	/* writing failed; what was received tells why */
	struct event *read, *write, *timer;
	struct buf out;
	int depth;  /* callbacks under way */
	bool freed; /* by the caller, in one of them */
	int passed; /* a descriptor that came with the line being read */
	size_t len; /* bytes of the unfinished line */
	char line[VSAP_LINE_MAX + 3]; /* with CRLF and one more */
};

/* Around whatever may call the owner: what he sends leaves at once, and v
 * itself goes at leave() if he freed it. */
void vsapc_enter(struct vsapc *);
void vsapc_leave(struct vsapc *);

/* The session is over; error is the errno of the reason, or 0. */
void vsapc_over(struct vsapc *, bool permanent, int error, const char *fmt, ...)
    __attribute__((__format__(printf, 4, 5)));

/* Connected and authenticated. */
void vsapc_ready(struct vsapc *);

/* Lines: begin to read (0, or -1: no memory), write what can be written,
 * queue one. */
int vsapc_io_start(struct vsapc *);
void vsapc_flush(struct vsapc *);
int vsapc_put(struct vsapc *, const char *line, size_t len);

/* Reading came to the end: all there is to say. */
void vsapc_ended(struct vsapc *);

/* Begin to authenticate; a reply that belongs to that; the other side has
 * closed meanwhile; what was remembered. */
void vsapc_auth_start(struct vsapc *);
void vsapc_auth_reply(struct vsapc *, const struct vsap_reply *);
const char *vsapc_auth_closed(const struct vsapc *);
void vsapc_auth_free(struct vsapc *);

#endif
