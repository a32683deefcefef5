/*
 * bulk: how many bytes a second go from a source through HOST PORT to a sink
 * here, what the processes of -p spent on them, and how much they grew.
 *
 * Source and sink are processes of their own.  The sink listens on -l, or
 * takes its streams by hand-over at the path -f (one message, one
 * descriptor).  With -g HOST PORT is a gateway, which is asked for the way to
 * it.  The processor time is read while the streams still stand, as some
 * peers fork a process for each connection and lose it.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bench.h"

#define STREAMS_MAX 1024
#define DEADLINE_EXTRA 20 /* seconds until a run that hangs is given up */

struct shared {
	_Atomic uint64_t total; /* bytes sent in all, once over is set */
	_Atomic bool over;
	_Atomic bool received;
	_Atomic double first, last;
	_Atomic uint64_t bytes;
};

static struct shared *sh;
static struct bench_tree tree;
static const char *path; /* of hand-overs */
static int sinkport;
static int nstreams = 1;
static bool through_gateway;
static size_t block = 512 * 1024;
static double seconds = 2;
static uint64_t limit = UINT64_MAX;
static char *buffer;

static void
usage(void)
{
	fprintf(stderr,
	    "usage: bulk -l port | -f path [-b block] [-g] [-m MiB] "
	    "[-n streams] [-p pid]... [-t seconds] host port\n");
	exit(100);
}

static int
poller(const int *fds, int n, uint32_t events)
{
	int i, ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep == -1)
		err(111, "epoll_create1");
	for (i = 0; i < n; i++) {
		struct epoll_event ev = { .events = events, .data.fd = fds[i] };

		bench_nonblock(fds[i]);
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev) == -1)
			err(111, "epoll_ctl");
	}
	return ep;
}

static uint64_t
source_one(int fd, double until)
{
	uint64_t sum = 0;
	ssize_t n;

	while (bench_now() < until && sum < limit) {
		if ((n = write(fd, buffer, block)) == -1)
			err(111, "source: write");
		sum += n;
	}
	return sum;
}

static uint64_t
source_many(const int *fds, int n, double until)
{
	struct epoll_event ev[64];
	int i, k, ep = poller(fds, n, EPOLLOUT);
	uint64_t sum = 0;
	ssize_t w;

	while (bench_now() < until && sum < limit) {
		if ((k = epoll_wait(ep, ev, 64, 1000)) == -1)
			err(111, "source: epoll_wait");
		for (i = 0; i < k; i++) {
			w = write(ev[i].data.fd, buffer, block);
			if (w == -1 && errno != EAGAIN)
				err(111, "source: write");
			sum += w > 0 ? w : 0;
		}
	}
	return sum;
}

/*
 * The last byte goes out only when the sum is known, so that the sink sees
 * the end in the read that completes it.
 */
static void
source(const char *host, int port)
{
	int i, fl, fds[STREAMS_MAX];
	uint64_t sum;
	double until;

	for (i = 0; i < nstreams; i++) {
		fds[i] = bench_connect(host, port);
		if (through_gateway)
			bench_vsap_connect(fds[i], sinkport);
	}
	until = bench_now() + seconds;
	sum = nstreams == 1 ? source_one(fds[0], until)
			    : source_many(fds, nstreams, until);
	if ((fl = fcntl(fds[0], F_GETFL)) == -1 ||
	    fcntl(fds[0], F_SETFL, fl & ~O_NONBLOCK) == -1)
		err(111, "fcntl");
	sh->total = sum + 1;
	sh->over = true;
	if (write(fds[0], buffer, 1) != 1)
		err(111, "source: write");
	for (;;)
		pause();
}

static int
take_handover(int lfd, uint64_t *got)
{
	char first[BENCH_FIRST_MAX];
	size_t n = 0;
	int conn, fd;

	do {
		if ((conn = accept4(lfd, NULL, NULL, SOCK_CLOEXEC)) == -1)
			err(111, "sink: accept");
		fd = bench_take_handover(conn, first, &n);
	} while (fd == -1);
	*got += n;
	return fd;
}

