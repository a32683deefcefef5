/*
 * vsap-relay -l and -D: the listener.  What becomes of a visitor is
 * forward_visit.h's.
 */
#include "forward.h"

#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter.h"
#include "forward_visit.h"
#include "limit.h"
#include "log.h"
#include "loop.h"
#include "net.h"
#include "progress.h"

#define EXIT_TEMPORARY 111
#define BACKLOG 4096
#define ACCEPT_TURN 64 /* connections accepted in one turn */
#define PAUSE_MS 100   /* after EMFILE and the like */
#define SAY_AGAIN 10   /* seconds */

struct forward {
	struct relay *relay;
	int fd;
	struct event *ev;
	struct event *pause;
	struct event *sigs[3];
	struct visits *visits;
	size_t open, max; /* visitors; at most */
	time_t said;	  /* the last word about a pause */
	bool is_unix;
};

/* One visitor less: there is room for those that wait. */
static void
left(void *arg)
{
	struct forward *f = arg;

	if (f->open-- == f->max && !evtimer_pending(f->pause, NULL))
		event_add(f->ev, NULL);
}

/* What lasts is said every ten seconds. */
static void
say_pause(struct forward *f)
{
	time_t now = time(NULL);
	int error = errno;

	if (now - f->said < SAY_AGAIN)
		return;
	f->said = now;
	progress_clear();
	log_warn("no new connections until this is over: %s", strerror(error));
}

/* 1: accepted, 0: none left or a pause.  At the limit visitors wait in the
 * kernel: one that is accepted is to be served. */
static int
accept_one(struct forward *f)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd;

	if (f->open >= f->max) {
		event_del(f->ev);
		return 0;
	}
	fd = accept4(f->fd, (struct sockaddr *)&ss, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd != -1) {
		f->open++;
		addr_unmap_sa(&ss, &len);
		visits_take(f->visits, fd, (struct sockaddr *)&ss, len);
		return 1;
	}
	switch (errno) {
	case EAGAIN:
		return 0;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		say_pause(f);
		event_del(f->ev);
		evtimer_add(f->pause, &tv);
		return 0;
	default: /* the visitor went away again */
		return 1;
	}
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (int n = 0; n < ACCEPT_TURN; n++)
		if (accept_one(arg) == 0)
			return;
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct forward *f = arg;

	(void)fd;
	(void)what;
	if (f->open < f->max)
		event_add(f->ev, NULL);
}

static void
on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct forward *f = arg;

	(void)sig;
	(void)what;
	adapter_reload(f->relay->adapter);
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct forward *f = arg;

	(void)sig;
	(void)what;
	event_base_loopbreak(f->relay->base);
}

/* A socket file that nobody answers on is left from another life. */
static int
remove_stale(const struct addr *a)
{
	struct sockaddr_storage ss;
	struct stat st;
	socklen_t len;
	int fd, r;

	if (lstat(a->text, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	len = addr_sockaddr(a, &ss);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		 0)) == -1)
		return -1;
	r = connect(fd, (struct sockaddr *)&ss, len);
	if (r == -1 && errno == ECONNREFUSED)
		r = unlink(a->text);
	else {
		r = -1;
		errno = EADDRINUSE;
	}
	close(fd);
	return r;
}

static void
say_listening(const struct forward *f)
{
	const struct addr *at = &f->relay->at.addr;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[ADDR_STRLEN];

	if (getsockname(f->fd, (struct sockaddr *)&ss, &len) == -1)
		fatal("getsockname");
	if (f->is_unix)
		log_info("listening on %s", at->text);
	else if (at->any)
		log_info("listening on 0.0.0.0:%u",
		    addr_port_sa((struct sockaddr *)&ss));
	else
		log_info("listening on %s",
		    addr_format_sa((struct sockaddr *)&ss, len, text,
			sizeof(text)));
	log_flush();
}

static void
watch_signals(struct forward *f)
{
	struct event_base *base = f->relay->base;
	event_callback_fn calls[3] = { on_signal, on_signal, on_hangup };
	static const int signals[3] = { SIGTERM, SIGINT, SIGHUP };
	int n = f->relay->adapter != NULL ? 3 : 2;

	for (int i = 0; i < n; i++) {
		f->sigs[i] = evsignal_new(base, signals[i], calls[i], f);
		if (f->sigs[i] == NULL || event_add(f->sigs[i], NULL) == -1)
			fatal("signal");
	}
}

static void
start_listening(struct forward *f)
{
	struct endpoint *at = &f->relay->at;
	struct event_base *base = f->relay->base;

	f->max = limit_streams();
	if ((f->visits = visits_new(f->relay, f->max, left, f)) == NULL)
		fatal("visitors");
	f->is_unix = at->addr.kind == ADDR_UNIX;
	if (f->is_unix && remove_stale(&at->addr) == -1)
		err(EXIT_TEMPORARY, "%s", at->text);
	if ((f->fd = net_listen(&at->addr, BACKLOG, 0600)) == -1)
		err(EXIT_TEMPORARY, "%s", at->text);
	f->ev = event_new(base, f->fd, EV_READ | EV_PERSIST, on_accept, f);
	f->pause = evtimer_new(base, on_pause, f);
	if (f->ev == NULL || f->pause == NULL || event_add(f->ev, NULL) == -1)
		fatal("event");
	watch_signals(f);
	say_listening(f);
}

int
forward_run(struct relay *r)
{
	static struct forward f;

	f.relay = r;
	start_listening(&f);
	if (r->verbose)
		progress_start(r->base, adapter_count, r);
	if (loop_run(r->base) == -1)
		fatal("event loop");
	progress_clear();
	adapter_end(r->adapter);
	if (f.is_unix)
		(void)unlink(r->at.addr.text);
	return 0;
}
