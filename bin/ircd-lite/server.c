#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "conn.h"
#include "history.h"
#include "kline.h"
#include "listener.h"
#include "log.h"
#include "lookup.h"
#include "loop.h"
#include "mode.h"
#include "resolv.h"
#include "turn.h"
#include "user.h"

#define STOP_MS 3000 /* for what is queued when the server ends */

struct me me;

static struct resolv *resolv;
static bool ticked, stopping;
static int status;
static uint64_t stop_by;

static uint64_t
monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
look_at_clock(void)
{
	me.now = monotonic_ms();
	me.wall = time(NULL);
}

void
server_tick(void)
{
	if (ticked)
		return;
	ticked = true;
	look_at_clock();
}

/* --- the configuration ---------------------------------------------------- */

static int
adopt(struct conf *conf)
{
	char *description = strdup(conf->description);

	if (description == NULL)
		return -1;
	free(me.server.description);
	me.server.description = description;
	me.conf = conf;
	history_limit(conf->whowas, conf->whowas_age);
	return 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The name servers of the configuration, if they are others than before. */
static void
use_servers(const char *before)
{
	const char *now = me.conf->dns_servers;

	if (resolv == NULL || same_text(before, now))
		return;
	if (resolv_servers(resolv, now) == -1)
		log_warn("dns server %s: not usable", now != NULL ? now : "");
	if (me.lookups != NULL)
		lookups_forget(me.lookups);
}

static struct conf_class *
renewed(const struct conf_class *old)
{
	struct conf_class *class = conf_class(me.conf, old->name);

	return class != NULL ? class : STAILQ_FIRST(&me.conf->classes);
}

/* The classes are new; their members are those of the old ones by name. */
static void
reclass_all(void)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, entry) {
		c->class = renewed(c->class);
		c->own_class = renewed(c->own_class);
		c->class->members++;
		c->due = 0;
		conn_rearm(c);
	}
}

void
server_reload(struct conf *conf)
{
	struct conf *old = me.conf;

	server_tick();
	/* Names are known and compared by these until the next start. */
	if (strcmp(me.server.name, conf->name) != 0 ||
	    old->ascii != conf->ascii)
		server_notice_opers("the server's name and casemapping "
				    "change at its next start");
	conf->ascii = old->ascii;
	if (adopt(conf) == -1) {
		conf_free(conf);
		server_notice_opers("configuration not read: out of memory");
		return;
	}
	use_servers(old->dns_servers);
	reclass_all();
	opers_renew();
	conf_free(old);
	klines_reload();
	server_notice_opers("configuration read again");
	log_info("configuration read again");
}

/* --- start and end -------------------------------------------------------- */

static int
begin_lookups(void)
{
	if (me.alone_pipe)
		return 0;
	if ((resolv = resolv_new(me.base)) == NULL || resolv_open(resolv) == -1)
		return -1;
	me.lookups = lookups_new(me.base, resolv);
	return me.lookups == NULL ? -1 : 0;
}

int
server_init(struct conf *conf)
{
	struct tm tm;

	look_at_clock();
	me.started = me.wall;
	if (localtime_r(&me.started, &tm) == NULL ||
	    strftime(me.created, sizeof(me.created),
		"%a %b %d %Y at %H:%M:%S "
		"%Z",
		&tm) == 0)
		strlcpy(me.created, "some time ago", sizeof(me.created));
	casemap_set(conf->ascii);
	if ((me.base = loop_new()) == NULL || begin_lookups() == -1 ||
	    history_init(conf->whowas, conf->whowas_age) == -1 ||
	    adopt(conf) == -1)
		return -1;
	strlcpy(me.server.name, conf->name, sizeof(me.server.name));
	use_servers(NULL);
	klines_begin();
	if (me.alone_pipe)
		STAILQ_FIRST(&conf->classes)->penalty = 0;
	return 0;
}

void
server_one_less(void)
{
	if (me.alone && conns_count == 0)
		server_stop("the last one has left", 0);
}

bool
server_stopping(void)
{
	return stopping;
}

/* The loop wakes up and sees that its time is over. */
static void
on_stop_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

void
server_stop(const char *reason, int how)
{
	struct timeval tv = { .tv_sec = STOP_MS / 1000 };
	struct conn *c, *next;

	if (stopping)
		return;
	server_tick();
	stopping = true;
	status = how;
	stop_by = me.now + STOP_MS;
	(void)event_base_once(me.base, -1, EV_TIMEOUT, on_stop_time, NULL, &tv);
	listener_sweep(); /* nobody new meanwhile */
	if (me.alone_pipe)
		log_debug("ending: %s", reason);
	else
		log_info("ending: %s", reason);
	for (c = TAILQ_FIRST(&conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		conn_leave(c, reason);
	}
}

int
server_turn(bool wait)
{
	int64_t began;
	bool more;

	/* NONBLOCK alone would go on for as long as there is any event. */
	if (event_base_loop(me.base,
		EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK)) == -1)
		return -1;
	server_tick();
	began = turn_begin();
	more = conns_depart();
	more = turn_end(began) || more;
	more = conns_bury() || more;
	chans_bury();
	log_flush();
	ticked = false;
	return more;
}

int
server_run(void)
{
	int more = 0;

	look_at_clock();
	while (!stopping || (conns_count > 0 && me.now < stop_by))
		if ((more = server_turn(more == 0)) == -1)
			fatal("event loop");
	log_flush();
	return status;
}

/* --- what operators are told ---------------------------------------------- */

void
notice(struct user *u, const char *fmt, ...)
{
	char text[LINE_MAX_IRC];
	va_list ap;

	if (u->conn == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(u->conn, ":%s NOTICE %s :%s", me.server.name,
	    u->nick[0] != '\0' ? u->nick : "*", text);
}

static void
tell_opers(uint32_t modes, const char *fmt, va_list ap)
{
	char text[LINE_MAX_IRC];
	struct user *u;

	if (TAILQ_EMPTY(&user_staff))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	TAILQ_FOREACH(u, &user_staff, staff)
		if ((u->modes & modes) == modes)
			notice(u, "*** Notice -- %s", text);
}

void
notice_opers(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell_opers(UMODE_NOTICES, fmt, ap);
	va_end(ap);
}

void
server_notice_opers(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell_opers(UMODE_OPER, fmt, ap);
	va_end(ap);
}
