/*
 * A connection's life: its beginning, events, turns; after the model of
 * stream.c.  Each side has one persistent edge-triggered event.
 */
#include "tlsconn_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "tlsname.h"

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
		if ((why = tlscfg_failed(c->cfg, c->tls)) != NULL) {
			c->why[0] = '\0';
			tlsconn_why(c, "%s", why);
		}
		tlsconn_fail(c);
		return false;
	}
	tlscfg_shook(c->cfg, c->tls);
	c->phase = PHASE_RUN;
	c->moved = clock_ms();
	tell_up(c);
	return true;
}

static void
run_ways(struct tlsconn *c)
{
	bool more = false;
	/* What TLS could not take may wait for what it has to read. */
	int way, first = c->todo.len > 0 ? IN : c->first;

	for (int n = 0; n < 2; n++) {
		way = n ^ first;
		more |= c->phase == PHASE_RUN ? tlsio_run(c, way)
					      : tlsio_discard(c, way);
	}
	if (more)
		tlsconn_turn_again(c);
	tlsconn_settle(c);
}

/* The alert goes out, then the connection's end; the peer may answer it. */
static void
run_alert(struct tlsconn *c)
{
	int r = tlsio_flush(c);

	if (r == 0)
		(void)shutdown(c->fd[NET], SHUT_WR);
	if (r == -1 || tlsio_drain(c))
		tlsconn_drop(c);
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
			tlsconn_cut(c);
		break;
	case PHASE_ALERT:
		run_alert(c);
		break;
	}
}

/*
 * A side that is not being read: its data wait for the other side, or for
 * room.  Did it die meanwhile?  EPIPE: it had said end of file before.
 */
static void
check_error(struct tlsconn *c, enum side side)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd[side], SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error == 0)
		return;
	if (error == EPIPE || (side == NET && tlsio_said_all(c)))
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
		tlsconn_cut(c);
		return;
	}
	tlsconn_run(c);
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct tlsconn *c = arg;

	(void)fd;
	(void)what;
	c->paused = false;
	check_error(c, NET);
	check_error(c, PLAIN);
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
		tlsconn_cut(c);
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
