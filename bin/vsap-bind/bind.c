#include "bind.h"

#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acceptor.h"
#include "command.h"
#include "creds.h"
#include "deliver.h"
#include "dial.h"
#include "gate.h"
#include "gwtls.h"
#include "log.h"
#include "loop.h"
#include "probe.h"
#include "runpath.h"
#include "stdpump.h"
#include "workers.h"

#define DRAIN_MS 20	/* between looks whether workers took their streams */
#define DRAIN_TURNS 100 /* looks */

enum { ON_TERM, ON_INT, ON_CHLD, ON_WAIT, ON_DRAIN, NEVENTS };

/* A target must answer before the gateway takes the visitor back. */
#define TARGET_TIMEOUT 4

struct bind {
	struct bind_conf *conf;
	struct event_base *base;
	struct resolv *resolv;
	char *creds;
	struct gate *gates[BIND_GATES_MAX];
	unsigned ngates, nover;
	struct deliveries deliveries;
	struct workers *workers;
	struct gwtls *tls;
	struct probe *probe; /* withdrawn until the target answers */
	struct event *events[NEVENTS];
	unsigned busy; /* visitors that are served, for -m */
	bool ended;
	int code;
	int over_code; /* what the gateways given up so far come to */
	int drained;
	int pump;    /* the stream for standard input and output, or -1 */
	void *token; /* ... and its TLS connection */
};

/* ---- what the parts ask ------------------------------------------------ */

const struct bind_conf *
bind_conf(const struct bind *b)
{
	return b->conf;
}

struct event_base *
bind_base(const struct bind *b)
{
	return b->base;
}

struct resolv *
bind_resolv(const struct bind *b)
{
	return b->resolv;
}

const char *
bind_creds(const struct bind *b)
{
	return b->creds;
}

bool
bind_many(const struct bind *b)
{
	return b->conf->nservers > 1;
}

struct deliveries *
bind_deliveries(struct bind *b)
{
	return &b->deliveries;
}

struct workers *
bind_workers(struct bind *b)
{
	return b->workers;
}

struct gwtls *
bind_tls(struct bind *b)
{
	return b->tls;
}

uint64_t
bind_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool
bind_once(const struct bind *b)
{
	return b->conf->mode == BIND_STDIO && !b->conf->keep;
}

unsigned
bind_room(const struct bind *b)
{
	return b->busy < b->conf->max ? b->conf->max - b->busy : 0;
}

bool
bind_closed(const struct bind *b)
{
	return b->ended || b->probe != NULL || (bind_once(b) && b->busy > 0);
}

/* ---- what the parts tell ----------------------------------------------- */

static void
touch_all(struct bind *b)
{
	if (b->ended)
		return;
	for (unsigned i = 0; i < b->ngates; i++)
		gate_touch(b->gates[i]);
}

static void
wait_from_now(struct bind *b)
{
	struct timeval tv = { b->conf->wait, 0 };

	if (b->conf->wait > 0 && evtimer_add(b->events[ON_WAIT], &tv) == -1)
		fatalx("no timer");
}

void
bind_visit(struct bind *b, struct acceptor *a)
{
	wait_from_now(b);
	/* Of an express one the visitor cannot go back. */
	if (!a->express && (bind_room(b) == 0 || bind_closed(b)))
		acceptor_free(a);
	else
		deliver_start(b, a);
}

struct dial *
bind_dial(struct bind *b, void (*done)(void *arg, int fd, const char *error),
    void *arg)
{
	struct dial_opts o = {
		.family = b->conf->family,
		.timeout = TARGET_TIMEOUT,
		.seqpacket = b->conf->mode == BIND_HANDOVER,
	};

	return dial_start(b->base, b->resolv, &b->conf->target, &o, done, arg);
}

void
bind_busy(struct bind *b, int delta)
{
	b->busy = (unsigned)((int)b->busy + delta);
	touch_all(b);
}

static void
on_answers(void *arg)
{
	struct bind *b = arg;
	char text[ADDR_STRLEN];

	log_info("%s: answers again",
	    addr_format(&b->conf->target, text, sizeof(text)));
	probe_free(b->probe);
	b->probe = NULL;
	touch_all(b);
}

void
bind_withdraw(struct bind *b, const char *why)
{
	char text[ADDR_STRLEN];

	if (b->probe != NULL || b->ended)
		return;
	log_warn("%s: %s; withdrawn until it answers",
	    addr_format(&b->conf->target, text, sizeof(text)), why);
	if ((b->probe = probe_new(b, on_answers, b)) == NULL)
		fatal("%s", text);
	touch_all(b);
}

void
bind_gate_over(struct bind *b, int code)
{
	b->nover++;
	if (b->over_code == 0 || code == EXIT_TEMPORARY)
		b->over_code = code;
	if (b->nover == b->ngates)
		bind_end(b, b->over_code);
}

void
bind_pump(struct bind *b, int fd, void *token)
{
	b->pump = fd;
	b->token = token;
	bind_end(b, 0);
}

/* What was handed to a worker is let arrive. */
void
bind_end(struct bind *b, int code)
{
	struct timeval tv = { 0, DRAIN_MS * 1000 };

	if (b->ended)
		return;
	touch_all(b);
	b->ended = true;
	b->code = code;
	if (b->workers == NULL || workers_pending(b->workers) == 0 ||
	    event_add(b->events[ON_DRAIN], &tv) == -1)
		event_base_loopbreak(b->base);
}

/* ---- signals and timers ------------------------------------------------ */

static void
on_stop(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	bind_end(arg, 0);
}

