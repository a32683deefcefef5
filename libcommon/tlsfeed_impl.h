#ifndef TLSFEED_IMPL_H
#define TLSFEED_IMPL_H

/*
 * What tlsfeed.c (connections and where they are) and tlsfeed_worker.c (one
 * worker's socket) share.  Nobody else includes this.
 *
 * A connection is with a worker, or waits for one (or, for a moment, lost
 * its own).  As long as the worker has not confirmed what it was sent, copies
 * of the descriptors are kept.
 */

#include <sys/queue.h>
#include <sys/tree.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls_msg.h"
#include "tlsfeed.h"

enum tstate {
	T_START,    /* to be sent, or not acknowledged */
	T_OPEN,	    /* the worker's; our plain end is the owner's */
	T_SWITCH,   /* the switch is to be sent, or not confirmed */
	T_SWITCHED, /* a stream */
};

/* What is kept until it is confirmed. */
struct tcopy {
	int fd[2];	  /* connection and its plain end; peer and ours */
	uint64_t refused; /* bits of the workers that said NAK */
	uint32_t cfg;
	uint32_t idle, slot;
	uint64_t rate;
	char servername[256];
	size_t firstlen;
	unsigned char first[];
};

struct tconn {
	RB_ENTRY(tconn) node;
	TAILQ_ENTRY(tconn) entry;      /* of a worker's list, or who waits */
	TAILQ_ENTRY(tconn) send_entry; /* while sending */
	uint64_t id;
	struct tcopy *copy; /* NULL when all is confirmed */
	struct tworker *w;  /* NULL: none */
	void *user;
	uint8_t state;
	bool sending;	/* in its worker's list of what is to be sent */
	bool forgotten; /* nobody wants to hear of it */
	bool reset;	/* its worker is to be told, and that was all */
};

TAILQ_HEAD(tconn_list, tconn);
RB_HEAD(tconn_tree, tconn);

struct tworker {
	TAILQ_ENTRY(tworker) entry;
	struct tlsfeed *feed;
	struct event *ev_read, *ev_write;
	struct tconn_list conns, sending;
	size_t count;
	int fd, slot;
	uint64_t bit;	/* in tcopy.refused */
	bool ask;	/* a QUERY is to be sent */
	bool answering; /* and its answer is awaited */
};

TAILQ_HEAD(tworker_list, tworker);

struct tlsfeed {
	struct event_base *base;
	struct tlsfeed_calls calls;
	void *arg;
	struct event *retry; /* what could not be sent */
	struct event *query; /* the answer's end */
	struct tworker_list workers;
	struct tconn_tree tree;
	struct tconn_list waiting; /* for any worker */
	size_t open, switched, unsent;
	uint64_t next_id, bits;
	uint32_t seq;
	bool asking;
};

struct tconn *tlsfeed_find(struct tlsfeed *, uint64_t id);

/* Hand c to the worker with the fewest connections that did not refuse it,
 * which is to send it; false: there is none. */
bool tlsfeed_place(struct tlsfeed *, struct tconn *);
/* Take it from its worker, or who waits. */
void tlsfeed_detach(struct tlsfeed *, struct tconn *);

/* Close the copies; reset tells a peer that this is no empty answer. */
void tlsfeed_drop_copy(struct tconn *, bool reset);

/* The end of a detached one, told to the owner. */
void tlsfeed_down(struct tlsfeed *, struct tconn *, const char *reason);
void tlsfeed_end(struct tlsfeed *, struct tconn *, const struct relay_end *);
void tlsfeed_fail(struct tlsfeed *, struct tconn *, enum relay_cause);
/* The same, told to nobody. */
void tlsfeed_remove(struct tlsfeed *, struct tconn *);

/* What c's worker is to be told is sent now, or as soon as there is room. */
void tworker_send(struct tworker *, struct tconn *);
void tworker_flush(struct tworker *);
void tworker_free(struct tworker *);

/* Has every worker answered that still can? */
void tlsfeed_check_answers(struct tlsfeed *);

#endif
