/*
 * assoc: associations a second.  Each connects to HOST PORT, asks for the
 * sink (-m vsap, socks) or finds itself there (-m tcp), sends one byte, has
 * it back, sees the sink's end of file and closes.  The sink, a process of
 * its own, listens on -l or takes hand-overs at -f.  With -T each begins with
 * a handshake of TLS.
 *
 * With -H the associations are held: "ready" is printed when so many stand
 * and have each carried a byte both ways, and all end with standard input.
 *
 * On the loopback a connection stands when connect(2) returns; the second
 * call says so.  It does not where the listener's queue is full.  The sink
 * closes first, so that what must linger in TIME_WAIT lingers on listening
 * ports and no run is short of ports.
 */
#include <sys/epoll.h>
#include <stdbool.h>

#include "bench_tls.h"

#define SAMPLES_MAX 4000000
#define FAILED_MAX 1000
#define STEPS 4
#define AWAIT_SECONDS 20
#define WARM_SECONDS 0.2

/* Send out, then await want bytes, or a line that begins so. */
struct step {
	char out[128];
	size_t outlen;
	size_t want;
	const char *begin;
};

struct conn {
	int fd;
	int step;
	bool queued; /* connect(2) is not through */
	bool unsent; /* TLS wants to read before it sends */
	struct tls *tls;
	size_t got;
	char in[512];
	double t0;
};

static struct {
	const char *host, *mode, *path;
	int port, sinkport, width;
	size_t count;
	double seconds;
	struct bench_tree tree;
} opt = { .mode = "tcp", .width = 16, .seconds = 2 };

static struct step steps[STEPS];
static int nsteps;
static struct sockaddr_in server;
static struct tls_config *tlsconf; /* NULL: no TLS */
static int ep;
static bool hold;
static double *sample;
static size_t done, failed, standing;

static void
usage(void)
{
	fprintf(stderr, "usage: assoc -l port | -f path [-c width] [-H count] "
			"[-m tcp | vsap | socks] [-p pid]... [-T] [-t seconds] "
			"host port\n");
	exit(100);
}

/* --- the sink ------------------------------------------------------- */

static bool handed; /* the sink takes its connections by hand-over */

static void
sink_watch(int sep, int fd, bool conn)
{
	struct epoll_event ev = { .events = EPOLLIN,
		.data.u64 = (uint64_t)fd | (uint64_t)conn << 32 };

	if (epoll_ctl(sep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(111, "sink: epoll_ctl");
}

static void
sink_accept(int lfd, int sep)
{
	int on = 1, fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) !=
	       -1) {
		if (!handed)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof(on));
		sink_watch(sep, fd, handed);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		err(111, "sink: accept");
}

static bool
sink_echo(int fd, const char *p, ssize_t n)
{
	if (n > 0 && write(fd, p, n) == n && hold)
		return true;
	close(fd);
	return false;
}

static void
sink_take(int conn, int sep)
{
	char first[BENCH_FIRST_MAX];
	size_t n = 0;
	int fd = bench_take_handover(conn, first, &n);

	if (fd != -1 && (n == 0 || sink_echo(fd, first, n)))
		sink_watch(sep, fd, false);
}

static void
sink_serve(int fd)
{
	char c[64];
	ssize_t n = read(fd, c, sizeof(c));

	if (n != -1 || errno != EAGAIN)
		sink_echo(fd, c, n);
}

static void
sink(int lfd)
{
	struct epoll_event ev[64];
	int fd, i, n, sep = epoll_create1(EPOLL_CLOEXEC);

	bench_nonblock(lfd);
	if (sep == -1)
		err(111, "sink: epoll");
	sink_watch(sep, lfd, false);
	for (;;) {
		if ((n = epoll_wait(sep, ev, 64, -1)) == -1)
			err(111, "sink: epoll_wait");
		for (i = 0; i < n; i++) {
			fd = (int)(uint32_t)ev[i].data.u64;
			if (fd == lfd)
				sink_accept(lfd, sep);
			else if (ev[i].data.u64 >> 32)
				sink_take(fd, sep);
			else
				sink_serve(fd);
		}
	}
}

/* --- the generator -------------------------------------------------- */

static struct step *
step_add(const void *out, size_t len, size_t want, const char *begin)
{
	struct step *s = &steps[nsteps++];

	memcpy(s->out, out, len);
	s->outlen = len;
	s->want = want;
	s->begin = begin;
	return s;
}

