/*
 * The feeder, before workers that are played here: which one gets a pair,
 * what becomes of it when a worker refuses or dies, what is never believed.
 */
#include "feed.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "play_crew.h"
#include "tap.h"

#define STREAMS 4096

static struct feed *feed;

static struct relay_end ends[STREAMS]; /* by stream number */
static size_t ended, deaths, readies, told, answers;
static uint64_t told_ab, told_ba; /* by on_counts(), sums */
static int dead_slot;

static struct relay_msg msg;
static unsigned char packet[RELAY_MSG_MAX];

static void
on_end(void *arg, void *stream, const struct relay_end *r)
{
	(void)arg;
	ends[(size_t)stream] = *r;
	ended++;
}

static void
on_dead(void *arg, int slot)
{
	(void)arg;
	dead_slot = slot;
	deaths++;
}

static void
on_ready(void *arg)
{
	(void)arg;
	readies++;
}

static void
on_counts(void *arg, void *stream, uint64_t ab, uint64_t ba)
{
	(void)arg;
	(void)stream;
	told++;
	told_ab += ab;
	told_ba += ba;
}

static void
on_counted(void *arg)
{
	(void)arg;
	answers++;
}

static const struct feed_calls calls = {
	.end = on_end,
	.dead = on_dead,
	.ready = on_ready,
	.counts = on_counts,
	.counted = on_counted,
};

static void
add_worker(int slot)
{
	if (feed_add(feed, play_worker(slot), slot) == -1)
		die("feed_add");
	turn();
}

static void
begin(int workers)
{
	if ((feed = feed_new(base, &calls, NULL)) == NULL)
		die("feed_new");
	for (int i = 0; i < workers; i++)
		add_worker(i);
	ended = deaths = readies = told = answers = 0;
	told_ab = told_ba = 0;
	dead_slot = -1;
}

static void
finish(int workers)
{
	feed_free(feed);
	for (int i = 0; i < workers; i++)
		close(worker[i]);
}

/* Give the feed a pair; our far ends of it are in far[]. */
static int
give(size_t stream, int far[2])
{
	const struct relay_opts opts = { .idle = 7, .slot = 8, .rate = 9 };
	int a[2], b[2], r;

	sockets(SOCK_STREAM, a);
	sockets(SOCK_STREAM, b);
	r = feed_send(feed, a[1], b[1], "ab", 2, "ba!", 3, &opts,
	    (void *)stream);
	if (far == NULL) {
		close(a[0]);
		close(b[0]);
	} else {
		far[0] = a[0];
		far[1] = b[0];
	}
	return r;
}

/* A START that worker w received: its id, 0 for none. */
static uint64_t
started(int w)
{
	int fd[2], nfd = 2;
	ssize_t n;

	n = fdpass_recv(worker[w], packet, sizeof(packet), fd, &nfd, NULL);
	if (n <= 0)
		return 0;
	while (nfd > 0)
		close(fd[--nfd]);
	if (relay_msg_parse(&msg, packet, (size_t)n) == -1 ||
	    msg.type != RELAY_START)
		return 0;
	return msg.id;
}

static void
answer(int w)
{
	size_t n = relay_msg_format(&msg, packet, sizeof(packet));

	if (fdpass_send(worker[w], packet, n, NULL, 0) == -1)
		die("fdpass_send");
	turn();
}

static void
ack(int w, uint64_t id)
{
	msg.type = RELAY_ACK;
	msg.count = 1;
	msg.ids[0] = id;
	answer(w);
}

static void
nak(int w, uint64_t id, int error)
{
	msg.type = RELAY_NAK;
	msg.id = id;
	msg.error = error;
	answer(w);
}

static void
end(int w, uint64_t id)
{
	msg.type = RELAY_END;
	msg.count = 1;
	msg.ends[0] = (struct relay_end){ .id = id, .ab = 5, .ba = 6, .ms = 7 };
	answer(w);
}

static void
one_stream(void)
{
	int far[2];
	uint64_t id;
	char c;

	begin(1);
	is_int(give(1, far), 0, "a pair is taken");
	ok((id = started(0)) != 0, "the worker hears of it at once");
	ok(msg.opts.idle == 7 && msg.opts.slot == 8 && msg.opts.rate == 9,
	    "idle limit and cap with it");
	ok(msg.first_ab_len == 2 && msg.first_ba_len == 3 &&
		memcmp(msg.first_ab, "abba!", 5) == 0,
	    "and first bytes");
	is_int(feed_pending(feed), 1, "kept until acknowledged");
	is_int(recv(far[0], &c, 1, MSG_DONTWAIT), -1, "its ends are open");
	ack(0, id);
	is_int(feed_pending(feed), 0, "acknowledged");
	is_int(feed_streams(feed), 1, "under way");
	is_int(recv(far[0], &c, 1, 0), 0, "the copy is closed");
	end(0, id);
	ok(ended == 1 && ends[1].ab == 5 && ends[1].ba == 6 && ends[1].ms == 7,
	    "its end is reported");
	is_int(feed_streams(feed), 0, "none under way");
	end(0, id);
	ack(0, id);
	nak(0, id, EMFILE);
	is_int(ended, 1, "ids that are not there are ignored");
	close(far[0]);
	close(far[1]);
	finish(1);
}

