#include "session.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "hop.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "session_impl.h"

/* Who it is: address, owner, and the host that a suspicion falls on. */
static void
identify(struct session *s, const struct sockaddr *peer, socklen_t len)
{
	uid_t uid;

	s->is_unix = peer->sa_family == AF_UNIX;
	if (!s->is_unix) {
		addr_format_sa(peer, len, s->peer, sizeof(s->peer));
		addr_host_sa(peer, s->source, sizeof(s->source));
		if (addr_ip_sa(peer, &s->who.ip) == 0)
			s->who.local = addr_ip_loopback(&s->who.ip);
		strlcpy(s->owner, "anonymous", sizeof(s->owner));
		return;
	}
	s->who.local = true;
	if (net_peer_uid(s->fd, &uid) == -1)
		uid = (uid_t)-1;
	snprintf(s->owner, sizeof(s->owner), "uid:%u", (unsigned)uid);
	snprintf(s->peer, sizeof(s->peer), "unix %s", s->owner);
	/* Acceptors of one process share a source. */
	snprintf(s->source, sizeof(s->source), "pid:%d", net_peer_pid(s->fd));
}

int
session_new(struct gateway *gw, int fd, const struct sockaddr *peer,
    socklen_t peerlen, const void *first, size_t firstlen)
{
	struct session *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return -1;
	s->gw = gw;
	s->fd = fd;
	s->peer_fd = -1;
	s->id = ++gw->next_session;
	s->next_sid = 1;
	s->authed = gw->login == NULL;
	TAILQ_INIT(&s->binds);
	buf_init(&s->in, VSAP_INPUT_MAX);
	buf_init(&s->out, VSAP_OUTPUT_MAX);
	if (buf_append(&s->in, first, firstlen) == -1) {
		free(s);
		return -1;
	}
	identify(s, peer, peerlen);
	event_assign(&s->io, gw->base, fd, 0, session_on_io, s);
	event_assign(&s->timer, gw->base, -1, 0, session_on_time, s);
	TAILQ_INSERT_TAIL(&gw->sessions, s, entry);
	gw->nsessions++;
	gw->totals.sessions++;
	log_debug("s%llu: session from %s", (unsigned long long)s->id, s->peer);
	session_on_io(fd, EV_READ, s);
	return 0;
}

static void
session_free(void *arg)
{
	free(arg);
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
	cmd_auth_cancel(s);
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
	buf_free(&s->in);
	buf_free(&s->out);
	free(s->arg);
	s->arg = NULL;
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
	session_log(s, "%s: reset: %s", s->peer, why);
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
	session_wait(s, S_CLOSING, VSAP_LINE_TIMEOUT * 1000L, session_too_slow);
}

/* --- the stream ----------------------------------------------------------- */

void
session_relay(struct session *s)
{
	session_wait(s, S_LEAVING, VSAP_LINE_TIMEOUT * 1000L, session_too_slow);
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
	(void)gateway_relay(s->gw, s->id, fd, peer, first.data, first.len,
	    s->idle, s->what);
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
