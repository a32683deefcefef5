/*
 * Does a rule match where somebody wants to go?
 *
 * A rule that permits and one that denies are read differently where the
 * question has two sides: what permits has to be sure and has to have been
 * meant, what denies holds for everything that could be meant.
 */
#include "rules_impl.h"

#include <string.h>
#include <strings.h>

/* ---- ports ---- */

bool
where_has_port(const struct where *w, uint16_t port)
{
	for (size_t i = 0; i < w->nports; i++)
		if (port >= w->ports[i].lo && port <= w->ports[i].hi)
			return true;
	return w->nports == 0;
}

static bool
names_port(const struct where *w, uint16_t port)
{
	for (size_t i = 0; i < w->nports; i++)
		if (w->ports[i].lo == port && w->ports[i].hi == port)
			return true;
	return false;
}

/* ---- hosts, and what is no IP address ---- */

/* A host name against a lower-case pattern; its last dot means nothing. */
static bool
host_matches(const char *pattern, const char *host, size_t len)
{
	char name[ADDR_HOST_MAX + 1];
	size_t n;

	rule_lower(name, sizeof(name), host, len);
	if ((n = strlen(name)) > 0 && name[n - 1] == '.')
		name[n - 1] = '\0';
	return rule_glob(pattern, name);
}

/* Without ports a URL is for port 80, but who denies it means the server. */
static bool
http_matches(const struct where *w, bool permit, const struct addr *a)
{
	size_t host = strcspn(a->text, "/");

	if (w->nports == 0 ? permit && a->port != ADDR_HTTP_PORT
			   : !where_has_port(w, a->port))
		return false;
	return host_matches(w->pattern, a->text, host) &&
	       rule_glob(w->pattern + w->path, a->text + host);
}

/* Names, paths and http; named: only without '*'. */
static bool
by_text(const struct where *w, bool permit, const struct addr *a, bool named)
{
	if (w->kind == WHERE_ALL)
		return true;
	switch (a->kind) {
	case ADDR_NAME:
		return w->kind == WHERE_NAME && rule_glob(w->pattern, a->text);
	case ADDR_UNIX:
		return w->kind == WHERE_PATH &&
		       rule_glob(w->pattern, a->text) &&
		       (!named || strchr(w->pattern, '*') == NULL);
	case ADDR_HTTP:
		return w->kind == WHERE_HTTP && http_matches(w, permit, a);
	default:
		return false;
	}
}

/* ---- BIND ---- */

static bool
is_named(const struct addr *a)
{
	return a->family == AF_UNSPEC && !a->any;
}

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

/* Who may not bind one address may not bind every address either: that one
 * is among them. */
static bool
net_binds(const struct where *w, bool permit, const struct addr *a)
{
	struct in6_addr ip;

	if (a->any)
		return !permit;
	return bind_ip(a, &ip) && cidr_contains(&w->net, &ip);
}

bool
where_binds(const struct where *w, bool permit, const struct addr *a)
{
	if ((w->verbs & RULE_BIND) == 0)
		return false;
	if (a->kind != ADDR_TCP)
		return by_text(w, permit, a, false);
	switch (w->kind) {
	case WHERE_ALL:
	case WHERE_EVERY:
		return true;
	case WHERE_NET:
		return net_binds(w, permit, a);
	default:
		return false;
	}
}

/* ---- CONNECT, FORWARD ---- */

static bool
is_localhost(const struct addr *a)
{
	return is_named(a) &&
	       host_matches("localhost", a->text, sizeof(a->text));
}

/* The two addresses that this name has everywhere. */
static bool
is_localhosts(const struct in6_addr *ip)
{
	return IN6_ARE_ADDR_EQUAL(ip, &loopback4) ||
	       IN6_ARE_ADDR_EQUAL(ip, &in6addr_loopback);
}

#define ENDS 4

/*
 * Where a connection to ip may end: there, at the IPv4 address that it
 * embeds, and for 0.0.0.0 (so ::) at loopback.  Returns how many.
 */
static size_t
ends_of(const struct in6_addr *ip, struct in6_addr ends[ENDS])
{
	static const uint8_t zero[4];
	size_t n = 0;

	ends[n++] = *ip;
	if (!addr_ip_embedded(ip, &ends[n]))
		return n;
	if (memcmp(&ends[n++].s6_addr[12], zero, sizeof(zero)) == 0) {
		ends[n++] = loopback4;
		ends[n++] = in6addr_loopback;
	}
	return n;
}

static bool
net_stops(const struct cidr *net, const struct in6_addr *ip)
{
	struct in6_addr ends[ENDS];
	size_t n = ends_of(ip, ends);

	for (size_t i = 0; i < n; i++)
		if (cidr_contains(net, &ends[i]))
			return true;
	return false;
}

static bool
loopback_stops(const struct in6_addr *ip)
{
	struct in6_addr ends[ENDS];
	size_t n = ends_of(ip, ends);

	for (size_t i = 0; i < n; i++)
		if (addr_ip_loopback(&ends[i]))
			return true;
	return false;
}

/* ip NULL: a name that is not resolved yet; only what is sure. */
static bool
denies(const struct where *w, const struct addr *a, const struct in6_addr *ip)
{
	switch (w->kind) {
	case WHERE_ALL:
	case WHERE_EVERY:
		return true;
	case WHERE_NET:
		return ip == NULL ? w->net.bits == 0 : net_stops(&w->net, ip);
	case WHERE_HOST:
		return is_named(a) &&
		       host_matches(w->pattern, a->text, sizeof(a->text));
	case WHERE_LOCALHOST:
		return is_localhost(a) || (ip != NULL && loopback_stops(ip));
	default:
		return false;
	}
}

/* ip NULL: a name that is not resolved yet; what might match, matches. */
static bool
permits(const struct where *w, const struct addr *a, const struct in6_addr *ip)
{
	bool guarded = ip != NULL && addr_ip_guarded(ip);

	switch (w->kind) {
	case WHERE_ALL:
		return true;
	case WHERE_EVERY:
		return !guarded;
	case WHERE_NET:
		return ip == NULL || (cidr_contains(&w->net, ip) &&
					 (!guarded || cidr_guarded(&w->net)));
	case WHERE_HOST:
		return !guarded && is_named(a) &&
		       host_matches(w->pattern, a->text, sizeof(a->text));
	case WHERE_LOCALHOST:
		return is_named(a) ? is_localhost(a) &&
					 (ip == NULL || addr_ip_loopback(ip))
				   : ip != NULL && is_localhosts(ip);
	default:
		return false;
	}
}

/* The gateway's own listener has to be meant: one host, one port. */
static bool
names_own(const struct where *w, uint16_t port)
{
	if (w->kind == WHERE_ALL)
		return true;
	return names_port(w, port) &&
	       (w->kind == WHERE_LOCALHOST ||
		   (w->kind == WHERE_NET && w->net.bits == 128));
}

bool
where_reaches(const struct where *w, bool permit, const struct addr *a,
    const struct in6_addr *ip, bool own)
{
	if ((w->verbs & RULE_REACH) == 0)
		return false;
	if (a->kind != ADDR_TCP)
		return by_text(w, permit, a, permit && own);
	if (ip == NULL && !is_named(a))
		ip = &a->ip;
	if (!permit)
		return denies(w, a, ip);
	return (!own || names_own(w, a->port)) && permits(w, a, ip);
}
