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

#define OUTPUT_PAUSE 65536 /* unread replies from which no request is run */
#define CLOSING_TIME 2000  /* ms for the client to see our last reply */

static void on_io(evutil_socket_t, short, void *);
static void on_time(evutil_socket_t, short, void *);
static void too_slow(struct session *);

/* --- log and replies ------------------------------------------------------ */

void
session_log(const struct session *s, const char *fmt, ...)
{
	char text[1024], shown[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_info("s%llu: %s", (unsigned long long)s->id,
	    log_vis(text, shown, sizeof(shown)));
}

static void
trace(const struct session *s, char way, const char *line)
{
	char starred[VSAP_LINE_MAX + 1], shown[4 * VSAP_LINE_MAX];

	if (!log_verbose())
		return;
	vsap_star(line, starred, sizeof(starred));
	log_debug("s%llu %c %s", (unsigned long long)s->id, way,
	    log_vis(starred, shown, sizeof(shown)));
}

static void
queue_reply(struct session *s, int code, bool more, const char *text)
{
	char line[VSAP_LINE_MAX + 3];
	size_t len;

	if (s->state == S_DEAD)
		return;
	len = vsap_reply_format(line, sizeof(line), code, more, text);
	if (buf_append(&s->out, line, len) == -1) {
		session_reset(s, "does not read its replies");
		return;
	}
	line[strcspn(line, "\r\n")] = '\0';
	trace(s, '<', line);
}

void
session_reply_more(struct session *s, int code, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	queue_reply(s, code, true, text);
}

void
session_reply(struct session *s, int code, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	queue_reply(s, code, false, text);
	if (code < 400)
		return;
	s->gw->totals.refused++;
	if (++s->errors >= VSAP_ERRORS_MAX && s->state != S_CLOSING) {
		queue_reply(s, VSAP_PROTOCOL, false,
		    "too many errors, good bye");
		session_finish(s);
	}
}

void
session_reply_raw(struct session *s, const struct vsap_reply *r)
{
	queue_reply(s, r->code, r->more, r->text);
}

/* --- life ----------------------------------------------------------------- */

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
	event_assign(&s->io, gw->base, fd, 0, on_io, s);
	event_assign(&s->timer, gw->base, -1, 0, on_time, s);
	TAILQ_INSERT_TAIL(&gw->sessions, s, entry);
	gw->nsessions++;
	gw->totals.sessions++;
	log_debug("s%llu: session from %s", (unsigned long long)s->id, s->peer);
	on_io(fd, EV_READ, s);
	return 0;
}

/* Send what the socket takes.  -1: the connection is broken. */
static int
send_some(struct session *s)
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
	if (v != NULL)
		vsock_return(v);
	if (s->peer_fd != -1)
		close(s->peer_fd);
	s->peer_fd = -1;
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
	(void)send_some(s);
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
	session_wait(s, S_CLOSING, VSAP_LINE_TIMEOUT * 1000L, too_slow);
}

/* --- the stream ----------------------------------------------------------- */

void
session_relay(struct session *s)
{
	session_wait(s, S_LEAVING, VSAP_LINE_TIMEOUT * 1000L, too_slow);
}

static void
leave(struct session *s)
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

/* --- input and output ----------------------------------------------------- */

void
session_flush(struct session *s)
{
	if (send_some(s) == -1) {
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
	trace(s, '>', req.line);
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
		len = used = s->in.len; /* the last line lacks its end */
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
		if (s->eof && s->caller && relay_is_next(s) != 1)
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

static void
too_slow(struct session *s)
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
	if (s->offer != NULL || hop_offered(s->hop))
		return;
	if (s->in.len > 0 && s->partial)
		return;
	s->on_timer = too_slow;
	s->partial = s->in.len > 0;
	if (s->partial)
		set_timer(s, VSAP_LINE_TIMEOUT * 1000L);
	else if (s->nbinds == 0 && s->hop == NULL)
		set_timer(s, VSAP_IDLE_TIMEOUT * 1000L);
	else
		set_timer(s, 0);
}

static short
wanted(const struct session *s)
{
	short want = s->out.len > 0 ? EV_WRITE : 0;

	if (s->state == S_LEAVING || s->eof)
		return want;
	if (s->state == S_CLOSING)
		return want | EV_READ;
	if (s->in.len >= s->in.max) /* only its departure matters */
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
	event_assign(&s->io, s->gw->base, s->fd, want | EV_PERSIST, on_io, s);
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
	if (s->busy || s->state == S_DEAD)
		return;
	s->busy = true;
	while (step(s))
		continue;
	s->busy = false;
	if (s->state != S_DEAD)
		session_flush(s);
	if (s->state == S_LEAVING && s->out.len == 0)
		leave(s);
	else if (s->state == S_CLOSING && s->out.len == 0)
		shut(s);
	else if (s->state == S_COMMAND)
		set_prompt_timer(s);
	if (s->state != S_DEAD)
		set_interest(s);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
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

static void
on_time(evutil_socket_t fd, short what, void *arg)
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
	set_timer(s, 0);
}

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
