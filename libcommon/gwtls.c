#include "gwtls.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"
#include "tlsconf.h"
#include "tlsfeed.h"

#define CONFIG 1   /* its number, we have one */
#define END_WAIT 2 /* seconds for a worker to say how a stream ended */

/* One connection, from start() to its end. */
struct conn {
	LIST_ENTRY(conn) entry;
	struct gwtls *tls;
	uint64_t id;
	struct gwlink *link; /* until it is switched */
	void (*end)(void *, const struct relay_end *);
	void *arg;
};

struct gwtls {
	struct event_base *base;
	struct gwlink_tls link;
	struct tlsconf conf;
	struct tlsfeed *feed;
	char path[4096];
	bool verbose;
	bool running;	 /* a worker, which ... */
	bool proved;	 /* ... has done a handshake ... */
	char error[256]; /* ... or does not take our configuration */
	bool ended;	 /* the one that is pumped here ... */
	enum relay_cause cause;
	LIST_HEAD(, conn) conns;
};

static void
conn_free(struct conn *c)
{
	LIST_REMOVE(c, entry);
	free(c);
}

static int
start_worker(struct gwtls *t)
{
	pid_t pid;
	int fd, saved;

	if (t->running)
		return 0;
	fd = spawn_tls_worker(t->path, 0, 0, t->verbose ? SPAWN_VERBOSE : 0,
	    &pid);
	if (fd == -1)
		return -1;
	if (tlsconf_send(&t->conf, fd, CONFIG) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	if (tlsfeed_add(t->feed, fd, (int)pid) == -1)
		return -1;
	t->running = true;
	t->proved = false;
	t->error[0] = '\0';
	return 0;
}

/* ---- what the feed tells ------------------------------------------------ */

static struct conn *
first_link(struct gwtls *t)
{
	struct conn *c;

	LIST_FOREACH(c, &t->conns, entry)
		if (c->link != NULL)
			return c;
	return NULL;
}

static void
on_up(void *arg, void *user, const struct tls_peer *peer)
{
	struct gwtls *t = arg;
	struct conn *c = user;

	t->proved = true;
	gwlink_up(c->link, peer);
}

static void
on_down(void *arg, void *user, const char *reason)
{
	struct gwtls *t = arg;
	struct conn *c = user;
	struct gwlink *l = c->link;

	conn_free(c);
	gwlink_down(l, t->error[0] != '\0' ? t->error : reason);
}

static void
on_end(void *arg, void *user, const struct relay_end *e)
{
	struct conn *c = user;
	void (*end)(void *, const struct relay_end *) = c->end;
	void *end_arg = c->arg;

	(void)arg;
	conn_free(c);
	end(end_arg, e);
}

/* What was not taken goes to another worker, but not for ever: one that dies
 * before it has done anything is told as the reason. */
static void
on_dead(void *arg, int slot)
{
	struct gwtls *t = arg;
	const char *why = t->error[0] != '\0' ? t->error : "its worker died";
	struct gwlink *l;
	struct conn *c;

	(void)slot;
	t->running = false;
	if (t->proved && (first_link(t) == NULL || start_worker(t) == 0))
		return;
	while ((c = first_link(t)) != NULL) {
		l = c->link;
		gwtls_forget(c);
		gwlink_down(l, why);
	}
}

/* What it cannot use it refuses to begin with, too. */
static void
on_loaded(void *arg, int slot, uint32_t cfg, const char *error)
{
	struct gwtls *t = arg;

	(void)slot;
	(void)cfg;
	strlcpy(t->error, error, sizeof(t->error));
}

static const struct tlsfeed_calls calls = {
	.up = on_up,
	.down = on_down,
	.end = on_end,
	.dead = on_dead,
	.loaded = on_loaded,
};

/* ---- connections -------------------------------------------------------- */

static int
start(void *arg, int conn, const char *name, struct gwlink *link, void **token)
{
	struct gwtls *t = arg;
	struct conn *c;
	int plain, saved;

	if ((c = calloc(1, sizeof(*c))) == NULL || start_worker(t) == -1) {
		saved = errno;
		free(c);
		close(conn);
		errno = saved;
		return -1;
	}
	c->tls = t;
	c->link = link;
	plain = tlsfeed_start(t->feed, conn, CONFIG, name, NULL, 0, c, &c->id);
	if (plain == -1) {
		saved = errno;
		free(c);
		errno = saved;
		return -1;
	}
	LIST_INSERT_HEAD(&t->conns, c, entry);
	*token = c;
	return plain;
}

void
gwtls_forget(void *token)
{
	struct conn *c = token;

	tlsfeed_forget(c->tls->feed, c->id);
	conn_free(c);
}

void
gwtls_reset(void *token)
{
	struct conn *c = token;

	tlsfeed_reset(c->tls->feed, c->id);
	conn_free(c);
}

int
gwtls_switch(struct gwtls *t, void *token, int plain, int peer,
    const void *first, size_t firstlen, uint32_t idle,
    void (*end)(void *, const struct relay_end *), void *arg)
{
	struct conn *c = token;
	int saved;

	c->link = NULL;
	c->end = end;
	c->arg = arg;
	if (tlsfeed_switch(t->feed, c->id, plain, peer, first, firstlen, idle,
		0, 0) == 0)
		return 0;
	saved = errno;
	conn_free(c);
	errno = saved;
	return -1;
}

size_t
gwtls_pending(const struct gwtls *t)
{
	return tlsfeed_pending(t->feed);
}

/* ---- the one that is pumped by ourselves -------------------------------- */

static void
on_watched_end(void *arg, const struct relay_end *e)
{
	struct gwtls *t = arg;

	t->ended = true;
	t->cause = e->cause;
	event_base_loopbreak(t->base);
}

int
gwtls_watch(struct gwtls *t, void *token, int *fd)
{
	int plain = *fd, sv[2];

	*fd = -1;
	t->ended = false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		sv) == -1) {
		gwtls_forget(token);
		close(plain);
		return -1;
	}
	if (gwtls_switch(t, token, plain, sv[1], NULL, 0, 0, on_watched_end,
		t) == -1) {
		close(sv[0]);
		return -1;
	}
	*fd = sv[0];
	/* Until then there are copies of its descriptors here. */
	while (gwtls_pending(t) > 0)
		if (event_base_loop(t->base, EVLOOP_ONCE) != 0)
			break;
	return 0;
}

