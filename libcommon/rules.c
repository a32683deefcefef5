/*
 * Rules: what a session may bind and connect.  rules_text.c reads them;
 * here they are held and asked.  All rules permit, so the first match is
 * any match, and what no rule matches is denied.
 */
#include "rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules_text.h"

struct rules {
	struct rule_list list;
	bool given[2]; /* the default of an action is replaced */
	struct admit *admit;
	size_t nadmit;
	bool upstream;
};

struct admit {
	struct cidr net;
};

struct rules *
rules_new(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (r != NULL)
		STAILQ_INIT(&r->list);
	return r;
}

void
rules_free(struct rules *r)
{
	struct rule *rule;

	if (r == NULL)
		return;
	while ((rule = STAILQ_FIRST(&r->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->list, next);
		free(rule);
	}
	free(r->admit);
	free(r);
}

int
rules_add(struct rules *r, enum rule_action action, const char *text, char *err,
    size_t errlen)
{
	struct rule *rule = rule_parse(action, text, err, errlen);

	if (rule == NULL)
		return -1;
	STAILQ_INSERT_TAIL(&r->list, rule, next);
	r->given[action] = true;
	return 0;
}

int
rules_add_admit(struct rules *r, const char *cidr, char *err, size_t errlen)
{
	struct admit *grown;
	struct cidr net;

	if (cidr_parse(&net, cidr, err, errlen) == -1)
		return -1;
	grown = reallocarray(r->admit, r->nadmit + 1, sizeof(*grown));
	if (grown == NULL) {
		strlcpy(err, "out of memory", errlen);
		return -1;
	}
	r->admit = grown;
	r->admit[r->nadmit++].net = net;
	return 0;
}

void
rules_set_upstream(struct rules *r, bool upstream)
{
	r->upstream = upstream;
}

bool
rules_admit(const struct rules *r, const struct in6_addr *ip)
{
	if (r->nadmit == 0)
		return addr_ip_loopback(ip) || addr_ip_private(ip);
	for (size_t i = 0; i < r->nadmit; i++)
		if (cidr_contains(&r->admit[i].net, ip))
			return true;
	return false;
}

bool
rules_serve_strangers(const struct rules *r)
{
	return r->upstream || !STAILQ_EMPTY(&r->list);
}

static bool
has_port(const struct rule *rule, uint16_t port)
{
	for (size_t i = 0; i < rule->nports; i++)
		if (port >= rule->ports[i].lo && port <= rule->ports[i].hi)
			return true;
	return false;
}

/* ---- patterns ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Match '*' as any run of bytes.  The parts between stars are found left to
 * right, each at its first place, by memmem(3): time is linear in the
 * text, whatever the pattern.
 */
static bool
glob(const char *pattern, const char *text)
{
	size_t part = strcspn(pattern, "*"), left = strlen(text);
	const char *at;

	if (strncmp(pattern, text, part) != 0)
		return false;
	if (pattern[part] == '\0')
		return text[part] == '\0';
	for (text += part, left -= part;;
	     left -= (size_t)(at - text), text = at) {
		pattern += part + 1;
		part = strcspn(pattern, "*");
		if (pattern[part] == '\0')
			break;
		if ((at = memmem(text, left, pattern, part)) == NULL)
			return false;
		at += part;
	}
	return left >= part && strcmp(text + left - part, pattern) == 0;
}

/* A host name against a lower-case pattern; its last dot means nothing. */
static bool
host_matches(const struct rule *rule, const char *host)
{
	char name[ADDR_HOST_MAX + 1];
	size_t i;

	for (i = 0; host[i] != '\0' && i < sizeof(name) - 1; i++)
		name[i] = lower(host[i]);
	if (i > 0 && name[i - 1] == '.')
		i--;
	name[i] = '\0';
	return glob(rule->pattern, name);
}

static bool
is_named(const struct addr *a)
{
	return a->family == AF_UNSPEC && !a->any;
}

/* Names and paths: local peers meet there freely, others by a rule. */
static bool
meet(const struct rules *r, enum rule_action action, const struct rule_who *who,
    const struct addr *a)
{
	enum rule_kind kind;
	const struct rule *rule;

	if (a->kind != ADDR_NAME && a->kind != ADDR_UNIX)
		return false;
	if (who->local || (r->upstream && !r->given[action]))
		return true;
	kind = a->kind == ADDR_NAME ? RULE_NAME : RULE_PATH;
	STAILQ_FOREACH(rule, &r->list, next)
		if (rule->action == action && rule->kind == kind &&
		    glob(rule->pattern, a->text))
			return true;
	return false;
}

/* ---- BIND ---- */

static const struct in6_addr loopback4 = {
	.s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 }
};

