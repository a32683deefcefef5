/*
 * A VSAP session as its client has it.  Dialing, then AUTH where there are
 * credentials, then lines both ways until the caller takes the descriptor
 * or frees the session.
 *
 * Reading: the bytes at hand are peeked, and taken only up to the end of
 * the first line.  What belongs to an unfinished line is taken too, or the
 * loop would turn on it.  Every callback leaves by leave(), which frees
 * what was freed meanwhile.
 */

#include "vsap_client.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "creds.h"
#include "dial.h"
#include "log.h"
#include "net.h"

#define OUT_MAX 8192 /* requests not yet written */

enum state {
	DIALING,
	AUTHENTICATING,
	READY,
	CLOSED,
};

struct vsapc {
	struct event_base *base;
	const struct vsapc_calls *calls;
	void *arg;
	enum state state;
	char server[ADDR_STRLEN];
	const char *creds;
	struct dial *dial;
	int fd;
	bool is_unix;
	bool broken; /* writing failed; what was received tells why */
	struct event *read, *write, *timer;
	struct buf out;
	int depth;  /* callbacks under way */
	bool freed; /* by the caller, in one of them */
	int passed; /* a descriptor that came with the line being read */
	size_t len; /* bytes of the unfinished line */
	char line[VSAP_LINE_MAX + 3]; /* with CRLF and one more */
};

static void
close_fds(struct vsapc *v)
{
	dial_cancel(v->dial);
	v->dial = NULL;
	if (v->read != NULL)
		event_free(v->read);
	if (v->write != NULL)
		event_free(v->write);
	if (v->timer != NULL)
		event_free(v->timer);
	v->read = v->write = v->timer = NULL;
	if (v->fd != -1)
		close(v->fd);
	v->fd = -1;
	if (v->passed != -1)
		close(v->passed);
	v->passed = -1;
	buf_free(&v->out);
}

static void
enter(struct vsapc *v)
{
	v->depth++;
}

static void flush(struct vsapc *);

/* Back from callbacks: what they sent leaves at once, or v itself goes. */
static void
leave(struct vsapc *v)
{
	if (--v->depth > 0)
		return;
	if (v->freed)
		free(v);
	else
		flush(v);
}

void
vsapc_free(struct vsapc *v)
{
	if (v == NULL || v->freed)
		return;
	close_fds(v);
	v->state = CLOSED;
	v->freed = true;
	if (v->depth == 0)
		free(v);
}

/* The session is over; error is the errno of the reason, or 0. */
static void __attribute__((__format__(printf, 4, 5)))
over(struct vsapc *v, bool permanent, int error, const char *fmt, ...)
{
	char reason[4 * VSAP_LINE_MAX + 64],
	    text[sizeof(reason) + ADDR_STRLEN + 3];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(reason, sizeof(reason), fmt, ap) < 0)
		reason[0] = '\0';
	va_end(ap);
	snprintf(text, sizeof(text), "%s: %s", v->server, reason);
	close_fds(v);
	v->state = CLOSED;
	errno = error;
	v->calls->closed(v->arg, text, permanent);
}

static void
trace(const char *sign, const char *line)
{
	char starred[VSAP_LINE_MAX + 1], text[4 * VSAP_LINE_MAX + 8];

	if (!log_verbose())
		return;
	vsap_star(line, starred, sizeof(starred));
	log_debug("%s %s", sign, log_vis(starred, text, sizeof(text)));
}

/* ---- writing ------------------------------------------------------------ */

