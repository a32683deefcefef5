/*
 * Many bytes both ways at once, each of them checked.
 *
 *	pattern [-n bytes] [-x] host:port | /path | -
 *	pattern -l [-n bytes] [-x]
 *
 * One end sends N bytes (1 MiB) of one pattern, then the end of its output,
 * and expects N bytes of the other pattern and the end; its other end is
 * pattern -x, which has the patterns exchanged.  Both go on at once and
 * neither waits for the other.  "-" is standard input and output.  -l says
 * "listening on ADDRESS" and serves one connection there.
 *
 * -o makes it one after the other, to see half-close: without -x it sends
 * all and its end before it reads, with -x it reads to the end before it
 * sends.  Status 0 and "N bytes each way" on standard error if all was right.
 */
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "net.h"

#define BLOCK 131072
#define WORDS (BLOCK / sizeof(uint64_t))

/* A pattern: a block of noise, each time it comes round another one. */
struct pattern {
	uint64_t noise[WORDS], block[WORDS];
	uint64_t round;
	uint64_t done; /* bytes of the whole */
};

static struct pattern out, in;

static void
fill(struct pattern *p)
{
	for (size_t i = 0; i < WORDS; i++)
		p->block[i] = p->noise[i] ^ (p->round * 0x9e3779b97f4a7c15u);
	p->round++;
}

static void
seed(struct pattern *p, uint64_t x)
{
	for (size_t i = 0; i < WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p->noise[i] = x;
	}
	fill(p);
}

/* Where the next byte of p stands in its block, and how many follow. */
static char *
at(struct pattern *p, size_t *left)
{
	size_t off = p->done % BLOCK;

	*left = BLOCK - off;
	return (char *)p->block + off;
}

static void
advance(struct pattern *p, size_t n)
{
	p->done += n;
	if (p->done % BLOCK == 0)
		fill(p);
}

/* ---- one way ------------------------------------------------------------- */

/* The end of our output. */
static void
finish(int fd)
{
	if (shutdown(fd, SHUT_WR) == -1 && errno != ENOTSOCK)
		err(1, "shutdown");
	if (errno == ENOTSOCK || fd == STDOUT_FILENO)
		close(fd);
}

/* false: all is sent. */
static bool
send_some(int fd, uint64_t total)
{
	size_t n;
	const char *p = at(&out, &n);
	ssize_t r;

	if (n > total - out.done)
		n = (size_t)(total - out.done);
	if (n > 0) {
		if ((r = write(fd, p, n)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				return true;
			err(1, "write, after %llu bytes",
			    (unsigned long long)out.done);
		}
		advance(&out, (size_t)r);
	}
	if (out.done < total)
		return true;
	errno = 0;
	finish(fd);
	return false;
}

static void
check(const char *got, size_t n)
{
	size_t left;
	const char *want;

	while (n > 0) {
		want = at(&in, &left);
		if (left > n)
			left = n;
		if (memcmp(want, got, left) != 0)
			errx(1, "other bytes, after %llu",
			    (unsigned long long)in.done);
		advance(&in, left);
		got += left;
		n -= left;
	}
}

/* false: the end came, and where it should. */
static bool
receive_some(int fd, uint64_t total)
{
	static char buf[BLOCK];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		err(1, "read, after %llu bytes", (unsigned long long)in.done);
	}
	if (n == 0 && in.done != total)
		errx(1, "the end, after %llu bytes of %llu",
		    (unsigned long long)in.done, (unsigned long long)total);
	if (n == 0)
		return false;
	if (in.done + (uint64_t)n > total)
		errx(1, "more than %llu bytes", (unsigned long long)total);
	check(buf, (size_t)n);
	return true;
}

/* ---- both ways ----------------------------------------------------------- */

static void
both(int rfd, int wfd, uint64_t total)
{
	struct pollfd p[2] = {
		{ .fd = rfd, .events = POLLIN },
		{ .fd = wfd, .events = POLLOUT },
	};

	if (net_nonblock(rfd, true) == -1 || net_nonblock(wfd, true) == -1)
		err(1, "nonblock");
	while (p[0].fd != -1 || p[1].fd != -1) {
		if (poll(p, 2, -1) == -1)
			err(1, "poll");
		if (p[0].revents != 0 && !receive_some(rfd, total))
			p[0].fd = -1;
		if (p[1].revents != 0 && !send_some(wfd, total))
			p[1].fd = -1;
		p[0].revents = p[1].revents = 0;
	}
}

static void
by_turns(int rfd, int wfd, uint64_t total, bool read_first)
{
	if (net_nonblock(rfd, false) == -1 || net_nonblock(wfd, false) == -1)
		err(1, "blocking");
	while (read_first && receive_some(rfd, total))
		continue;
	while (send_some(wfd, total))
		continue;
	while (!read_first && receive_some(rfd, total))
		continue;
}

static int
visitor(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[ADDR_STRLEN], error[128];
	struct addr a;
	int fd, c;

	if (addr_parse(&a, "127.0.0.1:0", ADDR_FOR_LISTEN, error,
		sizeof(error)) == -1)
		errx(1, "%s", error);
	if ((fd = net_listen(&a, 1, 0)) == -1 ||
	    net_nonblock(fd, false) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		err(1, "listen");
	fprintf(stderr, "listening on %s\n",
	    addr_format_sa((struct sockaddr *)&ss, len, text, sizeof(text)));
	if ((c = accept(fd, NULL, NULL)) == -1)
		err(1, "accept");
	close(fd);
	return c;
}

static int
call(const char *text)
{
	struct sockaddr_storage ss;
	socklen_t len;
	char error[256];
	struct addr a;
	int fd;

	if (addr_parse(&a, text, ADDR_F_TCP | ADDR_F_UNIX, error,
		sizeof(error)) == -1 ||
	    (len = addr_sockaddr(&a, &ss)) == 0)
		errx(1, "%s: no address", text);
	if ((fd = socket(ss.ss_family, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&ss, len) == -1)
		err(1, "%s", text);
	return fd;
}

static uint64_t
number(const char *text)
{
	const char *why;
	uint64_t n = (uint64_t)strtonum(text, 0, 1LL << 40, &why);

	if (why != NULL)
		errx(1, "%s: %s", text, why);
	return n;
}

int
main(int argc, char *argv[])
{
	bool exchanged = false, listening = false, turns = false;
	uint64_t total = 1 << 20;
	int ch, rfd, wfd;

	while ((ch = getopt(argc, argv, "ln:ox")) != -1) {
		if (ch == 'n')
			total = number(optarg);
		else if (ch == 'x')
			exchanged = true;
		else if (ch == 'o')
			turns = true;
		else if (ch == 'l')
			listening = true;
		else
			return 1;
	}
	if (!listening && argv[optind] == NULL)
		errx(1, "usage: pattern [-lox] [-n bytes] [address | -]");
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(1, "signal");
	seed(&out, exchanged ? 2 : 1);
	seed(&in, exchanged ? 1 : 2);
	if (!listening && strcmp(argv[optind], "-") == 0) {
		rfd = STDIN_FILENO;
		wfd = STDOUT_FILENO;
	} else
		rfd = wfd = listening ? visitor() : call(argv[optind]);
	if (turns)
		by_turns(rfd, wfd, total, exchanged);
	else
		both(rfd, wfd, total);
	fprintf(stderr, "%llu bytes each way\n", (unsigned long long)total);
	return 0;
}
