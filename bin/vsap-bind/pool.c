#include "pool.h"

/* A way of this many microseconds widens the surge by one floor. */
#define SURGE_STEP 1000

#define TOOK_SHARE 4	/* of the last one in what it takes of late */
#define TOOK_TWICE 5000 /* microseconds over twice the best: too long */

void
pool_init(struct pool *p, unsigned floor, unsigned max)
{
	p->max = max;
	p->floor = floor < max ? floor : max;
	p->target = p->floor;
	p->lowest = p->floor;
	p->visits = 0;
	p->grown = 0;
	p->took = p->best = 0;
}

void
pool_ready(struct pool *p, uint64_t took)
{
	if (p->best == 0 || took < p->best)
		p->best = took;
	if (p->took == 0)
		p->took = took;
	p->took += took / TOOK_SHARE - p->took / TOOK_SHARE;
}

/* In this time those that were called last are here. */
static uint64_t
generation(const struct pool *p, uint32_t rtt)
{
	uint64_t least = 2 * (uint64_t)rtt + SURGE_STEP;

	return p->took > least ? p->took : least;
}

/* Do those that are called wait for each other? */
static bool
is_crowded(const struct pool *p, uint32_t rtt)
{
	uint64_t best = 2 * (uint64_t)rtt;

	if (p->best > best)
		best = p->best;
	return p->took > 2 * best + TOOK_TWICE;
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
	if (idle > p->target / 2 || is_crowded(p, rtt))
		return;
	if (p->grown != 0 && now - p->grown < generation(p, rtt))
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
	if (quiet)
		p->took = p->best = 0;
	return quiet;
}
