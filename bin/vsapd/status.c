#include "status.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "feed.h"
#include "log.h"
#include "loop.h"
#include "session.h"
#include "vsock.h"
#include "who.h"

#define BETWEEN 250 /* ms between two samples */
#define LISTED 200  /* addresses, and streams, in the log */

const struct status_counter status_counters[] = {
	{ "sessions", "control connections",
	    offsetof(struct totals, sessions) },
	{ "binds", "addresses bound", offsetof(struct totals, binds) },
	{ "accepted", "visitors offered to acceptors",
	    offsetof(struct totals, accepted) },
	{ "returned", "visitors taken back from acceptors",
	    offsetof(struct totals, returned) },
	{ "connected", "CONNECTs that succeeded",
	    offsetof(struct totals, connected) },
	{ "streams", "streams begun", offsetof(struct totals, streams) },
	{ "bytes", "bytes of streams that ended, both ways",
	    offsetof(struct totals, bytes) },
	{ "refused", "requests and connections refused",
	    offsetof(struct totals, refused) },
	{ "late", "connections that said nothing of use in time",
	    offsetof(struct totals, late) },
	{ "evicted", "strangers sent away for newer ones",
	    offsetof(struct totals, evicted) },
	{ "wrong_passwords", "logins refused", offsetof(struct totals, wrong) },
	{ "tls_failed", "TLS handshakes that failed",
	    offsetof(struct totals, tls_failed) },
	{ "visitors_refused", "visitors refused by rule",
	    offsetof(struct totals, visitors_refused) },
	{ NULL, NULL, 0 },
};

uint64_t
status_value(const struct gateway *gw, const struct status_counter *c)
{
	return *(const uint64_t *)(const void *)((const char *)&gw->totals +
						 c->offset);
}

/* Of a listener tcpi_unacked is its queue, and tcpi_sacked how long that is. */
static bool
tcp_info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	return fd != -1 &&
	       getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

unsigned
status_queue(int fd)
{
	struct tcp_info info;

	return tcp_info(fd, &info) ? info.tcpi_unacked : 0;
}

unsigned
status_backlog(const struct vsock *vs)
{
	struct tcp_info info;

	return tcp_info(vs->fd, &info) ? info.tcpi_sacked
				       : (unsigned)vs->backlog;
}

uint64_t
status_rate(const struct gateway_stream *n, int way)
{
	uint64_t ms = n->asked[1] - n->asked[0];

	if (n->asked[1] <= n->asked[0])
		return 0;
	return (n->now[way] - n->before[way]) * 1000 / ms;
}

unsigned
status_oldest(const struct vsock *vs)
{
	time_t now = clock_seconds(), oldest = now;
	const struct vbind *b;

	TAILQ_FOREACH(b, &vs->waiting, of_waiting)
		if (b->since < oldest)
			oldest = b->since;
	return (unsigned)(now - oldest);
}

/* --- asking ------------------------------------------------------------ */

struct ask {
	TAILQ_ENTRY(ask) entry;
	void (*done)(void *);
	void *arg;
	bool twice; /* another sample is wanted */
};

struct status {
	struct gateway *gw;
	struct event *again;
	TAILQ_HEAD(asks, ask) waiting; /* for the sample under way */
	struct asks later;	       /* for the next one */
	unsigned pending;	       /* feeds that have not told all */
};

static void sample(struct status *);

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct status *st = arg;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&st->waiting, &st->later, entry);
	sample(st);
}

struct status *
status_new(struct gateway *gw)
{
	struct status *st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		return NULL;
	st->gw = gw;
	TAILQ_INIT(&st->waiting);
	TAILQ_INIT(&st->later);
	st->again = event_new(gw->base, -1, 0, on_again, st);
	if (st->again == NULL) {
		free(st);
		return NULL;
	}
	return st;
}

static void
sampled(struct status *st)
{
	struct timeval tv = { .tv_usec = BETWEEN * 1000 };
	struct asks now = TAILQ_HEAD_INITIALIZER(now);
	struct ask *a;

	TAILQ_CONCAT(&now, &st->waiting, entry);
	while ((a = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, a, entry);
		if (a->twice) {
			a->twice = false;
			TAILQ_INSERT_TAIL(&st->later, a, entry);
			continue;
		}
		if (a->done != NULL)
			a->done(a->arg);
		free(a);
	}
	if (!TAILQ_EMPTY(&st->later))
		(void)event_add(st->again, &tv);
}

void
status_counted(void *arg)
{
	struct status *st = ((struct gateway *)arg)->status;

	if (st->pending > 0 && --st->pending == 0)
		sampled(st);
}

static void
none_to_ask(void *arg)
{
	status_counted(arg);
}

static void
sample(struct status *st)
{
	struct gateway *gw = st->gw;

	if (st->pending > 0 || TAILQ_EMPTY(&st->waiting))
		return;
	st->pending = 1;
	if (gw->feed != NULL && feed_query(gw->feed))
		st->pending++;
	if (gw->tlsfeed != NULL && tlsfeed_query(gw->tlsfeed))
		st->pending++;
	if (loop_defer(gw->base, none_to_ask, gw) == -1)
		st->pending--;
}

