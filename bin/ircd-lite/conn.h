#ifndef CONN_H
#define CONN_H

/*
 * A connection: descriptor, input, send queue, timers.  It reads lines and
 * hands them to cmd.h; what they mean is not known here.
 *
 * A connection that is closed in the middle of a turn is marked dead at once
 * and freed at the turn's end, so that pointers to it hold that long.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "flood.h"
#include "sendq.h"

struct chan;
struct conf_class;
struct lookup;
struct user;

/* Where a connection comes from. */
struct conn_from {
	int fd;			      /* to read from; non-blocking */
	int ofd;		      /* to write to; the same, or a pipe */
	struct sockaddr_storage peer; /* AF_UNSPEC: not known (a pipe) */
	struct sockaddr_storage local;
	const void *first; /* bytes that were read before it came here */
	size_t firstlen;
};

struct conn {
	TAILQ_ENTRY(conn) entry;
	TAILQ_ENTRY(conn) flush;    /* turn.c */
	STAILQ_ENTRY(conn) leaving; /* conn_close.c */
	struct event in, out, timer;
	int fd, ofd;
	struct sendq q;
	unsigned char turn; /* which list of turn.c it is on */
	bool blocked;	    /* the peer takes no more for now */
	bool full;	    /* the queue passed its maximum */
	bool dead;	    /* freed at the turn's end */
	bool closing;	    /* nothing more is taken from it */
	bool departed;	    /* nor said to it; what is queued is written */
	bool ended;	    /* and our side is shut */
	bool reading;	    /* the read event is set */
	bool held;	    /* input waits for lookups or a password */
	bool throttled;	    /* input waits for the message timer */
	bool eof;	    /* the peer has ended its input */
	bool probed;	    /* and was written to, to see if it is there */
	bool told;	    /* that its host has too many: not counted */
	bool broken;	    /* no use to write to it */
	bool discard;	    /* until the next LF: the line is too long */
	bool pinged;	    /* and nothing heard since */
	bool cap;	    /* registration waits for CAP END */
	bool got_user;
	bool named;	    /* the user name is settled */
	bool readdressed;   /* a gateway has said who it is */
	bool welcomed;	    /* registered */
	uint16_t port;	    /* peer's, host order; 0 not TCP */
	struct in6_addr ip; /* v4-mapped; :: where not known */
	uint16_t local_port;
	struct in6_addr local_ip;
	char *input; /* begun line, or lines not yet taken */
	size_t ninput;
	struct flood flood;
	uint64_t opened; /* ms */
	uint64_t heard;	 /* ms, when it last sent something */
	uint64_t due;	 /* ms, when the timer fires; 0: not set */
	uint64_t end_by; /* ms, of closing */
	time_t since;	 /* wall clock */
	struct conf_class *class;
	struct conf_class *own_class; /* before it became an operator's */
	struct user *user;	      /* with nickname etc.; never NULL */
	struct lookup *lookup;
	struct chan *spoke; /* the channel last spoken to in turn ... */
	uint32_t spoke_turn;
	uint32_t password_ask; /* number of pwhelper_ask(), 0: none */
	char *reason;	       /* why it leaves, until it departs */
	void *webirc;	       /* a WEBIRC that is being checked */
	char *pass;	       /* of PASS, until registered */
	char *ident;	       /* user name by ident, or NULL */
	unsigned looked;       /* LOOKUP_* that were asked */
	uint32_t caps;
	uint64_t lines_in, bytes_in, lines_out, bytes_out;
};

TAILQ_HEAD(conns, conn);
extern struct conns conns; /* all that are not dead */
extern unsigned conns_count;

/*
 * Take a connection in: lookups begin, the limits by host and in total are
 * checked.  The descriptors belong to it from now on, in any case; NULL when
 * it was refused (the peer has been told) or there is no memory.
 */
struct conn *conn_open(const struct conn_from *);

/*
 * Close: the user leaves with reason (others see "QUIT :reason"), the peer
 * gets ERROR, what is queued is written as far as the peer takes it soon.
 * Once a connection is dead or closing, further calls do nothing.
 */
void conn_exit(struct conn *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* The same for a text that is not a format. */
void conn_leave(struct conn *, const char *reason);

/* The message timer goes ahead by thousandths of a message's penalty, beside
 * what the command costs. */
void conn_penalty(struct conn *, unsigned thousandths);

/* Take lines again after held or a flood pause. */
void conn_resume(struct conn *);

/* Called by turn.c: write what the queue has, at most a slice.  Returns
 * true when more is left that could be written at once. */
bool conn_flush(struct conn *);

/* The peer's address as a text: "192.0.2.1", "::1", or a path. */
const char *conn_ip(const struct conn *);

/*
 * A trusted gateway says that it is ip, by the name of host (NULL: not
 * known, it is looked up if that is done here).
 */
void conn_readdress(struct conn *, const struct in6_addr *ip, const char *host);

void conn_reclass(struct conn *, struct conf_class *);

/* It was set since: look at its deadlines again. */
void conn_rearm(struct conn *);

/*
 * Once a turn: those who are leaving depart, those who are dead are freed;
 * so many in a turn.  true: there are more.
 */
bool conns_depart(void);
bool conns_bury(void);

#endif
