#include "doors.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handin.h"
#include "hello.h"
#include "log.h"
#include "net.h"
#include "vsock.h"

#define ACCEPT_BATCH 64 /* control connections taken in one turn */
#define PAUSE_MS 100	/* after EMFILE */
#define FULL_S 1	/* where there are too many sessions */

struct door {
	TAILQ_ENTRY(door) entry;
	uint32_t number;
	enum pmsg_kind kind;
	unsigned index; /* in conf->listen */
	unsigned next;	/* index in the configuration that is to hold */
	int fd;
	bool named; /* since the last doors_open() */
	bool live;  /* was there at the last doors_open() */
	struct event readable;
};

static struct doors {
	struct gateway *gw;
	TAILQ_HEAD(, door) all;
	bool paused; /* EMFILE: for a moment */
	bool full;   /* sessions or workers: until there is room */
	struct event resume;
	time_t said_paused, said_full, said_proxy;
} doors;

/* --- pausing ------------------------------------------------------------ */

static void
set_doors(bool on)
{
	struct door *d;

	TAILQ_FOREACH(d, &doors.all, entry) {
		if (on && d->live)
			(void)event_add(&d->readable, NULL);
		else
			(void)event_del(&d->readable);
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	doors.paused = false;
	if (gateway_paused(doors.gw))
		return;
	set_doors(true);
	vsock_rearm_all(doors.gw);
}

void
gateway_pause(struct gateway *gw)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };
	int error = errno;

	if (gw->feed == NULL) {
		/* Alone nobody else is kept waiting by this. */
		(void)poll(NULL, 0, PAUSE_MS);
		return;
	}
	if (!doors.paused && gateway_say_again(&doors.said_paused))
		log_warn("no new connections until this is over: %s",
		    strerror(error));
	doors.paused = true;
	set_doors(false);
	(void)event_add(&doors.resume, &tv);
}

bool
gateway_paused(const struct gateway *gw)
{
	if (doors.paused)
		return true;
	if (gw->feed == NULL || !feed_busy(gw->feed))
		return false;
	doors.full = true;
	return true;
}

/* Called when a session or a stream ended or the workers have room: at the
 * turn's end, since whoever calls is in the midst of something. */
void
gateway_resume(struct gateway *gw)
{
	struct timeval now = { 0 };

	if (gw->feed == NULL) {
		if (gw->nsessions == 0) /* alone: that was it */
			event_base_loopbreak(gw->base);
		return;
	}
	if ((doors.full || gw->starved) && !gateway_paused(gw)) {
		doors.full = false;
		gw->starved = false;
		(void)event_add(&doors.resume, &now);
	}
}

/* --- connections ---------------------------------------------------------- */

/* Is nothing to be accepted any more for now? */
static bool
full(void)
{
	struct timeval tv = { .tv_sec = FULL_S };
	struct gateway *gw = doors.gw;
	bool many = gw->nsessions >= gw->max_sessions && !hello_evict(gw);

	if (!many && !gateway_paused(doors.gw))
		return false;
	if (many && gateway_say_again(&doors.said_full))
		log_warn("%u control connections are the most that the "
			 "descriptors do for (ulimit -n): further ones wait",
		    doors.gw->max_sessions);
	doors.full = true;
	set_doors(false);
	/* By then the oldest stranger may be sent away. */
	if (many)
		(void)event_add(&doors.resume, &tv);
	return true;
}

struct session_at
doors_at(const struct conf *conf, unsigned index)
{
	const struct conf_listen *l =
	    index == PMSG_NO_INDEX ? NULL : conf_listen_at(conf, index);
	struct session_at at = {
		.protos = CONF_P_ALL,
		.plain = true,
		.tls = conf->has_tls,
	};

	if (l == NULL)
		return at;
	at.protos = l->protos;
	at.plain = l->plain;
	at.tls = l->tls;
	at.cleartext = l->cleartext;
	at.metrics = l->metrics;
	at.proxy = l->proxy;
	return at;
}

