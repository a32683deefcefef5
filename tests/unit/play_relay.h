#ifndef PLAY_RELAY_H
#define PLAY_RELAY_H

/*
 * build/vsap-relay as a worker under test, of either kind: where it is, its
 * title, its end.
 */

#include <sys/types.h>
#include <sys/wait.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define PATIENCE 10000 /* ms that a condition may take */

static char relay[4096]; /* its path, after find_relay() */

/* We are build/unit/t_NAME.  false: it was not built. */
static inline bool
find_relay(void)
{
	ssize_t n = readlink("/proc/self/exe", relay, sizeof(relay) - 32);
	char *slash;

	if (n == -1)
		die("readlink");
	relay[n] = '\0';
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(relay, '/')) != NULL)
			*slash = '\0';
	strlcat(relay, "/vsap-relay", sizeof(relay));
	return access(relay, X_OK) == 0;
}

/* False if nothing comes in PATIENCE. */
static inline bool
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int r = poll(&pfd, 1, PATIENCE);

	if (r == -1)
		die("poll");
	return r == 1;
}

/* As waitpid(2) has it; -1: it does not end, and was killed. */
static inline int
exit_status(pid_t pid)
{
	int status;

	for (int i = 0; i < PATIENCE / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)poll(NULL, 0, 10);
	}
	kill(pid, SIGKILL);
	return -1;
}

static inline bool
title_has(pid_t pid, const char *word)
{
	char path[64], text[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

/* Its title has this word in it, in PATIENCE at the latest. */
static inline bool
title_gets(pid_t pid, const char *word)
{
	for (int i = 0; i < PATIENCE / 10 && !title_has(pid, word); i++)
		(void)poll(NULL, 0, 10);
	return title_has(pid, word);
}

#endif
