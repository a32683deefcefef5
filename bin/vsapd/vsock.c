#include "vsock.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "log.h"
#include "net.h"
#include "session.h"
#include "who.h"

static void on_linger(evutil_socket_t, short, void *);
static void on_readable(evutil_socket_t, short, void *);

/* --- finding -------------------------------------------------------------- */

struct vsock *
vsock_find(struct gateway *gw, const char *addr)
{
	struct vsock *vs;

	TAILQ_FOREACH(vs, &gw->vsocks, entry)
		if (strcmp(vs->addr, addr) == 0)
			return vs;
	return NULL;
}

struct vsock *
vsock_overlap(struct gateway *gw, const char *addr)
{
	const char *port = strrchr(addr, ':'), *p;
	struct vsock *vs;

	if (port == NULL || addr[0] == '/')
		return NULL;
	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		if (vs->fd == -1 || vs->addr[0] == '/')
			continue;
		p = strrchr(vs->addr, ':');
		if (p != NULL && strcmp(p, port) == 0)
			return vs;
	}
	return NULL;
}

/* --- life ----------------------------------------------------------------- */

static void
linger(struct vsock *vs)
{
	struct timeval tv = { .tv_sec = (time_t)vs->gw->conf->linger_time };

	(void)event_add(&vs->linger, &tv);
}

struct vsock *
vsock_new(struct gateway *gw, const char *addr, const char *owner, int fd,
    uint32_t keep, int backlog)
{
	struct vsock *vs;
	char err[128];

	if ((vs = calloc(1, sizeof(*vs))) == NULL) {
		if (fd != -1)
			close(fd);
		host_drop(gw->host, keep);
		return NULL;
	}
	vs->gw = gw;
	vs->fd = fd;
	vs->keep = keep;
	vs->backlog = backlog;
	strlcpy(vs->addr, addr, sizeof(vs->addr));
	strlcpy(vs->owner, owner, sizeof(vs->owner));
	if (addr_parse(&vs->where, addr, ADDR_FOR_BIND, err, sizeof(err)) == -1)
		log_warn("%s: %s", addr, err);
	TAILQ_INIT(&vs->binds);
	TAILQ_INIT(&vs->waiting);
	TAILQ_INIT(&vs->visitors);
	event_assign(&vs->linger, gw->base, -1, 0, on_linger, vs);
	if (fd != -1)
		event_assign(&vs->readable, gw->base, fd, EV_READ | EV_PERSIST,
		    on_readable, vs);
	TAILQ_INSERT_TAIL(&gw->vsocks, vs, entry);
	linger(vs);
	return vs;
}

static void
visitor_free(struct visitor *v)
{
	close(v->fd);
	free(v);
}

static void
disarm(struct vsock *vs)
{
	if (vs->armed)
		(void)event_del(&vs->readable);
	vs->armed = false;
}

/* Queued visitors see a reset: nobody comes back for them. */
static void
let_go(struct vsock *vs)
{
	struct visitor *v;

	disarm(vs);
	TAILQ_REMOVE(&vs->gw->vsocks, vs, entry);
	while ((v = TAILQ_FIRST(&vs->visitors)) != NULL) {
		TAILQ_REMOVE(&vs->visitors, v, entry);
		net_reset(v->fd);
		free(v);
	}
	vs->nvisitors = 0;
	if (vs->fd != -1)
		close(vs->fd);
	vs->fd = -1;
	host_drop(vs->gw->host, vs->keep);
}

static void
vsock_free(struct vsock *vs)
{
	(void)event_del(&vs->linger);
	if (!vs->closed) {
		log_info("%s: released", vs->addr);
		let_go(vs);
	}
	limit_give(&vs->held);
	free(vs->asked);
	free(vs);
}

void
vsock_close(struct vsock *vs)
{
	log_info("bind %s by %s: no longer permitted: closed", vs->addr,
	    vs->owner);
	let_go(vs);
	vs->closed = true;
}

static void
on_linger(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	vsock_free(arg);
}

/* --- BINDs ---------------------------------------------------------------- */

