#include "cmd.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindaddr.h"
#include "handover.h"
#include "net.h"

/* --- answers -------------------------------------------------------------- */

/* error is the errno behind it, or 0. */
static void
fail(struct session *s, int error, const char *why)
{
	s->failure = error;
	limit_give(&s->held_stream);
	session_reply(s, VSAP_NOT_CONNECTED, "cannot connect %.300s: %s",
	    s->arg, why);
	session_log(s, "%s: connect %.300s: %s", s->peer, s->arg, why);
	session_done(s);
}

/* Where the name led, if that has to be named; NULL: that was not it. */
static const char *
guarded_text(const struct session *s, char *out, size_t len)
{
	struct addr a = s->addr;

	if (s->addr.kind != ADDR_TCP || s->addr.family != AF_UNSPEC ||
	    IN6_IS_ADDR_UNSPECIFIED(&s->kept_from))
		return NULL;
	a.ip = s->kept_from;
	a.family = IN6_IS_ADDR_V4MAPPED(&a.ip) ? AF_INET : AF_INET6;
	a.any = false;
	return addr_format(&a, out, len);
}

static void
forbid(struct session *s, const struct rule *rule)
{
	char guarded[ADDR_STRLEN];

	limit_give(&s->held_stream);
	cmd_forbid(s, &(struct cmd_forbidden){ .verb = "connect to",
			  .right = RULE_CONNECT,
			  .what = s->arg,
			  .where = s->arg,
			  .guarded = guarded_text(s, guarded, sizeof(guarded)),
			  .rule = rule });
	session_done(s);
}

static const struct rule *
rule_for(const struct session *s, const struct in6_addr *ip)
{
	return rules_reach(s->gw->conf->rules, RULE_CONNECT, &s->who, &s->addr,
	    ip, false);
}

static void
local_name(int fd, char *out, size_t outlen)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		strlcpy(out, "?", outlen);
	else
		addr_format_sa((struct sockaddr *)&ss, len, out, outlen);
}

/* It fits into the buffer of a new connection. */
int
cmd_send_proxy(const struct session *s, enum rule_verb verb, const char *from,
    const char *to, int fd)
{
	struct sockaddr_storage src = { 0 }, dst = { 0 };
	socklen_t dstlen = sizeof(dst);
	struct in6_addr ip;
	char header[PROXY_V2_MAX], err[128];
	struct addr a;
	int version;
	size_t n;

	if (s->addr.kind != ADDR_TCP ||
	    getpeername(fd, (struct sockaddr *)&dst, &dstlen) == -1 ||
	    addr_ip_sa((struct sockaddr *)&dst, &ip) == -1 ||
	    (version = rule_proxy(
		 rules_reach(s->gw->conf->rules, verb, &s->who, &s->addr, &ip,
		     gateway_is_own(s->gw, (struct sockaddr *)&dst)))) == 0)
		return 0;
	addr_unmap_sa(&dst, &dstlen);
	if (addr_parse(&a, from, ADDR_F_TCP, err, sizeof(err)) == 0)
		(void)addr_sockaddr(&a, &src);
	if (to != NULL && addr_parse(&a, to, ADDR_F_TCP, err, sizeof(err)) == 0)
		(void)addr_sockaddr(&a, &dst);
	n = version == 1
		? proxy_v1_format(header, sizeof(header),
		      (struct sockaddr *)&src, (struct sockaddr *)&dst)
		: proxy_v2_format(header, sizeof(header),
		      (struct sockaddr *)&src, (struct sockaddr *)&dst);
	return send(fd, header, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n
		   ? 0
		   : -1;
}

static void
connected(struct session *s, int fd)
{
	struct limit_hold held = s->held_stream;
	char local[VISITOR_ADDR];

	if (cmd_send_proxy(s, RULE_CONNECT, s->peer, NULL, fd) == -1) {
		close(fd);
		fail(s, EPIPE, "it took no PROXY header");
		return;
	}
	memset(&s->held_stream, 0, sizeof(held));
	if (s->addr.kind == ADDR_TCP)
		local_name(fd, local, sizeof(local));
	else
		strlcpy(local, s->arg, sizeof(local));
	session_drop_peer(s);
	s->held_stream = held;
	s->peer_fd = fd;
	session_known(s);
	s->gw->totals.connected++;
	snprintf(s->what, sizeof(s->what), "%.127s %.127s", s->peer, s->arg);
	session_reply(s, VSAP_CONNECTED, "%d %s %.300s connected.",
	    s->next_sid++, local, s->arg);
	session_done(s);
}

/* --- names and paths ------------------------------------------------------ */

static void
leave_callers(struct session *s)
{
	if (s->caller)
		TAILQ_REMOVE(&s->gw->callers, s, of_callers);
	s->caller = false;
}

/* One end of a pair is the visitor at vs, the other one our peer. */
static void
visit(struct session *s, struct vsock *vs)
{
	const char *from =
	    s->addr.kind == ADDR_UNIX || s->is_unix ? vs->addr : s->peer;
	int sv[2];

	if (!vsock_welcomes(vs, &s->who.ip)) {
		fail(s, EACCES, "who bound it takes no visitors from here");
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		sv) == -1) {
		fail(s, errno, strerror(errno));
		return;
	}
	if (vsock_visit(vs, sv[1], from) == 0) {
		connected(s, sv[0]);
		return;
	}
	close(sv[0]);
	close(sv[1]);
	fail(s, EAGAIN, "too many wait there");
}

