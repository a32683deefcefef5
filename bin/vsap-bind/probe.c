#include "probe.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "backoff.h"
#include "bind.h"
#include "dial.h"
#include "log.h"

#define PROBE_TIMEOUT 4

struct probe {
	struct bind *bind;
	struct event *timer;
	struct dial *dial;
	struct backoff backoff;
	void (*answers)(void *);
	void *arg;
};

static void
ask_later(struct probe *p)
{
	uint32_t ms = backoff_next(&p->backoff, &backoff_probe,
	    bind_now() / 1000, arc4random());
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	if (evtimer_add(p->timer, &tv) == -1)
		fatalx("no timer");
}

static void
on_connected(void *arg, int fd, const char *error)
{
	struct probe *p = arg;

	p->dial = NULL;
	if (fd == -1) {
		log_debug("the target does not answer: %s", error);
		ask_later(p);
		return;
	}
	close(fd);
	p->answers(p->arg);
}

static void
ask(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	const struct bind_conf *conf = bind_conf(p->bind);
	struct dial_opts o = {
		.family = conf->family,
		.timeout = PROBE_TIMEOUT,
		.seqpacket = conf->mode == BIND_HANDOVER,
	};

	(void)fd;
	(void)what;
	p->dial = dial_start(bind_base(p->bind), bind_resolv(p->bind),
	    &conf->target, &o, on_connected, p);
	if (p->dial == NULL)
		ask_later(p);
}

struct probe *
probe_new(struct bind *b, void (*answers)(void *), void *arg)
{
	struct probe *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->bind = b;
	p->answers = answers;
	p->arg = arg;
	if ((p->timer = evtimer_new(bind_base(b), ask, p)) == NULL) {
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	ask_later(p);
	return p;
}

void
probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	dial_cancel(p->dial);
	event_free(p->timer);
	free(p);
}
