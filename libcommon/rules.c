/*
 * Rules: what a session may do.  Here they are held and asked; how one is
 * made is in rules_rule.c and rules_text.c, what it matches in rules_match.c.
 */
#include "rules_impl.h"

#include <stdlib.h>
#include <string.h>

struct rules *
rules_new(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	STAILQ_INIT(&r->list);
	STAILQ_INIT(&r->groups);
	return r;
}

void
rules_free(struct rules *r)
{
	struct group *g;
	struct rule *rule;

	if (r == NULL)
		return;
	while ((rule = STAILQ_FIRST(&r->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->list, next);
		rule_free(rule);
	}
	while ((g = STAILQ_FIRST(&r->groups)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->groups, next);
		words_free(&g->users);
		free(g->name);
		free(g);
	}
	free(r->admit);
	free(r);
}

void
rules_append(struct rules *r, struct rule *rule)
{
	STAILQ_INSERT_TAIL(&r->list, rule, next);
}

const struct rule *
rules_next(const struct rules *r, const struct rule *rule)
{
	return rule == NULL ? STAILQ_FIRST(&r->list) : STAILQ_NEXT(rule, next);
}

/* ---- groups ---- */

static struct group *
group_find(const struct rules *r, const char *name)
{
	struct group *g;

	STAILQ_FOREACH(g, &r->groups, next)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

int
rules_group_add(struct rules *r, const char *name, const char *user)
{
	struct group *g = group_find(r, name);

	if (g == NULL) {
		if ((g = calloc(1, sizeof(*g))) == NULL)
			return -1;
		if ((g->name = strdup(name)) == NULL) {
			free(g);
			return -1;
		}
		STAILQ_INSERT_TAIL(&r->groups, g, next);
	}
	if (words_have(&g->users, user))
		return 0;
	return words_add(&g->users, user);
}

bool
rules_group_known(const struct rules *r, const char *name)
{
	return group_find(r, name) != NULL;
}

/* ---- who is let in ---- */

int
rules_add_admit(struct rules *r, const char *cidr, char *err, size_t errlen)
{
	struct cidr net, *grown;

	if (cidr_parse(&net, cidr, err, errlen) == -1)
		return -1;
	grown = list_grow(r->admit, r->nadmit, sizeof(*grown));
	if (grown == NULL) {
		strlcpy(err, "out of memory", errlen);
		return -1;
	}
	r->admit = grown;
	r->admit[r->nadmit++] = net;
	return 0;
}

bool
rules_admit(const struct rules *r, const struct in6_addr *ip)
{
	if (r->nadmit == 0)
		return addr_ip_loopback(ip) || addr_ip_private(ip);
	for (size_t i = 0; i < r->nadmit; i++)
		if (cidr_contains(&r->admit[i], ip))
			return true;
	return false;
}

/* The address of a wider network is none of 127.0.0.0/8: its host bits are
 * cleared. */
static bool
network_is_loopback(const struct cidr *net)
{
	return addr_ip_loopback(&net->ip);
}

/* Might somebody who is not local be meant? */
static bool
serves_strangers(const struct rule *rule)
{
	if (rule->uids.n > 0 || rule->gids.n > 0)
		return false;
	for (size_t i = 0; i < rule->nfrom; i++)
		if (rule->from[i].all ||
		    (!rule->from[i].local &&
			!network_is_loopback(&rule->from[i].net)))
			return true;
	return rule->nfrom == 0;
}

bool
rules_serve_strangers(const struct rules *r)
{
	const struct rule *rule;

	STAILQ_FOREACH(rule, &r->list, next) {
		if (rule->permit && serves_strangers(rule))
			return true;
		/* behind "deny any" nothing matters */
		if (!rule->permit && rule_for_everybody(rule) &&
		    rule->verbs == RULE_ALL_VERBS &&
		    (rule->nwhere == 0 || words_have(&rule->texts, "any")))
			return false;
	}
	return false;
}

/* ---- what a rule says besides ---- */

bool
rule_permits(const struct rule *rule)
{
	return rule != NULL && rule->permit;
}

int
rule_proxy(const struct rule *rule)
{
	return rule == NULL ? 0 : rule->proxy;
}

unsigned
rule_visitor_rate(const struct rule *rule)
{
	return rule == NULL ? 0 : rule->rate;
}

bool
rule_admits_visitor(const struct rule *rule, const struct in6_addr *ip)
{
	if (rule == NULL)
		return false;
	for (size_t i = 0; i < rule->nvisitors; i++)
		if (cidr_contains(&rule->visitors[i], ip))
			return true;
	return rule->nvisitors == 0;
}

/* ---- asking ---- */

/* What rules are about; descriptors and commands are nobody's to ask for. */
static bool
is_askable(const struct addr *a)
{
	switch (a->kind) {
	case ADDR_STDIO:
	case ADDR_FD:
	case ADDR_EXEC:
	case ADDR_FDPASS:
		return false;
	default:
		return true;
	}
}

/* A TCP address with its port, not 0. */
static bool
binds(const struct rule *rule, const struct addr *a)
{
	for (size_t i = 0; i < rule->nwhere; i++) {
		const struct where *w = &rule->where[i];

		if (where_binds(w, rule->permit, a) &&
		    (a->kind != ADDR_TCP || where_has_port(w, a->port)))
			return true;
	}
	return rule->nwhere == 0;
}

static const struct rule *
first_bind(const struct rules *r, const struct rule_who *who,
    const struct addr *a)
{
	const struct rule *rule;

	STAILQ_FOREACH(rule, &r->list, next)
		if ((rule->verbs & RULE_BIND) != 0 &&
		    rule_concerns(r, rule, who) && binds(rule, a))
			return rule;
	return NULL;
}

/* Does it decide about a port of the address, whichever? */
static bool
binds_some_port(const struct rules *r, const struct rule *rule,
    const struct rule_who *who, const struct addr *a)
{
	bool some = rule->nwhere == 0;

	if ((rule->verbs & RULE_BIND) == 0 || !rule_concerns(r, rule, who))
		return false;
	for (size_t i = 0; i < rule->nwhere && !some; i++)
		some = where_binds(&rule->where[i], rule->permit, a);
	return some;
}

const struct rule *
rules_bind(const struct rules *r, const struct rule_who *who,
    const struct addr *a, uint16_t *lo, uint16_t *hi)
{
	struct addr one = *a;
	const struct rule *rule;

	*lo = *hi = 0;
	if (!is_askable(a))
		return NULL;
	if (a->kind != ADDR_TCP || a->port != 0)
		return first_bind(r, who, a);
	if ((one.port = ports_free(r, who, a, lo, hi)) != 0)
		return first_bind(r, who, &one);
	STAILQ_FOREACH(rule, &r->list, next)
		if (binds_some_port(r, rule, who, a))
			return rule;
	return NULL;
}

bool
rules_bind_anybody(const struct rules *r, const struct addr *a, uint16_t lo,
    uint16_t hi)
{
	if (!is_askable(a) || lo > hi || (lo == 0 && hi != 0))
		return false;
	if (a->kind == ADDR_TCP && a->port == 0)
		return ports_all_granted(r, a, lo == 0 ? PORTS_FREE : lo,
		    hi == 0 ? UINT16_MAX : hi);
	return hi == 0 && rule_permits(first_bind(r, NULL, a));
}

static bool
reaches(const struct rule *rule, const struct addr *a,
    const struct in6_addr *ip, bool own)
{
	for (size_t i = 0; i < rule->nwhere; i++) {
		const struct where *w = &rule->where[i];

		if (where_reaches(w, rule->permit, a, ip, own) &&
		    (a->kind != ADDR_TCP || where_has_port(w, a->port)))
			return true;
	}
	return rule->nwhere == 0;
}

const struct rule *
rules_reach(const struct rules *r, enum rule_verb verb,
    const struct rule_who *who, const struct addr *a, const struct in6_addr *ip,
    bool own)
{
	const struct rule *rule;

	if (!is_askable(a))
		return NULL;
	STAILQ_FOREACH(rule, &r->list, next)
		if ((rule->verbs & verb) != 0 && rule_concerns(r, rule, who) &&
		    reaches(rule, a, ip, own))
			return rule;
	return NULL;
}

const struct rule *
rules_stat(const struct rules *r, const struct rule_who *who)
{
	const struct rule *rule;

	STAILQ_FOREACH(rule, &r->list, next)
		if ((rule->verbs & RULE_STAT) != 0 &&
		    rule_concerns(r, rule, who))
			return rule;
	return NULL;
}
