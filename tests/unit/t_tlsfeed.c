/*
 * The owner's side of TLS workers, before workers that are played here:
 * which one gets a connection, what becomes of it when that one refuses or
 * dies, what is never believed.
 */
#include "tlsfeed.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "play_crew.h"
#include "proc.h"
#include "tap.h"
#include "tls_msg.h"

static struct tlsfeed *feed;

/* What the owner was told last, and how often. */
static struct {
	size_t up, down, end, dead, counts, counted, loaded;
	void *user;
	char text[256];
	struct relay_end r;
	uint64_t ab;
	int slot;
} told;

/* A connection: the TLS peer's socket, our plain end, what the worker got. */
struct conn {
	int net, plain;
	uint64_t id;
	int got[2]; /* by a played worker */
};

static struct tls_msg msg;
static unsigned char packet[TLS_MSG_MAX];

static void
on_up(void *arg, void *user, const struct tls_peer *p)
{
	(void)arg;
	told.up++;
	told.user = user;
	snprintf(told.text, sizeof(told.text), "%s/%s/%s", p->cipher, p->name,
	    p->print);
}

static void
on_down(void *arg, void *user, const char *reason)
{
	(void)arg;
	told.down++;
	told.user = user;
	strlcpy(told.text, reason, sizeof(told.text));
}

static void
on_end(void *arg, void *user, const struct relay_end *r)
{
	(void)arg;
	told.end++;
	told.user = user;
	told.r = *r;
}

static void add_worker(int slot);
static bool heir; /* on_dead() adds another one at once */

static void
on_dead(void *arg, int slot)
{
	(void)arg;
	told.dead++;
	told.slot = slot;
	if (heir)
		add_worker(slot);
}

static void
on_counts(void *arg, void *user, uint64_t ab, uint64_t ba)
{
	(void)arg;
	(void)ba;
	told.counts++;
	told.user = user;
	told.ab = ab;
}

static void
on_counted(void *arg)
{
	(void)arg;
	told.counted++;
}

static void
on_loaded(void *arg, int slot, uint32_t cfg, const char *error)
{
	(void)arg;
	(void)cfg;
	told.loaded++;
	told.slot = slot;
	strlcpy(told.text, error, sizeof(told.text));
}

static const struct tlsfeed_calls calls = {
	.up = on_up,
	.down = on_down,
	.end = on_end,
	.dead = on_dead,
	.counts = on_counts,
	.counted = on_counted,
	.loaded = on_loaded,
};

static void
add_worker(int slot)
{
	if (tlsfeed_add(feed, play_worker(slot), slot) == -1)
		die("tlsfeed_add");
}

static void
begin(int workers)
{
	memset(&told, 0, sizeof(told));
	if ((feed = tlsfeed_new(base, &calls, NULL)) == NULL)
		die("tlsfeed_new");
	for (int i = 0; i < WORKERS; i++)
		worker[i] = -1;
	for (int i = 0; i < workers; i++)
		add_worker(i);
}

static void
finish(void)
{
	tlsfeed_free(feed);
	for (int i = 0; i < WORKERS; i++)
		if (worker[i] != -1)
			close(worker[i]);
}

/* Give the feed a connection whose user is c itself. */
static bool
give(struct conn *c)
{
	int sv[2];

	sockets(SOCK_STREAM, sv);
	c->net = sv[0];
	c->got[0] = c->got[1] = -1;
	c->plain =
	    tlsfeed_start(feed, sv[1], 7, "gw.example", "ahead", 5, c, &c->id);
	return c->plain != -1;
}

/* The next message that worker w was sent; its type, 0 for none. */
static int
sent(int w, struct conn *c)
{
	int fd[2], nfd = 2;
	ssize_t n;

	n = fdpass_recv(worker[w], packet, sizeof(packet), fd, &nfd, NULL);
	if (n <= 0 || tls_msg_parse(&msg, packet, (size_t)n) == -1)
		return 0;
	for (int i = 0; i < nfd; i++) {
		if (c == NULL)
			close(fd[i]);
		else
			c->got[i] = fd[i];
	}
	return (int)msg.type;
}