static void
least_loaded(void)
{
	size_t count[WORKERS] = { 0 };
	uint64_t id;

	begin(WORKERS);
	for (size_t i = 0; i < 3 * WORKERS; i++)
		give(i, NULL);
	for (int w = 0; w < WORKERS; w++)
		while ((id = started(w)) != 0) {
			count[w]++;
			ack(w, id);
		}
	ok(count[0] == 3 && count[1] == 3 && count[2] == 3,
	    "workers share evenly");
	finish(WORKERS);
}

static void
refusals(void)
{
	int far[2];
	uint64_t id;
	char c;

	begin(2);
	give(1, far);
	ok((id = started(0)) != 0, "the first worker is asked");
	nak(0, id, EMFILE);
	ok(started(1) == id, "it refuses: the second is");
	is_int(feed_pending(feed), 1, "and nothing is lost meanwhile");
	is_int(readies, 1, "who saw it busy is told that it is over");
	nak(1, id, EMFILE);
	ok(ended == 1 && ends[1].cause == RELAY_RESET,
	    "refused by all: a reset is reported");
	is_int(recv(far[0], &c, 1, 0), 0, "and the ends are closed");
	is_int(feed_streams(feed), 0, "gone");
	close(far[0]);
	close(far[1]);
	finish(2);
}

static void
forged(void)
{
	uint64_t id;

	begin(2);
	give(1, NULL);
	ok((id = started(0)) != 0, "a stream of the first worker");
	ack(1, id);
	is_int(feed_pending(feed), 1, "the other cannot acknowledge it");
	end(1, id);
	nak(1, id, EMFILE);
	is_int(ended, 0, "nor end it");
	send(worker[1], "garbage", 7, 0);
	turn();
	is_int(deaths, 0, "garbage is ignored");
	finish(2);
}

static void
death(void)
{
	uint64_t acked, lost;

	begin(1);
	give(1, NULL);
	acked = started(0);
	ack(0, acked);
	give(2, NULL);
	lost = started(0);
	give(3, NULL);
	close(worker[0]);
	turn();
	ok(deaths == 1 && dead_slot == 0, "a worker's death is told");
	ok(ended == 1 && ends[1].cause == RELAY_KILLED,
	    "its streams died with it");
	ok(feed_pending(feed) == 2 && feed_busy(feed),
	    "what it had not acknowledged waits");
	add_worker(0);
	ok(started(0) == lost, "its heir gets it");
	ok(started(0) != 0, "and the one it had not read");
	ok(!feed_busy(feed) && readies == 1, "there is room again");
	finish(1);
}

/* Its last words are read although it left ours unread (ECONNRESET): a
 * stream that it had begun must not begin again elsewhere. */
static void
last_words(void)
{
	uint64_t id;
	size_t n;

	begin(2);
	give(1, NULL);
	id = started(0);
	give(2, NULL);
	give(3, NULL); /* the first one's, which it does not read */
	msg.type = RELAY_ACK;
	msg.count = 1;
	msg.ids[0] = id;
	n = relay_msg_format(&msg, packet, sizeof(packet));
	if (fdpass_send(worker[0], packet, n, NULL, 0) == -1)
		die("fdpass_send");
	close(worker[0]);
	turn();
	is_int(deaths, 1, "a worker died with its ACK on the way");
	ok(ended == 1 && ends[1].cause == RELAY_KILLED,
	    "what it acknowledged died with it");
	ok(started(1) != id && started(1) != id && started(1) == 0,
	    "and is given to no other");
	worker[0] = dup(worker[1]);
	finish(2);
}

static void
another_takes_over(void)
{
	uint64_t id;

	begin(2);
	give(1, NULL);
	id = started(0);
	close(worker[0]);
	turn();
	ok(started(1) == id, "a dead worker's pair goes to the other one");
	is_int(readies, 1, "who saw it busy is told that it is over");
	worker[0] = dup(worker[1]);
	finish(2);
}

static void
full_socket(void)
{
	size_t sent = 0, got = 0;
	uint64_t id;

	begin(1);
	while (!feed_busy(feed) && sent < STREAMS)
		if (give(sent, NULL) == 0)
			sent++;
	ok(sent > 10 && sent < STREAMS, "a worker that reads nothing: busy");
	while ((id = started(0)) != 0) {
		ack(0, id);
		got++;
	}
	is_int(got, sent, "when it reads, all come");
	is_int(readies, 1, "and more is welcome");
	finish(1);
}

