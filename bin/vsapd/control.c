#include "control.h"

#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "handover.h"
#include "host.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "net.h"
#include "pmsg.h"
#include "proc.h"
#include "session.h"
#include "vsock.h"

#define ACCEPT_BATCH 64 /* control connections taken in one turn */
#define FD_RESERVE 64	/* descriptors for everything but sessions */
#define PAUSE_MS 100	/* after EMFILE */
#define SAY_AGAIN 10	/* seconds: the log hears of what lasts so often */
#define HANDOVER_WAIT 5 /* seconds for the message of a hand-over */

struct listener {
	TAILQ_ENTRY(listener) entry;
	struct control *control;
	enum pmsg_kind kind;
	int fd;
	struct event readable;
};

static struct control {
	struct gateway *gw;
	TAILQ_HEAD(, listener) listeners;
	bool started;
	bool paused; /* EMFILE: for a moment */
	bool full;   /* sessions or workers: until there is room */
	struct event resume;
	time_t said_paused, said_full;
} ct;

/* --- pausing ------------------------------------------------------------ */

static void
set_listeners(bool on)
{
	struct listener *l;

	TAILQ_FOREACH(l, &ct.listeners, entry) {
		if (on && ct.started)
			(void)event_add(&l->readable, NULL);
		else
			(void)event_del(&l->readable);
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ct.paused = false;
	if (gateway_paused(ct.gw))
		return;
	set_listeners(true);
	vsock_rearm_all(ct.gw);
}

/* Is it time to say it (again)? */
static bool
say_again(time_t *said)
{
	time_t now = time(NULL);

	if (now - *said < SAY_AGAIN)
		return false;
	*said = now;
	return true;
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
	if (!ct.paused && say_again(&ct.said_paused))
		log_warn("no new connections until this is over: %s",
		    strerror(error));
	ct.paused = true;
	set_listeners(false);
	(void)event_add(&ct.resume, &tv);
}

bool
gateway_paused(const struct gateway *gw)
{
	if (ct.paused)
		return true;
	if (gw->feed == NULL || !feed_busy(gw->feed))
		return false;
	ct.full = true;
	return true;
}

/* Called when a session ended or the workers have room: at the turn's end,
 * since whoever calls is in the midst of something. */
void
gateway_resume(struct gateway *gw)
{
	struct timeval now = { 0 };

	if (gw->feed == NULL && gw->nsessions == 0)
		event_base_loopbreak(gw->base); /* alone: that was it */
	if (ct.full && !gateway_paused(gw)) {
		ct.full = false;
		(void)event_add(&ct.resume, &now);
	}
}

/* --- new sessions ------------------------------------------------------- */

static bool
admitted(const struct sockaddr *sa, socklen_t len)
{
	char name[ADDR_STRLEN];
	struct in6_addr ip;

	if (addr_ip_sa(sa, &ip) == -1 || rules_admit(ct.gw->conf->rules, &ip))
		return true;
	log_info("%s: not admitted (vsapd -a)",
	    addr_format_sa(sa, len, name, sizeof(name)));
	ct.gw->totals.refused++;
	return false;
}

/* Is nothing to be accepted any more for now? */
static bool
full(void)
{
	bool many = ct.gw->nsessions >= ct.gw->max_sessions;

	if (!many && !gateway_paused(ct.gw))
		return false;
	if (many && say_again(&ct.said_full))
		log_warn("%u control connections are the most that the "
			 "descriptors do for (ulimit -n): further ones wait",
		    ct.gw->max_sessions);
	ct.full = true;
	set_listeners(false);
	return true;
}

static void
on_connection(evutil_socket_t sock, short what, void *arg)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, i;

	(void)what;
	(void)arg;
	for (i = 0; i < ACCEPT_BATCH && !full(); i++) {
		len = sizeof(ss);
		fd = accept4(sock, (struct sockaddr *)&ss, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM)
				gateway_pause(ct.gw);
			return;
		}
		addr_unmap_sa(&ss, &len);
		if (!admitted((struct sockaddr *)&ss, len) ||
		    session_new(ct.gw, fd, (struct sockaddr *)&ss, len, NULL,
			0) == -1)
			net_reset(fd);
	}
}

/* --- connections handed over by vsapd -i -------------------------------- */

struct handing {
	struct event readable;
};

