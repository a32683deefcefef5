/*
 * tlsbulk: how many bytes a second go through HOST PORT, which ends TLS, from
 * a client here to a plain sink here (-w up), or from a plain source to the
 * client (-w down), and what the processes of -p spent on them.
 *
 * The client must not be what is measured.  So it works in rounds of -c MiB:
 * it encrypts a round, starts the clock, and then only writes; or it only
 * reads, counting by the heads of the records, stops the clock, and then
 * decrypts and looks at what it got.  Rates and processor time are of the
 * clock's time alone.  Sink or source is a process of its own; through a
 * gateway (-m vsap) each stream begins with CONNECT and RELAY over TLS.
 */
#include <sys/epoll.h>
#include <sys/mman.h>

#include "bench_tls.h"

#define STREAMS_MAX 64
#define BLOCK (512 * 1024)
#define RECORD_HEAD 5
#define RECORD_DATA 23
#define RECORD_MORE 17 /* type and tag of TLS 1.3 */
#define RECORD_MAX (16384 + 256)
#define STALL_MS 10000

struct stream {
	int fd;
	struct tls *tls;
	bool direct;	    /* TLS reads and writes fd; else raw */
	unsigned char *raw; /* encrypted */
	size_t size, len, off;
	size_t scan;  /* whose records were counted */
	size_t plain; /* bytes in those */
};

static struct {
	const char *host;
	int port, sinkport, nstreams;
	bool down, vsap;
	size_t chunk; /* plain bytes of a stream and round */
	double seconds;
	struct bench_tree tree;
} opt = { .nstreams = 1, .chunk = 64 << 20, .seconds = 2 };

static struct stream stream[STREAMS_MAX];
static char buffer[BLOCK]; /* what is sent, again and again */
static int go[2]; /* client to far: begin a round; far to client: had it */
static double clocked, cpu;
static uint64_t bytes;

static void
usage(void)
{
	fprintf(stderr, "usage: tlsbulk -l port -w up | down [-c MiB] "
			"[-m tcp | vsap] [-n streams] [-p pid]... [-t seconds] "
			"host port\n");
	exit(100);
}

static int
poller(const int *fds, int n, uint32_t events)
{
	int i, ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep == -1)
		err(111, "epoll_create1");
	for (i = 0; i < n; i++) {
		struct epoll_event ev = { .events = events, .data.u32 = i };

		if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev) == -1)
			err(111, "epoll_ctl");
	}
	return ep;
}

static int
await(int ep, struct epoll_event ev[STREAMS_MAX])
{
	int n = epoll_wait(ep, ev, STREAMS_MAX, STALL_MS);

	if (n == -1)
		err(111, "epoll_wait");
	if (n == 0)
		errx(111, "nothing moves any more");
	return n;
}

static void
signal_other(int fd)
{
	if (write(fd, "g", 1) != 1)
		err(111, "the other process");
}

static bool
await_other(int fd)
{
	char c;

	return read(fd, &c, 1) == 1;
}

/* --- the plain side ------------------------------------------------------ */

static void
far_read(int ep, const int *fds, size_t want)
{
	struct epoll_event ev[STREAMS_MAX];
	int i, n;
	ssize_t r;

	while (want > 0) {
		n = await(ep, ev);
		for (i = 0; i < n; i++) {
			r = recv(fds[ev[i].data.u32], buffer, BLOCK,
			    MSG_DONTWAIT);
			if (r == 0 || (r == -1 && errno != EAGAIN))
				errx(111, "sink: stream ended early");
			if (r > 0 && (size_t)r > want)
				errx(111, "sink: more than was sent");
			want -= r > 0 ? r : 0;
		}
	}
}

static void
far_write(int ep, const int *fds)
{
	struct epoll_event ev[STREAMS_MAX];
	size_t sent[STREAMS_MAX] = { 0 }, left;
	int open = opt.nstreams, i, k, n;
	ssize_t w;

	while (open > 0) {
		n = await(ep, ev);
		for (i = 0; i < n; i++) {
			k = ev[i].data.u32;
			left = opt.chunk - sent[k];
			w = BLOCK - sent[k] % BLOCK;
			w = send(fds[k], buffer + sent[k] % BLOCK,
			    left < (size_t)w ? left : (size_t)w, MSG_DONTWAIT);
			if (w == -1 && errno != EAGAIN)
				err(111, "source");
			sent[k] += w > 0 ? w : 0;
			if (left > 0 && sent[k] == opt.chunk)
				open--;
			if (sent[k] == opt.chunk &&
			    epoll_ctl(ep, EPOLL_CTL_DEL, fds[k], NULL) == -1)
				err(111, "epoll_ctl");
		}
	}
}

