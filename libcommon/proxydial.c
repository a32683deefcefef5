/*
 * Through an HTTP proxy: dial it, say CONNECT, hear its answer.  The bytes at
 * hand are peeked, and taken only up to the end of the head, so that what the
 * other side says first stays in the socket.
 */
#include "proxydial.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "http_head.h"
#include "log.h"

#define CREDS_MAX 2048 /* bytes of "Basic ..." */
#define REASON_MAX 64  /* bytes of the proxy's words that are shown */

struct proxydial {
	struct event_base *base;
	char target[ADDR_STRLEN];
	char name[ADDR_STRLEN]; /* the proxy's */
	bool has_creds;
	struct dial *dial;
	struct event *write, *read, *deadline;
	int fd;
	void (*done)(void *, int, const char *);
	void *arg;
	char out[2 * ADDR_STRLEN + CREDS_MAX + 128];
	size_t outlen, sent;
	size_t len; /* bytes of the head so far */
	char head[HTTP_HEAD_MAX];
};

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
proxydial_cancel(struct proxydial *p)
{
	if (p == NULL)
		return;
	dial_cancel(p->dial);
	free_event(p->write);
	free_event(p->read);
	free_event(p->deadline);
	if (p->fd != -1)
		close(p->fd);
	explicit_bzero(p->out, sizeof(p->out));
	free(p);
}

/* The end; p is gone before the caller hears of it. */
static void
finish(struct proxydial *p, int fd, int error, const char *text)
{
	void (*done)(void *, int, const char *) = p->done;
	void *arg = p->arg;

	if (fd != -1)
		p->fd = -1;
	proxydial_cancel(p);
	errno = error;
	done(arg, fd, text);
}

static void __attribute__((__format__(printf, 3, 4)))
fail(struct proxydial *p, int error, const char *fmt, ...)
{
	char reason[512], text[sizeof(reason) + ADDR_STRLEN + 16];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(reason, sizeof(reason), fmt, ap) < 0)
		reason[0] = '\0';
	va_end(ap);
	snprintf(text, sizeof(text), "proxy %s: %s", p->name, reason);
	finish(p, -1, error, text);
}

/* ---- the answer --------------------------------------------------------- */

static const char *
remedy(const struct proxydial *p, int status)
{
	if (status == 407 && p->has_creds)
		return " (it refuses the credentials: VSAP_PROXY_AUTH, or "
		       "those of -x)";
	if (status == 407)
		return " (it wants credentials: "
		       "VSAP_PROXY_AUTH=user:password)";
	if (status == 403)
		return " (it does not permit CONNECT to this port; many "
		       "permit 443 only)";
	if (status == 429)
		return " (it has too much to do)";
	if (status == 503)
		return " (it does not reach the gateway, or has too much to "
		       "do)";
	if (status >= 500 && status != 501)
		return " (it does not reach the gateway)";
	return " (is it a proxy that knows CONNECT?)";
}

static void
refused(struct proxydial *p, int status, const char *words)
{
	char shown[4 * REASON_MAX + 8];
	bool later = status == 429 || (status >= 500 && status != 501);
	int error = later ? EHOSTUNREACH : EPERM;

	fail(p, error, "%s: %d %s%s", p->target, status,
	    log_vis(words, shown, sizeof(shown)), remedy(p, status));
}

/* Take n bytes that were peeked: nobody else reads here.  0 or -1. */
static int
take(struct proxydial *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = recv(p->fd, p->head + p->len, n, MSG_DONTWAIT);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		p->len += (size_t)r;
		n -= (size_t)r;
	}
	return 0;
}

static void
lost(struct proxydial *p, ssize_t n)
{
	if (n == -1)
		fail(p, EHOSTUNREACH, "%s", strerror(errno));
	else if (p->len > 0)
		fail(p, EHOSTUNREACH, "closed within its answer");
	else
		fail(p, EHOSTUNREACH, "closed without an answer to CONNECT");
}

