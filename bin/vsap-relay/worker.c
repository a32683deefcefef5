#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "role.h"
#include "sandbox.h"
#include "spawn.h"
#include "worker_impl.h"

#define TURN_MAX 64  /* messages taken in one turn */
#define SAY_AGAIN 10 /* seconds without a refusal until one is news */

static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg msg; /* of the call under way */

static void
leave_if_done(struct worker *w)
{
	if (w->orphan && stream_engine_streams(w->engine) == 0)
		event_base_loopbreak(w->base);
}

static void
stream_done(void *arg, const struct relay_end *r)
{
	struct worker *w = arg;

	if (w->orphan) {
		role_log_end(r);
		leave_if_done(w);
		return;
	}
	worker_report(w, r, 0);
}

/* The feeder may find another worker; what lasts is said now and then. */
static void
refuse(struct worker *w, uint64_t id, int error)
{
	struct relay_end r = { .id = id };
	time_t now = time(NULL);

	if (now - w->said >= SAY_AGAIN)
		log_warn("no stream can be taken: %s", strerror(error));
	w->said = now;
	worker_report(w, &r, error);
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

/*
 * The feeder is gone: what it was not told is logged here.  Pairs whose ACK
 * it did not get are served all the same, for its copies went with it.
 */
static void
become_orphan(struct worker *w)
{
	if (w->orphan)
		return;
	w->orphan = true;
	event_del(w->ev_read);
	event_del(w->ev_write);
	close(ROLE_FD);
	role_orphan();
	worker_log_rest(w);
	worker_start_first(w, SIZE_MAX);
	if (stream_engine_streams(w->engine) > 0)
		log_info("the feeder is gone, %zu streams go on",
		    stream_engine_streams(w->engine));
	leave_if_done(w);
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
	worker_flush_later(w);
	return 0;
}

static void
handle_start(struct worker *w, const int *fd, int nfd, int error)
{
	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (error == 0 && stream_engine_streams(w->engine) >= w->max)
		error = EMFILE;
	if (error == 0)
		error = take(w, fd);
	if (error == 0)
		return;
	role_close_all(fd, nfd);
	refuse(w, msg.id, error);
}

/* The caps' clocks; streams that began before keep going without. */
static void
handle_share(struct worker *w, const int *fd, int nfd, int error)
{
	if (error == 0 && (nfd != 1 || w->caps != NULL))
		error = EBADMSG;
	if (error == 0 && (w->caps = ratecap_map(fd[0])) == NULL)
		error = errno;
	role_close_all(fd, nfd);
	if (error == 0)
		stream_engine_caps(w->engine, w->caps);
	else
		log_warn("no bandwidth caps: %s", strerror(error));
}

static void
handle(void *arg, size_t len, const int *fd, int nfd, int error)
{
	struct worker *w = arg;
	int r = relay_msg_parse(&msg, packet, len);

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

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = role_receive(packet, sizeof(packet), handle, w);
	if (r == -1) {
		worker_flush(w);
		become_orphan(w);
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	worker_flush(arg);
}

static void
set_up(struct worker *w)
{
	memset(w, 0, sizeof(*w));
	STAILQ_INIT(&w->taken);
	STAILQ_INIT(&w->reports);
	w->max = limit_streams();
	if ((w->base = loop_new()) == NULL)
		fatal("event loop");
	if ((w->engine = stream_engine_new(w->base)) == NULL)
		fatal("streams");
	stream_engine_share(w->engine, (unsigned)spawn_cpus());
	role_watch(w->base, on_read, on_write, w, &w->ev_read, &w->ev_write);
}

/* All that is needed of the system is at hand by now. */
static void
confine(void)
{
	char err[256];

	tzset();
	if (sandbox_relay_worker(err, sizeof(err)) == -1)
		log_warn("%s; going on without", err);
}

int
worker_run(bool verbose, bool use_syslog, bool sandbox)
{
	struct worker w;

	log_init("vsap-relay", use_syslog, verbose);
	log_open_syslog();
	role_detach();
	set_up(&w);
	if (sandbox)
		confine();
	if (loop_run(w.base) == -1)
		fatal("event loop");
	stream_engine_free(w.engine);
	ratecap_unmap(w.caps);
	event_free(w.ev_read);
	event_free(w.ev_write);
	event_base_free(w.base);
	return 0;
}
