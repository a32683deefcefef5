/*
 * The nickname history: entries in the order of their age, and chained by
 * the hash of the nickname (newest first) and of the user's id.
 */
#include "whowas.h"

#include <sys/queue.h>
#include <stdlib.h>

#include "casemap.h"

#define BUCKETS_MIN 64 /* a power of two, as all sizes of the table */

struct node {
	TAILQ_ENTRY(node) age;
	LIST_ENTRY(node) by_nick;
	LIST_ENTRY(node) by_id; /* only while e.id is not 0 */
	uint32_t hash;
	struct whowas_entry e;
};
LIST_HEAD(nodes, node);

struct whowas {
	TAILQ_HEAD(, node) age; /* oldest first */
	struct nodes *nicks, *ids;
	size_t buckets;
	unsigned count, max;
	time_t keep; /* seconds */
};

static inline struct nodes *
nick_bucket(const struct whowas *w, uint32_t hash)
{
	return &w->nicks[hash & (w->buckets - 1)];
}

static inline struct nodes *
id_bucket(const struct whowas *w, uint64_t id)
{
	return &w->ids[(id * 0x9e3779b97f4a7c15) >> 32 & (w->buckets - 1)];
}

static void
link_node(struct whowas *w, struct node *n)
{
	LIST_INSERT_HEAD(nick_bucket(w, n->hash), n, by_nick);
	if (n->e.id != 0)
		LIST_INSERT_HEAD(id_bucket(w, n->e.id), n, by_id);
}

/* A table of that many buckets.  -1: no memory, the old one stays. */
static int
resize(struct whowas *w, size_t buckets)
{
	struct nodes *nicks = calloc(buckets, sizeof(*nicks));
	struct nodes *ids = calloc(buckets, sizeof(*ids));
	struct node *n;

	if (nicks == NULL || ids == NULL) {
		free(nicks);
		free(ids);
		return -1;
	}
	free(w->nicks);
	free(w->ids);
	w->nicks = nicks;
	w->ids = ids;
	w->buckets = buckets;
	/* from the oldest, so that the newest is first in its chain */
	TAILQ_FOREACH(n, &w->age, age)
		link_node(w, n);
	return 0;
}

struct whowas *
whowas_new(unsigned max, unsigned age)
{
	struct whowas *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	TAILQ_INIT(&w->age);
	w->max = max;
	w->keep = age;
	if (resize(w, BUCKETS_MIN) == -1) {
		free(w);
		return NULL;
	}
	return w;
}

static void
drop_oldest(struct whowas *w)
{
	struct node *n = TAILQ_FIRST(&w->age);

	TAILQ_REMOVE(&w->age, n, age);
	LIST_REMOVE(n, by_nick);
	if (n->e.id != 0)
		LIST_REMOVE(n, by_id);
	free(n);
	w->count--;
}

void
whowas_free(struct whowas *w)
{
	if (w == NULL)
		return;
	while (w->count > 0)
		drop_oldest(w);
	free(w->nicks);
	free(w->ids);
	free(w);
}

void
whowas_limit(struct whowas *w, unsigned max, unsigned age)
{
	w->max = max;
	w->keep = age;
	while (w->count > max)
		drop_oldest(w);
}

/* Drop what nobody is shown any more, and make room for one. */
static void
expire(struct whowas *w, time_t now)
{
	while (
	    w->count > 0 && (w->count >= w->max ||
				TAILQ_FIRST(&w->age)->e.when < now - w->keep))
		drop_oldest(w);
}

int
whowas_add(struct whowas *w, const struct whowas_entry *e)
{
	struct node *n;

	expire(w, e->when);
	if (w->max == 0)
		return 0;
	if ((n = malloc(sizeof(*n))) == NULL)
		return -1;
	n->e = *e;
	n->hash = irc_hash(e->nick);
	TAILQ_INSERT_TAIL(&w->age, n, age);
	link_node(w, n);
	if (++w->count > w->buckets)
		(void)resize(w, w->buckets * 2); /* else longer chains */
	return 0;
}

const struct whowas_entry *
whowas_next(const struct whowas *w, const char *nick, time_t now,
    const void **pos)
{
	uint32_t hash = irc_hash(nick);
	const struct node *n = *pos;

	n = n == NULL ? LIST_FIRST(nick_bucket(w, hash))
		      : LIST_NEXT(n, by_nick);
	for (; n != NULL; n = LIST_NEXT(n, by_nick)) {
		if (n->hash != hash || irc_casecmp(n->e.nick, nick) != 0)
			continue;
		if (n->e.when < now - w->keep)
			break; /* and what follows is older */
		*pos = n;
		return &n->e;
	}
	return NULL;
}

uint64_t
whowas_chase(const struct whowas *w, const char *nick, time_t now,
    time_t within)
{
	const void *pos = NULL;
	const struct whowas_entry *e = whowas_next(w, nick, now, &pos);

	return e == NULL || e->when < now - within ? 0 : e->id;
}

void
whowas_gone(struct whowas *w, uint64_t id)
{
	struct node *n, *next;

	if (id == 0)
		return;
	LIST_FOREACH_SAFE(n, id_bucket(w, id), by_id, next) {
		if (n->e.id == id) {
			LIST_REMOVE(n, by_id);
			n->e.id = 0;
		}
	}
}
