/*
 * Pairs are jobs (crew.h): START and QUERY go out; ACK, NAK, END and COUNTS
 * come in.
 */
#include "feed.h"

#include <errno.h>
#include <stdlib.h>

#include "crew.h"
#include "net.h"

struct feed {
	struct crew crew;
	struct feed_calls calls;
	void *arg;
	bool was_busy;
};

/* The owner's calls, which come of what was received, may send. */
static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg out, in;

/* ---- out ---------------------------------------------------------------- */

static bool
send_out(struct cworker *w, const int *fds, int nfds)
{
	size_t len = relay_msg_format(&out, packet, sizeof(packet));

	return cworker_send(w, packet, len, fds, nfds);
}

static bool
send_start(struct cworker *w, const struct job *p)
{
	const struct copy *k = p->copy;

	out.type = RELAY_START;
	out.id = p->id;
	out.opts = k->opts;
	out.first_ab = k->bytes;
	out.first_ab_len = k->len[0];
	out.first_ba = k->bytes + k->len[0];
	out.first_ba_len = k->len[1];
	return send_out(w, k->fd, 2);
}

static bool
send_query(struct cworker *w, uint32_t seq)
{
	out.type = RELAY_QUERY;
	out.seq = seq;
	return send_out(w, NULL, 0);
}

int
feed_share(int fd, int file)
{
	const struct relay_msg share = { .type = RELAY_SHARE };
	unsigned char p[1];
	size_t len = relay_msg_format(&share, p, sizeof(p));

	return fdpass_send(fd, p, len, &file, 1);
}

/* ---- pairs -------------------------------------------------------------- */

/* The end of a detached pair, told to the owner. */
static void
finish(struct feed *f, struct job *p, const struct relay_end *r)
{
	void *stream = p->user;

	crew_remove(&f->crew, p, true);
	f->calls.end(f->arg, stream, r);
}

static void
fail(struct feed *f, struct job *p, enum relay_cause cause)
{
	struct relay_end r = { .id = p->id, .cause = cause };

	finish(f, p, &r);
}

/* Hand p to a worker: 0, or -1 and it waits on. */
static int
send_pair(struct feed *f, struct job *p)
{
	struct cworker *w;

	while ((w = crew_pick(&f->crew, p, true)) != NULL) {
		if (!send_start(w, p))
			continue;
		crew_detach(&f->crew, p);
		cworker_give(w, p);
		return 0;
	}
	return -1;
}

static bool
refused_by_all(const struct feed *f, const struct job *p)
{
	uint64_t bits = f->crew.bits;

	return bits != 0 && (bits & ~p->copy->refused) == 0;
}

static bool
any_open(const struct feed *f)
{
	const struct cworker *w;

	TAILQ_FOREACH(w, &f->crew.workers, entry)
		if (!w->full)
			return true;
	return false;
}

/* Those that wait are sent. */
static void
on_room(void *arg)
{
	struct feed *f = arg;
	struct job *p, *next;

	TAILQ_FOREACH_SAFE(p, &f->crew.waiting, entry, next) {
		if (refused_by_all(f, p)) {
			crew_detach(&f->crew, p);
			fail(f, p, RELAY_RESET);
		} else if (!any_open(f))
			break;
		else
			(void)send_pair(f, p);
	}
	if (feed_busy(f)) {
		f->was_busy = true;
		return;
	}
	if (f->was_busy && f->calls.ready != NULL) {
		f->was_busy = false;
		f->calls.ready(f->arg);
	}
}

/* What it had acknowledged ended with it, the rest goes to another. */
static void
on_dead(void *arg, int slot, struct job_list *lost)
{
	struct feed *f = arg;
	struct job *p, *next;

	TAILQ_FOREACH_SAFE(p, lost, entry, next)
		if (p->copy != NULL) {
			TAILQ_REMOVE(lost, p, entry);
			crew_wait(&f->crew, p);
		}
	f->was_busy |= feed_busy(f);
	f->calls.dead(f->arg, slot);
	while ((p = TAILQ_FIRST(lost)) != NULL) {
		TAILQ_REMOVE(lost, p, entry);
		fail(f, p, RELAY_KILLED);
	}
}

