#ifndef LOG_H
#define LOG_H

/*
 * Log lines and fatal errors of the programs.  Libraries do not log.
 *
 * Lines are gathered and written by log_flush(), which loops call once a
 * turn (loop_run() does), so that a busy gateway makes one write for many
 * events.  A fatal error flushes.
 */

#include <stdbool.h>

/*
 * prog names the program (a literal).  Lines go to stderr as "prog: text",
 * or to syslog (LOG_DAEMON) when use_syslog.  log_debug() lines appear only
 * if verbose.
 */
void log_init(const char *prog, bool use_syslog, bool verbose);
bool log_verbose(void);

void log_info(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_flush(void);

/* Send everything to syslog from now on; it must have been opened by
 * log_init() or log_open_syslog() before a sandbox closes. */
void log_open_syslog(void);
void log_to_syslog(void);

/*
 * For who is started by inetd(8): if standard error is closed or what
 * descriptor 0 is, the peer would read the log.  Then everything goes to
 * syslog from now on, and standard output and error to /dev/null.  true: so it
 * was.
 */
bool log_inetd(void);

/*
 * Send everything to this file from now on, "2026-11-22T07:00:00Z text" a
 * line.  The descriptor, open for appending, is the log's to close when the
 * next one comes (a file that was rotated); -1: standard error again.  What
 * cannot be written at once (disk full, a pipe that nobody reads) is lost
 * and counted, and the next line that can be is preceded by the count.
 */
void log_to_fd(int fd);

/*
 * A child that closes what it inherited does so between these: syslog(3)
 * would go on to write to its descriptor, whatever stands there by then.
 */
void log_suspend(void);
void log_resume(void);

/* Log with (fatal) or without (fatalx) strerror(errno), flush, exit 1. */
void fatal(const char *fmt, ...)
    __attribute__((__format__(printf, 1, 2), __noreturn__));
void fatalx(const char *fmt, ...)
    __attribute__((__format__(printf, 1, 2), __noreturn__));

/* Peer's text made printable (vis(3) style) into out.  Returns out. */
const char *log_vis(const char *text, char *out, unsigned long outlen);

#endif
