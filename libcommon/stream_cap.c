/*
 * Streams under a cap.  In one turn a direction moves no more than a piece of
 * what its slot has room for.  Then, or where there is no room, the stream
 * waits for the engine's one timer: who got nothing is served before who had
 * a piece.
 */
#include "stream_impl.h"

#include <stddef.h>

/* Of the engine's two queues. */
enum {
	HUNGRY,
	SERVED,
};

void
stream_engine_caps(struct stream_engine *e, struct ratecap *caps)
{
	e->caps = caps;
}

void
stream_limit(struct stream *s, uint32_t slot, uint64_t rate)
{
	if (s->e->caps == NULL || rate == 0)
		return;
	s->slot = slot;
	s->rate = rate;
	stream_cap_spent(s, s->dir[0].heldlen + s->dir[1].heldlen);
}

/* The timer, unless it comes sooner. */
static void
set_timer(struct stream_engine *e, unsigned ms)
{
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
	uint64_t at = stream_now() + ms;

	if (evtimer_pending(&e->cap_ev, NULL) && e->cap_at <= at)
		return;
	e->cap_at = at;
	(void)evtimer_add(&e->cap_ev, &tv);
}

/* (A stream that waits for room is not idle; but last words have an end.) */
static void
wait_for_room(struct stream *s, int queue, unsigned ms)
{
	if (!s->dead[0] && !s->dead[1])
		s->moved = stream_now();
	s->queue = (uint8_t)queue;
	s->waits = true;
	TAILQ_INSERT_TAIL(&s->e->capped[queue], s, cap_entry);
	set_timer(s->e, ms);
}

size_t
stream_cap_room(struct stream *s)
{
	struct stream_engine *e = s->e;
	unsigned ms = e->dry_ms;
	size_t room = 0;

	if (s->waits)
		return 0;
	if (s->slot != e->dry_slot)
		room = ratecap_room(e->caps, s->slot, s->rate,
		    ratecap_piece(s->rate), &ms);
	if (room > 0)
		return room < STREAM_TURN ? room : STREAM_TURN;
	if (e->serving) {
		e->dry_slot = s->slot;
		e->dry_ms = ms;
	}
	wait_for_room(s, HUNGRY, ms);
	return 0;
}

void
stream_cap_spent(struct stream *s, size_t n)
{
	ratecap_spent(s->e->caps, s->slot, s->rate, n);
}

/* Only who took something gives way: a turn without room may come in between,
 * and each second one would be the same direction's. */
void
stream_cap_took(struct stream *s, int i, size_t n)
{
	if (n == 0)
		return;
	stream_cap_spent(s, n);
	s->first = (uint8_t)!i;
}

void
stream_cap_again(struct stream *s)
{
	if (!s->waits)
		wait_for_room(s, SERVED, 0);
}

void
stream_cap_leave(struct stream *s)
{
	if (s->waits)
		TAILQ_REMOVE(&s->e->capped[s->queue], s, cap_entry);
	s->waits = false;
}

void
stream_cap_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream_engine *e = arg;
	struct stream_list list = TAILQ_HEAD_INITIALIZER(list);
	struct stream *s;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&list, &e->capped[HUNGRY], cap_entry);
	TAILQ_CONCAT(&list, &e->capped[SERVED], cap_entry);
	e->serving = true;
	while ((s = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, s, cap_entry);
		s->waits = false;
		stream_run(s);
	}
	e->serving = false;
	e->dry_slot = 0;
}
