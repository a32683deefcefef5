/*
 * Names to addresses; numbers and localhost without DNS.
 */

#include "resolv_impl.h"

#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <string.h>

struct forward {
	struct resolv_query query;
	void (*done)(void *, const struct resolv_addr *, int, const char *);
	void *arg;
	uint16_t port;
	int n;
	const char *error;
	struct resolv_addr addrs[RESOLV_MAX];
};

static void
add_addr(struct forward *f, int family, const void *ip)
{
	struct resolv_addr *a;
	struct sockaddr_in *sin;
	struct sockaddr_in6 *sin6;

	if (f->n == RESOLV_MAX)
		return;
	a = &f->addrs[f->n++];
	if (family == AF_INET) {
		sin = (struct sockaddr_in *)&a->ss;
		sin->sin_family = AF_INET;
		sin->sin_port = htons(f->port);
		memcpy(&sin->sin_addr, ip, sizeof(sin->sin_addr));
		a->len = sizeof(*sin);
		return;
	}
	sin6 = (struct sockaddr_in6 *)&a->ss;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(f->port);
	memcpy(&sin6->sin6_addr, ip, sizeof(sin6->sin6_addr));
	a->len = sizeof(*sin6);
}

/* An address as c-ares gave it, with the scope of a link-local one. */
static void
add_sockaddr(struct forward *f, const struct sockaddr *sa)
{
	struct sockaddr_storage ss = { 0 };
	const struct sockaddr_in *sin;
	struct sockaddr_in6 sin6;
	int n = f->n;

	if (sa->sa_family == AF_INET) {
		memcpy(&ss, sa, sizeof(*sin));
		sin = (const struct sockaddr_in *)&ss;
		add_addr(f, AF_INET, &sin->sin_addr);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		add_addr(f, AF_INET6, &sin6.sin6_addr);
		if (f->n > n)
			((struct sockaddr_in6 *)&f->addrs[n].ss)
			    ->sin6_scope_id = sin6.sin6_scope_id;
	}
}

static void
on_ares(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct forward *f = arg;
	struct ares_addrinfo_node *node;

	(void)timeouts;
	if (resolv_asked(&f->query)) {
		f->error = resolv_error_text(
		    status == ARES_SUCCESS ? ARES_ENODATA : status);
		if (status == ARES_SUCCESS)
			for (node = ai->nodes; node; node = node->ai_next)
				add_sockaddr(f, node->ai_addr);
		resolv_answer(&f->query);
	}
	if (ai != NULL)
		ares_freeaddrinfo(ai);
}

static bool
needs_dns(const char *host)
{
	struct in6_addr ip;

	return inet_pton(AF_INET, host, &ip) != 1 &&
	       inet_pton(AF_INET6, host, &ip) != 1 &&
	       !resolv_is_localhost(host);
}

/* What needs no DNS: numbers and localhost. */
static void
add_known(struct forward *f, const char *host, int family)
{
	struct in_addr v4 = { htonl(INADDR_LOOPBACK) };
	struct in6_addr v6 = in6addr_loopback;
	bool is4 = inet_pton(AF_INET, host, &v4) == 1;
	bool is6 = inet_pton(AF_INET6, host, &v6) == 1;

	f->error =
	    family == AF_INET ? "not an IPv4 address" : "not an IPv6 address";
	/* 127.0.0.1 first: what is bound as localhost here is bound there */
	if (!is6 && family != AF_INET6)
		add_addr(f, AF_INET, &v4);
	if (!is4 && family != AF_INET)
		add_addr(f, AF_INET6, &v6);
}

static void
tell(struct resolv_query *q)
{
	struct forward *f = (struct forward *)q;

	if (f->n == 0)
		errno = EHOSTUNREACH;
	f->done(f->arg, f->addrs, f->n, f->n > 0 ? NULL : f->error);
}

struct resolv_query *
resolv_start(struct resolv *r, const char *host, uint16_t port, int family,
    void (*done)(void *, const struct resolv_addr *, int, const char *),
    void *arg)
{
	struct ares_addrinfo_hints hints = { 0 };
	bool ares = needs_dns(host);
	struct forward *f;

	f = resolv_query_new(r, sizeof(*f), tell, ares);
	if (f == NULL)
		return NULL;
	f->port = port;
	f->done = done;
	f->arg = arg;
	if (!ares) {
		add_known(f, host, family);
		resolv_answer(&f->query);
		return &f->query;
	}
	hints.ai_family = family;
	hints.ai_socktype = SOCK_STREAM;
	ares_getaddrinfo(resolv_asking(&f->query), host, NULL, &hints, on_ares,
	    f);
	resolv_set_timer(r);
	return &f->query;
}