/* Where a PROXY header is wanted, nobody but those may come who are believed
 * what they write there. */
static bool
is_believed(const struct door *d, const struct sockaddr *sa)
{
	const struct conf_listen *l = conf_listen_at(doors.gw->conf, d->index);
	struct in6_addr ip;

	if (addr_ip_sa(sa, &ip) == -1)
		return true; /* a UNIX socket's permissions decide */
	for (size_t i = 0; l != NULL && i < l->nfrom; i++)
		if (cidr_contains(&l->from[i], &ip))
			return true;
	return false;
}

static void
take(const struct door *d, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct session_at at = doors_at(doors.gw->conf, d->index);
	char name[ADDR_STRLEN];

	if (at.proxy && !is_believed(d, sa)) {
		if (gateway_say_again(&doors.said_proxy))
			log_warn("%s: not one of those whose PROXY headers "
				 "are taken here: refused",
			    addr_format_sa(sa, len, name, sizeof(name)));
		doors.gw->totals.refused++;
		net_reset(fd);
	} else if (session_new(doors.gw, fd, &at, sa, len, NULL, 0) == -1)
		net_reset(fd);
}

static void
on_connection(evutil_socket_t sock, short what, void *arg)
{
	struct sockaddr_storage ss;
	struct door *d = arg;
	socklen_t len;
	int fd, i;

	(void)what;
	for (i = 0; i < ACCEPT_BATCH && !full(); i++) {
		len = sizeof(ss);
		fd = accept4(sock, (struct sockaddr *)&ss, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM)
				gateway_pause(doors.gw);
			return;
		}
		addr_unmap_sa(&ss, &len);
		take(d, fd, (struct sockaddr *)&ss, len);
	}
}

/* --- listeners ------------------------------------------------------------ */

void
doors_init(struct gateway *gw)
{
	doors.gw = gw;
	TAILQ_INIT(&doors.all);
	event_assign(&doors.resume, gw->base, -1, 0, on_resume, NULL);
}

static struct door *
find(uint32_t number)
{
	struct door *d;

	TAILQ_FOREACH(d, &doors.all, entry)
		if (d->number == number)
			return d;
	return NULL;
}

void
doors_add(const struct pmsg *m, int fd)
{
	struct door *d = find(m->keep);

	if (d == NULL && fd == -1)
		fatalx("the parent names a listener that it did not give");
	if (d == NULL) {
		if ((d = calloc(1, sizeof(*d))) == NULL)
			fatal("listener");
		d->number = m->keep;
		d->kind = (enum pmsg_kind)m->seq;
		d->fd = fd;
		event_assign(&d->readable, doors.gw->base, fd,
		    EV_READ | EV_PERSIST,
		    d->kind == KIND_HANDOVER ? handin_on_listener
					     : on_connection,
		    d->kind == KIND_HANDOVER ? (void *)doors.gw : d);
		TAILQ_INSERT_TAIL(&doors.all, d, entry);
	} else if (fd != -1)
		close(fd);
	d->next = m->lo;
	d->named = true;
}

static void
note_port(int fd)
{
	struct gateway *gw = doors.gw;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (gw->nown_ports < OWN_PORTS_MAX &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		gw->own_ports[gw->nown_ports++] =
		    addr_port_sa((struct sockaddr *)&ss);
}

static void
close_door(struct door *d)
{
	(void)event_del(&d->readable);
	TAILQ_REMOVE(&doors.all, d, entry);
	close(d->fd);
	free(d);
}

void
doors_open(void)
{
	struct door *d, *next;

	doors.gw->nown_ports = 0;
	for (d = TAILQ_FIRST(&doors.all); d != NULL; d = next) {
		next = TAILQ_NEXT(d, entry);
		if (!d->named) {
			close_door(d);
			continue;
		}
		d->named = false;
		d->live = true;
		d->index = d->next;
		if (d->kind == KIND_TCP)
			note_port(d->fd);
	}
	if (!gateway_paused(doors.gw))
		set_doors(true);
}
