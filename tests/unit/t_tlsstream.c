/*
 * Streams of a real TLS worker: above all the switch, at which not a byte may
 * be lost, and how they end: in order, cut off, reset, orphaned.
 */
#include "play_tls.h"

/* --- the switch -------------------------------------------------------- */

static bool
switched(struct via *v, int peer, const void *first, size_t n)
{
	struct play_opts o = { .first = first, .firstlen = n };

	return switched_as(v, peer, &o);
}

/*
 * A client says a script in one go: at some byte the feeder stops reading and
 * switches, having read `read` bytes of which `kept` are for the peer.  What
 * the feeder wrote before is what the client hears first.
 */
static bool
script(size_t records, size_t read, size_t kept)
{
	static const char text[] = "CONNECT x:80 RELAY GET / body";
	size_t len = sizeof(text) - 1, n, off = 0;
	char buf[sizeof(text)];
	struct via v;
	int peer[2];
	bool good;

	if (!up(&v, read * 100 + kept))
		return false;
	for (size_t i = 0; i < records; i++, off += n) {
		n = i + 1 < records ? len / records : len - off;
		(void)tls_say(&v, text + off, n);
	}
	tls_finish(&v);
	tcp_pair(peer);
	good = say(v.plain, "240 ok\r\n") &&
	       hear(v.plain, buf, read) == (ssize_t)read &&
	       say(peer[0], "reply") &&
	       switched(&v, peer[1], buf + read - kept, kept);
	n = len - read + kept;
	good = good && hear(peer[0], buf, sizeof(buf)) == (ssize_t)n &&
	       memcmp(buf, text + len - n, n) == 0;
	shutdown(peer[0], SHUT_WR);
	good = good && tls_hears(&v, "240 ok\r\nreply") && tls_ends(&v);
	close(peer[0]);
	via_close(&v);
	return good && next_is(worker, TLS_END) && msg.ends[0].ab == n &&
	       msg.ends[0].ba == 5 && msg.ends[0].cause == RELAY_EOF;
}

static void
switch_at_every_byte(void)
{
	static const size_t records[] = { 1, 3, 29 };
	size_t bad = 0;

	begin();
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		for (size_t at = 1; at <= 29; at++) {
			bad += !script(records[i], at, 0);
			bad += !script(records[i], at, at > 5 ? 5 : at);
		}
	is_int(bad, 0, "switch: at every byte of a script, in any records");
	finish("switch");
}

static void
fill(unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (unsigned char)(seed >> 16);
	}
}

#define BULK (3 * 1024 * 1024)

/* In a child: says all of p (by TLS, or on fd), then its end. */
static pid_t
child_says(struct via *v, int fd, const unsigned char *p, size_t n)
{
	pid_t pid = fork();
	ssize_t w;

	if (pid != 0)
		return pid;
	if (v != NULL) {
		(void)tls_say(v, p, n);
		tls_finish(v);
	}
	while (v == NULL && n > 0 && (w = write(fd, p, n)) > 0) {
		p += w;
		n -= (size_t)w;
	}
	if (v == NULL)
		shutdown(fd, SHUT_WR);
	_exit(0);
}

