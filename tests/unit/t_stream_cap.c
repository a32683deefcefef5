/*
 * Streams under a cap: nothing is lost by pauses, and the pauses are there.
 */
#include "play_stream.h"

#define SLOT 5

static struct ratecap *caps;

/* Under a rate, the slot having no burst left; ms that it took. */
static uint64_t
flow_capped(const char *how, bool both, uint64_t rate, uint64_t total)
{
	struct flow f[2];
	struct bench t;
	uint64_t began;

	open_bench(&t, true, NULL, 0);
	stream_limit(t.s, SLOT, rate);
	ratecap_spent(caps, SLOT, rate, ratecap_piece(rate) * 4);
	f[0] = (struct flow){ .in = t.a, .out = t.b, .total = total };
	f[1] = (struct flow){ .in = t.b, .out = t.a, .total = total };
	began = now_ms();
	run_flows(f, both ? 2 : 1, MIB, MIB);
	began = now_ms() - began;
	ok(flow_whole(&f[0]), "%s: all of it, to b", how);
	ok(!both || flow_whole(&f[1]), "%s: and to a", how);
	close_bench(&t);
	return began;
}

/* The clock has turns without room: they must not be one direction's. */
static void
no_direction_waits(void)
{
	uint64_t stop = now_ms() + PATIENCE;
	struct flow f[2];
	struct bench t;

	open_bench(&t, true, NULL, 0);
	stream_limit(t.s, SLOT, MIB);
	ratecap_spent(caps, SLOT, MIB, ratecap_piece(MIB) * 4);
	f[0] = (struct flow){ .in = t.a, .out = t.b, .total = BULK };
	f[1] = (struct flow){ .in = t.b, .out = t.a, .total = BULK };
	while (f[0].got + f[1].got < MIB / 2 && now_ms() < stop) {
		for (int i = 0; i < 2; i++) {
			(void)flow_in(&f[i], MIB);
			(void)flow_out(&f[i], MIB);
		}
		turn();
	}
	printf("# %llu and %llu bytes\n", (unsigned long long)f[0].got,
	    (unsigned long long)f[1].got);
	ok(f[0].got > MIB / 8 && f[1].got > MIB / 8, "both directions go on");
	close_bench(&t);
}

/* Coarse: a busy machine may be late, but nothing may be early. */
static void
took(uint64_t ms, uint64_t want)
{
	printf("# %llu ms of %llu\n", (unsigned long long)ms,
	    (unsigned long long)want);
	ok(ms > want / 2, "in its time");
}

static void
small_and_first(void)
{
	struct stream_first first = { .ab = "one ", .ablen = 4 };
	struct bench t;

	open_bench(&t, true, &first, 1);
	stream_limit(t.s, SLOT, 20);
	ratecap_spent(caps, SLOT, 20, 64 * 1024);
	ok(gives(t.b, "one "), "first bytes are delivered");
	put(t.a, "drop by drop, more than a second of it");
	ok(gives(t.b, "drop by drop, more than a second of it"),
	    "the rest by and by; who waits for room is not idle");
	shutdown(t.a, SHUT_WR);
	ok(ends(t.b), "an end is no byte");
	UNTIL(t.over);
	is_int(t.end.cause, RELAY_IDLE, "then it is");
	close_bench(&t);
}

/* A stream that waits and ends is in no queue any more. */
static void
ends_waiting(void)
{
	struct bench t;

	open_bench(&t, true, NULL, 0);
	stream_limit(t.s, SLOT, 1);
	ratecap_spent(caps, SLOT, 1, 2 * MIB);
	put(t.a, "waits");
	for (int i = 0; i < 20; i++)
		turn();
	reset(&t.a);
	reset(&t.b);
	UNTIL(t.over);
	is_int(t.end.cause, RELAY_RESET, "a stream ends while it waits");
	is_int(t.end.ab, 0, "and had moved nothing");
	close_bench(&t);
}

static void
no_cap(void)
{
	struct bench t;
	struct flow f;

	open_bench(&t, true, NULL, 0);
	stream_limit(t.s, SLOT, 0);
	f = (struct flow){ .in = t.a, .out = t.b, .total = MIB };
	run_flows(&f, 1, MIB, MIB);
	ok(flow_whole(&f), "rate 0 is no cap");
	close_bench(&t);
	stream_engine_caps(engine, NULL);
	open_bench(&t, true, NULL, 0);
	stream_limit(t.s, SLOT, 1);
	f = (struct flow){ .in = t.a, .out = t.b, .total = MIB };
	run_flows(&f, 1, MIB, MIB);
	ok(flow_whole(&f), "nor is anything without clocks");
	close_bench(&t);
}

int
main(void)
{
	int fd;

	set_up();
	if ((fd = ratecap_make()) == -1 || (caps = ratecap_map(fd)) == NULL)
		die("ratecap");
	close(fd);
	stream_engine_caps(engine, caps);
	took(flow_capped("spliced", false, 64 * MIB, 32 * MIB), 500);
	took(flow_capped("both ways", true, 64 * MIB, 16 * MIB), 500);
	took(flow_capped("copied", false, MIB, MIB / 2), 500);
	stream_engine_share(engine, 1U << 30);
	took(flow_capped("without pipes", true, 16 * MIB, 4 * MIB), 500);
	no_direction_waits();
	small_and_first();
	ends_waiting();
	no_cap();
	tear_down();
	ratecap_unmap(caps);
	return done_testing();
}