static void
nobody_bound(struct session *s)
{
	leave_callers(s);
	limit_give(&s->held_wait);
	fail(s, ETIMEDOUT, "nobody bound it in time");
}

/* A path that is bound elsewhere, by a program on the gateway. */
static int
connect_path(struct session *s)
{
	struct dial_opts opts = { 0 };
	struct addr a = s->addr;
	int path, fd, saved;

	if ((path = bindaddr_open(&s->addr, s->gw->root)) == -1)
		return -1;
	snprintf(a.text, sizeof(a.text), "/proc/self/fd/%d", path);
	fd = dial_now(&a, &opts, NULL);
	saved = errno;
	close(path);
	errno = saved;
	return fd;
}

static void
begin_local(struct session *s, long secs)
{
	struct limit_who who = session_counts_as(s);
	const struct rule *rule;
	enum conf_scope scope;
	struct vsock *vs;
	char why[160];
	int fd = -1;

	rule = rule_for(s, NULL);
	if (!rule_permits(rule)) {
		forbid(s, rule);
		return;
	}
	if ((vs = vsock_find(s->gw, s->arg)) != NULL) {
		visit(s, vs);
		return;
	}
	errno = ENOENT;
	if (s->addr.kind == ADDR_UNIX && (fd = connect_path(s)) != -1) {
		connected(s, fd);
		return;
	}
	if (secs == 0) {
		fail(s, errno,
		    errno == ENOENT ? "nobody bound it" : strerror(errno));
		return;
	}
	if (!limit_take(s->gw->limits, s->gw->conf, &who, LIMIT_WAITING,
		&s->held_wait, &scope)) {
		limit_text(s->gw->conf, LIMIT_WAITING, scope, why, sizeof(why));
		fail(s, EAGAIN, why);
		return;
	}
	TAILQ_INSERT_TAIL(&s->gw->callers, s, of_callers);
	s->caller = true;
	session_known(s); /* a rule permits it to wait for that name */
	session_wait(s, S_WAITING, secs * 1000, nobody_bound);
}

static struct session *
find_caller(struct gateway *gw, const char *addr)
{
	struct session *s;

	TAILQ_FOREACH(s, &gw->callers, of_callers)
		if (strcmp(s->arg, addr) == 0)
			return s;
	return NULL;
}

void
cmd_connect_wake(struct gateway *gw, const char *addr)
{
	struct session *s;
	struct vsock *vs = vsock_find(gw, addr);

	/* Each may go on and bind what another one waits for: so the list is
	 * looked through anew. */
	while (vs != NULL && (s = find_caller(gw, addr)) != NULL) {
		leave_callers(s);
		limit_give(&s->held_wait);
		visit(s, vs);
		session_work(s);
	}
}

/* --- TCP ------------------------------------------------------------------ */

