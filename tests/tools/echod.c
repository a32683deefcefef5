/*
 * An echo service for thousands at a time, in one process.
 *
 *	echod [-n name] [host:port | /path]
 *
 * Says "listening on ADDRESS" (127.0.0.1, any port, unless told otherwise),
 * then for each connection: NAME and a newline if -n is given, all that
 * comes back, and behind the end of what comes, the end.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "net.h"

#define BACKLOG 4096
#define BUFFER 16384

struct client {
	int fd;
	bool eof;
	size_t off, len; /* what is to go back */
	char buf[BUFFER];
};

static int ep;

static void
watch(struct client *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(ep, op, c->fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
leave(struct client *c)
{
	close(c->fd);
	free(c);
}

/* 1: all is gone, 0: later, -1: the client left. */
static int
give(struct client *c)
{
	ssize_t n;

	while (c->off < c->len) {
		n = send(c->fd, c->buf + c->off, c->len - c->off, MSG_NOSIGNAL);
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		c->off += (size_t)n;
	}
	c->off = c->len = 0;
	return 1;
}

/* 1: something came, 0: nothing now, -1: the client left. */
static int
take(struct client *c)
{
	ssize_t n = read(c->fd, c->buf, sizeof(c->buf));

	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	c->eof = n == 0;
	c->len = (size_t)n;
	return 1;
}

static void
serve(struct client *c)
{
	int r = 1;

	while (r == 1 && !c->eof && (r = give(c)) == 1)
		r = take(c);
	if (r == -1 || c->eof) {
		/* Alone, close() would be a reset if more had come. */
		(void)shutdown(c->fd, SHUT_WR);
		leave(c);
		return;
	}
	watch(c, EPOLL_CTL_MOD, c->len > 0 ? EPOLLOUT : EPOLLIN);
}

static void
greet(int lfd, const char *name)
{
	struct client *c;
	int fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) !=
	       -1) {
		if ((c = malloc(sizeof(*c))) == NULL)
			err(1, "client");
		c->fd = fd;
		c->eof = false;
		c->off = c->len = 0;
		if (name != NULL)
			c->len = (size_t)snprintf(c->buf, sizeof(c->buf),
			    "%s\n", name);
		watch(c, EPOLL_CTL_ADD, EPOLLOUT);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		err(1, "accept");
}

static int
listen_at(const char *text)
{
	char error[256], name[ADDR_STRLEN];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	int fd;

	if (addr_parse(&a, text, ADDR_FOR_LISTEN, error, sizeof(error)) == -1)
		errx(1, "%s", error);
	if ((fd = net_listen(&a, BACKLOG, 0600)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		err(1, "%s", text);
	printf("listening on %s\n", a.kind == ADDR_UNIX
					? text
					: addr_format_sa((struct sockaddr *)&ss,
					      len, name, sizeof(name)));
	if (fflush(stdout) == EOF)
		err(1, "stdout");
	return fd;
}

static void
run(int lfd, const char *name)
{
	struct epoll_event ev = { .events = EPOLLIN }, got[64];
	int n;

	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &ev) == -1)
		err(1, "epoll");
	while ((n = epoll_wait(ep, got, 64, -1)) != -1)
		while (n-- > 0) {
			if (got[n].data.ptr == NULL)
				greet(lfd, name);
			else
				serve(got[n].data.ptr);
		}
	err(1, "epoll_wait");
}

int
main(int argc, char *argv[])
{
	const char *name = NULL;
	struct rlimit rl;
	int ch;

	while ((ch = getopt(argc, argv, "n:")) != -1) {
		if (ch != 'n')
			return 1;
		name = optarg;
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "setrlimit");
	run(listen_at(argv[optind] != NULL ? argv[optind] : "127.0.0.1:0"),
	    name);
}
