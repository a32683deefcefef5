/*
 * A cap over several workers and streams: together they move what the rate
 * says, each of them something, and who says little is heard.  (Bounds are
 * wide: a machine may have other work.)
 */
#include "play_worker.h"

#include <fcntl.h>
#include <time.h>

#include "ratecap.h"
#include "tap.h"

#define WORKERS 2
#define STREAMS 8
#define SLOT 3

/* A stream; bytes are put in at one end of it, or at both. */
struct flow {
	int far[2];
	uint64_t got[2];
};

static int caps, worker[WORKERS];
static pid_t pids[WORKERS];
static struct flow flows[STREAMS];
static char junk[256 * 1024];

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
start(void)
{
	if ((caps = ratecap_make()) == -1)
		die("ratecap_make");
	for (int i = 0; i < WORKERS; i++) {
		worker[i] = start_worker(&pids[i]);
		memset(&msg, 0, sizeof(msg));
		msg.type = RELAY_SHARE;
		say(worker[i], &caps, 1);
	}
}

static void
stop(void)
{
	for (int i = 0; i < WORKERS; i++) {
		close(worker[i]);
		is_int(exit_status(pids[i]), 0, "worker %d left in order", i);
	}
	close(caps);
}

static void
open_flow(struct flow *f, size_t n, uint64_t rate)
{
	struct relay_opts opts = { .slot = SLOT, .rate = rate };
	int w = worker[n % WORKERS];

	memset(f, 0, sizeof(*f));
	send_start(w, n, &opts, "", f->far);
	if (next_msg(w) != RELAY_ACK)
		die("no ACK");
	for (int i = 0; i < 2; i++)
		if (fcntl(f->far[i], F_SETFL, O_NONBLOCK) == -1)
			die("fcntl");
}

static void
close_flow(struct flow *f, size_t n)
{
	close(f->far[0]);
	close(f->far[1]);
	if (next_msg(worker[n % WORKERS]) != RELAY_END)
		die("no END");
}

/* Put in at far[i], take out at the other end. */
static void
push(struct flow *f, int i)
{
	ssize_t n;

	while (write(f->far[i], junk, sizeof(junk)) > 0)
		continue;
	while ((n = read(f->far[!i], junk, sizeof(junk))) > 0)
		f->got[i] += (uint64_t)n;
}

static void
measure(size_t n, bool both, uint64_t rate)
{
	double began, took, stop_at;
	uint64_t sum = 0;
	size_t fed = 0;

	for (size_t i = 0; i < n; i++)
		open_flow(&flows[i], i, rate);
	began = seconds();
	stop_at = began + 2;
	while (seconds() < stop_at) {
		for (size_t i = 0; i < n; i++)
			for (int d = 0; d < 2; d++)
				if (both || d == (int)(i & 1))
					push(&flows[i], d);
		(void)poll(NULL, 0, 1);
	}
	took = seconds() - began;
	for (size_t i = 0; i < n; i++) {
		sum += flows[i].got[0] + flows[i].got[1];
		for (int d = 0; d < 2; d++)
			fed += flows[i].got[d] > rate * took / n / 20;
		close_flow(&flows[i], i);
	}
	printf("# %zu streams%s at %llu KiB/s: %.3f of it\n", n,
	    both ? " both ways" : "", (unsigned long long)rate / 1024,
	    (double)sum / took / rate);
	ok(sum > rate * took / 2 && sum < rate * took * 3 / 2,
	    "%zu streams together move what the rate says", n);
	is_int(fed, both ? 2 * n : n, "and each of them its part");
}

static double
ping(struct flow *f)
{
	double began = seconds();
	char c = 'x';

	if (write(f->far[0], &c, 1) != 1)
		die("write");
	while (read(f->far[1], &c, 1) != 1 && seconds() - began < 10) {
		for (size_t i = 1; i < STREAMS; i++)
			push(&flows[i], 0);
		(void)poll(NULL, 0, 1);
	}
	return seconds() - began;
}

static void
small_among_bulk(uint64_t rate)
{
	double t, worst = 0;

	for (size_t i = 0; i < STREAMS; i++)
		open_flow(&flows[i], i, rate);
	for (int i = 0; i < 20; i++)
		if ((t = ping(&flows[0])) > worst)
			worst = t;
	printf("# worst of 20: %.3f s\n", worst);
	ok(worst < 5, "who says little is heard among bulk");
	for (size_t i = 0; i < STREAMS; i++)
		close_flow(&flows[i], i);
}

int
main(void)
{
	if (!find_relay()) {
		printf("ok 1 - caps # skip vsap-relay is not built\n1..1\n");
		return 0;
	}
	start();
	measure(1, false, 1 << 20);
	measure(2, false, 20 << 20);
	measure(STREAMS, false, 4 << 20);
	measure(STREAMS, true, 4 << 20);
	small_among_bulk(1 << 20);
	stop();
	return done_testing();
}
