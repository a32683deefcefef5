#include "handin.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doors.h"
#include "handover.h"
#include "log.h"
#include "net.h"

#define HANDOVER_WAIT 5 /* seconds for the message of a hand-over */

struct handing {
	struct gateway *gw;
	struct event readable;
};

static void
handed(struct gateway *gw, int sock)
{
	static unsigned char packet[HANDOVER_MAX];
	const char ack = HANDOVER_ACK;
	struct session_at at = doors_at(gw->conf, PMSG_NO_INDEX);
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
	if (net_nonblock(fd, true) == -1)
		log_warn("hand-over: %s", strerror(errno));
	net_tune(fd);
	if (session_new(gw, fd, &at, (struct sockaddr *)&h.src, h.srclen,
		h.first, h.firstlen) == -1) {
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
		handed(h->gw, sock);
	(void)event_del(&h->readable);
	free(h);
	close(sock);
}

/* Nobody but ourselves and root says what address a connection has. */
static bool
trusted(const struct gateway *gw, int sock)
{
	uid_t uid;

	return net_peer_uid(sock, &uid) == 0 &&
	       (uid == 0 || uid == getuid() || uid == gw->conf->owner);
}

void
handin_on_listener(evutil_socket_t listener, short what, void *arg)
{
	struct timeval tv = { .tv_sec = HANDOVER_WAIT };
	struct gateway *gw = arg;
	struct handing *h;
	int sock;

	(void)what;
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock == -1) {
		if (errno == EMFILE || errno == ENFILE)
			gateway_pause(gw);
		return;
	}
	if (!trusted(gw, sock) || (h = calloc(1, sizeof(*h))) == NULL) {
		log_warn("hand-over: from an untrusted process: refused");
		close(sock);
		return;
	}
	h->gw = gw;
	event_assign(&h->readable, gw->base, sock, EV_READ, on_handing, h);
	if (event_add(&h->readable, &tv) == -1) {
		free(h);
		close(sock);
	}
}
