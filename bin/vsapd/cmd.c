#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hop.h"
#include "who.h"

const struct cmd cmd_table[] = {
	{ "ECHO", 0, VSAP_ARGS_MAX, CMD_BEFORE_AUTH, cmd_echo, "ECHO [text]",
	    "answers the text: is anybody there?" },
	{ "AUTH", 1, VSAP_ARGS_MAX, CMD_BEFORE_AUTH, cmd_auth,
	    "AUTH user:password | SCRAM-SHA-256 message", "who you are" },
	{ "BIND", 0, 4, CMD_UPSTREAM, cmd_bind,
	    "BIND address [-l=backlog] [-a=CIDR,...] [-r=rate]",
	    "a virtual socket: host:port, :port, :0, /path, name:foo" },
	{ "LISTEN", 0, 2, CMD_UPSTREAM, cmd_listen, "LISTEN [#SID] n",
	    "how many connections may wait" },
	{ "ACCEPT", 0, VSAP_ARGS_MAX, CMD_UPSTREAM, cmd_accept,
	    "ACCEPT [#SID ...] [-p=priority] [-t=seconds]",
	    "the next connection at the bound sockets" },
	{ "CONNECT", 0, 2, CMD_UPSTREAM, cmd_connect,
	    "CONNECT address [-t=seconds]",
	    "a connection to host:port, /path, name:foo" },
	{ "RELAY", 0, 2, CMD_UPSTREAM, cmd_relay, "RELAY [-t=seconds] | -f",
	    "this connection becomes the stream; -f: its descriptor comes" },
	{ "FORWARD", 1, 1, CMD_UPSTREAM, cmd_forward, "FORWARD address",
	    "connect every visitor to address, until the next line" },
	{ "STAT", 0, 1, 0, cmd_stat, "STAT [-j]",
	    "who is bound, waiting, relayed; -j: as JSON" },
	{ "HELP", 0, 1, CMD_BEFORE_AUTH, cmd_help, "HELP [verb]", "this" },
	{ "QUIT", 0, 0, CMD_BEFORE_AUTH, cmd_quit, "QUIT", "good bye" },
	{ NULL, 0, 0, 0, NULL, NULL, NULL },
};

static const struct cmd *
find(const char *verb)
{
	const struct cmd *c;

	for (c = cmd_table; c->verb != NULL; c++)
		if (strcmp(c->verb, verb) == 0)
			return c;
	return NULL;
}

void
cmd_say_nobody(struct session *s)
{
	session_reply(s, VSAP_FORBIDDEN,
	    s->user[0] != '\0' ? "forbidden: %s is no user here any more"
			       : "forbidden: say AUTH user:password first",
	    s->user);
}

/* The reason why c cannot run now, answered; or false. */
static bool
refused(struct session *s, const struct cmd *c, const struct vsap_request *req)
{
	if (!who_may_ask(s) && !(c->flags & CMD_BEFORE_AUTH)) {
		cmd_say_nobody(s);
		session_log(s, "%s: %s: %s%s", s->peer, c->verb, s->user,
		    s->user[0] != '\0' ? " is no user here any more"
				       : "not logged in");
		/* What stands behind a RELAY is no request. */
		if (strcmp(c->verb, "RELAY") == 0)
			session_finish(s);
		return true;
	}
	if (req->argc < c->min || req->argc > c->max) {
		session_reply(s, VSAP_UNKNOWN, "%s: write %s", c->verb,
		    c->syntax);
		if (strcmp(c->verb, "RELAY") == 0)
			session_finish(s);
		return true;
	}
	return false;
}

/* Requests a minute. */
static bool
not_too_many(struct session *s, bool before_auth)
{
	struct limit_who who = session_counts_as(s);
	enum conf_scope scope;
	char why[160];

	/* What comes before a login is not counted for all strangers together:
	 * one of them could keep out every user. */
	if (before_auth && s->user[0] == '\0' && !s->is_unix)
		who.owner = NULL;
	if (limit_event(s->gw->limits, s->gw->conf, &who, LIMIT_REQUESTS,
		&scope))
		return true;
	limit_text(s->gw->conf, LIMIT_REQUESTS, scope, why, sizeof(why));
	session_forbid(s, "%s", why);
	session_finish(s);
	return false;
}

