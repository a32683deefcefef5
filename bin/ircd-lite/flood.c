/*
 * The message timer.
 */
#include "flood.h"

bool
flood_may(const struct flood *f, uint64_t now, unsigned window)
{
	return flood_wait(f, now, window) == 0;
}

void
flood_add(struct flood *f, uint64_t now, unsigned penalty)
{
	if (f->timer < now)
		f->timer = now;
	f->timer += penalty;
}

uint64_t
flood_wait(const struct flood *f, uint64_t now, unsigned window)
{
	if (f->timer <= now || f->timer - now <= window)
		return 0;
	return f->timer - now - window;
}
