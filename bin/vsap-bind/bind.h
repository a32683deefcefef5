#ifndef BIND_H
#define BIND_H

/*
 * vsap-bind: what it was asked to do, and what its parts share.
 *
 *	main		options
 *	bind		the program: gateways, signals, limits, its end
 *	gate		one gateway: its pool of acceptors, reconnecting
 *	acceptor	one session: BIND, LISTEN, ACCEPT, RELAY
 *	pool		how many acceptors should wait (pure)
 *	deliver		one visitor on its way to whom it is for: by
 *	  stdio, command, target, handoff
 *	workers		vsap-relay workers that carry streams
 *	limits		descriptors
 *	probe		asking a target that failed whether it is back
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "gwopts.h"
#include "resolv.h"

#define BIND_GATES_MAX 16
#define BIND_POOL 4  /* -N */
#define BIND_MAX 256 /* -m */
#define BIND_MAX_LIMIT 60000
#define BIND_BACKLOG 1024 /* n of LISTEN, where visitors come for ever */
#define BIND_FROM_MAX 16  /* -a */
#define BIND_RATE_MAX 60000

#define EXIT_PERMANENT 100
#define EXIT_TEMPORARY 111

enum bind_mode {
	BIND_STDIO,
	BIND_COMMAND,
	BIND_TARGET,
	BIND_HANDOVER,
};

struct bind_conf {
	enum bind_mode mode;
	int family;
	const char *servers[BIND_GATES_MAX];
	unsigned nservers;
	unsigned pool, max, wait; /* -N, -m; -w seconds, 0 for ever */
	int priority;
	int proxy; /* version of the PROXY header, 0: none */
	bool keep, verbose;
	struct addr address; /* what to publish */
	struct addr target;
	char *const *argv; /* the command */
	struct gwopts gw;  /* the way to the gateways */
	/* Who may visit (-a, --rate), which the gateways see to. */
	struct cidr from[BIND_FROM_MAX];
	const char *from_text[BIND_FROM_MAX];
	unsigned nfrom, rate;
};

struct bind;
struct acceptor;
struct deliveries;
struct workers;

/* The whole program.  Returns its exit status. */
int bind_main(struct bind_conf *);

const struct bind_conf *bind_conf(const struct bind *);
struct event_base *bind_base(const struct bind *);
struct resolv *bind_resolv(const struct bind *);
const char *bind_creds(const struct bind *);
bool bind_many(const struct bind *); /* more than one gateway */
uint64_t bind_now(void);	     /* microseconds, monotonic */

/* Only one visitor is ever served (standard input, without -k). */
bool bind_once(const struct bind *);

/* How many further visitors can be served now. */
unsigned bind_room(const struct bind *);

/* Should acceptors be closed now: withdrawn, or the one visitor is here? */
bool bind_closed(const struct bind *);

/* An acceptor got a visitor.  The acceptor is the delivery's now. */
void bind_visit(struct bind *, struct acceptor *);

/* A visitor is served (delta 1), or no longer (-1). */
void bind_busy(struct bind *, int delta);

/* Connect to the target (-t); done as in dial_start().  NULL with errno. */
struct dial *bind_dial(struct bind *,
    void (*done)(void *arg, int fd, const char *error), void *arg);

/* The target does not answer: withdraw, and come back when it does. */
void bind_withdraw(struct bind *, const char *why);

/* A gateway that will not be tried again; ends the program with the last. */
void bind_gate_over(struct bind *, int code);

/* The one stream for standard input and output: the loop is left, then the
 * stream is pumped.  Both are the program's from now on. */
void bind_pump(struct bind *, int fd, void *token);

struct deliveries *bind_deliveries(struct bind *);
struct workers *bind_workers(struct bind *);
struct gwtls *bind_tls(struct bind *); /* NULL: no gateway is reached by TLS */

/* Leave the loop. */
void bind_end(struct bind *, int code);

#endif