int
gwtls_watched(struct gwtls *t)
{
	struct timeval tv = { .tv_sec = END_WAIT };

	/* It is told by another socket than its end is seen at. */
	if (!t->ended && event_base_loopexit(t->base, &tv) == 0)
		(void)event_base_dispatch(t->base);
	if (!t->ended || t->cause == RELAY_EOF)
		return 0;
	errno = ECONNRESET;
	return -1;
}

const struct gwlink_tls *
gwtls_link(const struct gwtls *t)
{
	return &t->link;
}

/* ---- its life ----------------------------------------------------------- */

/* What a user named himself is looked at now, and not only when the gateway
 * is reached. */
static int
look_at(const struct gwtls *t, const struct gwopts *o, char *err, size_t errlen)
{
	struct tlsconf ca;

	if (o->ca != NULL) {
		tlsconf_init(&ca, TLS_CLIENT);
		ca.ca = t->conf.ca;
		if (tlsconf_check(&ca, err, errlen) == -1) {
			snprintf(err, errlen,
			    "%s: no certificates of CAs in PEM form", o->ca);
			return -1;
		}
	}
	return o->cert == NULL ? 0 : tlsconf_check(&t->conf, err, errlen);
}

struct gwtls *
gwtls_new(struct event_base *base, const struct gwopts *o, bool verbose,
    char *err, size_t errlen)
{
	struct gwtls *t;

	if ((t = calloc(1, sizeof(*t))) == NULL) {
		strlcpy(err, strerror(errno), errlen);
		return NULL;
	}
	LIST_INIT(&t->conns);
	t->base = base;
	t->verbose = verbose;
	t->link = (struct gwlink_tls){ .start = start,
		.forget = gwtls_forget,
		.arg = t,
		.name = o->name,
		.verified = !o->no_verify };
	if (gwopts_tlsconf(o, &t->conf, err, errlen) == -1) {
		free(t);
		return NULL;
	}
	if (spawn_find_relay(t->path, sizeof(t->path), err, errlen) == -1 ||
	    look_at(t, o, err, errlen) == -1)
		goto fail;
	if ((t->feed = tlsfeed_new(base, &calls, t)) != NULL)
		return t;
	strlcpy(err, strerror(errno), errlen);
fail:
	gwtls_free(t);
	return NULL;
}

void
gwtls_free(struct gwtls *t)
{
	struct conn *c;

	if (t == NULL)
		return;
	tlsfeed_free(t->feed);
	while ((c = LIST_FIRST(&t->conns)) != NULL)
		conn_free(c);
	tlsconf_close(&t->conf);
	free(t);
}
