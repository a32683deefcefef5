/*
 * The relay engine between pairs of sockets whose far ends are ours: what
 * goes in at one far end comes out at the other, in order, whole, with its
 * end of file or its reset.
 */
#include "stream.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define MIB (1024 * 1024)
#define BULK (64ULL * MIB)
#define PATIENCE 20000 /* ms that a condition may take */
#define IDLE_COUNT 2000

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

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* One turn of the loop; a timer ends its wait. */
static void
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
static void
quiet(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
nonblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl");
}

static void
pair_unix(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		die("socketpair");
}

static void
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

static void
on_done(void *arg, const struct relay_end *r)
{
	struct bench *t = arg;

	t->over = true;
	t->end = *r;
	over_count++;
}

static void
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

static void
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

static void
reset(int *fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(*fd);
	*fd = -1;
}

/* Read until n bytes or the end came; how many, -1: an error instead. */
static ssize_t
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

static bool
gives(int fd, const char *want)
{
	char got[256];
	size_t n = strlen(want);

	return take(fd, got, n) == (ssize_t)n && memcmp(got, want, n) == 0;
}

/* End of file, and nothing before it? */
static bool
ends(int fd)
{
	ssize_t n;
	char c;

	UNTIL((n = read(fd, &c, 1)) != -1 || errno != EAGAIN);
	return n == 0;
}

static bool
is_reset(int fd)
{
	char c;

	return take(fd, &c, 1) == -1 && errno == ECONNRESET;
}

static void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write");
}

static void
half_close(bool tcp)
{
	struct bench t;

	open_bench(&t, tcp, NULL, 0);
	put(t.a, "request");
	shutdown(t.a, SHUT_WR);
	ok(gives(t.b, "request") && ends(t.b), "%s: a's end reaches b", t.kind);
	put(t.b, "reply");
	ok(gives(t.a, "reply"), "%s: b's reply still reaches a", t.kind);
	shutdown(t.b, SHUT_WR);
	ok(ends(t.a), "%s: then its end", t.kind);
	UNTIL(t.over);
	ok(t.over && t.end.cause == RELAY_EOF && t.end.id == 42 &&
		t.end.ab == 7 && t.end.ba == 5,
	    "%s: reported whole", t.kind);
	close_bench(&t);

	open_bench(&t, tcp, NULL, 0);
	shutdown(t.b, SHUT_WR);
	ok(ends(t.a), "%s: b's end alone reaches a", t.kind);
	put(t.a, "late");
	ok(gives(t.b, "late"), "%s: and a goes on", t.kind);
	close_bench(&t);
}

