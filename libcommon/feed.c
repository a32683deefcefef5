/*
 * Pairs and where they are: see feed_impl.h.
 */
#include "feed_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

static int
pair_cmp(const struct pair *a, const struct pair *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_INTERNAL(pair_tree, pair, node, pair_cmp,
    static __attribute__((__unused__)))

struct pair *
feed_find(struct feed *f, uint64_t id)
{
	struct pair key = { .id = id };

	return RB_FIND(pair_tree, &f->tree, &key);
}

/* The worker has the descriptors, or nobody will: then a reset tells both
 * ends that this is no empty answer. */
void
feed_drop_copy(struct feed *f, struct pair *p, bool reset)
{
	if (p->copy == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (reset)
			net_reset(p->copy->fd[i]);
		else
			close(p->copy->fd[i]);
	}
	free(p->copy);
	p->copy = NULL;
	f->unacked--;
}

void
feed_queue(struct feed *f, struct pair *p)
{
	p->w = NULL;
	TAILQ_INSERT_TAIL(&f->queue, p, entry);
	f->queued++;
}

/* Take p from its worker or the queue. */
void
feed_detach(struct feed *f, struct pair *p)
{
	if (p->w == NULL) {
		TAILQ_REMOVE(&f->queue, p, entry);
		f->queued--;
		return;
	}
	TAILQ_REMOVE(&p->w->pairs, p, entry);
	p->w->count--;
}

/* The end of a detached pair, told to the owner. */
void
feed_finish(struct feed *f, struct pair *p, const struct relay_end *r)
{
	void *stream = p->stream;

	feed_drop_copy(f, p, true);
	RB_REMOVE(pair_tree, &f->tree, p);
	f->count--;
	free(p);
	f->calls.end(f->arg, stream, r);
}

void
feed_fail(struct feed *f, struct pair *p, enum relay_cause cause)
{
	struct relay_end r = { .id = p->id, .cause = cause };

	feed_finish(f, p, &r);
}

void
feed_kick(struct feed *f, long ms)
{
	struct timeval tv = { .tv_usec = ms * 1000 };

	(void)evtimer_add(f->kick, &tv);
}

/* The open worker with the fewest streams that did not refuse p. */
static struct fworker *
pick(struct feed *f, const struct pair *p)
{
	struct fworker *w, *best = NULL;

	TAILQ_FOREACH(w, &f->workers, entry) {
		if (w->full || (p->copy->refused & w->bit) != 0)
			continue;
		if (best == NULL || w->count < best->count)
			best = w;
	}
	return best;
}

static bool
refused_by_all(const struct feed *f, const struct pair *p)
{
	return f->bits != 0 && (f->bits & ~p->copy->refused) == 0;
}

/* Hand p to a worker: 0, or -1 and it stays in the queue. */
static int
send_pair(struct feed *f, struct pair *p)
{
	struct fworker *w;

	while ((w = pick(f, p)) != NULL) {
		if (!fworker_send(w, p))
			continue;
		feed_detach(f, p);
		p->w = w;
		TAILQ_INSERT_TAIL(&w->pairs, p, entry);
		w->count++;
		return 0;
	}
	return -1;
}

static bool
any_open(const struct feed *f)
{
	const struct fworker *w;

	TAILQ_FOREACH(w, &f->workers, entry)
		if (!w->full)
			return true;
	return false;
}

void
feed_send_queue(struct feed *f)
{
	struct pair *p, *next;

	feed_ask(f);
	TAILQ_FOREACH_SAFE(p, &f->queue, entry, next) {
		if (refused_by_all(f, p)) {
			feed_detach(f, p);
			feed_fail(f, p, RELAY_RESET);
		} else if (!any_open(f))
			break;
		else
			(void)send_pair(f, p);
	}
	if (f->queued > 0) {
		f->was_busy = true;
		return;
	}
	if (f->was_busy && f->calls.ready != NULL) {
		f->was_busy = false;
		f->calls.ready(f->arg);
	}
}

/* By timer; whatever was in the way may be gone. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;
	struct fworker *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &f->workers, entry)
		w->full = false;
	feed_send_queue(f);
}

/* A bit that no worker has, also not in what earlier ones refused. */
uint64_t
feed_free_bit(struct feed *f)
{
	uint64_t bit = ~f->bits & (f->bits + 1);
	struct pair *p;

	RB_FOREACH(p, pair_tree, &f->tree)
		if (p->copy != NULL)
			p->copy->refused &= ~bit;
	return bit;
}

struct feed *
feed_new(struct event_base *base, const struct feed_calls *calls, void *arg)
{
	struct feed *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->base = base;
	f->calls = *calls;
	f->arg = arg;
	TAILQ_INIT(&f->workers);
	TAILQ_INIT(&f->queue);
	RB_INIT(&f->tree);
	/* An orphan of another life must not mean our streams. */
	arc4random_buf(&f->next_id, sizeof(f->next_id));
	f->kick = evtimer_new(base, on_kick, f);
	f->limit = evtimer_new(base, feed_on_limit, f);
	if (f->kick == NULL || f->limit == NULL) {
		feed_free(f);
		return NULL;
	}
	return f;
}

void
feed_free(struct feed *f)
{
	struct fworker *w;
	struct pair *p, *next;

	if (f == NULL)
		return;
	while ((w = TAILQ_FIRST(&f->workers)) != NULL) {
		TAILQ_REMOVE(&f->workers, w, entry);
		fworker_free(w);
	}
	RB_FOREACH_SAFE(p, pair_tree, &f->tree, next) {
		feed_drop_copy(f, p, false);
		RB_REMOVE(pair_tree, &f->tree, p);
		free(p);
	}
	if (f->kick != NULL)
		event_free(f->kick);
	if (f->limit != NULL)
		event_free(f->limit);
	free(f);
}

static struct pair *
pair_new(struct feed *f, const void *ab, size_t ablen, const void *ba,
    size_t balen)
{
	struct pair *p;

	if (f->queued >= FEED_QUEUE_MAX) {
		errno = ENOBUFS;
		return NULL;
	}
	if (ablen > RELAY_FIRST_MAX || balen > RELAY_FIRST_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	if ((p->copy = malloc(sizeof(*p->copy) + ablen + balen)) == NULL) {
		free(p);
		return NULL;
	}
	memset(&p->copy->opts, 0, sizeof(p->copy->opts));
	p->copy->refused = 0;
	p->copy->ablen = ablen;
	p->copy->balen = balen;
	if (ablen > 0)
		memcpy(p->copy->first, ab, ablen);
	if (balen > 0)
		memcpy(p->copy->first + ablen, ba, balen);
	p->id = f->next_id++;
	return p;
}

int
feed_send(struct feed *f, int a, int b, const void *ab, size_t ablen,
    const void *ba, size_t balen, const struct relay_opts *opts, void *stream)
{
	struct pair *p;
	int saved;

	if ((p = pair_new(f, ab, ablen, ba, balen)) == NULL) {
		saved = errno;
		net_reset(a);
		net_reset(b);
		errno = saved;
		return -1;
	}
	p->copy->fd[0] = a;
	p->copy->fd[1] = b;
	if (opts != NULL)
		p->copy->opts = *opts;
	p->stream = stream;
	RB_INSERT(pair_tree, &f->tree, p);
	feed_queue(f, p);
	f->unacked++;
	f->count++;
	/* Those that wait go first. */
	if (f->queued > 1 || send_pair(f, p) == -1)
		f->was_busy = true;
	return 0;
}

bool
feed_busy(const struct feed *f)
{
	return f->queued > 0;
}

size_t
feed_streams(const struct feed *f)
{
	return f->count;
}

size_t
feed_pending(const struct feed *f)
{
	return f->unacked;
}
