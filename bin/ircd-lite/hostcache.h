#ifndef HOSTCACHE_H
#define HOSTCACHE_H

/*
 * The host names of addresses, remembered for some minutes: clients who come
 * again, and many who come at once from one address, cost one question.  A
 * question is asked to its end though nobody waits any more, so that the
 * next to come finds the answer.  Bounded in what is remembered and in what
 * is asked.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <stddef.h>

#include "resolv.h"

#define HOSTCACHE_MAX 1024   /* addresses remembered, the oldest goes */
#define HOSTCACHE_ASKED 1024 /* questions under way */
#define HOSTCACHE_HIT 300    /* seconds that a name is remembered */
#define HOSTCACHE_MISS 60    /* and that there is none */

enum host_state {
	HOST_FOUND,    /* text is the name */
	HOST_FAILED,   /* text is the reason, here and below */
	HOST_MISMATCH, /* the names of the address have other addresses */
	HOST_LONG,     /* the name is longer than HOSTLEN */
};

struct hostcache;

/* One who waits; the caller's memory. */
struct host_waiter {
	LIST_ENTRY(host_waiter) entry;
	void (*done)(void *arg, enum host_state, const char *text);
	void *arg;
	bool waits;
};

/* Sets the resolver's patience.  NULL with errno. */
struct hostcache *hostcache_new(struct resolv *);
void hostcache_free(struct hostcache *); /* nobody waits any more */

/* Forget all that is known, as after a change of name servers. */
void hostcache_clear(struct hostcache *);

/*
 * Ask for the name of an IP address.  1: it is known, *state and *text (up
 * to the next call) tell; 0: w->done will be called once, unless
 * hostcache_forget() comes before; -1 with errno, EBUSY: too many questions.
 */
int hostcache_ask(struct hostcache *, const struct sockaddr *,
    struct host_waiter *w, enum host_state *state, const char **text);
void hostcache_forget(struct host_waiter *); /* one that waits not is fine */

/* Addresses remembered and questions under way. */
size_t hostcache_known(const struct hostcache *);
size_t hostcache_asked(const struct hostcache *);

#endif
