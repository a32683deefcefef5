/*
 * How much of a way's bytes may be moved at a time, by its share of a turn and
 * by the cap of its slot.  Under a cap it is one piece a turn, so that others
 * of the slot have theirs.
 */
#include "tlsconn_impl.h"

#include "clock.h"

static bool
is_capped(const struct tlsconn *c)
{
	return c->switched && c->e->caps != NULL && c->opts.slot != 0 &&
	       c->opts.rate != 0;
}

/* (Who waits for room is not idle; but last words have an end.) */
size_t
tlscap_room(struct tlsconn *c, size_t want)
{
	unsigned ms = 0;
	size_t n;

	if (!is_capped(c))
		return want;
	if (c->paused)
		return 0;
	n = ratecap_room(c->e->caps, c->opts.slot, c->opts.rate,
	    ratecap_piece(c->opts.rate), &ms);
	if (n > 0)
		return n < want ? n : want;
	if (!c->dead[NET] && !c->dead[PLAIN])
		c->moved = clock_ms();
	tlsconn_pause(c, ms);
	return 0;
}

/* Only who took something gives way: a turn without room may come in between,
 * and each second one would be the same way's. */
void
tlscap_took(struct tlsconn *c, int way, size_t n)
{
	if (n == 0)
		return;
	c->moved = clock_ms();
	if (!is_capped(c))
		return;
	ratecap_spent(c->e->caps, c->opts.slot, c->opts.rate, n);
	c->first = (uint8_t)!way;
}

size_t
tlscap_turn(const struct tlsconn *c)
{
	return is_capped(c) ? 1 : TLS_TURN;
}
