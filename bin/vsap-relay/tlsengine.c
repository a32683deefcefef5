/*
 * All connections of a worker, and the timers that they share.
 */
#include "tlsconn_impl.h"

#include <stdlib.h>

#include "clock.h"

#define SWEEP_MS 250

static void on_again(evutil_socket_t, short, void *);
static void on_sweep(evutil_socket_t, short, void *);

static int
conn_cmp(const struct tlsconn *a, const struct tlsconn *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_INTERNAL(tlsconn_tree, tlsconn, node, conn_cmp,
    static __attribute__((__unused__)))

/* --- the engine -------------------------------------------------------- */

struct tls_engine *
tls_engine_new(struct event_base *base, const struct tlsconn_calls *calls,
    void *arg)
{
	struct tls_engine *e;

	if ((e = malloc(sizeof(*e))) == NULL)
		return NULL;
	e->base = base;
	e->calls = *calls;
	e->arg = arg;
	e->caps = NULL;
	e->count = e->switched = 0;
	e->in_off = e->in_len = e->out_len = 0;
	e->fed = false;
	RB_INIT(&e->tree);
	TAILQ_INIT(&e->again);
	TAILQ_INIT(&e->timed);
	if (evtimer_assign(&e->again_ev, base, on_again, e) == -1 ||
	    evtimer_assign(&e->sweep_ev, base, on_sweep, e) == -1) {
		free(e);
		return NULL;
	}
	return e;
}

void
tls_engine_free(struct tls_engine *e)
{
	if (e == NULL)
		return;
	event_del(&e->again_ev);
	event_del(&e->sweep_ev);
	ratecap_unmap(e->caps);
	free(e);
}

void
tls_engine_share(struct tls_engine *e, struct ratecap *caps)
{
	ratecap_unmap(e->caps);
	e->caps = caps;
}

size_t
tls_engine_count(const struct tls_engine *e)
{
	return e->count;
}

size_t
tls_engine_switched(const struct tls_engine *e)
{
	return e->switched;
}

/* Not one whose end was told: its number is nobody's any more. */
struct tlsconn *
tlsconn_find(struct tls_engine *e, uint64_t id)
{
	struct tlsconn key = { .id = id }, *c;

	c = RB_FIND(tlsconn_tree, &e->tree, &key);
	return c == NULL || c->told ? NULL : c;
}

void
tlsconn_each(struct tls_engine *e,
    void (*fn)(void *, uint64_t, uint64_t, uint64_t), void *arg)
{
	struct tlsconn *c;

	RB_FOREACH(c, tlsconn_tree, &e->tree)
		if (c->switched)
			fn(arg, c->id, c->bytes[IN], c->bytes[OUT]);
}

int
tls_engine_add(struct tls_engine *e, struct tlsconn *c)
{
	if (RB_INSERT(tlsconn_tree, &e->tree, c) != NULL)
		return -1;
	e->count++;
	return 0;
}

void
tls_engine_remove(struct tlsconn *c)
{
	struct tls_engine *e = c->e;

	if (c->again)
		TAILQ_REMOVE(&e->again, c, again_entry);
	tlsconn_unwatch(c);
	RB_REMOVE(tlsconn_tree, &e->tree, c);
	e->count--;
	e->switched -= c->switched;
}

/* --- timers ------------------------------------------------------------ */

static void
arm(struct event *ev, unsigned ms)
{
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (!evtimer_pending(ev, NULL))
		(void)evtimer_add(ev, &tv);
}

void
tlsconn_watch(struct tlsconn *c)
{
	if (c->timed)
		return;
	c->timed = true;
	TAILQ_INSERT_TAIL(&c->e->timed, c, timed_entry);
	arm(&c->e->sweep_ev, SWEEP_MS);
}

void
tlsconn_unwatch(struct tlsconn *c)
{
	if (!c->timed)
		return;
	c->timed = false;
	TAILQ_REMOVE(&c->e->timed, c, timed_entry);
}

void
tlsconn_turn_again(struct tlsconn *c)
{
	if (c->again)
		return;
	c->again = true;
	TAILQ_INSERT_TAIL(&c->e->again, c, again_entry);
	arm(&c->e->again_ev, 0);
}

void
tlsconn_pause(struct tlsconn *c, unsigned ms)
{
	if (c->paused)
		return;
	c->paused = true;
	arm(&c->pause_ev, ms > 0 ? ms : 1);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct tls_engine *e = arg;
	struct tlsconn_list list = TAILQ_HEAD_INITIALIZER(list);
	struct tlsconn *c;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&list, &e->again, again_entry);
	while ((c = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, c, again_entry);
		c->again = false;
		tlsconn_run(c);
	}
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct tls_engine *e = arg;
	struct tlsconn *c, *next;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE(c, &e->timed, timed_entry, next)
		tlsconn_sweep(c, now);
	if (!TAILQ_EMPTY(&e->timed))
		arm(&e->sweep_ev, SWEEP_MS);
}

void
tlsconn_begin_all(struct tls_engine *e)
{
	struct tlsconn *c, *next;

	RB_FOREACH_SAFE(c, tlsconn_tree, &e->tree, next)
		tlsconn_begin(e, c->id);
}
