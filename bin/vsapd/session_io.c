#include "session.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "hop.h"
#include "log.h"
#include "session_impl.h"

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

/*
 * Read what there is.  Alone, on the way to exec, no byte of the stream may
 * be read here: one line at a time then, looked at before it is taken.
 */
static ssize_t
receive(struct session *s, void *p, size_t n)
{
	ssize_t got;
	char *lf;

	if (s->gw->feed != NULL)
		return recv(s->fd, p, n, MSG_DONTWAIT);
	got = recv(s->fd, p, n, MSG_DONTWAIT | MSG_PEEK);
	if (got <= 0)
		return got;
	if ((lf = memchr(p, '\n', (size_t)got)) != NULL)
		got = lf - (char *)p + 1;
	return recv(s->fd, p, (size_t)got, MSG_DONTWAIT);
}

static void
fill(struct session *s)
{
	size_t room = s->in.max - s->in.len;
	ssize_t n;
	void *p;

	if (s->eof || room == 0)
		return;
	if (room > 2048)
		room = 2048;
	if ((p = buf_space(&s->in, room)) == NULL) {
		session_reset(s, strerror(errno));
		return;
	}
	n = receive(s, p, room);
	buf_added(&s->in, n > 0 ? (size_t)n : 0);
	if (n == 0)
		s->eof = true;
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
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

/* --- lines ---------------------------------------------------------------- */

static void
bad_line(struct session *s, const char *why)
{
	session_log(s, "%s: %s", s->peer, why);
	session_reply(s, VSAP_PROTOCOL, "%s", why);
	session_finish(s);
}

static void
run_line(struct session *s, const char *line, size_t len)
{
	struct vsap_request req;

	if (vsap_is_http(line, len)) {
		session_log(s, "%s: speaks HTTP: closed", s->peer);
		session_close(s);
		return;
	}
	if (vsap_request_parse(&req, line, len) == -1) {
		bad_line(s, "more than " VSAP_STR(VSAP_ARGS_MAX) " words");
		return;
	}
	session_trace(s, '>', req.line);
	cmd_dispatch(s, &req);
}

/* Take the next line and run it.  false: there is none. */
static bool
next_line(struct session *s)
{
	char line[VSAP_LINE_MAX + 1];
	size_t len, used;

	switch (vsap_line(s->in.data, s->in.len, &len, &used)) {
	case VSAP_LINE_LONG:
		bad_line(s,
		    "a line of more than " VSAP_STR(VSAP_LINE_MAX) " bytes");
		return true;
	case VSAP_LINE_NUL:
		bad_line(s, "a NUL byte in a line");
		return true;
	case VSAP_LINE_MORE:
		if (!s->eof || s->in.len == 0)
			return false;
		/* The last line lacks its end, or the second half of it. */
		len = used = s->in.len;
		if (s->in.data[len - 1] == '\r')
			len--;
		break;
	case VSAP_LINE_OK:
		break;
	}
	memcpy(line, s->in.data, len);
	line[len] = '\0';
	s->partial = false;
	buf_consume(&s->in, used);
	run_line(s, line, len);
	return true;
}

/* Is RELAY the next line (true), something else, or nothing yet (-1)? */
static int
relay_is_next(struct session *s)
{
	struct vsap_request req;
	size_t len, used;

	if (s->in.len == 0)
		return -1;
	switch (vsap_line(s->in.data, s->in.len, &len, &used)) {
	case VSAP_LINE_MORE:
		return -1;
	case VSAP_LINE_OK:
		break;
	default:
		return 0;
	}
	if (vsap_request_parse(&req, (char *)s->in.data, len) == -1)
		return 0;
	return strcmp(req.verb, "RELAY") == 0;
}

/* Input while ACCEPT waits: RELAY may wait with it, all else cancels. */
static bool
look_while_accepting(struct session *s)
{
	int relay;

	relay = s->pipelined ? 1 : relay_is_next(s);
	if (relay == 0) {
		cmd_accept_cancel(s, "cancelled by the next request");
		return true;
	}
	s->pipelined = relay == 1;
	/* Who has left takes no visitor, RELAY sent ahead or not. */
	if (s->eof)
		session_close(s);
	return false;
}

static bool
look_while_forwarding(struct session *s)
{
	size_t len, used;

	if (s->eof) {
		session_close(s);
		return false;
	}
	if (vsap_line(s->in.data, s->in.len, &len, &used) == VSAP_LINE_MORE)
		return false;
	cmd_forward_end(s);
	return true;
}

/* One step; true: there may be more to do. */
static bool
step(struct session *s)
{
	switch (s->state) {
	case S_COMMAND:
		if (s->out.len > OUTPUT_PAUSE)
			return false;
		if (next_line(s))
			return true;
		if (s->eof)
			session_finish(s);
		return false;
	case S_ACCEPTING:
		return look_while_accepting(s);
	case S_FORWARDING:
		return look_while_forwarding(s);
	case S_WAITING:
		/* A caller that left does not wait for a name. */
		if (s->eof && (s->caller || hop_waits(s->hop)) &&
		    relay_is_next(s) != 1)
			session_close(s);
		return false;
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
		set_timer(s, VSAP_LINE_TIMEOUT * 1000L);
	else if (s->nbinds == 0 && s->hop == NULL)
		set_timer(s, VSAP_IDLE_TIMEOUT * 1000L);
	else
		set_timer(s, 0);
}

/* Nothing more is to be read for now.  Alone, what stands behind a line that
 * has not been run yet may be the stream (receive()). */
static bool
is_full(const struct session *s)
{
	if (s->in.len >= s->in.max)
		return true;
	return s->gw->feed == NULL && s->in.len > 0 &&
	       memchr(s->in.data, '\n', s->in.len) != NULL;
}

static short
wanted(const struct session *s)
{
	short want = s->out.len > 0 ? EV_WRITE : 0;

	if (s->state == S_LEAVING || s->eof)
		return want;
	if (s->state == S_CLOSING)
		return want | EV_READ;
	if (is_full(s)) /* only its departure matters */
		return want | (s->state == S_ACCEPTING ? EV_CLOSED : 0);
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
