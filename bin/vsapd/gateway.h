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
#include "limit.h"
#include "resolv.h"
#include "tlsfeed.h"

struct claims;
struct host;
struct login;
struct rates;
struct session;
struct status;
struct tally;
struct vsock;

#define SUSPECTS_MAX 64 /* sources remembered for a silent acceptor */
#define SUSPECT_TIME 60 /* seconds */
#define OWN_PORTS_MAX                                                          \
	CONF_LISTEN_MAX /* control ports, not reached by CONNECT */

struct suspect {
	char source[64];
	time_t until;
};

struct totals {
	uint64_t sessions;	   /* control connections */
	uint64_t binds;		   /* addresses bound */
	uint64_t accepted;	   /* visitors offered */
	uint64_t returned;	   /* visitors taken back */
	uint64_t connected;	   /* CONNECTs that succeeded */
	uint64_t streams;	   /* streams begun */
	uint64_t bytes;		   /* of the streams that ended, both ways */
	uint64_t refused;	   /* requests answered 4xx, 5xx */
	uint64_t late;		   /* strangers whose time was up */
	uint64_t evicted;	   /* strangers sent away for newer ones */
	uint64_t wrong;		   /* wrong passwords */
	uint64_t tls_failed;	   /* handshakes that came to nothing */
	uint64_t visitors_refused; /* by the rule of what they visited */
};

/* A stream under way: little, since there may be ten thousand. */
struct gateway_stream {
	TAILQ_ENTRY(gateway_stream) entry;
	struct gateway *gw;
	uint64_t session;
	uint64_t started;	    /* ms */
	uint64_t now[2], before[2]; /* bytes there and back, last samples */
	uint64_t asked[2];	    /* ms, when these were taken */
	struct limit_hold held;
	uint32_t slot; /* of the bandwidth caps, 0: none */
	bool tls;
	const char *what;   /* in text: both addresses */
	const char *source; /* in text: where it came from */
	char text[];	    /* owner, NUL, what, NUL, source, NUL */
};

struct gateway {
	struct conf *conf;
	struct event_base *base;
	struct resolv *resolv;
	struct host *host;
	struct login *login;	 /* NULL: there are no users */
	struct feed *feed;	 /* NULL: this one connection alone */
	struct tlsfeed *tlsfeed; /* NULL: no TLS */
	struct limits *limits;
	struct rates *rates;
	struct tally *visits; /* for the rates of visitors */
	struct status *status;
	int root; /* of UNIX names, or -1 */
	TAILQ_HEAD(, session) sessions;
	TAILQ_HEAD(, session) callers; /* CONNECT -t=, waiting for a binder */
	TAILQ_HEAD(hellos, session) hellos; /* strangers, the oldest first */
	unsigned nhellos;
	bool sweeping; /* a look at those who say nothing is due */
	TAILQ_HEAD(, gateway_stream) streams;
	unsigned nstreams;
	bool starved; /* somewhere visitors wait for a limit of streams */
	TAILQ_HEAD(, vsock) vsocks;
	struct claims *claims; /* chained: who owns what at the upstream */
	unsigned nsessions, max_sessions;
	uint64_t next_session;
	uint16_t own_ports[OWN_PORTS_MAX];
	int nown_ports;
	time_t said_limit, said_admit; /* when the log last heard of these */
	time_t strangers_since; /* lines about strangers since then, and */
	unsigned strangers_said, strangers_hushed; /* those left out */
	struct suspect suspects[SUSPECTS_MAX];
	unsigned next_suspect;
	time_t suspecting; /* until when anybody is suspected, 0 nobody */
	bool forgiving;	   /* a look at those who are last is due */
	struct totals totals;
	time_t started;
};

/*
 * Relay between a session's connection and its peer, which are the workers'
 * from now on (also on failure: closed).  first was read from a already.
 * What the session holds for a stream goes with it.
 */
void gateway_relay(struct session *, int a, int b, const void *first,
    size_t firstlen);

/* A stream that a session's FORWARD made; what is for the log, *held goes
 * with it. */
void gateway_forward(struct session *, int a, int b, const char *what,
    struct limit_hold *held);

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

/* A stream ended, or said what it has moved (feed.h, tlsfeed.h). */
void gateway_ended(void *stream, const struct relay_end *);
void gateway_counts(void *stream, uint64_t ab, uint64_t ba);

/* Is it time to say in the log what lasts (again)? */
bool gateway_say_again(time_t *said);

/* Is enough said of strangers for now?  Counts what is left out. */
bool gateway_hushes(struct gateway *);

/* Stop accepting for a while: no descriptors (EMFILE), feed busy. */
void gateway_pause(struct gateway *);
bool gateway_paused(const struct gateway *);
void gateway_resume(struct gateway *);

#endif
