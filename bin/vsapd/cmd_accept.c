#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hop.h"
#include "net.h"

/* To wait in vain is no error of the client's: it does not count as one. */
static void
fail(struct session *s, const char *why)
{
	struct vsap_reply r = { .code = VSAP_NOT_ACCEPTED };

	snprintf(r.text, sizeof(r.text), "accept fail: %s", why);
	session_reply_raw(s, &r);
	session_done(s);
}

void
cmd_accept_cancel(struct session *s, const char *why)
{
	if (s->hop != NULL) {
		hop_cancel_accept(s);
		return;
	}
	session_unwait(s);
	fail(s, why);
}

static void
nobody_came(struct session *s)
{
	cmd_accept_cancel(s, "nobody came in time");
}

/* Which sockets to wait at: the ones named, else all. */
static int
wait_at(struct session *s, const struct vsap_request *req, int prio)
{
	struct vbind *b;
	int i, named = 0;
	long sid;

	for (i = 0; i < req->argc; i++) {
		if (req->argv[i][0] != '#')
			continue;
		sid = cmd_number(req->argv[i] + 1, INT32_MAX);
		b = sid == -1 ? NULL : session_bind_find(s, (int)sid);
		if (b == NULL) {
			session_unwait(s);
			return -1;
		}
		vsock_wait(b, prio);
		named++;
	}
	if (named == 0)
		TAILQ_FOREACH(b, &s->binds, of_session)
			vsock_wait(b, prio);
	return TAILQ_EMPTY(&s->binds) ? -1 : 0;
}

/* Rights are looked at with each request: a reload may have taken them. */
bool
cmd_accept_permitted(struct session *s)
{
	const struct rule *rule;
	struct vbind *b;
	uint16_t lo, hi;

	TAILQ_FOREACH(b, &s->binds, of_session) {
		rule = rules_bind(s->gw->conf->rules, &s->who, &b->vsock->where,
		    &lo, &hi);
		if (rule_permits(rule))
			continue;
		cmd_forbid(s, &(struct cmd_forbidden){ .verb = "accept at",
				  .right = RULE_BIND,
				  .what = b->vsock->addr,
				  .where = b->vsock->addr,
				  .rule = rule });
		return false;
	}
	TAILQ_FOREACH(b, &s->binds, of_session) {
		if (!b->vsock->closed)
			continue;
		session_forbid(s,
		    "%s is closed: no rule permitted it for a while: BIND "
		    "again",
		    b->vsock->addr);
		return false;
	}
	return true;
}

static const char *
odd_word(const struct vsap_request *req)
{
	const char *w;
	int i;

	for (i = 0; i < req->argc; i++) {
		w = req->argv[i];
		if (w[0] != '#' && strncmp(w, "-p=", 3) != 0 &&
		    strncmp(w, "-t=", 3) != 0)
			return w;
	}
	return NULL;
}

/* An option's number into *n, 0 when it is not given.  false: no number. */
static bool
option(const struct vsap_request *req, char letter, long min, long max, long *n)
{
	const char *v = vsap_option(req, letter), *bad = NULL;

	*n = v == NULL ? 0 : (long)strtonum(v, min, max, &bad);
	return bad == NULL;
}

void
cmd_accept(struct session *s, const struct vsap_request *req)
{
	const char *odd = odd_word(req);
	long prio, secs;
	struct vbind *b, *next;

	/* Not taken with RELAY: it goes to whoever is next. */
	session_drop_peer(s);
	if (s->state == S_DEAD)
		return;
	if (odd != NULL ||
	    !option(req, 'p', -VSAP_PRIORITY_MAX, VSAP_PRIORITY_MAX, &prio) ||
	    !option(req, 't', 0, VSAP_WAIT_MAX, &secs)) {
		session_reply(s, VSAP_NOT_ACCEPTED,
		    "accept fail: write ACCEPT [#SID] [-p=priority] "
		    "[-t=seconds]");
		return;
	}
	if (!cmd_accept_permitted(s))
		return;
	if (wait_at(s, req, (int)prio) == -1) {
		session_reply(s, VSAP_NOT_ACCEPTED,
		    "no socket to accept: BIND first");
		return;
	}
	session_wait(s, S_ACCEPTING, secs * 1000, nobody_came);
	for (b = TAILQ_FIRST(&s->binds); b != NULL; b = next) {
		next = TAILQ_NEXT(b, of_session);
		vsock_pump(b->vsock);
		if (s->state != S_ACCEPTING)
			break;
	}
}

/* --- the offer ------------------------------------------------------------ */

static void
take_back(struct session *s, const char *why)
{
	gateway_suspect(s->gw, s->source);
	session_reset(s, why);
}

static void
no_relay(struct session *s)
{
	take_back(s, "no RELAY in time: visitor taken back");
}

/* A host that vanished acknowledges nothing. */
static void
unseen(struct session *s)
{
	time_t left;

	if (net_unacked(s->fd) > 0 || s->out.len > 0) {
		take_back(s, "230 not acknowledged: visitor taken back");
		return;
	}
	/* Other requests meanwhile win it no time. */
	left = s->offered + VSAP_OFFER_RELAY - clock_seconds();
	if (left > 0)
		session_wait(s, S_COMMAND, left * 1000L, no_relay);
	else
		no_relay(s);
}

void
cmd_accept_watch(struct session *s)
{
	session_wait(s, S_COMMAND, VSAP_OFFER_ACK * 1000L, unseen);
}

void
cmd_accept_offer(struct session *s, struct vbind *b, struct visitor *v)
{
	s->offer = v;
	s->offered = clock_seconds();
	snprintf(s->what, sizeof(s->what), "%s %s", v->local, v->remote);
	session_reply(s, VSAP_ACCEPTED, "%d %s %s accepted.", b->sid, v->local,
	    v->remote);
	session_done(s);
}
