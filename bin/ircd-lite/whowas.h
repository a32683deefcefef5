#ifndef WHOWAS_H
#define WHOWAS_H

/*
 * The nickname history (RFC 1459, 8.9): the last users of names, bounded in
 * number and age, newest first.  Serves WHOWAS and the chasing of a user who
 * has just changed his nickname.  No I/O; the clock is the caller's.
 */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "limits.h"

struct whowas_entry {
	char nick[NICKLEN + 1];
	char user[USERLEN + 2]; /* with the ~ of a missing ident */
	char host[HOSTLEN + 1];
	char ip[HOSTLEN + 1]; /* for operators */
	char real[REALLEN + 1];
	char server[SERVERLEN + 1];
	time_t when;
	uint64_t id; /* of the user, who may live on; 0: gone */
};

struct whowas;

/* Memory grows with the entries, up to max of them; they are shown for age
 * seconds.  NULL: no memory. */
struct whowas *whowas_new(unsigned max, unsigned age);
void whowas_free(struct whowas *); /* NULL is fine */
void whowas_limit(struct whowas *, unsigned max, unsigned age);

/* A copy of *e is put in, e->when is now; the oldest goes when it is full.
 * 0, or -1 with errno: no memory, the entry is not kept. */
int whowas_add(struct whowas *, const struct whowas_entry *e);

/*
 * The entries of nick, newest first: call with *pos NULL first.  NULL at the
 * end.  Not to be interleaved with whowas_add().
 */
const struct whowas_entry *whowas_next(const struct whowas *, const char *nick,
    time_t now, const void **pos);

/* Who was the last to give up nick, in the last within seconds: an id, or
 * 0 if nobody did or he has gone since. */
uint64_t whowas_chase(const struct whowas *, const char *nick, time_t now,
    time_t within);

/* The user has gone: his entries chase nobody any more. */
void whowas_gone(struct whowas *, uint64_t id);

#endif