/* Each stream is greeted by a byte, so that the client knows it stands. */
static void
far(int lfd)
{
	int fds[STREAMS_MAX], i, ep = -1;

	for (i = 0; i < opt.nstreams; i++)
		if ((fds[i] = accept(lfd, NULL, NULL)) == -1 ||
		    write(fds[i], "x", 1) != 1)
			err(111, "sink: accept");
	if (!opt.down)
		ep = poller(fds, opt.nstreams, EPOLLIN);
	while (await_other(go[1])) {
		if (opt.down) {
			ep = poller(fds, opt.nstreams, EPOLLOUT);
			far_write(ep, fds);
			close(ep);
			continue;
		}
		far_read(ep, fds, opt.chunk * opt.nstreams);
		signal_other(go[1]);
	}
	_exit(0);
}

/* --- the client ---------------------------------------------------------- */

static ssize_t
read_cb(struct tls *tls, void *p, size_t n, void *arg)
{
	struct stream *s = arg;
	ssize_t r;

	(void)tls;
	if (s->direct) {
		r = recv(s->fd, p, n, 0);
		return r;
	}
	n = n < s->len - s->off ? n : s->len - s->off;
	if (n == 0)
		return TLS_WANT_POLLIN;
	memcpy(p, s->raw + s->off, n);
	s->off += n;
	return (ssize_t)n;
}

static ssize_t
write_cb(struct tls *tls, const void *p, size_t n, void *arg)
{
	struct stream *s = arg;

	(void)tls;
	if (s->direct)
		return send(s->fd, p, n, MSG_NOSIGNAL);
	if (n > s->size - s->len)
		errx(111, "a round grew");
	memcpy(s->raw + s->len, p, n);
	s->len += n;
	return (ssize_t)n;
}

static void
open_stream(struct stream *s, struct tls_config *conf)
{
	char c;

	s->fd = bench_connect(opt.host, opt.port);
	s->size = opt.chunk + opt.chunk / 64 + RECORD_MAX;
	if ((s->raw = malloc(s->size)) == NULL)
		err(111, "memory");
	memset(s->raw, 0, s->size);
	s->direct = true;
	s->tls = bench_tls_client(conf, read_cb, write_cb, s);
	if (tls_handshake(s->tls) != 0)
		errx(111, "TLS: %s", tls_error(s->tls));
	bench_tls_expect(s->tls);
	if (opt.vsap)
		bench_tls_connect(s->tls, opt.sinkport);
	bench_tls_read(s->tls, &c, 1);
	s->direct = false;
}

static int
client_poller(uint32_t events)
{
	int fds[STREAMS_MAX] = { 0 }, i;

	for (i = 0; i < opt.nstreams; i++)
		fds[i] = stream[i].fd;
	return poller(fds, opt.nstreams, events);
}

