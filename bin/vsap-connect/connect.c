#include "connect.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "gwtls.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "resolv.h"
#include "vsap_client.h"

#define WAIT_SLACK 5 /* seconds for the gateway to say that it waited long */

struct connect {
	const struct connect_opts *o;
	struct event_base *base;
	struct resolv *resolv;
	struct event *timer;
	struct event *again; /* pending: refused for now */
	uint64_t until;	     /* so long is waited, milliseconds (clock.h) */
	struct gwtls *tls;
	struct vsapc *vsapc;
	void *token;	/* of the TLS connection that is the stream */
	bool watched;	/* its worker tells how it ends */
	bool connected; /* 240 came, and the descriptor itself was asked for */
	int fd;
	int status;
	char *err;
	size_t errlen;
};

static void __attribute__((__format__(printf, 3, 4)))
end(struct connect *d, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(d->err, d->errlen, fmt, ap) < 0)
		d->err[0] = '\0';
	va_end(ap);
	d->status = status;
	event_base_loopbreak(d->base);
}

static void
send_connect(struct connect *d)
{
	char target[ADDR_STRLEN], option[32] = "";

	addr_format(&d->o->target, target, sizeof(target));
	/* somebody may yet bind a name or a path */
	if (d->o->wait > 0 && d->o->target.kind != ADDR_TCP)
		snprintf(option, sizeof(option), " -t=%d", d->o->wait);
	/* the prefix: without it the original takes the line for HTTP */
	if (vsapc_send(d->vsapc, "%s CONNECT %s%s", VSAP_VERSION, target,
		option) == -1)
		end(d, CONNECT_PERMANENT, "%s: %s", target, strerror(errno));
}

static void
take_stream(struct connect *d)
{
	d->fd = vsapc_take_tls(d->vsapc, &d->token);
	if (d->fd != -1)
		d->vsapc = NULL;
	if (d->fd != -1 && d->o->gateway.tls && d->token == NULL) {
		close(d->fd); /* it has broken off */
		d->fd = -1;
	}
	if (d->fd == -1)
		end(d, CONNECT_TEMPORARY, "%s: closed by the gateway",
		    d->o->server);
	else
		end(d, CONNECT_OK, "%s", "");
}

/* Over a UNIX-domain socket the gateway may hand out its own end of the
 * connection, for which it has to be asked behind the 240. */
static void
on_ready(void *arg)
{
	struct connect *d = arg;

	send_connect(d);
	if (!vsapc_is_unix(d->vsapc))
		(void)vsapc_send(d->vsapc, "RELAY");
}

static void
connected(struct connect *d)
{
	if (!vsapc_is_unix(d->vsapc)) {
		take_stream(d);
		return;
	}
	d->connected = true;
	(void)vsapc_send(d->vsapc, "RELAY -f");
}

/* The answer to RELAY -f: the descriptor, or a gateway that can't. */
static void
descriptor(struct connect *d, int code, int fd)
{
	if (code == VSAP_DESCRIPTOR && fd != -1) {
		d->fd = fd;
		vsapc_free(d->vsapc);
		d->vsapc = NULL;
		end(d, CONNECT_OK, "%s", "");
		return;
	}
	if (fd != -1)
		close(fd);
	(void)vsapc_send(d->vsapc, "RELAY");
	take_stream(d);
}

static int dial(struct connect *);

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct connect *d = arg;

	(void)fd;
	(void)what;
	if (dial(d) == -1)
		end(d, CONNECT_TEMPORARY, "%s: %s", d->o->server,
		    strerror(errno));
}

/* Refused for now, and for so many seconds (0: it does not say): there is
 * another try if that is not longer than is waited for. */
static void
refused_for_now(struct connect *d, unsigned seconds, const char *text)
{
	struct timeval tv = { .tv_sec = seconds };

	if (seconds == 0 || clock_ms() + seconds * 1000ULL >= d->until ||
	    evtimer_add(d->again, &tv) == -1) {
		end(d, CONNECT_TEMPORARY, "%s", text);
		return;
	}
	log_warn("%s; trying again", text);
	vsapc_free(d->vsapc);
	d->vsapc = NULL;
}

static const char *
refused_hint(const struct connect *d, const struct vsap_reply *r)
{
	if (r->code == VSAP_FORBIDDEN && d->o->creds == NULL &&
	    strchr(r->text, '(') == NULL)
		return " (credentials: VSAP_AUTH_FILE)";
	if (r->code == VSAP_UNKNOWN)
		return " (this gateway does not know CONNECT)";
	return "";
}

static void
refused(struct connect *d, const struct vsap_reply *r)
{
	char shown[4 * VSAP_LINE_MAX + 8], text[sizeof(shown) + ADDR_STRLEN];
	unsigned seconds;

	log_vis(r->text, shown, sizeof(shown));
	(void)snprintf(text, sizeof(text), "%s: %d %s", d->o->server, r->code,
	    shown);
	if (vsap_again(r, &seconds))
		refused_for_now(d, seconds, text);
	else
		end(d, r->code < 510 ? CONNECT_PERMANENT : CONNECT_TEMPORARY,
		    "%s%s", text, refused_hint(d, r));
}

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	struct connect *d = arg;

	if (d->connected && !r->more) {
		descriptor(d, r->code, fd);
		return;
	}
	if (fd != -1)
		close(fd); /* nobody asked for it */
	if (r->more || r->code < 200)
		return;
	if (r->code < 300)
		connected(d);
	else
		refused(d, r);
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	struct connect *d = arg;
	const char *hint = "";
	unsigned seconds;

	if (vsapc_again(d->vsapc, &seconds)) {
		refused_for_now(d, seconds, text);
		return;
	}
	if (errno == ECONNREFUSED || errno == ENOENT)
		hint = " (is vsapd running there? -s or VSAP_SERVER names "
		       "the gateway)";
	end(d, permanent ? CONNECT_PERMANENT : CONNECT_TEMPORARY, "%s%s", text,
	    hint);
}