/* n bytes of a head's end were peeked behind those taken. */
static void
look(struct proxydial *p, size_t n)
{
	char words[REASON_MAX];
	int status, used;

	used = http_status_parse(&status, words, sizeof(words), p->head,
	    p->len + n);
	if (used == -1) {
		fail(p, EPERM, "%s",
		    p->len + n < sizeof(p->head)
			? "its answer is not one of an HTTP proxy"
			: "its answer has no end");
		return;
	}
	if (used > 0)
		n = (size_t)used - p->len;
	if (take(p, n) == -1)
		lost(p, -1);
	else if (used > 0 && status < 200)
		p->len = 0; /* "go on": the answer itself follows */
	else if (used > 0 && status < 300)
		finish(p, p->fd, 0, NULL);
	else if (used > 0)
		refused(p, status, words);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct proxydial *p = arg;
	ssize_t n;

	(void)what;
	n = recv(fd, p->head + p->len, sizeof(p->head) - p->len,
	    MSG_PEEK | MSG_DONTWAIT);
	if (n > 0)
		look(p, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lost(p, n);
}

/* ---- the request -------------------------------------------------------- */

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct proxydial *p = arg;
	ssize_t n;

	(void)what;
	n = send(fd, p->out + p->sent, p->outlen - p->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		lost(p, -1);
		return;
	}
	if (n > 0)
		p->sent += (size_t)n;
	if ((p->sent < p->outlen && event_add(p->write, NULL) == -1) ||
	    (p->sent == p->outlen && event_add(p->read, NULL) == -1))
		fail(p, ENOMEM, "%s", strerror(ENOMEM));
}

static void
on_dialed(void *arg, int fd, const char *error)
{
	struct proxydial *p = arg;

	p->dial = NULL;
	if (fd == -1) {
		/* whoever hears ECONNREFUSED thinks of the gateway */
		fail(p, errno == ETIMEDOUT ? ETIMEDOUT : EHOSTUNREACH, "%s",
		    error);
		return;
	}
	p->fd = fd;
	p->read = event_new(p->base, fd, EV_READ | EV_PERSIST, on_readable, p);
	p->write = event_new(p->base, fd, EV_WRITE, on_writable, p);
	if (p->read == NULL || p->write == NULL ||
	    event_add(p->write, NULL) == -1)
		fail(p, ENOMEM, "%s", strerror(ENOMEM));
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, ETIMEDOUT, "no answer to CONNECT in time");
}

/* 0, or -1 with errno: it does not fit. */
static int
format_request(struct proxydial *p, const char *creds)
{
	char basic[CREDS_MAX] = "";
	int n;

	if (creds != NULL &&
	    http_basic_format(creds, basic, sizeof(basic)) == -1) {
		errno = EMSGSIZE;
		return -1;
	}
	n = snprintf(p->out, sizeof(p->out),
	    "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n", p->target,
	    p->target, creds != NULL ? "Proxy-Authorization: " : "", basic,
	    creds != NULL ? "\r\n" : "");
	explicit_bzero(basic, sizeof(basic));
	if (n < 0 || (size_t)n >= sizeof(p->out)) {
		errno = EMSGSIZE;
		return -1;
	}
	p->outlen = (size_t)n;
	return 0;
}

struct proxydial *
proxydial_start(struct event_base *base, struct resolv *r,
    const struct proxy *proxy, const char *target, int family, int timeout,
    void (*done)(void *, int, const char *), void *arg)
{
	struct dial_opts o = { .family = family, .timeout = timeout };
	/* the dialer's own, more telling time-out comes first */
	struct timeval tv = { .tv_sec = timeout, .tv_usec = 50000 };
	struct proxydial *p;
	int saved;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->base = base;
	p->fd = -1;
	p->done = done;
	p->arg = arg;
	p->has_creds = proxy->creds != NULL;
	strlcpy(p->name, proxy->text, sizeof(p->name));
	strlcpy(p->target, target, sizeof(p->target));
	p->deadline = evtimer_new(base, on_deadline, p);
	if (format_request(p, proxy->creds) == 0 && p->deadline != NULL &&
	    event_add(p->deadline, &tv) == 0 &&
	    (p->dial = dial_start(base, r, &proxy->addr, &o, on_dialed, p)) !=
		NULL)
		return p;
	saved = errno;
	proxydial_cancel(p);
	errno = saved;
	return NULL;
}
