#ifndef VSOCK_H
#define VSOCK_H

/*
 * Virtual sockets: bound addresses, the BINDs that share one, the acceptors
 * that wait on it and the visitors that come to it (vsap(7), SHARING).
 *
 * The kernel's backlog is the queue: a listener's event is armed only while
 * somebody waits in ACCEPT.  Visitors that were given back, and those who
 * came by a CONNECT to a name or a path, wait here, before the kernel's.
 * An address that is bound by nobody lingers for VSAP_LINGER seconds.
 */

#include <sys/queue.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "gateway.h"
#include "pmsg.h"
#include "visitors.h"

struct session;
struct vsock;

#define VISITOR_ADDR 128 /* bytes of an address of a visitor */

struct visitor {
	TAILQ_ENTRY(visitor) entry;
	struct vsock *vsock;
	int fd;
	time_t since; /* when it was offered first */
	char local[VISITOR_ADDR];
	char remote[VISITOR_ADDR];
};

/* One BIND of one session. */
struct vbind {
	TAILQ_ENTRY(vbind) of_vsock;
	TAILQ_ENTRY(vbind) of_session;
	TAILQ_ENTRY(vbind) of_waiting;
	struct vsock *vsock;
	struct session *session;
	int sid;
	bool waiting;
	time_t since; /* it has waited since then */
	bool last;    /* its source let a visitor wait: after all others */
	int prio;
	int backlog;		/* that it wants, 0: what is there */
	struct limit_hold held; /* of LIMIT_BINDS */
};

struct vsock {
	TAILQ_ENTRY(vsock) entry;
	struct gateway *gw;
	char addr[ADDR_STRLEN]; /* what was bound, in the address grammar */
	struct addr where;	/* the same, taken apart */
	struct visitors *asked; /* what the BIND wanted of visitors, or NULL */
	char owner[OWNER_MAX];
	int fd;	       /* listener, or -1: a name */
	uint32_t keep; /* the parent's number for its copy */
	int backlog;
	bool armed;
	bool serving; /* visitors are being offered just now */
	bool starved; /* its visitors wait for a limit of streams */
	bool closed; /* no rule permits it any more: its BINDs alone are left */
	struct event readable;
	struct event linger;
	TAILQ_HEAD(, vbind) binds;
	TAILQ_HEAD(vwaiting, vbind) waiting; /* the best first */
	TAILQ_HEAD(, visitor) visitors;
	unsigned nbinds, nwaiting, nvisitors;
	struct limit_hold held; /* while it lingers, of the last BIND */
};

/* The virtual socket bound at addr (canonical text), or NULL. */
struct vsock *vsock_find(struct gateway *, const char *addr);

/* Somebody bound the same TCP port on an overlapping address?  Or NULL. */
struct vsock *vsock_overlap(struct gateway *, const char *addr);

/*
 * A new one; fd and keep are its own from now on (on failure they are
 * closed and dropped).  It lingers until somebody attaches.  NULL: no
 * memory.
 */
struct vsock *vsock_new(struct gateway *, const char *addr, const char *owner,
    int fd, uint32_t keep, int backlog);

/* The rule by which a BIND may be there now; NULL: none, or its session may
 * ask for nothing any more. */
const struct rule *vsock_rule(const struct vbind *);

/* Nobody may have it bound any more: the address is free, who waits in the
 * queue sees a reset, and the sessions keep what can no longer be of use. */
void vsock_close(struct vsock *);

/* Share it with a session under a number; NULL: no memory. */
struct vbind *vsock_attach(struct vsock *, struct session *, int sid);

/* Undo that, and free the vbind. */
void vsock_detach(struct vbind *);

/*
 * LISTEN: how many may wait.  The largest number that those who share it want
 * is in force; where nobody wants one, what vsock_new() said.  0, or -1 with
 * errno.
 */
int vsock_listen(struct vbind *, int backlog);
void vsock_listen_no_more(struct vbind *);

/*
 * Wait for a visitor; session_offer() is called when there is one, never
 * from within.  Call vsock_pump() when all the session's sockets wait.
 */
void vsock_wait(struct vbind *, int prio);
void vsock_unwait(struct vbind *);

/* Serve those who wait, as far as there are visitors. */
void vsock_pump(struct vsock *);

/*
 * Give a visitor back to the head of the queue, or close it when it has
 * been given back for VSAP_OFFER_TOTAL seconds.
 */
void vsock_return(struct visitor *);

/* A visitor from within: the other end of a CONNECT to a name or a path.
 * 0, or -1: the queue is full (the descriptor stays the caller's). */
int vsock_visit(struct vsock *, int fd, const char *remote);

/* May the peer of a session come here by CONNECT?  ip is its address, all
 * zero for a UNIX-domain peer. */
bool vsock_welcomes(struct vsock *, const struct in6_addr *ip);

/* Arm every listener again after gateway_resume(). */
void vsock_rearm_all(struct gateway *);

#endif
