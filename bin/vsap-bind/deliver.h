#ifndef DELIVER_H
#define DELIVER_H

/*
 * One visitor on its way from an acceptor to whom it is for.
 *
 * A mode (stdio, command, target, hand-over) gets start(), in which it makes
 * sure that it can serve, then calls deliver_take(); stream() when the
 * visitor's stream is here; and ends with deliver_done().  A visitor that
 * is not taken goes back to the gateway: deliver_drop().  By an express
 * acceptor the stream is here before start().
 */

#include <sys/queue.h>
#include <event2/event.h>
#include <stdbool.h>

#include "addr.h"
#include "ucspi.h"

struct acceptor;
struct bind;
struct delivery;
struct dial;
struct gate;

struct deliver_mode {
	void (*start)(struct delivery *);
	void (*stream)(struct delivery *);
};
extern const struct deliver_mode deliver_command;
extern const struct deliver_mode deliver_stdio;
extern const struct deliver_mode deliver_target;
extern const struct deliver_mode deliver_handoff;

struct delivery {
	TAILQ_ENTRY(delivery) entry;
	struct bind *bind;
	const struct deliver_mode *mode;
	struct gate *gate;
	struct acceptor *acceptor; /* NULL once the stream is here */
	struct addr local, remote;
	struct ucspi info;
	char who[ADDR_STRLEN]; /* the visitor, for messages */
	int stream;	       /* the visitor; -1 */
	void *token;	       /* of its TLS connection, or NULL */
	int target;	       /* connected; -1 */
	struct dial *dial;
	struct event *event;
	unsigned tries;
	bool stalled; /* has its target, waits for the workers */
	bool kept;    /* done, but goes on being served (a child) */
};
TAILQ_HEAD(deliveries, delivery);

/* A visitor came by this acceptor, which is the delivery's from now on. */
void deliver_start(struct bind *, struct acceptor *);

/* For the modes. */
void deliver_take(struct delivery *);
void deliver_drop(struct delivery *);
void deliver_done(struct delivery *);
int deliver_arm(struct delivery *, int fd, short what, event_callback_fn fn,
    long ms);
int deliver_dial(struct delivery *,
    void (*done)(void *arg, int fd, const char *error));
/* The visitor's and the published address; NULL where not known. */
const struct sockaddr *
deliver_remote(const struct delivery *, struct sockaddr_storage *);
const struct sockaddr *
deliver_local(const struct delivery *, struct sockaddr_storage *);

/* From the acceptor: the stream, or its session ended before. */
void deliver_stream(struct delivery *, int fd);
void deliver_gone(struct delivery *);

/* The workers have room again. */
void deliver_resume(struct bind *);

/* The program ends: everything under way is let go. */
void deliver_free_all(struct bind *);

#endif
