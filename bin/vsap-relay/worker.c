#include "worker.h"

#include <sys/prctl.h>
#include <sys/queue.h>
#include <event2/event.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "relay_msg.h"
#include "spawn.h"
#include "stream.h"

#define FEED_FD 3
#define TURN_MAX 64  /* messages taken in one turn */
#define SAY_AGAIN 10 /* seconds without a refusal until one is news */

/* A pair that was taken; it waits until its ACK is sent. */
struct taken {
	STAILQ_ENTRY(taken) entry;
	uint64_t id;
	uint32_t idle;
	int fd[2];
	size_t ablen, balen;
	unsigned char first[]; /* ablen, then balen bytes */
};

/* A message that could not be sent yet: NAK, or one record of an END. */
struct report {
	STAILQ_ENTRY(report) entry;
	int error; /* not 0: NAK */
	struct relay_end end;
};

struct worker {
	struct event_base *base;
	struct stream_engine *engine;
	struct event *ev_read, *ev_write;
	STAILQ_HEAD(, taken) taken;
	STAILQ_HEAD(, report) reports;
	size_t max;  /* streams */
	time_t said; /* the last refusal */
	bool orphan;
	bool flushing; /* flush() is deferred to the end of the turn */
};

static unsigned char packet[RELAY_MSG_MAX];
static struct relay_msg msg; /* of the call under way */

static void flush(void *);

