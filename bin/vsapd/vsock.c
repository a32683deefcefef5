#include "vsock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "log.h"
#include "net.h"
#include "session.h"
#include "vsock_impl.h"
#include "who.h"

static void on_linger(evutil_socket_t, short, void *);

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
		    vsock_on_readable, vs);
	TAILQ_INSERT_TAIL(&gw->vsocks, vs, entry);
	linger(vs);
	return vs;
}

/* Queued visitors see a reset: nobody comes back for them. */
static void
let_go(struct vsock *vs)
{
	struct visitor *v;

	vsock_disarm(vs);
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
		vsock_disarm(vs);
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
