/*
 * Figures as Prometheus collects them (exposition format 0.0.4).  No label
 * has a value that strangers choose, so their number is bounded.
 */
#include "status.h"

#include <stdio.h>

#include "clock.h"
#include "feed.h"
#include "vsock.h"

static void
head(struct buf *b, const char *name, const char *help, const char *type)
{
	(void)buf_printf(b, "# HELP vsapd_%s %s\n# TYPE vsapd_%s %s\n", name,
	    help, name, type);
}

static void
gauge(struct buf *b, const char *name, const char *help, uint64_t value)
{
	head(b, name, help, "gauge");
	(void)buf_printf(b, "vsapd_%s %llu\n", name, (unsigned long long)value);
}

static void
counters(struct buf *b, const struct gateway *gw)
{
	const struct status_counter *c;
	char name[64];

	for (c = status_counters; c->name != NULL; c++) {
		(void)snprintf(name, sizeof(name), "%s_total", c->name);
		head(b, name, c->help, "counter");
		(void)buf_printf(b, "vsapd_%s %llu\n", name,
		    (unsigned long long)status_value(gw, c));
	}
}

static void
limits(struct buf *b, const struct gateway *gw)
{
	head(b, "limit_refused_total", "refused by a limit", "counter");
	for (int i = 0; i < LIMIT_MAX; i++)
		for (int j = 0; j < SCOPE_MAX; j++)
			(void)buf_printf(b,
			    "vsapd_limit_refused_total{limit=\"%s\","
			    "scope=\"%s\"} %llu\n",
			    conf_limit_name((enum conf_limit)i),
			    conf_scope_name((enum conf_scope)j),
			    (unsigned long long)limits_refused(gw->limits,
				(enum conf_limit)i, (enum conf_scope)j));
}

/* Sums: the addresses themselves are for STAT. */
static void
bound(struct buf *b, const struct gateway *gw)
{
	uint64_t addresses = 0, waiting = 0, queue = 0;
	const struct vsock *vs;

	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		addresses++;
		waiting += vs->nwaiting;
		queue += vs->nvisitors + status_queue(vs->fd);
	}
	gauge(b, "bound_addresses", "addresses bound now", addresses);
	gauge(b, "acceptors_waiting", "acceptors that wait for a visitor",
	    waiting);
	gauge(b, "visitors_queued", "visitors that wait for an acceptor",
	    queue);
}

/* Of the streams under way, too, or the rate would come in lumps. */
static void
moved(struct buf *b, const struct gateway *gw)
{
	uint64_t n = gw->totals.bytes;
	const struct gateway_stream *st;

	TAILQ_FOREACH(st, &gw->streams, entry)
		n += st->now[0] + st->now[1];
	head(b, "relayed_bytes_total",
	    "bytes relayed, both ways, streams under way included", "counter");
	(void)buf_printf(b, "vsapd_relayed_bytes_total %llu\n",
	    (unsigned long long)n);
}

void
status_prometheus(const struct gateway *gw, struct buf *b)
{
	gauge(b, "up_seconds", "seconds since the start",
	    (uint64_t)(clock_seconds() - gw->started));
	gauge(b, "sessions", "control connections now", gw->nsessions);
	gauge(b, "sessions_max", "control connections that there may be",
	    gw->max_sessions);
	gauge(b, "strangers", "connections to which nothing was permitted yet",
	    gw->nhellos);
	gauge(b, "streams", "streams under way", gw->nstreams);
	gauge(b, "streams_pending", "streams that no worker has taken yet",
	    gw->feed ? feed_pending(gw->feed) : 0);
	bound(b, gw);
	counters(b, gw);
	moved(b, gw);
	limits(b, gw);
}
