#include "visitors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "limits_vsap.h"
#include "tally.h"

static int
parse_from(struct visitors *v, const char *text, char *err, size_t errlen)
{
	char one[64];
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (v->nfrom == VISITORS_FROM_MAX) {
			snprintf(err, errlen, "-a=: no more than %d networks",
			    VISITORS_FROM_MAX);
			return -1;
		}
		snprintf(one, sizeof(one), "%.*s", n < 63 ? (int)n : 63, text);
		if (cidr_parse(&v->from[v->nfrom], one, err, errlen) == -1)
			return -1;
		v->nfrom++;
		if (text[n] == '\0')
			return 0;
	}
}

static int
parse_rate(struct visitors *v, const char *text, char *err, size_t errlen)
{
	const char *bad;

	v->rate = (unsigned)strtonum(text, 1, VISITORS_RATE_MAX, &bad);
	if (bad == NULL)
		return 0;
	snprintf(err, errlen,
	    "-r=: connections a minute from one source, 1 to %d",
	    VISITORS_RATE_MAX);
	return -1;
}

int
visitors_parse(struct visitors **v, const char *from, const char *rate,
    char *err, size_t errlen)
{
	*v = NULL;
	if (from == NULL && rate == NULL)
		return 0;
	if ((*v = calloc(1, sizeof(**v))) == NULL) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	if ((from == NULL || parse_from(*v, from, err, errlen) == 0) &&
	    (rate == NULL || parse_rate(*v, rate, err, errlen) == 0))
		return 0;
	free(*v);
	*v = NULL;
	return -1;
}

bool
visitors_same(const struct visitors *a, const struct visitors *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->rate == b->rate && a->nfrom == b->nfrom &&
	       memcmp(a->from, b->from, a->nfrom * sizeof(a->from[0])) == 0;
}

static bool
from_there(const struct visitors *v, const struct in6_addr *ip)
{
	if (v == NULL || v->nfrom == 0)
		return true;
	for (size_t i = 0; i < v->nfrom; i++)
		if (cidr_contains(&v->from[i], ip))
			return true;
	return false;
}

/* The narrower one of two, 0 being none. */
static unsigned
narrower(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static bool
not_too_often(struct gateway *gw, unsigned rate, const char *name,
    const struct in6_addr *ip)
{
	char key[TALLY_KEY_MAX];
	uint64_t now = clock_ms();
	struct tally_entry *e;
	size_t n;

	if (rate == 0)
		return true;
	memcpy(key, ip, sizeof(*ip));
	/* A machine has a whole /64 of IPv6. */
	if (!IN6_IS_ADDR_V4MAPPED(ip))
		memset(key + 8, 0, 8);
	/* The end of a long name tells more than its beginning. */
	n = strlen(name);
	if (n > sizeof(key) - sizeof(*ip)) {
		name += n - (sizeof(key) - sizeof(*ip));
		n = sizeof(key) - sizeof(*ip);
	}
	memcpy(key + sizeof(*ip), name, n);
	e = tally_get(gw->visits, key, sizeof(*ip) + n, now);
	return e != NULL && tally_event(e, 0, rate, now);
}

bool
visitors_let_in(struct gateway *gw, const struct visitors *asked,
    const struct rule *rule, const char *name, const struct sockaddr *sa)
{
	struct in6_addr ip;
	unsigned rate;

	if (addr_ip_sa(sa, &ip) == -1)
		return true; /* of this host */
	if (!from_there(asked, &ip) ||
	    (rule != NULL && !rule_admits_visitor(rule, &ip)))
		return false;
	rate = narrower(asked != NULL ? asked->rate : 0,
	    rule != NULL ? rule_visitor_rate(rule) : 0);
	return not_too_often(gw, rate, name, &ip);
}