/* Worker w says what is in msg. */
static void
answer(int w)
{
	size_t n = tls_msg_format(&msg, packet, sizeof(packet));

	if (send(worker[w], packet, n, 0) != (ssize_t)n)
		die("send");
	turn();
}

static void
say(int w, enum tls_msg_type type, uint64_t id)
{
	memset(&msg, 0, sizeof(msg));
	msg.type = type;
	msg.id = msg.ends[0].id = id;
	msg.count = 1;
	msg.error = EMFILE;
	strlcpy(msg.text, "because", sizeof(msg.text));
	strlcpy(msg.text2, "TLSv1.3 X", sizeof(msg.text2));
	strlcpy(msg.text3, "alice", sizeof(msg.text3));
	answer(w);
}

static void
drop(struct conn *c)
{
	for (int i = 0; i < 2; i++)
		if (c->got[i] != -1)
			close(c->got[i]);
	if (c->net != -1)
		close(c->net);
	if (c->plain != -1)
		close(c->plain);
}

/* One that is up, with worker w. */
static void
bring_up(struct conn *c, int w)
{
	if (!give(c) || sent(w, c) != TLS_START || msg.id != c->id)
		die("START");
	say(w, TLS_ACK, c->id);
	say(w, TLS_UP, c->id);
}

/* To a peer, whose far end is returned. */
static int
switch_it(struct conn *c)
{
	int peer[2];

	sockets(SOCK_STREAM, peer);
	(void)tlsfeed_switch(feed, c->id, c->plain, peer[1], NULL, 0, 0, 0, 0);
	c->plain = -1;
	return peer[0];
}

/* Has the other end of fd been closed? */
static bool
gone(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLHUP);
}

static void
life(void)
{
	struct conn c;
	int peer[2];
	char b[8];

	begin(1);
	ok(give(&c), "a connection is given");
	is_int(tlsfeed_open(feed), 1, "and counted");
	is_int(sent(0, &c), TLS_START, "the worker is sent a START");
	ok(msg.id == c.id && msg.cfg == 7 &&
		strcmp(msg.text, "gw.example") == 0 && msg.firstlen == 5 &&
		memcmp(msg.first, "ahead", 5) == 0,
	    "with all that was said");
	ok(write(c.got[0], "x", 1) == 1 && read(c.net, b, 1) == 1,
	    "its first descriptor is the connection");
	ok(write(c.got[1], "y", 1) == 1 && read(c.plain, b, 1) == 1,
	    "its second our plain end's other end");
	ok((fcntl(c.plain, F_GETFL) & O_NONBLOCK) &&
		(fcntl(c.plain, F_GETFD) & FD_CLOEXEC),
	    "which does not block, nor is inherited");
	close(c.got[1]);
	c.got[1] = -1;
	ok(!gone(c.plain), "copies are kept");
	say(0, TLS_ACK, c.id);
	ok(gone(c.plain), "until it is acknowledged");
	say(0, TLS_UP, c.id);
	ok(told.up == 1 && told.user == &c, "UP is told");
	is_str(told.text, "TLSv1.3 X/alice/", "with who it is");

	sockets(SOCK_STREAM, peer);
	is_int(tlsfeed_switch(feed, c.id, dup(c.plain), peer[1], "GET", 3, 60,
		   5, 1000),
	    0, "switched");
	ok(tlsfeed_open(feed) == 0 && tlsfeed_streams(feed) == 1,
	    "it is a stream now");
	close(c.got[0]);
	is_int(sent(0, &c), TLS_SWITCH, "the worker is told");
	ok(msg.id == c.id && msg.idle == 60 && msg.slot == 5 &&
		msg.rate == 1000 && msg.firstlen == 3,
	    "with its numbers");
	ok(write(c.got[0], "z", 1) == 1 && read(peer[0], b, 1) == 1,
	    "and the peer");
	close(c.got[0]);
	c.got[0] = -1;
	ok(!gone(peer[0]), "a copy is kept");
	say(0, TLS_SWITCHED, c.id);
	ok(gone(peer[0]), "until that is confirmed");
	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_END;
	msg.ends[0] = (struct relay_end){ .id = c.id, .ab = 8, .ba = 9 };
	answer(0);
	ok(told.end == 1 && told.user == &c && told.r.ab == 8 && told.r.ba == 9,
	    "its end is told");
	is_int(tlsfeed_streams(feed), 0, "and it is no more");
	close(peer[0]);
	drop(&c);
	finish();
}

