#include "cmd.h"

#include <netinet/in.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define DEFAULT_BACKLOG 128 /* of a BIND without -l= and before LISTEN */

/* localhost is 127.0.0.1; no other name can be bound (vsap(7)).  The reason
 * why not, or NULL. */
static const char *
canonical(struct addr *a)
{
	char err[128];
	uint16_t port = a->port;

	if (a->kind != ADDR_TCP)
		return NULL;
	if (strcasecmp(a->text, "localhost") == 0) {
		(void)addr_parse(a, "127.0.0.1:1", ADDR_F_TCP, err,
		    sizeof(err));
		a->port = port;
		return NULL;
	}
	if (!a->any && a->family == AF_UNSPEC)
		return "names are not bound; write an address of the gateway "
		       "or :port";
	return NULL;
}

/* The text by which it is found again: as the parent will name it. */
static void
key(const struct addr *a, char *out, size_t outlen)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (a->kind == ADDR_TCP && a->any)
		snprintf(out, outlen, "0.0.0.0:%u", a->port);
	else if (a->kind == ADDR_TCP && (len = addr_sockaddr(a, &ss)) > 0)
		addr_format_sa((struct sockaddr *)&ss, len, out, outlen);
	else
		addr_format(a, out, outlen);
}

const char *
cmd_bind_name(struct addr *a, char *out, size_t outlen)
{
	const char *why = canonical(a);

	if (why == NULL)
		key(a, out, outlen);
	return why;
}

/* What the BIND wanted of its visitors. */
static void
forget_wish(struct session *s)
{
	free(s->asked);
	s->asked = NULL;
}

static void
not_bound(struct session *s, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	forget_wish(s);
	limit_give(&s->held_bind);
	session_reply(s, VSAP_NOT_BOUND, "not bound %.300s: %s", s->arg, why);
	session_log(s, "%s: bind %.300s refused: %s", s->peer, s->arg, why);
	session_done(s);
}

/* One more bound address, before anything is bound.  false: it was
 * answered. */
static bool
take_one(struct session *s)
{
	struct limit_who who = session_counts_as(s);
	enum conf_scope scope;
	char why[160];

	if (limit_is_held(&s->held_bind) ||
	    limit_take(s->gw->limits, s->gw->conf, &who, LIMIT_BINDS,
		&s->held_bind, &scope))
		return true;
	limit_text(s->gw->conf, LIMIT_BINDS, scope, why, sizeof(why));
	not_bound(s, "%s", why);
	return false;
}

/* What it had at this address, and a reload has closed. */
static void
drop_closed(struct session *s, const char *addr)
{
	struct vbind *b, *next;

	for (b = TAILQ_FIRST(&s->binds); b != NULL; b = next) {
		next = TAILQ_NEXT(b, of_session);
		if (!b->vsock->closed || strcmp(b->vsock->addr, addr) != 0)
			continue;
		TAILQ_REMOVE(&s->binds, b, of_session);
		s->nbinds--;
		vsock_detach(b);
	}
}

/* Share vs with this session and say so. */
static void
attach(struct session *s, struct vsock *vs)
{
	struct vbind *b;

	limit_give(&vs->held); /* it lingers no more */
	if (!take_one(s))
		return;
	if ((b = vsock_attach(vs, s, s->next_sid)) == NULL) {
		not_bound(s, "out of memory");
		return;
	}
	b->held = s->held_bind;
	memset(&s->held_bind, 0, sizeof(s->held_bind));
	if (s->backlog > 0)
		(void)vsock_listen(b, s->backlog);
	forget_wish(s);
	session_known(s);
	drop_closed(s, vs->addr);
	s->next_sid++;
	s->nbinds++;
	TAILQ_INSERT_TAIL(&s->binds, b, of_session);
	s->gw->totals.binds++;
	/* Who joins the first is worth a line only to those who debug. */
	if (vs->nbinds == 1)
		session_log(s, "bind %s by %s at %s", vs->addr, s->owner,
		    s->peer);
	else
		log_debug("s%llu: bind %s by %s at %s, %u sessions",
		    (unsigned long long)s->id, vs->addr, s->owner, s->peer,
		    vs->nbinds);
	session_reply(s, VSAP_BOUND, "%d %s bound.", b->sid, vs->addr);
	session_done(s);
}