/* Bulk is under way when the switch comes, the feeder's end full of it. */
static void
bulk_from_tls(size_t feeder_reads)
{
	static unsigned char sent[BULK], got[BULK + 1];
	struct via v;
	int peer[2];
	pid_t pid;
	ssize_t n;

	begin();
	ok(up(&v, 1), "bulk: up");
	fill(sent, sizeof(sent), 1);
	pid = child_says(&v, -1, sent, sizeof(sent));
	n = hear(v.plain, got, feeder_reads);
	ok(n == (ssize_t)feeder_reads && memcmp(got, sent, feeder_reads) == 0,
	    "bulk: the feeder reads %zu", feeder_reads);
	tcp_pair(peer);
	ok(switched(&v, peer[1], got, n < 1000 ? (size_t)n : 1000),
	    "bulk: switched");
	feeder_reads = n < 1000 ? 0 : feeder_reads - 1000;
	/* (Of what it read it kept the first 1000 only, to be simple.) */
	if (n >= 1000) {
		n = hear(peer[0], got, 1000);
		ok(n == 1000 && memcmp(got, sent, 1000) == 0,
		    "bulk: what it kept comes first");
		feeder_reads += 1000;
	}
	n = hear(peer[0], got, sizeof(got));
	ok((size_t)n == sizeof(sent) - feeder_reads &&
		memcmp(got, sent + feeder_reads, (size_t)n) == 0,
	    "bulk: not a byte is lost, none out of order");
	waitpid(pid, NULL, 0);
	close(peer[0]);
	ok(next_is(worker, TLS_END), "bulk: its end is told");
	via_close(&v);
	finish("bulk from TLS");
}

/* Both ways at once, the client slow to hear. */
static void
bulk_both_ways(void)
{
	static unsigned char a[BULK], b[BULK], got[BULK + 1];
	struct via v;
	pid_t pid[2];
	int peer[2], status;
	ssize_t n;

	begin();
	ok(up(&v, 1), "both ways: up");
	tcp_pair(peer);
	ok(switched(&v, peer[1], NULL, 0), "both ways: switched");
	fill(a, sizeof(a), 2);
	fill(b, sizeof(b), 3);
	pid[0] = child_says(NULL, peer[0], a, sizeof(a));
	if ((pid[1] = fork()) == 0) {
		n = hear(peer[0], got, sizeof(got));
		_exit(n != sizeof(b) || memcmp(got, b, sizeof(b)) != 0);
	}
	/* The peer first: it writes all before it reads. */
	ok(tls_say(&v, b, sizeof(b)), "both ways: all is said");
	n = tls_hear(&v, got, sizeof(a));
	ok(n == sizeof(a) && memcmp(got, a, sizeof(a)) == 0,
	    "both ways: all is heard");
	ok(tls_ends(&v), "both ways: to the end");
	close(peer[0]);
	waitpid(pid[0], NULL, 0);
	waitpid(pid[1], &status, 0);
	is_int(status, 0, "both ways: there as well");
	ok(next_is(worker, TLS_END) && msg.ends[0].ab == sizeof(b) &&
		msg.ends[0].ba == sizeof(a) && msg.ends[0].cause == RELAY_EOF,
	    "both ways: the counts are right");
	via_close(&v);
	finish("both ways");
}

