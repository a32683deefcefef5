#include "host.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindaddr.h"
#include "log.h"
#include "loop.h"
#include "net.h"

struct host_bind {
	TAILQ_ENTRY(host_bind) entry;
	struct host *host;
	uint32_t seq;
	void (*done)(void *, int, uint32_t, const char *, int);
	void *arg;
	/* alone: the answer, until the loop's turn is over */
	int fd;
	int error;
	char addr[ADDR_STRLEN];
};

/* A copy to let go that the parent could not be told of yet. */
struct host_drop {
	STAILQ_ENTRY(host_drop) entry;
	uint32_t keep;
};

struct host {
	struct event_base *base;
	struct event readable, writable;
	int channel; /* -1: alone */
	int root;
	uint32_t seq;
	struct host_calls calls;
	void *arg;
	TAILQ_HEAD(, host_bind) binds;
	STAILQ_HEAD(, host_drop) drops;
};

static void on_writable(evutil_socket_t, short, void *);

static struct host *new (struct event_base *base, int channel, int root)
{
	struct host *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->base = base;
	h->channel = channel;
	h->root = root;
	TAILQ_INIT(&h->binds);
	STAILQ_INIT(&h->drops);
	return h;
}

struct host *
host_new_alone(struct event_base *base, int root)
{
	return new (base, -1, root);
}

/* --- the answer ----------------------------------------------------------- */

static void
answer(struct host_bind *hb, int fd, uint32_t keep, const char *addr, int error)
{
	struct host *h = hb->host;

	TAILQ_REMOVE(&h->binds, hb, entry);
	if (hb->done != NULL)
		hb->done(hb->arg, fd, keep, addr, error);
	else if (fd != -1) {
		close(fd);
		host_drop(h, keep);
	}
	free(hb);
}

static void
bound(struct host *h, const struct pmsg *m, int fd)
{
	struct host_bind *hb;

	TAILQ_FOREACH(hb, &h->binds, entry)
		if (hb->seq == m->seq)
			break;
	if (hb != NULL)
		answer(hb, fd, m->keep, m->addr, (int)m->error);
	else if (fd != -1) {
		close(fd);
		host_drop(h, m->keep);
	}
}

/*
 * The descriptor of a message was cut off.  A listener can be done without,
 * if whoever asked for it is told; without the rest the parent has to begin
 * anew with us.
 */
static void
cut_off(struct host *h, const void *packet, size_t len)
{
	struct pmsg m;

	if (pmsg_parse(&m, packet, len) == -1 ||
	    (m.type != PMSG_BOUND && m.type != PMSG_KEPT))
		fatalx("no descriptor left for what the parent gives");
	log_warn("%s: let go: no descriptor left", m.addr);
	host_drop(h, m.keep);
	m.error = EMFILE;
	if (m.type == PMSG_BOUND)
		bound(h, &m, -1);
}

static void
on_channel(evutil_socket_t sock, short what, void *arg)
{
	unsigned char packet[PMSG_MAX];
	struct host *h = arg;
	struct pmsg m;
	int fd, nfds;
	size_t cut;
	ssize_t n;

	(void)what;
	for (;;) {
		fd = -1;
		nfds = 1;
		n = fdpass_recv(sock, packet, sizeof(packet), &fd, &nfds, &cut);
		if (n == -1 && errno == EMFILE) {
			cut_off(h, packet, cut);
			continue;
		}
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		if (nfds == 0)
			fd = -1;
		if (pmsg_parse(&m, packet, (size_t)n) == -1)
			fatalx("the parent talks nonsense");
		if (m.type == PMSG_BOUND)
			bound(h, &m, fd);
		else
			h->calls.given(h->arg, &m, fd);
	}
	/* Without the parent nobody can bind; the workers go on alone. */
	fatalx("the parent is gone");
}