static void
plan(const char *mode, int port)
{
	unsigned char req[] = { 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port };
	char line[64];

	if (strcmp(mode, "vsap") == 0) {
		snprintf(line, sizeof(line),
		    "VSAP/0.1 CONNECT 127.0.0.1:%d\r\n", port);
		step_add(line, strlen(line), 0, "VSAP/0.1 240 ");
		step_add("RELAY\r\nx", 8, 1, NULL);
	} else if (strcmp(mode, "socks") == 0) {
		step_add("\5\1\0", 3, 2, "\5");
		step_add(req, sizeof(req), sizeof(req), "\5");
		step_add("x", 1, 1, NULL);
	} else if (strcmp(mode, "tcp") == 0)
		step_add("x", 1, 1, NULL);
	else
		usage();
}

/* The request of its step.  False: that failed. */
static bool
conn_send(struct conn *c)
{
	const struct step *s = &steps[c->step];
	ssize_t n;

	if (tlsconf == NULL)
		return send(c->fd, s->out, s->outlen, MSG_NOSIGNAL) != -1;
	if (c->tls == NULL)
		c->tls = bench_tls_on(tlsconf, c->fd);
	n = tls_write(c->tls, s->out, s->outlen);
	c->unsent = n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT;
	return c->unsent || n == (ssize_t)s->outlen;
}

/* As recv(2).  How TLS ends after the last step is the server's affair. */
static ssize_t
conn_recv(struct conn *c)
{
	ssize_t n;

	if (c->tls == NULL)
		return recv(c->fd, c->in + c->got, sizeof(c->in) - c->got - 1,
		    0);
	n = tls_read(c->tls, c->in + c->got, sizeof(c->in) - c->got - 1);
	if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
		errno = EAGAIN;
	else if (n < 0 && c->step == nsteps)
		return 0;
	else if (n < 0)
		errno = EIO;
	return n < 0 ? -1 : n;
}

static void
conn_close(struct conn *c)
{
	tls_free(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
}

static void
conn_open(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int on = 1, r;

	c->t0 = bench_now();
	c->step = 0;
	c->got = 0;
	c->unsent = false;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd == -1)
		err(111, "socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	r = connect(c->fd, (struct sockaddr *)&server, sizeof(server));
	if (r == -1 && errno == EINPROGRESS)
		r = connect(c->fd, (struct sockaddr *)&server, sizeof(server));
	if (r == -1 && errno != EALREADY && errno != EISCONN)
		err(111, "connect");
	c->queued = r == -1 && errno == EALREADY;
	if (c->queued)
		ev.events = EPOLLOUT;
	else if (!conn_send(c))
		err(111, "send");
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		err(111, "epoll_ctl");
}

static void
conn_end(struct conn *c, bool well)
{
	if (well && done < SAMPLES_MAX)
		sample[done] = (bench_now() - c->t0) * 1e6;
	if (well)
		done++;
	else if (++failed > FAILED_MAX)
		errx(111, "too many associations failed");
	conn_close(c);
}

/* -1: not what was expected, 0: more to come, 1: the step is complete. */
static int
step_check(const struct conn *c, const struct step *s)
{
	size_t n = s->begin != NULL ? strlen(s->begin) : 0;

	if (c->got >= n && n > 0 && memcmp(c->in, s->begin, n) != 0)
		return -1;
	if (s->want > 0)
		return c->got >= s->want;
	return c->got > n && memchr(c->in, '\n', c->got) != NULL;
}

/* It waited for room in the listener's queue. */
static void
conn_connected(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->queued = false;
	if (!conn_send(c))
		conn_end(c, false);
	else if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev) == -1)
		err(111, "epoll_ctl");
}

static void
conn_read(struct conn *c)
{
	ssize_t n;
	int r;

	if (c->unsent && !conn_send(c))
		conn_end(c, false);
	if (c->unsent || c->fd == -1)
		return;
	n = conn_recv(c);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 || c->step == nsteps) {
		conn_end(c, n == 0 && c->step == nsteps);
		return;
	}
	c->got += n;
	if ((r = step_check(c, &steps[c->step])) == 0)
		return;
	if (r == -1) {
		conn_end(c, false);
		return;
	}
	c->step++;
	c->got = 0;
	if (c->step < nsteps) {
		if (!conn_send(c))
			conn_end(c, false);
	} else if (hold)
		standing++;
}

/* One association, blocking.  Did it come through? */
static bool
attempt(const char *host, int port)
{
	struct timeval limit = { AWAIT_SECONDS / 2, 0 };
	struct conn c = { .fd = bench_connect(host, port) };
	double until = bench_now() + AWAIT_SECONDS / 2;
	int r = 1;
	ssize_t n;

	setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	for (; r == 1 && c.step < nsteps; c.step++) {
		while (conn_send(&c) && c.unsent)
			;
		for (r = 0, c.got = 0; r == 0;) {
			n = conn_recv(&c);
			if (n == -1 && errno == EAGAIN && bench_now() < until)
				continue;
			if (n <= 0)
				r = -1;
			else {
				c.got += n;
				r = step_check(&c, &steps[c.step]);
			}
		}
	}
	conn_close(&c);
	return r == 1;
}

