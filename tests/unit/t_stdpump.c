/*
 * The pump between a socket and every kind of descriptor: all bytes, both
 * half-closes, and an end in each case where one is due.  The pump runs in
 * a child; this process plays the peer, the producer and the consumer.
 */
#include "stdpump.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "tap.h"

#define BIG (6 * 1024 * 1024)
#define PATIENCE 20 /* seconds until a test has failed */

static char file[] = "/tmp/t_stdpump.XXXXXX";

/* A connected pair over TCP on loopback. */
static void
tcp_pair(int pair[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&sin, len) == -1 || listen(l, 1) == -1 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(pair[0], (struct sockaddr *)&sin, len) == -1 ||
	    (pair[1] = accept(l, NULL, NULL)) == -1)
		exit(1);
	net_tune(pair[0]);
	net_tune(pair[1]);
	close(l);
}

enum what { W_PIPE, W_SOCKET, W_FILE, W_PTY };
static const char *const names[] = { "pipe", "socket", "file", "terminal" };

static struct run {
	pid_t pid;
	int peer;     /* our end of the stream */
	int producer; /* our end of what the pump reads, -1: a file */
	int consumer; /* our end of what it writes, or the file */
	int report[2];
} run;

/* Fresh descriptors: ours and the pump's. */
static void
make_end(enum what w, bool input, int *ours, int *its)
{
	int fds[2];

	switch (w) {
	case W_PIPE:
		if (pipe(fds) == -1)
			exit(1);
		*ours = fds[input ? 1 : 0];
		*its = fds[input ? 0 : 1];
		break;
	case W_SOCKET:
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
			exit(1);
		*ours = fds[0];
		*its = fds[1];
		break;
	case W_FILE:
		*its = open(file, input ? O_RDONLY : O_RDWR | O_TRUNC);
		*ours = input ? -1 : dup(*its);
		break;
	case W_PTY:
		if (openpty(ours, its, NULL, NULL, NULL) == -1)
			exit(1);
		break;
	}
}

/* Start the pump; child's result and counts come by run.report. */
static void
start(int pair[2], enum what in, enum what out, bool keep)
{
	struct {
		int r, error;
		struct stdpump_count c;
	} res = { 0 };
	int its_in, its_out;

	make_end(in, true, &run.producer, &its_in);
	make_end(out, false, &run.consumer, &its_out);
	if (pipe(run.report) == -1 || (run.pid = fork()) == -1)
		exit(1);
	if (run.pid == 0) {
		alarm(PATIENCE);
		close(pair[1]);
		close(run.producer);
		close(run.consumer);
		close(run.report[0]);
		res.r = (keep ? stdpump_keep : stdpump)(pair[0], its_in,
		    its_out, &res.c);
		res.error = errno;
		_exit(write(run.report[1], &res, sizeof(res)) !=
		      (ssize_t)sizeof(res));
	}
	close(run.report[1]);
	close(pair[0]);
	close(its_in);
	close(its_out);
	run.peer = pair[1];
}

/* The pump's errno at its end; -1: it did not come to one. */
static int
finished(struct stdpump_count *c)
{
	struct {
		int r, error;
		struct stdpump_count c;
	} res;
	ssize_t n = read(run.report[0], &res, sizeof(res));

	waitpid(run.pid, NULL, 0);
	close(run.report[0]);
	if (run.peer != -1)
		close(run.peer);
	if (run.producer != -1)
		close(run.producer);
	if (run.consumer != -1)
		close(run.consumer);
	if (n != (ssize_t)sizeof(res))
		return -1;
	if (c != NULL)
		*c = res.c;
	return res.r == 0 ? 0 : res.error;
}

static void
closed(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# short write\n");
}

/* What comes within the patience, up to the end or size; NUL is added. */
static const char *
get(int fd, size_t size)
{
	static char buf[256];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size && poll(&pfd, 1, PATIENCE * 1000) == 1) {
		n = read(fd, buf + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	buf[len] = '\0';
	return buf;
}

static bool
at_end(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&pfd, 1, PATIENCE * 1000) == 1 && read(fd, &c, 1) == 0;
}