static bool
sink_got(uint64_t *sum, ssize_t n)
{
	if (n == 0)
		errx(111, "sink: stream ended early");
	if (n == -1) {
		if (errno == EAGAIN)
			return false;
		err(111, "sink: read");
	}
	if (*sum == 0)
		sh->first = bench_now();
	*sum += n;
	return sh->over && *sum >= sh->total;
}

static void
sink_many(const int *fds, int n, uint64_t *sum)
{
	struct epoll_event ev[64];
	int i, k, ep = poller(fds, n, EPOLLIN);

	for (;;) {
		if ((k = epoll_wait(ep, ev, 64, 1000)) == -1)
			err(111, "sink: epoll_wait");
		for (i = 0; i < k; i++)
			if (sink_got(sum, read(ev[i].data.fd, buffer, block)))
				return;
	}
}

static void
sink(int lfd, bool handed)
{
	int i, fds[STREAMS_MAX];
	uint64_t sum = 0;

	for (i = 0; i < nstreams; i++) {
		fds[i] = handed ? take_handover(lfd, &sum)
				: accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
		if (fds[i] == -1)
			err(111, "sink: accept");
	}
	if (nstreams > 1)
		sink_many(fds, nstreams, &sum);
	else
		while (!sink_got(&sum, read(fds[0], buffer, block)))
			;
	sh->last = bench_now();
	sh->bytes = sum;
	sh->received = true;
	for (;;)
		pause();
}

/* Wait for the sink; a child that ends before is a failed run. */
static void
wait_received(void)
{
	double until = bench_now() + seconds + DEADLINE_EXTRA;
	struct timespec tick = { 0, 2000000 };

	while (!sh->received) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			errx(111, "source or sink failed");
		if (bench_now() > until)
			errx(111, "nothing more came");
		nanosleep(&tick, NULL);
	}
}

static void
options(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "b:f:gl:m:n:p:t:")) != -1)
		switch (ch) {
		case 'b':
			block = bench_num(optarg, 1, 1 << 24);
			break;
		case 'f':
			path = optarg;
			break;
		case 'g':
			through_gateway = true;
			break;
		case 'l':
			sinkport = bench_num(optarg, 1, 65535);
			break;
		case 'm':
			limit = (uint64_t)bench_num(optarg, 1, 1 << 24) << 20;
			break;
		case 'n':
			nstreams = bench_num(optarg, 1, STREAMS_MAX);
			break;
		case 'p':
			bench_tree_add(&tree, optarg);
			break;
		case 't':
			seconds = bench_num(optarg, 1, 600);
			break;
		default:
			usage();
		}
	if (argc - optind != 2 || (path == NULL) == (sinkport == 0))
		usage();
}

static void
prepare(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	buffer = malloc(block);
	if (sh == MAP_FAILED || buffer == NULL)
		err(111, "memory");
	memset(buffer, 'x', block);
}

int
main(int argc, char **argv)
{
	double cpu, gb;
	long pss, pss0;
	int lfd;

	options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	prepare();
	lfd = path != NULL ? bench_handover_listen(path)
			   : bench_listen("127.0.0.1", sinkport);
	pss0 = bench_tree_pss(&tree);
	cpu = bench_tree_cpu(&tree);
	if (bench_fork() == 0)
		sink(lfd, path != NULL);
	if (bench_fork() == 0)
		source(argv[optind], bench_num(argv[optind + 1], 1, 65535));
	wait_received();
	cpu = bench_tree_cpu(&tree) - cpu;
	pss = bench_tree_pss(&tree);
	gb = sh->bytes / 1e9;
	printf("rate %.3f cpu %.4f pss %ld grown %.1f\n",
	    gb / (sh->last - sh->first), cpu / gb, pss,
	    (double)(pss - pss0) / nstreams);
	return 0; /* the children die with us */
}
