/*
 * How TLS streams end where something is in the way: bytes that nobody takes,
 * both sides lost, a peer that is slow, no memory.  What waits for no event
 * may not wait for a timer.
 */
#include "spawn.h"

#include <sys/resource.h>
#include <signal.h>

#include "play_tls.h"

#define SOON 8000 /* ms; last words are given ten seconds */

/* The worker has seen everything that was there before. */
static void
settle_down(struct via *other)
{
	if (!tls_say(other, "x", 1) || !hears(other->plain, "x"))
		die("the worker is not heard of");
}

static void
ends_soon(const char *what, enum relay_cause cause)
{
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == cause,
	    "%s: its end is told", what);
	ok(msg.ends[0].ms < SOON, "%s: at once (%u ms)", what, msg.ends[0].ms);
}

/* A stream with little room on the way to the peer. */
static int
narrow_stream(struct via *v, uint64_t id, uint32_t idle)
{
	struct play_opts o = { .idle = idle };
	int peer[2];

	tcp_pair_of(peer, 4 * KIB);
	if (!up(v, id) || !switched_as(v, peer[1], &o))
		errx(1, "no stream");
	return peer[0];
}

/* All that was said is in the worker's kernel. */
static bool
arrived(int fd)
{
	for (int i = 0; i < PATIENCE / 10 && net_unacked(fd) > 0; i++)
		(void)poll(NULL, 0, 10);
	return net_unacked(fd) == 0;
}

/* --- nobody takes it --------------------------------------------------- */

/* A stream whose peer has ended and reads nothing: what its client says fills
 * the way.  The peer's far end. */
static int
peer_ended(const char *what, struct via *v, struct via *other)
{
	static unsigned char some[32 * KIB];
	int peer;

	begin();
	peer = narrow_stream(v, 1, 0);
	if (!up(other, 2))
		die("up");
	shutdown(peer, SHUT_WR);
	is_int(tls_hear(v, some, 1), 0, "%s: the peer's end", what);
	(void)tls_say(v, some, sizeof(some));
	settle_down(other);
	return peer;
}

/* It closes when the other side has said all. */
static void
nobody_reads(void)
{
	struct via v, other;
	int peer = peer_ended("nobody reads", &v, &other);

	(void)tls_say(&v, "the rest", 8);
	tls_finish(&v);
	shutdown(v.net, SHUT_WR);
	ok(arrived(v.net), "nobody reads: the other side has said all");
	settle_down(&other);
	close(peer);
	ends_soon("nobody reads", RELAY_RESET);
	via_close(&other);
	via_close(&v);
	finish("nobody reads");
}

/* It closes, then the other side is cut off. */
static void
cut_off_unheard(void)
{
	struct via v, other;
	int peer = peer_ended("cut off unheard", &v, &other);

	close(peer);
	settle_down(&other);
	shutdown(v.net, SHUT_WR);
	ends_soon("cut off unheard", RELAY_RESET);
	via_close(&other);
	via_close(&v);
	finish("cut off unheard");
}

/* The peer resets while TLS takes nothing, then the TLS side does. */
static void
lost_from_both(void)
{
	struct via v, other;
	int peer;

	begin();
	peer = stream(&v, 1);
	if (!up(&other, 2))
		die("up");
	ok(fill_up(peer) > 0, "lost from both sides: the way is full");
	net_reset(peer);
	settle_down(&other);
	net_reset(v.net);
	v.net = -1;
	ends_soon("lost from both sides", RELAY_RESET);
	via_close(&other);
	via_close(&v);
	finish("lost from both sides");
}

/* --- slow -------------------------------------------------------------- */

/* A sip now and then, for some seconds: never idle, though nothing is read
 * from the other side.  How much it was. */
static size_t
sip(struct via *v, int peer, size_t want)
{
	char c[4 * KIB];
	size_t got = 0;
	ssize_t n;

	while (got < want) {
		n = v != NULL ? tls_hear(v, c, sizeof(c))
			      : hear(peer, c, sizeof(c));
		if (n <= 0)
			break;
		got += (size_t)n;
		(void)poll(NULL, 0, 100);
	}
	return got;
}

#define SIPS 40 /* four seconds, of two that one may be idle */
#define SLOWLY ((size_t)SIPS * 4 * KIB)

static void
slow_peer(void)
{
	static unsigned char some[SLOWLY];
	struct via v;
	int peer;

	begin();
	peer = narrow_stream(&v, 1, 2);
	(void)tls_say(&v, some, sizeof(some));
	is_int(sip(NULL, peer, sizeof(some)), SLOWLY,
	    "a slow peer is not idle");
	close(peer);
	via_close(&v);
	finish("slow peer");
}

static void
slow_client(void)
{
	static unsigned char some[SLOWLY];
	struct play_opts o = { .idle = 2 };
	struct via v = { .id = 1 };
	int sv[2], peer[2];

	begin();
	tcp_pair_of(sv, 4 * KIB);
	v.net = sv[0];
	v.plain = give(worker, 1, SERVER, sv[1], "", NULL, 0);
	tcp_pair(peer);
	if (!shake(&v, client_config(NULL, NULL), "localhost") ||
	    !next_is(worker, TLS_UP) || !switched_as(&v, peer[1], &o))
		errx(1, "no stream");
	if (write(peer[0], some, sizeof(some)) != sizeof(some))
		die("write");
	is_int(sip(&v, -1, sizeof(some)), SLOWLY, "a slow client is not idle");
	close(peer[0]);
	via_close(&v);
	finish("slow client");
}

/* --- no memory --------------------------------------------------------- */

static bool
sanitized(void)
{
	return getenv("VSAP_TEST_ASAN") != NULL;
}

/* What cannot be kept for a slow peer is lost: that must not look whole. */
static void
no_memory(void)
{
	static unsigned char some[512 * KIB], got[sizeof(some)];
	struct rlimit none = { 0, 0 };
	struct via v, other;
	int peer;

	if (sanitized())
		return;
	/* (So that it is asked of the system, which has none.) */
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=4096", 1))
		die("setenv");
	begin();
	unsetenv("GLIBC_TUNABLES");
	peer = narrow_stream(&v, 1, 0);
	if (!up(&other, 2))
		die("up");
	if (prlimit(worker_pid, RLIMIT_DATA, &none, NULL) == -1)
		die("prlimit");
	if (net_nonblock(v.net, true) == -1)
		die("net_nonblock");
	while (tls_write(v.tls, some, sizeof(some)) > 0)
		continue;
	settle_down(&other);
	net_reset(v.net);
	v.net = -1;
	ok(hear(peer, got, sizeof(got)) == -1 && errno == ECONNRESET,
	    "no memory: a reset, and no end of file");
	via_close(&other);
	close(peer);
	via_close(&v);
	finish("no memory");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!find_relay() || tls_init() == -1 || !certs_make()) {
		printf("ok 1 - ends of TLS streams # skip vsap-relay or "
		       "openssl(1) is not there\n1..1\n");
		return 0;
	}
	nobody_reads();
	lost_from_both();
	cut_off_unheard();
	slow_peer();
	slow_client();
	no_memory();
	return done_testing();
}
