/*
 * bare_splice: what the kernel allows.  One listener, one target, epoll and
 * splice(2) through 1 MiB pipes, nothing else: no half-close, no limits, no
 * log.  A yardstick for vsap-relay, not a program to use.  Unpaced: where the
 * system's congestion control paces (bbr), that costs a third more processor
 * time, and on the loopback there is no path to be kind to.
 */
#include <sys/epoll.h>
#include <stdbool.h>

#include "bench.h"

#define PIPE_SIZE (1 << 20)

struct way {
	int from, to;
	int pipe[2];
	size_t held; /* bytes in the pipe */
	struct way *back;
};

static int ep;

static void
watch(int fd, struct way *w)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = w };

	bench_nonblock(fd);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(111, "epoll_ctl");
}

static void
unpaced(int fd)
{
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

static int
dial(const char *host, int port)
{
	struct sockaddr_in sin = bench_addr(host, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		err(111, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	unpaced(fd);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(111, "connect %s:%d", host, port);
	return fd;
}

static void
pair(int lfd, const char *host, int port)
{
	struct way *w = calloc(2, sizeof(*w));
	int i, on = 1, a = accept4(lfd, NULL, NULL, SOCK_CLOEXEC),
	       b = dial(host, port);

	if (w == NULL || a == -1)
		err(111, "accept");
	setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	w[0].from = w[1].to = a;
	w[1].from = w[0].to = b;
	for (i = 0; i < 2; i++) {
		w[i].back = &w[1 - i];
		if (pipe2(w[i].pipe, O_NONBLOCK | O_CLOEXEC) == -1)
			err(111, "pipe2");
		fcntl(w[i].pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	}
	watch(a, &w[0]);
	watch(b, &w[1]);
}

static void
done(struct way *w)
{
	int i;

	close(w->from);
	close(w->to);
	for (i = 0; i < 2; i++) {
		close(w->pipe[i]);
		close(w->back->pipe[i]);
	}
	w->from = w->back->from = -1;
}

/* Move what can be moved.  False at the end of the stream. */
static bool
move(struct way *w)
{
	const int how = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
	ssize_t in, out = 0;

	do {
		in = splice(w->from, NULL, w->pipe[1], NULL, PIPE_SIZE, how);
		if (in == 0 || (in == -1 && errno != EAGAIN))
			return false;
		w->held += in > 0 ? in : 0;
		if (w->held == 0)
			break;
		out = splice(w->pipe[0], NULL, w->to, NULL, w->held, how);
		if (out == -1 && errno != EAGAIN)
			return false;
		w->held -= out > 0 ? out : 0;
	} while (in > 0 || out > 0);
	return true;
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[64];
	int i, n, lfd;

	if (argc != 4)
		errx(100, "usage: bare_splice listenport host port");
	signal(SIGPIPE, SIG_IGN);
	lfd = bench_listen("127.0.0.1", bench_num(argv[1], 1, 65535));
	unpaced(lfd); /* those it accepts inherit it */
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(111, "epoll_create1");
	ev[0] = (struct epoll_event){ .events = EPOLLIN };
	if (epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &ev[0]) == -1)
		err(111, "epoll_ctl");
	for (;;) {
		if ((n = epoll_wait(ep, ev, 64, -1)) == -1)
			continue;
		for (i = 0; i < n; i++) {
			struct way *w = ev[i].data.ptr;

			if (w == NULL)
				pair(lfd, argv[2],
				    bench_num(argv[3], 1, 65535));
			else if (w->from != -1 && (!move(w) || !move(w->back)))
				done(w); /* leaks w: an event may still name it
					  */
		}
	}
}
