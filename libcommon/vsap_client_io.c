/*
 * The lines of a session.
 *
 * Reading: the bytes at hand are peeked, and taken only up to the end of
 * the first line.  What belongs to an unfinished line is taken too, or the
 * loop would turn on it.
 */

#include "vsap_client_impl.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "net.h"

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
void
vsapc_flush(struct vsapc *v)
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
	vsapc_flush(arg);
}

int
vsapc_put(struct vsapc *v, const char *line, size_t len)
{
	if (v->out.len + len + 2 > v->out.max || len > VSAP_LINE_MAX) {
		errno = ENOBUFS;
		return -1;
	}
	if (buf_append(&v->out, line, len) == -1 ||
	    buf_append(&v->out, "\r\n", 2) == -1)
		return -1;
	trace(">", line);
	if (v->depth == 0)
		vsapc_flush(v);
	return 0;
}

int
vsapc_send(struct vsapc *v, const char *fmt, ...)
{
	char line[VSAP_LINE_MAX + 2];
	va_list ap;
	int n;

	if (v->state != VSAPC_READY) {
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
	return vsapc_put(v, line, (size_t)n);
}

/* ---- reading ------------------------------------------------------------ */

static void
no_vsap(struct vsapc *v, const char *why)
{
	vsapc_over(v, true, 0, "not a VSAP gateway (%s)", why);
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
	if (v->state == VSAPC_READY) {
		v->calls->reply(v->arg, &reply, fd);
		return;
	}
	if (fd != -1)
		close(fd);
	vsapc_auth_reply(v, &reply);
}

/* The end of the session, by the other side or an error of the socket. */
static void
got_end(struct vsapc *v, ssize_t n)
{
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1 && v->reason == NULL && !gwlink_is_tls(v->link))
		vsapc_over(v, false, errno, "%s", strerror(errno));
	else
		vsapc_ended(v);
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
		if (gwlink_is_unix(v->link))
			r = fdpass_recv(v->fd, bytes, n, &fd, &nfds, NULL);
		else
			r = recv(v->fd, bytes, n, MSG_DONTWAIT);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		if (gwlink_is_unix(v->link) && nfds == 1) {
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
	vsapc_enter(v);
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
	vsapc_leave(v);
}

int
vsapc_io_start(struct vsapc *v)
{
	v->read =
	    event_new(v->base, v->fd, EV_READ | EV_PERSIST, on_readable, v);
	v->write = event_new(v->base, v->fd, EV_WRITE, on_writable, v);
	if (v->read == NULL || v->write == NULL)
		return -1;
	return event_add(v->read, NULL);
}