/* A published service may be withdrawn yet, or its queue be a dead one. */
static void
await(const char *host, int port)
{
	double until = bench_now() + AWAIT_SECONDS;
	struct timespec tick = { 0, 50000000 };

	while (!attempt(host, port)) {
		if (bench_now() > until)
			errx(111, "%s:%d: nobody answers", host, port);
		nanosleep(&tick, NULL);
	}
}

static void
turn(void)
{
	struct epoll_event ev[64];
	int i, n = epoll_wait(ep, ev, 64, 5000);

	if (n == -1)
		err(111, "epoll_wait");
	if (n == 0)
		errx(111, "nothing moves any more");
	for (i = 0; i < n; i++)
		if (((struct conn *)ev[i].data.ptr)->queued)
			conn_connected(ev[i].data.ptr);
		else
			conn_read(ev[i].data.ptr);
}

static void
run(struct conn *conns, int width, double seconds)
{
	double until = bench_now() + seconds;
	int i;

	do {
		for (i = 0; i < width; i++)
			if (conns[i].fd == -1)
				conn_open(&conns[i]);
		turn();
	} while (bench_now() < until);
}

static void
run_hold(struct conn *conns, size_t count, size_t width)
{
	size_t opened = 0;
	char c;

	while (standing < count) {
		while (opened < count && opened - standing < width)
			conn_open(&conns[opened++]);
		turn();
		if (failed > 0)
			errx(111, "association %zu failed", opened);
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	exit(0);
}

static void
options(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "c:f:H:l:m:p:Tt:")) != -1)
		switch (ch) {
		case 'c':
			opt.width = bench_num(optarg, 1, 1000);
			break;
		case 'f':
			opt.path = optarg;
			break;
		case 'H':
			opt.count = bench_num(optarg, 1, 1000000);
			break;
		case 'l':
			opt.sinkport = bench_num(optarg, 1, 65535);
			break;
		case 'm':
			opt.mode = optarg;
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		case 'T':
			tlsconf = bench_tls_config();
			break;
		case 't':
			opt.seconds = bench_num(optarg, 1, 600);
			break;
		default:
			usage();
		}
	if (argc - optind != 2 || (opt.sinkport == 0) == (opt.path == NULL))
		usage();
	opt.host = argv[optind];
	opt.port = bench_num(argv[optind + 1], 1, 65535);
}

static struct conn *
prepare(void)
{
	size_t i, n = hold ? opt.count : (size_t)opt.width;
	struct conn *conns = calloc(n, sizeof(*conns));

	sample = calloc(SAMPLES_MAX, sizeof(*sample));
	if (conns == NULL || sample == NULL)
		err(111, "calloc");
	for (i = 0; i < n; i++)
		conns[i].fd = -1;
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(111, "epoll_create1");
	return conns;
}

static void
report(struct conn *conns)
{
	double cpu, t;
	size_t n;

	run(conns, opt.width, WARM_SECONDS);
	done = failed = 0;
	cpu = bench_tree_cpu(&opt.tree);
	t = bench_now();
	run(conns, opt.width, opt.seconds);
	t = bench_now() - t;
	cpu = bench_tree_cpu(&opt.tree) - cpu;
	if (done == 0)
		errx(111, "no association succeeded");
	n = done < SAMPLES_MAX ? done : SAMPLES_MAX;
	qsort(sample, n, sizeof(*sample), bench_cmp);
	printf("rate %.0f failed %zu cpu_us %.1f p50 %.1f p99 %.1f\n", done / t,
	    failed, cpu / done * 1e6, bench_pct(sample, n, 0.5),
	    bench_pct(sample, n, 0.99));
}

int
main(int argc, char **argv)
{
	struct conn *conns;
	int lfd;

	options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	bench_nofile();
	hold = opt.count > 0;
	handed = opt.path != NULL;
	server = bench_addr(opt.host, opt.port);
	plan(opt.mode, opt.sinkport);
	lfd = handed ? bench_handover_listen(opt.path)
		     : bench_listen("127.0.0.1", opt.sinkport);
	if (bench_fork() == 0)
		sink(lfd);
	close(lfd);
	conns = prepare();
	await(opt.host, opt.port);
	if (hold)
		run_hold(conns, opt.count, opt.width);
	report(conns);
	return 0;
}
