#include "gate.h"

#include <sys/queue.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "backoff.h"
#include "bind.h"
#include "log.h"
#include "loop.h"
#include "pool.h"
#include "ucspi.h"
#include "vsap_client.h"

#define HURRY_SLACK 100000 /* microseconds beside the round trips */
#define AGAIN_SLACK 200	   /* milliseconds behind what the gateway wants */
#define LASTING 2	   /* sessions that wait as ever in a hurry */

TAILQ_HEAD(acceptors, acceptor);

struct gate {
	struct bind *bind;
	char name[ADDR_STRLEN];
	struct addr server;
	char address[ADDR_STRLEN]; /* what BIND asks for */
	struct addr bound;	   /* what 210 answered */
	char said[ADDR_STRLEN];	   /* ... and the log said */
	bool settled;		   /* address has no port 0 */
	bool have_bound;
	bool pipeline; /* LISTEN and ACCEPT may follow BIND at once */
	bool fetch;    /* RELAY -f works, as far as is known */
	bool is_unix;
	bool up; /* a session listens, or one did and is not missed */
	bool was_up;
	bool limited; /* said what keeps it from all its acceptors */
	bool given_up;
	bool trim;	     /* quiet: close acceptors beyond the target */
	bool touched;	     /* update() comes at the end of this turn */
	unsigned ceiling;    /* the gateway lets us have no more; 0: none */
	uint32_t rtt;	     /* microseconds */
	uint64_t said_at;    /* what keeps it from being up, ms; 0: it is up */
	uint64_t not_before; /* it wants to be left alone until then, ms */
	uint64_t dry_at;     /* when no acceptor was left waiting, last */
	struct pool pool;
	struct acceptors acceptors;
	struct backoff backoff;
	struct event *retry; /* pending: nothing is dialled */
	struct event *tick;
};

/* ---- what others ask --------------------------------------------------- */

struct bind *
gate_bind(const struct gate *g)
{
	return g->bind;
}

const struct addr *
gate_server(const struct gate *g)
{
	return &g->server;
}

const char *
gate_name(const struct gate *g)
{
	return g->name;
}

const struct addr *
gate_bound(const struct gate *g)
{
	return g->have_bound ? &g->bound : NULL;
}

const char *
gate_address(const struct gate *g)
{
	return g->address;
}

bool
gate_pipelines(const struct gate *g)
{
	return g->pipeline && g->settled;
}

bool
gate_accepts(const struct gate *g)
{
	return bind_room(g->bind) > 0 && !bind_closed(g->bind);
}

bool
gate_fetches(const struct gate *g)
{
	return g->is_unix && g->fetch;
}

void
gate_no_fetch(struct gate *g)
{
	g->fetch = false;
}

void
gate_no_pipeline(struct gate *g)
{
	g->pipeline = false;
}

/*
 * A connection to the target is opened that may not be used, and a gateway's
 * visitor that goes to us as we vanish is lost with us; hence only for those
 * that were called by a burst, and for a moment.  Two acceptors stay as they
 * are.
 */
bool
gate_hurries(const struct gate *g)
{
	uint64_t since = bind_now() - g->dry_at;
	const struct acceptor *a;
	unsigned lasting = 0;

	if (bind_conf(g->bind)->mode != BIND_TARGET || g->dry_at == 0 ||
	    g->rtt < POOL_FAR || bind_many(g->bind) ||
	    since > 3 * (uint64_t)g->rtt + HURRY_SLACK)
		return false;
	TAILQ_FOREACH(a, &g->acceptors, entry)
		lasting += a->state > ACCEPTOR_DIALING &&
			   a->state < ACCEPTOR_VISITED && !a->express;
	return lasting >= LASTING;
}

/* ---- bringing the pool into line --------------------------------------- */

/* Is this one waiting for a visitor, or soon to be? */
static bool
is_idle(const struct gate *g, const struct acceptor *a)
{
	if (a->state < ACCEPTOR_VISITED)
		return true;
	return gate_fetches(g);
}

static unsigned
count_idle(const struct gate *g)
{
	const struct acceptor *a;
	unsigned n = 0;

	TAILQ_FOREACH(a, &g->acceptors, entry)
		n += is_idle(g, a);
	return n;
}

static unsigned
count_waiting(const struct gate *g)
{
	const struct acceptor *a;
	unsigned n = 0;

	TAILQ_FOREACH(a, &g->acceptors, entry)
		n += a->state == ACCEPTOR_WAITING;
	return n;
}