static void
handed(int sock)
{
	static unsigned char packet[HANDOVER_MAX];
	const char ack = HANDOVER_ACK;
	struct handover h;
	int fd = -1, nfds = 1;
	ssize_t n;

	n = fdpass_recv(sock, packet, sizeof(packet), &fd, &nfds, NULL);
	if (n <= 0 || nfds != 1) {
		log_warn("hand-over: no connection came");
		return;
	}
	if (handover_parse(&h, packet, (size_t)n) == -1) {
		log_warn("hand-over: malformed");
		close(fd);
		return;
	}
	addr_unmap_sa(&h.src, &h.srclen);
	if (net_nonblock(fd, true) == -1 ||
	    !admitted((struct sockaddr *)&h.src, h.srclen)) {
		/* It is ours and refused: the sender keeps nothing. */
		(void)send(sock, &ack, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		net_reset(fd);
		return;
	}
	net_tune(fd);
	if (session_new(ct.gw, fd, (struct sockaddr *)&h.src, h.srclen, h.first,
		h.firstlen) == -1) {
		log_warn("hand-over: %s", strerror(errno));
		close(fd); /* the sender's still */
	} else
		(void)send(sock, &ack, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
on_handing(evutil_socket_t sock, short what, void *arg)
{
	struct handing *h = arg;

	if (what & EV_READ)
		handed(sock);
	(void)event_del(&h->readable);
	free(h);
	close(sock);
}

/* Nobody but ourselves and root says what address a connection has. */
static bool
trusted(int sock)
{
	uid_t uid;

	return net_peer_uid(sock, &uid) == 0 &&
	       (uid == 0 || uid == getuid() || uid == ct.gw->conf->owner);
}

static void
on_hander(evutil_socket_t listener, short what, void *arg)
{
	struct timeval tv = { .tv_sec = HANDOVER_WAIT };
	struct handing *h;
	int sock;

	(void)what;
	(void)arg;
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock == -1) {
		if (errno == EMFILE || errno == ENFILE)
			gateway_pause(ct.gw);
		return;
	}
	if (!trusted(sock) || (h = calloc(1, sizeof(*h))) == NULL) {
		log_warn("hand-over: from an untrusted process: refused");
		close(sock);
		return;
	}
	event_assign(&h->readable, ct.gw->base, sock, EV_READ, on_handing, h);
	if (event_add(&h->readable, &tv) == -1) {
		free(h);
		close(sock);
	}
}

/* --- what the parent gives ----------------------------------------------- */

static void
note_port(int fd)
{
	struct gateway *gw = ct.gw;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (gw->nown_ports < OWN_PORTS_MAX &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		gw->own_ports[gw->nown_ports++] =
		    addr_port_sa((struct sockaddr *)&ss);
}

static void
given_listener(const struct pmsg *m, int fd)
{
	struct listener *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		fatal("listener");
	l->kind = (enum pmsg_kind)m->seq;
	l->fd = fd;
	if (l->kind == KIND_TCP)
		note_port(fd);
	event_assign(&l->readable, ct.gw->base, fd, EV_READ | EV_PERSIST,
	    l->kind == KIND_HANDOVER ? on_hander : on_connection, l);
	TAILQ_INSERT_TAIL(&ct.listeners, l, entry);
}

static void
given_kept(const struct pmsg *m, int fd)
{
	if (vsock_new(ct.gw, m->addr, m->owner, fd, m->keep, (int)m->backlog) !=
	    NULL)
		log_info("%s: kept for %s", m->addr, m->owner);
}

static void
given(void *arg, const struct pmsg *m, int fd)
{
	(void)arg;
	if (fd == -1 && m->type != PMSG_START)
		return;
	switch (m->type) {
	case PMSG_LISTEN:
		given_listener(m, fd);
		break;
	case PMSG_KEPT:
		given_kept(m, fd);
		break;
	case PMSG_WORKER:
		if (feed_add(ct.gw->feed, fd, (int)m->seq) == -1)
			log_warn("cannot use a worker: %s", strerror(errno));
		break;
	case PMSG_AUTH:
		login_use(ct.gw->login, fd);
		break;
	case PMSG_START:
		ct.started = true;
		set_listeners(true);
		break;
	default:
		fatalx("the parent talks nonsense");
	}
}

/* --- workers ------------------------------------------------------------- */

static void
on_end(void *arg, void *stream, const struct relay_end *r)
{
	(void)arg;
	gateway_ended(stream, r);
}

/* The parent sees it too and gives us another one. */
static void
on_dead(void *arg, int slot)
{
	(void)arg;
	log_warn("worker %d is gone, its streams with it", slot);
}

static void
on_feed_ready(void *arg)
{
	gateway_resume(arg);
}

/* --- begin --------------------------------------------------------------- */

static void
raise_limit(struct gateway *gw)
{
	rlim_t n = proc_raise_nofile();

	if (n == 0)
		fatal("descriptors");
	/* A session takes a descriptor, and so does its peer. */
	gw->max_sessions =
	    n > FD_RESERVE + 2 ? (unsigned)(n - FD_RESERVE) / 2 : 1;
}

struct gateway *
gateway_new(const struct conf *conf, int root)
{
	struct gateway *gw;

	if ((gw = calloc(1, sizeof(*gw))) == NULL)
		return NULL;
	gw->conf = conf;
	gw->root = root;
	gw->started = clock_seconds();
	TAILQ_INIT(&gw->sessions);
	TAILQ_INIT(&gw->callers);
	TAILQ_INIT(&gw->vsocks);
	if ((gw->base = loop_new()) == NULL ||
	    (gw->resolv = resolv_new(gw->base)) == NULL ||
	    (conf->passwd != NULL && (gw->login = login_new(gw->base)) == NULL))
		return NULL;
	raise_limit(gw);
	return gw;
}

void
control_run(const struct conf *conf, int channel, int root)
{
	static const struct feed_calls feeding = { on_end, on_dead,
		on_feed_ready };
	static const struct host_calls hosting = { given };
	struct gateway *gw;

	if ((gw = gateway_new(conf, root)) == NULL)
		fatal("control");
	ct.gw = gw;
	TAILQ_INIT(&ct.listeners);
	event_assign(&ct.resume, gw->base, -1, 0, on_resume, NULL);
	gw->feed = feed_new(gw->base, &feeding, gw);
	gw->host = host_new(gw->base, channel, &hosting, gw);
	if (gw->feed == NULL || gw->host == NULL)
		fatal("control");
	if (loop_run(gw->base) == -1)
		fatal("control: loop");
	fatalx("control: nothing left to do");
}
