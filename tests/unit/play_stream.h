#ifndef PLAY_STREAM_H
#define PLAY_STREAM_H

/*
 * The relay engine between pairs of sockets whose far ends are ours: what
 * goes in at one far end comes out at the other.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"
#include "tap.h"

#define MIB (1024 * 1024)
#define BULK (64ULL * MIB)
#define PATIENCE 20000 /* ms that a condition may take */

/* One stream under test: our far ends, and what was reported of it. */
struct bench {
	const char *kind;
	int a, b;
	struct stream *s;
	bool over;
	struct relay_end end;
};

static struct event_base *base;
static struct stream_engine *engine;
static int over_count;

static inline uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline void
tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* One turn of the loop; a timer ends its wait. */
static inline void
turn(void)
{
	event_base_loop(base, EVLOOP_ONCE);
}

#define UNTIL(cond)                                                            \
	do {                                                                   \
		uint64_t stop_ = now_ms() + PATIENCE;                          \
		while (!(cond) && now_ms() < stop_)                            \
			turn();                                                \
	} while (0)

/* libevent's remark on a descriptor that it cannot watch is expected. */
static inline void
quiet(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

static inline void
nonblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl");
}

static inline void
pair_unix(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		die("socketpair");
}

static inline void
pair_tcp(int sv[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int l, on = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((l = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(l, (struct sockaddr *)&sin, len) == -1 || listen(l, 1) == -1 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) == -1 ||
	    (sv[0] = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(sv[0], (struct sockaddr *)&sin, len) == -1 ||
	    (sv[1] = accept(l, NULL, NULL)) == -1)
		die("tcp");
	setsockopt(sv[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(sv[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(l);
}

static inline void
on_done(void *arg, const struct relay_end *r)
{
	struct bench *t = arg;

	t->over = true;
	t->end = *r;
	over_count++;
}

static inline void
open_bench(struct bench *t, bool tcp, const struct stream_first *first,
    uint32_t idle)
{
	int a[2], b[2];

	memset(t, 0, sizeof(*t));
	t->kind = tcp ? "tcp" : "unix";
	(tcp ? pair_tcp : pair_unix)(a);
	(tcp ? pair_tcp : pair_unix)(b);
	t->a = a[0];
	t->b = b[0];
	nonblock(t->a);
	nonblock(t->b);
	t->s = stream_start(engine, a[1], b[1], first, idle, 42, on_done, t);
	if (t->s == NULL)
		die("stream_start");
}

static inline void
close_bench(struct bench *t)
{
	if (t->a != -1)
		close(t->a);
	if (t->b != -1)
		close(t->b);
	t->a = t->b = -1;
	UNTIL(t->over);
	ok(t->over, "%s: the stream is gone with its ends", t->kind);
}

static inline void
reset(int *fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(*fd);
	*fd = -1;
}

/* Read until n bytes or the end came; how many, -1: an error instead. */
static inline ssize_t
take(int fd, char *p, size_t n)
{
	uint64_t stop = now_ms() + PATIENCE;
	size_t got = 0;
	ssize_t r;

	while (got < n && now_ms() < stop) {
		r = read(fd, p + got, n - got);
		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno == EAGAIN)
			turn();
		else
			return got > 0 ? (ssize_t)got : -1;
	}
	return (ssize_t)got;
}

static inline bool
gives(int fd, const char *want)
{
	char got[256];
	size_t n = strlen(want);

	return take(fd, got, n) == (ssize_t)n && memcmp(got, want, n) == 0;
}

/* End of file, and nothing before it? */
static inline bool
ends(int fd)
{
	ssize_t n;
	char c;

	UNTIL((n = read(fd, &c, 1)) != -1 || errno != EAGAIN);
	return n == 0;
}

static inline bool
is_reset(int fd)
{
	char c;

	return take(fd, &c, 1) == -1 && errno == ECONNRESET;
}

static inline void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write");
}

/* A stretch of bytes that tells where it is misplaced. */
struct flow {
	int in, out;
	uint64_t sent, got, total;
	bool ended, wrong;
};

/*
 * The bytes of a flow repeat after a prime number of them, so that a piece
 * that is lost, doubled or moved shows.
 */
#define PERIOD 1000003

static unsigned char pattern[PERIOD + MIB];

static inline void
make_pattern(void)
{
	uint64_t x = 1;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		if (i >= PERIOD)
			pattern[i] = pattern[i - PERIOD];
		else
			pattern[i] =
			    (unsigned char)((x = x * 6364136223846793005ULL +
						 1) >>
					    56);
	}
}

static inline const unsigned char *
bytes_at(uint64_t pos)
{
	return pattern + pos % PERIOD;
}

static inline bool
flow_in(struct flow *f, size_t chunk)
{
	uint64_t n = f->total - f->sent;
	ssize_t w;

	if (n > chunk)
		n = chunk;
	if (n == 0)
		return false;
	if ((w = write(f->in, bytes_at(f->sent), n)) <= 0)
		return false;
	f->sent += (uint64_t)w;
	if (f->sent == f->total)
		shutdown(f->in, SHUT_WR);
	return true;
}

static inline bool
flow_out(struct flow *f, size_t chunk)
{
	static unsigned char p[MIB];
	ssize_t n;

	if (f->ended || (n = read(f->out, p, chunk)) == -1)
		return false;
	f->ended = n == 0;
	f->wrong |= memcmp(p, bytes_at(f->got), (size_t)n) != 0;
	f->got += (uint64_t)n;
	return true;
}

static inline bool
flow_whole(const struct flow *f)
{
	return f->ended && !f->wrong && f->got == f->total;
}

static inline void
run_flows(struct flow *f, int n, size_t in, size_t out)
{
	uint64_t quiet = now_ms();
	bool moved, all = false;

	while (!all && now_ms() - quiet < PATIENCE) {
		moved = false;
		all = true;
		for (int i = 0; i < n; i++) {
			moved |= flow_in(&f[i], in);
			moved |= flow_out(&f[i], out);
			all &= f[i].ended;
		}
		if (moved)
			quiet = now_ms();
		event_base_loop(base, moved ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
	}
}

static inline void
bulk(bool tcp, const char *how, size_t in, size_t out)
{
	struct bench t;
	struct flow f[2];

	open_bench(&t, tcp, NULL, 0);
	f[0] = (struct flow){ .in = t.a, .out = t.b, .total = BULK };
	f[1] = (struct flow){ .in = t.b, .out = t.a, .total = BULK };
	run_flows(f, 2, in, out);
	ok(flow_whole(&f[0]), "%s: 64 MiB to b, %s", t.kind, how);
	ok(flow_whole(&f[1]), "%s: 64 MiB to a, %s", t.kind, how);
	UNTIL(t.over);
	ok(t.end.ab == BULK && t.end.ba == BULK, "%s: counted", t.kind);
	close_bench(&t);
}

static inline void
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		die("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		die("setrlimit");
}

static struct event *timer;

/* A base whose timer ends each wait, and an engine. */
static inline void
set_up(void)
{
	struct timeval tv = { .tv_usec = 2000 };

	signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(quiet);
	raise_limit();
	make_pattern();
	if ((base = event_base_new()) == NULL ||
	    (engine = stream_engine_new(base)) == NULL ||
	    (timer = event_new(base, -1, EV_PERSIST, tick, NULL)) == NULL)
		die("event");
	event_add(timer, &tv);
}

static inline void
tear_down(void)
{
	stream_engine_free(engine);
	event_free(timer);
	event_base_free(base);
}

#endif
