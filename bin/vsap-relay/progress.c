#include "progress.h"

#include <sys/time.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX 160

static struct {
	bool on;    /* standard error is a terminal */
	bool shown; /* a line stands there */
	void (*count)(void *, uint64_t *, uint64_t *);
	void *arg;
	const volatile struct stdpump_count *pump;
	struct event *timer;
	uint64_t began, last, before; /* ms, ms, bytes */
} pr;

/* The line is put together without stdio: SIGALRM may draw it. */
struct line {
	char text[LINE_MAX];
	size_t len;
};

static void
put(struct line *l, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof(l->text) - l->len)
		n = sizeof(l->text) - l->len;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void
put_number(struct line *l, uint64_t v, unsigned width)
{
	char digits[24];
	char *p = digits + sizeof(digits);

	*--p = '\0';
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0 || (size_t)(digits + sizeof(digits) - 1 - p) < width);
	put(l, p);
}

/* "12.3 MiB" */
static void
put_bytes(struct line *l, uint64_t v)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB",
		" TiB", " PiB" };
	uint64_t tenths = 0;
	size_t u = 0;

	while (v >= 1024 && u < sizeof(units) / sizeof(units[0]) - 1) {
		tenths = v % 1024 * 10 / 1024;
		v /= 1024;
		u++;
	}
	put_number(l, v, 1);
	if (u > 0) {
		put(l, ".");
		put_number(l, tenths, 1);
	}
	put(l, units[u]);
}

static void
put_time(struct line *l, uint64_t s)
{
	put_number(l, s / 3600, 1);
	put(l, ":");
	put_number(l, s / 60 % 60, 2);
	put(l, ":");
	put_number(l, s % 60, 2);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
counts(uint64_t *there, uint64_t *back)
{
	if (pr.pump != NULL) {
		*there = pr.pump->sent;
		*back = pr.pump->received;
	} else
		pr.count(pr.arg, there, back);
}

static void
show(const struct line *l)
{
	/* A terminal that is gone is no reason to stop. */
	ssize_t n = write(STDERR_FILENO, l->text, l->len);

	(void)n;
}

static void
draw(void)
{
	uint64_t there, back, now = now_ms(), ms;
	struct line l = { .len = 0 };

	counts(&there, &back);
	ms = now > pr.last ? now - pr.last : 1;
	put(&l, "\r");
	put_bytes(&l, there);
	put(&l, " there, ");
	put_bytes(&l, back);
	put(&l, " back, ");
	put_bytes(&l, (there + back - pr.before) * 1000 / ms);
	put(&l, "/s, ");
	put_time(&l, (now - pr.began) / 1000);
	put(&l, "\033[K");
	show(&l);
	pr.shown = true;
	pr.last = now;
	pr.before = there + back;
}

static void
begin(void)
{
	pr.on = true;
	pr.began = pr.last = now_ms();
	pr.before = 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	draw();
}

static void
on_alarm(int sig)
{
	(void)sig;
	draw();
}

void
progress_start(struct event_base *base,
    void (*count)(void *, uint64_t *, uint64_t *), void *arg)
{
	struct timeval tv = { .tv_sec = 1 };

	if (!isatty(STDERR_FILENO))
		return;
	pr.count = count;
	pr.arg = arg;
	if ((pr.timer = event_new(base, -1, EV_PERSIST, on_timer, NULL)) ==
	    NULL)
		return;
	event_add(pr.timer, &tv);
	begin();
}

void
progress_start_pump(const volatile struct stdpump_count *count)
{
	struct sigaction sa = { .sa_handler = on_alarm,
		.sa_flags = SA_RESTART };
	struct itimerval it = { .it_interval = { .tv_sec = 1 },
		.it_value = { .tv_sec = 1 } };

	if (!isatty(STDERR_FILENO))
		return;
	pr.pump = count;
	begin();
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGALRM, &sa, NULL) == 0)
		(void)setitimer(ITIMER_REAL, &it, NULL);
}

void
progress_clear(void)
{
	struct line l = { .len = 0 };

	if (!pr.shown)
		return;
	put(&l, "\r\033[K");
	show(&l);
	pr.shown = false;
}

void
progress_stop(void)
{
	struct itimerval off = { { 0 }, { 0 } };

	if (!pr.on)
		return;
	if (pr.pump != NULL)
		(void)setitimer(ITIMER_REAL, &off, NULL);
	if (pr.timer != NULL)
		event_free(pr.timer);
	pr.timer = NULL;
	pr.on = false;
	progress_clear();
}