static unsigned char
pattern(size_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

/* Write BIG bytes and read BIG bytes at once; a child does the writing. */
static bool
exchange(int to, int from)
{
	static unsigned char buf[65536];
	size_t i, got = 0, good = 1;
	ssize_t n;
	pid_t pid = 0;

	if (to != -1 && (pid = fork()) == 0) {
		alarm(PATIENCE);
		for (got = 0; got < BIG; got += (size_t)n) {
			for (i = 0; i < sizeof(buf); i++)
				buf[i] = pattern(got + i);
			if ((n = write(to, buf, sizeof(buf))) <= 0)
				_exit(1);
		}
		_exit(0);
	}
	while (got < BIG && (n = read(from, buf, sizeof(buf))) > 0)
		for (i = 0; i < (size_t)n; i++, got++)
			good &= buf[i] == pattern(got);
	if (to != -1)
		waitpid(pid, NULL, 0);
	return good && got == BIG;
}

static void
whole_streams(enum what in, enum what out, bool tcp)
{
	struct stdpump_count c = { 0, 0 };
	int pair[2];

	if (tcp)
		tcp_pair(pair);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return;
	start(pair, in, out, false);
	ok(exchange(run.producer, run.peer), "%s to %s: all bytes", names[in],
	    tcp ? "TCP" : "UNIX");
	if (run.producer != -1)
		closed(&run.producer);
	ok(at_end(run.peer), "and the end of input as half-close");
	ok(exchange(run.peer, run.consumer), "%s to %s: all bytes after it",
	    tcp ? "TCP" : "UNIX", names[out]);
	closed(&run.peer);
	is_int(finished(&c), 0, "an orderly end");
	ok(c.sent == BIG && c.received == BIG, "and the right counts");
}

/* A file as output cannot be read while it grows: count afterwards. */
static void
to_file(void)
{
	struct stdpump_count c = { 0, 0 };
	int pair[2];

	tcp_pair(pair);
	start(pair, W_PIPE, W_FILE, false);
	put(run.producer, "x");
	closed(&run.producer);
	is_str(get(run.peer, 1), "x", "pipe to TCP to file: input");
	put(run.peer, "abc");
	closed(&run.peer);
	is_int(finished(&c), 0, "an orderly end");
	ok(c.sent == 1 && c.received == 3, "counts");
}

static void
from_file(void)
{
	unsigned char buf[4096];
	size_t i, got;
	FILE *f = fopen(file, "w");

	for (got = 0; f != NULL && got < BIG; got += sizeof(buf)) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = pattern(got + i);
		if (fwrite(buf, sizeof(buf), 1, f) != 1)
			exit(1);
	}
	if (f == NULL || fclose(f) != 0)
		exit(1);
	whole_streams(W_FILE, W_PIPE, true);
	whole_streams(W_FILE, W_SOCKET, false);
}

static void
peer_ends_first(void)
{
	int pair[2];

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	put(run.peer, "bye");
	shutdown(run.peer, SHUT_WR);
	is_str(get(run.consumer, 3), "bye", "the peer half-closes: its bytes");
	ok(at_end(run.consumer), "the reader sees the end at once");
	put(run.producer, "late");
	is_str(get(run.peer, 4), "late", "and input still gets through");
	closed(&run.producer);
	ok(at_end(run.peer), "until its own end");
	is_int(finished(NULL), 0, "an orderly end");

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	closed(&run.peer);
	ok(at_end(run.consumer), "the peer closes: the reader sees the end");
	put(run.producer, "a");
	poll(NULL, 0, 50);
	is_int(finished(NULL), EPIPE, "what it does not take ends the pump");

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return;
	start(pair, W_PIPE, W_PIPE, false);
	closed(&run.peer);
	is_int(finished(NULL), 0, "a UNIX peer that closes ends it at once");

	tcp_pair(pair);
	start(pair, W_PTY, W_PIPE, false);
	put(run.peer, "x");
	closed(&run.peer);
	is_int(finished(NULL), 0,
	    "input a terminal: the peer's end is the end");

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, true);
	put(run.peer, "x");
	shutdown(run.peer, SHUT_WR);
	is_str(get(run.consumer, 1), "x", "stdpump_keep: bytes");
	is_int(finished(NULL), 0, "stdpump_keep: the peer's end is the end");
}

