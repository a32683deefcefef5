/*
 * A pair is in one of three places: in the queue (to be sent), with a
 * worker and not acknowledged (its descriptors and first bytes are kept),
 * or with a worker for good.  All are found by id, in a tree.
 */
#include "feed.h"

#include <sys/queue.h>
#include <sys/tree.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define RETRY_MS 10 /* after ETOOMANYREFS, ENOMEM */
#define TURN_MAX 64 /* messages of a worker read in one turn */

/* What is kept until a worker acknowledges. */
struct copy {
	int fd[2];
	uint32_t idle;
	uint64_t refused; /* bits of the workers that said NAK */
	size_t ablen, balen;
	unsigned char first[];
};

struct pair {
	RB_ENTRY(pair) node;
	TAILQ_ENTRY(pair) entry; /* of a worker's list or the queue */
	uint64_t id;
	struct copy *copy; /* NULL once acknowledged */
	struct fworker *w; /* NULL while in the queue */
	void *stream;
};

TAILQ_HEAD(pair_list, pair);
RB_HEAD(pair_tree, pair);

struct fworker {
	TAILQ_ENTRY(fworker) entry;
	struct feed *feed;
	struct event *ev_read, *ev_write;
	struct pair_list pairs;
	size_t count;
	int fd, slot;
	uint64_t bit; /* in copy.refused */
	bool full;    /* its socket took no more: ev_write is armed */
};

TAILQ_HEAD(fworker_list, fworker);

struct feed {
	struct event_base *base;
	struct feed_calls calls;
	void *arg;
	struct event *kick; /* sends the queue: at once, or by timer */
	struct fworker_list workers;
	struct pair_tree tree;
	struct pair_list queue;
	size_t queued, unacked, count;
	uint64_t next_id, bits;
	bool was_busy;
};

static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg msg; /* of the call under way */

