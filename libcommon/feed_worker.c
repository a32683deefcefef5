/*
 * One worker's socket: START and QUERY go out; ACK, NAK, END and COUNTS come
 * in; its end of file is the worker's death.
 */
#include "feed_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define RETRY_MS 10 /* after ETOOMANYREFS, ENOMEM */
#define TURN_MAX 64 /* messages of a worker read in one turn */

static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg msg; /* of the call under way */

static void
send_failed(struct fworker *w)
{
	switch (errno) {
	case ETOOMANYREFS: /* too many descriptors under way */
	case ENOMEM:
	case ENOBUFS:
		feed_kick(w->feed, RETRY_MS);
		break;
	case EAGAIN:
		event_add(w->ev_write, NULL);
		break;
	default: /* gone: its end of file is still to be read */
		break;
	}
	w->full = true;
}

int
fworker_send(struct fworker *w, const struct pair *p)
{
	const struct copy *c = p->copy;
	size_t len;

	msg.type = RELAY_START;
	msg.id = p->id;
	msg.opts = c->opts;
	msg.first_ab = c->first;
	msg.first_ab_len = c->ablen;
	msg.first_ba = c->first + c->ablen;
	msg.first_ba_len = c->balen;
	len = relay_msg_format(&msg, packet, sizeof(packet));
	if (fdpass_send(w->fd, packet, len, c->fd, 2) == 0)
		return 1;
	send_failed(w);
	return 0;
}

int
fworker_ask(struct fworker *w, uint32_t seq)
{
	size_t len;

	msg.type = RELAY_QUERY;
	msg.seq = seq;
	len = relay_msg_format(&msg, packet, sizeof(packet));
	if (fdpass_send(w->fd, packet, len, NULL, 0) == 0)
		return 1;
	send_failed(w);
	return 0;
}

int
feed_share(int fd, int file)
{
	const struct relay_msg share = { .type = RELAY_SHARE };
	unsigned char out[1];
	size_t len = relay_msg_format(&share, out, sizeof(out));

	return fdpass_send(fd, out, len, &file, 1);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct fworker *w = arg;

	(void)fd;
	(void)what;
	w->full = false;
	feed_send_queue(w->feed);
}

static void
got_ack(struct fworker *w)
{
	struct pair *p;

	for (size_t i = 0; i < msg.count; i++)
		if ((p = feed_find(w->feed, msg.ids[i])) != NULL && p->w == w)
			feed_drop_copy(w->feed, p, false);
}

static void
got_nak(struct fworker *w)
{
	struct feed *f = w->feed;
	struct pair *p = feed_find(f, msg.id);

	if (p == NULL || p->w != w || p->copy == NULL)
		return;
	feed_detach(f, p);
	p->copy->refused |= w->bit;
	feed_queue(f, p);
	f->was_busy = true;
	feed_kick(f, 0);
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
		p = feed_find(f, ends[i].id);
		if (p == NULL || p->w != w)
			continue;
		feed_detach(f, p);
		feed_drop_copy(f, p, false);
		feed_finish(f, p, &ends[i]);
	}
}

/* The owner's call may send, as above. */
static void
got_counts(struct fworker *w)
{
	static struct relay_end ends[RELAY_BATCH_MAX];
	struct feed *f = w->feed;
	size_t n = msg.count;
	struct pair *p;

	if (!w->due || w->ask || msg.seq != f->seq)
		return;
	w->due = msg.more;
	memcpy(ends, msg.ends, n * sizeof(ends[0]));
	for (size_t i = 0; i < n && f->calls.counts != NULL; i++) {
		p = feed_find(f, ends[i].id);
		if (p != NULL && p->w == w)
			f->calls.counts(f->arg, p->stream, ends[i].ab,
			    ends[i].ba);
	}
	feed_answered(f);
}

void
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
			feed_queue(f, p);
		else
			TAILQ_INSERT_TAIL(&lost, p, entry);
	}
	f->was_busy |= f->queued > 0;
	fworker_free(w);
	f->calls.dead(f->arg, slot);
	feed_answered(f);
	while ((p = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, p, entry);
		feed_fail(f, p, RELAY_KILLED);
	}
	feed_kick(f, 0);
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
	/* It left ours unread; its last words are behind this, told once. */
	if (n == -1 && errno == ECONNRESET)
		return 1;
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
	else if (msg.type == RELAY_COUNTS)
		got_counts(w);
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

int
feed_add(struct feed *f, int fd, int slot)
{
	struct fworker *w = NULL;
	uint64_t bit;

	if ((bit = feed_free_bit(f)) == 0)
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
	feed_kick(f, 0);
	return 0;
}
