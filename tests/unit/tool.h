#ifndef TOOL_H
#define TOOL_H

/*
 * A tool of tests/tools as a peer of a unit test: started with a pipe as its
 * standard output, on which it says "listening on ADDRESS" and then what it
 * was asked.
 */

#include <sys/types.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tool {
	pid_t pid;
	int fd; /* never blocks */
	char where[128];
	char said[65536]; /* so far, behind the first line */
	size_t len;
};

static inline void
tool_stop(struct tool *t)
{
	if (t->pid <= 0)
		return;
	kill(t->pid, SIGTERM);
	waitpid(t->pid, NULL, 0);
	close(t->fd);
	t->pid = 0;
}

/* The first line; false if it is not the one that is expected. */
static inline bool
tool_greeting(struct tool *t)
{
	static const char word[] = "listening on ";
	char line[128];
	size_t n = 0;

	while (n < sizeof(line) - 1 && read(t->fd, line + n, 1) == 1 &&
	       line[n] != '\n')
		n++;
	line[n] = '\0';
	if (strncmp(line, word, sizeof(word) - 1) != 0)
		return false;
	snprintf(t->where, sizeof(t->where), "%s", line + sizeof(word) - 1);
	return fcntl(t->fd, F_SETFL, O_NONBLOCK) == 0;
}

/* argv[0] is the tool's file name.  False if it does not come up. */
static inline bool
tool_start(struct tool *t, const char *const *argv)
{
	const char *args[128] = { "perl" };
	char path[4096];
	int p[2], i;

	memset(t, 0, sizeof(*t));
	snprintf(path, sizeof(path), "%.*s/../tools/%s",
	    (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__, argv[0]);
	args[1] = path;
	for (i = 1; argv[i] != NULL && i < 126; i++)
		args[i + 1] = argv[i];
	if (pipe2(p, O_CLOEXEC) == -1 || (t->pid = fork()) == -1)
		return false;
	if (t->pid == 0) {
		dup2(p[1], STDOUT_FILENO);
		execvp(args[0], (char *const *)(intptr_t)args);
		_exit(127);
	}
	close(p[1]);
	t->fd = p[0];
	if (tool_greeting(t))
		return true;
	tool_stop(t);
	return false;
}

/* How many lines have been said that contain word. */
static inline int
tool_said(struct tool *t, const char *word)
{
	const char *p = t->said;
	ssize_t n;
	int count = 0;

	while (t->len < sizeof(t->said) - 1 &&
	       (n = read(t->fd, t->said + t->len,
		    sizeof(t->said) - 1 - t->len)) > 0)
		t->len += (size_t)n;
	t->said[t->len] = '\0';
	while ((p = strstr(p, word)) != NULL) {
		count++;
		p += strcspn(p, "\n");
	}
	return count;
}

#endif
