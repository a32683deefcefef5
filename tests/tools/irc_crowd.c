/*
 * A crowd of IRC clients in one process.
 *
 *	irc_crowd [-u] [-j channel] [-n count] [-p prefix] host:port
 *
 * They are called PREFIX0 (c0) to PREFIXcount-1, come as fast as the server
 * lets them, join the channel, and answer PING.  "N here" is said when all
 * that were let in are there, with what those were told that were not:
 * "gone N TEXT".  -u: they say nothing at all.  Then commands come on
 * standard input, a line each; the end of it ends all:
 *
 *	say TEXT	each says that line
 *	first TEXT	the first that is here says it
 *	leave N		the last N say QUIT, all in the same instant
 *	drop N		the last N are gone by a reset
 *	tell		"told N clients, K quits each" if each of those here
 *			hears one QUIT of each of this crowd that left, up to
 *			the answer to a PING after the last; else what is
 *			wrong; and "slowest N ms" of these answers
 *	wait		until all have been closed: "gone N TEXT", "none here"
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"

#define LINE 600
#define REASONS 16
#define AT_ONCE 64  /* that are on their way in */
#define PATIENCE 20 /* seconds, for QUITs */

struct client {
	int fd; /* -1: gone */
	bool here, left, asked;
	int nquits;
	size_t nin;
	char in[LINE];
	unsigned char *quits; /* heard, by the number of who left */
};

static struct {
	struct sockaddr_storage to;
	socklen_t tolen;
	struct client *client;
	int count, begun, here, gone, left, asked;
	bool silent;
	const char *channel, *prefix;
	struct {
		char text[LINE];
		int n;
	} reason[REASONS];
	double since, slowest;
	int ep;
} cr = { .count = 10, .prefix = "c" };

static double
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
tell(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));

static void
tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vprintf(fmt, ap) < 0 || fflush(stdout) == EOF)
		err(1, "stdout");
	va_end(ap);
}

/* ---- one client ---------------------------------------------------------- */

/* All that is said fits into a socket's buffer. */
static void say(struct client *c, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

static void
say(struct client *c, const char *fmt, ...)
{
	char text[LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->fd != -1)
		(void)send(c->fd, text, (size_t)n, MSG_NOSIGNAL);
}

static int
number(const struct client *c)
{
	return (int)(c - cr.client);
}

/* Why, without to whom it was said: "(Connection timed out)". */
static void
note_reason(const char *text)
{
	const char *in_brackets = strchr(text, '(');
	int i;

	if (in_brackets != NULL)
		text = in_brackets;
	for (i = 0; i < REASONS && cr.reason[i].n > 0; i++)
		if (strcmp(cr.reason[i].text, text) == 0)
			break;
	if (i == REASONS)
		errx(1, "more than %d reasons", REASONS);
	(void)strlcpy(cr.reason[i].text, text, LINE);
	cr.reason[i].n++;
}

static void
gone(struct client *c, const char *why)
{
	if (!c->left)
		note_reason(why);
	if (c->here)
		cr.here--;
	if (c->asked)
		cr.asked--;
	c->here = c->asked = false;
	cr.gone++;
	close(c->fd);
	c->fd = -1;
}

static void
come_in(struct client *c)
{
	if (c->here)
		return;
	c->here = true;
	cr.here++;
}

static void
answered(struct client *c)
{
	double took = now() - cr.since;

	if (!c->asked)
		return;
	c->asked = false;
	cr.asked--;
	if (took > cr.slowest)
		cr.slowest = took;
}

/* ":PREFIXn!... QUIT ..." of the crowd. */
static void
heard_quit(struct client *c, const char *nick)
{
	size_t n = strlen(cr.prefix);
	char *end;
	long who;

	if (strncmp(nick, cr.prefix, n) != 0)
		return;
	who = strtol(nick + n, &end, 10);
	if (*end != '!' || who < 0 || who >= cr.count)
		return;
	if (c->quits == NULL &&
	    (c->quits = calloc((size_t)cr.count, 1)) == NULL)
		err(1, "quits");
	c->quits[who]++;
	c->nquits++;
}

static void
heard(struct client *c, char *line)
{
	char *word = strchr(line, ' ');

	if (strncmp(line, "ERROR ", 6) == 0)
		gone(c, line + 6);
	else if (strncmp(line, "PING ", 5) == 0)
		say(c, "PONG %s\r\n", line + 5);
	else if (word == NULL)
		return;
	else if (strncmp(word, " QUIT ", 6) == 0)
		heard_quit(c, line + 1);
	else if (strncmp(word, " PONG ", 6) == 0)
		answered(c);
	else if (strncmp(word, " 366 ", 5) == 0)
		come_in(c);
	else if (strncmp(word, " 422 ", 5) == 0 ||
		 strncmp(word, " 376 ", 5) == 0) {
		if (cr.channel != NULL)
			say(c, "JOIN %s\r\n", cr.channel);
		else
			come_in(c);
	}
}

static void
heard_lines(struct client *c)
{
	char *p = c->in, *lf;

	while (c->fd != -1 &&
	       (lf = memchr(p, '\n', c->nin - (size_t)(p - c->in))) != NULL) {
		*lf = '\0';
		if (lf > p && lf[-1] == '\r')
			lf[-1] = '\0';
		heard(c, p);
		p = lf + 1;
	}
	c->nin -= (size_t)(p - c->in);
	memmove(c->in, p, c->nin);
	if (c->nin == LINE)
		errx(1, "a line of more than %d bytes", LINE);
}

static void
hear(struct client *c)
{
	ssize_t n;

	/* Twice, so that a crowd does not fall behind. */
	for (int i = 0; i < 64 && c->fd != -1; i++) {
		n = recv(c->fd, c->in + c->nin, LINE - c->nin, MSG_DONTWAIT);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			gone(c, n == 0 ? "the end" : strerror(errno));
			return;
		}
		c->nin += (size_t)n;
		heard_lines(c);
	}
}