/* It is bound already: one owner shares it, another one does not. */
static void
share(struct session *s, struct vsock *vs)
{
	if (strcmp(vs->owner, s->owner) != 0) {
		not_bound(s, "in use by %s", vs->owner);
		return;
	}
	if (!visitors_same(vs->asked, s->asked)) {
		not_bound(s, "it is bound with other -a= or -r=");
		return;
	}
	attach(s, vs);
}

/* Why the gateway could not bind it, and whose it is if that is known. */
static void
explain(struct session *s, int error, char *out, size_t outlen)
{
	const char *text = "on the gateway";
	char name[ADDR_STRLEN];
	struct vsock *vs;

	key(&s->addr, name, sizeof(name));
	switch (error) {
	case EADDRINUSE:
		if ((vs = vsock_overlap(s->gw, name)) != NULL) {
			snprintf(out, outlen, "in use: %s is bound by %s",
			    vs->addr, vs->owner);
			return;
		}
		text =
		    s->addr.kind == ADDR_TCP && s->addr.port == 0
			? "every port that may be bound"
		    : s->gw->feed == NULL
			? "by another program; a vsapd -i alone shares no ports"
			: "by another program on the gateway";
		break;
	case EADDRNOTAVAIL:
		text = "not an address of the gateway";
		break;
	case EACCES:
		text = "the gateway lacks the privilege (ports below 1024 "
		       "need root)";
		break;
	case ENOENT:
	case ENOTDIR:
		text = "no such directory below the gateway's names; /tmp/x "
		       "works";
		break;
	default:
		break;
	}
	snprintf(out, outlen, "%s: %s", strerror(error), text);
}

/* No: unless a sibling bound it while we asked. */
static void
bind_failed(struct session *s, int error)
{
	char text[ADDR_STRLEN], why[512];
	struct vsock *vs;

	key(&s->addr, text, sizeof(text));
	vs = vsock_find(s->gw, text);
	if (error == EADDRINUSE && vs != NULL && s->addr.port != 0) {
		share(s, vs);
		return;
	}
	explain(s, error, why, sizeof(why));
	not_bound(s, "%s", why);
}

static int
backlog_of(const struct session *s)
{
	return s->backlog > 0 ? s->backlog : DEFAULT_BACKLOG;
}

static void
bound(void *arg, int fd, uint32_t keep, const char *addr, int error)
{
	struct session *s = arg;
	struct vsock *vs;

	s->binding = NULL;
	if (fd == -1)
		bind_failed(s, error);
	else if ((vs = vsock_new(s->gw, addr, s->owner, fd, keep,
		      backlog_of(s))) == NULL)
		not_bound(s, "out of memory");
	else {
		vs->asked = s->asked;
		s->asked = NULL;
		attach(s, vs);
		cmd_connect_wake(s->gw, addr);
	}
	session_work(s);
}

static void
bind_name(struct session *s, const char *name)
{
	struct vsock *vs;

	vs = vsock_new(s->gw, name, s->owner, -1, 0, backlog_of(s));
	if (vs == NULL) {
		not_bound(s, "out of memory");
		return;
	}
	vs->asked = s->asked;
	s->asked = NULL;
	attach(s, vs);
	cmd_connect_wake(s->gw, name);
}

static void
forbid(struct session *s, const struct rule *rule)
{
	char port[16] = "1024-65535"; /* what a free port needs */

	if (s->addr.port != 0)
		snprintf(port, sizeof(port), "%u", s->addr.port);
	cmd_forbid(s, &(struct cmd_forbidden){ .verb = "bind",
			  .right = RULE_BIND,
			  .what = s->arg,
			  .where = s->addr.kind == ADDR_TCP ? port : s->arg,
			  .rule = rule });
	session_done(s);
}

