/*
 * OPER: a user becomes an operator, and the end of it.  The hash is computed
 * elsewhere (pwhelper.h) and what he says meanwhile waits.  Wrong tries are
 * counted for a minute from the first one on.
 */
#include "cmd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "log.h"
#include "mode.h"
#include "numeric.h"
#include "password.h"
#include "server.h"
#include "turn.h"
#include "user.h"

#define TRIES_MAX 256 /* users who are counted at a time; more must wait */
#define TRIES_MS 60000

/* ---- wrong tries -------------------------------------------------------- */

struct tries {
	uint64_t source; /* of him who tries */
	uint64_t since;
	unsigned n;
};

static struct tries tries[TRIES_MAX];

/* His address, so that another connection is no new beginning. */
static uint64_t
source_of(const struct user *u)
{
	uint64_t net, host;

	if (IN6_IS_ADDR_UNSPECIFIED(&u->conn->ip))
		return u->id;
	memcpy(&net, u->conn->ip.s6_addr, sizeof(net));
	memcpy(&host, u->conn->ip.s6_addr + sizeof(net), sizeof(host));
	return net != 0 ? net : host;
}

/* His place in the table, an unused one, or NULL: there is none. */
static struct tries *
tries_of(const struct user *u)
{
	struct tries *t, *unused = NULL;
	uint64_t source = source_of(u);

	for (t = tries; t < tries + TRIES_MAX; t++) {
		if (me.now - t->since >= TRIES_MS)
			*t = (struct tries){ 0 };
		if (t->source == source)
			return t;
		if (t->source == 0)
			unused = t;
	}
	return unused;
}

static bool
too_many(const struct user *u)
{
	const struct tries *t = tries_of(u);

	return t == NULL || t->n >= OPER_TRIES;
}

static void
count_try(const struct user *u)
{
	struct tries *t = tries_of(u);

	if (t == NULL)
		return;
	if (t->n++ == 0) {
		t->source = source_of(u);
		t->since = me.now;
	}
}

/* It was none: the password was right, or nobody looked at it. */
static void
forgive_try(const struct user *u)
{
	struct tries *t = tries_of(u);

	if (t != NULL && t->n > 0 && --t->n == 0)
		*t = (struct tries){ 0 };
}

/* ---- the answer --------------------------------------------------------- */

static const struct conf_oper *
block_of(const struct user *u, const char *name)
{
	const struct in6_addr *ip = &u->conn->ip;
	const struct conf_oper *o;

	if (IN6_IS_ADDR_UNSPECIFIED(ip))
		ip = NULL;
	STAILQ_FOREACH(o, &me.conf->opers, entry)
		if (strcmp(o->name, name) == 0 &&
		    conf_from_match(&o->from, u->name, u->host,
			conn_ip(u->conn), ip))
			return o;
	return NULL;
}

static void
tell(const struct user *u, const char *name, const char *what)
{
	char vis[4 * LINE_MAX_IRC];

	log_info("OPER %s: %s (%s) %s", log_vis(name, vis, sizeof(vis)),
	    u->source, conn_ip(u->conn), what);
	notice_opers("OPER %s: %s (%s) %s", name, u->source, conn_ip(u->conn),
	    what);
}

static void
reclass(struct conn *c, struct conf_class *class)
{
	conn_reclass(c, class);
	c->due = 0;
	conn_rearm(c);
}

static void
succeed(struct user *u, const struct conf_oper *o)
{
	struct conf_class *class;

	if (user_set_text(&u->oper, o->name, strlen(o->name)) == -1) {
		reply(u, ERR_UNKNOWNERROR, "OPER", "no memory");
		return;
	}
	u->may = o->may;
	user_set_modes(u, u->modes | UMODE_OPER);
	if (o->class != NULL && (class = conf_class(me.conf, o->class)) != NULL)
		reclass(u->conn, class);
	reply(u, RPL_YOUREOPER);
	say(u->conn, ":%s MODE %s :+o", u->source, u->nick);
	tell(u, o->name, "is an operator now");
}

void
oper_end(struct user *u)
{
	user_set_modes(u, u->modes & ~(uint32_t)(UMODE_OPER | UMODE_NOTICES));
	u->may = 0;
	if (u->conn != NULL && u->conn->class != u->conn->own_class)
		reclass(u->conn, u->conn->own_class);
	free(u->oper);
	u->oper = NULL;
}

/* What his block says now; without one he is an operator no more. */
static void
renew(struct user *u)
{
	const struct conf_oper *o = block_of(u, u->oper);
	struct conf_class *class = u->conn->own_class;
	bool noticed = u->modes & UMODE_NOTICES;

	if (o == NULL) {
		oper_end(u);
		say(u->conn, ":%s MODE %s :-o%s", u->source, u->nick,
		    noticed ? "s" : "");
		return;
	}
	u->may = o->may;
	if (o->class != NULL)
		class = conf_class(me.conf, o->class);
	if (class != NULL && class != u->conn->class)
		reclass(u->conn, class);
}

void
opers_renew(void)
{
	struct user *u, *next;

	TAILQ_FOREACH_SAFE(u, &user_staff, staff, next)
		if (u->modes & UMODE_OPER && u->conn != NULL)
			renew(u);
}

static void
answer(struct user *u, const char *name, bool right)
{
	/* The configuration may be another one by now. */
	const struct conf_oper *o = block_of(u, name);

	if (right && o != NULL) {
		forgive_try(u);
		succeed(u, o);
		return;
	}
	tell(u, name, "has failed: wrong password");
	reply(u, ERR_PASSWDMISMATCH);
}

static void
on_answer(void *arg, bool right)
{
	struct conn *c = arg;
	char *name = c->pass;

	password_answered(c);
	c->pass = NULL;
	answer(c->user, name, right);
	free(name);
	c->held = false;
	conn_resume(c);
}

/* ---- the question ------------------------------------------------------- */

/* conn->pass, which nobody needs after registration, keeps the name: it goes
 * with the connection when the answer does not come. */
static void
ask(struct user *u, const struct conf_oper *o, const char *password)
{
	struct conn *c = u->conn;
	char *name = strdup(o->name);
	enum password is = PASSWORD_BUSY;

	if (name != NULL)
		is = password_check(c, o->hash, password, on_answer, c);
	if (is == PASSWORD_WAITS) {
		free(c->pass);
		c->pass = name;
		return;
	}
	if (is == PASSWORD_BUSY) {
		forgive_try(u);
		reply(u, RPL_TRYAGAIN, "OPER");
	} else
		answer(u, name, is == PASSWORD_RIGHT);
	free(name);
}

/* Each is a wrong one until it is known better, so that many at a time are
 * no more than one after the other. */
static void
try(struct user *u, const char *name, const char *password)
{
	const struct conf_oper *o = block_of(u, name);

	count_try(u);
	if (o == NULL) {
		tell(u, name, "has failed: no such operator from there");
		reply(u, ERR_NOOPERHOST);
	} else {
		ask(u, o, password);
	}
}

void
cmd_oper(struct user *u, struct msg *m)
{
	char *password = m->param[1];

	if (u->modes & UMODE_OPER)
		reply(u, RPL_YOUREOPER);
	else if (too_many(u))
		reply(u, RPL_TRYAGAIN, "OPER");
	else
		try(u, m->param[0], password);
	explicit_bzero(password, strlen(password));
}
