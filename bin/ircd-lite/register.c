/*
 * Registration: nickname and user name are there, lookups have ended; who is
 * it, may he come in, and what is he told.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "conf.h"
#include "conn.h"
#include "hosts.h"
#include "log.h"
#include "lookup.h"
#include "numeric.h"
#include "password.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "xline.h"

/* --- the welcome ---------------------------------------------------------- */

static void
welcome(struct user *u)
{
	const struct conf *conf = me.conf;

	reply(u, RPL_WELCOME, conf->network, u->source);
	reply(u, RPL_YOURHOST, me.server.name, VERSION);
	reply(u, RPL_CREATED, me.created);
	reply(u, RPL_MYINFO, me.server.name, VERSION, UMODE_LETTERS,
	    CMODE_LETTERS, CMODE_PARAM_LETTERS);
	send_isupport(u);
	send_lusers(u);
	send_motd(u);
}

static void
enter(struct user *u)
{
	struct conn *c = u->conn;

	/* Two may have wanted the name; the first to be ready has it. */
	if (user_find(u->nick) != NULL) {
		reply(u, ERR_NICKNAMEINUSE, u->nick);
		u->nick[0] = '\0';
		return;
	}
	u->signon = u->idle = me.wall;
	if (user_enter(u) == -1) {
		conn_exit(c, "Out of memory");
		return;
	}
	c->welcomed = true;
	if (c->pass != NULL)
		freezero(c->pass, strlen(c->pass));
	c->pass = NULL;
	if (users_count > me.count.max_local)
		me.count.max_local = users_count;
	c->due = 0;
	conn_rearm(c);
	log_debug("%s (%s) registered", u->source, conn_ip(c));
	notice_opers("Client connecting: %s [%s] {%s}", u->source, conn_ip(c),
	    c->class->name);
	welcome(u);
}

/* --- who may come in ------------------------------------------------------ */

static const struct conf_rule *
rule_for(const struct user *u, bool *any_allow)
{
	const struct in6_addr *ip = &u->conn->ip;
	const struct conf_rule *r;
	struct tm now;

	*any_allow = false;
	if (IN6_IS_ADDR_UNSPECIFIED(ip))
		ip = NULL;
	if (localtime_r(&me.wall, &now) == NULL)
		memset(&now, 0, sizeof(now));
	STAILQ_FOREACH(r, &me.conf->rules, entry) {
		*any_allow = *any_allow || r->allow;
		if (conf_from_match(&r->from, u->name, u->host,
			conn_ip(u->conn), ip) &&
		    conf_hours_match(&r->hours, &now))
			return r;
	}
	return NULL;
}

static void
refuse(struct user *u, const char *what, const char *why)
{
	reply(u, ERR_YOUREBANNEDCREEP, why);
	me.count.refused++;
	conn_exit(u->conn, "%s: %s", what, why);
}

static bool
klined(struct user *u)
{
	const char *why =
	    xline_match(u->name, u->host, conn_ip(u->conn), &u->conn->ip);

	if (why != NULL)
		refuse(u, "K-lined", why);
	return why != NULL;
}

/* No rule means him, and there is one that means others. */
static void
not_allowed(struct user *u)
{
	reply(u, ERR_NOPERMFORHOST);
	me.count.refused++;
	conn_exit(u->conn, "Access denied: no rule allows your host");
}

/* Is there room in the class? */
static bool
admit(struct user *u, struct conf_class *class)
{
	struct conn *c = u->conn;
	unsigned here = hosts_count(&c->ip);

	if (class->per_host != 0 && here > class->per_host) {
		conn_exit(c, "Too many connections from your host");
		return false;
	}
	conn_reclass(c, class);
	c->own_class = class;
	if (class->connections != 0 && class->members > class->connections) {
		conn_exit(c, "No more connections in your class");
		return false;
	}
	return true;
}

static void
bad_password(struct user *u)
{
	reply(u, ERR_PASSWDMISMATCH);
	me.count.refused++;
	conn_exit(u->conn, "Bad password");
}

static void
on_password(void *arg, bool right)
{
	struct conn *c = arg;

	password_answered(c);
	if (!right) {
		bad_password(c->user);
		return;
	}
	if (klined(c->user)) /* since the question */
		return;
	enter(c->user);
	c->held = false;
	conn_resume(c);
}

/* The answer comes later, unless there is no helper to ask. */
static void
ask_password(struct user *u, const char *hash)
{
	struct conn *c = u->conn;

	if (c->pass == NULL) {
		bad_password(u);
		return;
	}
	switch (password_check(c, hash, c->pass, on_password, c)) {
	case PASSWORD_RIGHT:
		enter(u);
		break;
	case PASSWORD_WRONG:
		bad_password(u);
		break;
	case PASSWORD_BUSY:
		conn_exit(c, "The server is busy: try again later");
		break;
	case PASSWORD_WAITS:
		break;
	}
}

static void
decide(struct user *u)
{
	const struct conf_rule *r;
	struct conf_class *class;
	bool any_allow;

	if (klined(u))
		return;
	r = rule_for(u, &any_allow);
	if (r == NULL && any_allow) {
		not_allowed(u);
		return;
	}
	if (r != NULL && !r->allow) {
		refuse(u, "Access denied",
		    r->reason != NULL ? r->reason : "no reason was given");
		return;
	}
	class = conf_class(me.conf, r != NULL ? r->class : NULL);
	if (!admit(u, class))
		return;
	if (r != NULL && r->restricted)
		u->modes |= UMODE_RESTRICTED;
	if (r != NULL && r->hash != NULL)
		ask_password(u, r->hash);
	else
		enter(u);
}

/* His user name: ident's, else his own word for it, marked if ident was
 * asked and did not know. */
static int
settle_name(struct user *u)
{
	const struct conn *c = u->conn;
	char name[USERLEN + 2];

	if (c->ident != NULL)
		strlcpy(name, c->ident, sizeof(name));
	else
		snprintf(name, sizeof(name), "%s%.*s",
		    c->looked & LOOKUP_IDENT ? "~" : "", USERLEN, u->name);
	return user_set_name(u, name);
}

void
register_try(struct user *u)
{
	struct conn *c = u->conn;

	if (c->dead || c->closing || c->welcomed)
		return;
	c->held = false;
	if (u->nick[0] == '\0' || !c->got_user || c->cap ||
	    c->password_ask != 0) {
		c->held = c->password_ask != 0;
	} else if (c->lookup != NULL) {
		c->held = true; /* what comes next is for the registered */
	} else if (!c->named && settle_name(u) == -1) {
		conn_exit(c, "Out of memory");
	} else {
		c->named = true;
		decide(u);
	}
}