static const struct vsapc_calls calls = {
	.ready = on_ready,
	.reply = on_reply,
	.closed = on_closed,
};

static int
dial(struct connect *d)
{
	const struct connect_opts *o = d->o;
	struct vsapc_opts v = { .server = o->server,
		.addr = o->gateway,
		.family = o->family,
		.timeout = o->wait,
		.creds = o->creds,
		.proxy = gwopts_proxy(o->gw) };

	if (d->tls != NULL)
		v.tls = gwtls_link(d->tls);
	d->vsapc = vsapc_new(d->base, d->resolv, &v, &calls, d);
	return d->vsapc == NULL ? -1 : 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct connect *d = arg;
	char target[ADDR_STRLEN];

	(void)fd;
	(void)what;
	end(d, CONNECT_TEMPORARY, "%s: no connection through %s in time (-w)",
	    addr_format(&d->o->target, target, sizeof(target)), d->o->server);
}

static int
set_timers(struct connect *d)
{
	const struct connect_opts *o = d->o;
	struct timeval tv = { .tv_sec = VSAP_CONNECT_TIMEOUT };

	if (o->wait > 0)
		tv.tv_sec = o->wait;
	d->until = clock_ms() + (uint64_t)tv.tv_sec * 1000;
	/* a gateway's own words about it come first */
	tv.tv_usec = 500000;
	if (o->wait > 0 && o->target.kind != ADDR_TCP)
		tv.tv_sec += WAIT_SLACK;
	d->timer = evtimer_new(d->base, on_timer, d);
	d->again = evtimer_new(d->base, on_again, d);
	if (d->timer == NULL || d->again == NULL)
		return -1;
	return event_add(d->timer, &tv);
}

/* 0, or -1 with errno, and with a message in d->err if that says more. */
static int
begin(struct connect *d)
{
	const struct connect_opts *o = d->o;

	if ((d->base = loop_new()) == NULL ||
	    (d->resolv = resolv_new(d->base)) == NULL || set_timers(d) == -1)
		return -1;
	if (o->gateway.tls) {
		d->tls =
		    gwtls_new(d->base, o->gw, o->verbose, d->err, d->errlen);
		if (d->tls == NULL) {
			d->status = CONNECT_PERMANENT;
			return -1;
		}
	}
	return dial(d);
}

/* What is pumped by ourselves: given away, nobody asks how it ended. */
static void
watch(struct connect *d)
{
	void *token = d->token;

	d->token = NULL;
	if (gwtls_watch(d->tls, token, &d->fd) == 0)
		d->watched = true;
	else
		end(d, CONNECT_TEMPORARY, "%s: %s", d->o->server,
		    strerror(errno));
}

int
connect_open(const struct connect_opts *o, int *fd, struct connect **c,
    char *err, size_t errlen)
{
	struct connect *d;

	*fd = -1;
	err[0] = '\0';
	if ((*c = d = calloc(1, sizeof(*d))) == NULL) {
		strlcpy(err, strerror(errno), errlen);
		return CONNECT_TEMPORARY;
	}
	d->o = o;
	d->fd = -1;
	d->err = err;
	d->errlen = errlen;
	d->status = CONNECT_TEMPORARY;
	if ((begin(d) == -1 || loop_run(d->base) == -1) && err[0] == '\0')
		snprintf(err, errlen, "%s: %s", o->server, strerror(errno));
	vsapc_free(d->vsapc);
	d->vsapc = NULL;
	if (d->timer != NULL)
		event_del(d->timer);
	if (d->again != NULL)
		event_del(d->again);
	if (d->token != NULL && !o->pass)
		watch(d);
	*fd = d->fd;
	return d->status;
}

int
connect_end(struct connect *d, bool ask)
{
	int r = 0, saved;

	if (d->token != NULL)
		gwtls_forget(d->token);
	if (d->watched && ask)
		r = gwtls_watched(d->tls);
	saved = errno;
	gwtls_free(d->tls);
	if (d->timer != NULL)
		event_free(d->timer);
	if (d->again != NULL)
		event_free(d->again);
	resolv_free(d->resolv);
	if (d->base != NULL)
		event_base_free(d->base);
	free(d);
	errno = saved;
	return r;
}

bool
connect_may_pass(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(STDOUT_FILENO, (struct sockaddr *)&ss, &len) == 0 &&
	       ss.ss_family == AF_UNIX;
}

int
connect_pass(int fd)
{
	/* who gets it expects an ordinary descriptor */
	if (net_nonblock(fd, false) == -1)
		return -1;
	return fdpass_send(STDOUT_FILENO, "", 1, &fd, 1);
}