/*
 * The address to bind in *ip; false for a name that is not "localhost",
 * about which nothing is known before it is resolved.
 */
static bool
bind_ip(const struct addr *a, struct in6_addr *ip)
{
	*ip = a->ip;
	if (!is_named(a))
		return true;
	*ip = loopback4;
	return strcasecmp(a->text, "localhost") == 0;
}

static bool
bind_matches(const struct rule *rule, const struct addr *a)
{
	struct in6_addr ip;

	if (rule->action != RULE_BIND)
		return false;
	if (rule->kind == RULE_ANY)
		return true;
	return rule->kind == RULE_NET && !a->any && bind_ip(a, &ip) &&
	       cidr_contains(&rule->net, &ip);
}

/*
 * For port 0 the widest range that the rules give for the address.  One
 * that has every unprivileged port has the ephemeral ones, and then the
 * system chooses.
 */
static bool
bind_free_port(const struct rules *r, const struct addr *a, uint16_t *lo,
    uint16_t *hi)
{
	const struct port_range *best = NULL, *p;
	const struct rule *rule;

	STAILQ_FOREACH(rule, &r->list, next) {
		if (!bind_matches(rule, a))
			continue;
		for (p = rule->ports; p < rule->ports + rule->nports; p++)
			if (best == NULL || p->hi - p->lo > best->hi - best->lo)
				best = p;
	}
	if (best == NULL)
		return false;
	if (best->lo > 1024 || best->hi < 65535) {
		*lo = best->lo;
		*hi = best->hi;
	}
	return true;
}

static bool
bind_default(const struct rule_who *who, const struct addr *a)
{
	struct in6_addr ip;

	return who->local && !a->any && bind_ip(a, &ip) &&
	       addr_ip_loopback(&ip) && (a->port == 0 || a->port > 1023);
}

bool
rules_bind(const struct rules *r, const struct rule_who *who,
    const struct addr *a, uint16_t *lo, uint16_t *hi)
{
	const struct rule *rule;

	*lo = *hi = 0;
	if (a->kind != ADDR_TCP)
		return meet(r, RULE_BIND, who, a);
	if (!r->given[RULE_BIND])
		return r->upstream || bind_default(who, a);
	if (a->port == 0)
		return bind_free_port(r, a, lo, hi);
	STAILQ_FOREACH(rule, &r->list, next)
		if (bind_matches(rule, a) && has_port(rule, a->port))
			return true;
	return false;
}

/* ---- CONNECT ---- */

/* ip NULL: a name that is not resolved yet; what might match, matches. */
static bool
connect_matches(const struct rule *rule, const struct addr *a,
    const struct in6_addr *ip)
{
	bool guarded = ip != NULL && addr_ip_guarded(ip);

	switch (rule->kind) {
	case RULE_ANY:
		return !guarded;
	case RULE_NET:
		return ip == NULL ||
		       (cidr_contains(&rule->net, ip) &&
			   (!guarded || cidr_guarded(&rule->net)));
	case RULE_HOST:
		return !guarded && is_named(a) && host_matches(rule, a->text);
	case RULE_LOCALHOST:
		return is_named(a) && host_matches(rule, a->text) &&
		       (ip == NULL || addr_ip_loopback(ip));
	default:
		return false;
	}
}

bool
rules_connect(const struct rules *r, const struct rule_who *who,
    const struct addr *a, const struct in6_addr *ip)
{
	const struct rule *rule;

	if (a->kind != ADDR_TCP)
		return meet(r, RULE_CONNECT, who, a);
	if (!r->given[RULE_CONNECT])
		return r->upstream || who->local;
	if (ip == NULL && !is_named(a))
		ip = &a->ip;
	STAILQ_FOREACH(rule, &r->list, next)
		if (rule->action == RULE_CONNECT && has_port(rule, a->port) &&
		    connect_matches(rule, a, ip))
			return true;
	return false;
}
