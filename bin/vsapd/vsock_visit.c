/*
 * Visitors of virtual sockets: how they come, wait, and are offered.
 */
#include "vsock.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "net.h"
#include "session.h"
#include "vsock_impl.h"

/* --- the listener's event ------------------------------------------------ */

static void
arm(struct vsock *vs)
{
	if (vs->armed || vs->fd == -1 || gateway_paused(vs->gw))
		return;
	if (event_add(&vs->readable, NULL) == 0)
		vs->armed = true;
}

void
vsock_disarm(struct vsock *vs)
{
	if (vs->armed)
		(void)event_del(&vs->readable);
	vs->armed = false;
}

/* --- one visitor --------------------------------------------------------- */

static void
visitor_free(struct visitor *v)
{
	close(v->fd);
	free(v);
}

static struct visitor *
visitor_new(struct vsock *vs, int fd)
{
	struct visitor *v;

	if ((v = calloc(1, sizeof(*v))) == NULL)
		return NULL;
	v->vsock = vs;
	v->fd = fd;
	strlcpy(v->local, vs->addr, sizeof(v->local));
	return v;
}

/* A visitor that reset while it waited is not worth an acceptor. */
static bool
is_reset(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	       errno != EAGAIN && errno != EINTR;
}

static void
name_visitor(struct visitor *v, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (sa->sa_family == AF_UNIX) {
		strlcpy(v->remote, v->vsock->addr, sizeof(v->remote));
		return;
	}
	addr_format_sa(sa, len, v->remote, sizeof(v->remote));
	/* A listener on every address has no local address of its own. */
	if (strncmp(v->local, "0.0.0.0:", 8) == 0 &&
	    getsockname(v->fd, (struct sockaddr *)&ss, &n) == 0)
		addr_format_sa((struct sockaddr *)&ss, n, v->local,
		    sizeof(v->local));
}

/* Is this visitor one that the first acceptor's rule and its BIND take?  Who
 * has waited since before a reload may have lost the right to any.  Where
 * nobody is just now, the BIND is all that is known. */
static bool
is_welcome(struct vsock *vs, const struct sockaddr *sa)
{
	const struct vbind *b = TAILQ_FIRST(&vs->waiting);
	const struct rule *rule = NULL;

	if (b == NULL)
		b = TAILQ_FIRST(&vs->binds);
	if (b != NULL)
		rule = vsock_rule(b);
	if ((b == NULL || rule != NULL) &&
	    visitors_let_in(vs->gw, vs->asked, rule, vs->addr, sa))
		return true;
	vs->gw->totals.visitors_refused++;
	return false;
}

bool
vsock_welcomes(struct vsock *vs, const struct in6_addr *ip)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;

	if (!IN6_IS_ADDR_UNSPECIFIED(ip)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = *ip;
	}
	return is_welcome(vs, (struct sockaddr *)&ss);
}

/* Take one from the kernel's queue; NULL when it is empty for now. */
static struct visitor *
accept_visitor(struct vsock *vs)
{
	struct sockaddr_storage ss;
	struct visitor *v;
	socklen_t len;
	int fd;

	for (;;) {
		len = sizeof(ss);
		fd = accept4(vs->fd, (struct sockaddr *)&ss, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd == -1) {
			if (errno != EAGAIN)
				gateway_pause(vs->gw);
			return NULL;
		}
		addr_unmap_sa(&ss, &len);
		if (is_reset(fd))
			close(fd);
		else if (is_welcome(vs, (struct sockaddr *)&ss))
			break;
		else
			net_reset(fd);
	}
	if ((v = visitor_new(vs, fd)) == NULL) {
		close(fd);
		return NULL;
	}
	name_visitor(v, (struct sockaddr *)&ss, len);
	return v;
}

static struct visitor *
next_visitor(struct vsock *vs)
{
	struct visitor *v;

	while ((v = TAILQ_FIRST(&vs->visitors)) != NULL) {
		TAILQ_REMOVE(&vs->visitors, v, entry);
		vs->nvisitors--;
		if (!is_reset(v->fd))
			return v;
		visitor_free(v);
	}
	return vs->fd == -1 ? NULL : accept_visitor(vs);
}

/*
 * Offer visitors as long as somebody waits.  Who ends as he is offered one
 * gives it back to this loop, so that ten thousand dead acceptors do not
 * nest.  The kernel's queue is looked at when it says so.
 */
static void
serve(struct vsock *vs, bool kernel)
{
	struct visitor *v;
	struct session *s;

	if (vs->serving)
		return;
	vs->serving = true;
	while (!TAILQ_EMPTY(&vs->waiting) && !gateway_paused(vs->gw)) {
		if (!kernel && TAILQ_EMPTY(&vs->visitors))
			break;
		s = TAILQ_FIRST(&vs->waiting)->session;
		if (!session_may_stream(s, NULL, 0)) {
			/* Visitors wait until a stream has ended: these, not
			 * those of other owners. */
			vs->gw->starved = vs->starved = true;
			vsock_disarm(vs);
			break;
		}
		if ((v = next_visitor(vs)) == NULL) {
			limit_give(&s->held_stream);
			break;
		}
		if (v->since == 0)
			v->since = clock_seconds();
		vs->gw->totals.accepted++;
		session_offer(TAILQ_FIRST(&vs->waiting), v);
	}
	vs->serving = false;
}

void
vsock_pump(struct vsock *vs)
{
	serve(vs, false);
	if (!TAILQ_EMPTY(&vs->waiting) && !vs->starved)
		arm(vs);
}

void
vsock_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsock *vs = arg;

	(void)fd;
	(void)what;
	serve(vs, true);
	if (gateway_paused(vs->gw))
		vsock_disarm(vs);
}

void
vsock_return(struct visitor *v)
{
	struct vsock *vs = v->vsock;

	vs->gw->totals.returned++;
	if (vs->closed) {
		net_reset(v->fd);
		free(v);
		return;
	}
	if (clock_seconds() - v->since > VSAP_OFFER_TOTAL) {
		log_warn("%s: visitor %s given up: no acceptor took it for "
			 "%d s",
		    vs->addr, v->remote, VSAP_OFFER_TOTAL);
		net_reset(v->fd);
		free(v);
		return;
	}
	TAILQ_INSERT_HEAD(&vs->visitors, v, entry);
	vs->nvisitors++;
	vsock_pump(vs);
}

/* Visitors that left and left nothing behind: the queue is full of others. */
static void
drop_departed(struct vsock *vs)
{
	struct visitor *v, *next;
	char c;

	for (v = TAILQ_FIRST(&vs->visitors); v != NULL; v = next) {
		next = TAILQ_NEXT(v, entry);
		if (recv(v->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
			continue;
		TAILQ_REMOVE(&vs->visitors, v, entry);
		vs->nvisitors--;
		visitor_free(v);
	}
}

int
vsock_visit(struct vsock *vs, int fd, const char *remote)
{
	struct visitor *v;

	if (vs->nvisitors > (unsigned)vs->backlog)
		drop_departed(vs);
	if (vs->nvisitors > (unsigned)vs->backlog) {
		errno = ECONNREFUSED;
		return -1;
	}
	if ((v = visitor_new(vs, fd)) == NULL)
		return -1;
	strlcpy(v->remote, remote, sizeof(v->remote));
	TAILQ_INSERT_TAIL(&vs->visitors, v, entry);
	vs->nvisitors++;
	vsock_pump(vs);
	return 0;
}

void
vsock_rearm_all(struct gateway *gw)
{
	struct vsock *vs;

	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		vs->starved = false;
		vsock_pump(vs);
	}
}