static void
begin(struct session *s)
{
	char text[ADDR_STRLEN];
	struct vsock *vs = NULL;
	const struct rule *rule;
	uint16_t lo = 0, hi = 0;

	rule = rules_bind(s->gw->conf->rules, &s->who, &s->addr, &lo, &hi);
	if (!rule_permits(rule)) {
		forbid(s, rule);
		return;
	}
	key(&s->addr, text, sizeof(text));
	if (s->addr.kind != ADDR_TCP || s->addr.port != 0)
		vs = vsock_find(s->gw, text);
	if (vs != NULL) {
		share(s, vs);
		return;
	}
	if (!take_one(s))
		return;
	if (s->addr.kind == ADDR_NAME) {
		bind_name(s, text);
		return;
	}
	s->binding = host_bind(s->gw->host, &s->addr, lo, hi, backlog_of(s),
	    s->owner, bound, s);
	if (s->binding == NULL)
		not_bound(s, "%s", strerror(errno));
	else
		session_wait(s, S_WAITING, 0, NULL);
}

/* -l=, -a=, -r= for what is bound next; -1: it was answered. */
static int
options(struct session *s, const struct vsap_request *req)
{
	const char *l = vsap_option(req, 'l'), *word;
	long backlog = l != NULL ? cmd_number(l, VSAP_BACKLOG_MAX) : 0;
	char err[256];
	int i;

	for (i = 1; i < req->argc; i++) {
		word = req->argv[i];
		if (word[0] == '-' && strchr("lar", word[1]) != NULL &&
		    word[1] != '\0' && word[2] == '=')
			continue;
		not_bound(s, "\"%.100s\" is neither -l=, -a= nor -r=", word);
		return -1;
	}
	if (l != NULL && backlog < 1) {
		not_bound(s, "\"-l=%.100s\" is not -l=1 to -l=%d", l,
		    VSAP_BACKLOG_MAX);
		return -1;
	}
	forget_wish(s);
	s->backlog = (int)backlog;
	if (visitors_parse(&s->asked, vsap_option(req, 'a'),
		vsap_option(req, 'r'), err, sizeof(err)) == 0)
		return 0;
	not_bound(s, "%s", err);
	return -1;
}

void
cmd_bind(struct session *s, const struct vsap_request *req)
{
	const char *text = req->argc > 0 ? req->argv[0] : ":0", *why;
	char err[256];

	free(s->arg);
	if ((s->arg = strdup(text)) == NULL) {
		session_reset(s, "out of memory");
		return;
	}
	if (s->nbinds >= VSAP_BINDS_MAX) {
		not_bound(s, "no more than %d on one connection",
		    VSAP_BINDS_MAX);
		return;
	}
	if (options(s, req) == -1)
		return;
	if (addr_parse(&s->addr, text, ADDR_FOR_BIND, err, sizeof(err)) == -1) {
		not_bound(s, "%s", cmd_addr_error(text, err));
		return;
	}
	if ((why = canonical(&s->addr)) != NULL) {
		not_bound(s, "%s", why);
		return;
	}
	begin(s);
}

void
cmd_bind_cancel(struct session *s)
{
	host_bind_cancel(s->binding);
	s->binding = NULL;
	forget_wish(s);
}

void
cmd_listen(struct session *s, const struct vsap_request *req)
{
	struct vbind *b = TAILQ_LAST(&s->binds, vbinds);
	const char *n = req->argc > 0 ? req->argv[req->argc - 1] : "";
	long backlog = cmd_number(n, VSAP_BACKLOG_MAX), sid;

	if (req->argc == 2) {
		sid = req->argv[0][0] == '#'
			  ? cmd_number(req->argv[0] + 1, INT32_MAX)
			  : -1;
		b = sid == -1 ? NULL : session_bind_find(s, (int)sid);
	}
	if (b == NULL || b->vsock->closed)
		session_reply(s, VSAP_NOT_LISTENING,
		    "not listening: no such bound socket: BIND first");
	else if (backlog < 1)
		session_reply(s, VSAP_NOT_LISTENING,
		    "not listening: write LISTEN n, n from 1 to %d",
		    VSAP_BACKLOG_MAX);
	else if (vsock_listen(b, (int)backlog) == -1)
		session_reply(s, VSAP_NOT_LISTENING, "not listening: %s",
		    strerror(errno));
	else
		session_reply(s, VSAP_LISTENING, "listen ok.");
}
