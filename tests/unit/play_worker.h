#ifndef PLAY_WORKER_H
#define PLAY_WORKER_H

/*
 * The feeder's part, played to real workers, started as vsapd starts them.
 */

#include <sys/socket.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "play_relay.h"
#include "relay_msg.h"
#include "spawn.h"

static struct relay_msg msg; /* the last one sent or received */
static unsigned char packet[RELAY_MSG_MAX];

static inline int
start_worker(pid_t *pid)
{
	int fd = spawn_worker(relay, getuid(), getgid(), 0, pid);

	if (fd == -1)
		die("spawn_worker");
	return fd;
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

#endif
