/*
 * A stream's life: events, turns, ends.  Each descriptor has one persistent
 * edge-triggered event, so that nothing is registered anew while bytes run;
 * what an edge said is remembered in readable[] and writable[].
 *
 * Ends.  An end of file is carried over by shutdown() once the last byte is
 * out.  An endpoint that was reset, or vanished, resets the other one, after
 * what it had sent was delivered: a truncated reply must not look complete.
 */
#include "stream_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

#define SWEEP_MS 250
#define TRIM_MS 2000
#define GRACE_MS 10000 /* for last words without progress */

enum phase {
	PHASE_RUN,
	PHASE_DISCARD, /* the reply is out, the request is not wanted */
	PHASE_RESET,   /* last bytes are being acknowledged, then a reset */
};

static void on_event(evutil_socket_t, short, void *);
static void on_again(evutil_socket_t, short, void *);
static void on_sweep(evutil_socket_t, short, void *);
static void on_trim(evutil_socket_t, short, void *);

uint64_t
stream_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct stream_engine *
stream_engine_new(struct event_base *base)
{
	struct stream_engine *e;

	if ((e = malloc(sizeof(*e))) == NULL)
		return NULL;
	e->base = base;
	e->streams = 0;
	e->count[0] = e->count[1] = 0;
	LIST_INIT(&e->all);
	TAILQ_INIT(&e->again);
	TAILQ_INIT(&e->timed);
	TAILQ_INIT(&e->capped[0]);
	TAILQ_INIT(&e->capped[1]);
	e->caps = NULL;
	e->serving = false;
	e->dry_slot = 0;
	e->dry_ms = 0;
	stream_pipes_init(&e->pipes, 1);
	if (evtimer_assign(&e->again_ev, base, on_again, e) == -1 ||
	    evtimer_assign(&e->sweep_ev, base, on_sweep, e) == -1 ||
	    evtimer_assign(&e->trim_ev, base, on_trim, e) == -1 ||
	    evtimer_assign(&e->cap_ev, base, stream_cap_on_timer, e) == -1) {
		free(e);
		return NULL;
	}
	return e;
}

void
stream_engine_free(struct stream_engine *e)
{
	if (e == NULL)
		return;
	event_del(&e->again_ev);
	event_del(&e->sweep_ev);
	event_del(&e->trim_ev);
	event_del(&e->cap_ev);
	stream_pipes_free(&e->pipes);
	free(e);
}

void
stream_engine_share(struct stream_engine *e, unsigned n)
{
	stream_pipes_share(&e->pipes, n);
}

size_t
stream_engine_streams(const struct stream_engine *e)
{
	return e->streams;
}

size_t
stream_engine_pipes(const struct stream_engine *e)
{
	return e->pipes.open[false] + e->pipes.open[true];
}

void
stream_engine_count(const struct stream_engine *e, uint64_t *ab, uint64_t *ba)
{
	*ab = e->count[0];
	*ba = e->count[1];
}

void
stream_engine_each(const struct stream_engine *e,
    void (*fn)(void *, uint64_t, uint64_t, uint64_t), void *arg)
{
	const struct stream *s;

	LIST_FOREACH(s, &e->all, entry)
		fn(arg, s->id, s->dir[0].bytes, s->dir[1].bytes);
}

static void
arm(struct event *ev, unsigned ms)
{
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (!evtimer_pending(ev, NULL))
		(void)evtimer_add(ev, &tv);
}

/* Have the sweep look at this stream. */
static void
watch(struct stream *s)
{
	if (s->timed)
		return;
	s->timed = true;
	TAILQ_INSERT_TAIL(&s->e->timed, s, timed_entry);
	arm(&s->e->sweep_ev, SWEEP_MS);
}

static void
turn_again(struct stream *s)
{
	if (s->again)
		return;
	s->again = true;
	TAILQ_INSERT_TAIL(&s->e->again, s, again_entry);
	arm(&s->e->again_ev, 0);
}

static void
unlink_stream(struct stream *s)
{
	struct stream_engine *e = s->e;

	LIST_REMOVE(s, entry);
	stream_cap_leave(s);
	if (s->timed)
		TAILQ_REMOVE(&e->timed, s, timed_entry);
	if (s->again)
		TAILQ_REMOVE(&e->again, s, again_entry);
	for (int i = 0; i < 2; i++) {
		event_del(&s->ev[i]);
		stream_dir_free(s, i);
	}
	e->streams--;
}

/* The last of a stream: close (by a reset), report, free. */
static void
end(struct stream *s, enum relay_cause cause, bool by_reset)
{
	struct relay_end r = {
		.id = s->id,
		.ab = s->dir[0].bytes,
		.ba = s->dir[1].bytes,
		.ms = (uint32_t)(stream_now() - s->started),
		.cause = cause,
	};

	unlink_stream(s);
	for (int i = 0; i < 2; i++) {
		if (by_reset && !s->dead[i])
			net_reset(s->fd[i]);
		else
			close(s->fd[i]);
	}
	s->done(s->arg, &r);
	free(s);
}

/* Has every live endpoint acknowledged what it was sent?  A reset would
 * take back the rest. */
static bool
acknowledged(const struct stream *s)
{
	for (int i = 0; i < 2; i++)
		if (!s->dead[i] && net_unacked(s->fd[i]) > 0)
			return false;
	return true;
}

static void
last_words(struct stream *s, enum phase phase)
{
	s->phase = phase;
	s->moved = stream_now();
	watch(s);
}

static void
reset(struct stream *s)
{
	if (acknowledged(s))
		end(s, RELAY_RESET, true);
	else
		last_words(s, PHASE_RESET);
}

