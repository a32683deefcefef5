/*
 * Workers at their sockets, whose end of file is their death; and one
 * question at a time to all of them.  See crew.h.
 */
#include "crew.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net.h"

#define RETRY_MS 10 /* after ETOOMANYREFS, ENOMEM */
#define TURN_MAX 64 /* messages of a worker read in one turn */

/* ---- one question ------------------------------------------------------- */

static void
set_timer(struct event *timer, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(timer, &tv);
}

/* The question goes to those that had no room for it. */
static void
ask(struct crew *c)
{
	struct cworker *w;

	TAILQ_FOREACH(w, &c->workers, entry)
		if (w->ask && !w->full)
			w->ask = !c->calls->ask(w, c->seq);
}

bool
crew_query(struct crew *c)
{
	struct cworker *w;

	if (evtimer_pending(c->limit, NULL))
		return false;
	c->seq++;
	TAILQ_FOREACH(w, &c->workers, entry)
		w->due = w->ask = true;
	ask(c);
	set_timer(c->limit, TAILQ_EMPTY(&c->workers) ? 0 : CREW_QUERY_MS);
	return true;
}

/* A worker has answered, or is gone. */
static void
check_answers(struct crew *c)
{
	struct cworker *w;

	if (!evtimer_pending(c->limit, NULL))
		return;
	TAILQ_FOREACH(w, &c->workers, entry)
		if (w->due)
			return;
	set_timer(c->limit, 0);
}

bool
crew_answer(struct cworker *w, uint32_t seq, bool more)
{
	if (!w->due || w->ask || seq != w->crew->seq)
		return false;
	w->due = more;
	check_answers(w->crew);
	return true;
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct crew *c = arg;
	struct cworker *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &c->workers, entry)
		w->due = w->ask = false;
	if (c->counted != NULL)
		c->counted(c->owner);
}

/* ---- sending ------------------------------------------------------------ */

bool
cworker_send(struct cworker *w, const void *p, size_t len, const int *fds,
    int nfds)
{
	if (fdpass_send(w->fd, p, len, fds, nfds) == 0)
		return true;
	switch (errno) {
	case ETOOMANYREFS: /* too many descriptors under way */
	case ENOMEM:
	case ENOBUFS:
		crew_kick(w->crew, RETRY_MS);
		break;
	case EAGAIN:
		event_add(w->ev_write, NULL);
		break;
	default: /* gone: its end of file is still to be read */
		break;
	}
	w->full = true;
	return false;
}

void
crew_kick(struct crew *c, long ms)
{
	set_timer(c->kick, ms);
}

static void
try_again(struct crew *c)
{
	ask(c);
	c->calls->room(c->feed);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct cworker *w = arg;

	(void)fd;
	(void)what;
	w->full = false;
	try_again(w->crew);
}

/* By timer; whatever was in the way may be gone. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct crew *c = arg;
	struct cworker *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &c->workers, entry)
		w->full = false;
	try_again(c);
}

/* ---- receiving ---------------------------------------------------------- */

static void
cworker_free(struct cworker *w)
{
	if (w->ev_read != NULL)
		event_free(w->ev_read);
	if (w->ev_write != NULL)
		event_free(w->ev_write);
	close(w->fd);
	free(w);
}

static void
worker_dead(struct cworker *w)
{
	struct job_list lost = TAILQ_HEAD_INITIALIZER(lost);
	struct crew *c = w->crew;
	struct job *j;
	int slot = w->slot;

	TAILQ_FOREACH(j, &w->jobs, entry)
		j->w = NULL;
	TAILQ_CONCAT(&lost, &w->jobs, entry);
	TAILQ_REMOVE(&c->workers, w, entry);
	c->bits &= ~w->bit;
	cworker_free(w);
	c->calls->dead(c->feed, slot, &lost);
	check_answers(c);
	crew_kick(c, 0);
}

/* One message of a worker.  1: more may be there, 0: none, -1: it died. */
static int
receive(struct cworker *w)
{
	static unsigned char packet[RELAY_MSG_MAX];
	int fd[1], none = 0;
	ssize_t n;

	n = fdpass_recv(w->fd, packet, sizeof(packet), fd, &none, NULL);
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	/* It left ours unread; its last words are behind this, told once. */
	if (n == -1 && errno == ECONNRESET)
		return 1;
	if (n <= 0)
		return -1;
	w->crew->calls->got(w, packet, (size_t)n);
	return 1;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct cworker *w = arg;
	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = receive(w);
	if (r == -1)
		worker_dead(w);
}

/* ---- beginning and end -------------------------------------------------- */

/* A bit that no worker has, also not in what earlier ones refused; 0. */
static uint64_t
free_bit(struct crew *c)
{
	uint64_t bit = ~c->bits & (c->bits + 1);
	struct job *j;

	RB_FOREACH(j, job_tree, &c->tree)
		if (j->copy != NULL)
			j->copy->refused &= ~bit;
	return bit;
}

int
crew_add(struct crew *c, int fd, int slot)
{
	struct cworker *w = NULL;
	uint64_t bit;

	if ((bit = free_bit(c)) == 0)
		errno = ENOSPC;
	if (bit == 0 || (w = calloc(1, sizeof(*w))) == NULL) {
		close(fd);
		return -1;
	}
	w->crew = c;
	w->fd = fd;
	w->slot = slot;
	w->bit = bit;
	TAILQ_INIT(&w->jobs);
	w->ev_read = event_new(c->base, fd, EV_READ | EV_PERSIST, on_read, w);
	w->ev_write = event_new(c->base, fd, EV_WRITE, on_write, w);
	if (w->ev_read == NULL || w->ev_write == NULL ||
	    event_add(w->ev_read, NULL) == -1) {
		cworker_free(w);
		errno = ENOMEM;
		return -1;
	}
	c->bits |= bit;
	TAILQ_INSERT_TAIL(&c->workers, w, entry);
	return 0;
}

int
crew_init(struct crew *c, struct event_base *base,
    const struct crew_calls *calls, void *feed, void (*counted)(void *),
    void *owner)
{
	*c = (struct crew){ .calls = calls,
		.feed = feed,
		.counted = counted,
		.owner = owner,
		.base = base };
	TAILQ_INIT(&c->workers);
	TAILQ_INIT(&c->waiting);
	RB_INIT(&c->tree);
	/* A worker that outlived its feeder must not mean ours. */
	arc4random_buf(&c->next_id, sizeof(c->next_id));
	c->kick = evtimer_new(base, on_kick, c);
	c->limit = evtimer_new(base, on_limit, c);
	return c->kick != NULL && c->limit != NULL ? 0 : -1;
}

void
crew_clear(struct crew *c)
{
	struct cworker *w;
	struct job *j, *next;

	while ((w = TAILQ_FIRST(&c->workers)) != NULL) {
		TAILQ_REMOVE(&c->workers, w, entry);
		cworker_free(w);
	}
	RB_FOREACH_SAFE(j, job_tree, &c->tree, next)
		crew_remove(c, j, false);
	if (c->kick != NULL)
		event_free(c->kick);
	if (c->limit != NULL)
		event_free(c->limit);
}