int
status_ask(struct gateway *gw, bool rates, void (*done)(void *), void *arg)
{
	struct status *st = gw->status;
	struct ask *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return -1;
	a->done = done;
	a->arg = arg;
	a->twice = rates && gw->nstreams > 0;
	TAILQ_INSERT_TAIL(&st->waiting, a, entry);
	sample(st);
	return 0;
}

void
status_cancel(struct gateway *gw, void *arg)
{
	struct ask *a;

	if (gw->status == NULL)
		return;
	TAILQ_FOREACH(a, &gw->status->waiting, entry)
		if (a->arg == arg)
			a->done = NULL;
	TAILQ_FOREACH(a, &gw->status->later, entry)
		if (a->arg == arg)
			a->done = NULL;
}

/* --- for people and programs ------------------------------------------- */

void
status_refusals(const struct gateway *gw,
    void (*fn)(void *, const char *, const char *, uint64_t), void *arg)
{
	uint64_t n;

	for (int i = 0; i < LIMIT_MAX * SCOPE_MAX; i++) {
		enum conf_limit limit = (enum conf_limit)(i / SCOPE_MAX);
		enum conf_scope scope = (enum conf_scope)(i % SCOPE_MAX);

		if ((n = limits_refused(gw->limits, limit, scope)) > 0)
			fn(arg, conf_limit_name(limit), conf_scope_name(scope),
			    n);
	}
}

const char *
status_stream(const struct gateway_stream *n, char *out, size_t len)
{
	(void)snprintf(out, len,
	    "stream s%llu by %s%s: %llu s, in %llu B at %llu B/s, out %llu B "
	    "at %llu B/s: %s",
	    (unsigned long long)n->session, n->text, n->tls ? " (TLS)" : "",
	    (unsigned long long)(clock_ms() - n->started) / 1000,
	    (unsigned long long)n->now[0],
	    (unsigned long long)status_rate(n, 0),
	    (unsigned long long)n->now[1],
	    (unsigned long long)status_rate(n, 1), n->what);
	return out;
}

/* --- whose it is ------------------------------------------------------- */

static bool
is_nobody(const struct session *s)
{
	return strcmp(s->owner, WHO_NOBODY) == 0;
}

bool
status_shows_bound(const struct session *viewer, const struct vsock *vs)
{
	const struct vbind *b;

	if (viewer == NULL)
		return true;
	if (strcmp(viewer->owner, vs->owner) != 0)
		return false;
	if (!is_nobody(viewer))
		return true;
	TAILQ_FOREACH(b, &vs->binds, of_vsock)
		if (strcmp(viewer->source, b->session->source) == 0)
			return true;
	return false;
}

bool
status_shows_stream(const struct session *viewer,
    const struct gateway_stream *n)
{
	return viewer == NULL ||
	       (strcmp(viewer->owner, n->text) == 0 &&
		   (!is_nobody(viewer) ||
		       strcmp(viewer->source, n->source) == 0));
}

/* --- the log ----------------------------------------------------------- */

static void
log_refusal(void *arg, const char *limit, const char *scope, uint64_t n)
{
	(void)arg;
	log_info("status: refused by limit %s %s: %llu", limit, scope,
	    (unsigned long long)n);
}

static void
log_bound(const struct gateway *gw)
{
	const struct vsock *vs;
	unsigned n = 0;

	TAILQ_FOREACH(vs, &gw->vsocks, entry)
		if (n++ < LISTED)
			log_info("status: bound %s by %s: %u sessions, %u "
				 "waiting, queue %u of %u",
			    vs->addr, vs->owner, vs->nbinds, vs->nwaiting,
			    status_queue(vs->fd) + vs->nvisitors,
			    status_backlog(vs));
	if (n > LISTED)
		log_info("status: and %u more bound", n - LISTED);
}

static void
log_stream(const struct gateway_stream *n)
{
	char text[STATUS_STREAM_LEN], shown[4 * STATUS_STREAM_LEN];

	log_info("status: %s", log_vis(status_stream(n, text, sizeof(text)),
				   shown, sizeof(shown)));
}

void
status_log(const struct gateway *gw)
{
	const struct gateway_stream *n;
	const struct status_counter *c;
	unsigned left = LISTED;

	log_info("status: up %lld s, %u sessions (%u strangers) of %u, %u "
		 "streams",
	    (long long)(clock_seconds() - gw->started), gw->nsessions,
	    gw->nhellos, gw->max_sessions, gw->nstreams);
	for (c = status_counters; c->name != NULL; c++)
		log_info("status: %s: %llu", c->help,
		    (unsigned long long)status_value(gw, c));
	status_refusals(gw, log_refusal, NULL);
	log_bound(gw);
	TAILQ_FOREACH(n, &gw->streams, entry) {
		if (left-- == 0)
			break;
		log_stream(n);
	}
	if (gw->nstreams > LISTED)
		log_info("status: and %u more streams", gw->nstreams - LISTED);
}