/* A QUERY that worker w received: its number, 0 for none. */
static uint32_t
asked(int w)
{
	int fd[1], none = 0;
	ssize_t n;

	n = fdpass_recv(worker[w], packet, sizeof(packet), fd, &none, NULL);
	if (n <= 0 || relay_msg_parse(&msg, packet, (size_t)n) == -1 ||
	    msg.type != RELAY_QUERY)
		return 0;
	return msg.seq;
}

static void
tell(int w, uint32_t seq, uint64_t id, bool more)
{
	msg.type = RELAY_COUNTS;
	msg.seq = seq;
	msg.more = more;
	msg.count = id != 0;
	msg.ends[0] = (struct relay_end){ .id = id, .ab = 10, .ba = 20 };
	answer(w);
}

static void
wait_counted(void)
{
	for (int i = 0; i < 100 && answers == 0; i++)
		event_base_loop(base, EVLOOP_ONCE);
}

static void
counts(void)
{
	uint64_t id[2];
	uint32_t seq;

	begin(2);
	for (size_t i = 0; i < 2; i++) {
		give(i, NULL);
		ack((int)i, id[i] = started((int)i));
	}
	ok(feed_query(feed) && !feed_query(feed), "one question at a time");
	ok((seq = asked(0)) != 0 && asked(1) == seq, "each worker is asked");
	tell(0, seq, id[0], true);
	tell(1, seq, id[0], false);
	is_int(told, 1, "a worker tells of no other's streams");
	is_int(answers, 0, "the first has more to say");
	tell(0, seq - 1, id[0], false);
	is_int(answers, 0, "and no answer to an earlier question is taken");
	tell(0, seq, 0, false);
	ok(answers == 1 && told == 1 && told_ab == 10 && told_ba == 20,
	    "answered");
	tell(0, seq, id[0], false);
	is_int(told, 1, "once");
	ok(feed_query(feed), "the next question");
	tell(0, asked(0), id[0], false);
	close(worker[1]);
	turn();
	ok(answers == 2 && told == 2, "one that dies has answered");
	worker[1] = dup(worker[0]);
	finish(2);
}

static void
no_answer(void)
{
	uint32_t seq;

	begin(0);
	ok(feed_query(feed) && answers == 0, "nobody is asked");
	turn();
	is_int(answers, 1, "and answers");
	add_worker(0);
	answers = 0;
	ok(feed_query(feed), "a worker that is stopped is asked");
	seq = asked(0);
	turn();
	is_int(answers, 0, "it is waited for");
	wait_counted();
	is_int(answers, 1, "but not for ever");
	ok(feed_query(feed), "the next question");
	tell(0, seq, 0, false);
	is_int(answers, 1, "a late answer is none");
	finish(1);
}

/* A worker that reads nothing is asked when it does. */
static void
asked_later(void)
{
	size_t sent = 0;
	uint32_t seq = 0;

	begin(1);
	while (!feed_busy(feed) && sent < STREAMS)
		if (give(sent, NULL) == 0)
			sent++;
	ok(feed_query(feed), "a worker that is full is asked");
	while (sent > 0 && seq == 0) {
		if ((seq = asked(0)) == 0 && msg.type == RELAY_START)
			sent--;
		turn();
	}
	ok(seq != 0, "when it reads again");
	tell(0, seq, 0, false);
	is_int(answers, 1, "and answers");
	finish(1);
}

static void
share(void)
{
	char c = 'x', path[] = "/dev/null";
	int sv[2], fd[1], nfd = 1, file = open(path, O_RDONLY);

	sockets(SOCK_SEQPACKET, sv);
	is_int(feed_share(sv[0], file), 0, "a worker is given a file");
	ok(fdpass_recv(sv[1], &c, 1, fd, &nfd, NULL) == 1 && nfd == 1 &&
		c == RELAY_SHARE,
	    "by a message of one byte");
	close(fd[0]);
	close(sv[1]);
	is_int(feed_share(sv[0], file), -1, "one that is gone is not");
	close(sv[0]);
	close(file);
}

static void
limits(void)
{
	static char big[RELAY_FIRST_MAX + 1];
	size_t n = 0;
	int sv[2];

	begin(0);
	sockets(SOCK_STREAM, sv);
	is_int(feed_send(feed, sv[0], sv[1], big, sizeof(big), NULL, 0, NULL,
		   NULL),
	    -1, "too many first bytes");
	ok(errno == EMSGSIZE && fcntl(sv[0], F_GETFD) == -1,
	    "refused, and closed");
	for (; n < 500 && give(n, NULL) == 0; n++)
		continue;
	is_int(feed_pending(feed), 500, "without a worker pairs wait");
	finish(0);
}

int
main(void)
{
	if ((base = event_base_new()) == NULL)
		die("event_base_new");
	one_stream();
	least_loaded();
	refusals();
	forged();
	death();
	last_words();
	another_takes_over();
	full_socket();
	counts();
	no_answer();
	asked_later();
	share();
	limits();
	event_base_free(base);
	return done_testing();
}
