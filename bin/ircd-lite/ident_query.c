/*
 * One query: connect, send the line, read the reply's line.  The connection
 * has no other use and is closed whatever comes.
 */
#include "ident_query.h"

#include <netinet/in.h>
#include <event2/event_struct.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "ident.h"

#define QUERY_MAX 32

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

struct ident_query {
	struct event io, timer;
	void (*done)(void *, const char *, const char *);
	void *arg;
	int fd;
	uint16_t theirs, ours;
	size_t len;
	char reply[IDENT_REPLY_MAX];
};

void
ident_cancel(struct ident_query *q)
{
	if (q == NULL)
		return;
	event_del(&q->timer);
	event_del(&q->io);
	close(q->fd);
	free(q);
}

/* The query is gone when the caller hears of its end. */
static void
finish(struct ident_query *q, const char *user, const char *error)
{
	void (*done)(void *, const char *, const char *) = q->done;
	void *arg = q->arg;

	ident_cancel(q);
	done(arg, user, error);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, NULL, strerror(ETIMEDOUT));
}

static void
on_readable(struct ident_query *q)
{
	char text[IDENT_USER_MAX + 1];
	ssize_t n;

	n = recv(q->fd, q->reply + q->len, sizeof(q->reply) - q->len, 0);
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			finish(q, NULL, strerror(errno));
		return;
	}
	q->len += (size_t)n;
	switch (ident_parse(q->reply, q->len, q->theirs, q->ours, text)) {
	case IDENT_MORE:
		if (n == 0)
			finish(q, NULL, "no reply");
		break;
	case IDENT_USER:
		finish(q, text, NULL);
		break;
	case IDENT_ERROR:
		finish(q, NULL, "the peer tells no name");
		break;
	case IDENT_MALFORMED:
		finish(q, NULL, "malformed reply");
		break;
	}
}

/* Connected, or not. */
static void
on_writable(struct ident_query *q)
{
	char line[QUERY_MAX];
	size_t len = ident_format(line, sizeof(line), q->theirs, q->ours);
	socklen_t size = sizeof(int);
	int error = 0;
	ssize_t n;

	if (getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		error = errno;
	if (error != 0) {
		finish(q, NULL, strerror(error));
		return;
	}
	n = send(q->fd, line, len, MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	/* a new connection that does not take 16 bytes is of no use */
	if (n != (ssize_t)len) {
		finish(q, NULL, strerror(n == -1 ? errno : ECONNABORTED));
		return;
	}
	event_del(&q->io);
	event_assign(&q->io, event_get_base(&q->io), q->fd,
	    EV_READ | EV_PERSIST, event_get_callback(&q->io), q);
	event_add(&q->io, NULL);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	if (what & EV_WRITE)
		on_writable(arg);
	else
		on_readable(arg);
}

/* The same address with another port. */
static socklen_t
with_port(struct sockaddr_storage *ss, const struct sockaddr *sa, uint16_t port)
{
	socklen_t len = sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						 : sizeof(struct sockaddr_in6);

	memset(ss, 0, sizeof(*ss));
	memcpy(ss, sa, len);
	addr_unmap_sa(ss, &len);
	if (ss->ss_family == AF_INET)
		((struct sockaddr_in *)ss)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
	return len;
}

/*
 * A connection under way, or -1.  The peer looks for ours by both addresses,
 * so this one has to come from the same: without it there is no answer to
 * be had.
 */
static int
connect_from(const struct sockaddr *local, const struct sockaddr *peer,
    uint16_t port)
{
	struct sockaddr_storage from, to;
	socklen_t fromlen = with_port(&from, local, 0);
	socklen_t tolen = with_port(&to, peer, port);
	int fd, on = 1, error;

	fd =
	    socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* without it a port is taken from all who connect; it still works */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, fromlen) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, tolen) == 0 ||
		errno == EINPROGRESS))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

struct ident_query *
ident_start(struct event_base *base, const struct sockaddr *peer,
    const struct sockaddr *local, uint16_t port, unsigned seconds,
    void (*done)(void *, const char *, const char *), void *arg)
{
	struct timeval tv = { .tv_sec = (time_t)seconds };
	struct ident_query *q;
	struct in6_addr ip;

	if (addr_ip_sa(peer, &ip) == -1 || addr_ip_sa(local, &ip) == -1) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return NULL;
	q->done = done;
	q->arg = arg;
	q->theirs = addr_port_sa(peer);
	q->ours = addr_port_sa(local);
	if ((q->fd = connect_from(local, peer, port)) == -1) {
		free(q);
		return NULL;
	}
	if (event_assign(&q->io, base, q->fd, EV_WRITE | EV_PERSIST, on_io,
		q) == -1 ||
	    evtimer_assign(&q->timer, base, on_timer, q) == -1 ||
	    event_add(&q->io, NULL) == -1 || event_add(&q->timer, &tv) == -1) {
		ident_cancel(q);
		errno = ENOMEM;
		return NULL;
	}
	return q;
}
