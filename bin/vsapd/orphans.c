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

#define ORPHAN_TITLE "vsap-relay: orphan"

static bool
runs(const char *pid, const char *program)
{
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	if ((n = readlink(path, exe, sizeof(exe) - 1)) == -1)
		return false;
	exe[n] = '\0';
	/* An upgrade leaves the old program running, its file removed. */
	if (n > 10 && strcmp(exe + n - 10, " (deleted)") == 0)
		exe[n - 10] = '\0';
	return strcmp(exe, program) == 0;
}

/* The title that vsap-relay --worker takes when its feeder is gone. */
static bool
is_orphan(const char *pid)
{
	char path[64], title[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, title, sizeof(title) - 1);
	close(fd);
	if (n <= 0)
		return false;
	title[n] = '\0';
	return strcmp(title, ORPHAN_TITLE) == 0;
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
		    runs(d->d_name, real) && is_orphan(d->d_name) &&
		    kill(pid, SIGKILL) == 0)
			count++;
	}
	closedir(proc);
	return count;
}