struct vbind *
vsock_attach(struct vsock *vs, struct session *s, int sid)
{
	struct vbind *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return NULL;
	b->vsock = vs;
	b->session = s;
	b->sid = sid;
	TAILQ_INSERT_TAIL(&vs->binds, b, of_vsock);
	vs->nbinds++;
	(void)event_del(&vs->linger);
	return b;
}

void
vsock_detach(struct vbind *b)
{
	struct vsock *vs = b->vsock;

	vsock_unwait(b);
	vsock_listen_no_more(b);
	TAILQ_REMOVE(&vs->binds, b, of_vsock);
	if (--vs->nbinds == 0) {
		/* A port is taken as long as it lingers, too. */
		vs->held = b->held;
		memset(&b->held, 0, sizeof(b->held));
		if (vs->closed)
			vsock_free(vs);
		else
			linger(vs);
	}
	limit_give(&b->held);
	free(b);
}

const struct rule *
vsock_rule(const struct vbind *b)
{
	const struct session *s = b->session;
	const struct rule *rule;
	uint16_t lo, hi;

	rule =
	    rules_bind(s->gw->conf->rules, &s->who, &b->vsock->where, &lo, &hi);
	return rule_permits(rule) && who_may_ask(s) ? rule : NULL;
}

/* --- waiting -------------------------------------------------------------- */

/*
 * Does a, which comes now, stand before b?  Among equal ones the longest
 * idle is the first.  Among suspects, of whatever priority, it is the last:
 * many processes may share a source, and who asked lately is more likely to
 * be alive.
 */
static bool
before(const struct vbind *a, const struct vbind *b)
{
	if (a->last != b->last)
		return b->last;
	return a->last || a->prio > b->prio;
}

static void
queue(struct vsock *vs, struct vbind *b)
{
	struct vbind *other;

	TAILQ_FOREACH_REVERSE(other, &vs->waiting, vwaiting, of_waiting)
	if (!before(b, other))
		break;
	if (other == NULL)
		TAILQ_INSERT_HEAD(&vs->waiting, b, of_waiting);
	else
		TAILQ_INSERT_AFTER(&vs->waiting, other, b, of_waiting);
}

static void
arm(struct vsock *vs)
{
	if (vs->armed || vs->fd == -1 || gateway_paused(vs->gw))
		return;
	if (event_add(&vs->readable, NULL) == 0)
		vs->armed = true;
}

void
vsock_wait(struct vbind *b, int prio)
{
	struct vsock *vs = b->vsock;

	if (b->waiting)
		return;
	b->prio = prio;
	b->last = gateway_suspected(vs->gw, b->session->source);
	b->waiting = true;
	b->since = clock_seconds();
	vs->nwaiting++;
	queue(vs, b);
}

void
vsock_unwait(struct vbind *b)
{
	struct vsock *vs = b->vsock;

	if (!b->waiting)
		return;
	b->waiting = false;
	TAILQ_REMOVE(&vs->waiting, b, of_waiting);
	if (--vs->nwaiting == 0)
		disarm(vs);
}

/* --- visitors ------------------------------------------------------------- */

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
			disarm(vs);
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

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsock *vs = arg;

	(void)fd;
	(void)what;
	serve(vs, true);
	if (gateway_paused(vs->gw))
		disarm(vs);
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

void
gateway_demote(struct gateway *gw, const char *source)
{
	struct vbind *b, *next;
	struct vsock *vs;

	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		for (b = TAILQ_FIRST(&vs->waiting); b != NULL; b = next) {
			next = TAILQ_NEXT(b, of_waiting);
			if (b->last || strcmp(b->session->source, source) != 0)
				continue;
			b->last = true;
			TAILQ_REMOVE(&vs->waiting, b, of_waiting);
			queue(vs, b);
		}
	}
}

void
gateway_forgive(struct gateway *gw)
{
	struct vbind *b, *next;
	struct vsock *vs;

	TAILQ_FOREACH(vs, &gw->vsocks, entry) {
		for (b = TAILQ_FIRST(&vs->waiting); b != NULL; b = next) {
			next = TAILQ_NEXT(b, of_waiting);
			if (!b->last ||
			    gateway_suspected(gw, b->session->source))
				continue;
			b->last = false;
			TAILQ_REMOVE(&vs->waiting, b, of_waiting);
			queue(vs, b);
		}
	}
}