static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	struct bind *b = arg;
	int status;
	pid_t pid;

	(void)sig;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (command_reaped(pid, status))
			bind_busy(b, -1);
}

static void
on_wait(evutil_socket_t fd, short what, void *arg)
{
	struct bind *b = arg;

	(void)fd;
	(void)what;
	if (b->busy > 0) {
		wait_from_now(b);
		return;
	}
	log_warn("nobody came within %u seconds", b->conf->wait);
	bind_end(b, EXIT_TEMPORARY);
}

static void
on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct bind *b = arg;

	(void)fd;
	(void)what;
	if (workers_pending(b->workers) == 0 || ++b->drained == DRAIN_TURNS)
		event_base_loopbreak(b->base);
}

static void
on_room(void *arg)
{
	deliver_resume(arg);
}

/* ---- beginning and end ------------------------------------------------- */

/* Sockets must not become what a command takes for its standard streams. */
static int
standard_streams(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			return -1;
	} while (fd <= STDERR_FILENO);
	return close(fd);
}

static int
add_events(struct bind *b)
{
	struct event **e = b->events;

	e[ON_TERM] = evsignal_new(b->base, SIGTERM, on_stop, b);
	e[ON_INT] = evsignal_new(b->base, SIGINT, on_stop, b);
	e[ON_CHLD] = evsignal_new(b->base, SIGCHLD, on_child, b);
	e[ON_WAIT] = evtimer_new(b->base, on_wait, b);
	e[ON_DRAIN] = event_new(b->base, -1, EV_PERSIST, on_drain, b);
	for (int i = 0; i < NEVENTS; i++)
		if (e[i] == NULL ||
		    (i <= ON_CHLD && event_add(e[i], NULL) == -1))
			return -1;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	wait_from_now(b);
	return 0;
}

static int
add_gates(struct bind *b, char *err, size_t errlen)
{
	char server[ADDR_STRLEN];
	struct gate *g;

	for (unsigned i = 0; i < b->conf->nservers; i++) {
		g = gate_new(b,
		    runpath_server(b->conf->servers[i], server, sizeof(server)),
		    err, errlen);
		if (g == NULL)
			return -1;
		b->gates[b->ngates++] = g;
	}
	return 0;
}

/* What all gateways together say of the options for the way to them. */
static int
add_ways(struct bind *b, char *err, size_t errlen)
{
	struct gwopts *gw = &b->conf->gw;
	bool tls = false, tcp = false;

	for (unsigned i = 0; i < b->ngates; i++) {
		tls = tls || gate_server(b->gates[i])->tls;
		tcp = tcp || gate_server(b->gates[i])->kind == ADDR_TCP;
	}
	if (gwopts_finish(gw, tls, tcp, err, errlen) == -1)
		return -1;
	if (gwopts_warning(gw) != NULL)
		log_warn("%s", gwopts_warning(gw));
	if (tls)
		b->tls = gwtls_new(b->base, gw, b->conf->verbose, err, errlen);
	return tls && b->tls == NULL ? -1 : 0;
}

static int
begin(struct bind *b, char *err, size_t errlen)
{
	if (standard_streams() == -1 || (b->base = loop_new()) == NULL ||
	    (b->resolv = resolv_new(b->base)) == NULL || add_events(b) == -1) {
		strlcpy(err, strerror(errno), errlen);
		return EXIT_TEMPORARY;
	}
	*err = '\0';
	b->creds = creds_load(err, errlen);
	if (b->creds == NULL && *err != '\0')
		return EXIT_PERMANENT;
	if (add_gates(b, err, errlen) == -1 || add_ways(b, err, errlen) == -1)
		return EXIT_PERMANENT;
	if (b->conf->mode != BIND_TARGET)
		return 0;
	b->workers = workers_new(b->base, b->tls, b->conf->verbose, on_room, b,
	    err, errlen);
	return b->workers == NULL ? EXIT_PERMANENT : 0;
}

static void
finish(struct bind *b)
{
	b->ended = true;
	deliver_free_all(b);
	for (unsigned i = 0; i < b->ngates; i++)
		gate_free(b->gates[i]);
	probe_free(b->probe);
	workers_free(b->workers);
	command_forget();
	resolv_free(b->resolv);
	for (int i = 0; i < NEVENTS; i++)
		if (b->events[i] != NULL)
			event_free(b->events[i]);
	creds_free(b->creds);
	gwopts_free(&b->conf->gw);
}

static int
pump(struct bind *b)
{
	int r = 0;

	if (b->token != NULL)
		r = gwtls_watch(b->tls, b->token, &b->pump);
	if (r == 0) {
		r = stdpump(b->pump, STDIN_FILENO, STDOUT_FILENO, NULL);
		close(b->pump);
	}
	if (r == 0 && b->token != NULL)
		r = gwtls_watched(b->tls);
	if (r == -1 && errno != EPIPE)
		log_warn("the stream broke off: %s", strerror(errno));
	log_flush();
	return r == -1 ? EXIT_TEMPORARY : 0;
}

int
bind_main(struct bind_conf *conf)
{
	struct bind b = { .conf = conf, .pump = -1 };
	char err[512];

	TAILQ_INIT(&b.deliveries);
	if ((b.code = begin(&b, err, sizeof(err))) != 0)
		log_warn("%s", err);
	else if (loop_run(b.base) == -1)
		b.code = EXIT_TEMPORARY;
	finish(&b);
	log_flush();
	if (b.pump != -1)
		b.code = pump(&b);
	gwtls_free(b.tls);
	if (b.base != NULL)
		event_base_free(b.base);
	return b.code;
}
