/* TRACE (RFC 2812, 3.4.8). */

#include "cmd.h"

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "conn_list.h"
#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "visible.h"
#include "words.h"

static void
trace_line(struct user *to, const struct conn *c)
{
	const struct user *u = c->user;
	bool all = to == u || user_spies(to);
	char host[WORD_LEN];
	long idle;

	(void)word_of(host, sizeof(host), all ? conn_ip(c) : u->host);
	idle = me.wall > u->idle ? (long)(me.wall - u->idle) : 0;
	if (!c->welcomed)
		reply(to, RPL_TRACEUNKNOWN, c->class->name, host,
		    me.wall > c->since ? (long)(me.wall - c->since) : 0L);
	else if (u->modes & UMODE_OPER)
		reply(to, RPL_TRACEOPERATOR, c->class->name, u->nick, host,
		    idle);
	else
		reply(to, RPL_TRACEUSER, c->class->name, u->nick, host, idle);
}

/* Operators for everybody, all for operators. */
static bool
trace_wanted(const struct user *to, const struct user *u)
{
	return u == to || (u->modes & UMODE_OPER) != 0 || user_spies(to);
}

static void
trace_end(struct user *to)
{
	reply(to, RPL_TRACEEND, me.server.name, VERSION);
}

static const struct conn_list trace = {
	.command = "TRACE",
	.line = trace_line,
	.wanted = trace_wanted,
	.end = trace_end,
};

void
cmd_trace(struct user *u, struct msg *m)
{
	const char *target = m->nparams > 0 ? m->param[0] : "*";
	const struct user *other;

	if (*target == '\0' || mask_match(target, me.server.name)) {
		conn_list(u, &trace);
		return;
	}
	if (!for_this_server(u, target))
		return;
	other = user_find(target);
	if (other != NULL && other->conn != NULL && user_known(other))
		trace_line(u, other->conn);
	trace_end(u);
}
