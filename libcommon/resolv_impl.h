#ifndef RESOLV_IMPL_H
#define RESOLV_IMPL_H

/*
 * What resolv.c (the channel, a query's life), resolv_forward.c (names to
 * addresses) and resolv_reverse.c (back) share.  Nobody else includes this.
 */

#include <sys/queue.h>
#include <ares.h>
#include <stdbool.h>

#include "resolv.h"

/* The first member of every kind of query. */
struct resolv_query {
	LIST_ENTRY(resolv_query) entry;
	struct resolv *resolv;
	struct event *answer; /* active once the answer is there */
	void (*tell)(struct resolv_query *); /* calls the caller's done */
	bool asked;	/* c-ares still has a pointer to it */
	bool cancelled; /* nobody waits; freed when c-ares lets go */
};

/* A query of size bytes that begins with struct resolv_query; the channel is
 * open if ares is wanted.  NULL with errno. */
void *resolv_query_new(struct resolv *, size_t size,
    void (*tell)(struct resolv_query *), bool ares);

/* Have tell called from the loop; the query is freed behind it. */
void resolv_answer(struct resolv_query *);

/* Before and at the end of each call of c-ares with the query as argument.
 * False: nobody waits any more, and the query is gone. */
ares_channel resolv_asking(struct resolv_query *);
bool resolv_asked(struct resolv_query *);

/* After c-ares was given something to do outside its own callbacks. */
void resolv_set_timer(struct resolv *);

/* What a status of c-ares means to people. */
const char *resolv_error_text(int status);

/* "localhost" and what ends in ".localhost", a last dot allowed. */
bool resolv_is_localhost(const char *host);

#endif
