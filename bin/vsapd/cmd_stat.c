#include "cmd.h"

#include <string.h>

#include "buf.h"
#include "clock.h"

/* Strangers see what is theirs. */
static bool
may_see(const struct session *s, const struct vsock *vs)
{
	return s->who.local || strcmp(s->owner, vs->owner) == 0;
}

/* What is bound, as far as there is room for it in one answer. */
static void
stat_bound(struct session *s)
{
	struct vsock *vs;
	unsigned left = 0;

	TAILQ_FOREACH(vs, &s->gw->vsocks, entry) {
		if (!may_see(s, vs))
			continue;
		if (s->out.len > VSAP_OUTPUT_MAX / 2) {
			left++;
			continue;
		}
		session_reply_more(s, VSAP_OK,
		    "bound %s by %s: sessions %u, acceptors waiting %u, "
		    "visitors given back %u, backlog %d",
		    vs->addr, vs->owner, vs->nbinds, vs->nwaiting,
		    vs->nvisitors, vs->backlog);
	}
	if (left > 0)
		session_reply_more(s, VSAP_OK, "and %u more", left);
}

static void
stat_text(struct session *s)
{
	const struct gateway *gw = s->gw;
	const struct totals *t = &gw->totals;

	session_reply_more(s, VSAP_OK,
	    "up %lld s, sessions %u of %u, streams %zu, streams pending %zu",
	    (long long)(clock_seconds() - gw->started), gw->nsessions,
	    gw->max_sessions, gw->feed ? feed_streams(gw->feed) : 0,
	    gw->feed ? feed_pending(gw->feed) : 0);
	session_reply_more(s, VSAP_OK,
	    "since start: sessions %llu, binds %llu, accepted %llu, taken "
	    "back %llu, connected %llu, streams %llu, bytes %llu, refused %llu",
	    (unsigned long long)t->sessions, (unsigned long long)t->binds,
	    (unsigned long long)t->accepted, (unsigned long long)t->returned,
	    (unsigned long long)t->connected, (unsigned long long)t->streams,
	    (unsigned long long)t->bytes, (unsigned long long)t->refused);
	stat_bound(s);
	session_reply(s, VSAP_OK, "you are %s at %s", s->owner, s->peer);
}

/* JSON strings of ours hold no byte that needs more than this. */
static void
add_string(struct buf *b, const char *text)
{
	(void)buf_append(b, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)buf_append(b, "\\", 1);
		if ((unsigned char)*text >= ' ')
			(void)buf_append(b, text, 1);
	}
	(void)buf_append(b, "\"", 1);
}

static void
add_vsock(struct buf *b, const struct vsock *vs, bool first)
{
	(void)buf_printf(b, "%s{\"address\":", first ? "" : ",");
	add_string(b, vs->addr);
	(void)buf_printf(b, ",\"owner\":");
	add_string(b, vs->owner);
	(void)buf_printf(b,
	    ",\"sessions\":%u,\"waiting\":%u,\"visitors\":%u,\"backlog\":%d}",
	    vs->nbinds, vs->nwaiting, vs->nvisitors, vs->backlog);
}

static void
add_totals(struct buf *b, const struct gateway *gw)
{
	const struct totals *t = &gw->totals;

	(void)buf_printf(b,
	    "{\"up\":%lld,\"sessions\":%u,\"max_sessions\":%u,\"streams\":%zu,"
	    "\"pending\":%zu,\"totals\":{\"sessions\":%llu,\"binds\":%llu,"
	    "\"accepted\":%llu,\"returned\":%llu,\"connected\":%llu,"
	    "\"streams\":%llu,\"bytes\":%llu,\"refused\":%llu},\"bound\":[",
	    (long long)(clock_seconds() - gw->started), gw->nsessions,
	    gw->max_sessions, gw->feed ? feed_streams(gw->feed) : 0,
	    gw->feed ? feed_pending(gw->feed) : 0,
	    (unsigned long long)t->sessions, (unsigned long long)t->binds,
	    (unsigned long long)t->accepted, (unsigned long long)t->returned,
	    (unsigned long long)t->connected, (unsigned long long)t->streams,
	    (unsigned long long)t->bytes, (unsigned long long)t->refused);
}

/* One line, however long: JSON is for programs. */
static void
stat_json(struct session *s)
{
	bool first = true;
	struct vsock *vs;
	struct buf b;

	buf_init(&b, VSAP_OUTPUT_MAX / 2);
	(void)buf_printf(&b, "%s %d ", VSAP_VERSION, VSAP_OK);
	add_totals(&b, s->gw);
	TAILQ_FOREACH(vs, &s->gw->vsocks, entry)
		if (may_see(s, vs)) {
			add_vsock(&b, vs, first);
			first = false;
		}
	if (buf_append(&b, "]}\r\n", 4) == -1)
		session_reply(s, VSAP_UNKNOWN,
		    "STAT -j: too much for one line: say STAT");
	else if (buf_append(&s->out, b.data, b.len) == -1)
		session_reset(s, "does not read its replies");
	buf_free(&b);
}

void
cmd_stat(struct session *s, const struct vsap_request *req)
{
	if (req->argc == 0)
		stat_text(s);
	else if (strcmp(req->argv[0], "-j") == 0)
		stat_json(s);
	else
		session_reply(s, VSAP_UNKNOWN, "STAT: write STAT or STAT -j");
}
