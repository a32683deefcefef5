#include "proc.h"

#include <sys/signalfd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

int
proc_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

rlim_t
proc_raise_nofile(void)
{
	struct rlimit rl;
	rlim_t before;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return 0;
	before = rl.rlim_cur;
	rl.rlim_cur = rl.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &rl) == 0 ? rl.rlim_max : before;
}

static int
by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
proc_close_but(const int *keep, size_t n)
{
	int sorted[PROC_KEEP_MAX] = { 0 }, next = 3;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (keep[i] > 2 && count < PROC_KEEP_MAX)
			sorted[count++] = keep[i];
	qsort(sorted, count, sizeof(*sorted), by_number);
	log_suspend();
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] > next)
			(void)close_range((unsigned)next,
			    (unsigned)sorted[i] - 1, 0);
		next = sorted[i] + 1;
	}
	(void)close_range((unsigned)next, ~0U, 0);
	log_resume();
}
