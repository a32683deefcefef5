/*
 * Connections and where they are: see tlsfeed_impl.h.
 */
#include "tlsfeed_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

static int
conn_cmp(const struct tconn *a, const struct tconn *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_INTERNAL(tconn_tree, tconn, node, conn_cmp,
    static __attribute__((__unused__)))

struct tconn *
tlsfeed_find(struct tlsfeed *f, uint64_t id)
{
	struct tconn key = { .id = id };

	return RB_FIND(tconn_tree, &f->tree, &key);
}

/* --- where they are ---------------------------------------------------- */

static struct tworker *
pick(struct tlsfeed *f, const struct tconn *c)
{
	struct tworker *w, *best = NULL;

	TAILQ_FOREACH(w, &f->workers, entry) {
		if (c->copy != NULL && (c->copy->refused & w->bit) != 0)
			continue;
		if (best == NULL || w->count < best->count)
			best = w;
	}
	return best;
}

bool
tlsfeed_place(struct tlsfeed *f, struct tconn *c)
{
	struct tworker *w = pick(f, c);

	if (w == NULL)
		return false;
	c->w = w;
	TAILQ_INSERT_TAIL(&w->conns, c, entry);
	w->count++;
	tworker_send(w, c);
	return true;
}

void
tlsfeed_detach(struct tlsfeed *f, struct tconn *c)
{
	struct tworker *w = c->w;

	if (w == NULL) {
		TAILQ_REMOVE(&f->waiting, c, entry);
		return;
	}
	TAILQ_REMOVE(&w->conns, c, entry);
	w->count--;
	if (c->sending) {
		TAILQ_REMOVE(&w->sending, c, send_entry);
		c->sending = false;
		f->unsent--;
	}
	c->w = NULL;
}

/* --- how they end ------------------------------------------------------ */

void
tlsfeed_drop_copy(struct tconn *c, bool reset)
{
	if (c->copy == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (reset)
			net_reset(c->copy->fd[i]);
		else
			close(c->copy->fd[i]);
	}
	free(c->copy);
	c->copy = NULL;
}

static void
remove_conn(struct tlsfeed *f, struct tconn *c, bool reset)
{
	tlsfeed_drop_copy(c, reset);
	RB_REMOVE(tconn_tree, &f->tree, c);
	if (c->state >= T_SWITCH)
		f->switched--;
	else
		f->open--;
	free(c);
}

void
tlsfeed_remove(struct tlsfeed *f, struct tconn *c)
{
	remove_conn(f, c, true);
}

void
tlsfeed_down(struct tlsfeed *f, struct tconn *c, const char *reason)
{
	bool forgotten = c->forgotten;
	void *user = c->user;

	remove_conn(f, c, true);
	if (!forgotten)
		f->calls.down(f->arg, user, reason);
}

void
tlsfeed_end(struct tlsfeed *f, struct tconn *c, const struct relay_end *r)
{
	bool forgotten = c->forgotten;
	void *user = c->user;

	remove_conn(f, c, true);
	if (!forgotten)
		f->calls.end(f->arg, user, r);
}

void
tlsfeed_fail(struct tlsfeed *f, struct tconn *c, enum relay_cause cause)
{
	struct relay_end r = { .id = c->id, .cause = cause };

	tlsfeed_end(f, c, &r);
}

/* --- the feed ---------------------------------------------------------- */

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct tlsfeed *f = arg;
	struct tworker *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &f->workers, entry)
		tworker_flush(w);
}

static void
end_query(struct tlsfeed *f)
{
	struct tworker *w;

	f->asking = false;
	evtimer_del(f->query);
	TAILQ_FOREACH(w, &f->workers, entry)
		w->ask = w->answering = false;
	if (f->calls.counted != NULL)
		f->calls.counted(f->arg);
}

static void
on_query(evutil_socket_t fd, short what, void *arg)
{
	struct tlsfeed *f = arg;

	(void)fd;
	(void)what;
	if (f->asking)
		end_query(f);
}

void
tlsfeed_check_answers(struct tlsfeed *f)
{
	struct tworker *w;

	if (!f->asking)
		return;
	TAILQ_FOREACH(w, &f->workers, entry)
		if (w->answering)
			return;
	end_query(f);
}

bool
tlsfeed_query(struct tlsfeed *f)
{
	struct timeval tv = { .tv_sec = TLSFEED_QUERY_MS / 1000 };
	struct tworker *w;

	if (f->asking)
		return false;
	f->asking = true;
	f->seq++;
	if (TAILQ_EMPTY(&f->workers))
		tv.tv_sec = 0;
	(void)evtimer_add(f->query, &tv);
	TAILQ_FOREACH(w, &f->workers, entry) {
		w->ask = w->answering = true;
		tworker_flush(w);
	}
	return true;
}

struct tlsfeed *
tlsfeed_new(struct event_base *base, const struct tlsfeed_calls *calls,
    void *arg)
{
	struct tlsfeed *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->base = base;
	f->calls = *calls;
	f->arg = arg;
	TAILQ_INIT(&f->workers);
	TAILQ_INIT(&f->waiting);
	RB_INIT(&f->tree);
	/* A worker that outlived its feeder must not mean ours. */
	arc4random_buf(&f->next_id, sizeof(f->next_id));
	f->retry = evtimer_new(base, on_retry, f);
	f->query = evtimer_new(base, on_query, f);
	if (f->retry != NULL && f->query != NULL)
		return f;
	tlsfeed_free(f);
	return NULL;
}