/* What the feeder wrote, more than TLS takes at once, precedes the peer's. */
static void
bulk_before(void)
{
	static unsigned char before[BULK], got[BULK];
	struct via v = { .id = 1 };
	int peer[2], sv[2], small = 4096;
	size_t put = 0;
	ssize_t w, n;

	begin();
	tcp_pair(sv);
	if (setsockopt(sv[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ||
	    setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)))
		die("setsockopt");
	v.net = sv[0];
	v.plain = give(worker, 1, SERVER, sv[1], "", NULL, 0);
	ok(shake(&v, client_config(NULL, NULL), "localhost") &&
		next_is(worker, TLS_UP),
	    "replies first: up");
	fill(before, sizeof(before), 4);
	if (fcntl(v.plain, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl");
	/* The client hears nothing, so that the way fills up. */
	for (int quiet = 0; put < sizeof(before) && quiet < 20;) {
		w = write(v.plain, before + put, sizeof(before) - put);
		if (w > 0) {
			put += (size_t)w;
			quiet = 0;
		} else {
			quiet++;
			(void)poll(NULL, 0, 10);
		}
	}
	tcp_pair(peer);
	(void)say(peer[0], "and the peer");
	shutdown(peer[0], SHUT_WR);
	ok(put < sizeof(before) && switched(&v, peer[1], NULL, 0),
	    "replies first: %zu on the way", put);
	n = tls_hear(&v, got, put);
	ok(n == (ssize_t)put && memcmp(got, before, put) == 0,
	    "replies first: all of them");
	ok(tls_hears(&v, "and the peer") && tls_ends(&v),
	    "replies first: then the peer");
	tls_finish(&v);
	close(peer[0]);
	via_close(&v);
	ok(next_is(worker, TLS_END), "replies first: its end");
	finish("replies first");
}

/* --- ends of streams --------------------------------------------------- */

static void
cut_off(void)
{
	struct via v;
	int peer;

	begin();
	peer = stream(&v, 1);
	(void)tls_say(&v, "half of", 7);
	shutdown(v.net, SHUT_WR);
	ok(hears(peer, "half of"), "cut off: what came is delivered");
	ok(is_reset(peer), "cut off: an end without close_notify is a reset");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET &&
		msg.ends[0].ab == 7,
	    "cut off: and told as one");
	close(peer);
	via_close(&v);

	peer = stream(&v, 2);
	(void)tls_say(&v, "whole", 5);
	tls_finish(&v);
	shutdown(v.net, SHUT_WR);
	ok(hears(peer, "whole") && ends(peer),
	    "with close_notify it is an end of file");
	shutdown(peer, SHUT_WR);
	(void)tls_ends(&v);
	close(peer);
	via_close(&v);
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_EOF,
	    "and told as that");

	ok(up(&v, 3), "cut off before the switch: up");
	(void)tls_say(&v, "half", 4);
	shutdown(v.net, SHUT_WR);
	ok(next_is(worker, TLS_DOWN) && strncmp(msg.text, "cut off", 7) == 0,
	    "cut off before the switch: DOWN says so: %s", msg.text);
	ok(hears(v.plain, "half") && ends(v.plain),
	    "cut off before the switch: what came is there");
	via_close(&v);
	finish("cut off");
}

static void
resets(void)
{
	struct via v;
	int peer;
	char c;

	begin();
	peer = stream(&v, 1);
	(void)tls_say(&v, "x", 1);
	ok(hears(peer, "x"), "reset: a stream");
	net_reset(v.net);
	v.net = -1;
	ok(is_reset(peer), "reset: the TLS side's is carried over");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET,
	    "reset: and told");
	close(peer);
	via_close(&v);

	peer = stream(&v, 2);
	(void)say(peer, "part of it");
	ok(tls_hears(&v, "part of it"), "reset: another stream");
	net_reset(peer);
	ok(tls_hear(&v, &c, 1) == -1,
	    "reset: the peer's leaves no close_notify behind");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET,
	    "reset: and told");
	via_close(&v);

	ok(up(&v, 3), "reset: by the feeder");
	msg.type = TLS_RESET;
	msg.id = 3;
	send_msg(worker, NULL, 0);
	ok(tls_hear(&v, &c, 1) == -1, "reset: no close_notify either");
	via_close(&v);

	ok(up(&v, 4) && tls_say(&v, "unread", 6) && wait_for(v.plain, POLLIN),
	    "reset: a plain end with something in it");
	close(v.plain);
	v.plain = -1;
	ok(tls_hear(&v, &c, 1) == -1, "reset: closed, resets");
	ok(next_is(worker, TLS_DOWN) && msg.id == 4, "reset: %s", msg.text);
	via_close(&v);
	finish("reset");
}

/* A peer that does not read holds up its own stream, not memory, and no
 * other one. */
static void
stops_reading(void)
{
	struct via slow, quick;
	int peer, other;
	size_t put;

	begin();
	peer = stream(&slow, 1);
	put = fill_up(peer);
	ok(put < 64 * 1024 * 1024, "stops reading: %zu bytes, then no more",
	    put);
	other = stream(&quick, 2);
	ok(tls_say(&quick, "others", 6) && hears(other, "others"),
	    "stops reading: others go on");
	close(other);
	via_close(&quick);
	net_reset(slow.net);
	slow.net = -1;
	ok(is_reset(peer), "stops reading: its reset is heeded all the same");
	close(peer);
	via_close(&slow);
	finish("stops reading");
}

