/*
 * Dial, perhaps through a proxy, then TLS.  Until the handshake is done the
 * plain end is not read.  Every callback to the owner is the last thing that
 * is done, so that he may close the link in it.
 */
#include "gwlink.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creds.h"
#include "dial.h"
#include "log.h"

struct gwlink {
	struct event_base *base;
	struct gwlink_opts opts;
	const struct gwlink_calls *calls;
	void *arg;
	struct dial *dial;
	struct proxydial *proxydial;
	struct event *deadline; /* of the handshake, from the beginning on */
	int fd;
	void *token; /* of the TLS connection */
	bool is_up;
	bool near; /* UNIX, loopback, or told that clear is fine */
	uint32_t rtt;
};

/*
 * Leave a TLS connection in order.  A pair that is closed with something
 * unread looks broken to the worker, who would break the connection off, too:
 * what nobody wants to know any more is read, and no more comes.
 */
static void
leave(int fd)
{
	char bytes[4096];
	ssize_t n;

	(void)shutdown(fd, SHUT_RD);
	do
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n > 0 || (n == -1 && errno == EINTR));
}

void
gwlink_close(struct gwlink *l)
{
	if (l == NULL)
		return;
	dial_cancel(l->dial);
	proxydial_cancel(l->proxydial);
	if (l->deadline != NULL)
		event_free(l->deadline);
	if (l->token != NULL)
		l->opts.tls->forget(l->token);
	if (l->fd != -1 && l->opts.addr.tls)
		leave(l->fd);
	if (l->fd != -1)
		close(l->fd);
	free(l);
}

/* ---- telling ------------------------------------------------------------ */

static void
up(struct gwlink *l)
{
	l->is_up = true;
	event_del(l->deadline);
	l->calls->up(l->arg);
}

static void
fail(struct gwlink *l, int error, const char *reason, bool permanent)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	event_del(l->deadline);
	errno = error;
	l->calls->down(l->arg, reason, permanent);
}

/* ---- TLS ---------------------------------------------------------------- */

/* The words are those of libtls and of the other side's alerts. */
const char *
gwlink_remedy(const char *reason, bool *permanent)
{
	*permanent = true;
	if (strstr(reason, "certificate required") != NULL ||
	    strstr(reason, "alert bad certificate") != NULL ||
	    strstr(reason, "alert unknown ca") != NULL ||
	    strstr(reason, "alert handshake failure") != NULL)
		return " (it may want a certificate of ours: --cert, --key)";
	if (strstr(reason, "alert certificate expired") != NULL)
		return " (ours: --cert needs a new one)";
	if (strstr(reason, "has expired") != NULL)
		return " (it needs a new one; until then --pin takes this one, "
		       "--no-verify any)";
	if (strstr(reason, "not yet valid") != NULL)
		return " (is the clock right, here and there?)";
	if (strstr(reason, "not present in server certificate") != NULL)
		return " (--tls-name says which name to look for)";
	if (strstr(reason, "pinned") != NULL)
		return " (is it another gateway, or has it a new one? --pin)";
	if (strstr(reason, "certificate") != NULL)
		return " (whom to trust is said by --ca or --pin)";
	*permanent = false;
	if (strstr(reason, "wrong version number") != NULL ||
	    strstr(reason, "handshake: the connection was closed") != NULL)
		return " (does it speak TLS at this port?)";
	return "";
}

void
gwlink_up(struct gwlink *l, const struct tls_peer *peer)
{
	log_debug("TLS: %s%s%s %s", peer->cipher,
	    peer->name[0] != '\0' ? ", " : "", peer->name, peer->print);
	up(l);
}

void
gwlink_down(struct gwlink *l, const char *reason)
{
	char shown[1024], text[sizeof(shown) + 128];
	const char *todo;
	bool permanent;

	l->token = NULL;
	if (l->is_up && strcmp(reason, "end") == 0)
		return; /* in order: its end of file says all */
	log_vis(reason, shown, sizeof(shown));
	todo = gwlink_remedy(shown, &permanent);
	snprintf(text, sizeof(text), "%s%s%s",
	    strncmp(shown, "TLS", 3) == 0 ? "" : "TLS: ", shown, todo);
	if (l->is_up) {
		errno = 0;
		l->calls->down(l->arg, text, permanent);
	} else {
		fail(l, 0, text, permanent);
	}
}

