/*
 * The end of a connection, in steps: it is closing (nothing more is taken
 * from it), departed (others have been told, nothing more is said to it),
 * ended (all was written, our side is shut), dead, freed.
 *
 * When thousands leave at once, only some depart in each turn, and their
 * descriptors are closed some in a turn, so that others are not kept
 * waiting.
 */
#include <sys/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "conf.h"
#include "conn_impl.h"
#include "hosts.h"
#include "log.h"
#include "lookup.h"
#include "pwhelper.h"
#include "server.h"
#include "turn.h"
#include "user.h"

#define END_MS 5000    /* for what is queued when a connection closes */
#define LINGER_MS 2000 /* for the peer to close after us */
#define DEPART_MAX 100 /* departures a turn */
#define BURY_MAX 256   /* descriptors closed a turn */

static struct conns dead = TAILQ_HEAD_INITIALIZER(dead);
static STAILQ_HEAD(, conn) leaving = STAILQ_HEAD_INITIALIZER(leaving);
static unsigned departed; /* in this turn */

/* --- departing ------------------------------------------------------------ */

static void
let_go(struct conn *c)
{
	lookup_cancel(c->lookup);
	c->lookup = NULL;
	if (c->password_ask != 0)
		pwhelper_cancel(me.passwords, c->password_ask);
	c->password_ask = 0;
	free(c->webirc);
	c->webirc = NULL;
}

static void
log_exit(const struct conn *c, const char *reason)
{
	char why[QUITLEN * 4 + 1], who[512];

	if (!log_verbose())
		return;
	log_debug("%s (%s) left: %s",
	    c->user->source != NULL ? log_vis(c->user->source, who, sizeof(who))
				    : "?",
	    conn_ip(c), log_vis(reason, why, sizeof(why)));
}

static void
depart(struct conn *c, const char *reason)
{
	departed++;
	log_exit(c, reason);
	say(c, "ERROR :Closing Link: %s[%s] (%s)",
	    c->user->nick[0] != '\0' ? c->user->nick : "*", c->user->host,
	    reason);
	if (c->welcomed)
		user_quit(c->user, reason);
	c->departed = true;
	c->end_by = me.now + END_MS;
	c->due = 0;
	/* One who does not read is not waited for. */
	if (c->full || c->broken) {
		conn_dead(c);
		return;
	}
	turn_wants_late(c);
	conn_rearm(c);
}

void
conn_exit(struct conn *c, const char *fmt, ...)
{
	char reason[QUITLEN + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	conn_leave(c, reason);
}

void
conn_leave(struct conn *c, const char *reason)
{
	if (c->dead || c->closing)
		return;
	c->closing = true;
	c->held = c->throttled = false;
	let_go(c);
	if (departed < DEPART_MAX ||
	    (c->reason = strndup(reason, QUITLEN)) == NULL)
		depart(c, reason);
	else
		STAILQ_INSERT_TAIL(&leaving, c, leaving);
}

bool
conns_depart(void)
{
	struct conn *c;

	departed = 0;
	while (departed < DEPART_MAX && (c = STAILQ_FIRST(&leaving)) != NULL) {
		STAILQ_REMOVE_HEAD(&leaving, leaving);
		depart(c, c->reason);
	}
	return !STAILQ_EMPTY(&leaving);
}

/* --- ending --------------------------------------------------------------- */

/* Everything has been written: our side ends; the peer's end is waited for,
 * since closing before it would take back what it has not read yet. */
void
conn_finish(struct conn *c)
{
	if (c->eof || c->ended || c->fd != c->ofd ||
	    shutdown(c->ofd, SHUT_WR) == -1) {
		conn_dead(c);
		return;
	}
	c->ended = true;
	c->end_by = me.now + LINGER_MS;
	c->due = 0;
	conn_rearm(c);
	conn_io_drain(c);
}

/* Nothing more is read or written; the memory goes at the turn's end. */
void
conn_dead(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	turn_forget(c);
	conn_io_stop(c);
	event_del(&c->timer);
	sendq_clear(&c->q);
	TAILQ_REMOVE(&conns, c, entry);
	conns_count--;
	c->class->members--;
	if (c->told)
		conns_told--;
	else
		hosts_del(&c->ip);
	TAILQ_INSERT_TAIL(&dead, c, entry);
	server_one_less();
}

static void
conn_free(struct conn *c)
{
	close(c->fd);
	if (c->ofd != c->fd)
		close(c->ofd);
	if (c->pass != NULL)
		freezero(c->pass, strlen(c->pass));
	free(c->reason);
	free(c->ident);
	free(c->input);
	user_free(c->user);
	free(c);
}

bool
conns_bury(void)
{
	struct conn *c;
	unsigned n = 0;

	while ((c = TAILQ_FIRST(&dead)) != NULL && n++ < BURY_MAX) {
		TAILQ_REMOVE(&dead, c, entry);
		conn_free(c);
	}
	return !TAILQ_EMPTY(&dead);
}
