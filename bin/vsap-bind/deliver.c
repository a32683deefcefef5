#include "deliver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "bind.h"
#include "dial.h"
#include "gate.h"
#include "gwtls.h"
#include "log.h"
#include "net.h"

/* Standard input and output are pumped by a child where more come after. */
static const struct deliver_mode *
mode_of(const struct bind *b)
{
	switch (bind_conf(b)->mode) {
	case BIND_TARGET:
		return &deliver_target;
	case BIND_HANDOVER:
		return &deliver_handoff;
	case BIND_STDIO:
	case BIND_COMMAND:
		break;
	}
	return bind_once(b) ? &deliver_stdio : &deliver_command;
}

static void
fill_info(struct delivery *d, const struct acceptor *a)
{
	d->local = a->local;
	d->remote = a->remote;
	d->info.local = a->have_local ? &d->local : NULL;
	d->info.remote = a->have_remote ? &d->remote : NULL;
	d->info.bound = gate_bound(a->gate);
	d->info.gateway = gate_server(a->gate);
	acceptor_visitor(a, d->who, sizeof(d->who));
}

void
deliver_start(struct bind *b, struct acceptor *a)
{
	struct delivery *d;

	if ((d = calloc(1, sizeof(*d))) == NULL) {
		log_warn("%s: %s", gate_name(a->gate), strerror(errno));
		acceptor_free(a);
		return;
	}
	d->bind = b;
	d->mode = mode_of(b);
	d->gate = a->gate;
	d->acceptor = a;
	d->stream = d->target = -1;
	a->delivery = d;
	fill_info(d, a);
	TAILQ_INSERT_TAIL(bind_deliveries(b), d, entry);
	bind_busy(b, 1);
	log_debug("%s: comes by %s", d->who, gate_name(d->gate));
	if (a->express) {
		d->acceptor = NULL;
		d->target = a->target;
		a->target = -1;
		d->stream = acceptor_take(a, false, &d->token);
	}
	if (d->acceptor == NULL && d->stream == -1)
		deliver_gone(d);
	else
		d->mode->start(d);
}

/* The only destructor: what is open by then is closed. */
void
deliver_done(struct delivery *d)
{
	struct bind *b = d->bind;

	TAILQ_REMOVE(bind_deliveries(b), d, entry);
	if (d->acceptor != NULL) {
		d->acceptor->delivery = NULL;
		acceptor_free(d->acceptor);
	}
	dial_cancel(d->dial);
	if (d->event != NULL)
		event_free(d->event);
	if (d->token != NULL)
		gwtls_forget(d->token);
	if (d->stream != -1)
		close(d->stream);
	if (d->target != -1)
		close(d->target);
	if (!d->kept)
		bind_busy(b, -1);
	free(d);
}

void
deliver_drop(struct delivery *d)
{
	/* A stream that nobody served is no empty answer. */
	if (d->token != NULL)
		gwtls_reset(d->token);
	d->token = NULL;
	if (d->stream != -1)
		net_reset(d->stream);
	else
		log_debug("%s: left to the next acceptor", d->who);
	d->stream = -1;
	deliver_done(d);
}

void
deliver_gone(struct delivery *d)
{
	log_debug("%s: gone, or taken back", d->who);
	d->acceptor = NULL;
	deliver_done(d);
}

static void
stdio_start(struct delivery *d)
{
	deliver_take(d);
}

static void
stdio_stream(struct delivery *d)
{
	bind_pump(d->bind, d->stream, d->token);
	d->stream = -1;
	d->token = NULL;
	deliver_done(d);
}

const struct deliver_mode deliver_stdio = { stdio_start, stdio_stream };

void
deliver_stream(struct delivery *d, int fd)
{
	d->acceptor = NULL;
	d->stream = fd;
	d->mode->stream(d);
}

void
deliver_take(struct delivery *d)
{
	struct acceptor *a = d->acceptor;
	int fd;

	if (d->stream != -1) {
		d->mode->stream(d);
		return;
	}
	if (gate_fetches(d->gate)) {
		if (acceptor_fetch(a) == -1)
			deliver_gone(d);
		return;
	}
	fd = acceptor_take(a, true, &d->token);
	if (fd == -1)
		deliver_gone(d);
	else
		deliver_stream(d, fd);
}

/* One event of a delivery, in place of the last one.  0 or -1. */
int
deliver_arm(struct delivery *d, int fd, short what, event_callback_fn fn,
    long ms)
{
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	if (d->event != NULL)
		event_free(d->event);
	d->event = event_new(bind_base(d->bind), fd, what, fn, d);
	if (d->event == NULL)
		return -1;
	return event_add(d->event, &tv);
}

int
deliver_dial(struct delivery *d,
    void (*done)(void *arg, int fd, const char *error))
{
	d->dial = bind_dial(d->bind, done, d);
	return d->dial == NULL ? -1 : 0;
}

static const struct sockaddr *
address(const struct addr *a, struct sockaddr_storage *ss)
{
	if (a == NULL || addr_sockaddr(a, ss) == 0)
		return NULL;
	return (const struct sockaddr *)ss;
}

const struct sockaddr *
deliver_remote(const struct delivery *d, struct sockaddr_storage *ss)
{
	return address(d->info.remote, ss);
}

const struct sockaddr *
deliver_local(const struct delivery *d, struct sockaddr_storage *ss)
{
	return address(d->info.local, ss);
}

void
deliver_resume(struct bind *b)
{
	struct delivery *d, *next;

	TAILQ_FOREACH_SAFE(d, bind_deliveries(b), entry, next) {
		if (!d->stalled)
			continue;
		d->stalled = false;
		deliver_take(d);
	}
}

void
deliver_free_all(struct bind *b)
{
	struct delivery *d;

	while ((d = TAILQ_FIRST(bind_deliveries(b))) != NULL)
		deliver_done(d);
}
