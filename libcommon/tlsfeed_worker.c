/*
 * One TLS worker's socket: START and SWITCH go out, what became of them comes
 * in; its end of file is the worker's death.
 */
#include "tlsfeed_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define RETRY_MS 10 /* after ETOOMANYREFS, ENOMEM */
#define TURN_MAX 64 /* messages of a worker read in one turn */

/* The owner's calls, which come of what was received, may send. */
static unsigned char packet_out[TLS_MSG_MAX], packet_in[TLS_MSG_MAX];
static struct tls_msg out, in;

/* --- out --------------------------------------------------------------- */

static void
send_failed(struct tworker *w)
{
	struct timeval tv = { .tv_usec = RETRY_MS * 1000 };

	switch (errno) {
	case ETOOMANYREFS: /* too many descriptors under way */
	case ENOMEM:
	case ENOBUFS:
		(void)evtimer_add(w->feed->retry, &tv);
		break;
	case EAGAIN:
		event_add(w->ev_write, NULL);
		break;
	default: /* gone: its end of file is still to be read */
		break;
	}
}

static bool
send_out(struct tworker *w, const int *fds, int nfds)
{
	size_t len = tls_msg_format(&out, packet_out, sizeof(packet_out));

	if (fdpass_send(w->fd, packet_out, len, fds, nfds) == 0)
		return true;
	send_failed(w);
	return false;
}

int
tlsfeed_share(int fd, int file)
{
	unsigned char p[1];
	size_t len;

	out.type = TLS_SHARE;
	len = tls_msg_format(&out, p, sizeof(p));
	return fdpass_send(fd, p, len, &file, 1);
}

static bool
send_conn(struct tworker *w, const struct tconn *c)
{
	const struct tcopy *k = c->copy;

	if (c->reset) {
		out.type = TLS_RESET;
		out.id = c->id;
		return send_out(w, NULL, 0);
	}
	out.type = c->state == T_START ? TLS_START : TLS_SWITCH;
	out.id = c->id;
	out.cfg = k->cfg;
	out.idle = k->idle;
	out.slot = k->slot;
	out.rate = k->rate;
	strlcpy(out.text, k->servername, sizeof(out.text));
	out.first = k->first;
	out.firstlen = k->firstlen;
	return send_out(w, k->fd, 2);
}

void
tworker_flush(struct tworker *w)
{
	struct tconn *c;

	while ((c = TAILQ_FIRST(&w->sending)) != NULL) {
		if (!send_conn(w, c))
			return;
		TAILQ_REMOVE(&w->sending, c, send_entry);
		c->sending = false;
		w->feed->unsent--;
		if (c->reset) {
			tlsfeed_detach(w->feed, c);
			tlsfeed_remove(w->feed, c);
		}
	}
	if (!w->ask)
		return;
	out.type = TLS_QUERY;
	out.seq = w->feed->seq;
	if (send_out(w, NULL, 0))
		w->ask = false;
}

/* Those that wait go first. */
void
tworker_send(struct tworker *w, struct tconn *c)
{
	TAILQ_INSERT_TAIL(&w->sending, c, send_entry);
	c->sending = true;
	w->feed->unsent++;
	if (TAILQ_FIRST(&w->sending) == c)
		tworker_flush(w);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tworker_flush(arg);
}

/* --- in ---------------------------------------------------------------- */

static void
got_nak(struct tworker *w, struct tconn *c)
{
	struct tlsfeed *f = w->feed;
	char text[128];

	if (c->state == T_SWITCH) {
		tlsfeed_detach(f, c);
		tlsfeed_fail(f, c, RELAY_RESET);
		return;
	}
	if (c->state != T_START)
		return;
	tlsfeed_detach(f, c);
	c->copy->refused |= w->bit;
	if (tlsfeed_place(f, c))
		return;
	snprintf(text, sizeof(text), "refused: %s", strerror(in.error));
	tlsfeed_down(f, c, text);
}

static void
got_up(struct tlsfeed *f, const struct tconn *c)
{
	struct tls_peer peer = {
		.cipher = in.text2,
		.name = in.text3,
		.print = in.text4,
	};

	if (c->state == T_OPEN && !c->forgotten)
		f->calls.up(f->arg, c->user, &peer);
}

/* It went while the switch was under way: then this is the stream's end. */
static void
got_down(struct tlsfeed *f, struct tconn *c)
{
	if (c->state == T_SWITCHED)
		return;
	tlsfeed_detach(f, c);
	if (c->state == T_SWITCH)
		tlsfeed_fail(f, c, RELAY_RESET);
	else
		tlsfeed_down(f, c, in.text);
}

static void
got_counts(struct tworker *w)
{
	struct tlsfeed *f = w->feed;
	struct tconn *c;

	if (!f->asking || in.seq != f->seq || !w->answering)
		return;
	for (size_t i = 0; i < in.count && f->calls.counts != NULL; i++) {
		c = tlsfeed_find(f, in.ends[i].id);
		if (c != NULL && c->w == w && !c->forgotten &&
		    c->state >= T_SWITCH)
			f->calls.counts(f->arg, c->user, in.ends[i].ab,
			    in.ends[i].ba);
	}
	w->answering = in.more;
	tlsfeed_check_answers(f);
}

