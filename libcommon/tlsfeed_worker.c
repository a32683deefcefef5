/*
 * What TLS workers are told, and tell: START and SWITCH go out, what became
 * of them comes in.
 */
#include "tlsfeed_impl.h"

#include <stdio.h>
#include <string.h>

#include "net.h"

/* The owner's calls, which come of what was received, may send. */
static unsigned char packet[TLS_MSG_MAX];
static struct tls_msg out, in;

/* --- out --------------------------------------------------------------- */

static bool
send_out(struct cworker *w, const int *fds, int nfds)
{
	size_t len = tls_msg_format(&out, packet, sizeof(packet));

	return cworker_send(w, packet, len, fds, nfds);
}

bool
tconn_send(const struct tconn *c)
{
	const struct copy *k = c->job.copy;

	out.id = c->job.id;
	if (c->reset) {
		out.type = TLS_RESET;
		return send_out(c->job.w, NULL, 0);
	}
	out.first = k->bytes;
	out.firstlen = k->len[0];
	if (c->state == T_START) {
		out.type = TLS_START;
		out.cfg = c->cfg;
		memcpy(out.text, k->bytes + k->len[0], k->len[1]);
	} else {
		out.type = TLS_SWITCH;
		out.idle = k->opts.idle;
		out.slot = k->opts.slot;
		out.rate = k->opts.rate;
	}
	return send_out(c->job.w, k->fd, 2);
}

static bool
send_query(struct cworker *w, uint32_t seq)
{
	out.type = TLS_QUERY;
	out.seq = seq;
	return send_out(w, NULL, 0);
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

/* --- in ---------------------------------------------------------------- */

static void
got_nak(struct tlsfeed *f, struct tconn *c)
{
	uint64_t bit = c->job.w->bit;
	char text[128];

	if (c->state == T_SWITCH) {
		tlsfeed_detach(f, c);
		tlsfeed_fail(f, c, RELAY_RESET);
		return;
	}
	if (c->state != T_START)
		return;
	tlsfeed_detach(f, c);
	c->job.copy->refused |= bit;
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
		f->calls.up(f->arg, c->job.user, &peer);
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
got_end(struct tlsfeed *f, struct tconn *c)
{
	if (c->state < T_SWITCH)
		return;
	crew_drop_copy(&f->crew, &c->job, false);
	tlsfeed_detach(f, c);
	tlsfeed_end(f, c, &in.ends[0]);
}

/* What was sent to bring it from one state to the next is confirmed. */
static void
got_done(struct tlsfeed *f, struct tconn *c, enum tstate from, enum tstate to)
{
	if (c->state != from)
		return;
	crew_drop_copy(&f->crew, &c->job, false);
	c->state = to;
}

static void
got_counts(struct tlsfeed *f, struct cworker *w)
{
	const struct relay_end *r;
	struct tconn *c;

	if (!crew_answer(w, in.seq, in.more) || f->calls.counts == NULL)
		return;
	for (r = in.ends; r < in.ends + in.count; r++) {
		c = tlsfeed_conn(cworker_find(w, r->id));
		if (c != NULL && !c->forgotten && c->state >= T_SWITCH)
			f->calls.counts(f->arg, c->job.user, r->ab, r->ba);
	}
}

/* A message about one connection of this worker. */
static void
got_about(struct tlsfeed *f, struct cworker *w, uint64_t id)
{
	struct tconn *c = tlsfeed_conn(cworker_find(w, id));

	if (c == NULL || c->reset)
		return;
	switch (in.type) {
	case TLS_ACK:
		got_done(f, c, T_START, T_OPEN);
		break;
	case TLS_SWITCHED:
		got_done(f, c, T_SWITCH, T_SWITCHED);
		break;
	case TLS_NAK:
		got_nak(f, c);
		break;
	case TLS_UP:
		got_up(f, c);
		break;
	case TLS_DOWN:
		got_down(f, c);
		break;
	case TLS_END:
		got_end(f, c);
		break;
	default:
		break;
	}
}

static void
on_got(struct cworker *w, const void *p, size_t len)
{
	struct tlsfeed *f = w->crew->feed;

	if (tls_msg_parse(&in, p, len) == -1)
		return;
	switch (in.type) {
	case TLS_COUNTS:
		got_counts(f, w);
		break;
	case TLS_LOADED:
		if (f->calls.loaded != NULL)
			f->calls.loaded(f->arg, w->slot, in.cfg, in.text);
		break;
	case TLS_END:
		got_about(f, w, in.ends[0].id);
		break;
	default:
		got_about(f, w, in.id);
	}
}

/* --- its death --------------------------------------------------------- */

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
		crew_wait(&f->crew, &c->job);
}

static void
on_dead(void *arg, int slot, struct job_list *lost)
{
	struct tlsfeed *f = arg;
	struct job *j;

	TAILQ_FOREACH(j, lost, entry)
		tlsfeed_unsend(f, tlsfeed_conn(j));
	f->calls.dead(f->arg, slot);
	while ((j = TAILQ_FIRST(lost)) != NULL) {
		TAILQ_REMOVE(lost, j, entry);
		lose(f, tlsfeed_conn(j));
	}
}

const struct crew_calls tlsfeed_crew_calls = {
	.got = on_got,
	.room = tlsfeed_flush,
	.ask = send_query,
	.dead = on_dead,
};