/* Whom a rule would name for this session alone. */
static void
clause_of(const struct session *s, char *out, size_t len)
{
	if (s->user[0] != '\0')
		(void)snprintf(out, len, "user %s", s->user);
	else if (s->cert_name[0] != '\0')
		(void)snprintf(out, len, "certificate \"%s\"", s->cert_name);
	else if (s->cert_print[0] != '\0')
		(void)snprintf(out, len, "fingerprint %s", s->cert_print);
	else if (s->is_unix)
		(void)snprintf(out, len, "uid %u", (unsigned)s->who.uid);
	else
		(void)snprintf(out, len, "from %s", s->source);
}

static void
hint(const struct session *s, const struct cmd_forbidden *f, char *out,
    size_t len)
{
	const char *where = f->guarded != NULL ? f->guarded : f->where;
	char verb[RULE_VERBS_STRLEN], who[200];

	if (s->gw->conf->path == NULL) {
		(void)snprintf(out, len, "vsapd -%c %.300s",
		    f->right == RULE_BIND ? 'b' : 'c', where);
		return;
	}
	clause_of(s, who, sizeof(who));
	(void)snprintf(out, len, "vsapd.conf: permit %s %s %.300s", who,
	    rule_verbs(f->right, verb, sizeof(verb)), where);
}

void
cmd_forbid(struct session *s, const struct cmd_forbidden *f)
{
	char origin[300], why[600], leads[400] = "";

	if (f->guarded != NULL)
		(void)snprintf(leads, sizeof(leads),
		    ": it leads to %.300s, which a rule has to name",
		    f->guarded);
	hint(s, f, why, sizeof(why));
	session_reply(s, VSAP_FORBIDDEN,
	    "forbidden: no rule permits %s to %s %.300s%s (%s)", s->owner,
	    f->verb, f->what, leads, why);
	session_log(s, "%s: %s %.300s: %s%s%s", s->peer, f->verb, f->what,
	    f->rule != NULL ? "denied by " : "no rule permits it",
	    f->rule != NULL ? rule_origin(f->rule, origin, sizeof(origin)) : "",
	    leads);
}

void
cmd_dispatch(struct session *s, const struct vsap_request *req)
{
	const struct cmd *c = find(req->verb);

	if (s->passed && strcmp(req->verb, "RELAY") != 0)
		session_drop_peer(s);
	if (c == NULL) {
		session_reply(s, VSAP_UNKNOWN, "%.400s", req->line);
		return;
	}
	if (refused(s, c, req) ||
	    !not_too_many(s, (c->flags & CMD_BEFORE_AUTH) != 0))
		return;
	if (s->gw->conf->has_upstream && (c->flags & CMD_UPSTREAM))
		hop_request(s, req);
	else
		c->run(s, req);
}

long
cmd_number(const char *text, long max)
{
	const char *err;
	long n = (long)strtonum(text, 0, max, &err);

	return err == NULL ? n : -1;
}

const char *
cmd_addr_error(const char *addr, const char *err)
{
	size_t n = strlen(addr);

	if (strncmp(err, addr, n) == 0 && strncmp(err + n, ": ", 2) == 0)
		return err + n + 2;
	return err;
}

void
cmd_echo(struct session *s, const struct vsap_request *req)
{
	char stamp[64];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%d/%b/%Y:%H:%M:%S %z", &tm);
	session_reply(s, VSAP_OK, "[%s] %s", stamp, req->rest);
}

void
cmd_help(struct session *s, const struct vsap_request *req)
{
	const struct cmd *c;

	for (c = cmd_table; c->verb != NULL; c++)
		if (req->argc == 0 || strcasecmp(req->argv[0], c->verb) == 0)
			session_reply_more(s, VSAP_OK, "%-46s %s", c->syntax,
			    c->help);
	session_reply(s, VSAP_OK, "VSAP/0.1, see vsap(7)");
}

void
cmd_quit(struct session *s, const struct vsap_request *req)
{
	(void)req;
	session_reply(s, VSAP_BYE, "bye.");
	session_finish(s);
}
