#include "session.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "front.h"
#include "hello.h"
#include "hop.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "session_impl.h"
#include "tlsin.h"
#include "who.h"

/* --- coming --------------------------------------------------------------- */

int
session_new(struct gateway *gw, int fd, const struct session_at *at,
    const struct sockaddr *peer, socklen_t peerlen, const void *first,
    size_t firstlen)
{
	struct session *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return -1;
	s->gw = gw;
	s->fd = fd;
	s->at = *at;
	s->peer_fd = -1;
	s->id = ++gw->next_session;
	s->next_sid = 1;
	s->since = clock_seconds();
	s->front = at->proxy ? &front_proxy : &front_first;
	TAILQ_INIT(&s->binds);
	buf_init(&s->in, VSAP_INPUT_MAX);
	buf_init(&s->out, VSAP_OUTPUT_MAX);
	if (buf_append(&s->in, first, firstlen) == -1) {
		free(s);
		return -1;
	}
	who_peer(s, peer, peerlen);
	event_assign(&s->io, gw->base, fd, 0, session_on_io, s);
	event_assign(&s->timer, gw->base, -1, 0, session_on_time, s);
	TAILQ_INSERT_TAIL(&gw->sessions, s, entry);
	gw->nsessions++;
	gw->totals.sessions++;
	log_debug("s%llu: session from %s", (unsigned long long)s->id, s->peer);
	hello_add(s);
	if (!at->proxy)
		session_admit(s);
	if (s->state != S_DEAD)
		session_on_io(fd, EV_READ, s);
	return 0;
}

void
session_replace_fd(struct session *s, int fd)
{
	(void)event_del(&s->io);
	s->interest = 0;
	s->fd = fd;
}

static void
session_free(void *arg)
{
	struct session *s = arg;

	/* Only now: a front may be in the midst of it when a session ends. */
	front_set(s, NULL);
	free(s->gids);
	free(s);
}

void
session_drop_peer(struct session *s)
{
	struct visitor *v = s->offer;

	s->offer = NULL;
	s->offered = 0;
	if (v != NULL)
		vsock_return(v);
	if (s->peer_fd != -1)
		close(s->peer_fd);
	s->peer_fd = -1;
	s->passed = false;
	limit_give(&s->held_stream);
	gateway_resume(s->gw);
}

void
session_unwait(struct session *s)
{
	struct vbind *b;

	TAILQ_FOREACH(b, &s->binds, of_session)
		vsock_unwait(b);
}

/* Everything but the connection itself. */
static void
session_release(struct session *s)
{
	struct vbind *b;

	s->state = S_DEAD;
	(void)event_del(&s->io);
	(void)event_del(&s->timer);
	who_cancel(s);
	cmd_stat_cancel(s);
	cmd_bind_cancel(s);
	cmd_connect_cancel(s);
	cmd_forward_cancel(s);
	session_unwait(s);
	session_drop_peer(s);
	hop_free(s->hop);
	s->hop = NULL;
	while ((b = TAILQ_FIRST(&s->binds)) != NULL) {
		TAILQ_REMOVE(&s->binds, b, of_session);
		vsock_detach(b);
	}
	tlsin_end(s);
	buf_free(&s->in);
	buf_free(&s->out);
	free(s->arg);
	s->arg = NULL;
	hello_remove(s);
	limit_give(&s->held_session);
	limit_give(&s->held_hello);
	limit_give(&s->held_stream);
	limit_give(&s->held_wait);
	limit_give(&s->held_bind);
	TAILQ_REMOVE(&s->gw->sessions, s, entry);
	s->gw->nsessions--;
	gateway_resume(s->gw);
	/* Without memory for that the session is leaked, not used again. */
	(void)loop_defer(s->gw->base, session_free, s);
}

void
session_close(struct session *s)
{
	if (s->state == S_DEAD)
		return;
	(void)session_send(s);
	session_release(s);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

void
session_reset(struct session *s, const char *why)
{
	if (s->state == S_DEAD)
		return;
	if (why != NULL)
		session_log(s, "%s: reset: %s", s->peer, why);
	tlsin_reset(s);
	session_release(s);
	if (s->fd != -1)
		net_reset(s->fd);
	s->fd = -1;
}

void
session_finish(struct session *s)
{
	if (s->state == S_DEAD)
		return;
	buf_free(&s->in);
	session_wait(s, S_CLOSING, s->gw->conf->line_time * 1000L,
	    session_too_slow);
}

/* --- the stream ----------------------------------------------------------- */

void
session_relay(struct session *s)
{
	session_wait(s, S_LEAVING, s->gw->conf->line_time * 1000L,
	    session_too_slow);
}

void
session_leave(struct session *s)
{
	int fd = s->fd, peer = s->peer_fd;
	struct buf first = s->in;

	if (s->offer != NULL) {
		peer = s->offer->fd;
		gateway_trust(s->gw, s->source);
		free(s->offer);
		s->offer = NULL;
	}
	s->peer_fd = -1;
	s->fd = -1;
	buf_init(&s->in, VSAP_INPUT_MAX);
	(void)event_del(&s->io);
	gateway_relay(s, fd, peer, first.data, first.len);
	buf_free(&first);
	session_release(s);
}

/* --- visitors and sockets ------------------------------------------------- */

void
session_offer(struct vbind *b, struct visitor *v)
{
	struct session *s = b->session;

	session_unwait(s);
	if (s->state == S_FORWARDING)
		cmd_forward_offer(s, b, v);
	else
		cmd_accept_offer(s, b, v);
	session_work(s);
}

struct vbind *
session_bind_find(struct session *s, int sid)
{
	struct vbind *b;

	TAILQ_FOREACH(b, &s->binds, of_session)
		if (b->sid == sid)
			return b;
	return NULL;
}
