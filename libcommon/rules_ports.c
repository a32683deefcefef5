/*
 * BIND of port 0: what the rules say about every port at once.  A bit for
 * each port is set by the first rule that decides about it.
 */
#include "rules_impl.h"

#include <string.h>

#define PORTS 65536

/* One bit for each port. */
struct port_map {
	uint64_t decided[PORTS / 64];
	uint64_t granted[PORTS / 64];
};

/* Ports that no earlier rule decided are decided now. */
static void
decide(struct port_map *m, unsigned lo, unsigned hi, bool permit)
{
	for (unsigned i = lo / 64; i <= hi / 64; i++) {
		uint64_t mask = UINT64_MAX;

		if (i == lo / 64)
			mask &= UINT64_MAX << lo % 64;
		if (i == hi / 64)
			mask &= UINT64_MAX >> (63 - hi % 64);
		if (permit)
			m->granted[i] |= mask & ~m->decided[i];
		m->decided[i] |= mask;
	}
}

static bool
granted(const struct port_map *m, unsigned port)
{
	return (m->granted[port / 64] >> port % 64 & 1) != 0;
}

static void
decide_by_rule(struct port_map *m, const struct rule *rule,
    const struct addr *a)
{
	if (rule->nwhere == 0)
		decide(m, 1, PORTS - 1, rule->permit);
	for (size_t i = 0; i < rule->nwhere; i++) {
		const struct where *w = &rule->where[i];

		if (!where_binds(w, rule->permit, a))
			continue;
		if (w->nports == 0)
			decide(m, 1, PORTS - 1, rule->permit);
		for (size_t k = 0; k < w->nports; k++)
			decide(m, w->ports[k].lo, w->ports[k].hi, rule->permit);
	}
}

/* Every port of the TCP address a as the first match says. */
static void
map_ports(struct port_map *m, const struct rules *r, const struct rule_who *who,
    const struct addr *a)
{
	const struct rule *rule;

	memset(m, 0, sizeof(*m));
	STAILQ_FOREACH(rule, &r->list, next)
		if ((rule->verbs & RULE_BIND) != 0 &&
		    rule_concerns(r, rule, who))
			decide_by_rule(m, rule, a);
}

static bool
all_granted(const struct port_map *m, unsigned lo, unsigned hi)
{
	for (unsigned port = lo; port <= hi; port++)
		if (!granted(m, port))
			return false;
	return true;
}

/* The longest run, the first of equal ones; hi 0 where there is none. */
static void
longest_run(const struct port_map *m, unsigned *lo, unsigned *hi)
{
	unsigned first = 1;

	*lo = *hi = 0;
	for (unsigned port = 1; port < PORTS; port++) {
		if (!granted(m, port))
			first = port + 1;
		else if (*hi == 0 || port - first > *hi - *lo) {
			*lo = first;
			*hi = port;
		}
	}
}

uint16_t
ports_free(const struct rules *r, const struct rule_who *who,
    const struct addr *a, uint16_t *lo, uint16_t *hi)
{
	struct port_map m;
	unsigned first, last;

	map_ports(&m, r, who, a);
	longest_run(&m, &first, &last);
	if (last != 0 && !all_granted(&m, PORTS_FREE, PORTS - 1)) {
		*lo = (uint16_t)first;
		*hi = (uint16_t)last;
	}
	return (uint16_t)first;
}

bool
ports_all_granted(const struct rules *r, const struct addr *a, uint16_t lo,
    uint16_t hi)
{
	struct port_map m;

	map_ports(&m, r, NULL, a);
	return all_granted(&m, lo, hi);
}
