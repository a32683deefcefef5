/*
 * A connection's life: events, turns, ends; after the model of stream.c.
 * Each side has one persistent edge-triggered event.
 */
#include "tlsconn_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "tlsname.h"

#define GRACE_MS 10000 /* for last words without progress */
#define ALERT_MS 2000  /* for a peer to read why it was refused */

/* --- ends -------------------------------------------------------------- */

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

static void
drop(struct tlsconn *c)
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
	drop(c);
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
	drop(c);
}

/*
 * TLS failed, and has said so to the peer (alert): closing at once could
 * take that away again, where something of the peer's is still unread.
 */
static void
fail(struct tlsconn *c)
{
	tell(c, RELAY_RESET);
	if (c->eof || c->dead[NET]) {
		drop(c);
		return;
	}
	c->phase = PHASE_ALERT;
	c->moved = clock_ms();
	tlsconn_watch(c);
	tlsconn_run(c);
}

/* Has every live side acknowledged what it was sent?  A reset would take
 * back the rest. */
static bool
acknowledged(const struct tlsconn *c)
{
	for (int i = 0; i < 2; i++)
		if (!c->dead[i] && (i == NET || c->switched) &&
		    net_unacked(c->fd[i]) > 0)
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

/* Ends the connection where both ways are through; it may be gone then. */
static void
settle(struct tlsconn *c)
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
	else if (c->phase == PHASE_RUN)
		last_words(c, PHASE_DISCARD);
}

/* --- turns ------------------------------------------------------------- */

static const char *
fingerprint(struct tlsconn *c)
{
	const char *print = tls_peer_cert_hash(c->tls);

	return print != NULL ? print : "";
}

static void
tell_up(struct tlsconn *c)
{
	struct tlsconn_peer peer;

	snprintf(peer.cipher, sizeof(peer.cipher), "%s %s",
	    tls_conn_version(c->tls), tls_conn_cipher(c->tls));
	tlsname_common(c->tls, peer.name, sizeof(peer.name));
	strlcpy(peer.print, fingerprint(c), sizeof(peer.print));
	c->e->calls.up(c->e->arg, c->id, &peer);
}

/* True: it is over, and bytes may run. */
static bool
shake_hands(struct tlsconn *c)
{
	int r = tlsio_handshake(c);
	const char *why;

	if (r == 0)
		return false;
	if (r == 1 && (why = tlscfg_refuses(c->cfg, c->tls)) != NULL) {
		tlsconn_why(c, "%s (%s)", why, fingerprint(c));
		r = -1;
	}
	if (r == -1) {
		fail(c);
		return false;
	}
	c->phase = PHASE_RUN;
	c->moved = clock_ms();
	tell_up(c);
	return true;
}

static void
run_ways(struct tlsconn *c)
{
	bool more = false;

	for (int way = 0; way < 2; way++)
		more |= c->phase == PHASE_RUN ? tlsio_run(c, way)
					      : tlsio_discard(c, way);
	if (more)
		tlsconn_turn_again(c);
	settle(c);
}

/* The alert goes out, then the connection's end; the peer may answer it. */
static void
run_alert(struct tlsconn *c)
{
	int r = tlsio_flush(c);

	if (r == 0)
		(void)shutdown(c->fd[NET], SHUT_WR);
	if (r == -1 || tlsio_drain(c))
		drop(c);
}

void
tlsconn_run(struct tlsconn *c)
{
	switch (c->phase) {
	case PHASE_NEW:
		break;
	case PHASE_HANDSHAKE:
		if (shake_hands(c))
			run_ways(c);
		break;
	case PHASE_RUN:
	case PHASE_DISCARD:
		run_ways(c);
		break;
	case PHASE_RESET:
		if (c->dead[NET] && c->dead[PLAIN])
			end(c, RELAY_RESET, true);
		break;
	case PHASE_ALERT:
		run_alert(c);
		break;
	}
}

/*
 * An edge on a side that is not being read: its data wait for the other
 * side.  Did it die meanwhile?  EPIPE: it had said end of file before.
 */
