/*
 * How a connection ends: what is told, and to whom, how its sides are closed,
 * and how long last words may take.
 */
#include "tlsconn_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"

#define GRACE_MS 10000 /* for last words without progress */
#define ALERT_MS 2000  /* for a peer to read why it was refused */

void
tlsconn_why(struct tlsconn *c, const char *fmt, ...)
{
	va_list ap;

	if (c->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	for (char *p = c->why; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
}

static void
close_side(struct tlsconn *c, enum side side, bool by_reset)
{
	if (c->fd[side] == -1)
		return;
	if (by_reset && !c->dead[side])
		net_reset(c->fd[side]);
	else
		close(c->fd[side]);
	c->fd[side] = -1;
}

/* Nothing more is heard of either side. */
static void
deafen(struct tlsconn *c)
{
	event_del(&c->ev[NET]);
	event_del(&c->ev[PLAIN]);
	event_del(&c->pause_ev);
}

void
tlsconn_drop(struct tlsconn *c)
{
	struct tls_engine *e = c->e;

	deafen(c);
	tls_engine_remove(c);
	tls_free(c->tls);
	tlscfg_put(c->cfg);
	tlsio_free_rests(c);
	close_side(c, NET, false);
	close_side(c, PLAIN, false);
	if (c->near != -1)
		close(c->near);
	free(c);
	e->calls.gone(e->arg);
}

void
tlsconn_abandon(struct tlsconn *c)
{
	c->told = true;
	deafen(c);
	close_side(c, NET, true);
	if (c->switched)
		close_side(c, PLAIN, true);
	tlsconn_drop(c);
}

void
tlsconn_reset(struct tls_engine *e, uint64_t id)
{
	struct tlsconn *c = tlsconn_find(e, id);

	if (c != NULL)
		tlsconn_abandon(c);
}

/* Tell the feeder, once.  It gets the plain end back, in a way: that is
 * closed only when it was told why. */
static void
tell(struct tlsconn *c, enum relay_cause cause)
{
	struct tls_engine *e = c->e;
	struct relay_end r = {
		.id = c->id,
		.ab = c->bytes[IN],
		.ba = c->bytes[OUT],
		.ms = (uint32_t)(clock_ms() - c->started),
		.cause = cause,
	};
	int plain = c->fd[PLAIN];

	if (c->told)
		return;
	c->told = true;
	if (c->switched) {
		e->calls.end(e->arg, &r);
		return;
	}
	event_del(&c->ev[PLAIN]);
	c->fd[PLAIN] = -1;
	e->calls.down(e->arg, c->id, c->why[0] != '\0' ? c->why : "end", plain);
}

/* The last of a connection: close (by a reset), tell, free. */
static void
end(struct tlsconn *c, enum relay_cause cause, bool by_reset)
{
	deafen(c);
	close_side(c, NET, by_reset);
	if (c->switched)
		close_side(c, PLAIN, by_reset);
	tell(c, cause);
	tlsconn_drop(c);
}

void
tlsconn_cut(struct tlsconn *c)
{
	end(c, RELAY_RESET, true);
}

/*
 * TLS failed, and has said so to the peer (alert): closing at once could
 * take that away again, where something of the peer's is still unread.
 */
void
tlsconn_fail(struct tlsconn *c)
{
	tell(c, RELAY_RESET);
	if (c->eof || c->dead[NET]) {
		tlsconn_drop(c);
		return;
	}
	c->phase = PHASE_ALERT;
	c->moved = clock_ms();
	tlsconn_watch(c);
	tlsconn_run(c);
}

/* Has every side that still takes something acknowledged what it was sent?  A
 * reset would take back the rest. */
static bool
acknowledged(const struct tlsconn *c)
{
	for (int i = 0; i < 2; i++)
		if (!c->dead[i] && c->state[!i] < DIR_BROKEN &&
		    (i == NET || c->switched) && net_unacked(c->fd[i]) > 0)
			return false;
	return true;
}

static void
last_words(struct tlsconn *c, enum phase phase)
{
	c->phase = phase;
	c->moved = clock_ms();
	tlsconn_watch(c);
}

static void
reset(struct tlsconn *c)
{
	if (acknowledged(c))
		end(c, RELAY_RESET, true);
	else
		last_words(c, PHASE_RESET);
}

void
tlsconn_settle(struct tlsconn *c)
{
	bool broken;

	for (int i = 0; i < 2; i++)
		if (c->dead[i])
			tlsio_break(c, !i);
	if (c->dead[NET] || c->dead[PLAIN] || c->hung_up)
		tlsconn_watch(c);
	if (c->state[IN] < DIR_DONE || c->state[OUT] < DIR_DONE)
		return;
	broken = c->state[IN] == DIR_BROKEN || c->state[OUT] == DIR_BROKEN;
	if (c->dead[NET] || c->dead[PLAIN])
		reset(c);
	else if (!broken)
		end(c, c->phase == PHASE_RUN ? RELAY_EOF : RELAY_RESET, false);
	else if (c->phase == PHASE_RUN) {
		last_words(c, PHASE_DISCARD);
		tlsconn_turn_again(c); /* no edge may tell what is there */
	}
}

static void
sweep_running(struct tlsconn *c, uint64_t quiet)
{
	bool last = c->phase != PHASE_RUN || c->dead[NET] || c->dead[PLAIN] ||
		    c->hung_up;

	if (c->phase == PHASE_RESET && acknowledged(c))
		end(c, RELAY_RESET, true);
	else if (last && quiet >= GRACE_MS)
		end(c, RELAY_RESET, c->phase != PHASE_DISCARD);
	else if (!last && c->opts.idle > 0 && quiet / 1000 >= c->opts.idle)
		end(c, RELAY_IDLE, true);
	else if (!last && c->opts.idle == 0)
		tlsconn_unwatch(c);
}

void
tlsconn_sweep(struct tlsconn *c, uint64_t now)
{
	uint64_t limit;

	switch (c->phase) {
	case PHASE_HANDSHAKE:
		limit = (uint64_t)tlscfg_handshake(c->cfg) * 1000;
		if (now - c->started < limit)
			return;
		tlsconn_why(c, "handshake: timed out");
		end(c, RELAY_RESET, true);
		break;
	case PHASE_ALERT:
		if (now - c->moved >= ALERT_MS)
			tlsconn_drop(c);
		break;
	default:
		sweep_running(c, now - c->moved);
		break;
	}
}
