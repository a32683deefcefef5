/*
 * A real worker, started as vsapd starts it: acknowledgement, first bytes,
 * reports, the descriptor limit, and its life as an orphan.
 */
#include "spawn.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "relay_msg.h"
#include "tap.h"

#define PATIENCE 10000
#define FD_LIMIT 200 /* of the worker that is to run into it */

static char relay[4096];
static struct relay_msg msg;
static unsigned char packet[RELAY_MSG_MAX];

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* build/unit/t_worker: the program is build/vsap-relay. */
static bool
find_relay(void)
{
	ssize_t n = readlink("/proc/self/exe", relay, sizeof(relay) - 32);
	char *slash;

	if (n == -1)
		die("readlink");
	relay[n] = '\0';
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(relay, '/')) != NULL)
			*slash = '\0';
	strlcat(relay, "/vsap-relay", sizeof(relay));
	return access(relay, X_OK) == 0;
}

static int
start_worker(pid_t *pid)
{
	int fd = spawn_worker(relay, getuid(), getgid(), false, false, pid);

	if (fd == -1)
		die("spawn_worker");
	return fd;
}

static void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (poll(&pfd, 1, PATIENCE) == -1)
		die("poll");
}

/* A stream between two sockets; our far ends of it are in far[]. */
static void
send_start(int w, uint64_t id, int far[2])
{
	int a[2], b[2], pass[2], r;
	size_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) == -1)
		die("socketpair");
	memset(&msg, 0, sizeof(msg));
	msg.type = RELAY_START;
	msg.id = id;
	msg.first_ab = "first ";
	msg.first_ab_len = 6;
	n = relay_msg_format(&msg, packet, sizeof(packet));
	pass[0] = a[1];
	pass[1] = b[1];
	while (
	    (r = fdpass_send(w, packet, n, pass, 2)) == -1 && errno == EAGAIN)
		wait_for(w, POLLOUT);
	if (r == -1)
		die("fdpass_send");
	close(a[1]);
	close(b[1]);
	far[0] = a[0];
	far[1] = b[0];
}

/* The worker's next message; its type, 0 for none. */
static int
next_msg(int w)
{
	int fd[1], none = 0;
	ssize_t n;

	wait_for(w, POLLIN);
	n = fdpass_recv(w, packet, sizeof(packet), fd, &none, NULL);
	if (n <= 0 || relay_msg_parse(&msg, packet, (size_t)n) == -1)
		return 0;
	return (int)msg.type;
}

static bool
gives(int fd, const char *want)
{
	char got[64];
	size_t len = strlen(want), n = 0;
	ssize_t r = 1;

	while (n < len && r > 0) {
		wait_for(fd, POLLIN);
		if ((r = read(fd, got + n, len - n)) > 0)
			n += (size_t)r;
	}
	return n == len && memcmp(got, want, len) == 0;
}

static int
exit_status(pid_t pid)
{
	int status;

	for (int i = 0; i < PATIENCE / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)poll(NULL, 0, 10);
	}
	kill(pid, SIGKILL);
	return -1;
}

static bool
title_has(pid_t pid, const char *word)
{
	char path[64], text[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

static void
serves(void)
{
	int far[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send_start(w, 77, far);
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
	send_start(w, 78, far);
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
	send_start(w, 6, far);
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
	send_start(w, 1, far);
	is_int(next_msg(w), RELAY_ACK, "a stream begins");
	send_start(w, 2, late);
	close(w);
	for (int i = 0; i < PATIENCE / 10 && !title_has(pid, "orphan"); i++)
		(void)poll(NULL, 0, 10);
	ok(title_has(pid, "orphan"), "its feeder gone, it says orphan");
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

/* The feeder was killed before it read an ACK: what it had sent is served
 * all the same. */
static void
orphan_of_a_killed(void)
{
	int far[2], late[2], w;
	pid_t pid;

	w = start_worker(&pid);
	send_start(w, 1, far);
	wait_for(w, POLLIN);
	if (kill(pid, SIGSTOP) == -1)
		die("kill");
	send_start(w, 2, late);
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
		send_start(w, n + 1, far[n]);
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
	return done_testing();
}