static void
cut_streams(void)
{
	int pair[2];

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	put(run.peer, "last words");
	is_str(get(run.consumer, 10), "last words", "before a reset");
	net_reset(run.peer);
	run.peer = -1;
	is_int(finished(NULL), ECONNRESET, "a reset ends it at once");

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	closed(&run.consumer);
	put(run.peer, "nobody reads this");
	is_int(finished(NULL), EPIPE, "the reader gone: EPIPE");

	tcp_pair(pair);
	start(pair, W_PTY, W_SOCKET, false);
	closed(&run.consumer);
	put(run.peer, "nobody reads this");
	is_int(finished(NULL), EPIPE, "a socket as output gone: EPIPE");

	/* the terminal hangs up */
	tcp_pair(pair);
	start(pair, W_PTY, W_PIPE, false);
	closed(&run.producer);
	ok(at_end(run.peer), "the terminal gone is the end of input");
	closed(&run.peer);
	is_int(finished(NULL), 0, "and of the pump with the stream's");
}

/* Urgent data stops splice(2); it arrives in line all the same. */
static void
urgent(void)
{
	int pair[2];

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	put(run.peer, "ab");
	is_str(get(run.consumer, 2), "ab", "before urgent data");
	send(run.peer, "!", 1, MSG_OOB);
	put(run.peer, "cd");
	is_str(get(run.consumer, 3), "!cd", "urgent data in line");
	closed(&run.producer);
	closed(&run.peer);
	is_int(finished(NULL), 0, "an orderly end");
}

/* A pump that waits does not turn: its processor time says so. */
static void
no_spinning(enum what in, enum what out)
{
	char path[64], line[512] = "";
	unsigned long utime = 0, stime = 0;
	const char *p;
	FILE *f;
	int pair[2], i;

	tcp_pair(pair);
	start(pair, in, out, false);
	/* neither the peer nor the reader takes anything */
	net_nonblock(run.producer, true);
	net_nonblock(run.peer, true);
	for (i = 0; i < 200; i++) {
		while (write(run.producer, file, sizeof(file)) > 0)
			continue;
		while (write(run.peer, file, sizeof(file)) > 0)
			continue;
		poll(NULL, 0, 2);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)run.pid);
	if ((f = fopen(path, "r")) != NULL) {
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		fclose(f);
	}
	if ((p = strrchr(line, ')')) != NULL)
		sscanf(p + 2,
		    "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		    "%lu %lu",
		    &utime, &stime);
	ok(utime + stime < 25, "stuffed both ways, %s and %s: it sleeps (%lu)",
	    names[in], names[out], utime + stime);
	closed(&run.consumer);
	net_reset(run.peer);
	run.peer = -1;
	ok(finished(NULL) > 0, "and ends");
}

/* Small writes are not held back. */
static void
ping_pong(void)
{
	struct timespec a, b;
	int pair[2], i;
	long ms;
	char c = 'x';

	tcp_pair(pair);
	start(pair, W_PIPE, W_PIPE, false);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < 500; i++)
		if (write(run.producer, &c, 1) != 1 ||
		    read(run.peer, &c, 1) != 1 || write(run.peer, &c, 1) != 1 ||
		    read(run.consumer, &c, 1) != 1)
			break;
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	ok(i == 500 && ms < 2500, "500 round trips in %ld ms", ms);
	closed(&run.producer);
	closed(&run.peer);
	is_int(finished(NULL), 0, "an orderly end");
}

int
main(void)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if ((fd = mkstemp(file)) == -1)
		return 1;
	close(fd);
	whole_streams(W_PIPE, W_PIPE, true);
	whole_streams(W_PIPE, W_PIPE, false);
	whole_streams(W_SOCKET, W_SOCKET, true);
	whole_streams(W_SOCKET, W_PIPE, false);
	from_file();
	to_file();
	peer_ends_first();
	cut_streams();
	urgent();
	no_spinning(W_PIPE, W_PIPE);
	no_spinning(W_SOCKET, W_SOCKET);
	ping_pong();
	ok(unlink(file) == 0, "cleaned up");
	return done_testing();
}