static void
begin(struct client *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->fd = socket(cr.to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		err(1, "socket");
	if (connect(c->fd, (struct sockaddr *)&cr.to, cr.tolen) == -1) {
		gone(c, strerror(errno));
		return;
	}
	if (epoll_ctl(cr.ep, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		err(1, "epoll_ctl");
	if (cr.silent)
		come_in(c);
	else
		say(c, "NICK %s%d\r\nUSER %s 0 * :r\r\n", cr.prefix, number(c),
		    cr.prefix);
}

/* ---- all of them --------------------------------------------------------- */

/* One round; a command can have come, too: false then. */
static bool
turn(int timeout)
{
	struct epoll_event ev[256];
	int n = epoll_wait(cr.ep, ev, 256, timeout);
	bool told = false;

	if (n == -1 && errno != EINTR)
		err(1, "epoll_wait");
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == NULL)
			told = true;
		else
			hear(ev[i].data.ptr);
	}
	return !told;
}

static void
tell_gone(void)
{
	for (int i = 0; i < REASONS; i++)
		if (cr.reason[i].n > 0)
			tell("gone %d %s\n", cr.reason[i].n, cr.reason[i].text);
	memset(cr.reason, 0, sizeof(cr.reason));
}

static void
all_come(void)
{
	while (cr.here + cr.gone < cr.count) {
		while (cr.begun < cr.count &&
		       cr.begun - cr.here - cr.gone < AT_ONCE)
			begin(&cr.client[cr.begun++]);
		if (cr.here + cr.gone < cr.count)
			(void)turn(-1);
	}
	tell_gone();
	tell("%d here\n", cr.here);
}

/* Those here, or the first of them. */
static void
all_say(const char *text, bool first)
{
	for (int i = 0; i < cr.count; i++) {
		if (!cr.client[i].here)
			continue;
		say(&cr.client[i], "%s\r\n", text);
		if (first)
			return;
	}
}

static void
leave(int n, bool reset)
{
	static const struct linger at_once = { .l_onoff = 1 };
	struct client *c;

	for (int i = cr.count - 1; i >= 0 && n > 0; i--) {
		c = &cr.client[i];
		if (!c->here)
			continue;
		n--;
		c->left = true;
		cr.left++;
		if (!reset) {
			say(c, "QUIT :gone\r\n");
			continue;
		}
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once,
		    sizeof(at_once));
		gone(c, "");
	}
}

