/*
 * A real worker, started as vsapd starts it: acknowledgement, first bytes,
 * reports, the descriptor limit, and its life as an orphan.
 */
#include "play_worker.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "ratecap.h"
#include "tap.h"

#define FD_LIMIT 200 /* of the worker that is to run into it */

static void
serves(void)
{
	int far[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send_start(w, 77, NULL, "first ", far);
	ok(next_msg(w) == RELAY_ACK && msg.count == 1 && msg.ids[0] == 77,
	    "a pair is acknowledged");
	if (write(far[0], "bytes", 5) != 5)
		die("write");
	ok(gives(far[1], "first bytes"), "first bytes come first");
	close(far[0]);
	close(far[1]);
	ok(next_msg(w) == RELAY_END && msg.count == 1 && msg.ends[0].id == 77 &&
		msg.ends[0].ab == 11,
	    "its end is reported");
	for (int sig = 0; sig < 3; sig++)
		kill(pid, (int[]){ SIGINT, SIGHUP, SIGPIPE }[sig]);
	send_start(w, 78, NULL, "first ", far);
	is_int(next_msg(w), RELAY_ACK, "INT, HUP and PIPE change nothing");
	ok(getsid(pid) == pid, "it has a session of its own");
	close(far[0]);
	close(far[1]);
	is_int(next_msg(w), RELAY_END, "both ends gone: it ended");
	close(w);
	is_int(exit_status(pid), 0, "without streams it leaves at once");
}

static void
refuses_garbage(void)
{
	int far[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send(w, "\001garbage", 8, 0);
	msg.type = RELAY_START;
	msg.id = 5;
	msg.first_ab_len = msg.first_ba_len = 0;
	send(w, packet, relay_msg_format(&msg, packet, sizeof(packet)), 0);
	ok(next_msg(w) == RELAY_NAK && msg.id == 5 && msg.error == EBADMSG,
	    "a START without descriptors is refused");
	send_start(w, 6, NULL, "first ", far);
	is_int(next_msg(w), RELAY_ACK, "and it serves on");
	close(far[0]);
	close(far[1]);
	close(w);
	(void)exit_status(pid);
}

static void
orphan(void)
{
	int far[2], late[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send_start(w, 1, NULL, "first ", far);
	is_int(next_msg(w), RELAY_ACK, "a stream begins");
	send_start(w, 2, NULL, "first ", late);
	close(w);
	ok(title_gets(pid, "orphan"), "its feeder gone, it says orphan");
	is_int(waitpid(pid, NULL, WNOHANG), 0, "and lives");
	if (write(far[1], "back", 4) != 4 || write(far[0], "there", 5) != 5)
		die("write");
	ok(gives(far[1], "first there") && gives(far[0], "back"),
	    "its stream goes on");
	ok(gives(late[1], "first "), "the last one it was sent is served");
	close(far[0]);
	close(far[1]);
	close(late[0]);
	is_int(waitpid(pid, NULL, WNOHANG), 0, "it stays for the last");
	close(late[1]);
	is_int(exit_status(pid), 0, "and leaves after it");
}

#define MANY 600 /* streams, whose counts take three messages */

/* The counts of all streams: how many came, with bytes moved to b. */
static size_t
query(int w, uint32_t seq, uint64_t *ab)
{
	size_t n = 0;

	memset(&msg, 0, sizeof(msg));
	msg.type = RELAY_QUERY;
	msg.seq = seq;
	say(w, NULL, 0);
	*ab = 0;
	do {
		if (next_msg(w) != RELAY_COUNTS || msg.seq != seq)
			return 0;
		for (size_t i = 0; i < msg.count; i++)
			*ab += msg.ends[i].ab;
		n += msg.count;
	} while (msg.more);
	return n;
}

static void
counts(void)
{
	static int far[MANY][2];
	size_t acks = 0;
	uint64_t ab;
	pid_t pid;
	int w;

	w = start_worker(&pid);
	is_int(query(w, 1, &ab), 0, "no streams, no counts");
	for (size_t n = 0; n < MANY; n++)
		send_start(w, n + 1, NULL, "first ", far[n]);
	while (acks < MANY && next_msg(w) == RELAY_ACK)
		acks += msg.count;
	for (size_t n = 0; n < MANY; n++)
		if (!gives(far[n][1], "first "))
			die("a stream that does not run");
	is_int(query(w, 2, &ab), MANY, "all %d streams are told", MANY);
	is_int(ab, MANY * 6, "with what they moved");
	for (size_t n = 0; n < MANY; n++) {
		close(far[n][0]);
		close(far[n][1]);
	}
	close(w);
	is_int(exit_status(pid), 0, "it leaves in order");
}

#define REFUSALS 2000 /* more than the socket holds */

/* A feeder that reads nothing for a while misses nothing. */
static void
slow_feeder(void)
{
	size_t n = 0;
	pid_t pid;
	int w;

	w = start_worker(&pid);
	memset(&msg, 0, sizeof(msg));
	msg.type = RELAY_START;
	for (msg.id = 1; msg.id <= REFUSALS; msg.id++)
		say(w, NULL, 0); /* without its descriptors */
	for (int i = 0; i < PATIENCE / 10 && net_unacked(w) > 0; i++)
		(void)poll(NULL, 0, 10);
	while (n < REFUSALS && next_msg(w) == RELAY_NAK && msg.id == n + 1)
		n++;
	is_int(n, REFUSALS, "a slow feeder is told all, in order");
	close(w);
	is_int(exit_status(pid), 0, "it leaves in order");
}

static void
share(int w, int file)
{
	memset(&msg, 0, sizeof(msg));
	msg.type = RELAY_SHARE;
	say(w, &file, file != -1);
}

/* What is no file of caps is not looked at, and nothing is lost by it. */
static void
bad_shares(void)
{
	int far[2], w, other = memfd_create("other", 0);
	struct relay_opts opts = { .slot = 1, .rate = 1 };
	pid_t pid;

	if (other == -1 || ftruncate(other, 1 << 20) == -1)
		die("memfd_create");
	w = start_worker(&pid);
	share(w, -1);
	share(w, other);
	send_start(w, 1, &opts, "first ", far);
	is_int(next_msg(w), RELAY_ACK, "without a file of caps it serves on");
	ok(gives(far[1], "first "), "without caps");
	close(other);
	other = ratecap_make();
	share(w, other);
	share(w, other);
	close(other);
	close(far[0]);
	close(far[1]);
	is_int(next_msg(w), RELAY_END, "one file is enough");
	close(w);
	is_int(exit_status(pid), 0, "it leaves in order");
}

/* The feeder was killed before it read an ACK: what it had sent is served
 * all the same. */
static void
orphan_of_a_killed(void)
{
	int far[2], late[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send_start(w, 1, NULL, "first ", far);
	wait_for(w, POLLIN);
	if (kill(pid, SIGSTOP) == -1)
		die("kill");
	send_start(w, 2, NULL, "first ", late);
	close(w);
	if (kill(pid, SIGCONT) == -1)
		die("kill");
	ok(gives(late[1], "first "),
	    "the last START of a killed feeder counts");
	ok(gives(far[1], "first "), "and the one before");
	for (int i = 0; i < 2; i++) {
		close(far[i]);
		close(late[i]);
	}
	is_int(exit_status(pid), 0, "and it leaves after them");
}

static void
descriptor_limit(void)
{
	static int far[FD_LIMIT][2];
	struct rlimit old, rl = { .rlim_cur = FD_LIMIT, .rlim_max = FD_LIMIT };
	size_t acks = 0, naks = 0, n = 0, open_ends = FD_LIMIT / 2;
	pid_t pid;
	int w, type;

	if (getrlimit(RLIMIT_NOFILE, &old) == -1)
		die("getrlimit");
	w = start_worker(&pid);
	if (prlimit(pid, RLIMIT_NOFILE, &rl, NULL) == -1)
		die("prlimit");
	for (n = 0; n < open_ends; n++)
		send_start(w, n + 1, NULL, "first ", far[n]);
	while (acks + naks < open_ends && (type = next_msg(w)) != 0) {
		if (type == RELAY_ACK)
			acks += msg.count;
		else if (type == RELAY_NAK && msg.error == EMFILE)
			naks++;
	}
	is_int(acks + naks, open_ends, "at the limit each pair is answered");
	ok(acks > 50 && naks > 0, "some taken (%zu), some refused (%zu)", acks,
	    naks);
	if (write(far[0][0], "on", 2) != 2)
		die("write");
	ok(gives(far[0][1], "first on"), "those that were taken go on");
	for (n = 0; n < open_ends; n++) {
		close(far[n][0]);
		close(far[n][1]);
	}
	for (n = 0; n < acks && next_msg(w) == RELAY_END; n += msg.count)
		continue;
	is_int(n, acks, "and are reported");
	close(w);
	is_int(exit_status(pid), 0, "it leaves in order");
}

int
main(void)
{
	if (!find_relay()) {
		printf("ok 1 - worker # skip vsap-relay is not built\n1..1\n");
		return 0;
	}
	serves();
	refuses_garbage();
	orphan();
	orphan_of_a_killed();
	descriptor_limit();
	counts();
	slow_feeder();
	bad_shares();
	return done_testing();
}