/* A message about one connection of this worker. */
static void
got_about(struct tworker *w, uint64_t id)
{
	struct tlsfeed *f = w->feed;
	struct tconn *c = tlsfeed_find(f, id);

	if (c == NULL || c->w != w || c->reset)
		return;
	switch (in.type) {
	case TLS_ACK:
	case TLS_SWITCHED:
		if (c->state != (in.type == TLS_ACK ? T_START : T_SWITCH))
			break;
		tlsfeed_drop_copy(c, false);
		c->state = in.type == TLS_ACK ? T_OPEN : T_SWITCHED;
		break;
	case TLS_NAK:
		got_nak(w, c);
		break;
	case TLS_UP:
		got_up(f, c);
		break;
	case TLS_DOWN:
		got_down(f, c);
		break;
	case TLS_END:
		if (c->state < T_SWITCH)
			break;
		tlsfeed_drop_copy(c, false);
		tlsfeed_detach(f, c);
		tlsfeed_end(f, c, &in.ends[0]);
		break;
	default:
		break;
	}
}

static void
got(struct tworker *w)
{
	struct tlsfeed *f = w->feed;

	switch (in.type) {
	case TLS_COUNTS:
		got_counts(w);
		break;
	case TLS_LOADED:
		if (f->calls.loaded != NULL)
			f->calls.loaded(f->arg, w->slot, in.cfg, in.text);
		break;
	case TLS_END:
		got_about(w, in.ends[0].id);
		break;
	default:
		got_about(w, in.id);
	}
}

/* --- its death --------------------------------------------------------- */

void
tworker_free(struct tworker *w)
{
	if (w->ev_read != NULL)
		event_free(w->ev_read);
	if (w->ev_write != NULL)
		event_free(w->ev_write);
	close(w->fd);
	free(w);
}

/* What it did not acknowledge goes to another, now or when there is one;
 * the rest died with it. */
static void
lose(struct tlsfeed *f, struct tconn *c)
{
	if (c->reset)
		tlsfeed_remove(f, c);
	else if (c->state >= T_SWITCH)
		tlsfeed_fail(f, c, RELAY_KILLED);
	else if (c->state == T_OPEN || c->forgotten)
		tlsfeed_down(f, c, "the TLS worker died");
	else if (!tlsfeed_place(f, c))
		TAILQ_INSERT_TAIL(&f->waiting, c, entry);
}

static void
worker_dead(struct tworker *w)
{
	struct tconn_list lost = TAILQ_HEAD_INITIALIZER(lost);
	struct tlsfeed *f = w->feed;
	struct tconn *c;
	int slot = w->slot;

	while ((c = TAILQ_FIRST(&w->conns)) != NULL) {
		tlsfeed_detach(f, c);
		TAILQ_INSERT_TAIL(&lost, c, entry);
	}
	TAILQ_REMOVE(&f->workers, w, entry);
	f->bits &= ~w->bit;
	tworker_free(w);
	f->calls.dead(f->arg, slot);
	while ((c = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, c, entry);
		lose(f, c);
	}
	tlsfeed_check_answers(f);
}

/* One message of a worker.  1: more may be there, 0: none, -1: it died. */
static int
receive(struct tworker *w)
{
	int fd[1], none = 0;
	ssize_t n;

	n = fdpass_recv(w->fd, packet_in, sizeof(packet_in), fd, &none, NULL);
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	/* It left ours unread; its last words are behind this, told once. */
	if (n == -1 && errno == ECONNRESET)
		return 1;
	if (n <= 0)
		return -1;
	if (tls_msg_parse(&in, packet_in, (size_t)n) == 0)
		got(w);
	return 1;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct tworker *w = arg;
	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = receive(w);
	if (r == -1)
		worker_dead(w);
}

/* --- its beginning ----------------------------------------------------- */

/* A bit that no worker has, also not in what earlier ones refused; 0. */
static uint64_t
free_bit(struct tlsfeed *f)
{
	uint64_t bit = ~f->bits & (f->bits + 1);
	struct tworker *w;
	struct tconn *c;

	TAILQ_FOREACH(w, &f->workers, entry)
		TAILQ_FOREACH(c, &w->conns, entry)
			if (c->copy != NULL)
				c->copy->refused &= ~bit;
	TAILQ_FOREACH(c, &f->waiting, entry)
		c->copy->refused &= ~bit;
	return bit;
}

static void
place_waiting(struct tlsfeed *f)
{
	struct tconn *c;

	while ((c = TAILQ_FIRST(&f->waiting)) != NULL) {
		TAILQ_REMOVE(&f->waiting, c, entry);
		(void)tlsfeed_place(f, c); /* this worker refused nothing */
	}
}

int
tlsfeed_add(struct tlsfeed *f, int fd, int slot)
{
	struct tworker *w = NULL;
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
	TAILQ_INIT(&w->conns);
	TAILQ_INIT(&w->sending);
	w->ev_read = event_new(f->base, fd, EV_READ | EV_PERSIST, on_read, w);
	w->ev_write = event_new(f->base, fd, EV_WRITE, on_write, w);
	if (w->ev_read == NULL || w->ev_write == NULL ||
	    event_add(w->ev_read, NULL) == -1) {
		tworker_free(w);
		errno = ENOMEM;
		return -1;
	}
	f->bits |= bit;
	TAILQ_INSERT_TAIL(&f->workers, w, entry);
	place_waiting(f);
	return 0;
}