void
tlsfeed_free(struct tlsfeed *f)
{
	struct tworker *w;
	struct tconn *c, *next;

	if (f == NULL)
		return;
	RB_FOREACH_SAFE(c, tconn_tree, &f->tree, next) {
		tlsfeed_detach(f, c);
		remove_conn(f, c, false);
	}
	while ((w = TAILQ_FIRST(&f->workers)) != NULL) {
		TAILQ_REMOVE(&f->workers, w, entry);
		tworker_free(w);
	}
	if (f->retry != NULL)
		event_free(f->retry);
	if (f->query != NULL)
		event_free(f->query);
	free(f);
}

size_t
tlsfeed_streams(const struct tlsfeed *f)
{
	return f->switched;
}

size_t
tlsfeed_open(const struct tlsfeed *f)
{
	return f->open;
}

size_t
tlsfeed_pending(struct tlsfeed *f)
{
	struct tconn *c;
	size_t n = 0;

	RB_FOREACH(c, tconn_tree, &f->tree)
		n += c->state == T_SWITCH;
	return n;
}

/* --- starting and switching -------------------------------------------- */

static struct tcopy *
copy_new(int a, int b, const void *first, size_t firstlen)
{
	struct tcopy *k;

	if (firstlen > TLS_FIRST_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	if ((k = calloc(1, sizeof(*k) + firstlen)) == NULL)
		return NULL;
	k->fd[0] = a;
	k->fd[1] = b;
	k->firstlen = firstlen;
	if (firstlen > 0)
		memcpy(k->first, first, firstlen);
	return k;
}

static struct tconn *
conn_new(struct tlsfeed *f, int conn, int plain, const void *first,
    size_t firstlen)
{
	struct tconn *c;

	if (f->unsent >= TLSFEED_QUEUE_MAX || TAILQ_EMPTY(&f->workers)) {
		errno = EAGAIN;
		return NULL;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	if ((c->copy = copy_new(conn, plain, first, firstlen)) == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

static int
close_both(int a, int b, bool reset_b)
{
	int saved = errno;

	if (a != -1)
		close(a);
	if (b != -1 && reset_b)
		net_reset(b);
	else if (b != -1)
		close(b);
	errno = saved;
	return -1;
}

/* It must fit whole: a part of a name is another name. */
static bool
name_ok(const char *s)
{
	size_t n = strlen(s);

	return n < sizeof(((struct tcopy *)NULL)->servername) &&
	       tls_text_ok(s, n);
}

int
tlsfeed_start(struct tlsfeed *f, int conn, uint32_t cfg, const char *servername,
    const void *first, size_t firstlen, void *user, uint64_t *id)
{
	struct tconn *c;
	int sv[2];

	if (servername == NULL)
		servername = "";
	if (!name_ok(servername)) {
		errno = EINVAL;
		return close_both(conn, -1, false);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		sv) == -1)
		return close_both(conn, -1, false);
	c = conn_new(f, conn, sv[1], first, firstlen);
	if (c == NULL) {
		(void)close_both(sv[0], sv[1], false);
		return close_both(conn, -1, false);
	}
	c->copy->cfg = cfg;
	strlcpy(c->copy->servername, servername, sizeof(c->copy->servername));
	c->user = user;
	*id = c->id = f->next_id++;
	RB_INSERT(tconn_tree, &f->tree, c);
	f->open++;
	(void)tlsfeed_place(f, c); /* there is a worker, who refused nothing */
	return sv[0];
}

/* 0, or why not. */
static int
may_switch(const struct tconn *c)
{
	if (c == NULL || c->w == NULL)
		return ECONNRESET;
	return c->state == T_OPEN ? 0 : EINVAL;
}

int
tlsfeed_switch(struct tlsfeed *f, uint64_t id, int plain, int peer,
    const void *first, size_t firstlen, uint32_t idle, uint32_t slot,
    uint64_t rate)
{
	struct tconn *c = tlsfeed_find(f, id);
	struct tcopy *k = NULL;

	if ((errno = may_switch(c)) == 0)
		k = copy_new(peer, plain, first, firstlen);
	if (k == NULL) {
		if (c != NULL)
			c->forgotten = true;
		return close_both(plain, peer, true);
	}
	k->idle = idle;
	k->slot = slot;
	k->rate = rate;
	c->copy = k;
	c->state = T_SWITCH;
	f->open--;
	f->switched++;
	tworker_send(c->w, c);
	return 0;
}

void
tlsfeed_forget(struct tlsfeed *f, uint64_t id)
{
	struct tconn *c = tlsfeed_find(f, id);

	if (c != NULL)
		c->forgotten = true;
}

/* One that has no worker now is let go by the next, whom nobody answers. */
void
tlsfeed_reset(struct tlsfeed *f, uint64_t id)
{
	struct tconn *c = tlsfeed_find(f, id);

	if (c == NULL || c->reset)
		return;
	c->forgotten = true;
	if (c->w == NULL)
		return;
	if (c->sending && c->state == T_START) {
		tlsfeed_detach(f, c);
		tlsfeed_remove(f, c);
		return;
	}
	tlsfeed_drop_copy(c, c->sending);
	c->reset = true;
	if (!c->sending)
		tworker_send(c->w, c);
}
