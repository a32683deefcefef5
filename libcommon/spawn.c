#include "spawn.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKER_FD 3
#define PROGRAM_FD 4 /* vsap-relay itself, closed by exec */

static const char relay_name[] = "vsap-relay";

/* The folder of the running executable into out.  0 or -1. */
static int
own_folder(char *out, size_t outlen)
{
	ssize_t n;
	char *slash;

	n = readlink("/proc/self/exe", out, outlen - 1);
	if (n == -1)
		return -1;
	out[n] = '\0';
	if ((slash = strrchr(out, '/')) == NULL) {
		errno = ENOENT;
		return -1;
	}
	*slash = '\0';
	return 0;
}

static int
try_path(const char *dir, char *out, size_t outlen)
{
	int n;

	n = snprintf(out, outlen, "%s/%s", dir, relay_name);
	if (n < 0 || (size_t)n >= outlen)
		return -1;
	return access(out, X_OK);
}

int
spawn_find_relay(char *out, size_t outlen, char *err, size_t errlen)
{
	char dir[4096];

	if (own_folder(dir, sizeof(dir)) == 0 &&
	    try_path(dir, out, outlen) == 0)
		return 0;
	if (try_path(LIBEXECDIR, out, outlen) == 0)
		return 0;
	snprintf(err, errlen, "%s is neither beside this program nor in %s",
	    relay_name, LIBEXECDIR);
	return -1;
}

/* Nothing of the parent goes on in the child but its stderr and sock. */
static int
child_fds(int sock, int program)
{
	int null;

	/* Above both numbers first: one may stand where the other goes. */
	if ((program = fcntl(program, F_DUPFD, PROGRAM_FD + 1)) == -1 ||
	    (sock = fcntl(sock, F_DUPFD, PROGRAM_FD + 1)) == -1 ||
	    dup3(program, PROGRAM_FD, O_CLOEXEC) == -1)
		return -1;
	if (dup2(sock, WORKER_FD) == -1)
		return -1;
	if ((null = open("/dev/null", O_RDWR)) == -1)
		return -1;
	if (dup2(null, 0) == -1 || dup2(null, 1) == -1)
		return -1;
	if (fcntl(2, F_GETFD) == -1 && dup2(null, 2) == -1)
		return -1;
	return close_range(PROGRAM_FD + 1, ~0U, 0);
}

/* Handlers go by exec; what is ignored or blocked would stay. */
static int
child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
child_user(uid_t uid, gid_t gid)
{
	if (geteuid() != 0 || uid == 0)
		return 0;
	if (setgroups(1, &gid) == -1 || setgid(gid) == -1)
		return -1;
	return setuid(uid);
}

static void __attribute__((__noreturn__)) child(const char *path,
    const char *mode, int sock, uid_t uid, gid_t gid, unsigned flags)
{
	const char *argv[6] = { relay_name, mode };
	int n = 2, program;

	if (flags & SPAWN_SYSLOG)
		argv[n++] = "--syslog";
	if (flags & SPAWN_VERBOSE)
		argv[n++] = "-v";
	if (flags & SPAWN_NO_SANDBOX)
		argv[n++] = "--no-sandbox";
	argv[n] = NULL;
	/* Opened as who we are: the folder may be closed to the other user. */
	if ((program = open(path, O_PATH | O_CLOEXEC)) == -1 ||
	    setsid() == -1 || child_signals() == -1 ||
	    child_fds(sock, program) == -1 || child_user(uid, gid) == -1)
		_exit(1);
	(void)syscall(SYS_execveat, PROGRAM_FD, "", argv, environ,
	    AT_EMPTY_PATH);
	dprintf(2, "%s: %s: %s\n", relay_name, path, strerror(errno));
	_exit(1);
}

static int
spawn(const char *path, const char *mode, uid_t uid, gid_t gid, unsigned flags,
    pid_t *pid)
{
	int sv[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, sv) == -1)
		return -1;
	switch (*pid = fork()) {
	case -1:
		saved = errno;
		close(sv[0]);
		close(sv[1]);
		errno = saved;
		return -1;
	case 0:
		child(path, mode, sv[1], uid, gid, flags);
	}
	close(sv[1]);
	return sv[0];
}

int
spawn_worker(const char *path, uid_t uid, gid_t gid, unsigned flags, pid_t *pid)
{
	return spawn(path, "--worker", uid, gid, flags, pid);
}

int
spawn_tls_worker(const char *path, uid_t uid, gid_t gid, unsigned flags,
    pid_t *pid)
{
	return spawn(path, "--tls-worker", uid, gid, flags, pid);
}

int
spawn_cpus(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? n : 1;
}