static void
log_end(const struct relay_end *r)
{
	log_info("stream ended: %s, %llu bytes there, %llu back, %u.%03u s",
	    relay_cause_name(r->cause), (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000);
}

static void
leave_if_done(struct worker *w)
{
	if (w->orphan && stream_engine_streams(w->engine) == 0)
		event_base_loopbreak(w->base);
}

/* Gather what this turn brings; one message then carries it. */
static void
flush_later(struct worker *w)
{
	if (w->flushing)
		return;
	w->flushing = true;
	if (loop_defer(w->base, flush, w) == -1)
		flush(w);
}

static void
queue_report(struct worker *w, const struct relay_end *r, int error)
{
	struct report *rep;

	if ((rep = malloc(sizeof(*rep))) == NULL) {
		log_warn("report lost: %s", strerror(errno));
		return;
	}
	rep->end = *r;
	rep->error = error;
	STAILQ_INSERT_TAIL(&w->reports, rep, entry);
	flush_later(w);
}

static void
stream_done(void *arg, const struct relay_end *r)
{
	struct worker *w = arg;

	if (w->orphan) {
		log_end(r);
		leave_if_done(w);
		return;
	}
	queue_report(w, r, 0);
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
	queue_report(w, &r, error);
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

	if (stream_start(w->engine, t->fd[0], t->fd[1], &first, t->idle, t->id,
		stream_done, w) != NULL)
		return;
	log_warn("stream: %s", strerror(errno));
	net_reset(t->fd[0]);
	net_reset(t->fd[1]);
	stream_done(w, &r);
}

static void
start_first(struct worker *w, size_t n)
{
	struct taken *t;

	while (n-- > 0 && (t = STAILQ_FIRST(&w->taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->taken, entry);
		start(w, t);
		free(t);
	}
}

/* 1: sent, 0: later, -1: the feeder is gone. */
static int
send_msg(const struct relay_msg *m)
{
	size_t len = relay_msg_format(m, packet, sizeof(packet));

	if (fdpass_send(FEED_FD, packet, len, NULL, 0) == 0)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
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
		start_first(w, msg.count);
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

/* "vsapd -K" knows its own orphans by it. */
static void
say_title(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n == -1 ? 0 : n] = '\0';
	setproctitle("orphan %s", exe);
}

/*
 * The feeder is gone: what it was not told is logged here.  Pairs whose ACK
 * it did not get are served all the same, for its copies went with it.
 */
static void
become_orphan(struct worker *w)
{
	struct report *rep;

	if (w->orphan)
		return;
	w->orphan = true;
	event_del(w->ev_read);
	event_del(w->ev_write);
	close(FEED_FD);
	say_title();
	log_to_syslog();
	while ((rep = STAILQ_FIRST(&w->reports)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->reports, entry);
		if (rep->error == 0)
			log_end(&rep->end);
		free(rep);
	}
	start_first(w, SIZE_MAX);
	if (stream_engine_streams(w->engine) > 0)
		log_info("the feeder is gone, %zu streams go on",
		    stream_engine_streams(w->engine));
	leave_if_done(w);
}

static void
flush(void *arg)
{
	struct worker *w = arg;
	int r;

	w->flushing = false;
	if (w->orphan)
		return;
	if ((r = flush_acks(w)) == 1)
		r = flush_reports(w);
	if (r == 0)
		event_add(w->ev_write, NULL);
	else if (r == -1 && errno != EPIPE && errno != ECONNRESET)
		log_warn("feeder: %s", strerror(errno));
	/* A feeder that is gone is found by reading: messages of its may
	 * still be there. */
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
	t->idle = msg.idle;
	t->fd[0] = fd[0];
	t->fd[1] = fd[1];
	t->ablen = msg.first_ab_len;
	t->balen = msg.first_ba_len;
	memcpy(t->first, msg.first_ab, t->ablen);
	memcpy(t->first + t->ablen, msg.first_ba, t->balen);
	STAILQ_INSERT_TAIL(&w->taken, t, entry);
	flush_later(w);
	return 0;
}

static void
close_all(const int *fd, int n)
{
	while (n-- > 0)
		close(fd[n]);
}

static void
handle(struct worker *w, size_t len, const int *fd, int nfd, int error)
{
	if (relay_msg_parse(&msg, packet, len) == -1 ||
	    msg.type != RELAY_START) {
		log_warn("feeder: malformed message of %zu bytes", len);
		close_all(fd, nfd);
		return;
	}
	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (error == 0 && stream_engine_streams(w->engine) >= w->max)
		error = EMFILE;
	if (error == 0)
		error = take(w, fd);
	if (error == 0)
		return;
	close_all(fd, nfd);
	refuse(w, msg.id, error);
}

/* One message.  1: more may be there, 0: none, -1: the feeder is gone. */
static int
receive(struct worker *w)
{
	int fd[2], nfd = 2;
	size_t cut = 0;
	ssize_t n;

	n = fdpass_recv(FEED_FD, packet, sizeof(packet), fd, &nfd, &cut);
	if (n > 0) {
		handle(w, (size_t)n, fd, nfd, 0);
		return 1;
	}
	if (n == -1 && errno == EMFILE && cut > 0) {
		handle(w, cut, fd, 0, EMFILE);
		return 1;
	}
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	/* It left ours unread; its last STARTs are behind this, told once. */
	return n == -1 && errno == ECONNRESET ? 1 : -1;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = receive(w);
	if (r == -1) {
		flush(w);
		become_orphan(w);
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static void
confine(void)
{
	setsid();
	/* Started by descriptor, the kernel has no name for us. */
	(void)prctl(PR_SET_NAME, "vsap-relay");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		log_warn("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("dumpable: %s", strerror(errno));
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
	if (net_nonblock(FEED_FD, true) == -1)
		fatal("descriptor %d (a feeder's socket)", FEED_FD);
	w->ev_read =
	    event_new(w->base, FEED_FD, EV_READ | EV_PERSIST, on_read, w);
	w->ev_write = event_new(w->base, FEED_FD, EV_WRITE, on_write, w);
	if (w->ev_read == NULL || w->ev_write == NULL ||
	    event_add(w->ev_read, NULL) == -1)
		fatal("descriptor %d (a feeder's socket)", FEED_FD);
}

int
worker_run(bool verbose, bool use_syslog)
{
	struct worker w;

	log_init("vsap-relay", use_syslog, verbose);
	log_open_syslog();
	confine();
	set_up(&w);
	if (loop_run(w.base) == -1)
		fatal("event loop");
	stream_engine_free(w.engine);
	event_free(w.ev_read);
	event_free(w.ev_write);
	event_base_free(w.base);
	return 0;
}
