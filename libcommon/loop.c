#include "loop.h"

#include <sys/queue.h>
#include <errno.h>
#include <stdlib.h>

#include "log.h"

struct deferred {
	STAILQ_ENTRY(deferred) entry;
	struct event_base *base;
	void (*fn)(void *);
	void *arg;
};

static STAILQ_HEAD(, deferred) queue = STAILQ_HEAD_INITIALIZER(queue);

struct event_base *
loop_new(void)
{
	struct event_config *cfg;
	struct event_base *base;

	if ((cfg = event_config_new()) == NULL)
		return NULL;
	/* The monotonic clock at its coarse, cheap setting is enough. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

/* What was deferred in this turn; what these calls defer comes next turn,
 * before the loop waits. */
static void
run_deferred(struct event_base *base)
{
	STAILQ_HEAD(, deferred) now = STAILQ_HEAD_INITIALIZER(now);
	struct deferred *d;

	STAILQ_CONCAT(&now, &queue);
	while ((d = STAILQ_FIRST(&now)) != NULL) {
		STAILQ_REMOVE_HEAD(&now, entry);
		if (d->base == base)
			d->fn(d->arg);
		else
			STAILQ_INSERT_TAIL(&queue, d, entry);
		if (d->base == base)
			free(d);
	}
}

int
loop_run(struct event_base *base)
{
	int r = 0, wait;

	for (;;) {
		/* NONBLOCK alone would go on while there is any event. */
		wait = STAILQ_EMPTY(&queue) ? 0 : EVLOOP_NONBLOCK;
		if ((r = event_base_loop(base, EVLOOP_ONCE | wait)) == -1)
			break;
		if (event_base_got_break(base) || event_base_got_exit(base))
			break;
		if (r == 1 && STAILQ_EMPTY(&queue))
			break;
		run_deferred(base);
		log_flush();
	}
	run_deferred(base);
	log_flush();
	return r == -1 ? -1 : 0;
}

int
loop_defer(struct event_base *base, void (*fn)(void *), void *arg)
{
	struct deferred *d;

	if ((d = malloc(sizeof(*d))) == NULL)
		return -1;
	d->base = base;
	d->fn = fn;
	d->arg = arg;
	STAILQ_INSERT_TAIL(&queue, d, entry);
	return 0;
}