static int
pair_cmp(const struct pair *a, const struct pair *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_INTERNAL(pair_tree, pair, node, pair_cmp,
    static __attribute__((__unused__)))

static struct pair *
pair_find(struct feed *f, uint64_t id)
{
	struct pair key = { .id = id };

	return RB_FIND(pair_tree, &f->tree, &key);
}

/* The worker has the descriptors, or nobody will: then a reset tells both
 * ends that this is no empty answer. */
static void
drop_copy(struct feed *f, struct pair *p, bool reset)
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

static void
queue_pair(struct feed *f, struct pair *p)
{
	p->w = NULL;
	TAILQ_INSERT_TAIL(&f->queue, p, entry);
	f->queued++;
}

/* Take p from its worker or the queue. */
static void
detach(struct feed *f, struct pair *p)
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
static void
finish(struct feed *f, struct pair *p, const struct relay_end *r)
{
	void *stream = p->stream;

	drop_copy(f, p, true);
	RB_REMOVE(pair_tree, &f->tree, p);
	f->count--;
	free(p);
	f->calls.end(f->arg, stream, r);
}

static void
fail(struct feed *f, struct pair *p, enum relay_cause cause)
{
	struct relay_end r = { .id = p->id, .cause = cause };

	finish(f, p, &r);
}

static void
kick(struct feed *f, long ms)
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

static void
send_failed(struct feed *f, struct fworker *w)
{
	switch (errno) {
	case ETOOMANYREFS: /* too many descriptors under way */
	case ENOMEM:
	case ENOBUFS:
		kick(f, RETRY_MS);
		break;
	case EAGAIN:
		event_add(w->ev_write, NULL);
		break;
	default: /* gone: its end of file is still to be read */
		break;
	}
	w->full = true;
}

/* Hand p to a worker: 0, or -1 and it stays in the queue. */
static int
send_pair(struct feed *f, struct pair *p)
{
	struct copy *c = p->copy;
	struct fworker *w;
	size_t len;

	msg.type = RELAY_START;
	msg.id = p->id;
	msg.idle = c->idle;
	msg.first_ab = c->first;
	msg.first_ab_len = c->ablen;
	msg.first_ba = c->first + c->ablen;
	msg.first_ba_len = c->balen;
	len = relay_msg_format(&msg, packet, sizeof(packet));
	while ((w = pick(f, p)) != NULL) {
		if (fdpass_send(w->fd, packet, len, c->fd, 2) == -1) {
			send_failed(f, w);
			continue;
		}
		detach(f, p);
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

static void
send_queue(struct feed *f)
{
	struct pair *p, *next;

	TAILQ_FOREACH_SAFE(p, &f->queue, entry, next) {
		if (refused_by_all(f, p)) {
			detach(f, p);
			fail(f, p, RELAY_RESET);
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
	send_queue(f);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct fworker *w = arg;

	(void)fd;
	(void)what;
	w->full = false;
	send_queue(w->feed);
}

static void
got_ack(struct fworker *w)
{
	struct pair *p;

	for (size_t i = 0; i < msg.count; i++)
		if ((p = pair_find(w->feed, msg.ids[i])) != NULL && p->w == w)
			drop_copy(w->feed, p, false);
}

static void
got_nak(struct fworker *w)
{
	struct feed *f = w->feed;
	struct pair *p = pair_find(f, msg.id);

	if (p == NULL || p->w != w || p->copy == NULL)
		return;
	detach(f, p);
	p->copy->refused |= w->bit;
	queue_pair(f, p);
	kick(f, 0);
}

/* The owner's call may send, which uses msg: hence the records' copy. */
static void
got_end(struct fworker *w)
{
	static struct relay_end ends[RELAY_BATCH_MAX];
	struct feed *f = w->feed;
	size_t n = msg.count;
	struct pair *p;

	memcpy(ends, msg.ends, n * sizeof(ends[0]));
	for (size_t i = 0; i < n; i++) {
		p = pair_find(f, ends[i].id);
		if (p == NULL || p->w != w)
			continue;
		detach(f, p);
		drop_copy(f, p, false);
		finish(f, p, &ends[i]);
	}
}

static void
fworker_free(struct fworker *w)
{
	if (w->ev_read != NULL)
		event_free(w->ev_read);
	if (w->ev_write != NULL)
		event_free(w->ev_write);
	close(w->fd);
	free(w);
}

/* What it had acknowledged ended with it, the rest goes to another. */
static void
worker_dead(struct fworker *w)
{
	struct pair_list lost = TAILQ_HEAD_INITIALIZER(lost);
	struct feed *f = w->feed;
	struct pair *p, *next;
	int slot = w->slot;

	TAILQ_REMOVE(&f->workers, w, entry);
	f->bits &= ~w->bit;
	TAILQ_FOREACH_SAFE(p, &w->pairs, entry, next) {
		TAILQ_REMOVE(&w->pairs, p, entry);
		p->w = NULL;
		if (p->copy != NULL)
			queue_pair(f, p);
		else
			TAILQ_INSERT_TAIL(&lost, p, entry);
	}
	fworker_free(w);
	f->calls.dead(f->arg, slot);
	while ((p = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, p, entry);
		fail(f, p, RELAY_KILLED);
	}
	kick(f, 0);
}

/* One message of a worker.  1: more may be there, 0: none, -1: it died. */
static int
receive(struct fworker *w)
{
	int fd[1], none = 0;
	ssize_t n;

	n = fdpass_recv(w->fd, packet, sizeof(packet), fd, &none, NULL);
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	if (n <= 0)
		return -1;
	if (relay_msg_parse(&msg, packet, (size_t)n) == -1)
		return 1;
	if (msg.type == RELAY_ACK)
		got_ack(w);
	else if (msg.type == RELAY_NAK)
		got_nak(w);
	else if (msg.type == RELAY_END)
		got_end(w);
	return 1;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct fworker *w = arg;
	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = receive(w);
	if (r == -1)
		worker_dead(w);
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
	if ((f->kick = evtimer_new(base, on_kick, f)) == NULL) {
		free(f);
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
		drop_copy(f, p, false);
		RB_REMOVE(pair_tree, &f->tree, p);
		free(p);
	}
	event_free(f->kick);
	free(f);
}

/* A bit that no worker has, also not in what earlier ones refused. */
static uint64_t
free_bit(struct feed *f)
{
	uint64_t bit = ~f->bits & (f->bits + 1);
	struct pair *p;

	RB_FOREACH(p, pair_tree, &f->tree)
		if (p->copy != NULL)
			p->copy->refused &= ~bit;
	return bit;
}

int
feed_add(struct feed *f, int fd, int slot)
{
	struct fworker *w = NULL;
	uint64_t bit;

	if ((bit = free_bit(f)) == 0)
		errno = ENOSPC;
	if (bit == 0 || (w = calloc(1, sizeof(*w))) == NULL) {
		close(fd);
		return -1;
	}
	w->feed = f;
	w->fd = fd;
	w->slot = slot;
	w->bit = bit;
	TAILQ_INIT(&w->pairs);
	w->ev_read = event_new(f->base, fd, EV_READ | EV_PERSIST, on_read, w);
	w->ev_write = event_new(f->base, fd, EV_WRITE, on_write, w);
	if (w->ev_read == NULL || w->ev_write == NULL ||
	    event_add(w->ev_read, NULL) == -1) {
		fworker_free(w);
		errno = ENOMEM;
		return -1;
	}
	f->bits |= bit;
	TAILQ_INSERT_TAIL(&f->workers, w, entry);
	kick(f, 0);
	return 0;
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
    const void *ba, size_t balen, uint32_t idle, void *stream)
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
	p->copy->idle = idle;
	p->stream = stream;
	RB_INSERT(pair_tree, &f->tree, p);
	queue_pair(f, p);
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
