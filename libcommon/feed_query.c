/*
 * One question at a time: what have all streams moved?  It is over when each
 * worker has answered or is gone, and when its time is up.
 */
#include "feed_impl.h"

#include <stddef.h>

static void
set_limit(struct feed *f, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(f->limit, &tv);
}

void
feed_ask(struct feed *f)
{
	struct fworker *w;

	TAILQ_FOREACH(w, &f->workers, entry)
		if (w->ask && !w->full)
			w->ask = fworker_ask(w, f->seq) == 0;
}

bool
feed_query(struct feed *f)
{
	struct fworker *w;

	if (evtimer_pending(f->limit, NULL))
		return false;
	f->seq++;
	TAILQ_FOREACH(w, &f->workers, entry)
		w->due = w->ask = true;
	feed_ask(f);
	set_limit(f, TAILQ_EMPTY(&f->workers) ? 0 : FEED_QUERY_MS);
	return true;
}

void
feed_answered(struct feed *f)
{
	struct fworker *w;

	if (!evtimer_pending(f->limit, NULL))
		return;
	TAILQ_FOREACH(w, &f->workers, entry)
		if (w->due)
			return;
	set_limit(f, 0);
}

void
feed_on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;
	struct fworker *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &f->workers, entry)
		w->due = w->ask = false;
	if (f->calls.counted != NULL)
		f->calls.counted(f->arg);
}
