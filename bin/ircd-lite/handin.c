#include "handin.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "handover.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "server.h"

#define SAY_AGAIN 10 /* seconds between lines about refused users */

struct handing {
	struct event readable;
	int sock;
};

static struct {
	struct event_base *base;
	uid_t owner;
	unsigned count;
	time_t said; /* a refused user */
} hi;

void
handin_init(struct event_base *base, uid_t owner)
{
	hi.base = base;
	hi.owner = owner;
}

bool
handin_full(void)
{
	return hi.count >= HANDIN_MAX;
}

/* Any user can come here: he does not fill the log. */
static void
refused_user(uid_t uid)
{
	if (hi.said != 0 && clock_seconds() - hi.said < SAY_AGAIN)
		return;
	hi.said = clock_seconds();
	log_warn("hand-over: from user %u, who may not: refused (the "
		 "configuration can permit it)",
	    (unsigned)uid);
}

static bool
trusted(int sock)
{
	const struct conf *conf = me.conf;
	uid_t uid;

	if (net_peer_uid(sock, &uid) == -1) {
		log_warn("hand-over: peer: %s", strerror(errno));
		return false;
	}
	if (uid == 0 || uid == hi.owner)
		return true;
	for (size_t i = 0; i < conf->handover.n; i++)
		if (conf->handover.uid[i] == uid)
			return true;
	refused_user(uid);
	return false;
}

static bool
is_stream(int fd)
{
	return net_option(fd, SO_TYPE) == SOCK_STREAM &&
	       net_option(fd, SO_ACCEPTCONN) == 0;
}

/* Has whoever hands over given up waiting?  Then it is his again. */
static bool
has_left(int sock)
{
	char c;

	return recv(sock, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* 0: it is ours, served or not. */
static int
serve(int fd, struct handover *h)
{
	struct conn_from from = { .fd = fd, .ofd = fd };

	if (!is_stream(fd)) {
		log_warn("hand-over: the descriptor is no connection");
		return -1;
	}
	if (net_nonblock(fd, true) == -1) {
		log_warn("hand-over: %s", strerror(errno));
		return -1;
	}
	net_tune(fd);
	addr_unmap_sa(&h->src, &h->srclen);
	addr_unmap_sa(&h->dst, &h->dstlen);
	from.peer = h->src;
	from.local = h->dst;
	from.first = h->first;
	from.firstlen = h->firstlen;
	(void)conn_open(&from);
	return 0;
}

static void
receive(int sock)
{
	static unsigned char packet[HANDOVER_MAX];
	const char ack = HANDOVER_ACK;
	int fd = -1, nfds = 1;
	struct handover h;
	ssize_t n;

	n = fdpass_recv(sock, packet, sizeof(packet), &fd, &nfds, NULL);
	if (n == 0 && nfds == 0)
		return; /* one who asks whether somebody is here */
	if (n == -1) {
		log_warn("hand-over: %s", strerror(errno));
		return;
	}
	if (nfds != 1) {
		log_warn("hand-over: no descriptor came");
		return;
	}
	if (handover_parse(&h, packet, (size_t)n) == -1) {
		log_warn("hand-over: malformed");
		close(fd);
	} else if (has_left(sock) || serve(fd, &h) == -1)
		close(fd);
	else
		(void)send(sock, &ack, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
on_readable(evutil_socket_t sock, short what, void *arg)
{
	struct handing *h = arg;

	if (what & EV_READ)
		receive(sock);
	else
		log_warn("hand-over: nothing came in %d s", HANDIN_WAIT);
	(void)event_del(&h->readable);
	close(h->sock);
	free(h);
	if (hi.count-- == HANDIN_MAX)
		listener_wake();
}

void
handin_take(int sock)
{
	struct timeval tv = { .tv_sec = HANDIN_WAIT };
	struct handing *h;

	if (!trusted(sock)) {
		close(sock);
		return;
	}
	if ((h = calloc(1, sizeof(*h))) == NULL) {
		log_warn("hand-over: %s", strerror(errno));
		close(sock);
		return;
	}
	h->sock = sock;
	event_assign(&h->readable, hi.base, sock, EV_READ, on_readable, h);
	if (event_add(&h->readable, &tv) == -1) {
		log_warn("hand-over: no memory");
		close(sock);
		free(h);
		return;
	}
	hi.count++;
}
