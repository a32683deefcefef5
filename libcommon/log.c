#define LIBBSD_NETBSD_VIS /* vis() alone is used: the same in both */
#include "log.h"

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <vis.h>

#define LOG_LINE 1400	 /* bytes of one line */
#define LOG_GATHER 8192	 /* bytes gathered between two writes */
#define LOG_PATIENCE 500 /* ms that a reader of the log may hold us up */

static struct {
	const char *prog;
	bool to_syslog;
	bool verbose;
	bool stuck; /* nobody reads standard error just now */
	int fd;	    /* of log_to_fd(); -1: standard error */
	bool torn;  /* a line broke off in it */
	unsigned long lost;
	time_t now; /* of stamp */
	char stamp[32];
	size_t len;
	char lines[LOG_GATHER];
} lg = { .prog = "?", .fd = -1 };

void
log_init(const char *prog, bool use_syslog, bool verbose)
{
	lg.prog = prog;
	lg.verbose = verbose;
	if (use_syslog)
		log_to_syslog();
}

bool
log_verbose(void)
{
	return lg.verbose;
}

void
log_open_syslog(void)
{
	openlog(lg.prog, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_suspend(void)
{
	log_flush();
	closelog();
}

void
log_resume(void)
{
	if (lg.to_syslog)
		log_open_syslog();
}

void
log_to_syslog(void)
{
	log_flush();
	log_open_syslog();
	lg.to_syslog = true;
}

bool
log_inetd(void)
{
	struct stat in, err;
	int null;

	if (fstat(STDIN_FILENO, &in) == -1 ||
	    (fstat(STDERR_FILENO, &err) == 0 &&
		(err.st_dev != in.st_dev || err.st_ino != in.st_ino)))
		return false;
	log_to_syslog();
	if ((null = open("/dev/null", O_RDWR)) != -1) {
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	return true;
}

void
log_to_fd(int fd)
{
	log_flush();
	if (lg.fd != -1 && lg.fd != fd)
		close(lg.fd);
	lg.fd = fd;
	lg.torn = false;
	lg.to_syslog = false;
}

/*
 * Does the log take a piece without blocking?  Whoever reads standard error
 * (a pager, a pipe to a logger) may have stopped: it is waited for once,
 * then lines are lost until it goes on.  Nobody waits for a file.
 */
static bool
takes(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int n = poll(&pfd, 1, lg.stuck || lg.fd != -1 ? 0 : LOG_PATIENCE);

	lg.stuck = n == 0;
	return !lg.stuck;
}

/* The lines that a pipe takes at once, if it takes anything. */
static size_t
whole_lines(const char *p, size_t n)
{
	const char *lf;

	if (n <= PIPE_BUF)
		return n;
	lf = memrchr(p, '\n', PIPE_BUF);
	return lf == NULL ? PIPE_BUF : (size_t)(lf - p) + 1;
}

/* Write what can be written now; the number of bytes. */
static size_t
put(const char *p, size_t len)
{
	int fd = lg.fd == -1 ? STDERR_FILENO : lg.fd;
	size_t off = 0;
	ssize_t w;

	while (off < len && takes(fd)) {
		w = write(fd, p + off, whole_lines(p + off, len - off));
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			break;
		off += (size_t)w;
	}
	return off;
}

static const char *
stamp(void)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now == lg.now)
		return lg.stamp;
	lg.now = now;
	if (gmtime_r(&now, &tm) == NULL || strftime(lg.stamp, sizeof(lg.stamp),
					       "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		lg.stamp[0] = '\0';
	return lg.stamp;
}

/* The lines behind the first done bytes were not written. */
static void
lose(const char *p, size_t len, size_t done)
{
	if (done > 0 && done < len)
		lg.torn = p[done - 1] != '\n';
	for (size_t i = done; i < len; i++)
		lg.lost += p[i] == '\n';
}

/* Say in the file how many lines are not in it.  False: still no room. */
static bool
tell_lost(void)
{
	char line[128];
	size_t len, done;

	if (lg.lost == 0 && !lg.torn)
		return true;
	snprintf(line, sizeof(line), "%s%s %lu lines were lost\n",
	    lg.torn ? "\n" : "", stamp(), lg.lost);
	len = strlen(line);
	if ((done = put(line, len)) == len) {
		lg.lost = 0;
		lg.torn = false;
	} else if (done > 0)
		lg.torn = line[done - 1] != '\n';
	return done == len;
}

/* A log that cannot be written (disk full, terminal gone) is given up: the
 * service is worth more than its log. */
void
log_flush(void)
{
	size_t done = 0;

	if (lg.len == 0)
		return;
	if (lg.fd == -1)
		(void)put(lg.lines, lg.len);
	else {
		if (tell_lost())
			done = put(lg.lines, lg.len);
		lose(lg.lines, lg.len, done);
	}
	lg.len = 0;
}

static void
log_line(int priority, const char *fmt, va_list ap)
{
	char text[LOG_LINE];
	int n, saved = errno;

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	if (lg.to_syslog) {
		syslog(priority, "%s", text);
		errno = saved;
		return;
	}
	if (lg.len + LOG_LINE + 64 > sizeof(lg.lines))
		log_flush();
	if (lg.fd != -1)
		n = snprintf(lg.lines + lg.len, sizeof(lg.lines) - lg.len,
		    "%s %s\n", stamp(), text);
	else
		n = snprintf(lg.lines + lg.len, sizeof(lg.lines) - lg.len,
		    "%.32s: %s\n", lg.prog, text);
	if (n > 0)
		lg.len += (size_t)n;
	errno = saved;
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!lg.verbose)
		return;
	va_start(ap, fmt);
	log_line(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	char text[LOG_LINE];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	fatalx("%s: %s", text, strerror(saved));
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_ERR, fmt, ap);
	va_end(ap);
	log_flush();
	exit(1);
}

const char *
log_vis(const char *text, char *out, unsigned long outlen)
{
	char *p = out;

	if (outlen == 0)
		return out;
	/* A byte takes up to four, and vis() wants room for a NUL. */
	while (*text != '\0' && (unsigned long)(p - out) + 5 < outlen) {
		/* Most are what they are; vis() takes its time. */
		if (*text >= ' ' && *text <= '~' && *text != '\\')
			*p++ = *text;
		else
			p = vis(p, *text, VIS_CSTYLE | VIS_NL | VIS_TAB,
			    text[1]);
		text++;
	}
	*p = '\0';
	return out;
}
