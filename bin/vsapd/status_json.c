/*
 * STAT -j: one line, for programs.
 */
#include "status.h"

#include <string.h>

#include "clock.h"
#include "feed.h"
#include "vsock.h"

/* Is this the rest of a character of UTF-8, n bytes? */
static bool
continues(const char *p, size_t n)
{
	for (; n > 0; n--, p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			return false;
	return true;
}

/* Bytes of the character of UTF-8 that begins here; 0: of none. */
static size_t
character(const char *p)
{
	unsigned char c = (unsigned char)p[0], next;

	if (c < 0x80)
		return 1;
	next = (unsigned char)p[1];
	if (c >= 0xc2 && c < 0xe0)
		return continues(p + 1, 1) ? 2 : 0;
	/* Not the long forms, no surrogates, nothing behind U+10FFFF. */
	if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
	    (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
		return 0;
	if (c >= 0xe0 && c < 0xf0)
		return continues(p + 1, 2) ? 3 : 0;
	return c >= 0xf0 && c < 0xf5 && continues(p + 1, 3) ? 4 : 0;
}

/* Names and paths are bytes, JSON is UTF-8: what is none is '?'. */
static void
add_string(struct buf *b, const char *text)
{
	size_t n;

	(void)buf_append(b, "\"", 1);
	for (; *text != '\0'; text += n == 0 ? 1 : n) {
		n = character(text);
		if (*text == '"' || *text == '\\')
			(void)buf_append(b, "\\", 1);
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			(void)buf_printf(b, "\\u%04x", (unsigned char)*text);
		else
			(void)buf_append(b, n == 0 ? "?" : text,
			    n == 0 ? 1 : n);
	}
	(void)buf_append(b, "\"", 1);
}

static void
add_number(struct buf *b, const char *name, uint64_t n)
{
	(void)buf_printf(b, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void
add_head(struct buf *b, const struct gateway *gw)
{
	const struct status_counter *c;

	(void)buf_printf(b, "\"up\":%lld",
	    (long long)(clock_seconds() - gw->started));
	add_number(b, "sessions", gw->nsessions);
	add_number(b, "max_sessions", gw->max_sessions);
	add_number(b, "strangers", gw->nhellos);
	add_number(b, "streams", gw->nstreams);
	add_number(b, "pending", gw->feed ? feed_pending(gw->feed) : 0);
	(void)buf_printf(b, ",\"totals\":{");
	for (c = status_counters; c->name != NULL; c++)
		(void)buf_printf(b, "%s\"%s\":%llu",
		    c == status_counters ? "" : ",", c->name,
		    (unsigned long long)status_value(gw, c));
	(void)buf_append(b, "}", 1);
}

static void
add_refusal(void *arg, const char *limit, const char *scope, uint64_t n)
{
	struct buf *b = arg;

	(void)buf_printf(b, "%s\"%s %s\":%llu",
	    b->data[b->len - 1] == '{' ? "" : ",", limit, scope,
	    (unsigned long long)n);
}

static void
add_limits(struct buf *b, const struct gateway *gw)
{
	(void)buf_printf(b, ",\"refused_by_limit\":{");
	status_refusals(gw, add_refusal, b);
	(void)buf_append(b, "},", 2);
}

static void
add_vsock(struct buf *b, const struct vsock *vs)
{
	(void)buf_printf(b, "{\"address\":");
	add_string(b, vs->addr);
	(void)buf_printf(b, ",\"owner\":");
	add_string(b, vs->owner);
	add_number(b, "sessions", vs->nbinds);
	add_number(b, "waiting", vs->nwaiting);
	add_number(b, "longest", status_oldest(vs));
	add_number(b, "visitors", vs->nvisitors);
	add_number(b, "queue", status_queue(vs->fd));
	add_number(b, "backlog", status_backlog(vs));
	(void)buf_append(b, "}", 1);
}

static void
add_stream(struct buf *b, const struct gateway_stream *n)
{
	(void)buf_printf(b,
	    "{\"session\":%llu,\"owner\":", (unsigned long long)n->session);
	add_string(b, n->text);
	(void)buf_printf(b, ",\"what\":");
	add_string(b, n->what);
	(void)buf_printf(b, ",\"tls\":%s", n->tls ? "true" : "false");
	add_number(b, "ms", clock_ms() - n->started);
	add_number(b, "in", n->now[0]);
	add_number(b, "out", n->now[1]);
	add_number(b, "in_rate", status_rate(n, 0));
	add_number(b, "out_rate", status_rate(n, 1));
	(void)buf_append(b, "}", 1);
}

/* A third of the room is for what is bound, a third for streams. */
static bool
is_long(const struct buf *b, size_t begun)
{
	return b->len - begun > b->max / 3;
}

static void
add_bound(struct buf *b, const struct gateway *gw, const struct session *viewer)
{
	const char *comma = "";
	const struct vsock *vs;
	size_t begun = b->len;
	unsigned left = 0;

	(void)buf_printf(b, "\"bound\":[");
	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		if (!status_shows_bound(viewer, vs))
			continue;
		if (is_long(b, begun)) {
			left++;
			continue;
		}
		(void)buf_printf(b, "%s", comma);
		add_vsock(b, vs);
		comma = ",";
	}
	(void)buf_printf(b, "],\"bound_left_out\":%u", left);
}

static void
add_streams(struct buf *b, const struct gateway *gw,
    const struct session *viewer)
{
	const struct gateway_stream *n;
	const char *comma = "";
	size_t begun = b->len;
	unsigned left = 0;

	(void)buf_printf(b, ",\"relayed\":[");
	TAILQ_FOREACH(n, &gw->streams, entry) {
		if (!status_shows_stream(viewer, n))
			continue;
		if (is_long(b, begun)) {
			left++;
			continue;
		}
		(void)buf_printf(b, "%s", comma);
		add_stream(b, n);
		comma = ",";
	}
	(void)buf_printf(b, "],\"relayed_left_out\":%u", left);
}

void
status_json(const struct gateway *gw, const struct session *viewer,
    struct buf *b)
{
	(void)buf_append(b, "{", 1);
	if (viewer == NULL) {
		add_head(b, gw);
		add_limits(b, gw);
	}
	add_bound(b, gw, viewer);
	add_streams(b, gw, viewer);
	(void)buf_append(b, "}", 1);
}