static void
first_bytes(bool tcp)
{
	struct stream_first first = { .ab = "one ",
		.ablen = 4,
		.ba = "uno ",
		.balen = 4 };
	struct bench t;

	open_bench(&t, tcp, &first, 0);
	put(t.a, "two");
	put(t.b, "due");
	ok(gives(t.b, "one two"), "%s: first bytes for b", t.kind);
	ok(gives(t.a, "uno due"), "%s: first bytes for a", t.kind);
	shutdown(t.a, SHUT_WR);
	shutdown(t.b, SHUT_WR);
	UNTIL(t.over);
	ok(t.end.ab == 7 && t.end.ba == 7, "%s: they are counted", t.kind);
	close_bench(&t);
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

static void
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

static const unsigned char *
bytes_at(uint64_t pos)
{
	return pattern + pos % PERIOD;
}

static bool
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

static bool
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

static bool
flow_whole(const struct flow *f)
{
	return f->ended && !f->wrong && f->got == f->total;
}

static void
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

static void
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

static void
slow_reader(bool tcp)
{
	struct bench t;
	struct flow f;
	uint64_t stop;

	open_bench(&t, tcp, NULL, 0);
	f = (struct flow){ .in = t.a, .out = t.b, .total = 512ULL * MIB };
	/* the writer is stopped when nothing went in for a while */
	for (stop = now_ms() + 300; now_ms() < stop; turn())
		while (flow_in(&f, MIB))
			stop = now_ms() + 300;
	ok(f.sent > 0 && f.sent < f.total, "%s: nobody reads: a is stopped",
	    t.kind);
	put(t.b, "meanwhile");
	ok(gives(t.a, "meanwhile"), "%s: the other way is open", t.kind);
	f.total = f.sent;
	shutdown(t.a, SHUT_WR);
	run_flows(&f, 1, MIB, 65536);
	ok(flow_whole(&f), "%s: then all arrives", t.kind);
	close_bench(&t);
}

static void
reset_is_carried(void)
{
	struct bench t;

	open_bench(&t, true, NULL, 0);
	put(t.b, "half a repl");
	ok(gives(t.a, "half a repl"), "tcp: half a reply");
	reset(&t.b);
	ok(is_reset(t.a), "tcp: its reset is no end of file");
	UNTIL(t.over);
	is_int(t.end.cause, RELAY_RESET, "tcp: reported as reset");
	close_bench(&t);

	open_bench(&t, true, NULL, 0);
	shutdown(t.a, SHUT_WR);
	ok(ends(t.b), "tcp: a ended its request");
	put(t.b, "half");
	reset(&t.b);
	ok(gives(t.a, "half"), "tcp: what b sent before comes");
	ok(is_reset(t.a), "tcp: then the reset");
	close_bench(&t);
}

/* The peer dies while nobody takes what it has sent. */
static void
reset_while_paused(void)
{
	struct bench t;
	struct flow f;
	uint64_t stop;

	open_bench(&t, true, NULL, 0);
	f = (struct flow){ .in = t.a, .out = t.b, .total = 512ULL * MIB };
	for (stop = now_ms() + 300; now_ms() < stop; turn())
		while (flow_in(&f, MIB))
			stop = now_ms() + 300;
	reset(&t.a);
	for (stop = now_ms() + 50; now_ms() < stop; turn())
		continue;
	while (flow_out(&f, MIB))
		turn();
	UNTIL(t.over || flow_out(&f, MIB));
	while (!t.over && (flow_out(&f, MIB) || errno == EAGAIN))
		turn();
	UNTIL(t.over);
	ok(!f.ended && !f.wrong && f.got > 0,
	    "tcp: a reset behind a queue is no end of file");
	is_int(t.end.cause, RELAY_RESET, "tcp: and is reported");
	close_bench(&t);
}

/* b takes no more, and has more to say. */
static void
refused_request(void)
{
	char junk[4096] = { 0 };
	struct bench t;

	open_bench(&t, false, NULL, 0);
	shutdown(t.b, SHUT_RD);
	put(t.a, "request");
	turn();
	put(t.b, "reply");
	ok(gives(t.a, "reply"), "unix: refused, yet b is heard");
	shutdown(t.b, SHUT_WR);
	ok(ends(t.a), "unix: to its end");
	close_bench(&t);

	/* answered early and closed on the rest of the request */
	open_bench(&t, true, NULL, 0);
	put(t.a, "POST");
	ok(gives(t.b, "POST"), "tcp: a request begins");
	put(t.b, "413");
	close(t.b);
	t.b = -1;
	for (int i = 0; i < 100; i++) {
		if (write(t.a, junk, sizeof(junk)) == -1 && errno != EAGAIN)
			break;
		turn();
	}
	ok(gives(t.a, "413"), "tcp: the early answer arrives");
	ok(ends(t.a), "tcp: and its end");
	close_bench(&t);
}

static void
urgent_data(void)
{
	struct bench t;
	struct flow f;

	open_bench(&t, true, NULL, 0);
	put(t.a, "abc");
	send(t.a, "X", 1, MSG_OOB);
	put(t.a, "def");
	ok(gives(t.b, "abcXdef"), "tcp: urgent data arrives in line");
	f = (struct flow){ .in = t.a, .out = t.b, .total = BULK };
	while (f.sent < 8 * MIB) {
		(void)flow_in(&f, MIB);
		(void)flow_out(&f, MIB);
		turn();
	}
	while (f.got < f.sent) {
		(void)flow_out(&f, MIB);
		turn();
	}
	send(t.a, "Y", 1, MSG_OOB);
	put(t.a, "ghi");
	ok(!f.wrong && gives(t.b, "Yghi"), "tcp: in a bulk stream as well");
	close_bench(&t);
}

static void
idle_limit(void)
{
	struct bench t;
	uint64_t began = now_ms();

	open_bench(&t, true, NULL, 1);
	put(t.a, "x");
	ok(gives(t.b, "x"), "tcp: alive");
	UNTIL(t.over);
	ok(t.over && t.end.cause == RELAY_IDLE, "tcp: the idle limit ends it");
	ok(now_ms() - began >= 900, "tcp: not early");
	ok(is_reset(t.a) && is_reset(t.b), "tcp: by a reset, both ways");
	close_bench(&t);
}

static void
not_relayable(void)
{
	int sv[2], fd = open("/dev/null", O_RDWR);

	pair_unix(sv);
	ok(stream_start(engine, fd, sv[0], NULL, 0, 0, on_done, NULL) == NULL,
	    "a file is refused");
	ok(fcntl(fd, F_GETFD) != -1 && fcntl(sv[0], F_GETFD) != -1,
	    "and stays the caller's");
	close(fd);
	close(sv[0]);
	close(sv[1]);
}

static void
no_pipe_is_kept(void)
{
	UNTIL(stream_engine_pipes(engine) == 0);
	is_int(stream_engine_pipes(engine), 0, "at rest no pipe is kept");
}

static size_t
heap(void)
{
	return mallinfo2().uordblks;
}

static void
idle_streams(void)
{
	static struct bench t[IDLE_COUNT];
	size_t before = heap(), used, good = 0;
	char c;

	for (int i = 0; i < IDLE_COUNT; i++) {
		open_bench(&t[i], false, NULL, 0);
		turn();
	}
	for (int i = 0; i < IDLE_COUNT; i++) {
		put(t[i].a, "x");
		good += take(t[i].b, &c, 1) == 1;
	}
	is_int(good, IDLE_COUNT, "%d streams serve", IDLE_COUNT);
	is_int(stream_engine_streams(engine), IDLE_COUNT, "counted");
	used = (heap() - before) / IDLE_COUNT;
	printf("# %zu bytes a stream\n", used);
	ok(used <= 1024, "a stream at rest takes at most 1 KiB");
	is_int(stream_engine_pipes(engine), 0, "and no pipe");
	over_count = 0;
	for (int i = 0; i < IDLE_COUNT; i++) {
		close(t[i].a);
		close(t[i].b);
	}
	UNTIL(over_count == IDLE_COUNT);
	is_int(over_count, IDLE_COUNT, "all end");
	is_int(stream_engine_streams(engine), 0, "and are gone");
}

static void
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		die("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		die("setrlimit");
}

int
main(void)
{
	struct timeval tv = { .tv_usec = 2000 };
	struct event *timer;

	signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(quiet);
	raise_limit();
	make_pattern();
	if ((base = event_base_new()) == NULL ||
	    (engine = stream_engine_new(base)) == NULL ||
	    (timer = event_new(base, -1, EV_PERSIST, tick, NULL)) == NULL)
		die("event");
	event_add(timer, &tv);
	for (int tcp = 0; tcp < 2; tcp++) {
		half_close(tcp);
		first_bytes(tcp);
		bulk(tcp, "in large pieces", MIB, MIB);
		bulk(tcp, "the reader in small ones", MIB, 7001);
		bulk(tcp, "the writer in small ones", 7001, MIB);
		slow_reader(tcp);
	}
	reset_is_carried();
	reset_while_paused();
	refused_request();
	urgent_data();
	idle_limit();
	not_relayable();
	no_pipe_is_kept();
	idle_streams();
	stream_engine_share(engine, 1U << 30);
	bulk(true, "without pipes", MIB, MIB);
	is_int(stream_engine_pipes(engine), 0, "none was had");
	stream_engine_free(engine);
	event_free(timer);
	event_base_free(base);
	return done_testing();
}