/* While nobody can be served one session keeps the address. */
static unsigned
wanted(const struct gate *g)
{
	unsigned room = bind_room(g->bind), n = g->pool.target;

	if (!g->up || room == 0)
		return 1;
	if (g->ceiling > 0 && n > g->ceiling)
		n = g->ceiling;
	return n < room ? n : room;
}

/* One acceptor, the nth that is idle (from 0); false: it was closed. */
static bool
update_acceptor(struct gate *g, struct acceptor *a, unsigned n, unsigned want)
{
	bool full = bind_room(g->bind) == 0;

	if (a->state == ACCEPTOR_WAITING && !a->express &&
	    (full || (g->trim && n >= want))) {
		acceptor_free(a);
		return false;
	}
	if (a->state != ACCEPTOR_HELD)
		return true;
	if (n >= want) {
		acceptor_free(a);
		return false;
	}
	if (!full)
		acceptor_accept(a);
	return true;
}

static void
close_idle(struct gate *g)
{
	struct acceptor *a, *next;

	/* Coming back, one goes first. */
	g->up = false;
	TAILQ_FOREACH_SAFE(a, &g->acceptors, entry, next)
		if (a->state < ACCEPTOR_VISITED && !a->express)
			acceptor_free(a);
}

static void
dial(struct gate *g, unsigned n)
{
	for (; n > 0; n--) {
		if (acceptor_new(g) == 0)
			continue;
		gate_over(g, NULL, strerror(errno), GATE_LOST);
		return;
	}
}

static void
update(void *arg)
{
	struct gate *g = arg;
	struct acceptor *a, *next;
	unsigned n = 0, want;

	g->touched = false;
	if (g->given_up)
		return;
	if (bind_closed(g->bind)) {
		close_idle(g);
		return;
	}
	want = wanted(g);
	TAILQ_FOREACH_SAFE(a, &g->acceptors, entry, next)
		if (is_idle(g, a) && update_acceptor(g, a, n, want))
			n++;
	g->trim = false;
	if (n < want && !evtimer_pending(g->retry, NULL))
		dial(g, want - n);
}

void
gate_touch(struct gate *g)
{
	if (g->touched)
		return;
	g->touched = true;
	if (loop_defer(bind_base(g->bind), update, g) == -1)
		fatal("%s", g->name);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gate *g = arg;

	(void)fd;
	(void)what;
	g->trim = pool_tick(&g->pool);
	if (g->ceiling > 0)
		g->ceiling *= 2;
	gate_touch(g);
}

/* ---- what acceptors tell ----------------------------------------------- */

void
gate_connected(struct gate *g, struct acceptor *a)
{
	g->is_unix = vsapc_is_unix(a->client);
	g->rtt = vsapc_rtt(a->client);
}

/* The others, and those after a loss, ask for the very port that the first
 * was given, at the host the user wrote. */
void
gate_settle(struct gate *g, const struct addr *bound)
{
	struct addr a = bind_conf(g->bind)->address;

	g->bound = *bound;
	g->have_bound = true;
	if (g->settled)
		return;
	if (a.kind == ADDR_TCP && a.port == 0)
		a.port = bound->port;
	addr_format(&a, g->address, sizeof(g->address));
	g->settled = true;
}

static void
say_up(struct gate *g)
{
	char text[ADDR_STRLEN];
	bool same;

	ucspi_address(&g->bound, text, sizeof(text));
	same = strcmp(text, g->said) == 0;
	strlcpy(g->said, text, sizeof(g->said));
	if (g->was_up && g->said_at != 0)
		log_info("%s: back; listening on %s", g->name, text);
	else if (!same && bind_many(g->bind))
		log_info("listening on %s at %s", text, g->name);
	else if (!same)
		log_info("listening on %s", text);
}

void
gate_listening(struct gate *g, const struct acceptor *a)
{
	uint64_t now = bind_now();

	backoff_ok(&g->backoff, now / 1000);
	pool_ready(&g->pool, now - a->called);
	if (!g->up) {
		say_up(g);
		g->up = g->was_up = true;
		g->limited = false;
		g->said_at = g->not_before = 0;
		g->ceiling = 0;
		evtimer_del(g->retry);
	}
	gate_touch(g);
}

void
gate_visited(struct gate *g, struct acceptor *a)
{
	unsigned idle = count_waiting(g);
	uint64_t now = bind_now();

	if (idle == 0)
		g->dry_at = now;
	pool_visit(&g->pool, idle, g->rtt, now);
	gate_touch(g);
	bind_visit(g->bind, a);
}

