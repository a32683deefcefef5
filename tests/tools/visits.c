/*
 * A steady load of connections, each of which counts.
 *
 *	visits [-g] [-c most] [-n count] [-r rate] [-t seconds] host:port
 *	visits -k [-c most] [-n count] [-t seconds] host:port
 *
 * Each connection says a line of its own, expects it back, ends its side and
 * expects the end.  Whatever else happens is a loss.  At most MOST (16) are
 * open at a time, RATE (50) begin a second, until COUNT have or SIGTERM
 * comes; each may take SECONDS (30).  Prints lines:
 *
 *	ok N			after every 10th
 *	lost PORT REASON	PORT is its own
 *	from NAME N		at the end, -g: the service says its name
 *	N ok, N lost, slowest N ms	at the end; status 1 if some are lost
 *
 * -k keeps all open, "N alive" when each has had its line back; for every
 * line of standard input each says another one, and "N alive" comes again.
 * They end with standard input; from /dev/null they never do.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"

#define LINE 64
#define NAMES 16

enum state { CONNECTING, NAME, ECHO, ALIVE, ENDING };

struct visit {
	struct visit *next; /* of those that are open */
	struct visit **prev;
	enum state state;
	int fd;
	unsigned port, round;
	double since;
	size_t len; /* of what came */
	char line[LINE], got[LINE];
};

static struct {
	struct sockaddr_storage to;
	socklen_t tolen;
	unsigned most, count, rate, seconds;
	bool greeting, keep;
	struct visit *open;
	unsigned begun, nopen, nalive, ok, lost, round;
	double slowest, started;
	struct {
		char name[LINE];
		unsigned n;
	} from[NAMES];
	int ep;
} ld = { .most = 16, .rate = 50, .seconds = 30 };

static volatile sig_atomic_t stopping;

static void
on_term(int sig)
{
	(void)sig;
	stopping = 1;
}

static double
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void say(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vprintf(fmt, ap) < 0 || fflush(stdout) == EOF)
		err(1, "stdout");
	va_end(ap);
}

/* ---- one connection ------------------------------------------------------ */

