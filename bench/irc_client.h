#ifndef IRC_CLIENT_H
#define IRC_CLIENT_H

/*
 * What the IRC generators share: thousands of clients in one epoll set that
 * register, join and from then on only count the lines they receive.  Static
 * inline, like bench.h.  A client that the server drops ends the run, but
 * for those who count the dropped.
 */

#include <sys/epoll.h>
#include <stdbool.h>

#include "bench.h"

#define IRC_SOURCES 64 /* addresses 127.0.1.1 and up that are used */
#define IRC_LINE 512   /* begin of a line, while lines are parsed */
#define IRC_IN 262144  /* of one read */
#define IRC_PIDS 64    /* processes of a server */
#define IRC_AWAIT 300  /* seconds for a phase that is not measured */
#define IRC_TEXT 100   /* bytes of a message */
#define IRC_WINDOW 8   /* registering at once: the least queue is 10 */

enum irc_state {
	IRC_REGISTERING, /* until the end of the MOTD */
	IRC_UP,
	IRC_JOINING, /* until the end of NAMES */
	IRC_JOINED,
	IRC_GONE /* the server closed, or we did */
};

struct irc_client {
	int fd;
	enum irc_state state;
	bool parse;  /* lines are looked at, not only counted */
	char *carry; /* begin of a line, while parse */
	size_t carrylen;
	uint64_t lines; /* received since joined */
	uint64_t sent;
};

struct irc_load {
	int ep, port;
	int window; /* clients registering at once */
	const char *host;
	struct irc_client *client;
	int serial; /* of the first nickname */
	int n;	    /* clients begun */
	int ready;  /* of those, as far as they were to come */
	int dropped;
	bool may_drop;	       /* count them, do not end */
	uint64_t bytes, lines; /* received */
	/* a client has more lines, or NULL */
	void (*heard)(struct irc_client *, uint64_t lines);
	const char *(*channel)(int client); /* NULL: join none */
	pid_t pid[IRC_PIDS];
	int npids;
};

static struct irc_load irc;
static char irc_in[IRC_LINE + IRC_IN];

/* --- the server's processes ----------------------------------------- */

static inline void
irc_server(const struct bench_tree *t)
{
	irc.npids = bench_tree_pids(t, irc.pid, IRC_PIDS);
	if (irc.npids == 0)
		errx(100, "-p is needed");
}

static inline double
irc_cpu(void)
{
	double sum = 0;
	int i;

	for (i = 0; i < irc.npids; i++)
		sum += bench_cpu_of(irc.pid[i]);
	return sum;
}

/* --- clients -------------------------------------------------------- */

static inline void
irc_begin(const char *host, int port, int max)
{
	signal(SIGPIPE, SIG_IGN);
	bench_nofile();
	irc.host = host;
	irc.port = port;
	if (irc.window == 0)
		irc.window = IRC_WINDOW;
	/* Clients of the last run may not have left yet. */
	irc.serial = getpid() % 90 * 100000;
	irc.client = calloc(max, sizeof(*irc.client));
	irc.ep = epoll_create1(EPOLL_CLOEXEC);
	if (irc.client == NULL || irc.ep == -1)
		err(111, "start");
}

static inline void
irc_send(struct irc_client *c, const char *p, size_t n)
{
	ssize_t done = send(c->fd, p, n, MSG_DONTWAIT);

	if (done != (ssize_t)n && !irc.may_drop)
		err(111, "client %d: send", (int)(c - irc.client));
}

