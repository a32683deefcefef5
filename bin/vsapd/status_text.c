/*
 * STAT for people.
 */
#include "status.h"

#include <string.h>

#include "clock.h"
#include "feed.h"
#include "session.h"
#include "vsock.h"

/* Lists stop where a session's replies are half full. */
static bool
is_long(const struct session *s)
{
	return s->out.len > VSAP_OUTPUT_MAX / 2;
}

static void
totals(struct session *s)
{
	const struct gateway *gw = s->gw;
	const struct totals *t = &gw->totals;

	session_reply_more(s, VSAP_OK,
	    "up %lld s, sessions %u of %u, streams %u, streams pending %zu, "
	    "strangers %u",
	    (long long)(clock_seconds() - gw->started), gw->nsessions,
	    gw->max_sessions, gw->nstreams,
	    gw->feed ? feed_pending(gw->feed) : 0, gw->nhellos);
	session_reply_more(s, VSAP_OK,
	    "since start: sessions %llu, binds %llu, accepted %llu, taken "
	    "back %llu, connected %llu, streams %llu, bytes %llu, refused "
	    "%llu, late %llu, sent away %llu, wrong passwords %llu, TLS "
	    "failed %llu, visitors refused %llu",
	    (unsigned long long)t->sessions, (unsigned long long)t->binds,
	    (unsigned long long)t->accepted, (unsigned long long)t->returned,
	    (unsigned long long)t->connected, (unsigned long long)t->streams,
	    (unsigned long long)t->bytes, (unsigned long long)t->refused,
	    (unsigned long long)t->late, (unsigned long long)t->evicted,
	    (unsigned long long)t->wrong, (unsigned long long)t->tls_failed,
	    (unsigned long long)t->visitors_refused);
}

static void
say_refusal(void *arg, const char *limit, const char *scope, uint64_t n)
{
	session_reply_more(arg, VSAP_OK, "refused by limit %s %s: %llu", limit,
	    scope, (unsigned long long)n);
}

/* What is bound, as far as there is room for it in one answer. */
static void
bound(struct session *s, const struct session *viewer)
{
	struct vsock *vs;
	unsigned left = 0;

	TAILQ_FOREACH(vs, &s->gw->vsocks, entry) {
		if (!status_shows_bound(viewer, vs))
			continue;
		if (is_long(s)) {
			left++;
			continue;
		}
		session_reply_more(s, VSAP_OK,
		    "bound %s by %s: sessions %u, acceptors waiting %u, "
		    "visitors given back %u, backlog %u, queue %u, longest "
		    "wait %u s",
		    vs->addr, vs->owner, vs->nbinds, vs->nwaiting,
		    vs->nvisitors, status_backlog(vs), status_queue(vs->fd),
		    status_oldest(vs));
	}
	if (left > 0)
		session_reply_more(s, VSAP_OK, "and %u more bound", left);
}

static void
streams(struct session *s, const struct session *viewer)
{
	struct gateway_stream *n;
	char text[STATUS_STREAM_LEN];
	unsigned left = 0;

	TAILQ_FOREACH(n, &s->gw->streams, entry) {
		if (!status_shows_stream(viewer, n))
			continue;
		if (is_long(s)) {
			left++;
			continue;
		}
		session_reply_more(s, VSAP_OK, "%s",
		    status_stream(n, text, sizeof(text)));
	}
	if (left > 0)
		session_reply_more(s, VSAP_OK, "and %u more streams", left);
}

void
status_text(struct session *s, bool all)
{
	const struct session *viewer = all ? NULL : s;

	if (all) {
		totals(s);
		status_refusals(s->gw, say_refusal, s);
	}
	bound(s, viewer);
	streams(s, viewer);
	session_reply(s, VSAP_OK, "you are %s at %s", s->owner, s->peer);
}