static void
counts(void)
{
	struct via v[3];
	int peer[2];

	begin();
	for (size_t i = 0; i < 2; i++) {
		peer[i] = stream(&v[i], i + 1);
		(void)tls_say(&v[i], "12345", 5);
		(void)hears(peer[i], "12345");
		(void)say(peer[i], "123");
		(void)tls_hears(&v[i], "123");
	}
	ok(up(&v[2], 3), "counts: one that is no stream yet");
	msg.type = TLS_QUERY;
	msg.seq = 42;
	send_msg(worker, NULL, 0);
	ok(next_msg(worker) == TLS_COUNTS && msg.seq == 42 && !msg.more &&
		msg.count == 2,
	    "counts: of the streams");
	ok(msg.ends[0].id == 1 && msg.ends[0].ab == 5 && msg.ends[0].ba == 3 &&
		msg.ends[1].id == 2,
	    "counts: bytes from TLS and to it");
	for (size_t i = 0; i < 2; i++)
		close(peer[i]);
	for (size_t i = 0; i < 3; i++)
		via_close(&v[i]);
	finish("counts");
}

static void
idle(void)
{
	struct play_opts o = { .idle = 1 };
	struct via v;
	int peer;

	begin();
	peer = stream_as(&v, 1, &o);
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_IDLE,
	    "idle: ends after its time");
	ok(is_reset(peer), "idle: by a reset");
	close(peer);
	via_close(&v);
	finish("idle");
}

/* --- orphans ----------------------------------------------------------- */

static void
orphan(void)
{
	struct via s, plain;
	int peer, sv[2], late;

	begin();
	peer = stream(&s, 1);
	ok(up(&plain, 2), "orphan: one that is no stream");
	tcp_pair(sv);
	late = give(worker, 3, SERVER, sv[1], "", NULL, 0);
	close(worker);
	ok(title_gets(worker_pid, "vsap-relay: orphan /"),
	    "orphan: its feeder gone, it says so");
	ok(tls_say(&s, "there", 5) && hears(peer, "there") &&
		say(peer, "back") && tls_hears(&s, "back"),
	    "orphan: streams go on");
	ok(tls_say(&plain, "there", 5) && hears(plain.plain, "there"),
	    "orphan: so do others whose plain end somebody has");
	{
		struct via v = { .net = sv[0], .plain = late };

		ok(shake(&v, client_config(NULL, NULL), "localhost") &&
			tls_say(&v, "late", 4) && hears(late, "late"),
		    "orphan: the last one it was sent is served");
		via_close(&v);
	}
	via_close(&s);
	close(peer);
	is_int(waitpid(worker_pid, NULL, WNOHANG), 0, "orphan: it stays");
	via_close(&plain);
	is_int(exit_status(worker_pid), 0, "orphan: for the last, and leaves");
}

static void
killed(void)
{
	struct via v;
	int peer;
	char c;

	begin();
	peer = stream(&v, 1);
	kill(worker_pid, SIGKILL);
	ok(tls_hear(&v, &c, 1) == -1 || (tls_close(v.tls) != 0 && errno == 0),
	    "killed: the TLS side does not take it for the end");
	is_int(next_msg(worker), 0, "killed: the feeder reads its end");
	close(peer);
	via_close(&v);
	close(worker);
	waitpid(worker_pid, NULL, 0);
}

int
main(void)
{
	if (!tls_peer_ready())
		return 0;
	switch_at_every_byte();
	bulk_from_tls(0);
	bulk_from_tls(100);
	bulk_from_tls(100000);
	bulk_both_ways();
	bulk_before();
	cut_off();
	resets();
	stops_reading();
	counts();
	idle();
	orphan();
	killed();
	return done_testing();
}
