#ifndef VSAP_CLIENT_H
#define VSAP_CLIENT_H

/*
 * The client's half of a VSAP session, without blocking: reach a gateway,
 * authenticate, send request lines, hear reply lines.  Not a byte behind
 * the last reply line is read, so that after RELAY the descriptor is the
 * stream.  Used by vsap-bind, vsap-connect, vsap-relay and chained vsapd.
 *
 * A password goes over UNIX-domain sockets, loopback, TLS with a certificate
 * that was looked at, and wherever $VSAP_AUTH_CLEARTEXT allows it; elsewhere
 * SCRAM-SHA-256 shows that we know it, and the gateway must show the same.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "gwlink.h"
#include "resolv.h"
#include "vsap_proto.h"

struct vsapc;

struct vsapc_opts {
	const char *server; /* text of the address, for messages; copied */
	struct addr addr;
	int family;	   /* AF_UNSPEC, AF_INET, AF_INET6 */
	int timeout;	   /* seconds to dial and authenticate; 0: 30 */
	const char *creds; /* "user:password" or NULL; stays the caller's
			      until ready or closed */
	/* Both stay the caller's, tls until the session is gone. */
	const struct proxy *proxy;    /* on the way, or NULL */
	const struct gwlink_tls *tls; /* for a TLS address */
};

struct vsapc_calls {
	/* Connected and, where there are credentials, authenticated. */
	void (*ready)(void *arg);
	/* A reply line.  fd is a descriptor that came with it and now is
	 * the callee's, else -1. */
	void (*reply)(void *arg, const struct vsap_reply *, int fd);
	/*
	 * The session is over: not reachable, refused AUTH, end of file, or
	 * no VSAP.  text names server and reason; permanent: trying again
	 * without a change is of no use (bad credentials, not VSAP); too many
	 * of something is not permanent (vsapc_again()).  errno is the
	 * reason's if a system call failed, else 0.  Nothing follows but the
	 * caller's vsapc_free().
	 */
	void (*closed)(void *arg, const char *text, bool permanent);
};

/* Begin.  Callbacks never come from within.  NULL with errno. */
struct vsapc *vsapc_new(struct event_base *, struct resolv *,
    const struct vsapc_opts *, const struct vsapc_calls *, void *arg);

/* Close and free; no further callback.  NULL is fine.  Safe from within a
 * callback. */
void vsapc_free(struct vsapc *);

/*
 * Send a line (CRLF is added).  Lines sent within one callback leave in one
 * segment when it returns.  0, or -1: too long, too much unsent, or not
 * ready.
 */
int vsapc_send(struct vsapc *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/*
 * Take the descriptor away and free the session: what was sent has been
 * written, the next byte to read is the stream's.  -1 if something is still
 * unsent (EAGAIN) or nothing is connected.
 *
 * Over TLS it is the plain end, and a worker process goes on between it and
 * the gateway.  vsapc_take_tls() also gives the token of that connection
 * (gwlink.h), NULL if there is none: to switch the stream to its peer.
 */
int vsapc_take(struct vsapc *);
int vsapc_take_tls(struct vsapc *, void **token);

/* Is the server reached over a UNIX-domain socket (RELAY -f works)? */
bool vsapc_is_unix(const struct vsapc *);
int vsapc_fd(const struct vsapc *);

/* In closed(): has the gateway told us to try again?  *seconds: after how
 * many, 0: it does not say. */
bool vsapc_again(const struct vsapc *, unsigned *seconds);

/* Microseconds to the gateway and back, as far as TCP knows; 0 unknown. */
uint32_t vsapc_rtt(const struct vsapc *);

#endif