static void
send_round(void)
{
	struct epoll_event ev[STREAMS_MAX];
	int i, n, ep = client_poller(EPOLLOUT), open = opt.nstreams;
	struct stream *s;
	ssize_t w;

	while (open > 0) {
		n = await(ep, ev);
		for (i = 0; i < n; i++) {
			s = &stream[ev[i].data.u32];
			w = s->len - s->off < BLOCK ? s->len - s->off : BLOCK;
			w = send(s->fd, s->raw + s->off, w,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
			if (w == -1 && errno != EAGAIN)
				err(111, "client: write");
			s->off += w > 0 ? w : 0;
			if (s->off < s->len)
				continue;
			open--;
			if (epoll_ctl(ep, EPOLL_CTL_DEL, s->fd, NULL) == -1)
				err(111, "epoll_ctl");
		}
	}
	close(ep);
}

/* Count the records that have come whole. */
static bool
complete(struct stream *s)
{
	size_t n;

	while (s->len - s->scan >= RECORD_HEAD) {
		const unsigned char *p = s->raw + s->scan;

		n = (size_t)p[3] << 8 | p[4];
		if (p[0] != RECORD_DATA || n <= RECORD_MORE || n > RECORD_MAX)
			errx(111, "client: not a record of data");
		if (s->len - s->scan < RECORD_HEAD + n)
			break;
		s->scan += RECORD_HEAD + n;
		s->plain += n - RECORD_MORE;
	}
	return s->plain >= opt.chunk;
}

static void
receive_round(void)
{
	struct epoll_event ev[STREAMS_MAX];
	int i, n, ep = client_poller(EPOLLIN), open = opt.nstreams;
	struct stream *s;
	ssize_t r;

	while (open > 0) {
		n = await(ep, ev);
		for (i = 0; i < n; i++) {
			s = &stream[ev[i].data.u32];
			r = s->size - s->len < BLOCK ? s->size - s->len : BLOCK;
			r = recv(s->fd, s->raw + s->len, r, MSG_DONTWAIT);
			if (r == 0 || (r == -1 && errno != EAGAIN))
				errx(111, "client: stream ended early");
			s->len += r > 0 ? r : 0;
			if (!complete(s))
				continue;
			open--;
			if (epoll_ctl(ep, EPOLL_CTL_DEL, s->fd, NULL) == -1)
				err(111, "epoll_ctl");
		}
	}
	close(ep);
}

static void
prepare_round(struct stream *s)
{
	size_t n;

	s->len = s->off = s->scan = s->plain = 0;
	for (n = 0; !opt.down && n < opt.chunk; n += BLOCK)
		bench_tls_write(s->tls, buffer, BLOCK);
}

static void
look_at_round(struct stream *s)
{
	static char got[BLOCK];
	size_t n;

	for (n = 0; opt.down && n < opt.chunk; n += BLOCK) {
		bench_tls_read(s->tls, got, BLOCK);
		if (memcmp(got, buffer, BLOCK) != 0)
			errx(111, "client: other bytes than were sent");
	}
	if (opt.down && s->off != s->len)
		errx(111, "client: more than was sent");
}

static void
run_round(void)
{
	double t, c;
	int i;

	for (i = 0; i < opt.nstreams; i++)
		prepare_round(&stream[i]);
	c = bench_tree_cpu(&opt.tree);
	t = bench_now();
	signal_other(go[0]);
	if (opt.down)
		receive_round();
	else {
		send_round();
		if (!await_other(go[0]))
			errx(111, "the sink failed");
	}
	clocked += bench_now() - t;
	cpu += bench_tree_cpu(&opt.tree) - c;
	bytes += opt.chunk * opt.nstreams;
	for (i = 0; i < opt.nstreams; i++)
		look_at_round(&stream[i]);
}

static void
options(int argc, char **argv)
{
	const char *way = "", *mode = "tcp";
	int ch;

	while ((ch = getopt(argc, argv, "c:l:m:n:p:t:w:")) != -1)
		switch (ch) {
		case 'c':
			opt.chunk = (size_t)bench_num(optarg, 1, 1024) << 20;
			break;
		case 'l':
			opt.sinkport = bench_num(optarg, 1, 65535);
			break;
		case 'm':
			mode = optarg;
			break;
		case 'n':
			opt.nstreams = bench_num(optarg, 1, STREAMS_MAX);
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		case 't':
			opt.seconds = bench_num(optarg, 1, 600);
			break;
		case 'w':
			way = optarg;
			break;
		default:
			usage();
		}
	opt.down = strcmp(way, "down") == 0;
	opt.vsap = strcmp(mode, "vsap") == 0;
	if (argc - optind != 2 || opt.sinkport == 0 ||
	    (!opt.down && strcmp(way, "up") != 0) ||
	    (!opt.vsap && strcmp(mode, "tcp") != 0))
		usage();
	opt.host = argv[optind];
	opt.port = bench_num(argv[optind + 1], 1, 65535);
	opt.chunk = opt.chunk / opt.nstreams / BLOCK * BLOCK;
	if (opt.chunk == 0)
		errx(100, "-c is too little for -n");
}

/* The first round is not counted: windows open, memory is touched. */
static void
client(void)
{
	struct tls_config *conf = bench_tls_config();
	int i;

	for (i = 0; i < opt.nstreams; i++)
		open_stream(&stream[i], conf);
	run_round();
	clocked = cpu = 0;
	bytes = 0;
	while (clocked < opt.seconds)
		run_round();
	printf("rate %.3f cpu %.4f\n", bytes / 1e9 / clocked,
	    cpu / (bytes / 1e9));
}

int
main(int argc, char **argv)
{
	size_t i;
	int lfd;

	options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) == -1)
		err(111, "socketpair");
	for (i = 0; i < BLOCK; i++)
		buffer[i] = "0123456789abcdefghijklmnopqrstuvwxyz\n"[i % 37];
	lfd = bench_listen("127.0.0.1", opt.sinkport);
	if (bench_fork() == 0) {
		close(go[0]);
		far(lfd);
	}
	close(go[1]);
	client();
	return 0; /* the child dies with us */
}
