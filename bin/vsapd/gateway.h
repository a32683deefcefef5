#ifndef GATEWAY_H
#define GATEWAY_H

/* What all sessions of one control process share. */

#include <sys/queue.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "feed.h"
#include "resolv.h"

struct host;
struct login;
struct session;
struct vsock;
struct claims;

#define SUSPECTS_MAX 64	 /* sources remembered for a silent acceptor */
#define SUSPECT_TIME 60	 /* seconds */
#define OWN_PORTS_MAX 16 /* control ports that nobody reaches by CONNECT */

struct suspect {
	char source[64];
	time_t until;
};

struct totals {
	uint64_t sessions;  /* control connections */
	uint64_t binds;	    /* addresses bound */
	uint64_t accepted;  /* visitors offered */
	uint64_t returned;  /* visitors taken back */
	uint64_t connected; /* CONNECTs that succeeded */
	uint64_t streams;   /* streams begun */
	uint64_t bytes;	    /* of the streams that ended, both ways */
	uint64_t refused;   /* requests answered 4xx, 5xx */
};

struct gateway {
	const struct conf *conf;
	struct event_base *base;
	struct resolv *resolv;
	struct host *host;
	struct login *login; /* NULL: no AUTH is asked for */
	struct feed *feed;   /* NULL: this one connection alone */
	int root;	     /* of UNIX names, or -1 */
	TAILQ_HEAD(, session) sessions;
	TAILQ_HEAD(, session) callers; /* CONNECT -t=, waiting for a binder */
	TAILQ_HEAD(, vsock) vsocks;
	struct claims *claims; /* chained: who owns what at the upstream */
	unsigned nsessions, max_sessions;
	uint64_t next_session;
	uint16_t own_ports[OWN_PORTS_MAX];
	int nown_ports;
	struct suspect suspects[SUSPECTS_MAX];
	unsigned next_suspect;
	time_t suspecting; /* until when anybody is suspected, 0 nobody */
	bool forgiving;	   /* a look at those who are last is due */
	struct totals totals;
	time_t started;
};

/*
 * Relay between a session's connection and its peer, which are the feed's
 * from now on.  first was read from a already.  what is the text for the
 * log ("127.0.0.1:80 127.0.0.1:1234").  0, or -1: both are closed.
 */
int gateway_relay(struct gateway *, uint64_t session, int a, int b,
    const void *first, size_t firstlen, uint32_t idle, const char *what);

/* Is this an address of this machine? */
bool gateway_is_local(const struct sockaddr *);

/* Is this address one of our own control listeners? */
bool gateway_is_own(const struct gateway *, const struct sockaddr *);

/* Sources of acceptors from which a visitor had to be taken back. */
void gateway_suspect(struct gateway *, const char *source);
void gateway_trust(struct gateway *, const char *source);
bool gateway_suspected(const struct gateway *, const char *source);

/* Put the waiting acceptors of a source behind all others (vsock.c). */
void gateway_demote(struct gateway *, const char *source);

/* Those among them whose source is suspected no more are as others again. */
void gateway_forgive(struct gateway *);

/* A stream of gateway_relay() ended (feed.h). */
void gateway_ended(void *stream, const struct relay_end *);

/* Stop accepting for a while: no descriptors (EMFILE), feed busy. */
void gateway_pause(struct gateway *);
bool gateway_paused(const struct gateway *);
void gateway_resume(struct gateway *);

#endif