/* ---- losing it and coming back ----------------------------------------- */

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	gate_touch(arg);
}

void
gate_not_before(struct gate *g, unsigned seconds)
{
	g->not_before = bind_now() / 1000 + (uint64_t)seconds * 1000;
}

static void
retry_later(struct gate *g)
{
	uint64_t now = bind_now() / 1000, ms;
	struct timeval tv;

	if (evtimer_pending(g->retry, NULL))
		return;
	ms = backoff_next(&g->backoff, &backoff_reconnect, now, arc4random());
	if (now + ms < g->not_before)
		ms = g->not_before - now + arc4random_uniform(AGAIN_SLACK);
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	if (evtimer_add(g->retry, &tv) == -1)
		fatalx("%s: no timer", g->name);
}

static void
give_up(struct gate *g, const char *text, int code)
{
	log_warn("%s", text);
	g->given_up = true;
	bind_gate_over(g->bind, code);
}

static void
down(struct gate *g, const char *text)
{
	if (backoff_say(&g->said_at, bind_now() / 1000))
		log_warn("%s; trying again", text);
	g->up = false;
}

/* Some acceptors wait and a further one was refused: these must do. */
static void
limit(struct gate *g, const char *text, unsigned n)
{
	if (!g->limited)
		log_warn("%s; going on with %u acceptors", text, n);
	g->limited = true;
	g->ceiling = n;
}

void
gate_over(struct gate *g, struct acceptor *a, const char *text,
    enum gate_fault fault)
{
	bool visited = a != NULL && a->state >= ACCEPTOR_VISITED;
	unsigned left;

	acceptor_free(a);
	gate_touch(g);
	if (visited || fault == GATE_EXPIRED || g->given_up ||
	    bind_closed(g->bind))
		return;
	if (fault == GATE_UNFIT)
		close_idle(g);
	if (fault == GATE_UNFIT || (!g->was_up && fault == GATE_FORBIDDEN)) {
		give_up(g, text, EXIT_PERMANENT);
		return;
	}
	if (!g->was_up && bind_once(g->bind)) {
		give_up(g, text, EXIT_TEMPORARY);
		return;
	}
	left = count_idle(g);
	if (left > 0 && fault != GATE_LOST) {
		limit(g, text, left);
		return;
	}
	if (left == 0)
		down(g, text);
	retry_later(g);
}

void
gate_insert(struct gate *g, struct acceptor *a)
{
	TAILQ_INSERT_TAIL(&g->acceptors, a, entry);
}

void
gate_remove(struct gate *g, struct acceptor *a)
{
	TAILQ_REMOVE(&g->acceptors, a, entry);
}

/* ---- its life ---------------------------------------------------------- */

static int
timers(struct gate *g)
{
	struct event_base *base = bind_base(g->bind);
	struct timeval tv = { POOL_TICK, 0 };

	g->retry = evtimer_new(base, on_retry, g);
	g->tick = event_new(base, -1, EV_PERSIST, on_tick, g);
	if (g->retry == NULL || g->tick == NULL)
		return -1;
	return event_add(g->tick, &tv);
}

struct gate *
gate_new(struct bind *b, const char *server, char *err, size_t errlen)
{
	const struct bind_conf *conf = bind_conf(b);
	struct gate *g;

	if ((g = calloc(1, sizeof(*g))) == NULL) {
		strlcpy(err, strerror(errno), errlen);
		return NULL;
	}
	g->bind = b;
	TAILQ_INIT(&g->acceptors);
	pool_init(&g->pool, conf->pool, conf->max);
	g->pipeline = g->fetch = true;
	g->settled = conf->address.kind != ADDR_TCP || conf->address.port != 0;
	addr_format(&conf->address, g->address, sizeof(g->address));
	if (addr_parse(&g->server, server, ADDR_FOR_SERVER, err, errlen) == -1)
		goto fail;
	addr_format(&g->server, g->name, sizeof(g->name));
	if (timers(g) == -1) {
		strlcpy(err, "no timer", errlen);
		goto fail;
	}
	gate_touch(g);
	return g;
fail:
	gate_free(g);
	return NULL;
}

void
gate_free(struct gate *g)
{
	struct acceptor *a;

	if (g == NULL)
		return;
	while ((a = TAILQ_FIRST(&g->acceptors)) != NULL)
		acceptor_free(a);
	if (g->retry != NULL)
		event_free(g->retry);
	if (g->tick != NULL)
		event_free(g->tick);
	free(g);
}
