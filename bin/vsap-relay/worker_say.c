/*
 * What a worker tells its feeder, in as few messages as it takes, at the pace
 * at which the feeder reads.
 */
#include "worker_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg msg; /* of the call under way */

void
worker_report(struct worker *w, const struct relay_end *r, int error)
{
	struct report *rep;

	if ((rep = malloc(sizeof(*rep))) == NULL) {
		log_warn("report lost: %s", strerror(errno));
		return;
	}
	rep->end = *r;
	rep->error = error;
	STAILQ_INSERT_TAIL(&w->reports, rep, entry);
	role_flush_later(&w->role);
}

static void
add_count(void *arg, uint64_t id, uint64_t ab, uint64_t ba)
{
	struct answer *a = arg;

	a->ends[a->len++] = (struct relay_end){ .id = id, .ab = ab, .ba = ba };
}

/* Out of memory, the answer is one without streams. */
void
worker_count(struct worker *w, uint32_t seq)
{
	struct answer *a = &w->answer;
	size_t n = stream_engine_streams(w->engine);

	free(a->ends);
	a->len = a->sent = 0;
	a->seq = seq;
	a->open = true;
	if ((a->ends = calloc(n > 0 ? n : 1, sizeof(a->ends[0]))) != NULL)
		stream_engine_each(w->engine, add_count, a);
	role_flush_later(&w->role);
}

/* As role_send(). */
static int
send_msg(const struct relay_msg *m)
{
	return role_send(packet, relay_msg_format(m, packet, sizeof(packet)));
}

/* Streams begin when their ACK is out, not before: the feeder would give
 * what was not acknowledged to another worker. */
static int
flush_acks(struct worker *w)
{
	struct taken *t;
	int r;

	while (!STAILQ_EMPTY(&w->taken)) {
		msg.type = RELAY_ACK;
		msg.count = 0;
		STAILQ_FOREACH(t, &w->taken, entry) {
			msg.ids[msg.count++] = t->id;
			if (msg.count == RELAY_BATCH_MAX)
				break;
		}
		if ((r = send_msg(&msg)) != 1)
			return r;
		worker_start_first(w, msg.count);
	}
	return 1;
}

/* As many reports as one message takes; how many. */
static size_t
gather_reports(struct worker *w)
{
	struct report *rep = STAILQ_FIRST(&w->reports);

	msg.count = 0;
	if (rep->error != 0) {
		msg.type = RELAY_NAK;
		msg.id = rep->end.id;
		msg.error = rep->error;
		return 1;
	}
	msg.type = RELAY_END;
	for (; rep != NULL && rep->error == 0 && msg.count < RELAY_BATCH_MAX;
	     rep = STAILQ_NEXT(rep, entry))
		msg.ends[msg.count++] = rep->end;
	return msg.count;
}

static int
flush_reports(struct worker *w)
{
	struct report *rep;
	size_t n;
	int r;

	while (!STAILQ_EMPTY(&w->reports)) {
		n = gather_reports(w);
		if ((r = send_msg(&msg)) != 1)
			return r;
		while (n-- > 0) {
			rep = STAILQ_FIRST(&w->reports);
			STAILQ_REMOVE_HEAD(&w->reports, entry);
			free(rep);
		}
	}
	return 1;
}

static int
flush_answer(struct answer *a)
{
	size_t left;
	int r;

	while (a->open) {
		left = a->len - a->sent;
		msg.type = RELAY_COUNTS;
		msg.seq = a->seq;
		msg.more = left > RELAY_BATCH_MAX;
		msg.count = msg.more ? RELAY_BATCH_MAX : left;
		if (msg.count > 0)
			memcpy(msg.ends, a->ends + a->sent,
			    msg.count * sizeof(msg.ends[0]));
		if ((r = send_msg(&msg)) != 1)
			return r;
		a->sent += msg.count;
		a->open = msg.more;
	}
	free(a->ends);
	a->ends = NULL;
	return 1;
}

int
worker_flush(void *worker)
{
	struct worker *w = worker;
	int r;

	if ((r = flush_acks(w)) == 1 && (r = flush_reports(w)) == 1)
		r = flush_answer(&w->answer);
	return r;
}

void
worker_log_rest(struct worker *w)
{
	struct report *rep;

	while ((rep = STAILQ_FIRST(&w->reports)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->reports, entry);
		if (rep->error == 0)
			role_log_end(&rep->end);
		free(rep);
	}
	w->answer.open = false;
	free(w->answer.ends);
	w->answer.ends = NULL;
}