/* Write what can be written; wait for room for the rest. */
static void
flush(struct vsapc *v)
{
	ssize_t n;

	while (v->out.len > 0 && v->fd != -1 && !v->broken) {
		n = send(v->fd, v->out.data, v->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			event_add(v->write, NULL);
			return;
		}
		if (n == -1) {
			/* the last words of the other side may still be
			 * there to read, and the end follows them */
			v->broken = true;
			return;
		}
		buf_consume(&v->out, (size_t)n);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static int
put_line(struct vsapc *v, const char *line, size_t len)
{
	if (v->out.len + len + 2 > OUT_MAX || len > VSAP_LINE_MAX) {
		errno = ENOBUFS;
		return -1;
	}
	if (buf_append(&v->out, line, len) == -1 ||
	    buf_append(&v->out, "\r\n", 2) == -1)
		return -1;
	trace(">", line);
	if (v->depth == 0)
		flush(v);
	return 0;
}

int
vsapc_send(struct vsapc *v, const char *fmt, ...)
{
	char line[VSAP_LINE_MAX + 2];
	va_list ap;
	int n;

	if (v->state != READY) {
		errno = ENOTCONN;
		return -1;
	}
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || strpbrk(line, "\r\n") != NULL) {
		errno = EINVAL;
		return -1;
	}
	return put_line(v, line, (size_t)n);
}

/* ---- reading ------------------------------------------------------------ */

static void
no_vsap(struct vsapc *v, const char *why)
{
	over(v, true, 0, "not a VSAP gateway (%s)", why);
}

static void
ready(struct vsapc *v)
{
	v->state = READY;
	event_del(v->timer);
	v->calls->ready(v->arg);
}

static void
auth_reply(struct vsapc *v, const struct vsap_reply *r)
{
	char text[4 * VSAP_LINE_MAX + 8];

	if (r->more)
		return;
	if (r->code >= 200 && r->code <= 299)
		ready(v);
	else
		over(v, true, 0, "credentials refused: %d %s", r->code,
		    log_vis(r->text, text, sizeof(text)));
}

/* A whole line: hand it on. */
static void
got_line(struct vsapc *v, const char *line, size_t len)
{
	struct vsap_reply reply;
	int fd = v->passed;

	v->passed = -1;
	trace("<", line);
	if (vsap_reply_parse(&reply, line, len) == -1) {
		if (fd != -1)
			close(fd);
		no_vsap(v, "its answer is no reply line");
		return;
	}
	if (v->state == READY) {
		v->calls->reply(v->arg, &reply, fd);
		return;
	}
	if (fd != -1)
		close(fd);
	auth_reply(v, &reply);
}

/* The end of the session, by the other side or an error of the socket. */
static void
got_end(struct vsapc *v, ssize_t n)
{
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		over(v, false, errno, "%s", strerror(errno));
	else if (v->state == AUTHENTICATING)
		over(v, false, 0, "closed without an answer to AUTH");
	else
		over(v, false, 0, "closed by the gateway");
}

/*
 * Take n bytes that were peeked, and the descriptor with them.  They are
 * exactly what peeking showed: nobody else reads here.  0 or -1.
 */
static int
take(struct vsapc *v, size_t n)
{
	char bytes[sizeof(v->line)];
	ssize_t r;
	int fd, nfds;

	while (n > 0) {
		nfds = 1;
		if (v->is_unix)
			r = fdpass_recv(v->fd, bytes, n, &fd, &nfds, NULL);
		else
			r = recv(v->fd, bytes, n, MSG_DONTWAIT);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		if (v->is_unix && nfds == 1) {
			if (v->passed != -1)
				close(v->passed);
			v->passed = fd;
		}
		n -= (size_t)r;
	}
	return 0;
}

/* Read up to the end of one line.  *line: it is whole, of that length. */
static enum vsap_line_result
read_line(struct vsapc *v, ssize_t *n, size_t *len)
{
	size_t used = 0, had = v->len;
	enum vsap_line_result r;

	/* without a control buffer no descriptor is duplicated by a peek */
	*n = recv(v->fd, v->line + had, sizeof(v->line) - 1 - had,
	    MSG_PEEK | MSG_DONTWAIT);
	if (*n <= 0)
		return VSAP_LINE_MORE;
	r = vsap_line(v->line, had + (size_t)*n, len, &used);
	if (r == VSAP_LINE_OK) {
		if (take(v, used - had) == -1)
			*n = -1;
		v->len = 0;
		v->line[*len] = '\0';
	} else if (r == VSAP_LINE_MORE) {
		if (take(v, (size_t)*n) == -1)
			*n = -1;
		else
			v->len += (size_t)*n;
	}
	return r;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsapc *v = arg;
	ssize_t n;
	size_t len = 0;

	(void)fd;
	(void)what;
	enter(v);
	switch (read_line(v, &n, &len)) {
	case VSAP_LINE_LONG:
		no_vsap(v, "an endless line");
		break;
	case VSAP_LINE_NUL:
		no_vsap(v, "a NUL byte in a line");
		break;
	case VSAP_LINE_OK:
		if (n > 0)
			got_line(v, v->line, len);
		else
			got_end(v, n);
		break;
	case VSAP_LINE_MORE:
		if (n <= 0)
			got_end(v, n);
		break;
	}
	leave(v);
}

/* ---- beginning ---------------------------------------------------------- */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vsapc *v = arg;

	(void)fd;
	(void)what;
	enter(v);
	over(v, false, ETIMEDOUT, "no answer to AUTH in time");
	leave(v);
}

