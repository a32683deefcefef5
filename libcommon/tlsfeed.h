#ifndef TLSFEED_H
#define TLSFEED_H

/*
 * The owner's side of TLS workers: connections are given to a worker, which
 * does the handshake and carries the plain bytes over a socket pair, of which
 * we have the other end; later the stream is switched to its peer, and is
 * the worker's alone.  Level: tier 2.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay_msg.h"

#define TLSFEED_WORKERS_MAX 64
#define TLSFEED_QUEUE_MAX 1024 /* connections that wait to be sent */

struct tlsfeed;

struct tls_peer {
	const char *cipher; /* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	const char *name;   /* CN of a verified certificate, or "" */
	const char *print;  /* "SHA256:hex" of it, or "" */
};

/* user is what tlsfeed_start() was given.  Strings live during the call. */
struct tlsfeed_calls {
	/* The handshake is done.  Before it nothing is to be read from the
	 * plain end. */
	void (*up)(void *arg, void *user, const struct tls_peer *);
	/* Over before it was switched; reason for people.  The plain end
	 * stays the owner's, who closes it.  Also when the worker died. */
	void (*down)(void *arg, void *user, const char *reason);
	/* A switched stream ended; ab from the TLS side, ba to it. */
	void (*end)(void *arg, void *user, const struct relay_end *);
	/* A worker is gone; the owner adds another one. */
	void (*dead)(void *arg, int slot);
	/* What a switched stream has moved so far (tlsfeed_query()); after the
	 * last one counted().  May be NULL both. */
	void (*counts)(void *arg, void *user, uint64_t ab, uint64_t ba);
	void (*counted)(void *arg);
	/* A worker uses the configuration cfg from now on (error ""), or why
	 * it cannot, and goes on with what it had.  May be NULL. */
	void (*loaded)(void *arg, int slot, uint32_t cfg, const char *error);
};

/* No call comes from within tlsfeed_new(), _add(), _start(), _switch(),
 * _forget() or _query(); none of them calls tlsfeed_free(). */
struct tlsfeed *
tlsfeed_new(struct event_base *, const struct tlsfeed_calls *, void *arg);
void tlsfeed_free(struct tlsfeed *);

/* A worker's socket, the feed's from now on (closed on failure).  It was
 * given its configurations already, or gets them in front of what is sent
 * here.  0, or -1 with errno: no memory, ENOSPC. */
int tlsfeed_add(struct tlsfeed *, int fd, int slot);

/*
 * Give a worker the memory file of the shared rates (ratecap.h), over its
 * socket.  The file stays the caller's.  0, or -1 with errno.
 */
int tlsfeed_share(int fd, int file);

/*
 * Give conn (the feed's from now on, closed on failure) to the worker with
 * the fewest connections, by configuration cfg; servername for a client (may
 * be NULL).  first was read from it ahead, at most TLS_FIRST_MAX bytes.
 * Returns our plain end (close-on-exec, non-blocking), *id its number for the
 * calls below; -1 with errno (EAGAIN: no worker now, or too many wait;
 * EMSGSIZE; EINVAL: no name).  A worker that refuses or dies before it has
 * begun gives it to another.
 */
int
tlsfeed_start(struct tlsfeed *, int conn, uint32_t cfg, const char *servername,
    const void *first, size_t firstlen, void *user, uint64_t *id);

/*
 * The connection becomes a stream to peer.  plain is our end, peer the other
 * side of the stream: both are the feed's from now on.  first are bytes that
 * were read from plain and go to peer first, at most TLS_FIRST_MAX; what is
 * still unread in plain follows them.  Everything written to plain before
 * reaches the TLS side first.  Before up() it cannot be.  0, and end() will
 * tell; or -1 with errno: both are closed, peer by a reset, and there are no
 * calls for it any more.
 */
int tlsfeed_switch(struct tlsfeed *, uint64_t id, int plain, int peer,
    const void *first, size_t firstlen, uint32_t idle, uint32_t slot,
    uint64_t rate);

/* End it by a reset, without close_notify, so that nobody takes what there
 * was for all; no calls for it any more.  The owner closes its plain end, if
 * he did not switch it. */
void tlsfeed_reset(struct tlsfeed *, uint64_t id);

/* No calls for it any more; the owner closed its plain end, or keeps it and
 * the worker goes on carrying bytes. */
void tlsfeed_forget(struct tlsfeed *, uint64_t id);

/* Ask for the counts of all switched streams; counted() follows.  false: an
 * earlier question is not answered yet. */
bool tlsfeed_query(struct tlsfeed *);

size_t tlsfeed_streams(const struct tlsfeed *); /* switched */
size_t tlsfeed_open(const struct tlsfeed *);	/* not switched */
/* Switched, and not yet confirmed by the worker. */
size_t tlsfeed_pending(struct tlsfeed *);

#endif
