/*
 * What IRC operators do to the server and to users; OPER itself is in
 * cmd_operup.c.
 */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "log.h"
#include "numeric.h"
#include "right.h"
#include "server.h"
#include "turn.h"
#include "up.h"
#include "user.h"
#include "words.h"

#define VIS_MAX (4 * LINE_MAX_IRC) /* a line of which each byte is odd */

/* ---- KILL --------------------------------------------------------------- */

static void
kill_user(struct user *u, struct user *who, const char *reason)
{
	char vis[VIS_MAX];
	char by[NICKLEN + 1];

	strlcpy(by, u->nick, sizeof(by));
	log_info("%s has killed %s: %s", u->source, who->source,
	    log_vis(reason, vis, sizeof(vis)));
	notice_opers("%s has killed %s: %s", u->source, who->source, reason);
	say(who->conn, ":%s KILL %s :%s", u->source, who->nick, reason);
	conn_exit(who->conn, "Killed (%s (%s))", by, reason);
}

void
cmd_kill(struct user *u, struct msg *m)
{
	struct user *who;

	if (!oper_right(u, OPER_KILL))
		return;
	if (m->nparams < 2 || *m->param[1] == '\0')
		reply(u, ERR_NEEDMOREPARAMS, "KILL");
	else if (strcasecmp(m->param[0], me.server.name) == 0)
		reply(u, ERR_CANTKILLSERVER);
	else if ((who = user_chase(u, m->param[0])) != NULL &&
		 who->conn != NULL)
		kill_user(u, who, msg_rest(m, 1));
}

/* ---- WALLOPS ------------------------------------------------------------ */

void
cmd_wallops(struct user *u, struct msg *m)
{
	struct line line;
	struct conn *c;

	if (!oper_right(u, OPER_WALLOPS))
		return;
	line = line_make(":%s WALLOPS :%s", u->source, msg_rest(m, 0));
	TAILQ_FOREACH(c, &conns, entry)
		if (c->welcomed && c->user->modes & UMODE_WALLOPS)
			say_line(c, &line);
}

/* ---- the server --------------------------------------------------------- */

void
cmd_rehash(struct user *u, struct msg *m)
{
	(void)m;
	if (!oper_right(u, OPER_REHASH))
		return;
	log_info("%s asks for a REHASH", u->source);
	notice_opers("%s asks for a REHASH", u->source);
	reply(u, RPL_REHASHING, "ircd-lite.conf");
	if (up_reload() == -1)
		reply(u, ERR_UNKNOWNERROR, "REHASH", strerror(errno));
}

/* Is the server meant, that somebody names to be sure? */
static bool
named(struct user *u, const struct msg *m)
{
	char word[WORD_LEN];

	if (m->nparams == 0 || strcasecmp(m->param[0], me.server.name) == 0)
		return true;
	reply(u, ERR_NOSUCHSERVER, word_of(word, sizeof(word), m->param[0]));
	return false;
}

static void
stop(struct user *u, const struct msg *m, const char *what, int status)
{
	char reason[LINE_MAX_IRC];

	if (!oper_right(u, OPER_DIE) || !named(u, m))
		return;
	log_info("%s says %s", u->source, what);
	snprintf(reason, sizeof(reason), "%s by %s", what, u->nick);
	server_stop(reason, status);
}

void
cmd_die(struct user *u, struct msg *m)
{
	stop(u, m, "DIE", 0);
}

void
cmd_restart(struct user *u, struct msg *m)
{
	stop(u, m, "RESTART", SERVER_RESTART);
}

/* ---- links: there is no other server yet -------------------------------- */

void
cmd_connect(struct user *u, struct msg *m)
{
	char word[WORD_LEN];

	if (!oper_right(u, OPER_CONNECT))
		return;
	if (strcasecmp(m->param[0], me.server.name) == 0)
		notice(u, "CONNECT %s: this is the server itself",
		    me.server.name);
	else
		reply(u, ERR_NOSUCHSERVER,
		    word_of(word, sizeof(word), m->param[0]));
}

void
cmd_squit(struct user *u, struct msg *m)
{
	char word[WORD_LEN];

	if (!oper_right(u, OPER_CONNECT))
		return;
	if (strcasecmp(m->param[0], me.server.name) == 0)
		notice(u, "SQUIT %s: this is the server itself; DIE ends it",
		    me.server.name);
	else
		reply(u, ERR_NOSUCHSERVER,
		    word_of(word, sizeof(word), m->param[0]));
}
