/*
 * What a TLS worker tells its feeder.  Messages are formatted where their
 * reason is at hand, and sent at the end of the turn.
 */
#include "tlsworker_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static unsigned char packet[TLS_MSG_MAX];
static struct tls_msg msg; /* of the call under way */

/* msg is to be sent, fd to be closed after that. */
static struct saying *
say(struct tlsworker *w, int fd)
{
	size_t len = tls_msg_format(&msg, packet, sizeof(packet));
	struct saying *s = NULL;

	if (w->role.orphan || len == 0 ||
	    (s = malloc(sizeof(*s) + len)) == NULL) {
		if (!w->role.orphan)
			log_warn("message to the feeder lost: %s",
			    len == 0 ? "malformed" : strerror(errno));
		if (fd != -1)
			close(fd);
		return NULL;
	}
	s->fd = fd;
	s->begin = false;
	s->id = msg.id;
	s->len = len;
	memcpy(s->bytes, packet, len);
	STAILQ_INSERT_TAIL(&w->sayings, s, entry);
	role_flush_later(&w->role);
	return s;
}

void
tlssay_up(struct tlsworker *w, uint64_t id, const struct tlsconn_peer *p)
{
	msg.type = TLS_UP;
	msg.id = id;
	strlcpy(msg.text2, p->cipher, sizeof(msg.text2));
	strlcpy(msg.text3, p->name, sizeof(msg.text3));
	strlcpy(msg.text4, p->print, sizeof(msg.text4));
	(void)say(w, -1);
}

void
tlssay_down(struct tlsworker *w, uint64_t id, const char *reason, int plain)
{
	msg.type = TLS_DOWN;
	msg.id = id;
	strlcpy(msg.text, reason, sizeof(msg.text));
	(void)say(w, plain);
}

void
tlssay_end(struct tlsworker *w, const struct relay_end *r)
{
	if (w->role.orphan) {
		role_log_end(r);
		return;
	}
	msg.type = TLS_END;
	msg.ends[0] = *r;
	(void)say(w, -1);
}

void
tlssay_nak(struct tlsworker *w, uint64_t id, int error)
{
	msg.type = TLS_NAK;
	msg.id = id;
	msg.error = error;
	(void)say(w, -1);
}

void
tlssay_ack(struct tlsworker *w, uint64_t id)
{
	struct saying *s;

	msg.type = TLS_ACK;
	msg.id = id;
	if ((s = say(w, -1)) != NULL)
		s->begin = true;
	else /* it will get no answer, as from a dead worker */
		tlsconn_begin(w->engine, id);
}

void
tlssay_switched(struct tlsworker *w, uint64_t id)
{
	msg.type = TLS_SWITCHED;
	msg.id = id;
	(void)say(w, -1);
}

void
tlssay_loaded(struct tlsworker *w, uint32_t cfg, const char *error)
{
	msg.type = TLS_LOADED;
	msg.cfg = cfg;
	strlcpy(msg.text, error, sizeof(msg.text));
	(void)say(w, -1);
}

/* --- counts ------------------------------------------------------------ */

static void
count_one(void *arg, uint64_t id, uint64_t ab, uint64_t ba)
{
	struct tlsworker *w = arg;

	if (msg.count == RELAY_BATCH_MAX) {
		msg.more = true;
		(void)say(w, -1);
		msg.count = 0;
	}
	msg.ends[msg.count++] =
	    (struct relay_end){ .id = id, .ab = ab, .ba = ba };
}

void
tlssay_counts(struct tlsworker *w, uint32_t seq)
{
	msg.type = TLS_COUNTS;
	msg.seq = seq;
	msg.count = 0;
	tlsconn_each(w->engine, count_one, w);
	msg.more = false;
	(void)say(w, -1);
}

/* --- sending ----------------------------------------------------------- */

static void
done(struct tlsworker *w, struct saying *s)
{
	STAILQ_REMOVE_HEAD(&w->sayings, entry);
	if (s->fd != -1)
		close(s->fd);
	if (s->begin)
		tlsconn_begin(w->engine, s->id);
	free(s);
}

int
tlssay_flush(void *worker)
{
	struct tlsworker *w = worker;
	struct saying *s;
	int r;

	while ((s = STAILQ_FIRST(&w->sayings)) != NULL) {
		if ((r = role_send(s->bytes, s->len)) != 1)
			return r;
		done(w, s);
	}
	return 1;
}

void
tlssay_orphan(struct tlsworker *w)
{
	struct saying *s;

	while ((s = STAILQ_FIRST(&w->sayings)) != NULL) {
		if (tls_msg_parse(&msg, s->bytes, s->len) == 0 &&
		    msg.type == TLS_END)
			role_log_end(&msg.ends[0]);
		done(w, s);
	}
}
