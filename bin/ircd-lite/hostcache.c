/*
 * An entry is either asked for (it has a query, and perhaps some who wait)
 * or known until a time; the known ones stand in the order of their use.
 */
#include "hostcache.h"

#include <sys/tree.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "limits.h"

/* What a stalled name server costs: PTR and one name, each of two tries. */
#define PATIENCE_MS 2000
#define PATIENCE_TRIES 2

struct host {
	RB_ENTRY(host) node;
	TAILQ_ENTRY(host) use; /* of a known one */
	struct hostcache *cache;
	struct resolv_query *query; /* NULL: known */
	LIST_HEAD(host_waiters, host_waiter) waiters;
	struct in6_addr ip;
	time_t until;
	enum host_state state;
	char text[HOSTLEN + 1];
};

struct hostcache {
	struct resolv *resolv;
	RB_HEAD(host_tree, host) tree;
	TAILQ_HEAD(host_uses, host) uses; /* the last used one first */
	size_t known, asked;
};

static int
host_compare(const struct host *a, const struct host *b)
{
	return memcmp(&a->ip, &b->ip, sizeof(a->ip));
}

/* libbsd's RB_GENERATE_STATIC needs __unused, which glibc does not have. */
RB_GENERATE_INTERNAL(host_tree, host, node, host_compare,
    static __attribute__((__unused__)))

struct hostcache *
hostcache_new(struct resolv *resolv)
{
	struct hostcache *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->resolv = resolv;
	RB_INIT(&c->tree);
	TAILQ_INIT(&c->uses);
	resolv_patience(resolv, PATIENCE_MS, PATIENCE_TRIES);
	return c;
}

static void
host_free(struct host *h)
{
	struct hostcache *c = h->cache;

	while (!LIST_EMPTY(&h->waiters))
		hostcache_forget(LIST_FIRST(&h->waiters));
	RB_REMOVE(host_tree, &c->tree, h);
	if (h->query != NULL) {
		resolv_cancel(h->query);
		c->asked--;
	} else {
		TAILQ_REMOVE(&c->uses, h, use);
		c->known--;
	}
	free(h);
}

void
hostcache_clear(struct hostcache *c)
{
	while (!TAILQ_EMPTY(&c->uses))
		host_free(TAILQ_FIRST(&c->uses));
}

void
hostcache_free(struct hostcache *c)
{
	struct host *h;

	if (c == NULL)
		return;
	while ((h = RB_ROOT(&c->tree)) != NULL)
		host_free(h);
	free(c);
}

void
hostcache_forget(struct host_waiter *w)
{
	if (!w->waits)
		return;
	LIST_REMOVE(w, entry);
	w->waits = false;
}

static enum host_state
state_of(const char *name, int error)
{
	if (name != NULL)
		return HOST_FOUND;
	if (error == EADDRNOTAVAIL)
		return HOST_MISMATCH;
	return error == ENAMETOOLONG ? HOST_LONG : HOST_FAILED;
}

/* From asked for to known; the oldest one makes room. */
static void
learn(struct host *h, const char *name, const char *error)
{
	struct hostcache *c = h->cache;

	h->state = state_of(name, errno);
	(void)strlcpy(h->text, name != NULL ? name : error, sizeof(h->text));
	h->until =
	    clock_seconds() + (name != NULL ? HOSTCACHE_HIT : HOSTCACHE_MISS);
	h->query = NULL;
	c->asked--;
	if (c->known == HOSTCACHE_MAX)
		host_free(TAILQ_LAST(&c->uses, host_uses));
	TAILQ_INSERT_HEAD(&c->uses, h, use);
	c->known++;
}

static void
on_name(void *arg, const char *name, const char *error)
{
	struct host *h = arg;
	struct host_waiters waiters = LIST_HEAD_INITIALIZER(waiters);
	enum host_state state;
	char text[sizeof(h->text)];
	struct host_waiter *w;

	learn(h, name, error);
	/* h may go by what the callbacks do */
	LIST_SWAP(&waiters, &h->waiters, host_waiter, entry);
	state = h->state;
	memcpy(text, h->text, sizeof(text));
	while ((w = LIST_FIRST(&waiters)) != NULL) {
		hostcache_forget(w);
		w->done(w->arg, state, text);
	}
}

/* An entry that is asked for from now on.  NULL with errno. */
static struct host *
host_new(struct hostcache *c, const struct in6_addr *ip,
    const struct sockaddr *sa)
{
	struct host *h;

	if (c->asked >= HOSTCACHE_ASKED) {
		errno = EBUSY;
		return NULL;
	}
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->cache = c;
	h->ip = *ip;
	LIST_INIT(&h->waiters);
	if ((h->query = resolv_reverse(c->resolv, sa, on_name, h)) == NULL) {
		free(h);
		return NULL;
	}
	RB_INSERT(host_tree, &c->tree, h);
	c->asked++;
	return h;
}

static struct host *
host_find(struct hostcache *c, const struct in6_addr *ip)
{
	struct host key = { .ip = *ip }, *h;

	h = RB_FIND(host_tree, &c->tree, &key);
	if (h == NULL || h->query != NULL)
		return h;
	if (h->until <= clock_seconds()) {
		host_free(h);
		return NULL;
	}
	TAILQ_REMOVE(&c->uses, h, use);
	TAILQ_INSERT_HEAD(&c->uses, h, use);
	return h;
}

int
hostcache_ask(struct hostcache *c, const struct sockaddr *sa,
    struct host_waiter *w, enum host_state *state, const char **text)
{
	struct in6_addr ip;
	struct host *h;

	w->waits = false;
	if (addr_ip_sa(sa, &ip) == -1) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if ((h = host_find(c, &ip)) == NULL &&
	    (h = host_new(c, &ip, sa)) == NULL)
		return -1;
	if (h->query == NULL) {
		*state = h->state;
		*text = h->text;
		return 1;
	}
	LIST_INSERT_HEAD(&h->waiters, w, entry);
	w->waits = true;
	return 0;
}

size_t
hostcache_known(const struct hostcache *c)
{
	return c->known;
}

size_t
hostcache_asked(const struct hostcache *c)
{
	return c->asked;
}