static void
check_error(struct tlsconn *c, enum side side)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (c->again ||
	    getsockopt(c->fd[side], SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error == 0)
		return;
	if (error == EPIPE || (side == NET && c->state[IN] >= DIR_EOF))
		tlsio_break(c, side == NET ? OUT : IN);
	else {
		tlsconn_why(c, "%s", strerror(error));
		c->dead[side] = true;
	}
}

static void
on_net(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	if (what & EV_WRITE)
		c->writable[NET] = true;
	if (what & EV_READ) {
		if (c->readable[NET] && c->phase != PHASE_HANDSHAKE)
			check_error(c, NET);
		c->readable[NET] = true;
	}
	tlsconn_run(c);
}

/* Nobody will read from the pair any more, nor write to it. */
static void
check_hangup(struct tlsconn *c)
{
	if (!tlsio_hung_up(c->fd[PLAIN]))
		return;
	c->hung_up = true;
	tlsio_break(c, IN);
}

static void
on_plain(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;
	bool unread = c->readable[PLAIN] || c->phase == PHASE_HANDSHAKE;

	(void)fd;
	if (what & EV_WRITE)
		c->writable[PLAIN] = true;
	if (what & EV_READ) {
		if (unread && c->switched)
			check_error(c, PLAIN);
		else if (unread)
			check_hangup(c);
		c->readable[PLAIN] = true;
	}
	if (c->hung_up && c->phase == PHASE_HANDSHAKE) {
		tlsconn_why(c, "handshake: nobody waits for it any more");
		end(c, RELAY_RESET, true);
		return;
	}
	tlsconn_run(c);
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
			drop(c);
		break;
	default:
		sweep_running(c, now - c->moved);
		break;
	}
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	(void)what;
	c->paused = false;
	tlsconn_run(c);
}

/* --- beginning --------------------------------------------------------- */

/* Urgent data is to arrive in line; a descriptor must never block us. */
static int
prepare(int fd)
{
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	return net_nonblock(fd, true);
}

int
tlsconn_listen(struct tlsconn *c, enum side side)
{
	if (prepare(c->fd[side]) == -1)
		return -1;
	event_assign(&c->ev[side], c->e->base, c->fd[side],
	    EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
	    side == NET ? on_net : on_plain, c);
	return event_add(&c->ev[side], NULL);
}

static int
open_tls(struct tlsconn *c, const char *servername, const void *first,
    size_t firstlen)
{
	if (tlsrest_add(&c->cipher, first, firstlen) == -1)
		return ENOMEM;
	c->tls =
	    tlscfg_open(c->cfg, servername, tlsio_read_cb, tlsio_write_cb, c);
	return c->tls == NULL ? EINVAL : 0;
}

int
tlsconn_new(struct tls_engine *e, uint64_t id, struct tlscfg *cfg, int conn,
    int plain, const char *servername, const void *first, size_t firstlen)
{
	struct tlsconn *c;
	int error;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		tlscfg_put(cfg);
		return ENOMEM;
	}
	c->e = e;
	c->id = id;
	c->cfg = cfg;
	c->fd[NET] = conn;
	c->fd[PLAIN] = plain;
	c->near = -1;
	evtimer_assign(&c->pause_ev, e->base, on_pause, c);
	event_assign(&c->ev[NET], e->base, conn, EV_READ, on_net, c);
	event_assign(&c->ev[PLAIN], e->base, plain, EV_READ, on_plain, c);
	error = open_tls(c, servername, first, firstlen);
	if (error == 0 && tls_engine_add(e, c) == -1)
		error = EEXIST;
	if (error == 0)
		return 0;
	tls_free(c->tls);
	tlscfg_put(cfg);
	tlsio_free_rests(c);
	free(c);
	return error;
}

static void
begin(struct tlsconn *c)
{
	c->phase = PHASE_HANDSHAKE;
	c->started = c->moved = clock_ms();
	if (tlsconn_listen(c, NET) == -1 || tlsconn_listen(c, PLAIN) == -1) {
		tlsconn_why(c, "%s", strerror(errno));
		end(c, RELAY_RESET, true);
		return;
	}
	tlsconn_watch(c);
}

void
tlsconn_begin(struct tls_engine *e, uint64_t id)
{
	struct tlsconn *c = tlsconn_find(e, id);

	if (c != NULL && c->phase == PHASE_NEW)
		begin(c);
}
