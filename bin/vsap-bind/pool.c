#include "pool.h"

/* A way of this many microseconds widens the surge by one floor. */
#define SURGE_STEP 1000

void
pool_init(struct pool *p, unsigned floor, unsigned max)
{
	p->max = max;
	p->floor = floor < max ? floor : max;
	p->target = p->floor;
	p->lowest = p->floor;
	p->visits = 0;
	p->grown = 0;
}

static void
grow_to(struct pool *p, unsigned n)
{
	if (n > p->max)
		n = p->max;
	if (n > p->target)
		p->target = n;
}

static void
surge(struct pool *p, uint32_t rtt)
{
	uint32_t times = rtt / SURGE_STEP;

	grow_to(p, p->floor * (times < POOL_SURGE ? times : POOL_SURGE));
}

void
pool_visit(struct pool *p, unsigned idle, uint32_t rtt, uint64_t now)
{
	p->visits++;
	if (idle < p->lowest)
		p->lowest = idle;
	if (idle == 0)
		surge(p, rtt);
	if (idle > p->target / 2)
		return;
	if (p->grown != 0 && now - p->grown < 2 * (uint64_t)rtt + SURGE_STEP)
		return;
	p->grown = now;
	grow_to(p, p->target * 2);
}

bool
pool_tick(struct pool *p)
{
	bool quiet = p->visits == 0;

	if (quiet || p->lowest > p->target / 2)
		p->target /= 2;
	if (p->target < p->floor)
		p->target = p->floor;
	p->lowest = p->target;
	p->visits = 0;
	return quiet;
}
