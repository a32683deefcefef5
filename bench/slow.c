/*
 * slow: strangers who never say a whole request.  -c connections from -s
 * addresses to HOST PORT each send a byte at once and then one in -e
 * seconds: a third of them of a line of VSAP, of SOCKS 5's list of methods,
 * of a header of HTTP.  "ready" is printed when all are connected; with the
 * end of standard input "lost N", those that were told something or closed
 * meanwhile.
 */
#include <poll.h>

#include "bench.h"

#define TICK_MS 1

struct conn {
	int fd; /* -1: closed by the other side */
	unsigned said;
};

static struct {
	struct sockaddr_in server;
	size_t count;
	unsigned sources;
	int every;
} opt = { .count = 10000, .sources = 100, .every = 5 };

static struct conn *conn;

static void
usage(void)
{
	fprintf(stderr, "usage: slow [-c count] [-e seconds] [-s sources] "
			"host port\n");
	exit(100);
}

/* The n-th byte of what the i-th says: there is no end of it in time. */
static char
byte(size_t i, unsigned n)
{
	static const char *const begins[] = { "VSAP/0.1 CONNECT ", "\5\377",
		"CONNECT a.example.org:443 HTTP/1.1\r\nX-Slow: " };
	const char *begin = begins[i % 3];

	return n < strlen(begin) ? begin[n] : 'x';
}

static void
say(size_t i)
{
	struct conn *c = &conn[i];
	char b = byte(i, c->said);

	if (c->fd == -1)
		return;
	if (send(c->fd, &b, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
		c->said++;
		return;
	}
	if (errno == EAGAIN)
		return;
	close(c->fd);
	c->fd = -1;
}

static void
open_all(void)
{
	size_t i;

	for (i = 0; i < opt.count; i++) {
		conn[i].fd = bench_connect_from(&opt.server, i % opt.sources);
		say(i);
	}
}

static size_t
lost(void)
{
	size_t i, n = 0;
	char c;

	for (i = 0; i < opt.count; i++)
		n += conn[i].fd == -1 ||
		     recv(conn[i].fd, &c, 1, MSG_DONTWAIT) != -1 ||
		     errno != EAGAIN;
	return n;
}

/* All in turn, evenly over the time that each has. */
static void
drip(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double began = bench_now();
	size_t said = 0, due;
	char c;

	for (;;) {
		if (poll(&in, 1, TICK_MS) == 1 &&
		    read(STDIN_FILENO, &c, 1) <= 0)
			return;
		due = (bench_now() - began) / opt.every * opt.count;
		for (; said < due; said++)
			say(said % opt.count);
	}
}

static void
options(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "c:e:s:")) != -1)
		switch (ch) {
		case 'c':
			opt.count = bench_num(optarg, 1, 1000000);
			break;
		case 'e':
			opt.every = bench_num(optarg, 1, 3600);
			break;
		case 's':
			opt.sources = bench_num(optarg, 1, 60000);
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	opt.server =
	    bench_addr(argv[optind], bench_num(argv[optind + 1], 1, 65535));
}

int
main(int argc, char **argv)
{
	options(argc, argv);
	bench_nofile();
	if ((conn = calloc(opt.count, sizeof(*conn))) == NULL)
		err(111, "memory");
	open_all();
	printf("ready\n");
	fflush(stdout);
	drip();
	printf("lost %zu\n", lost());
	return 0;
}
