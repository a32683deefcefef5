/*
 * A VSAP session as its client has it.  The way there, then AUTH where there
 * are credentials, then lines both ways until the caller takes the
 * descriptor or frees the session.
 */

#include "vsap_client_impl.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"

#define OUT_MAX 8192	   /* requests not yet written */
#define REASON_WAIT 200000 /* microseconds that TLS has to say why */

/* ---- the end ------------------------------------------------------------ */

static void
free_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

static void
close_all(struct vsapc *v)
{
	free_event(&v->read);
	free_event(&v->write);
	free_event(&v->timer);
	gwlink_close(v->link);
	v->link = NULL;
	v->fd = -1;
	if (v->passed != -1)
		close(v->passed);
	v->passed = -1;
	buf_free(&v->out);
	vsapc_auth_free(v);
	free(v->reason);
	v->reason = NULL;
}

void
vsapc_enter(struct vsapc *v)
{
	v->depth++;
}

void
vsapc_leave(struct vsapc *v)
{
	if (--v->depth > 0)
		return;
	if (v->freed)
		free(v);
	else
		vsapc_flush(v);
}

void
vsapc_free(struct vsapc *v)
{
	if (v == NULL || v->freed)
		return;
	close_all(v);
	v->state = VSAPC_CLOSED;
	v->freed = true;
	if (v->depth == 0)
		free(v);
}

void
vsapc_over(struct vsapc *v, bool permanent, int error, const char *fmt, ...)
{
	char reason[4 * VSAP_LINE_MAX + 512],
	    text[sizeof(reason) + ADDR_STRLEN + 3];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(reason, sizeof(reason), fmt, ap) < 0)
		reason[0] = '\0';
	va_end(ap);
	snprintf(text, sizeof(text), "%s: %s", v->server, reason);
	close_all(v);
	v->state = VSAPC_CLOSED;
	errno = error;
	v->calls->closed(v->arg, text, permanent);
}

/* ---- callbacks ---------------------------------------------------------- */

static void
wait_reason(struct vsapc *v)
{
	struct timeval tv = { .tv_usec = REASON_WAIT };

	v->ending = true;
	if (event_add(v->timer, &tv) == -1)
		event_active(v->timer, EV_TIMEOUT, 0);
}

void
vsapc_ended(struct vsapc *v)
{
	/* A worker's reason comes by another socket than its end of file. */
	if (gwlink_is_tls(v->link) && v->reason == NULL && !v->ending) {
		event_del(v->read);
		wait_reason(v);
	} else if (v->reason != NULL) {
		vsapc_over(v, v->permanent, 0, "closed: %s", v->reason);
	} else if (v->state == VSAPC_AUTHENTICATING) {
		vsapc_over(v, false, 0, "%s", vsapc_auth_closed(v));
	} else {
		vsapc_over(v, false, 0, "closed by the gateway");
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct vsapc *v = arg;

	(void)fd;
	(void)what;
	vsapc_enter(v);
	if (v->ending)
		vsapc_ended(v);
	else
		vsapc_over(v, false, ETIMEDOUT, "no answer to AUTH in time");
	vsapc_leave(v);
}

void
vsapc_ready(struct vsapc *v)
{
	v->state = VSAPC_READY;
	event_del(v->timer);
	v->calls->ready(v->arg);
}

static void
on_up(void *arg)
{
	struct vsapc *v = arg;

	vsapc_enter(v);
	v->fd = gwlink_fd(v->link);
	if (vsapc_io_start(v) == -1)
		vsapc_over(v, false, ENOMEM, "%s", strerror(ENOMEM));
	else if (v->creds != NULL)
		vsapc_auth_start(v);
	else
		vsapc_ready(v);
	vsapc_leave(v);
}

static void
on_down(void *arg, const char *reason, bool permanent)
{
	struct vsapc *v = arg;

	vsapc_enter(v);
	if (v->fd == -1) {
		vsapc_over(v, permanent, errno, "%s", reason);
	} else {
		/* what it said before is read first */
		v->permanent = permanent;
		free(v->reason);
		if ((v->reason = strdup(reason)) == NULL)
			vsapc_over(v, false, ENOMEM, "%s", strerror(ENOMEM));
		else if (v->ending)
			vsapc_ended(v);
		else
			wait_reason(v);
	}
	vsapc_leave(v);
}

/* ---- beginning ---------------------------------------------------------- */

/* Dial and set the time for it.  0 or -1. */
static int
begin(struct vsapc *v, struct resolv *r, const struct vsapc_opts *o)
{
	static const struct gwlink_calls calls = { on_up, on_down };
	struct timeval tv = { .tv_sec = VSAP_CONNECT_TIMEOUT };
	struct gwlink_opts opts = { .addr = o->addr,
		.family = o->family,
		.trust_check = true,
		.proxy = o->proxy,
		.tls = o->tls };

	if (o->timeout > 0)
		tv.tv_sec = o->timeout;
	opts.timeout = (int)tv.tv_sec;
	/* so that the dialer's own, more telling time-out comes first */
	tv.tv_usec = 100000;
	v->timer = evtimer_new(v->base, on_timer, v);
	if (v->timer == NULL || event_add(v->timer, &tv) == -1) {
		errno = ENOMEM;
		return -1;
	}
	v->link = gwlink_open(v->base, r, &opts, &calls, v);
	return v->link == NULL ? -1 : 0;
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
	v->state = VSAPC_DIALING;
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

/* ---- taking it ---------------------------------------------------------- */

int
vsapc_take_tls(struct vsapc *v, void **token)
{
	int fd;

	if (v->state != VSAPC_READY || v->broken || v->len > 0) {
		errno = ENOTCONN;
		return -1;
	}
	vsapc_flush(v);
	if (v->broken || v->out.len > 0) {
		errno = v->broken ? ENOTCONN : EAGAIN;
		return -1;
	}
	free_event(&v->read);
	free_event(&v->write);
	fd = gwlink_take(v->link, token);
	v->link = NULL;
	vsapc_free(v);
	return fd;
}

int
vsapc_take(struct vsapc *v)
{
	return vsapc_take_tls(v, NULL);
}

bool
vsapc_is_unix(const struct vsapc *v)
{
	return v->link != NULL && gwlink_is_unix(v->link);
}

int
vsapc_fd(const struct vsapc *v)
{
	return v->fd;
}

bool
vsapc_again(const struct vsapc *v, unsigned *seconds)
{
	*seconds = v->after;
	return v->again;
}

uint32_t
vsapc_rtt(const struct vsapc *v)
{
	return v->link == NULL ? 0 : gwlink_rtt(v->link);
}
