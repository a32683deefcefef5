#include "orphans.h"

#include <sys/types.h>
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"

/* What vsap-relay --worker calls itself when its feeder is gone: followed by
 * its file. */
#define TITLE "vsap-relay: orphan "

/* An upgrade leaves the old program running, its file removed. */
static bool
same(char *path, const char *program)
{
	static const char gone[] = " (deleted)";
	size_t n = strlen(path), g = sizeof(gone) - 1;

	if (n > g && strcmp(path + n - g, gone) == 0)
		path[n - g] = '\0';
	return strcmp(path, program) == 0;
}

/* Is it an orphan of this program?  Which file it runs the kernel tells only
 * to root, since it cannot be traced: then what it says itself counts. */
static bool
is_orphan(const char *pid, const char *program)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (strncmp(text, TITLE, sizeof(TITLE) - 1) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	if ((n = readlink(path, text, sizeof(text) - 1)) != -1)
		text[n] = '\0';
	else if (errno == EACCES)
		memmove(text, text + sizeof(TITLE) - 1,
		    strlen(text + sizeof(TITLE) - 1) + 1);
	else
		return false;
	return same(text, program);
}

static bool
is_ours(const char *pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	return stat(path, &st) == 0 && (getuid() == 0 || st.st_uid == getuid());
}

int
orphans_end(void)
{
	char program[4096], real[4096], err[512];
	struct dirent *d;
	const char *bad;
	int count = 0;
	pid_t pid;
	DIR *proc;

	if (spawn_find_relay(program, sizeof(program), err, sizeof(err)) ==
		-1 ||
	    realpath(program, real) == NULL ||
	    (proc = opendir("/proc")) == NULL)
		return -1;
	while ((d = readdir(proc)) != NULL) {
		pid = (pid_t)strtonum(d->d_name, 2, INT32_MAX, &bad);
		if (bad == NULL && is_ours(d->d_name) &&
		    is_orphan(d->d_name, real) && kill(pid, SIGKILL) == 0)
			count++;
	}
	closedir(proc);
	return count;
}
