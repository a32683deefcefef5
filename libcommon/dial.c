/*
 * Connecting without blocking: the addresses of a name in turn, a further
 * one every 250 ms or as soon as one has failed, the first that answers
 * wins (RFC 8305).  Callers hear of the result from an event of its own, so
 * they may free anything in it.
 */

#include "dial.h"

#include <sys/un.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"
#include "net.h"
#include "runpath.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define DIAL_STAGGER 250000 /* microseconds until the next address starts */
#define DIAL_RETRY 20000    /* until a full UNIX queue is tried again */

struct attempt {
	struct dial *dial;
	struct event *ev; /* NULL: this one is over */
	int fd;
};

struct dial {
	struct event_base *base;
	struct addr addr;
	struct dial_opts opts;
	struct sockaddr_storage source;
	void (*done)(void *, int, const char *);
	void *arg;
	struct resolv_query *query;
	struct event *step;	/* the next address, or the result */
	struct event *deadline; /* for everything */
	struct resolv_addr addrs[RESOLV_MAX];
	struct attempt attempts[RESOLV_MAX];
	int n, next, pending;
	int error; /* of the first address that failed; 0 none yet */
	char text[96];
};

static int
close_error(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/*
 * A port that nobody listens on may be given to ourselves as the local one;
 * such a connection reaches nobody.
 */
static bool
is_self(int fd, const struct sockaddr *to, socklen_t len)
{
	struct sockaddr_storage ss;
	socklen_t sslen = sizeof(ss);

	if (to->sa_family == AF_UNIX || addr_port_sa(to) < 1024 ||
	    getsockname(fd, (struct sockaddr *)&ss, &sslen) == -1)
		return false;
	return addr_port_sa((struct sockaddr *)&ss) == addr_port_sa(to) &&
	       sslen == len && memcmp(&ss, to, len) == 0;
}

/* Leave from o->source, the port being chosen when we connect. */
static int
bind_source(int fd, const struct sockaddr *to, const struct dial_opts *o)
{
	struct sockaddr_storage ss = { 0 };
	int on = 1;

	if (o->source == NULL || to->sa_family == AF_UNIX)
		return 0;
	if (o->source->sa_family != to->sa_family ||
	    o->sourcelen > sizeof(ss)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	memcpy(&ss, o->source, o->sourcelen);
	if (ss.ss_family == AF_INET)
		((struct sockaddr_in *)&ss)->sin_port = 0;
	else
		((struct sockaddr_in6 *)&ss)->sin6_port = 0;
	/* not known to an old kernel: a port is taken now, no harm */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof(on));
	return bind(fd, (struct sockaddr *)&ss, o->sourcelen);
}

static bool
is_loopback(const struct sockaddr *sa)
{
	struct in6_addr ip;

	return addr_ip_sa(sa, &ip) == 0 && addr_ip_loopback(&ip);
}

/*
 * Begin one connection.  *done: it stands already.  The descriptor, or -1
 * with errno; EAGAIN is a UNIX-domain socket whose queue is full.
 */
static int
begin(const struct sockaddr *to, socklen_t len, const struct dial_opts *o,
    bool *done)
{
	int fd, r, type = SOCK_STREAM;

	if (to->sa_family == AF_UNIX && o->seqpacket)
		type = SOCK_SEQPACKET;
	fd = socket(to->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (bind_source(fd, to, o) == -1)
		return close_error(fd, errno);
	net_tune_to(fd, to);
	r = connect(fd, to, len);
	/* On loopback the handshake is over when connect() returns, and only
	 * the answer is missing: the second call gives it. */
	if (r == -1 && errno == EINPROGRESS && is_loopback(to))
		r = connect(fd, to, len);
	if (r == -1 && errno != EINPROGRESS && errno != EALREADY &&
	    errno != EINTR && errno != EISCONN)
		return close_error(fd, errno);
	*done = r == 0 || errno == EISCONN;
	if (*done && is_self(fd, to, len))
		return close_error(fd, ECONNREFUSED);
	return fd;
}

static void
dial_free(struct dial *d)
{
	int i;

	resolv_cancel(d->query);
	for (i = 0; i < d->n; i++)
		if (d->attempts[i].ev != NULL) {
			event_free(d->attempts[i].ev);
			close(d->attempts[i].fd);
		}
	if (d->step != NULL)
		event_free(d->step);
	if (d->deadline != NULL)
		event_free(d->deadline);
	free(d);
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_free(d);
}

/* The end, one way or the other: d is gone before the caller hears of it. */
static void
finish(struct dial *d, int fd, int error)
{
	void (*done)(void *, int, const char *) = d->done;
	void *arg = d->arg;
	char text[sizeof(d->text)];

	strlcpy(text, d->text[0] != '\0' ? d->text : strerror(error),
	    sizeof(text));
	dial_free(d);
	errno = error;
	done(arg, fd, fd == -1 ? text : NULL);
}

static void
note_error(struct dial *d, int error)
{
	if (d->error == 0 || d->error == EACCES)
		d->error = error;
}

static void
wait_step(struct dial *d, long usec)
{
	struct timeval tv = { .tv_usec = usec };

	event_add(d->step, &tv);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	struct dial *d = a->dial;
	struct resolv_addr *to = &d->addrs[a - d->attempts];
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0 && is_self(fd, (struct sockaddr *)&to->ss, to->len))
		error = ECONNREFUSED;
	event_free(a->ev);
	a->ev = NULL;
	d->pending--;
	if (error == 0) {
		finish(d, fd, 0);
		return;
	}
	close(fd);
	note_error(d, error);
	event_active(d->step, EV_TIMEOUT, 0);
}

/* Wait for a connection that is under way.  0 or -1. */
static int
await(struct dial *d, int i, int fd)
{
	struct attempt *a = &d->attempts[i];

	a->dial = d;
	a->fd = fd;
	a->ev = event_new(d->base, fd, EV_WRITE, on_writable, a);
	if (a->ev == NULL || event_add(a->ev, NULL) == -1) {
		if (a->ev != NULL)
			event_free(a->ev);
		a->ev = NULL;
		return close_error(fd, ENOMEM);
	}
	d->pending++;
	return 0;
}

/* UNIX: whose is it? */
static bool
trusted(struct dial *d, const struct resolv_addr *to)
{
	if (!d->opts.trust_check || to->ss.ss_family != AF_UNIX ||
	    runpath_trusted(d->addr.text))
		return true;
	if (access(d->addr.text, F_OK) == -1) {
		note_error(d, errno);
		return false;
	}
	strlcpy(d->text, "not trusted: it is no socket of yours or root's",
	    sizeof(d->text));
	note_error(d, EPERM);
	return false;
}

/* Begin with address i.  false: over at once, the next one's turn. */
static bool
try_one(struct dial *d, int i)
{
	const struct resolv_addr *to = &d->addrs[i];
	const struct sockaddr *sa = (const struct sockaddr *)&to->ss;
	bool done = false;
	int fd;

	if (d->opts.permit != NULL && !d->opts.permit(d->arg, sa, to->len)) {
		if (d->error == 0)
			d->error = EACCES;
		return false;
	}
	if (!trusted(d, to))
		return false;
	fd = begin(sa, to->len, &d->opts, &done);
	if (fd == -1 && errno == EAGAIN && sa->sa_family == AF_UNIX) {
		d->next--;
		wait_step(d, DIAL_RETRY);
		return true;
	}
	if (fd == -1 || (!done && await(d, i, fd) == -1)) {
		note_error(d, errno);
		return false;
	}
	if (done)
		finish(d, fd, 0);
	else if (d->next < d->n)
		wait_step(d, DIAL_STAGGER);
	return true;
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	while (d->next < d->n)
		if (try_one(d, d->next++))
			return; /* d may be gone */
	if (d->pending > 0)
		return;
	if (d->error == EACCES && d->opts.permit != NULL && d->text[0] == '\0')
		strlcpy(d->text, "not permitted", sizeof(d->text));
	finish(d, -1, d->error != 0 ? d->error : EHOSTUNREACH);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	if (d->query != NULL)
		strlcpy(d->text, "the name servers do not answer",
		    sizeof(d->text));
	finish(d, -1, ETIMEDOUT);
}

/*
 * Alternate between the families, keeping the order within each, so that a
 * family that leads nowhere costs one step only (RFC 8305, section 4).
 */
static void
interleave(struct dial *d, const struct resolv_addr *from, int n)
{
	int first = from[0].ss.ss_family;
	int a = 0, b = 0;

	while (d->n < n) {
		while (a < n && from[a].ss.ss_family != first)
			a++;
		if (a < n)
			d->addrs[d->n++] = from[a++];
		while (b < n && from[b].ss.ss_family == first)
			b++;
		if (b < n)
			d->addrs[d->n++] = from[b++];
	}
}

static void
on_resolved(void *arg, const struct resolv_addr *addrs, int n,
    const char *error)
{
	struct dial *d = arg;

	d->query = NULL;
	if (n == 0) {
		strlcpy(d->text, error, sizeof(d->text));
		finish(d, -1, errno);
		return;
	}
	interleave(d, addrs, n);
	on_step(-1, EV_TIMEOUT, d);
}

/* Ask for a name's addresses, or take the one that is there.  0 or -1. */
static int
find_addrs(struct dial *d, struct resolv *r)
{
	const struct addr *a = &d->addr;
	struct resolv_addr *to = &d->addrs[0];

	if (a->kind != ADDR_TCP && a->kind != ADDR_UNIX &&
	    a->kind != ADDR_FDPASS) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (a->kind == ADDR_TCP && !a->any) {
		d->query = resolv_start(r, a->text, a->port, d->opts.family,
		    on_resolved, d);
		return d->query == NULL ? -1 : 0;
	}
	if ((to->len = addr_sockaddr(a, &to->ss)) == 0) {
		errno = EINVAL;
		return -1;
	}
	d->n = 1;
	event_active(d->step, EV_TIMEOUT, 0);
	return 0;
}

struct dial *
dial_start(struct event_base *base, struct resolv *r, const struct addr *a,
    const struct dial_opts *o, void (*done)(void *, int, const char *),
    void *arg)
{
	struct timeval tv = { .tv_sec = VSAP_CONNECT_TIMEOUT };
	struct dial *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	d->base = base;
	d->addr = *a;
	d->opts = *o;
	d->done = done;
	d->arg = arg;
	if (o->source != NULL && o->sourcelen <= sizeof(d->source)) {
		memcpy(&d->source, o->source, o->sourcelen);
		d->opts.source = (struct sockaddr *)&d->source;
	}
	if (o->timeout > 0)
		tv.tv_sec = o->timeout;
	d->step = event_new(base, -1, EV_TIMEOUT, on_step, d);
	d->deadline = evtimer_new(base, on_deadline, d);
	if (d->step == NULL || d->deadline == NULL ||
	    event_add(d->deadline, &tv) == -1 || find_addrs(d, r) == -1) {
		int saved = errno;

		dial_free(d);
		errno = saved;
		return NULL;
	}
	return d;
}

int
dial_now(const struct addr *a, const struct dial_opts *o, void *arg)
{
	struct sockaddr_storage ss;
	const struct sockaddr *sa = (const struct sockaddr *)&ss;
	socklen_t len = 0;
	bool done;
	int fd;

	if (a->kind == ADDR_TCP || a->kind == ADDR_UNIX)
		len = addr_sockaddr(a, &ss);
	if (len == 0 || (ss.ss_family != AF_UNIX && !is_loopback(sa)) ||
	    (o->family != AF_UNSPEC && ss.ss_family != AF_UNIX &&
		o->family != ss.ss_family)) {
		errno = EINPROGRESS;
		return -1;
	}
	if (o->permit != NULL && !o->permit(arg, sa, len)) {
		errno = EACCES;
		return -1;
	}
	if (o->trust_check && ss.ss_family == AF_UNIX &&
	    !runpath_trusted(a->text)) {
		errno = EPERM;
		return -1;
	}
	fd = begin(sa, len, o, &done);
	if (fd == -1 && errno == EAGAIN)
		errno = EINPROGRESS;
	if (fd == -1 || done)
		return fd;
	return close_error(fd, EINPROGRESS);
}