static void
start_tls(struct gwlink *l)
{
	const struct gwlink_tls *tls = l->opts.tls;
	const char *name = tls->name != NULL ? tls->name : l->opts.addr.text;
	char text[128];
	int conn = l->fd;

	l->fd = tls->start(tls->arg, conn, name, l, &l->token);
	if (l->fd != -1)
		return;
	snprintf(text, sizeof(text), "TLS: no worker: %s", strerror(errno));
	fail(l, errno, text, false);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct gwlink *l = arg;

	(void)fd;
	(void)what;
	if (l->token != NULL)
		l->opts.tls->forget(l->token);
	l->token = NULL;
	fail(l, ETIMEDOUT, "no TLS handshake in time", false);
}

/* ---- dialing ------------------------------------------------------------ */

/* Before it is given away: a plain end tells nothing of all this. */
static void
look_at(struct gwlink *l)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	l->near = creds_may_send(l->fd, l->opts.proxy != NULL);
	if (l->opts.addr.kind == ADDR_TCP &&
	    getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
		l->rtt = info.tcpi_rtt;
}

static void
on_dialed(void *arg, int fd, const char *error)
{
	struct gwlink *l = arg;

	l->dial = NULL;
	l->proxydial = NULL;
	l->fd = fd;
	if (fd == -1) {
		fail(l, errno, error, errno == EPERM);
		return;
	}
	look_at(l);
	if (l->opts.addr.tls)
		start_tls(l);
	else
		up(l);
}

static int
dial(struct gwlink *l, struct resolv *r)
{
	const struct gwlink_opts *o = &l->opts;
	struct dial_opts d = { .family = o->family,
		.timeout = o->timeout,
		.trust_check = o->trust_check };
	struct addr target = o->addr;
	char text[ADDR_STRLEN];

	if (o->proxy == NULL) {
		l->dial = dial_start(l->base, r, &o->addr, &d, on_dialed, l);
		return l->dial == NULL ? -1 : 0;
	}
	target.tls = false;
	l->proxydial = proxydial_start(l->base, r, o->proxy,
	    addr_format(&target, text, sizeof(text)), o->family, o->timeout,
	    on_dialed, l);
	return l->proxydial == NULL ? -1 : 0;
}

static int
begin(struct gwlink *l, struct resolv *r)
{
	/* What comes before has a time limit of its own, with better words. */
	struct timeval tv = { .tv_sec = l->opts.timeout, .tv_usec = 70000 };

	if (l->opts.addr.tls && l->opts.tls == NULL) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	l->deadline = evtimer_new(l->base, on_deadline, l);
	if (l->deadline == NULL || event_add(l->deadline, &tv) == -1) {
		errno = ENOMEM;
		return -1;
	}
	return dial(l, r);
}

struct gwlink *
gwlink_open(struct event_base *base, struct resolv *r,
    const struct gwlink_opts *o, const struct gwlink_calls *calls, void *arg)
{
	struct gwlink *l;
	int saved;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->base = base;
	l->opts = *o;
	if (o->addr.kind != ADDR_TCP)
		l->opts.proxy = NULL;
	l->calls = calls;
	l->arg = arg;
	l->fd = -1;
	if (begin(l, r) == 0)
		return l;
	saved = errno;
	gwlink_close(l);
	errno = saved;
	return NULL;
}

/* ---- what it is --------------------------------------------------------- */

int
gwlink_fd(const struct gwlink *l)
{
	return l->is_up ? l->fd : -1;
}

bool
gwlink_is_unix(const struct gwlink *l)
{
	return l->opts.addr.kind == ADDR_UNIX;
}

bool
gwlink_is_tls(const struct gwlink *l)
{
	return l->opts.addr.tls;
}

bool
gwlink_secure(const struct gwlink *l)
{
	return l->near || (l->opts.addr.tls && l->opts.tls->verified);
}

uint32_t
gwlink_rtt(const struct gwlink *l)
{
	return l->rtt;
}

int
gwlink_take(struct gwlink *l, void **token)
{
	int fd = l->fd;

	l->fd = -1;
	if (token != NULL) {
		*token = l->token;
		l->token = NULL;
	}
	gwlink_close(l);
	return fd;
}