static void
fewest(void)
{
	struct conn c[4];
	size_t per[2] = { 0, 0 };

	begin(2);
	for (size_t i = 0; i < 4; i++)
		(void)give(&c[i]);
	for (int w = 0; w < 2; w++)
		while (sent(w, NULL) == TLS_START)
			per[w]++;
	ok(per[0] == 2 && per[1] == 2, "workers share");
	for (size_t i = 0; i < 4; i++)
		drop(&c[i]);
	finish();
}

static void
refused(void)
{
	struct conn c;

	begin(2);
	(void)give(&c);
	is_int(sent(0, NULL), TLS_START, "the first worker is asked");
	say(0, TLS_NAK, c.id);
	is_int(sent(1, NULL), TLS_START, "it refuses: the second is");
	is_int(told.down, 0, "nobody is told of that");
	say(1, TLS_NAK, c.id);
	ok(told.down == 1 && strstr(told.text, "refused") != NULL,
	    "both refuse: %s", told.text);
	ok(gone(c.net), "the connection is closed");
	is_int(tlsfeed_open(feed), 0, "and it is no more");
	drop(&c);

	(void)give(&c);
	(void)sent(0, &c);
	say(0, TLS_ACK, c.id);
	say(0, TLS_NAK, c.id);
	is_int(told.down, 1, "what was acknowledged cannot be refused");
	drop(&c);
	finish();
}

static void
no_worker(void)
{
	struct conn c;

	begin(0);
	ok(!give(&c) && errno == EAGAIN, "without a worker: not now");
	ok(gone(c.net), "it is closed");
	close(c.net);
	ok(tlsfeed_query(feed), "a question is asked all the same");
	event_base_loop(base, EVLOOP_ONCE);
	is_int(told.counted, 1, "and answered");
	finish();
}

static void
bad_starts(void)
{
	char name[300], first[TLS_FIRST_MAX + 1] = { 0 };
	uint64_t id;
	int sv[2];

	begin(1);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	sockets(SOCK_STREAM, sv);
	ok(tlsfeed_start(feed, dup(sv[1]), 1, name, NULL, 0, NULL, &id) == -1 &&
		errno == EINVAL,
	    "a name that is too long is not cut");
	ok(tlsfeed_start(feed, dup(sv[1]), 1, "a\nb", NULL, 0, NULL, &id) ==
		    -1 &&
		errno == EINVAL,
	    "nor one with a line feed sent");
	ok(tlsfeed_start(feed, sv[1], 1, NULL, first, sizeof(first), NULL,
	       &id) == -1 &&
		errno == EMSGSIZE,
	    "nor more bytes than fit");
	ok(gone(sv[0]), "all are closed");
	is_int(sent(0, NULL), 0, "and the worker hears nothing");
	close(sv[0]);
	finish();
}

static void
deaths(void)
{
	struct conn young, open, stream;
	int peer;

	begin(1);
	bring_up(&open, 0);
	bring_up(&stream, 0);
	peer = switch_it(&stream);
	(void)give(&young);
	close(worker[0]);
	worker[0] = -1;
	turn();
	ok(told.dead == 1 && told.slot == 0, "a worker's death is told");
	ok(told.down == 1 && strstr(told.text, "died") != NULL,
	    "who was open is down");
	ok(told.end == 1 && told.user == &stream &&
		told.r.cause == RELAY_KILLED,
	    "who was being switched has ended");
	ok(gone(peer), "its peer is let go");
	ok(!gone(young.net), "who had not begun waits");
	add_worker(1);
	ok(sent(1, &young) == TLS_START && msg.id == young.id,
	    "and goes to the next worker");
	say(1, TLS_ACK, young.id);
	say(1, TLS_UP, young.id);
	ok(told.user == &young, "which serves it");
	close(peer);
	drop(&young);
	drop(&open);
	drop(&stream);
	finish();
}

