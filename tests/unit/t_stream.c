/*
 * The relay engine: what goes in at one far end comes out at the other, in
 * order, whole, with its end of file or its reset.
 */
#include "play_stream.h"

#include <malloc.h>

#define IDLE_COUNT 2000

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

/* b takes no more, and a is gone too: nothing is left to wait for. */
static void
refused_and_gone(void)
{
	struct bench t;
	uint64_t began;

	open_bench(&t, false, NULL, 0);
	put(t.b, "bye");
	ok(gives(t.a, "bye"), "unix: b said all");
	close(t.b);
	ok(ends(t.a), "unix: and left");
	put(t.a, "too late");
	close(t.a);
	t.a = t.b = -1;
	began = now_ms();
	UNTIL(t.over);
	ok(t.over && now_ms() - began < 5000,
	    "unix: with both gone the stream ends at once");
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

int
main(void)
{
	set_up();
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
	refused_and_gone();
	urgent_data();
	idle_limit();
	not_relayable();
	no_pipe_is_kept();
	idle_streams();
	stream_engine_share(engine, 1U << 30);
	bulk(true, "without pipes", MIB, MIB);
	is_int(stream_engine_pipes(engine), 0, "none was had");
	tear_down();
	return done_testing();
}