static void
watch(struct visit *v, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = v };

	if (epoll_ctl(ld.ep, op, v->fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
leave(struct visit *v)
{
	if (v->state == ALIVE)
		ld.nalive--;
	if (v->next != NULL)
		v->next->prev = v->prev;
	*v->prev = v->next;
	ld.nopen--;
	close(v->fd);
	free(v);
}

static void
lost(struct visit *v, const char *why)
{
	static const char *const while_[] = { "connecting", "before the name",
		"before the echo", "while alive", "before the end" };

	ld.lost++;
	say("lost %u %s %s, after %.0f ms\n", v->port, why, while_[v->state],
	    (now() - v->since) * 1000);
	leave(v);
}

static void
done(struct visit *v)
{
	double took = now() - v->since;

	if (took > ld.slowest && !ld.keep)
		ld.slowest = took;
	if (++ld.ok % 10 == 0 && !ld.keep)
		say("ok %u\n", ld.ok);
	leave(v);
}

/* The next line of its own. */
static void
speak(struct visit *v)
{
	int n = snprintf(v->line, sizeof(v->line), "round %u of port %u\n",
	    ++v->round, v->port);

	v->len = 0;
	if (v->state == ALIVE)
		ld.nalive--;
	v->state = ECHO;
	if (send(v->fd, v->line, (size_t)n, MSG_NOSIGNAL) != n)
		lost(v, strerror(errno));
}

static void
note_name(const char *name)
{
	for (int i = 0; i < NAMES; i++) {
		if (ld.from[i].n == 0)
			strlcpy(ld.from[i].name, name, LINE);
		if (strcmp(ld.from[i].name, name) == 0) {
			ld.from[i].n++;
			return;
		}
	}
	errx(1, "more than %d names", NAMES);
}

/* A whole line is in v->got. */
static void
heard(struct visit *v)
{
	v->got[v->len] = '\0';
	if (v->state == NAME) {
		v->got[v->len - 1] = '\0';
		note_name(v->got);
		speak(v);
		return;
	}
	if (v->state != ECHO || strcmp(v->got, v->line) != 0) {
		lost(v, "other bytes");
		return;
	}
	v->len = 0;
	if (ld.keep) {
		v->state = ALIVE;
		ld.nalive++;
		return;
	}
	v->state = ENDING;
	if (shutdown(v->fd, SHUT_WR) == -1)
		lost(v, strerror(errno));
}

/* A line, as far as it has come: what is behind it is another one's. */
static void
hear(struct visit *v)
{
	ssize_t n;
	char c;

	while ((n = read(v->fd, &c, 1)) == 1) {
		if (v->len + 1 == LINE || v->state >= ALIVE) {
			lost(v, "unasked bytes");
			return;
		}
		v->got[v->len++] = c;
		if (c == '\n') {
			heard(v);
			return;
		}
	}
	if (n == 0 && v->state == ENDING)
		done(v);
	else if (n == 0)
		lost(v, "the end");
	else if (errno != EAGAIN)
		lost(v, strerror(errno));
}

static void
connected(struct visit *v)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		err(1, "getsockopt");
	if (error != 0) {
		lost(v, strerror(error));
		return;
	}
	len = sizeof(ss);
	if (getsockname(v->fd, (struct sockaddr *)&ss, &len) == -1)
		err(1, "getsockname");
	v->port = addr_port_sa((struct sockaddr *)&ss);
	watch(v, EPOLL_CTL_MOD, EPOLLIN);
	if (ld.greeting)
		v->state = NAME;
	else
		speak(v);
}

static void
begin(void)
{
	struct visit *v = calloc(1, sizeof(*v));

	if (v == NULL)
		err(1, "visit");
	v->fd = socket(ld.to.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (v->fd == -1)
		err(1, "socket");
	v->since = now();
	v->next = ld.open;
	v->prev = &ld.open;
	if (ld.open != NULL)
		ld.open->prev = &v->next;
	ld.open = v;
	ld.begun++;
	ld.nopen++;
	watch(v, EPOLL_CTL_ADD, EPOLLOUT);
	if (connect(v->fd, (struct sockaddr *)&ld.to, ld.tolen) == -1 &&
	    errno != EINPROGRESS)
		lost(v, strerror(errno));
}

/* ---- all of them --------------------------------------------------------- */

static bool
begun_all(void)
{
	return stopping || (ld.count > 0 && ld.begun >= ld.count);
}

/* Is it time for another one? */
static bool
is_due(void)
{
	unsigned busy = ld.nopen - ld.nalive;

	if (begun_all() || busy >= ld.most)
		return false;
	return ld.keep || ld.begun < (now() - ld.started) * ld.rate;
}

static void
check_times(void)
{
	struct visit *v, *next;
	double limit = now() - ld.seconds;

	for (v = ld.open; v != NULL; v = next) {
		next = v->next;
		if (v->state != ALIVE && v->since < limit)
			lost(v, "time is up");
	}
}

/* -k: a line of standard input, or its end. */
static void
told(void)
{
	struct visit *v, *next;
	char buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n <= 0) {
		if (epoll_ctl(ld.ep, EPOLL_CTL_DEL, STDIN_FILENO, NULL) == -1)
			err(1, "stdin");
		stopping = 1;
	}
	for (v = ld.open; v != NULL; v = next) {
		next = v->next;
		v->since = now();
		if (n > 0) {
			speak(v);
			continue;
		}
		if (v->state == ALIVE)
			ld.nalive--;
		v->state = ENDING;
		if (shutdown(v->fd, SHUT_WR) == -1)
			lost(v, strerror(errno));
	}
	ld.round += n > 0;
}

static void
turn(void)
{
	struct epoll_event got[64];
	int n = epoll_wait(ld.ep, got, 64, 5);

	if (n == -1 && errno != EINTR)
		err(1, "epoll_wait");
	while (n-- > 0) {
		struct visit *v = got[n].data.ptr;

		if (v == NULL) {
			told();
			return; /* some of got may be gone */
		}
		if (v->state == CONNECTING)
			connected(v);
		else
			hear(v);
	}
}

static int
summary(void)
{
	for (int i = 0; i < NAMES && ld.from[i].n > 0; i++)
		say("from %s %u\n", ld.from[i].name, ld.from[i].n);
	say("%u ok, %u lost, slowest %.0f ms\n", ld.ok, ld.lost,
	    ld.slowest * 1000);
	return ld.lost > 0;
}

static int
run(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	unsigned said = 0;

	if ((ld.ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll");
	/* EPERM: /dev/null, from which nothing is ever told. */
	if (ld.keep &&
	    epoll_ctl(ld.ep, EPOLL_CTL_ADD, STDIN_FILENO, &ev) == -1 &&
	    errno != EPERM)
		err(1, "standard input");
	ld.round = 1;
	ld.started = now();
	while (!begun_all() || ld.nopen > 0) {
		while (is_due())
			begin();
		turn();
		check_times();
		if (ld.keep && said < ld.round && begun_all() &&
		    ld.nalive == ld.nopen && !stopping) {
			say("%u alive\n", ld.nalive);
			said = ld.round;
		}
	}
	return summary();
}

/* ---- options ------------------------------------------------------------- */

static unsigned
number(const char *text)
{
	const char *why;
	unsigned n = (unsigned)strtonum(text, 1, 1000000, &why);

	if (why != NULL)
		errx(1, "%s: %s", text, why);
	return n;
}

static void
aim(const char *text)
{
	char error[256];
	struct addr a;

	if (addr_parse(&a, text, ADDR_F_TCP | ADDR_F_UNIX, error,
		sizeof(error)) == -1)
		errx(1, "%s", error);
	if ((ld.tolen = addr_sockaddr(&a, &ld.to)) == 0)
		errx(1, "%s: write an address", text);
}

int
main(int argc, char *argv[])
{
	struct sigaction sa = { .sa_handler = on_term };
	struct rlimit rl;
	int ch;

	while ((ch = getopt(argc, argv, "c:gkn:r:t:")) != -1) {
		switch (ch) {
		case 'c':
			ld.most = number(optarg);
			break;
		case 'g':
			ld.greeting = true;
			break;
		case 'k':
			ld.keep = true;
			break;
		case 'n':
			ld.count = number(optarg);
			break;
		case 'r':
			ld.rate = number(optarg);
			break;
		case 't':
			ld.seconds = number(optarg);
			break;
		default:
			return 1;
		}
	}
	if (argv[optind] == NULL)
		errx(1, "usage: visits [-gk] [-c most] [-n count] [-r rate] "
			"[-t seconds] host:port");
	aim(argv[optind]);
	if (sigaction(SIGTERM, &sa, NULL) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "start");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "setrlimit");
	return run();
}