/* Returns whether this one has heard what it should have. */
static bool
has_heard(const struct client *c)
{
	int times;

	for (int i = 0; i < cr.count; i++) {
		times = c->quits == NULL ? 0 : c->quits[i];
		if (times == (cr.client[i].left ? 1 : 0))
			continue;
		tell("client %d has heard %d QUITs of %d\n", number(c), times,
		    i);
		return false;
	}
	return true;
}

static bool
some_wait(void)
{
	for (int i = 0; i < cr.count; i++)
		if (cr.client[i].here && !cr.client[i].left &&
		    cr.client[i].nquits < cr.left)
			return true;
	return false;
}

static void
tell_quits(void)
{
	double until = now() + PATIENCE;
	bool right = true;

	while (some_wait() && now() < until)
		(void)turn(100);
	cr.since = now();
	cr.slowest = 0;
	for (int i = 0; i < cr.count; i++) {
		if (!cr.client[i].here || cr.client[i].left)
			continue;
		say(&cr.client[i], "PING x\r\n");
		cr.client[i].asked = true;
		cr.asked++;
	}
	while (cr.asked > 0)
		(void)turn(-1);
	for (int i = 0; i < cr.count && right; i++)
		if (cr.client[i].here && !cr.client[i].left)
			right = has_heard(&cr.client[i]);
	tell_gone();
	if (right)
		tell("told %d clients, %d quits each\n", cr.here, cr.left);
	tell("slowest %.0f ms\n", cr.slowest * 1000);
}

static void
wait_gone(void)
{
	while (cr.here > 0)
		(void)turn(-1);
	tell_gone();
	tell("none here\n");
}

static void
command(char *line)
{
	if (strncmp(line, "say ", 4) == 0)
		all_say(line + 4, false);
	else if (strncmp(line, "first ", 6) == 0)
		all_say(line + 6, true);
	else if (strncmp(line, "leave ", 6) == 0)
		leave((int)strtol(line + 6, NULL, 10), false);
	else if (strncmp(line, "drop ", 5) == 0)
		leave((int)strtol(line + 5, NULL, 10), true);
	else if (strcmp(line, "tell") == 0)
		tell_quits();
	else if (strcmp(line, "wait") == 0)
		wait_gone();
	else
		errx(1, "%s: what?", line);
}

/* Commands, until the end of them. */
static void
obey(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	char line[LINE];
	size_t n = 0;
	ssize_t got;

	if (epoll_ctl(cr.ep, EPOLL_CTL_ADD, STDIN_FILENO, &ev) == -1)
		err(1, "stdin");
	for (;;) {
		if (turn(-1))
			continue;
		/* a byte at a time: a line is obeyed before the next comes */
		if ((got = read(STDIN_FILENO, line + n, 1)) <= 0)
			return;
		if (line[n] != '\n') {
			if (++n == sizeof(line))
				errx(1, "stdin: too long a line");
			continue;
		}
		line[n] = '\0';
		n = 0;
		command(line);
	}
}

static void
set_up(const char *where)
{
	struct rlimit rl;
	struct addr a;
	char why[128];

	if (addr_parse(&a, where, ADDR_F_TCP | ADDR_F_UNIX, why, sizeof(why)) ==
	    -1)
		errx(1, "%s: %s", where, why);
	cr.tolen = addr_sockaddr(&a, &cr.to);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	if ((cr.ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	cr.client = calloc((size_t)cr.count, sizeof(*cr.client));
	if (cr.client == NULL)
		err(1, "clients");
	for (int i = 0; i < cr.count; i++)
		cr.client[i].fd = -1;
}

int
main(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "j:n:p:u")) != -1) {
		if (ch == 'j')
			cr.channel = optarg;
		else if (ch == 'n')
			cr.count = (int)strtonum(optarg, 1, 100000, NULL);
		else if (ch == 'p')
			cr.prefix = optarg;
		else if (ch == 'u')
			cr.silent = true;
		else
			return 1;
	}
	if (optind + 1 != argc || cr.count == 0)
		errx(1, "usage: irc_crowd [-u] [-j channel] [-n count] "
			"[-p prefix] host:port");
	set_up(argv[optind]);
	all_come();
	obey();
	return 0;
}
