/*
 * Names to addresses by c-ares on the event loop.  The channel is made at
 * the first name that needs it and made anew when /etc/resolv.conf has
 * changed.  Every answer, also one known at once, reaches the caller from
 * an event of its own: nothing of c-ares is on the stack then, so the
 * callback may free whatever it likes.
 */

#include "resolv.h"

#include <sys/queue.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <ares.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RESOLV_CONF "/etc/resolv.conf"

struct resolv_query {
	LIST_ENTRY(resolv_query) entry;
	struct event *answer; /* active once the answer is there */
	void (*done)(void *, const struct resolv_addr *, int, const char *);
	void *arg;
	bool asked;	/* c-ares still holds a pointer to this */
	bool cancelled; /* nobody waits; freed when c-ares lets go */
	uint16_t port;
	int n;
	const char *error;
	struct resolv_addr addrs[RESOLV_MAX];
};

struct resolv_sock {
	LIST_ENTRY(resolv_sock) entry;
	struct resolv *resolv;
	int fd;
	struct event *ev;
};

struct resolv {
	struct event_base *base;
	struct event *timer;
	ares_channel channel;
	bool open;	      /* channel is there */
	struct timespec conf; /* change time of resolv.conf when it was read */
	LIST_HEAD(resolv_queries, resolv_query) queries;
	LIST_HEAD(resolv_socks, resolv_sock) socks;
};

static void
set_timer(struct resolv *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv) != NULL)
		event_add(r->timer, &tv);
	else
		event_del(r->timer);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct resolv *r = arg;

	(void)fd;
	(void)what;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(r);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct resolv_sock *s = arg;
	struct resolv *r = s->resolv;

	/* s may be gone when this returns */
	ares_process_fd(r->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	set_timer(r);
}

static void
sock_free(struct resolv_sock *s)
{
	LIST_REMOVE(s, entry);
	if (s->ev != NULL)
		event_free(s->ev);
	free(s);
}

static struct resolv_sock *
sock_get(struct resolv *r, int fd)
{
	struct resolv_sock *s;

	LIST_FOREACH(s, &r->socks, entry)
		if (s->fd == fd)
			return s;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->resolv = r;
	s->fd = fd;
	LIST_INSERT_HEAD(&r->socks, s, entry);
	return s;
}

/* c-ares tells what it wants of a descriptor; neither: it is closing it. */
static void
on_sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolv *r = arg;
	struct resolv_sock *s;
	short what = EV_PERSIST;

	/* without memory for s the query ends by its timeout */
	if ((s = sock_get(r, fd)) == NULL)
		return;
	if (!readable && !writable) {
		sock_free(s);
		return;
	}
	what |= (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = event_new(r->base, fd, what, on_socket, s);
	if (s->ev != NULL)
		event_add(s->ev, NULL);
}

static void
channel_close(struct resolv *r)
{
	if (!r->open)
		return;
	r->open = false;
	ares_destroy(r->channel); /* calls back for what is under way */
	event_del(r->timer);
}

/* The channel, made or made anew when needed.  0 or -1. */
static int
channel_open(struct resolv *r)
{
	struct ares_options o = { 0 };
	struct stat st = { 0 };

	(void)stat(RESOLV_CONF, &st); /* none: c-ares asks 127.0.0.1 */
	if (r->open && LIST_EMPTY(&r->queries) &&
	    (st.st_ctim.tv_sec != r->conf.tv_sec ||
		st.st_ctim.tv_nsec != r->conf.tv_nsec))
		channel_close(r);
	if (r->open)
		return 0;
	o.sock_state_cb = on_sock_state;
	o.sock_state_cb_data = r;
	if (ares_init_options(&r->channel, &o, ARES_OPT_SOCK_STATE_CB) !=
	    ARES_SUCCESS) {
		errno = ENOMEM;
		return -1;
	}
	r->conf = st.st_ctim;
	r->open = true;
	return 0;
}

struct resolv *
resolv_new(struct event_base *base)
{
	struct resolv *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->base = base;
	LIST_INIT(&r->queries);
	LIST_INIT(&r->socks);
	if ((r->timer = evtimer_new(base, on_timer, r)) == NULL) {
		free(r);
		errno = ENOMEM;
		return NULL;
	}
	return r;
}

void
resolv_free(struct resolv *r)
{
	struct resolv_query *q, *tmp;

	if (r == NULL)
		return;
	LIST_FOREACH_SAFE(q, &r->queries, entry, tmp)
		resolv_cancel(q);
	channel_close(r);
	while (!LIST_EMPTY(&r->socks))
		sock_free(LIST_FIRST(&r->socks));
	event_free(r->timer);
	free(r);
}

static void
query_free(struct resolv_query *q)
{
	event_free(q->answer);
	free(q);
}

void
resolv_cancel(struct resolv_query *q)
{
	if (q == NULL || q->cancelled)
		return;
	LIST_REMOVE(q, entry);
	q->cancelled = true;
	event_del(q->answer);
	/* c-ares 1.18 cannot cancel one query: let it run out, unheard */
	if (!q->asked)
		query_free(q);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct resolv_query *q = arg;

	(void)fd;
	(void)what;
	LIST_REMOVE(q, entry);
	if (q->n == 0)
		errno = EHOSTUNREACH;
	q->done(q->arg, q->addrs, q->n, q->n > 0 ? NULL : q->error);
	query_free(q);
}