/* Our own listeners would take what comes from us for a local peer: rules
 * that do not name them do not lead there. */
bool
cmd_may_reach(const struct session *s, enum rule_verb verb,
    const struct sockaddr *sa)
{
	struct in6_addr ip;

	if (addr_ip_sa(sa, &ip) == -1)
		return false;
	return rule_permits(rules_reach(s->gw->conf->rules, verb, &s->who,
	    &s->addr, &ip, gateway_is_own(s->gw, sa)));
}

static bool
permit(void *arg, const struct sockaddr *sa, socklen_t len)
{
	struct session *s = arg;
	struct in6_addr ip;

	(void)len;
	if (cmd_may_reach(s, RULE_CONNECT, sa))
		return true;
	if (addr_ip_sa(sa, &ip) == 0 &&
	    (addr_ip_guarded(&ip) || gateway_is_own(s->gw, sa)))
		s->kept_from = ip;
	return false;
}

static void
dialled(void *arg, int fd, const char *error)
{
	struct session *s = arg;

	s->dial = NULL;
	if (fd != -1)
		connected(s, fd);
	else if (errno == EACCES)
		forbid(s, NULL);
	else
		fail(s, errno, error);
	session_work(s);
}

/* A BIND before CONNECT chooses the source address. */
static void
set_source(struct session *s, struct dial_opts *opts,
    struct sockaddr_storage *ss)
{
	struct vbind *b = TAILQ_LAST(&s->binds, vbinds);
	struct addr a;
	char err[128];

	if (b == NULL ||
	    addr_parse(&a, b->vsock->addr, ADDR_F_TCP, err, sizeof(err)) == -1)
		return;
	if (strncmp(b->vsock->addr, "0.0.0.0:", 8) == 0)
		return;
	opts->sourcelen = addr_sockaddr(&a, ss);
	opts->source = (struct sockaddr *)ss;
}

static void
begin_tcp(struct session *s)
{
	struct dial_opts opts = { .timeout = (int)s->gw->conf->connect_time };
	const struct rule *rule = rule_for(s, NULL);
	struct sockaddr_storage source;
	int fd;

	if (!rule_permits(rule)) {
		forbid(s, rule);
		return;
	}
	s->kept_from = in6addr_any;
	opts.permit = permit;
	set_source(s, &opts, &source);
	if (s->addr.family != AF_UNSPEC) {
		if ((fd = dial_now(&s->addr, &opts, s)) != -1) {
			connected(s, fd);
			return;
		}
		if (errno == EACCES) {
			forbid(s, NULL);
			return;
		}
		if (errno != EINPROGRESS) {
			fail(s, errno, strerror(errno));
			return;
		}
	}
	s->dial =
	    dial_start(s->gw->base, s->gw->resolv, &s->addr, &opts, dialled, s);
	if (s->dial == NULL)
		fail(s, errno, strerror(errno));
	else
		session_wait(s, S_WAITING, 0, NULL);
}

void
cmd_connect(struct session *s, const struct vsap_request *req)
{
	const char *t = vsap_option(req, 't');
	char err[256];
	long secs = t == NULL ? 0 : cmd_number(t, VSAP_WAIT_MAX);

	free(s->arg);
	if ((s->arg = strdup(req->argc > 0 ? req->argv[0] : "")) == NULL) {
		session_reset(s, "out of memory");
		return;
	}
	session_drop_peer(s);
	if (s->state == S_DEAD)
		return;
	if (secs == -1 || (req->argc == 2 && t == NULL))
		fail(s, 0, "write CONNECT address [-t=seconds]");
	else if (addr_parse(&s->addr, s->arg, ADDR_FOR_CONNECT, err,
		     sizeof(err)) == -1)
		fail(s, 0, cmd_addr_error(s->arg, err));
	else if (!session_may_stream(s, err, sizeof(err)))
		fail(s, EAGAIN, err);
	else if (s->addr.kind == ADDR_TCP)
		begin_tcp(s);
	else
		begin_local(s, secs);
}

void
cmd_connect_cancel(struct session *s)
{
	leave_callers(s);
	dial_cancel(s->dial);
	s->dial = NULL;
}