/* The dead one's heir is not taken for an earlier one, who refused. */
static void
heirs(void)
{
	struct conn c;

	begin(2);
	(void)give(&c);
	(void)sent(0, NULL);
	say(0, TLS_NAK, c.id);
	close(worker[0]);
	worker[0] = -1;
	turn();
	heir = true;
	close(worker[1]);
	turn();
	heir = false;
	ok(told.dead == 2 && told.down == 0, "refused, and the other one died");
	is_int(sent(1, NULL), TLS_START, "whose heir is asked");
	drop(&c);
	finish();
}

/* A worker's last words count. */
static void
last_words(void)
{
	struct conn c;

	begin(2);
	(void)give(&c);
	(void)sent(0, &c);
	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_ACK;
	msg.id = c.id;
	(void)send(worker[0], packet,
	    tls_msg_format(&msg, packet, sizeof(packet)), 0);
	close(worker[0]);
	worker[0] = -1;
	turn();
	is_int(told.down, 1, "acknowledged, then dead: it is down");
	is_int(sent(1, NULL), 0, "and not begun again");
	drop(&c);
	finish();
}

static void
forgotten(void)
{
	struct conn c;

	begin(1);
	bring_up(&c, 0);
	tlsfeed_forget(feed, c.id);
	is_int(tlsfeed_open(feed), 1, "one that is forgotten is still there");
	say(0, TLS_DOWN, c.id);
	is_int(told.down, 0, "its end is told to nobody");
	is_int(tlsfeed_open(feed), 0, "but known");
	tlsfeed_forget(feed, c.id);
	drop(&c);
	finish();
}

static void
resets(void)
{
	struct conn c;

	begin(1);
	bring_up(&c, 0);
	tlsfeed_reset(feed, c.id);
	ok(sent(0, NULL) == TLS_RESET && msg.id == c.id, "a reset is sent");
	is_int(tlsfeed_open(feed), 0, "and that was it");
	say(0, TLS_DOWN, c.id);
	is_int(told.down, 0, "nothing is told");
	drop(&c);

	(void)give(&c);
	tlsfeed_reset(feed, c.id);
	is_int(sent(0, &c), TLS_START, "before it is acknowledged");
	is_int(sent(0, NULL), TLS_RESET, "likewise");
	say(0, TLS_ACK, c.id);
	drop(&c);
	tlsfeed_reset(feed, c.id);
	is_int(sent(0, NULL), 0, "none for one that is gone");
	finish();
}

static void
bad_switches(void)
{
	struct conn c;
	int peer[2];

	begin(1);
	(void)give(&c);
	(void)sent(0, &c);
	sockets(SOCK_STREAM, peer);
	is_int(tlsfeed_switch(feed, c.id, c.plain, peer[1], NULL, 0, 0, 0, 0),
	    -1, "not before it is up");
	ok(gone(peer[0]) && gone(c.got[1]), "both are closed");
	say(0, TLS_ACK, c.id);
	say(0, TLS_DOWN, c.id);
	is_int(told.down, 0, "and nothing more is told");
	close(peer[0]);
	c.plain = -1;
	drop(&c);

	bring_up(&c, 0);
	peer[0] = switch_it(&c);
	say(0, TLS_NAK, c.id);
	ok(told.end == 1 && told.r.cause == RELAY_RESET,
	    "a refused switch is the stream's end");
	is_int(sent(0, NULL), TLS_SWITCH, "(it was asked)");
	ok(gone(peer[0]), "its peer is let go");
	close(peer[0]);
	drop(&c);

	bring_up(&c, 0);
	peer[0] = switch_it(&c);
	say(0, TLS_DOWN, c.id);
	is_int(told.end, 2, "so is an end that crosses it");
	say(0, TLS_NAK, c.id);
	is_int(told.end, 2, "told once");
	close(peer[0]);
	drop(&c);
	finish();
}

