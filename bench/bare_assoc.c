/*
 * bare_assoc: what two processes can do at all.  One accepts, reads
 * "CONNECT address", connects, answers 240, reads RELAY and passes both
 * descriptors with the first bytes to the other, which copies.  No rules, no
 * log, no limits, no acknowledgement: a yardstick for vsapd.
 */
#include <sys/epoll.h>
#include <stdbool.h>

#include "bench.h"

#define FIRST_MAX 512

struct conn {
	int fd, peer;
	bool asked; /* CONNECT was read */
	size_t len;
	char in[FIRST_MAX];
};

/* One direction of a pair; twin is the other, freed when both ended. */
struct way {
	int from, to;
	bool ended;
	struct way *twin;
};

static int ep;

static void
watch(int op, int fd, uint32_t events, void *p)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	if (epoll_ctl(ep, op, fd, &ev) == -1)
		err(111, "epoll_ctl");
}

/* --- the process that relays ---------------------------------------- */

static void
take(int chan)
{
	char first[FIRST_MAX], ctl[CMSG_SPACE(2 * sizeof(int))];
	struct iovec iov = { first, sizeof(first) };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct way *w;
	int fds[2];
	ssize_t n;

	while ((n = recvmsg(chan, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) > 0) {
		memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(fds));
		mh.msg_controllen = sizeof(ctl);
		if ((w = calloc(2, sizeof(*w))) == NULL)
			err(111, "calloc");
		w[0] = (struct way){ fds[0], fds[1], false, &w[1] };
		w[1] = (struct way){ fds[1], fds[0], false, &w[0] };
		if (n > 1 && send(fds[1], first + 1, n - 1, 0) == -1)
			warn("send");
		watch(EPOLL_CTL_ADD, fds[0], EPOLLIN, &w[0]);
		watch(EPOLL_CTL_ADD, fds[1], EPOLLIN, &w[1]);
	}
	if (n == 0)
		exit(0);
}

static void
copy(struct way *w)
{
	char buf[65536];
	ssize_t n = recv(w->from, buf, sizeof(buf), 0);

	if (n > 0 && send(w->to, buf, n, 0) == n)
		return;
	if (n == -1 && errno == EAGAIN)
		return;
	w->ended = true;
	if (!w->twin->ended) {
		shutdown(w->to, SHUT_WR);
		watch(EPOLL_CTL_MOD, w->from, 0, w);
		return;
	}
	close(w->from);
	close(w->to);
	free(w < w->twin ? w : w->twin);
}

static void
relay(int chan)
{
	struct epoll_event ev[64];
	int i, n;

	ep = epoll_create1(EPOLL_CLOEXEC);
	watch(EPOLL_CTL_ADD, chan, EPOLLIN, NULL);
	for (;;) {
		if ((n = epoll_wait(ep, ev, 64, -1)) == -1)
			err(111, "epoll_wait");
		for (i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				take(chan);
			else if (!((struct way *)ev[i].data.ptr)->ended) {
				/* one event each: a pair may be freed */
				copy(ev[i].data.ptr);
				break;
			}
	}
}

/* --- the process that speaks ---------------------------------------- */

static void
pass(struct conn *c, int chan, size_t used)
{
	char ctl[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec iov[2] = { { "", 1 }, { c->in + used, c->len - used } };
	struct msghdr mh = { .msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&mh);
	int fds[2] = { c->fd, c->peer };

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(h), fds, sizeof(fds));
	/* in our epoll set the descriptions would live on */
	epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
	if (sendmsg(chan, &mh, 0) == -1)
		err(111, "sendmsg");
	close(c->fd);
	close(c->peer);
	free(c);
}

static bool
dial(struct conn *c)
{
	struct sockaddr_in sin;
	char host[64], reply[128];
	int port, on = 1;

	if (sscanf(c->in, "VSAP/0.1 CONNECT %63[0-9.]:%d", host, &port) != 2)
		return false;
	sin = bench_addr(host, port);
	c->peer =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(c->peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->peer == -1 ||
	    (connect(c->peer, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
		errno != EINPROGRESS))
		return false;
	/* on the loopback it stands already: no wait for writable */
	snprintf(reply, sizeof(reply),
	    "VSAP/0.1 240 1 0.0.0.0:0 %s:%d "
	    "connected.\r\n",
	    host, port);
	return send(c->fd, reply, strlen(reply), MSG_NOSIGNAL) > 0;
}

static void
speak(struct conn *c, int chan)
{
	ssize_t n = recv(c->fd, c->in + c->len, sizeof(c->in) - 1 - c->len, 0);
	char *nl;

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0)
		goto gone;
	c->in[c->len += n] = '\0';
	if ((nl = strchr(c->in, '\n')) == NULL)
		return;
	if (c->asked) {
		pass(c, chan, nl + 1 - c->in);
		return;
	}
	if (!dial(c))
		goto gone;
	c->asked = true;
	c->len = 0;
	return;
gone:
	close(c->fd);
	if (c->peer != -1)
		close(c->peer);
	free(c);
}

static void
meet(int lfd)
{
	int on = 1, fd;
	struct conn *c;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) !=
	       -1) {
		if ((c = calloc(1, sizeof(*c))) == NULL)
			err(111, "calloc");
		c->fd = fd;
		c->peer = -1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(EPOLL_CTL_ADD, fd, EPOLLIN, c);
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[64];
	int i, n, lfd, chan[2];

	if (argc != 2)
		errx(100, "usage: bare_assoc port");
	signal(SIGPIPE, SIG_IGN);
	bench_nofile();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, chan) == -1)
		err(111, "socketpair");
	if (bench_fork() == 0) {
		close(chan[1]);
		relay(chan[0]);
	}
	close(chan[0]);
	lfd = bench_listen("127.0.0.1", bench_num(argv[1], 1, 65535));
	bench_nonblock(lfd);
	ep = epoll_create1(EPOLL_CLOEXEC);
	watch(EPOLL_CTL_ADD, lfd, EPOLLIN, NULL);
	for (;;) {
		if ((n = epoll_wait(ep, ev, 64, -1)) == -1)
			err(111, "epoll_wait");
		for (i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				meet(lfd);
			else
				speak(ev[i].data.ptr, chan[1]);
	}
}
