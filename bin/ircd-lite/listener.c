#include "listener.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "handin.h"
#include "log.h"
#include "net.h"
#include "proxyin.h"
#include "server.h"

#define BATCH 64     /* connections of a listener in one turn */
#define PAUSE_MS 200 /* when descriptors have run out */
#define SAY_AGAIN 10 /* seconds: the log hears of what lasts so often */

struct listener {
	TAILQ_ENTRY(listener) entry;
	struct event readable;
	uint32_t id;
	enum port_kind kind;
	int fd;
	const struct conf_listen *conf;
	bool set; /* since the last sweep */
};

static struct {
	struct event_base *base;
	TAILQ_HEAD(, listener) list;
	struct event resume;
	bool paused;
	int reserve; /* given up to tell a peer that there are no more */
	time_t said;
} ls = { .list = TAILQ_HEAD_INITIALIZER(ls.list), .reserve = -1 };

/* --- pausing ------------------------------------------------------------ */

static void
arm(struct listener *l)
{
	if (!ls.paused && (l->kind != PORT_HANDOVER || !handin_full()))
		(void)event_add(&l->readable, NULL);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l;

	(void)fd;
	(void)what;
	(void)arg;
	ls.paused = false;
	if (ls.reserve == -1)
		ls.reserve = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	TAILQ_FOREACH(l, &ls.list, entry)
		arm(l);
}

/* One of those who wait is told, by the descriptor put aside for this. */
static void
tell_one(int sock)
{
	static const char text[] =
	    "ERROR :Closing Link: too many connections\r\n";
	int fd;

	if (ls.reserve == -1)
		return;
	close(ls.reserve);
	ls.reserve = -1;
	fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1) {
		(void)send(fd, text, sizeof(text) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)shutdown(fd, SHUT_WR);
		close(fd);
		me.count.refused++;
	}
	ls.reserve = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void
rest(struct listener *of, int error)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };
	struct listener *l;

	if (clock_seconds() - ls.said >= SAY_AGAIN) {
		ls.said = clock_seconds();
		log_warn("no new connections for now: %s (%u are open)",
		    strerror(error), conns_count);
	}
	if (of->kind == PORT_CLIENT && (error == EMFILE || error == ENFILE))
		tell_one(of->fd);
	ls.paused = true;
	TAILQ_FOREACH(l, &ls.list, entry)
		(void)event_del(&l->readable);
	(void)event_add(&ls.resume, &tv);
}

/* --- taking in ---------------------------------------------------------- */

static void
client(const struct listener *l, int fd, const struct sockaddr_storage *peer)
{
	struct conn_from from = { .fd = fd, .ofd = fd, .peer = *peer };
	socklen_t len = sizeof(from.local);

	if (getsockname(fd, (struct sockaddr *)&from.local, &len) == -1)
		memset(&from.local, 0, sizeof(from.local));
	addr_unmap_sa(&from.local, &len);
	net_tune(fd);
	if (l->conf != NULL && l->conf->proxy)
		proxyin_take(&from, l->conf);
	else
		(void)conn_open(&from);
}

/* 0, or -1: no more in this turn. */
static int
take(struct listener *l)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd;

	memset(&peer, 0, sizeof(peer));
	fd = accept4(l->fd, (struct sockaddr *)&peer, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			rest(l, errno);
		/* Others are of the one connection, which is gone. */
		return errno == ECONNABORTED || errno == EINTR ? 0 : -1;
	}
	addr_unmap_sa(&peer, &len);
	if (l->kind == PORT_HANDOVER)
		handin_take(fd);
	else
		client(l, fd, &peer);
	return 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < BATCH; i++) {
		if (l->kind == PORT_HANDOVER && handin_full()) {
			(void)event_del(&l->readable);
			return;
		}
		if (take(l) == -1)
			return;
	}
}

/* --- the set of them ---------------------------------------------------- */

int
listener_init(struct event_base *base)
{
	ls.base = base;
	/* Standard error once more: no file needs to be opened for it. */
	ls.reserve = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	event_assign(&ls.resume, base, -1, 0, on_resume, NULL);
	return ls.reserve == -1 ? -1 : 0;
}

static struct listener *
find(uint32_t id)
{
	struct listener *l;

	TAILQ_FOREACH(l, &ls.list, entry)
		if (l->id == id)
			break;
	return l;
}

static struct listener *
add(uint32_t id, enum port_kind kind, int fd)
{
	struct listener *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->id = id;
	l->kind = kind;
	l->fd = fd;
	event_assign(&l->readable, ls.base, fd, EV_READ | EV_PERSIST,
	    on_readable, l);
	if (event_add(&l->readable, NULL) == -1) {
		free(l);
		errno = ENOMEM;
		return NULL;
	}
	TAILQ_INSERT_TAIL(&ls.list, l, entry);
	return l;
}

int
listener_set(uint32_t id, enum port_kind kind, int fd,
    const struct conf_listen *cl)
{
	struct listener *l = find(id);

	if (l == NULL && fd == -1) {
		errno = ENOENT;
		return -1;
	}
	if (l == NULL && (l = add(id, kind, fd)) == NULL) {
		close(fd);
		return -1;
	}
	l->conf = cl;
	l->set = true;
	return 0;
}

void
listener_sweep(void)
{
	struct listener *l, *next;

	TAILQ_FOREACH_SAFE(l, &ls.list, entry, next) {
		if (l->set) {
			l->set = false;
			continue;
		}
		TAILQ_REMOVE(&ls.list, l, entry);
		(void)event_del(&l->readable);
		close(l->fd);
		free(l);
	}
}

void
listener_wake(void)
{
	struct listener *l;

	TAILQ_FOREACH(l, &ls.list, entry)
		if (l->kind == PORT_HANDOVER)
			arm(l);
}
