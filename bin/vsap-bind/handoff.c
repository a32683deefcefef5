/*
 * -t fdpass:/path: the visitor's descriptor itself goes to a waiting server
 * (handover.h).  Until the server has acknowledged, the connection is ours:
 * it is offered again, a few times.
 */
#include "deliver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "handover.h"
#include "log.h"
#include "net.h"

#define ACK_TIMEOUT 5
#define TRIES 3
#define AGAIN_MS 200 /* before the next try */

static void offer(struct delivery *);
static void not_taken(struct delivery *, const char *);

static void
on_connected(void *arg, int fd, const char *error)
{
	struct delivery *d = arg;
	struct bind *b = d->bind;

	d->dial = NULL;
	if (fd == -1 && d->stream != -1) {
		not_taken(d, error);
		return;
	}
	if (fd == -1) {
		bind_withdraw(b, error);
		deliver_drop(d);
		return;
	}
	d->target = fd;
	deliver_take(d);
}

static void
handoff_start(struct delivery *d)
{
	if (deliver_dial(d, on_connected) == 0)
		return;
	bind_withdraw(d->bind, strerror(errno));
	deliver_drop(d);
}

static void
give_up(struct delivery *d, const char *why)
{
	log_warn("%s: not taken by the server: %s", d->who, why);
	bind_withdraw(d->bind, why);
	deliver_drop(d);
}

static void
on_reconnected(void *arg, int fd, const char *error)
{
	struct delivery *d = arg;

	d->dial = NULL;
	if (fd == -1) {
		give_up(d, error);
		return;
	}
	d->target = fd;
	offer(d);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct delivery *d = arg;

	(void)fd;
	(void)what;
	if (deliver_dial(d, on_reconnected) == -1)
		give_up(d, strerror(errno));
}

static void
not_taken(struct delivery *d, const char *why)
{
	if (d->target != -1)
		close(d->target);
	d->target = -1;
	if (++d->tries == TRIES ||
	    deliver_arm(d, -1, 0, on_again, AGAIN_MS) == -1)
		give_up(d, why);
}

static void
on_ack(evutil_socket_t fd, short what, void *arg)
{
	struct delivery *d = arg;
	unsigned char ack;
	ssize_t n;

	if (what & EV_TIMEOUT) {
		not_taken(d, "no acknowledgement in time");
		return;
	}
	n = read(fd, &ack, sizeof(ack));
	if (n == 1 && ack == HANDOVER_ACK) {
		log_debug("%s: handed over", d->who);
		deliver_done(d);
	} else
		not_taken(d, n == -1  ? strerror(errno)
			     : n == 0 ? "closed without an acknowledgement"
				      : "something else was answered");
}

static void
offer(struct delivery *d)
{
	struct sockaddr_storage src, dst;
	char msg[PROXY_V2_MAX];
	size_t n;

	n = handover_format(msg, sizeof(msg), deliver_remote(d, &src),
	    deliver_local(d, &dst), NULL, 0);
	if (fdpass_send(d->target, msg, n, &d->stream, 1) == -1)
		not_taken(d, strerror(errno));
	else if (deliver_arm(d, d->target, EV_READ, on_ack,
		     ACK_TIMEOUT * 1000L) == -1)
		give_up(d, "no memory");
}

/* The server gets the descriptor as accept(2) would have made it. */
static void
handoff_stream(struct delivery *d)
{
	if (net_nonblock(d->stream, false) == -1)
		give_up(d, strerror(errno));
	else
		offer(d);
}

const struct deliver_mode deliver_handoff = { handoff_start, handoff_stream };
