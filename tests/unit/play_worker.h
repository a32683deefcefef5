#ifndef PLAY_WORKER_H
#define PLAY_WORKER_H

/*
 * The feeder's part, played to real workers: build/vsap-relay, started as
 * vsapd starts it.
 */

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
#include "spawn.h"

#define PATIENCE 10000 /* ms that a condition may take */

static char relay[4096];
static struct relay_msg msg; /* the last one sent or received */
static unsigned char packet[RELAY_MSG_MAX];

static inline void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* build/unit/t_NAME: the program is build/vsap-relay. */
static inline bool
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

static inline int
start_worker(pid_t *pid)
{
	int fd = spawn_worker(relay, getuid(), getgid(), 0, pid);

	if (fd == -1)
		die("spawn_worker");
	return fd;
}

static inline void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (poll(&pfd, 1, PATIENCE) == -1)
		die("poll");
}

/* Send msg. */
static inline void
say(int w, const int *fds, int nfds)
{
	size_t n = relay_msg_format(&msg, packet, sizeof(packet));
	int r;

	while (
	    (r = fdpass_send(w, packet, n, fds, nfds)) == -1 && errno == EAGAIN)
		wait_for(w, POLLOUT);
	if (r == -1)
		die("fdpass_send");
}

/* A stream between two sockets; our far ends of it are in far[]. */
static inline void
send_start(int w, uint64_t id, const struct relay_opts *opts, const char *first,
    int far[2])
{
	int a[2], b[2], pass[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) == -1)
		die("socketpair");
	memset(&msg, 0, sizeof(msg));
	msg.type = RELAY_START;
	msg.id = id;
	msg.first_ab = first;
	msg.first_ab_len = strlen(first);
	if (opts != NULL)
		msg.opts = *opts;
	pass[0] = a[1];
	pass[1] = b[1];
	say(w, pass, 2);
	close(a[1]);
	close(b[1]);
	far[0] = a[0];
	far[1] = b[0];
}

/* The worker's next message; its type, 0 for none. */
static inline int
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

static inline bool
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

static inline int
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

#endif
