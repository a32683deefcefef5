#include "cmd.h"

#include <sys/queue.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hop.h"

#define JOBS_MAX 64 /* visitors for whom the target is being dialled */

/* A visitor and the connection that is being made for it. */
struct job {
	TAILQ_ENTRY(job) entry;
	struct session *session;
	struct visitor *visitor;
	struct dial *dial;
	struct limit_hold held; /* of the stream to be */
};

struct forward {
	TAILQ_HEAD(, job) jobs;
	unsigned count;
};

static void
job_free(struct job *j)
{
	struct forward *f = j->session->forward;

	TAILQ_REMOVE(&f->jobs, j, entry);
	f->count--;
	dial_cancel(j->dial);
	if (j->visitor != NULL)
		vsock_return(j->visitor);
	limit_give(&j->held);
	free(j);
}

void
cmd_forward_cancel(struct session *s)
{
	struct job *j;

	if (s->forward == NULL)
		return;
	session_unwait(s);
	while ((j = TAILQ_FIRST(&s->forward->jobs)) != NULL)
		job_free(j);
	free(s->forward);
	s->forward = NULL;
}

void
cmd_forward_end(struct session *s)
{
	if (s->hop != NULL)
		hop_end_forward(s);
	else {
		cmd_forward_cancel(s);
		session_reply(s, VSAP_FORWARDED, "forwarding done.");
		session_done(s);
	}
}

/* What the session itself accepts at: its visitors would come again, as the
 * next ones, for ever. */
static bool
leads_back(const struct session *s, const struct sockaddr *sa)
{
	struct vbind *b;
	struct addr a;
	char err[128];

	TAILQ_FOREACH(b, &s->binds, of_session)
		if (addr_parse(&a, b->vsock->addr, ADDR_F_TCP, err,
			sizeof(err)) == 0 &&
		    a.port == addr_port_sa(sa) && gateway_is_local(sa))
			return true;
	return false;
}

/* Every address the target resolves to is asked for here. */
static bool
permit(void *arg, const struct sockaddr *sa, socklen_t len)
{
	const struct job *j = arg;

	(void)len;
	return !leads_back(j->session, sa) &&
	       cmd_may_reach(j->session, RULE_FORWARD, sa);
}

/* Wait at every socket, unless enough is under way. */
static void
wait_again(struct session *s)
{
	struct vbind *b;

	if (s->state != S_FORWARDING || s->forward->count >= JOBS_MAX)
		return;
	TAILQ_FOREACH(b, &s->binds, of_session) {
		vsock_wait(b, 0);
		vsock_pump(b->vsock);
		if (s->state != S_FORWARDING || s->forward->count >= JOBS_MAX)
			return;
	}
}

static void
dialled(void *arg, int fd, const char *error)
{
	struct job *j = arg;
	struct session *s = j->session;
	struct visitor *v = j->visitor;
	char what[2 * VISITOR_ADDR];

	j->dial = NULL;
	/* Without it the visitor could say whose the stream is. */
	if (fd != -1 &&
	    cmd_send_proxy(s, RULE_FORWARD, v->remote, v->local, fd) == -1) {
		close(fd);
		fd = -1;
		error = "it took no PROXY header";
	}
	if (fd == -1) {
		session_reply(s, VSAP_NOT_CONNECTED,
		    "could not connect to %.300s: %s", s->arg, error);
		/* The visitors go to whoever else waits. */
		cmd_forward_end(s);
		session_work(s);
		return;
	}
	j->visitor = NULL;
	snprintf(what, sizeof(what), "%.127s %.127s", v->remote, s->arg);
	gateway_forward(s, v->fd, fd, what, &j->held);
	job_free(j);
	/* This may be the end of a session that reads nothing. */
	session_reply(s, VSAP_ACCEPTED, "accepted %s %s", v->local, v->remote);
	free(v);
	wait_again(s);
	session_work(s);
}

void
cmd_forward_offer(struct session *s, struct vbind *b, struct visitor *v)
{
	struct dial_opts opts = { .timeout = (int)s->gw->conf->connect_time };
	struct job *j;

	if ((j = calloc(1, sizeof(*j))) == NULL) {
		vsock_return(v);
		return;
	}
	j->session = s;
	j->visitor = v;
	j->held = s->held_stream;
	memset(&s->held_stream, 0, sizeof(s->held_stream));
	(void)b;
	TAILQ_INSERT_TAIL(&s->forward->jobs, j, entry);
	s->forward->count++;
	opts.permit = permit;
	j->dial =
	    dial_start(s->gw->base, s->gw->resolv, &s->addr, &opts, dialled, j);
	if (j->dial == NULL) {
		session_reply(s, VSAP_NOT_CONNECTED,
		    "could not connect to %.300s: %s", s->arg, strerror(errno));
		cmd_forward_end(s);
		return;
	}
	wait_again(s);
}

void
cmd_forward(struct session *s, const struct vsap_request *req)
{
	const struct rule *rule;
	char err[256];

	free(s->arg);
	s->arg = strdup(req->argv[0]);
	session_drop_peer(s);
	if (s->arg == NULL || s->state == S_DEAD)
		return;
	if (s->gw->feed == NULL) {
		/* The first stream would be the end of this process. */
		session_reply(s, VSAP_NOT_ACCEPTED,
		    "a vsapd -i alone forwards nothing: start the daemon");
		return;
	}
	if (TAILQ_EMPTY(&s->binds)) {
		session_reply(s, VSAP_NOT_ACCEPTED,
		    "no socket to accept: BIND first");
		return;
	}
	if (addr_parse(&s->addr, s->arg, ADDR_F_TCP | ADDR_F_BAREPORT, err,
		sizeof(err)) == -1) {
		session_reply(s, VSAP_NOT_CONNECTED,
		    "cannot connect %.300s: %s", s->arg,
		    cmd_addr_error(s->arg, err));
		return;
	}
	rule = rules_reach(s->gw->conf->rules, RULE_FORWARD, &s->who, &s->addr,
	    NULL, false);
	if (!rule_permits(rule)) {
		cmd_forbid(s, &(struct cmd_forbidden){ .verb = "forward to",
				  .right = RULE_FORWARD,
				  .what = s->arg,
				  .where = s->arg,
				  .rule = rule });
		return;
	}
	if (!cmd_accept_permitted(s))
		return;
	if ((s->forward = calloc(1, sizeof(*s->forward))) == NULL) {
		session_reset(s, "out of memory");
		return;
	}
	TAILQ_INIT(&s->forward->jobs);
	session_reply(s, VSAP_FORWARDING, "forwarding start.");
	session_wait(s, S_FORWARDING, 0, NULL);
	wait_again(s);
}
