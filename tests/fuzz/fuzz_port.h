#ifndef FUZZ_PORT_H
#define FUZZ_PORT_H

/*
 * What a gateway that is fuzzed has in place of the real things: a clock that
 * stands still unless it is moved, a loop that makes one turn at a time,
 * connections that come about or not by their port.  Included by one source
 * file; nothing here touches a network.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dial.h"
#include "fuzz_main.h"
#include "loop.h"

/* --- the clock --------------------------------------------------------- */

static uint64_t fuzz_ms = 1000000;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(fuzz_ms / 1000);
	ts->tv_nsec = (long)(fuzz_ms % 1000) * 1000000;
	return 0;
}

/* --- the loop ---------------------------------------------------------- */

struct deferred {
	STAILQ_ENTRY(deferred) entry;
	void (*fn)(void *);
	void *arg;
};

static STAILQ_HEAD(, deferred) deferred = STAILQ_HEAD_INITIALIZER(deferred);

struct event_base *
loop_new(void)
{
	return event_base_new();
}

int
loop_run(struct event_base *base)
{
	(void)base;
	return -1;
}

int
loop_defer(struct event_base *base, void (*fn)(void *), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	(void)base;
	if (d == NULL)
		return -1;
	d->fn = fn;
	d->arg = arg;
	STAILQ_INSERT_TAIL(&deferred, d, entry);
	return 0;
}

/* One turn; true: something was done, and there may be more. */
static bool
loop_turn(struct event_base *base)
{
	STAILQ_HEAD(, deferred) now = STAILQ_HEAD_INITIALIZER(now);
	struct deferred *d;
	bool busy;

	(void)event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 1);
	FUZZ_ASSERT(event_base_loop(base, EVLOOP_NONBLOCK) != -1);
	busy = event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 1) > 0;
	STAILQ_CONCAT(&now, &deferred);
	while ((d = STAILQ_FIRST(&now)) != NULL) {
		STAILQ_REMOVE_HEAD(&now, entry);
		d->fn(d->arg);
		free(d);
		busy = true;
	}
	return busy;
}

/* --- connections ------------------------------------------------------- */

/* By the port: 1 there is one at once, 2 refused, 3 after a moment, 4 it
 * comes to nothing after a while; 5 and others as 3. */
struct dial {
	struct event timer;
	void (*done)(void *, int, const char *);
	void *arg;
	int error;
};

/* Our end, whose peer has closed already. */
static int
half_pair(void)
{
	int fd[2];

	FUZZ_ASSERT(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fd) == 0);
	close(fd[1]);
	return fd[0];
}

/* Names have one address, 192.0.2.1. */
static bool
may_dial(const struct addr *a, const struct dial_opts *opts, void *arg)
{
	struct sockaddr_storage ss;
	struct addr at = *a;
	socklen_t len;

	if (a->kind == ADDR_TCP && a->family == AF_UNSPEC) {
		at.family = AF_INET;
		at.ip = (struct in6_addr){
			.s6_addr = { [10] = 0xff, 0xff, 192, 0, 2, 1 }
		};
	}
	len = addr_sockaddr(&at, &ss);
	FUZZ_ASSERT(len > 0);
	return opts->permit == NULL ||
	       opts->permit(arg, (struct sockaddr *)&ss, len);
}

int
dial_now(const struct addr *a, const struct dial_opts *opts, void *arg)
{
	/* No more than this decides who may be reached. */
	FUZZ_ASSERT(opts->permit != NULL);
	if (!may_dial(a, opts, arg))
		errno = EACCES;
	else if (a->port == 1)
		return half_pair();
	else
		errno = a->port == 2 ? ECONNREFUSED : EINPROGRESS;
	return -1;
}

static void
dialled_now(evutil_socket_t fd, short what, void *arg)
{
	struct dial d = *(struct dial *)arg;

	(void)fd;
	(void)what;
	free(arg);
	errno = d.error;
	if (d.error == 0)
		d.done(d.arg, half_pair(), NULL);
	else
		d.done(d.arg, -1, "no way");
}

struct dial *
dial_start(struct event_base *base, struct resolv *r, const struct addr *a,
    const struct dial_opts *opts, void (*done)(void *, int, const char *),
    void *arg)
{
	struct timeval tv = { .tv_sec = a->port == 4 ? 20 : 0 };
	struct dial *d = calloc(1, sizeof(*d));

	(void)r;
	FUZZ_ASSERT(d != NULL);
	d->done = done;
	d->arg = arg;
	if (!may_dial(a, opts, arg))
		d->error = EACCES;
	else
		d->error = a->port == 4 ? ETIMEDOUT : 0;
	event_assign(&d->timer, base, -1, 0, dialled_now, d);
	FUZZ_ASSERT(event_add(&d->timer, &tv) == 0);
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		(void)event_del(&d->timer);
	free(d);
}

#endif
