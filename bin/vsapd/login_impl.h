#ifndef LOGIN_IMPL_H
#define LOGIN_IMPL_H

/* Between login.c, which speaks with the helper, and login_turns.c, which
 * says whose turn it is. */

#include <sys/queue.h>
#include <sys/tree.h>

#include "login.h"

struct login_check {
	TAILQ_ENTRY(login_check) entry; /* of its source's, or of sent */
	struct login *login;
	struct source *source;
	bool sent, cancelled;
	union {
		void (*plain)(void *, int);
		void (*first)(void *, const unsigned char *, size_t, uint32_t);
		void (*final)(void *, bool, const unsigned char *);
	} done;
	void *arg;
	size_t len;
	unsigned char msg[]; /* the request: number, kind, ... */
};

TAILQ_HEAD(checks, login_check);

/* Who asks; it is there as long as it has checks under way. */
struct source {
	RB_ENTRY(source) node;
	TAILQ_ENTRY(source) turn; /* while some of its checks wait */
	struct lane *lane;
	struct checks waiting;
	unsigned count; /* under way */
	char name[];
};

RB_HEAD(source_tree, source);

/* Slow requests and quick ones do not stand in each other's way. */
struct lane {
	struct source_tree sources;
	TAILQ_HEAD(, source) turns; /* who is next */
	unsigned count;		    /* under way */
	unsigned asked;		    /* of these with the helper */
};

void lane_init(struct lane *);

/*
 * The source for this host, with one more check under way.  One that is alone
 * gets half of all places, n of them get 1/(n+1) each: there is one for a
 * newcomer always.  NULL with errno EAGAIN or ENOMEM.
 */
struct source *lane_hold(struct lane *, const char *host);
void lane_release(struct source *); /* one less */

/* To the end of its source's queue; or again, to the head of it. */
void lane_wait(struct login_check *, bool again);
void lane_unwait(struct login_check *);

/* Whose turn it is next: NULL, nobody waits. */
struct login_check *lane_next(const struct lane *);

/* It had its turn: the others of its source come behind those of others. */
void lane_taken(struct login_check *);

/* One that is in no queue any more: wiped, and its place is free. */
void lane_free(struct login_check *);

#endif
