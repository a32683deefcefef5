/*
 * -t host:port or /path: the visitor is relayed to a local service.  The
 * service is connected before RELAY is said; if it does not answer, the
 * visitor goes back to the gateway and we withdraw.  By an express acceptor
 * both are here already.
 */
#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind.h"
#include "gate.h"
#include "handover.h"
#include "workers.h"

static void
not_connected(struct delivery *d, const char *why)
{
	bind_withdraw(d->bind, why);
	deliver_drop(d);
}

static void
connected(struct delivery *d)
{
	struct bind *b = d->bind;

	/* What comes by TLS is carried by the worker that has it. */
	if (gate_server(d->gate)->tls)
		deliver_take(d);
	else if (workers_prepare(bind_workers(b)) == -1)
		deliver_drop(d);
	else if (workers_busy(bind_workers(b)))
		d->stalled = true;
	else
		deliver_take(d);
}

static void
on_connected(void *arg, int fd, const char *error)
{
	struct delivery *d = arg;

	d->dial = NULL;
	d->target = fd;
	if (fd == -1)
		not_connected(d, error);
	else
		connected(d);
}

static void
target_start(struct delivery *d)
{
	if (d->target != -1)
		connected(d);
	else if (deliver_dial(d, on_connected) == -1)
		not_connected(d, strerror(errno));
}

static size_t
proxy_header(const struct delivery *d, char *out, size_t outlen)
{
	struct sockaddr_storage src, dst;
	const struct sockaddr *s = deliver_remote(d, &src);
	const struct sockaddr *t = deliver_local(d, &dst);

	switch (bind_conf(d->bind)->proxy) {
	case 1:
		return proxy_v1_format(out, outlen, s, t);
	case 2:
		return proxy_v2_format(out, outlen, s, t);
	}
	return 0;
}

static void
target_stream(struct delivery *d)
{
	char header[PROXY_V2_MAX];
	size_t n = proxy_header(d, header, sizeof(header));

	workers_relay(bind_workers(d->bind), d->stream, d->token, d->target,
	    header, n, d->who);
	d->stream = d->target = -1;
	d->token = NULL;
	deliver_done(d);
}

const struct deliver_mode deliver_target = { target_start, target_stream };
