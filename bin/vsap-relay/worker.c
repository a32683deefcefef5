#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "log.h"
#include "net.h"
#include "sandbox.h"
#include "spawn.h"
#include "worker_impl.h"

static struct relay_msg msg; /* of the call under way */

static void
stream_done(void *arg, const struct relay_end *r)
{
	struct worker *w = arg;

	if (w->role.orphan) {
		role_log_end(r);
		role_left(&w->role, stream_engine_streams(w->engine));
		return;
	}
	worker_report(w, r, 0);
}

static void
start(struct worker *w, struct taken *t)
{
	struct relay_end r = { .id = t->id, .cause = RELAY_RESET };
	struct stream_first first = {
		.ab = t->first,
		.ablen = t->ablen,
		.ba = t->first + t->ablen,
		.balen = t->balen,
	};
	struct stream *s;

	s = stream_start(w->engine, t->fd[0], t->fd[1], &first, t->opts.idle,
	    t->id, stream_done, w);
	if (s != NULL) {
		stream_limit(s, t->opts.slot, t->opts.rate);
		return;
	}
	log_warn("stream: %s", strerror(errno));
	net_reset(t->fd[0]);
	net_reset(t->fd[1]);
	stream_done(w, &r);
}

void
worker_start_first(struct worker *w, size_t n)
{
	struct taken *t;

	while (n-- > 0 && (t = STAILQ_FIRST(&w->taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->taken, entry);
		start(w, t);
		free(t);
	}
}

/* Pairs whose ACK the feeder did not get are served all the same, for its
 * copies went with it. */
static void
on_orphan(void *arg)
{
	struct worker *w = arg;
	size_t n;

	worker_log_rest(w);
	worker_start_first(w, SIZE_MAX);
	n = stream_engine_streams(w->engine);
	if (n > 0)
		log_info("the feeder is gone, %zu streams go on", n);
	role_left(&w->role, n);
}

/* 0, or an errno: the pair is the worker's now or still the sender's. */
static int
take(struct worker *w, const int *fd)
{
	struct taken *t;

	if ((t = malloc(sizeof(*t) + msg.first_ab_len + msg.first_ba_len)) ==
	    NULL)
		return ENOMEM;
	t->id = msg.id;
	t->opts = msg.opts;
	t->fd[0] = fd[0];
	t->fd[1] = fd[1];
	t->ablen = msg.first_ab_len;
	t->balen = msg.first_ba_len;
	memcpy(t->first, msg.first_ab, t->ablen);
	memcpy(t->first + t->ablen, msg.first_ba, t->balen);
	STAILQ_INSERT_TAIL(&w->taken, t, entry);
	role_flush_later(&w->role);
	return 0;
}

static void
handle_start(struct worker *w, const int *fd, int nfd, int error)
{
	struct relay_end r = { .id = msg.id };

	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (error == 0 && stream_engine_streams(w->engine) >= w->max)
		error = EMFILE;
	if (error == 0)
		error = take(w, fd);
	if (error == 0)
		return;
	role_close_all(fd, nfd);
	role_refused(&w->role, "stream", error);
	worker_report(w, &r, error);
}

/* The caps' clocks; streams that began before keep going without. */
static void
handle_share(struct worker *w, const int *fd, int nfd, int error)
{
	struct ratecap *caps;

	if (error == 0 && w->caps != NULL)
		error = EBADMSG;
	if ((caps = role_caps(fd, nfd, error)) == NULL)
		return;
	w->caps = caps;
	stream_engine_caps(w->engine, caps);
}

static void
on_message(void *arg, const void *p, size_t len, const int *fd, int nfd,
    int error)
{
	struct worker *w = arg;
	int r = relay_msg_parse(&msg, p, len);

	if (r == 0 && msg.type == RELAY_START) {
		handle_start(w, fd, nfd, error);
		return;
	}
	if (r == 0 && msg.type == RELAY_SHARE) {
		handle_share(w, fd, nfd, error);
		return;
	}
	role_close_all(fd, nfd);
	if (r == 0 && msg.type == RELAY_QUERY)
		worker_count(w, msg.seq);
	else
		log_warn("feeder: malformed message of %zu bytes", len);
}

static const struct role_calls calls = {
	.handle = on_message,
	.flush = worker_flush,
	.orphan = on_orphan,
};

int
worker_run(bool verbose, bool use_syslog, bool sandbox)
{
	struct worker w = { .max = 0 };

	role_init(&w.role, &calls, &w, verbose, use_syslog);
	STAILQ_INIT(&w.taken);
	STAILQ_INIT(&w.reports);
	w.max = limit_streams();
	if ((w.engine = stream_engine_new(w.role.base)) == NULL)
		fatal("streams");
	stream_engine_share(w.engine, (unsigned)spawn_cpus());
	role_run(&w.role, sandbox ? sandbox_relay_worker : NULL);
	stream_engine_free(w.engine);
	ratecap_unmap(w.caps);
	role_clear(&w.role);
	return 0;
}