/* Ends the stream where both directions are through. */
static void
settle(struct stream *s)
{
	bool broken;

	for (int i = 0; i < 2; i++)
		if (s->dead[i])
			stream_dir_break(s, !i);
	if (s->dead[0] || s->dead[1])
		watch(s);
	if (s->dir[0].state < DIR_DONE || s->dir[1].state < DIR_DONE)
		return;
	broken = s->dir[0].state == DIR_BROKEN || s->dir[1].state == DIR_BROKEN;
	if (s->dead[0] || s->dead[1])
		reset(s);
	else if (!broken)
		end(s, s->phase == PHASE_RUN ? RELAY_EOF : RELAY_RESET, false);
	else if (s->phase == PHASE_RUN) {
		last_words(s, PHASE_DISCARD);
		turn_again(s); /* no edge may tell what is there already */
	}
}

/*
 * One turn.  In PHASE_DISCARD the endpoint whose bytes nobody takes is read
 * to its end: closing on unread bytes would be a reset, and could take the
 * reply away from it.
 */
void
stream_run(struct stream *s)
{
	bool more = false;
	int i, first = s->first;

	if (s->phase == PHASE_RESET) {
		if (s->dead[0] && s->dead[1])
			end(s, RELAY_RESET, true);
		return;
	}
	for (int n = 0; n < 2; n++) {
		i = n ^ first;
		if (s->phase == PHASE_RUN)
			more |= stream_dir_run(s, i);
		else if (s->dir[i].state == DIR_BROKEN)
			more |= stream_dir_discard(s, i);
	}
	if (more)
		turn_again(s);
	if (s->e->pipes.nspare > 0)
		arm(&s->e->trim_ev, TRIM_MS);
	settle(s);
}

/*
 * An edge on a side that is not being read: its data wait for the other
 * side, or for room.  Did it die meanwhile?  EPIPE: it had said end of file
 * before.
 */
static void
check_error(struct stream *s, int side)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (s->again ||
	    getsockopt(s->fd[side], SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error == 0)
		return;
	if (error == EPIPE)
		stream_dir_break(s, !side);
	else
		s->dead[side] = true;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	int side = fd == s->fd[1];

	if (what & EV_WRITE)
		s->writable[side] = true;
	if (what & EV_READ) {
		if (s->readable[side] || s->waits)
			check_error(s, side);
		s->readable[side] = true;
	}
	stream_run(s);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct stream_engine *e = arg;
	struct stream_list list = TAILQ_HEAD_INITIALIZER(list);
	struct stream *s;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&list, &e->again, again_entry);
	while ((s = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, s, again_entry);
		s->again = false;
		stream_run(s);
	}
}

static void
sweep_one(struct stream *s, uint64_t now)
{
	uint64_t quiet = now - s->moved;
	bool last = s->phase != PHASE_RUN || s->dead[0] || s->dead[1];

	if (s->phase == PHASE_RESET && acknowledged(s))
		end(s, RELAY_RESET, true);
	else if (last && quiet >= GRACE_MS)
		end(s, RELAY_RESET, s->phase != PHASE_DISCARD);
	else if (!last && s->idle > 0 && quiet / 1000 >= s->idle)
		end(s, RELAY_IDLE, true);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct stream_engine *e = arg;
	struct stream *s, *next;
	uint64_t now = stream_now();

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE(s, &e->timed, timed_entry, next)
		sweep_one(s, now);
	if (!TAILQ_EMPTY(&e->timed))
		arm(&e->sweep_ev, SWEEP_MS);
}

static void
on_trim(evutil_socket_t fd, short what, void *arg)
{
	struct stream_engine *e = arg;

	(void)fd;
	(void)what;
	if (stream_pipes_idle(&e->pipes))
		arm(&e->trim_ev, TRIM_MS);
}

/* The bytes that were read ahead are held, and so go first. */
static int
hold_first(struct stream_dir *d, const void *p, size_t n)
{
	if (n == 0)
		return 0;
	if ((d->held = malloc(n)) == NULL)
		return -1;
	memcpy(d->held, p, n);
	d->heldlen = (uint32_t)n;
	return 0;
}

/* Urgent data is to arrive in line; a descriptor must never block us. */
static int
prepare(int fd)
{
	int flags, on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	if ((flags = fcntl(fd, F_GETFL)) == -1)
		return -1;
	if (flags & O_NONBLOCK)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int
set_up(struct stream *s, const struct stream_first *first)
{
	if (first != NULL &&
	    (hold_first(&s->dir[0], first->ab, first->ablen) == -1 ||
		hold_first(&s->dir[1], first->ba, first->balen) == -1))
		return -1;
	for (int i = 0; i < 2; i++) {
		if (prepare(s->fd[i]) == -1)
			return -1;
		event_assign(&s->ev[i], s->e->base, s->fd[i],
		    EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_event, s);
	}
	if (event_add(&s->ev[0], NULL) == -1)
		return -1;
	if (event_add(&s->ev[1], NULL) == 0)
		return 0;
	event_del(&s->ev[0]);
	return -1;
}

struct stream *
stream_start(struct stream_engine *e, int a, int b,
    const struct stream_first *first, uint32_t idle_seconds, uint64_t id,
    void (*done)(void *, const struct relay_end *), void *arg)
{
	struct stream *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->e = e;
	s->fd[0] = a;
	s->fd[1] = b;
	s->id = id;
	s->done = done;
	s->arg = arg;
	s->idle = idle_seconds;
	s->started = s->moved = stream_now();
	if (set_up(s, first) == -1) {
		stream_dir_free(s, 0);
		stream_dir_free(s, 1);
		free(s);
		return NULL;
	}
	LIST_INSERT_HEAD(&e->all, s, entry);
	e->streams++;
	if (s->idle > 0)
		watch(s);
	return s;
}
