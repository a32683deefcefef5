/*
 * bare_fanout: what one process can do at all for a channel.  Reads what a
 * member says and sends the lines of one read, joined, by one send to each
 * other member.  No queues, no limits, no modes, and only so much of IRC
 * that the generators can register and join: a yardstick for ircd-lite.
 */
#include <sys/epoll.h>

#include "bench.h"

#define IN_MAX 65536
#define LINE_ROOM 600 /* a line of 512 with its prefix */
#define CHANNELS_MAX 1024
#define FDS_MAX 65536

struct member {
	int fd;
	char nick[32], prefix[96];
	size_t prefixlen, carry;
	struct channel *chan;
	char in[LINE_ROOM]; /* the begin of a line */
};

struct channel {
	char name[64];
	struct member **member;
	size_t n, room;
};

static struct channel channels[CHANNELS_MAX];
static char in[IN_MAX + LINE_ROOM], block[IN_MAX * 4];
static size_t blocklen;
static int ep;

static void
say(struct member *m, const char *fmt, const char *arg)
{
	char line[256];
	int n = snprintf(line, sizeof(line), ":bare %s %s%s\r\n", fmt, m->nick,
	    arg);

	if (send(m->fd, line, n, MSG_NOSIGNAL) == -1 && errno != EPIPE)
		warn("send");
}

/* To all but the one who spoke.  Blocks: the generator always reads. */
static void
flush(struct member *from)
{
	struct channel *c = from->chan;
	size_t i;

	for (i = 0; c != NULL && blocklen > 0 && i < c->n; i++)
		if (c->member[i] != from)
			(void)send(c->member[i]->fd, block, blocklen,
			    MSG_NOSIGNAL);
	blocklen = 0;
}

static void
join(struct member *m, const char *name)
{
	struct channel *c = channels;
	char tail[96];

	while (c->name[0] != '\0' && strcmp(c->name, name) != 0)
		if (++c == channels + CHANNELS_MAX)
			errx(111, "too many channels");
	strlcpy(c->name, name, sizeof(c->name));
	if (c->n == c->room) {
		c->room = c->room * 2 + 64;
		c->member = reallocarray(c->member, c->room, sizeof(m));
		if (c->member == NULL)
			err(111, "reallocarray");
	}
	c->member[c->n++] = m;
	m->chan = c;
	snprintf(tail, sizeof(tail), " %s :End of /NAMES list", name);
	say(m, "366", tail);
}

static void
handle(struct member *m, char *line, size_t len)
{
	if (len > 8 && memcmp(line, "PRIVMSG ", 8) == 0) {
		if (blocklen + LINE_ROOM > sizeof(block))
			flush(m);
		memcpy(block + blocklen, m->prefix, m->prefixlen);
		memcpy(block + blocklen + m->prefixlen, line, len + 1);
		blocklen += m->prefixlen + len + 1;
		return;
	}
	line[len - (len > 0 && line[len - 1] == '\r')] = '\0';
	if (strncmp(line, "NICK ", 5) == 0) {
		strlcpy(m->nick, line + 5, sizeof(m->nick));
		m->prefixlen = snprintf(m->prefix, sizeof(m->prefix),
		    ":%s!~%s@127.0.0.1 ", m->nick, "user");
	} else if (strncmp(line, "USER ", 5) == 0) {
		say(m, "001", " :Welcome");
		say(m, "422", " :MOTD File is missing");
	} else if (strncmp(line, "JOIN ", 5) == 0) {
		join(m, line + 5);
	} else if (strncmp(line, "PING ", 5) == 0) {
		say(m, "PONG", line + 4);
	}
}

static void
gone(struct member *m)
{
	struct channel *c = m->chan;
	size_t i;

	for (i = 0; c != NULL && i < c->n; i++)
		if (c->member[i] == m)
			c->member[i--] = c->member[--c->n];
	close(m->fd);
	free(m);
}

static void
hear(struct member *m)
{
	char *p = in, *end, *nl;
	ssize_t n;

	memcpy(in, m->in, m->carry);
	n = recv(m->fd, in + m->carry, IN_MAX, MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		gone(m);
		return;
	}
	for (end = in + m->carry + n; (nl = memchr(p, '\n', end - p)) != NULL;
	     p = nl + 1)
		handle(m, p, nl - p);
	flush(m);
	if ((size_t)(end - p) > sizeof(m->in))
		p = end;
	m->carry = end - p;
	memcpy(m->in, p, m->carry);
}

static void
meet(int lfd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct member *m;
	int fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		if ((m = calloc(1, sizeof(*m))) == NULL)
			err(111, "calloc");
		m->fd = fd;
		ev.data.ptr = m;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
			err(111, "epoll_ctl");
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[256] = { { .events = EPOLLIN } };
	int i, n, lfd;

	if (argc != 2)
		errx(100, "usage: bare_fanout port");
	bench_nofile();
	lfd = bench_listen("127.0.0.1", bench_num(argv[1], 1, 65535));
	bench_nonblock(lfd);
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, lfd, ev) == -1)
		err(111, "epoll");
	for (;;) {
		if ((n = epoll_wait(ep, ev, 256, -1)) == -1)
			err(111, "epoll_wait");
		for (i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				meet(lfd);
			else
				hear(ev[i].data.ptr);
	}
}
