#ifndef GWLINK_H
#define GWLINK_H

/*
 * The way to a gateway, and its end on our side: TCP or UNIX, directly or
 * through an HTTP proxy, then TLS in a worker process where the address says
 * so.  What comes out is one descriptor that speaks plain.  Level: tier 2.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "proxydial.h"
#include "resolv.h"
#include "tlsfeed.h"

struct gwlink;

/*
 * Who runs TLS workers for us: gwtls.h in the clients, the gateway's own
 * ones in a chained vsapd.
 */
struct gwlink_tls {
	/*
	 * Give conn (the callee's from now on, closed on failure) to a
	 * worker.  Returns the plain end (close-on-exec, non-blocking) and a
	 * token for the connection, or -1 with errno.  Later, never from
	 * within: gwlink_up() or gwlink_down(), and after gwlink_up() perhaps
	 * gwlink_down(), with which the token is gone.
	 */
	int (*start)(void *arg, int conn, const char *name, struct gwlink *,
	    void **token);
	/* No calls for it any more; the worker goes on with the plain end
	 * until that is closed.  The token is gone. */
	void (*forget)(void *token);
	void *arg;
	const char *name; /* to look for in the certificate, NULL: the host */
	bool verified;	  /* the certificate is looked at */
};

struct gwlink_opts {
	struct addr addr;
	int family;		   /* AF_UNSPEC, AF_INET, AF_INET6 */
	int timeout;		   /* seconds for everything, at least 1 */
	bool trust_check;	   /* UNIX: the socket must be own or root's */
	const struct proxy *proxy; /* TCP: through it; or NULL */
	const struct gwlink_tls *tls; /* for addr.tls */
};

struct gwlink_calls {
	/* It stands: gwlink_fd() may be read and written. */
	void (*up)(void *arg);
	/*
	 * Not reached; errno is the reason's if there is one, permanent:
	 * trying again without a change is of no use.  Or, after up(): a TLS
	 * connection has ended for this reason; what can be read of it can
	 * be read still, to the end of file.
	 */
	void (*down)(void *arg, const char *reason, bool permanent);
};

/*
 * Begin.  Callbacks never come from within.  proxy and tls stay the
 * caller's, tls until the link is gone.  NULL with errno: EPROTONOSUPPORT
 * where the address is a TLS one and tls is NULL.
 */
struct gwlink *gwlink_open(struct event_base *, struct resolv *,
    const struct gwlink_opts *, const struct gwlink_calls *, void *arg);

/* Close and free; no further callback.  NULL is fine.  Safe from within a
 * callback. */
void gwlink_close(struct gwlink *);

int gwlink_fd(const struct gwlink *);	    /* -1 before up() */
bool gwlink_is_unix(const struct gwlink *); /* a UNIX-domain gateway */
bool gwlink_is_tls(const struct gwlink *);

/* May a password go over it in clear?  UNIX, loopback, TLS with a
 * certificate that was looked at, or told so (creds.h). */
bool gwlink_secure(const struct gwlink *);

/* Microseconds to the other side, or to the proxy, and back; 0 unknown. */
uint32_t gwlink_rtt(const struct gwlink *);

/*
 * The descriptor, which is the caller's, and an end to the link.  *token
 * then names the TLS connection to whoever runs the worker, who is to be
 * told what becomes of it before the loop turns again; NULL: there is none
 * (any more).  token NULL: it is forgotten here, and the worker goes on
 * carrying bytes.
 */
int gwlink_take(struct gwlink *, void **token);

/* From whoever runs the TLS workers. */
void gwlink_up(struct gwlink *, const struct tls_peer *);
void gwlink_down(struct gwlink *, const char *reason);

/* What to do about such a reason: " (...)" or ""; is it of no use to try
 * again? */
const char *gwlink_remedy(const char *reason, bool *permanent);

#endif
