#ifndef SESSION_H
#define SESSION_H

/*
 * A control connection: its bytes in and out, its state, what it holds.
 * What it speaks is its front's (front.h), the verbs are in cmd_*.c; this
 * file knows none of them.
 */

#include <sys/queue.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "dial.h"
#include "gateway.h"
#include "host.h"
#include "limit.h"
#include "login.h"
#include "rules.h"
#include "vsap_proto.h"
#include "vsock.h"

enum session_state {
	S_COMMAND,    /* what comes next is a request */
	S_HANDSHAKE,  /* a TLS worker is at it: nothing is read */
	S_WAITING,    /* for an answer to AUTH, BIND or CONNECT */
	S_ACCEPTING,  /* for a visitor, or a line that cancels */
	S_FORWARDING, /* visitors are forwarded until a line comes */
	S_LEAVING,    /* replies drain, then the stream begins */
	S_CLOSING,    /* replies drain, then the connection closes */
	S_DEAD,	      /* freed at the end of the turn */
};

struct forward;
struct front;
struct hop;
struct scram_server;
struct tlsin;

/* What the listener that it came by allows (conf_listen). */
struct session_at {
	unsigned protos; /* CONF_P_* */
	bool plain, tls;
	bool cleartext; /* passwords in clear over a network */
	bool metrics;
	bool proxy; /* a PROXY header is the first that comes */
};

struct session {
	TAILQ_ENTRY(session) entry;
	TAILQ_ENTRY(session) of_callers;
	TAILQ_ENTRY(session) of_hello;
	struct gateway *gw;
	uint64_t id;
	int fd;
	struct event io;
	struct event timer;
	void (*on_timer)(struct session *);
	short interest; /* what io waits for */
	enum session_state state;
	bool is_unix;
	bool admitted; /* counted, and past the PROXY header */
	bool hello;    /* in gw->hellos: nothing was permitted to it yet */
	time_t since;  /* when it came */
	bool eof;      /* the client will send nothing more */
	bool caller;   /* in gw->callers */
	bool partial;  /* the timer runs for a line once begun */
	bool busy;     /* session_work() is at it */
	bool shut; /* S_CLOSING: our side is closed, what comes is dropped */
	unsigned errors;
	struct session_at at;
	const struct front *front;
	void *front_data; /* the front's own (front_state()) */
	size_t front_size;
	struct tlsin *tls; /* its TLS worker's part, or NULL */
	struct rule_who who;
	gid_t *gids; /* behind who.gids */
	char cert_name[128], cert_print[80];
	char user[VSAP_USER_MAX + 1];	/* "": nobody has logged in */
	char wanted[VSAP_USER_MAX + 1]; /* whose login is under way */
	bool counted;			/* that is one of LIMIT_LOGINS */
	char owner[OWNER_MAX];
	char peer[VISITOR_ADDR]; /* its address, for the log */
	char source[64]; /* its host (UNIX: process), for gateway_suspect */
	struct buf in, out;
	/* virtual sockets */
	TAILQ_HEAD(vbinds, vbind) binds;
	unsigned nbinds;
	int next_sid;
	/* what is being done */
	char
	    *arg; /* address of the request under way, as the client wrote it */
	struct addr addr;
	struct in6_addr kept_from; /* a guarded one where CONNECT led */
	struct host_bind *binding;
	struct visitors *asked; /* by that BIND, of visitors */
	int backlog;		/* that it wants, 0: it says nothing */
	struct login_check *checking;
	struct scram_server *scram; /* between its two messages */
	struct dial *dial;
	int failure; /* errno behind a 540, or 0 */
	/* limits (limit.h) */
	struct limit_hold held_session, held_hello, held_stream, held_wait;
	struct limit_hold held_bind; /* of the BIND under way */
	/* the peer that RELAY would join: an offered visitor or a connection */
	struct visitor *offer;
	int peer_fd;
	bool passed; /* peer_fd is our copy of what RELAY -f gave away */
	char what[2 * VISITOR_ADDR]; /* both addresses, for the log */
	time_t offered; /* when 230 was said and not yet made use of, or 0 */
	uint32_t idle;	/* RELAY -t= */
	struct forward *forward;
	struct hop *hop; /* chained: the session upstream */
};

/*
 * Begin a session on a connected socket.  peer is its address; a
 * connection that was handed over has a real one and is_unix false.
 * first bytes were read already.  0, or -1: no memory (fd stays the
 * caller's).
 */
int session_new(struct gateway *, int fd, const struct session_at *,
    const struct sockaddr *peer, socklen_t peerlen, const void *first,
    size_t firstlen);

/* Its address is known: is it let in at all, and are there too many of its
 * kind?  Else it is closed. */
void session_admit(struct session *);

/* Something was permitted to it: it is no stranger any more. */
void session_known(struct session *);

/* Another descriptor takes the place of the connection (TLS). */
void session_replace_fd(struct session *, int fd);

/* Is there room for one more stream of its?  Counted until session_drop_peer()
 * or the stream's end; asking twice counts once.  false: why (or NULL) says
 * which limit it met. */
bool session_may_stream(struct session *, char *why, size_t whylen);

/* Who it is, for the limits. */
struct limit_who session_counts_as(const struct session *);

/* End it: what it holds is given back, the connection closed; with reset
 * the client sees a reset.  The memory goes at the end of the turn. */
void session_close(struct session *);
void session_reset(struct session *, const char *why);

/* Queue a reply; a refusal (4xx, 5xx) counts towards VSAP_ERRORS_MAX. */
void session_reply(struct session *, int code, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
void session_reply_more(struct session *, int code, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

/* A line from the upstream, passed on as it is. */
void session_reply_raw(struct session *, const struct vsap_reply *);

/* A refusal: a reply that is also in the log. */
void session_refuse(struct session *, int code, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

/* 410 with the reason, and what to do about it; counted by cause. */
void session_forbid(struct session *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* The request under way is done: go on with the next line. */
void session_done(struct session *);

/* Wait in a state, on_timer after so many ms (0: no limit). */
void session_wait(struct session *, enum session_state, long ms,
    void (*on_timer)(struct session *));

/* Send what is queued, read on, set the events: after anything happened. */
void session_work(struct session *);

/* Send what is queued, as far as the socket takes it. */
void session_flush(struct session *);

/* A visitor for one who waits (called by vsock_pump()). */
void session_offer(struct vbind *, struct visitor *);

/* Give the offered visitor back, or close the connected peer. */
void session_drop_peer(struct session *);

/* Stop waiting at all its sockets. */
void session_unwait(struct session *);

/*
 * The connection becomes the stream, to peer_fd (or the offer): replies
 * drain first.  The session ends.
 */
void session_relay(struct session *);

/* Close when the replies have been sent. */
void session_finish(struct session *);

/* Log a line with the session's number; of strangers so many and no more. */
void session_log(const struct session *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* A line for the trace of -v; way is '<' or '>'. */
void session_trace(const struct session *, char way, const char *line);

struct vbind *session_bind_find(struct session *, int sid);

#endif
