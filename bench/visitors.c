/*
 * visitors: many connect to HOST PORT in the same moment and say one byte;
 * milliseconds from connect to the first byte of the reply, of the median,
 * the 95th percentile and the slowest.  "visitors -l port" is the service:
 * it echoes and runs until it is killed.
 */
#include <sys/epoll.h>

#include "bench.h"

#define VISITORS_MAX 10000
#define WAIT_MS 30000

static int ep;

static void
watch(int fd, uint32_t events, uint32_t id)
{
	struct epoll_event ev = { .events = events, .data.u32 = id };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(111, "epoll_ctl");
}

static void
serve(int lfd)
{
	struct epoll_event ev;
	char buf[256];
	ssize_t n;
	int fd;

	watch(lfd, EPOLLIN, lfd);
	for (;;) {
		if (epoll_wait(ep, &ev, 1, -1) == -1)
			err(111, "epoll_wait");
		fd = ev.data.u32;
		if (fd == lfd) {
			if ((fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC)) != -1)
				watch(fd, EPOLLIN, fd);
			continue;
		}
		n = read(fd, buf, sizeof(buf));
		if (n <= 0 || write(fd, buf, n) != n)
			close(fd);
	}
}

static void
visit(const char *host, int port, int n)
{
	struct sockaddr_in sin = bench_addr(host, port);
	static double t0[VISITORS_MAX], ms[VISITORS_MAX];
	static int fds[VISITORS_MAX];
	struct epoll_event ev;
	int i, served = 0;
	char c = 'x';

	for (i = 0; i < n; i++) {
		fds[i] = socket(AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fds[i] == -1)
			err(111, "socket");
		t0[i] = bench_now();
		if (connect(fds[i], (struct sockaddr *)&sin, sizeof(sin)) ==
			-1 &&
		    errno != EINPROGRESS)
			err(111, "connect");
		watch(fds[i], EPOLLOUT | EPOLLONESHOT, i);
	}
	while (served < n) {
		if (epoll_wait(ep, &ev, 1, WAIT_MS) != 1)
			errx(111, "%d of %d were served", served, n);
		i = ev.data.u32;
		if (ev.events & EPOLLOUT) {
			if (write(fds[i], &c, 1) != 1)
				err(111, "visitor %d: write", i);
			ev.events = EPOLLIN;
			epoll_ctl(ep, EPOLL_CTL_MOD, fds[i], &ev);
			continue;
		}
		if (read(fds[i], &c, 1) != 1)
			errx(111, "visitor %d was not served", i);
		ms[served++] = (bench_now() - t0[i]) * 1e3;
		close(fds[i]);
	}
	qsort(ms, n, sizeof(*ms), bench_cmp);
	printf("p50 %.1f p95 %.1f max %.1f\n", bench_pct(ms, n, 0.5),
	    bench_pct(ms, n, 0.95), ms[n - 1]);
}

int
main(int argc, char **argv)
{
	int ch, n = 100, port = 0;

	while ((ch = getopt(argc, argv, "l:n:")) != -1)
		if (ch == 'l')
			port = bench_num(optarg, 1, 65535);
		else if (ch == 'n')
			n = bench_num(optarg, 1, VISITORS_MAX);
		else
			port = -1;
	if (port == -1 || (port == 0 && argc - optind != 2))
		errx(100, "usage: visitors [-n count] host port | -l port");
	signal(SIGPIPE, SIG_IGN);
	bench_nofile();
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(111, "epoll_create1");
	if (port > 0)
		serve(bench_listen("0.0.0.0", port));
	visit(argv[optind], bench_num(argv[optind + 1], 1, 65535), n);
	return 0;
}
