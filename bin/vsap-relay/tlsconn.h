#ifndef TLSCONN_H
#define TLSCONN_H

/*
 * Connections of a TLS worker.  Each has a TLS side and a plain side: at
 * first a socket pair, whose other end is the feeder's, and from the switch
 * on the stream's peer.  Bytes go both ways, each way on its own until its
 * end.
 *
 * Ends.  close_notify is the end of file of the TLS side: it is carried over
 * as a shutdown() of the plain side, and the other way an end of file there
 * becomes close_notify, then a shutdown().  The TLS connection's end without
 * close_notify is no end of file: anybody on the way can make one.  It counts
 * as a reset, also where the peer seems to have said all: what had come is
 * delivered, then the plain side is reset, as for any endpoint that is lost
 * (stream.h).  Where the plain side is a socket pair, which knows no reset,
 * the reason given with down() tells.
 */

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "ratecap.h"
#include "relay_msg.h"
#include "tlscfg.h"

struct tls_engine; /* buffers, timers and connections of one worker */
struct tlsconn;

struct tlsconn_peer {
	char cipher[64];
	char name[256];
	char print[80];
};

/* Called from the loop. */
struct tlsconn_calls {
	void (*up)(void *arg, uint64_t id, const struct tlsconn_peer *);
	/* Over before the switch.  plain, which is the callee's now (-1:
	 * none), is to be closed after the reason was told. */
	void (*down)(void *arg, uint64_t id, const char *reason, int plain);
	void (*end)(void *arg, const struct relay_end *);
	/* After each connection that is gone altogether. */
	void (*gone)(void *arg);
};

/* One for each event_base.  NULL with errno. */
struct tls_engine *
tls_engine_new(struct event_base *, const struct tlsconn_calls *, void *arg);
void tls_engine_free(struct tls_engine *); /* connections ended before */

/* The shared rates of streams; the engine's from now on. */
void tls_engine_share(struct tls_engine *, struct ratecap *);

/* Connections that are left, also those that are only saying good bye. */
size_t tls_engine_count(const struct tls_engine *);
/* Those that were switched. */
size_t tls_engine_switched(const struct tls_engine *);

/*
 * A connection by cfg, which is the connection's from now on (also on
 * failure: put).  conn and plain are the connection's unless it fails.
 * first was read from conn already.  It does nothing until it is begun.
 * 0, or an errno.
 */
int tlsconn_new(struct tls_engine *, uint64_t id, struct tlscfg *cfg, int conn,
    int plain, const char *servername, const void *first, size_t firstlen);
void tlsconn_begin(struct tls_engine *, uint64_t id);
void tlsconn_begin_all(struct tls_engine *); /* that have not yet */

struct tlsconn_switch {
	int peer;
	int far; /* the feeder's plain end */
	struct relay_opts opts;
	const void *first; /* for the peer */
	size_t firstlen;
};

/*
 * Switch: the peer gets first, what the feeder has not read yet from its
 * plain end, then what comes from TLS; the TLS side gets what the feeder
 * wrote into its plain end, then what comes from the peer.  0, or an errno:
 * the descriptors are still the caller's, and the connection ends, untold.
 */
int
tlsconn_switch(struct tls_engine *, uint64_t id, const struct tlsconn_switch *);

/* It ends by a reset, untold; nothing where there is none. */
void tlsconn_reset(struct tls_engine *, uint64_t id);

/* Each switched stream's bytes from the TLS side and to it. */
void tlsconn_each(struct tls_engine *,
    void (*fn)(void *, uint64_t id, uint64_t ab, uint64_t ba), void *arg);

#endif
