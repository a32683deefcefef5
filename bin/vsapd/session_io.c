#include "session.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "front.h"
#include "hop.h"
#include "log.h"
#include "session_impl.h"
#include "who.h"

#define OUTPUT_PAUSE 65536 /* unread replies from which no request is run */
#define CLOSING_TIME 2000  /* ms for the client to see our last reply */

/* --- input and output ----------------------------------------------------- */

int
session_send(struct session *s)
{
	ssize_t n;

	while (s->out.len > 0) {
		n = send(s->fd, s->out.data, s->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		buf_consume(&s->out, (size_t)n);
	}
	return 0;
}

void
session_flush(struct session *s)
{
	if (session_send(s) == -1) {
		buf_free(&s->out);
		session_close(s);
	}
}

/* Nothing is read, but a reset is no reason to be called again and again. */
static void
look_for_error(struct session *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error != 0)
		session_close(s);
}

static void
fill(struct session *s)
{
	size_t room = s->in.max - s->in.len;
	ssize_t n;
	void *p;

	if (s->eof)
		return;
	if (room == 0) {
		look_for_error(s);
		return;
	}
	if (room > 2048)
		room = 2048;
	if ((p = buf_space(&s->in, room)) == NULL) {
		session_reset(s, strerror(errno));
		return;
	}
	n = recv(s->fd, p, room, MSG_DONTWAIT);
	buf_added(&s->in, n > 0 ? (size_t)n : 0);
	if (n == 0) {
		s->eof = true;
		who_departed(s);
	} else if (n == -1 && errno != EAGAIN && errno != EINTR)
		session_close(s);
}

/* S_CLOSING: what still comes is read away, so that our last reply is not
 * lost to a reset. */
static void
discard(struct session *s)
{
	char waste[4096];
	ssize_t n;

	n = recv(s->fd, waste, sizeof(waste), MSG_DONTWAIT);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		session_close(s);
}

/* --- steps ---------------------------------------------------------------- */

/* One step; true: there may be more to do. */
static bool
step(struct session *s)
{
	switch (s->state) {
	case S_COMMAND:
		if (s->out.len > OUTPUT_PAUSE)
			return false;
		if (s->front->input(s))
			return true;
		if (s->eof && s->state == S_COMMAND)
			session_finish(s);
		return false;
	case S_ACCEPTING:
	case S_FORWARDING:
	case S_WAITING:
		return s->front->while_waiting != NULL &&
		       s->front->while_waiting(s);
	default:
		return false;
	}
}

/* --- events --------------------------------------------------------------- */

static void
set_timer(struct session *s, long ms)
{
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (ms == 0)
		(void)event_del(&s->timer);
	else
		(void)event_add(&s->timer, &tv);
}

void
session_too_slow(struct session *s)
{
	session_log(s, "%s: idle for too long: closed", s->peer);
	session_close(s);
}

/*
 * At the prompt: a line once begun has to end, however slowly its bytes
 * drip, and one who holds nothing does not stay for ever.  An offer has its
 * own time.
 */
static void
set_prompt_timer(struct session *s)
{
	if (s->offer != NULL || s->passed || hop_offered(s->hop))
		return;
	if (s->in.len > 0 && s->partial)
		return;
	s->on_timer = session_too_slow;
	s->partial = s->in.len > 0;
	if (s->partial)
		set_timer(s, s->gw->conf->line_time * 1000L);
	else if (s->nbinds == 0 && s->hop == NULL)
		set_timer(s, s->gw->conf->idle_time * 1000L);
	else
		set_timer(s, 0);
}

static short
wanted(const struct session *s)
{
	short want = s->out.len > 0 ? EV_WRITE : 0;

	if (s->state == S_HANDSHAKE)
		return 0;
	if (s->state == S_LEAVING || s->eof)
		return want;
	if (s->state == S_CLOSING)
		return want | EV_READ;
	/* Only its departure matters.  libevent tells an error as EV_READ, and
	 * that has to be by its edge, since nothing is read. */
	if (s->in.len >= s->in.max)
		return want |
		       (s->state == S_ACCEPTING ? EV_CLOSED | EV_READ | EV_ET
						: 0);
	if (s->out.len > OUTPUT_PAUSE)
		return want;
	return want | EV_READ;
}

static void
set_interest(struct session *s)
{
	short want = wanted(s);

	if (want == s->interest)
		return;
	(void)event_del(&s->io);
	s->interest = want;
	if (want == 0)
		return;
	event_assign(&s->io, s->gw->base, s->fd, want | EV_PERSIST,
	    session_on_io, s);
	if (event_add(&s->io, NULL) == -1)
		session_close(s);
}

/* S_CLOSING: all is sent; the client may read it in peace. */
static void
shut(struct session *s)
{
	if (s->shut)
		return;
	s->shut = true;
	session_unwait(s);
	session_drop_peer(s);
	if (shutdown(s->fd, SHUT_WR) == -1 || s->eof) {
		session_close(s);
		return;
	}
	s->on_timer = session_close;
	set_timer(s, CLOSING_TIME);
}

void
session_work(struct session *s)
{
	bool paused; /* requests may wait because nobody read the replies */

	if (s->busy || s->state == S_DEAD)
		return;
	do {
		s->busy = true;
		while (step(s))
			continue;
		s->busy = false;
		paused = s->out.len > OUTPUT_PAUSE;
		if (s->state != S_DEAD)
			session_flush(s);
	} while (paused && s->out.len <= OUTPUT_PAUSE);
	if (s->state == S_LEAVING && s->out.len == 0)
		session_leave(s);
	else if (s->state == S_CLOSING && s->out.len == 0)
		shut(s);
	else if (s->state == S_COMMAND)
		set_prompt_timer(s);
	if (s->state != S_DEAD)
		set_interest(s);
}

void
session_on_io(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	if (what & EV_CLOSED) {
		session_close(s);
		return;
	}
	if (what & EV_READ) {
		if (s->state == S_CLOSING)
			discard(s);
		else
			fill(s);
	}
	session_work(s);
}

void
session_on_time(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	if (s->state != S_DEAD && s->on_timer != NULL)
		s->on_timer(s);
	session_work(s);
}

void
session_wait(struct session *s, enum session_state state, long ms,
    void (*on_timer)(struct session *))
{
	if (s->state == S_DEAD)
		return;
	s->state = state;
	s->on_timer = on_timer;
	set_timer(s, ms);
}

void
session_done(struct session *s)
{
	if (s->state == S_WAITING || s->state == S_ACCEPTING ||
	    s->state == S_FORWARDING)
		s->state = S_COMMAND;
	free(s->arg);
	s->arg = NULL;
	if (s->state != S_COMMAND)
		return; /* its end has a time limit of its own */
	set_timer(s, 0);
	if (s->offered != 0)
		cmd_accept_watch(s);
}