/* A worker that was taken over is believed as little as may be. */
static void
lies(void)
{
	struct conn c;

	begin(2);
	(void)give(&c);
	(void)sent(0, &c);
	say(0, TLS_UP, c.id);
	is_int(told.up, 0, "no UP before ACK");
	say(0, TLS_SWITCHED, c.id);
	say(0, TLS_END, c.id);
	is_int(told.end, 0, "no END of what is no stream");
	say(1, TLS_ACK, c.id);
	say(1, TLS_UP, c.id);
	say(1, TLS_DOWN, c.id);
	ok(told.up == 0 && told.down == 0,
	    "nothing about another worker's connections");
	say(0, TLS_ACK, c.id + 1);
	say(0, TLS_START, c.id);
	(void)send(worker[0], "garbage", 7, 0);
	turn();
	is_int(told.dead, 0, "garbage is passed over");
	say(0, TLS_ACK, c.id);
	say(0, TLS_ACK, c.id);
	say(0, TLS_UP, c.id);
	is_int(told.up, 1, "the truth counts");
	drop(&c);
	finish();
}

static void
queries(void)
{
	struct conn c;
	int peer;
	uint32_t seq;

	begin(2);
	bring_up(&c, 0);
	peer = switch_it(&c);
	(void)sent(0, NULL);
	say(0, TLS_SWITCHED, c.id);
	ok(tlsfeed_query(feed) && !tlsfeed_query(feed),
	    "one question at a time");
	ok(sent(0, NULL) == TLS_QUERY && sent(1, NULL) == TLS_QUERY,
	    "all workers are asked");
	seq = msg.seq;
	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_COUNTS;
	msg.seq = seq - 1;
	msg.count = 1;
	msg.ends[0] = (struct relay_end){ .id = c.id, .ab = 77 };
	answer(0);
	is_int(told.counts, 0, "an old answer is none");
	msg.seq = seq;
	answer(1);
	is_int(told.counts, 0, "nor are another worker's streams");
	msg.more = true;
	answer(0);
	ok(told.counts == 1 && told.user == &c && told.ab == 77,
	    "counts are told");
	is_int(told.counted, 0, "there are more");
	msg.more = false;
	msg.count = 0;
	answer(0);
	is_int(told.counted, 1, "that was all");
	ok(tlsfeed_query(feed), "and again");
	close(worker[0]);
	worker[0] = -1;
	turn();
	is_int(told.counted, 1, "a dead worker answers nothing");
	event_base_loop(base, EVLOOP_ONCE);
	is_int(told.counted, 2, "nor is a silent one waited for");
	close(peer);
	drop(&c);
	finish();
}

static void
configurations(void)
{
	int fd, file = dup(0);

	begin(1);
	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_LOADED;
	msg.cfg = 1;
	strlcpy(msg.text, "no key", sizeof(msg.text));
	answer(0);
	ok(told.loaded == 1 && strcmp(told.text, "no key") == 0,
	    "what a worker says to a configuration is told");
	finish();
	begin(0);
	fd = play_worker(0);
	is_int(tlsfeed_share(fd, file), 0, "the rates are shared");
	is_int(sent(0, NULL), TLS_SHARE, "by a message");
	close(fd);
	close(file);
	finish();
}

/* Nobody reads: what cannot be sent waits, up to a limit; then goes out in
 * its order. */
static void
full(void)
{
	static struct conn c[2 * TLSFEED_QUEUE_MAX];
	size_t n = 0, got = 0, order = 0;

	if (proc_raise_nofile() < 6 * TLSFEED_QUEUE_MAX) {
		ok(true, "a full queue # skip too few descriptors");
		return;
	}
	begin(1);
	while (n < sizeof(c) / sizeof(c[0]) && give(&c[n]))
		n++;
	ok(n >= TLSFEED_QUEUE_MAX && n < sizeof(c) / sizeof(c[0]) &&
		errno == EAGAIN,
	    "%zu are taken, then no more now", n);
	close(c[n].net);
	for (int quiet = 0; quiet < 3; turn(), quiet++)
		while (sent(0, NULL) == TLS_START) {
			order += msg.id == c[got].id;
			got++;
			quiet = 0;
		}
	ok(got == n && order == n, "all of them arrive, in their order");
	for (size_t i = 0; i < n; i++)
		drop(&c[i]);
	finish();
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if ((base = event_base_new()) == NULL)
		die("event_base_new");
	life();
	fewest();
	refused();
	no_worker();
	bad_starts();
	deaths();
	heirs();
	last_words();
	forgotten();
	resets();
	bad_switches();
	lies();
	queries();
	configurations();
	full();
	event_base_free(base);
	return done_testing();
}