struct host *
host_new(struct event_base *base, int channel, const struct host_calls *calls,
    void *arg)
{
	struct host *h;

	if ((h = new (base, channel, -1)) == NULL)
		return NULL;
	h->calls = *calls;
	h->arg = arg;
	event_assign(&h->readable, base, channel, EV_READ | EV_PERSIST,
	    on_channel, h);
	event_assign(&h->writable, base, channel, EV_WRITE, on_writable, h);
	if (event_add(&h->readable, NULL) == -1) {
		free(h);
		return NULL;
	}
	return h;
}

/* --- the question --------------------------------------------------------- */

static int
tell(struct host *h, const struct pmsg *m)
{
	unsigned char packet[PMSG_MAX];
	size_t len = pmsg_format(m, packet, sizeof(packet));

	if (len == 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return fdpass_send(h->channel, packet, len, NULL, 0);
}

static void
bound_alone(void *arg)
{
	struct host_bind *hb = arg;

	answer(hb, hb->fd, 0, hb->addr, hb->error);
}

static int
bind_alone(struct host_bind *hb, const struct addr *a, uint16_t lo, uint16_t hi,
    int backlog)
{
	hb->fd = bindaddr(a, lo, hi, backlog, hb->host->root, hb->addr,
	    sizeof(hb->addr));
	hb->error = hb->fd == -1 ? errno : 0;
	if (loop_defer(hb->host->base, bound_alone, hb) == 0)
		return 0;
	if (hb->fd != -1)
		close(hb->fd);
	return -1;
}

static int
ask_parent(struct host_bind *hb, const struct addr *a, uint16_t lo, uint16_t hi,
    int backlog, const char *owner)
{
	struct pmsg m = { .type = PMSG_BIND, .lo = lo, .hi = hi };

	m.seq = hb->seq;
	m.backlog = (uint32_t)backlog;
	addr_format(a, m.addr, sizeof(m.addr));
	strlcpy(m.owner, owner, sizeof(m.owner));
	return tell(hb->host, &m);
}

struct host_bind *
host_bind(struct host *h, const struct addr *a, uint16_t lo, uint16_t hi,
    int backlog, const char *owner,
    void (*done)(void *, int, uint32_t, const char *, int), void *arg)
{
	struct host_bind *hb;
	int r;

	if ((hb = calloc(1, sizeof(*hb))) == NULL)
		return NULL;
	hb->host = h;
	hb->seq = ++h->seq;
	hb->done = done;
	hb->arg = arg;
	if (h->channel == -1)
		r = bind_alone(hb, a, lo, hi, backlog);
	else
		r = ask_parent(hb, a, lo, hi, backlog, owner);
	if (r == -1) {
		free(hb);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&h->binds, hb, entry);
	return hb;
}

void
host_bind_cancel(struct host_bind *hb)
{
	if (hb != NULL)
		hb->done = NULL;
}

/* 0, or -1: the channel is full. */
static int
tell_drop(struct host *h, uint32_t keep)
{
	struct pmsg m = { .type = PMSG_DROP, .keep = keep };

	if (tell(h, &m) == -1 && errno == EAGAIN)
		return -1;
	return 0;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct host *h = arg;
	struct host_drop *d;

	(void)fd;
	(void)what;
	while ((d = STAILQ_FIRST(&h->drops)) != NULL) {
		if (tell_drop(h, d->keep) == -1) {
			(void)event_add(&h->writable, NULL);
			return;
		}
		STAILQ_REMOVE_HEAD(&h->drops, entry);
		free(d);
	}
}

/* Many listeners may end at once: a port whose copy nobody lets go would
 * take visitors for ever. */
void
host_drop(struct host *h, uint32_t keep)
{
	struct host_drop *d;

	if (h->channel == -1 || keep == 0 || tell_drop(h, keep) == 0)
		return;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		fatal("a listener to let go");
	d->keep = keep;
	STAILQ_INSERT_TAIL(&h->drops, d, entry);
	(void)event_add(&h->writable, NULL);
}

int
host_backlog(struct host *h, int fd, uint32_t keep, int backlog)
{
	struct pmsg m = { .type = PMSG_BACKLOG, .keep = keep };

	if (h->channel == -1)
		return listen(fd, backlog);
	m.backlog = (uint32_t)backlog;
	return tell(h, &m);
}
