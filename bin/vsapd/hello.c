#include "hello.h"

#include <sys/socket.h>

#include "clock.h"
#include "front.h"
#include "log.h"

#define SWEEP_MS 1000
#define GRACE 1	      /* seconds that nobody is sent away for others */
#define LOCAL_TIME 10 /* times as long for peers on this host: people */

static unsigned
time_of(const struct session *s)
{
	unsigned t = s->gw->conf->hello_time;

	return s->who.local ? t * LOCAL_TIME : t;
}

static void sweep_later(struct gateway *);

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;
	struct session *s, *next;
	time_t now = clock_seconds();

	(void)fd;
	(void)what;
	gw->sweeping = false;
	for (s = TAILQ_FIRST(&gw->hellos); s != NULL; s = next) {
		next = TAILQ_NEXT(s, of_hello);
		if (now - s->since < (time_t)gw->conf->hello_time)
			break; /* those behind it came later */
		if (now - s->since < (time_t)time_of(s))
			continue;
		gw->totals.late++;
		session_log(s, "%s: nothing of use in %u s: closed", s->peer,
		    time_of(s));
		session_close(s);
	}
	if (!TAILQ_EMPTY(&gw->hellos))
		sweep_later(gw);
}

static void
sweep_later(struct gateway *gw)
{
	struct timeval tv = { .tv_usec = SWEEP_MS % 1000 * 1000,
		.tv_sec = SWEEP_MS / 1000 };

	if (!gw->sweeping &&
	    event_base_once(gw->base, -1, EV_TIMEOUT, on_sweep, gw, &tv) == 0)
		gw->sweeping = true;
}

void
hello_add(struct session *s)
{
	s->hello = true;
	TAILQ_INSERT_TAIL(&s->gw->hellos, s, of_hello);
	s->gw->nhellos++;
	sweep_later(s->gw);
}

void
hello_remove(struct session *s)
{
	if (!s->hello)
		return;
	s->hello = false;
	TAILQ_REMOVE(&s->gw->hellos, s, of_hello);
	s->gw->nhellos--;
}

/* The oldest that is neither of this host nor just showing its password; if
 * there are only such, the oldest.  NULL: all are quite new. */
static struct session *
least_wanted(const struct gateway *gw)
{
	time_t now = clock_seconds();
	struct session *s, *oldest = TAILQ_FIRST(&gw->hellos);

	if (oldest == NULL || now - oldest->since <= GRACE)
		return NULL;
	TAILQ_FOREACH(s, &gw->hellos, of_hello) {
		if (now - s->since <= GRACE)
			break;
		if (!s->who.local && s->checking == NULL)
			return s;
	}
	return oldest;
}

bool
hello_evict(struct gateway *gw)
{
	struct session *s = least_wanted(gw);

	if (s == NULL)
		return false;
	gw->totals.evicted++;
	log_debug("s%llu: %s: sent away for a newer one",
	    (unsigned long long)s->id, s->peer);
	session_reset(s, "too many strangers: the oldest goes");
	return true;
}

/* --- admission --------------------------------------------------------- */

/* What lasts is said now and then, not for each of a flood. */
static void
turn_away(struct session *s, enum conf_limit item, enum conf_scope scope)
{
	char why[160];

	limit_text(s->gw->conf, item, scope, why, sizeof(why));
	if (gateway_say_again(&s->gw->said_limit))
		log_warn("%s: turned away: %s", s->peer, why);
	s->gw->totals.refused++;
	/* Nobody knows what language it understands; the log knows. */
	session_reset(s, NULL);
}

static bool
take(struct session *s, enum conf_limit item, struct limit_hold *hold)
{
	struct limit_who who = session_counts_as(s);
	enum conf_scope scope;

	if (limit_take(s->gw->limits, s->gw->conf, &who, item, hold, &scope))
		return true;
	if (item == LIMIT_HELLO && scope == SCOPE_TOTAL && hello_evict(s->gw) &&
	    s->state != S_DEAD &&
	    limit_take(s->gw->limits, s->gw->conf, &who, item, hold, &scope))
		return true;
	if (s->state != S_DEAD)
		turn_away(s, item, scope);
	return false;
}

void
session_admit(struct session *s)
{
	const struct rules *rules = s->gw->conf->rules;

	if (!s->is_unix && !rules_admit(rules, &s->who.ip)) {
		if (gateway_say_again(&s->gw->said_admit))
			log_info("%s: not admitted (%s)", s->peer,
			    s->gw->conf->path != NULL ? "admit from"
						      : "vsapd -a");
		s->gw->totals.refused++;
		session_reset(s, NULL);
		return;
	}
	s->admitted = true;
	if (take(s, LIMIT_CONNECTIONS, &s->held_session))
		(void)take(s, LIMIT_HELLO, &s->held_hello);
}

void
session_known(struct session *s)
{
	hello_remove(s);
	limit_give(&s->held_hello);
}

bool
session_may_stream(struct session *s, char *why, size_t whylen)
{
	struct limit_who who = session_counts_as(s);
	enum conf_scope scope;

	if (limit_is_held(&s->held_stream) ||
	    limit_take(s->gw->limits, s->gw->conf, &who, LIMIT_ASSOCIATIONS,
		&s->held_stream, &scope))
		return true;
	if (why != NULL)
		limit_text(s->gw->conf, LIMIT_ASSOCIATIONS, scope, why, whylen);
	return false;
}

struct limit_who
session_counts_as(const struct session *s)
{
	struct limit_who who = {
		.owner = s->owner,
		.ip = s->who.ip,
		.local = s->who.local,
	};

	return who;
}