/* Have done called from the loop. */
static void
answer(struct resolv_query *q)
{
	event_active(q->answer, EV_TIMEOUT, 0);
}

static void
add_addr(struct resolv_query *q, int family, const void *ip)
{
	struct resolv_addr *a;
	struct sockaddr_in *sin;
	struct sockaddr_in6 *sin6;

	if (q->n == RESOLV_MAX)
		return;
	a = &q->addrs[q->n++];
	if (family == AF_INET) {
		sin = (struct sockaddr_in *)&a->ss;
		sin->sin_family = AF_INET;
		sin->sin_port = htons(q->port);
		memcpy(&sin->sin_addr, ip, sizeof(sin->sin_addr));
		a->len = sizeof(*sin);
		return;
	}
	sin6 = (struct sockaddr_in6 *)&a->ss;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(q->port);
	memcpy(&sin6->sin6_addr, ip, sizeof(sin6->sin6_addr));
	a->len = sizeof(*sin6);
}

/* An address as c-ares gave it, with the scope of a link-local one. */
static void
add_sockaddr(struct resolv_query *q, const struct sockaddr *sa)
{
	struct sockaddr_storage ss = { 0 };
	const struct sockaddr_in *sin;
	struct sockaddr_in6 sin6;
	int n = q->n;

	if (sa->sa_family == AF_INET) {
		memcpy(&ss, sa, sizeof(*sin));
		sin = (const struct sockaddr_in *)&ss;
		add_addr(q, AF_INET, &sin->sin_addr);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		add_addr(q, AF_INET6, &sin6.sin6_addr);
		if (q->n > n)
			((struct sockaddr_in6 *)&q->addrs[n].ss)
			    ->sin6_scope_id = sin6.sin6_scope_id;
	}
}

static const char *
error_text(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return "no such host";
	case ARES_ENODATA:
		return "the host has no address of that family";
	case ARES_ETIMEOUT:
		return "the name servers do not answer";
	case ARES_ECONNREFUSED:
		return "no name server can be reached";
	default:
		return ares_strerror(status);
	}
}

static void
on_ares(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct resolv_query *q = arg;
	struct ares_addrinfo_node *node;

	(void)timeouts;
	q->asked = false;
	if (!q->cancelled) {
		q->error =
		    error_text(status == ARES_SUCCESS ? ARES_ENODATA : status);
		if (status == ARES_SUCCESS)
			for (node = ai->nodes; node; node = node->ai_next)
				add_sockaddr(q, node->ai_addr);
		answer(q);
	}
	if (ai != NULL)
		ares_freeaddrinfo(ai);
	if (q->cancelled)
		query_free(q);
}

/* "localhost" and what ends in ".localhost", a last dot allowed. */
static bool
is_localhost(const char *host)
{
	static const char word[] = "localhost";
	size_t len = strlen(host), n = sizeof(word) - 1;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < n || strncasecmp(host + len - n, word, n) != 0)
		return false;
	return len == n || host[len - n - 1] == '.';
}

/* What needs no DNS: numbers and localhost.  Is it such a one? */
static bool
known(struct resolv_query *q, const char *host, int family)
{
	struct in_addr v4;
	struct in6_addr v6;

	q->error =
	    family == AF_INET ? "not an IPv4 address" : "not an IPv6 address";
	if (inet_pton(AF_INET, host, &v4) == 1) {
		if (family != AF_INET6)
			add_addr(q, AF_INET, &v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6) == 1) {
		if (family != AF_INET)
			add_addr(q, AF_INET6, &v6);
		return true;
	}
	if (!is_localhost(host))
		return false;
	/* 127.0.0.1 first: what is bound as localhost here is bound there */
	v4.s_addr = htonl(INADDR_LOOPBACK);
	if (family != AF_INET6)
		add_addr(q, AF_INET, &v4);
	if (family != AF_INET)
		add_addr(q, AF_INET6, &in6addr_loopback);
	return true;
}

static struct resolv_query *
query_new(struct resolv *r, uint16_t port,
    void (*done)(void *, const struct resolv_addr *, int, const char *),
    void *arg)
{
	struct resolv_query *q;

	if ((q = calloc(1, sizeof(*q))) == NULL)
		return NULL;
	q->answer = event_new(r->base, -1, 0, on_answer, q);
	if (q->answer == NULL) {
		free(q);
		errno = ENOMEM;
		return NULL;
	}
	q->port = port;
	q->done = done;
	q->arg = arg;
	return q;
}

struct resolv_query *
resolv_start(struct resolv *r, const char *host, uint16_t port, int family,
    void (*done)(void *, const struct resolv_addr *, int, const char *),
    void *arg)
{
	struct ares_addrinfo_hints hints = { 0 };
	struct resolv_query *q;

	if ((q = query_new(r, port, done, arg)) == NULL)
		return NULL;
	if (known(q, host, family)) {
		LIST_INSERT_HEAD(&r->queries, q, entry);
		answer(q);
		return q;
	}
	if (channel_open(r) == -1) {
		query_free(q);
		return NULL;
	}
	LIST_INSERT_HEAD(&r->queries, q, entry);
	hints.ai_family = family;
	hints.ai_socktype = SOCK_STREAM;
	q->asked = true;
	ares_getaddrinfo(r->channel, host, NULL, &hints, on_ares, q);
	set_timer(r);
	return q;
}
