#ifndef TAP_H
#define TAP_H

/*
 * TAP output for the unit tests: ok(), is_str(), is_int(), and at the end
 * "return done_testing();"; die() where a test cannot go on.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

static inline void __attribute__((__format__(printf, 4, 0)))
tap_line(int good, const char *file, int line, const char *fmt, va_list ap)
{
	tap_count++;
	tap_failed += !good;
	printf("%s %d - ", good ? "ok" : "not ok", tap_count);
	vprintf(fmt, ap);
	printf("\n");
	if (!good)
		printf("# %s:%d\n", file, line);
	fflush(stdout);
}

static inline int __attribute__((__format__(printf, 4, 5)))
tap_ok(int good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

static inline int __attribute__((__format__(printf, 5, 6)))
tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	int good = got == want ||
		   (got != NULL && want != NULL && strcmp(got, want) == 0);
	va_list ap;

	va_start(ap, fmt);
	tap_line(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# got  %s\n# want %s\n", got == NULL ? "NULL" : got,
		    want == NULL ? "NULL" : want);
	return good;
}

static inline int __attribute__((__format__(printf, 5, 6)))
tap_is_int(long long got, long long want, const char *file, int line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# got  %lld\n# want %lld\n", got, want);
	return got == want;
}

#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...)                                                 \
	tap_is_str(got, want, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                                 \
	tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__,    \
	    __VA_ARGS__)

/* A system call that is none of what is tested failed. */
static inline void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* The plan; the exit status of the test program. */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	if (tap_failed > 0)
		printf("# %d of %d failed\n", tap_failed, tap_count);
	return tap_failed > 0;
}

#endif
