#include "workers.h"

#include <sys/queue.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "backoff.h"
#include "bind.h"
#include "feed.h"
#include "gwtls.h"
#include "log.h"
#include "spawn.h"

/* One stream, for its line in the log. */
struct relayed {
	LIST_ENTRY(relayed) entry;
	char who[ADDR_STRLEN];
};

struct workers {
	char path[4096];
	struct feed *feed;
	struct gwtls *tls;
	struct event *again; /* pending: no new worker before */
	struct backoff backoff;
	LIST_HEAD(, relayed) streams;
	int want, have; /* workers */
	bool verbose;
	void (*ready)(void *);
	void *arg;
};

static void
start_later(struct workers *w)
{
	uint64_t now = bind_now() / 1000;
	uint32_t ms =
	    backoff_next(&w->backoff, &backoff_reconnect, now, arc4random());
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	if (evtimer_add(w->again, &tv) == -1)
		log_warn("%s: no timer", w->path);
}

static int
start_one(struct workers *w)
{
	pid_t pid;
	int fd;

	fd = spawn_worker(w->path, 0, 0, w->verbose ? SPAWN_VERBOSE : 0, &pid);
	if (fd == -1 || feed_add(w->feed, fd, (int)pid) == -1) {
		log_warn("%s: %s", w->path, strerror(errno));
		return -1;
	}
	w->have++;
	backoff_ok(&w->backoff, bind_now() / 1000);
	return 0;
}

static void
start_all(struct workers *w)
{
	if (evtimer_pending(w->again, NULL))
		return;
	while (w->have < w->want)
		if (start_one(w) == -1) {
			start_later(w);
			return;
		}
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct workers *w = arg;

	(void)fd;
	(void)what;
	if (w->have < w->want && start_one(w) == -1)
		start_later(w);
	else
		start_all(w);
}

/* The first that dies is replaced at once; one that keeps dying is not
 * started as fast as it can die. */
static void
on_dead(void *arg, int slot)
{
	struct workers *w = arg;
	bool steady =
	    bind_now() / 1000 - w->backoff.ok_at >= backoff_reconnect.steady;

	w->have--;
	log_warn("worker %d is gone; starting another", slot);
	if (steady)
		start_all(w);
	else if (!evtimer_pending(w->again, NULL))
		start_later(w);
}

static void
relayed_free(struct relayed *r)
{
	LIST_REMOVE(r, entry);
	free(r);
}

static void
on_end(void *arg, void *stream, const struct relay_end *e)
{
	struct relayed *r = stream;

	(void)arg;
	log_debug("%s: ended (%s): %" PRIu64 " bytes in, %" PRIu64
		  " out, %u.%03u s",
	    r->who, relay_cause_name(e->cause), e->ab, e->ba, e->ms / 1000,
	    e->ms % 1000);
	relayed_free(r);
}

static void
on_ready(void *arg)
{
	struct workers *w = arg;

	w->ready(w->arg);
}

static const struct feed_calls calls = {
	.end = on_end,
	.dead = on_dead,
	.ready = on_ready,
};

struct workers *
workers_new(struct event_base *base, struct gwtls *tls, bool verbose,
    void (*ready)(void *), void *arg, char *err, size_t errlen)
{
	struct workers *w;

	if ((w = calloc(1, sizeof(*w))) == NULL) {
		strlcpy(err, strerror(errno), errlen);
		return NULL;
	}
	LIST_INIT(&w->streams);
	w->want = spawn_cpus();
	w->tls = tls;
	w->verbose = verbose;
	w->ready = ready;
	w->arg = arg;
	if (spawn_find_relay(w->path, sizeof(w->path), err, errlen) == -1)
		goto fail;
	strlcpy(err, "no memory", errlen);
	w->feed = feed_new(base, &calls, w);
	w->again = evtimer_new(base, on_again, w);
	if (w->feed == NULL || w->again == NULL)
		goto fail;
	return w;
fail:
	workers_free(w);
	return NULL;
}

void
workers_free(struct workers *w)
{
	struct relayed *r;

	if (w == NULL)
		return;
	feed_free(w->feed);
	if (w->again != NULL)
		event_free(w->again);
	while ((r = LIST_FIRST(&w->streams)) != NULL)
		relayed_free(r);
	free(w);
}

int
workers_prepare(struct workers *w)
{
	if (w->have < w->want)
		start_all(w);
	return w->have > 0 ? 0 : -1;
}

bool
workers_busy(const struct workers *w)
{
	return feed_busy(w->feed);
}

size_t
workers_pending(const struct workers *w)
{
	return feed_pending(w->feed) +
	       (w->tls != NULL ? gwtls_pending(w->tls) : 0);
}

/* A visitor by TLS: no worker of ours, but the one that has it. */
static void
on_tls_end(void *arg, const struct relay_end *e)
{
	on_end(NULL, arg, e);
}

void
workers_relay(struct workers *w, int visitor, void *token, int target,
    const void *first, size_t firstlen, const char *who)
{
	struct relayed *s;
	int r;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		fatal("%s", who);
	strlcpy(s->who, who, sizeof(s->who));
	LIST_INSERT_HEAD(&w->streams, s, entry);
	if (token != NULL) {
		r = gwtls_switch(w->tls, token, visitor, target, first,
		    firstlen, 0, on_tls_end, s);
	} else {
		r = feed_send(w->feed, visitor, target, first, firstlen, NULL,
		    0, NULL, s);
	}
	if (r == 0)
		return;
	log_warn("%s: cannot be relayed: %s", who, strerror(errno));
	relayed_free(s);
}
