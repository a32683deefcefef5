/*
 * TLS streams under a cap: nothing is lost by pauses, neither way starves,
 * what came before the switch counts, and who waits can end.  (Where it can
 * be, bytes are judged, not time: a machine may have other work.)
 */
#include "spawn.h"

#include <signal.h>
#include <time.h>

#include "play_tls.h"
#include "ratecap.h"

#define SLOT 3
#define BURST (64 * KIB) /* of a low rate */

static struct ratecap *caps;

static void
begin_capped(void)
{
	int file = ratecap_make();

	begin();
	if (file == -1 || (caps = ratecap_map(file)) == NULL)
		die("ratecap");
	msg.type = TLS_SHARE;
	send_msg(worker, &file, 1);
	close(file);
}

static void
finish_capped(const char *what)
{
	finish(what);
	ratecap_unmap(caps);
}

/* A stream at a rate; the slot has no burst left but so much. */
static int
capped(struct via *v, uint64_t id, uint64_t rate, size_t left)
{
	struct play_opts o = { .slot = SLOT, .rate = rate };
	int peer = stream_as(v, id, &o);

	ratecap_spent(caps, SLOT, rate, ratecap_piece(rate) * 4 - left);
	return peer;
}

static void
stream_close(struct via *v, int peer)
{
	close(peer);
	via_close(v);
	(void)next_is(worker, TLS_END);
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- bulk -------------------------------------------------------------- */

static void
in_its_time(void)
{
	static unsigned char sent[512 * KIB], got[sizeof(sent) + 1];
	struct via v;
	double began;
	pid_t pid;
	int peer;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i * 7 + i / 251);
	begin_capped();
	peer = capped(&v, 1, MIB, 0);
	began = seconds();
	if ((pid = fork()) == 0) {
		(void)tls_say(&v, sent, sizeof(sent));
		tls_finish(&v);
		_exit(0);
	}
	ok(hear(peer, got, sizeof(got)) == sizeof(sent) &&
		memcmp(sent, got, sizeof(sent)) == 0,
	    "everything arrives");
	ok(seconds() - began > 0.4, "in its time (%.2f s)", seconds() - began);
	waitpid(pid, NULL, 0);
	stream_close(&v, peer);
	finish_capped("in its time");
}

/* Bytes that were heard: of the TLS side's, of the peer's. */
struct heard {
	uint64_t up, down;
};

/* Say and hear what can be, at both ends. */
static void
push(struct via *v, int peer, struct heard *h)
{
	static unsigned char junk[256 * KIB];
	ssize_t n;

	while (tls_write(v->tls, junk, sizeof(junk)) > 0)
		continue;
	while ((n = tls_read(v->tls, junk, sizeof(junk))) > 0)
		h->down += (uint64_t)n;
	while (write(peer, junk, sizeof(junk)) > 0)
		continue;
	while ((n = read(peer, junk, sizeof(junk))) > 0)
		h->up += (uint64_t)n;
}

/* At least 35 of a hundred. */
static bool
fair(uint64_t part, uint64_t sum)
{
	return part * 100 >= sum * 35;
}

/* The clock has turns without room: they must not be one way's. */
static void
no_way_waits(uint64_t rate, uint64_t total)
{
	double stop = seconds() + 60;
	struct heard h = { 0 };
	uint64_t sum = 0;
	struct via v;
	int peer;

	begin_capped();
	peer = capped(&v, 1, rate, 0);
	if (net_nonblock(v.net, true) == -1 || net_nonblock(peer, true) == -1)
		die("net_nonblock");
	while (sum < total && seconds() < stop) {
		push(&v, peer, &h);
		sum = h.up + h.down;
		(void)poll(NULL, 0, 1);
	}
	ok(sum >= total && fair(h.up, sum) && fair(h.down, sum),
	    "at %llu KiB/s both ways go on: %llu and %llu bytes",
	    (unsigned long long)rate / KIB, (unsigned long long)h.up,
	    (unsigned long long)h.down);
	stream_close(&v, peer);
	finish_capped("both ways");
}

/* --- what counts ------------------------------------------------------- */

/* Else many short streams would be no cap at all. */
static void
first_counts(void)
{
	struct play_opts o = { .slot = SLOT, .rate = KIB };
	static unsigned char first[TLS_FIRST_MAX], got[sizeof(first)];
	struct via v;
	unsigned ms;
	int peer;

	o.first = first;
	o.firstlen = sizeof(first);
	begin_capped();
	peer = stream_as(&v, 1, &o);
	ok(hear(peer, got, sizeof(got)) == sizeof(got),
	    "what came before the switch is delivered at once");
	ok(ratecap_room(caps, SLOT, KIB, BURST, &ms) <
		BURST - sizeof(first) / 2,
	    "and counts");
	stream_close(&v, peer);
	finish_capped("first bytes");
}

/* A stream that waits for room, and is lost from both sides. */
static void
ends_waiting(const char *what, bool net_first)
{
	struct via v;
	int peer;

	begin_capped();
	peer = capped(&v, 1, 1, 0);
	ratecap_spent(caps, SLOT, 1, BURST);
	(void)tls_say(&v, "waits", 5);
	(void)say(peer, "waits");
	if (net_first)
		net_reset(v.net);
	net_reset(peer);
	if (!net_first)
		net_reset(v.net);
	v.net = -1;
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET &&
		msg.ends[0].ms < 8000,
	    "%s: a stream ends while it waits", what);
	is_int(msg.ends[0].ab, 0, "%s: and had moved nothing", what);
	via_close(&v);
	finish_capped(what);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!find_relay() || tls_init() == -1 || !certs_make()) {
		printf("ok 1 - caps of TLS streams # skip vsap-relay or "
		       "openssl(1) is not there\n1..1\n");
		return 0;
	}
	in_its_time();
	no_way_waits(MIB, MIB);
	no_way_waits(16 * MIB, 8 * MIB);
	first_counts();
	ends_waiting("reset, the peer last", true);
	ends_waiting("reset, the peer first", false);
	return done_testing();
}