/* Connect from one of many addresses, say who we are. */
static inline void
irc_dial(struct irc_client *c, int serial)
{
	struct sockaddr_in from = bench_addr("127.0.1.1", 0),
			   to = bench_addr(irc.host, irc.port);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char hello[128];

	from.sin_addr.s_addr =
	    htonl(ntohl(from.sin_addr.s_addr) + serial % IRC_SOURCES);
	if (fd == -1)
		err(111, "socket");
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == -1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		err(111, "connect");
	if ((c->carry = realloc(c->carry, IRC_LINE)) == NULL)
		err(111, "realloc");
	c->fd = fd;
	c->state = IRC_REGISTERING;
	c->parse = true;
	c->carrylen = 0;
	snprintf(hello, sizeof(hello),
	    "NICK n%07d\r\nUSER user 0 * :A user\r\n", serial);
	irc_send(c, hello, strlen(hello));
	if (epoll_ctl(irc.ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(111, "epoll_ctl");
}

static inline void
irc_hangup(struct irc_client *c)
{
	close(c->fd);
	c->fd = -1;
	c->state = IRC_GONE;
}

static inline void
irc_ready(struct irc_client *c, enum irc_state state)
{
	c->state = state;
	c->parse = false;
	free(c->carry);
	c->carry = NULL;
	irc.ready++;
}

static inline void
irc_registered(struct irc_client *c)
{
	char line[128];

	if (irc.channel == NULL) {
		irc_ready(c, IRC_UP);
		return;
	}
	c->state = IRC_JOINING;
	snprintf(line, sizeof(line), "JOIN %s\r\n",
	    irc.channel(c - irc.client));
	irc_send(c, line, strlen(line));
}

/* A line without its end.  What follows is counted as soon as all is set. */
static inline void
irc_line(struct irc_client *c, char *line)
{
	char pong[IRC_LINE + 8], *code = strchr(line, ' ');
	int num = code == NULL ? 0 : (int)strtol(code + 1, NULL, 10);

	if (strncmp(line, "PING ", 5) == 0) {
		snprintf(pong, sizeof(pong), "PONG %s\r\n", line + 5);
		irc_send(c, pong, strlen(pong));
	} else if (strncmp(line, "ERROR ", 6) == 0 ||
		   (num >= 400 && num < 600 && num != 422)) {
		errx(111, "client %d: %s", (int)(c - irc.client), line);
	} else if (c->state == IRC_REGISTERING && (num == 376 || num == 422)) {
		irc_registered(c);
	} else if (c->state == IRC_JOINING && num == 366) {
		irc_ready(c, IRC_JOINED);
	}
}

static inline uint64_t
irc_count(const char *p, const char *end)
{
	uint64_t n = 0;

	while ((p = memchr(p, '\n', end - p)) != NULL) {
		n++;
		p++;
	}
	return n;
}

static inline void
irc_parse(struct irc_client *c, char *p, char *end)
{
	char *nl;

	while (c->parse && (nl = memchr(p, '\n', end - p)) != NULL) {
		nl[nl > p && nl[-1] == '\r' ? -1 : 0] = '\0';
		irc_line(c, p);
		p = nl + 1;
	}
	if (!c->parse) {
		c->lines = irc_count(p, end);
		return;
	}
	if (end - p > IRC_LINE)
		errx(111, "a line without end");
	c->carrylen = end - p;
	memcpy(c->carry, p, c->carrylen);
}

/* Returns false when the server has closed. */
static inline bool
irc_read(struct irc_client *c)
{
	size_t carry = c->parse ? c->carrylen : 0;
	uint64_t lines;
	ssize_t n;

	if (carry > 0)
		memcpy(irc_in, c->carry, carry);
	n = recv(c->fd, irc_in + carry, IRC_IN, MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	irc.bytes += n;
	if (c->parse) {
		irc_parse(c, irc_in, irc_in + carry + n);
		return true;
	}
	lines = irc_count(irc_in, irc_in + n);
	c->lines += lines;
	irc.lines += lines;
	if (irc.heard != NULL)
		irc.heard(c, lines);
	return true;
}

/* One turn of the loop, at most ms long.  False: nothing came. */
static inline bool
irc_turn(int ms)
{
	struct epoll_event ev[256];
	int i, n = epoll_wait(irc.ep, ev, 256, ms);
	struct irc_client *c;

	if (n == -1)
		err(111, "epoll_wait");
	for (i = 0; i < n; i++) {
		c = ev[i].data.ptr;
		if (c->state == IRC_GONE || irc_read(c))
			continue;
		if (!irc.may_drop)
			errx(111, "client %d was dropped",
			    (int)(c - irc.client));
		irc.dropped++;
		irc_hangup(c);
	}
	return n > 0;
}

/* Until for ms nothing came and the server did next to nothing. */
static inline void
irc_settle(int ms)
{
	double t0 = bench_now(), cpu = irc_cpu(), until = t0 + IRC_AWAIT;
	bool quiet = true;

	for (;;) {
		if (irc_turn(10))
			quiet = false;
		if (bench_now() - t0 < ms / 1000.0)
			continue;
		if (quiet && irc_cpu() - cpu < ms / 20000.0)
			return;
		t0 = bench_now();
		cpu = irc_cpu();
		quiet = true;
		if (t0 > until)
			errx(111, "the server does not come to rest");
	}
}

/* n more clients, registered and, with irc.channel, in their channels. */
static inline void
irc_bring_up(int n)
{
	double until = bench_now() + IRC_AWAIT;
	int end = irc.n + n;

	while (irc.ready < end) {
		while (irc.n < end && irc.n - irc.ready < irc.window) {
			irc_dial(&irc.client[irc.n], irc.serial + irc.n);
			irc.n++;
		}
		if (!irc_turn(1000) && bench_now() > until)
			errx(111, "only %d of %d clients came up", irc.ready,
			    end);
	}
}

#endif