/* ---- in ----------------------------------------------------------------- */

static void
got_ack(struct cworker *w)
{
	struct job *p;

	for (size_t i = 0; i < in.count; i++)
		if ((p = cworker_find(w, in.ids[i])) != NULL)
			crew_drop_copy(w->crew, p, false);
}

static void
got_nak(struct feed *f, struct cworker *w)
{
	struct job *p = cworker_find(w, in.id);

	if (p == NULL || p->copy == NULL)
		return;
	crew_detach(&f->crew, p);
	p->copy->refused |= w->bit;
	crew_wait(&f->crew, p);
	f->was_busy = true;
	crew_kick(&f->crew, 0);
}

static void
got_end(struct feed *f, struct cworker *w)
{
	struct job *p;

	for (size_t i = 0; i < in.count; i++) {
		if ((p = cworker_find(w, in.ends[i].id)) == NULL)
			continue;
		crew_detach(&f->crew, p);
		crew_drop_copy(&f->crew, p, false);
		finish(f, p, &in.ends[i]);
	}
}

static void
got_counts(struct feed *f, struct cworker *w)
{
	const struct relay_end *r;
	struct job *p;

	if (!crew_answer(w, in.seq, in.more) || f->calls.counts == NULL)
		return;
	for (r = in.ends; r < in.ends + in.count; r++)
		if ((p = cworker_find(w, r->id)) != NULL)
			f->calls.counts(f->arg, p->user, r->ab, r->ba);
}

static void
on_got(struct cworker *w, const void *p, size_t len)
{
	struct feed *f = w->crew->feed;

	if (relay_msg_parse(&in, p, len) == -1)
		return;
	if (in.type == RELAY_ACK)
		got_ack(w);
	else if (in.type == RELAY_NAK)
		got_nak(f, w);
	else if (in.type == RELAY_END)
		got_end(f, w);
	else if (in.type == RELAY_COUNTS)
		got_counts(f, w);
}

/* ---- for the owner ------------------------------------------------------ */

static const struct crew_calls crew_calls = {
	.got = on_got,
	.room = on_room,
	.ask = send_query,
	.dead = on_dead,
};

struct feed *
feed_new(struct event_base *base, const struct feed_calls *calls, void *arg)
{
	struct feed *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->calls = *calls;
	f->arg = arg;
	if (crew_init(&f->crew, base, &crew_calls, f, calls->counted, arg) ==
	    -1) {
		feed_free(f);
		return NULL;
	}
	return f;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	crew_clear(&f->crew);
	free(f);
}

int
feed_add(struct feed *f, int fd, int slot)
{
	if (crew_add(&f->crew, fd, slot) == -1)
		return -1;
	crew_kick(&f->crew, 0);
	return 0;
}

int
feed_send(struct feed *f, int a, int b, const void *ab, size_t ablen,
    const void *ba, size_t balen, const struct relay_opts *opts, void *stream)
{
	const int fd[2] = { a, b };
	struct job *p = NULL;
	int saved;

	if (f->crew.waits >= FEED_QUEUE_MAX)
		errno = ENOBUFS;
	else
		p = crew_job(&f->crew, sizeof(*p), fd, ab, ablen, ba, balen);
	if (p == NULL) {
		saved = errno;
		net_reset(a);
		net_reset(b);
		errno = saved;
		return -1;
	}
	if (opts != NULL)
		p->copy->opts = *opts;
	p->user = stream;
	crew_wait(&f->crew, p);
	/* Those that wait go first. */
	if (f->crew.waits > 1 || send_pair(f, p) == -1)
		f->was_busy = true;
	return 0;
}

bool
feed_query(struct feed *f)
{
	return crew_query(&f->crew);
}

bool
feed_busy(const struct feed *f)
{
	return f->crew.waits > 0;
}

size_t
feed_streams(const struct feed *f)
{
	return f->crew.count;
}

size_t
feed_pending(const struct feed *f)
{
	return f->crew.copies;
}
