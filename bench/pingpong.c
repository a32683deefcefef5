/*
 * pingpong: one byte to and fro through HOST PORT, again and again; the
 * median and the 99th percentile of the round trip in microseconds.  The
 * echo is a process of its own that listens on -l.
 */

#include "bench.h"

#define WARM 1000 /* round trips that do not count */

static void
echo(int lfd)
{
	int on = 1, fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
	char c;

	if (fd == -1)
		err(111, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (read(fd, &c, 1) == 1)
		if (write(fd, &c, 1) != 1)
			break;
	exit(0);
}

static double
round_trip(int fd)
{
	double t = bench_now();
	char c = 'x';

	if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
		errx(111, "stream ended early");
	return (bench_now() - t) * 1e6;
}

int
main(int argc, char **argv)
{
	size_t i, n = 20000;
	int ch, fd, lfd, port = 0;
	double *v;

	while ((ch = getopt(argc, argv, "l:n:")) != -1)
		if (ch == 'l')
			port = bench_num(optarg, 1, 65535);
		else if (ch == 'n')
			n = bench_num(optarg, 1, 10000000);
		else
			port = -1;
	if (port < 1 || argc - optind != 2)
		errx(100, "usage: pingpong -l port [-n trips] host port");
	signal(SIGPIPE, SIG_IGN);
	lfd = bench_listen("127.0.0.1", port);
	if (bench_fork() == 0)
		echo(lfd);
	if ((v = calloc(n, sizeof(*v))) == NULL)
		err(111, "calloc");
	fd = bench_connect(argv[optind], bench_num(argv[optind + 1], 1, 65535));
	for (i = 0; i < WARM; i++)
		round_trip(fd);
	for (i = 0; i < n; i++)
		v[i] = round_trip(fd);
	qsort(v, n, sizeof(*v), bench_cmp);
	printf("p50 %.2f p99 %.2f\n", bench_pct(v, n, 0.5),
	    bench_pct(v, n, 0.99));
	return 0;
}