static void
authenticate(struct vsapc *v)
{
	char line[VSAP_LINE_MAX + 1];
	int n;

	if (!creds_may_send(v->fd)) {
		over(v, true, 0,
		    "credentials are not sent in clear over a network (go "
		    "through ssh -L, or set VSAP_AUTH_CLEARTEXT=yes)");
		return;
	}
	n = snprintf(line, sizeof(line), "AUTH %s", v->creds);
	if (n < 0 || (size_t)n >= sizeof(line) ||
	    put_line(v, line, (size_t)n) == -1)
		over(v, true, 0, "the credentials are too long");
	else
		v->state = AUTHENTICATING;
	explicit_bzero(line, sizeof(line));
}

static bool
is_unix_socket(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	       ss.ss_family == AF_UNIX;
}

static void
connected(struct vsapc *v, int fd)
{
	v->fd = fd;
	v->is_unix = is_unix_socket(fd);
	v->read = event_new(v->base, fd, EV_READ | EV_PERSIST, on_readable, v);
	v->write = event_new(v->base, fd, EV_WRITE, on_writable, v);
	if (v->read == NULL || v->write == NULL ||
	    event_add(v->read, NULL) == -1)
		over(v, false, ENOMEM, "%s", strerror(ENOMEM));
	else if (v->creds != NULL)
		authenticate(v);
	else
		ready(v);
}

static void
on_dialed(void *arg, int fd, const char *error)
{
	struct vsapc *v = arg;

	v->dial = NULL;
	enter(v);
	if (fd == -1)
		over(v, errno == EPERM, errno, "%s", error);
	else
		connected(v, fd);
	leave(v);
}

/* Dial and set the time for it.  0 or -1. */
static int
begin(struct vsapc *v, struct resolv *r, const struct vsapc_opts *o)
{
	struct timeval tv = { .tv_sec = VSAP_CONNECT_TIMEOUT };
	struct dial_opts dopts = { .family = o->family, .trust_check = true };

	if (o->timeout > 0)
		tv.tv_sec = o->timeout;
	dopts.timeout = (int)tv.tv_sec;
	/* so that the dialer's own, more telling time-out comes first */
	tv.tv_usec = 100000;
	v->timer = evtimer_new(v->base, on_timer, v);
	if (v->timer == NULL || event_add(v->timer, &tv) == -1) {
		errno = ENOMEM;
		return -1;
	}
	v->dial = dial_start(v->base, r, &o->addr, &dopts, on_dialed, v);
	return v->dial == NULL ? -1 : 0;
}

struct vsapc *
vsapc_new(struct event_base *base, struct resolv *r, const struct vsapc_opts *o,
    const struct vsapc_calls *calls, void *arg)
{
	struct vsapc *v;
	int saved;

	if ((v = calloc(1, sizeof(*v))) == NULL)
		return NULL;
	v->base = base;
	v->calls = calls;
	v->arg = arg;
	v->state = DIALING;
	v->creds = o->creds;
	v->fd = v->passed = -1;
	strlcpy(v->server, o->server, sizeof(v->server));
	buf_init(&v->out, OUT_MAX);
	if (begin(v, r, o) == 0)
		return v;
	saved = errno;
	vsapc_free(v);
	errno = saved;
	return NULL;
}

/* ---- the end ------------------------------------------------------------ */

int
vsapc_take(struct vsapc *v)
{
	int fd;

	if (v->state != READY || v->broken || v->len > 0) {
		errno = ENOTCONN;
		return -1;
	}
	flush(v);
	if (v->broken || v->out.len > 0) {
		errno = v->broken ? ENOTCONN : EAGAIN;
		return -1;
	}
	fd = v->fd;
	v->fd = -1;
	vsapc_free(v);
	return fd;
}

bool
vsapc_is_unix(const struct vsapc *v)
{
	return v->is_unix;
}

int
vsapc_fd(const struct vsapc *v)
{
	return v->fd;
}
