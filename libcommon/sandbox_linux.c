/*
 * Confinement on Linux.  A seccomp filter decides by the call and its plain
 * arguments; Landlock, which sees paths, by the file.
 *
 * What is not allowed fails with EPERM rather than killing: libraries try
 * this and that (a netlink socket, a huge page, isatty) and get on without,
 * and their next version may try something new.  What no library of ours
 * has a reason for (executing, tracing, loading code into the kernel) is an
 * intruder's, and killed before the next attempt.
 */
#include "sandbox.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* Since version 3 of Landlock; not in all headers. */
#define FS_TRUNCATE (1ULL << 14)

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* What every role needs: memory, time, signals of its own, the end. */
static const int basic_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(close), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(gettid), SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap),
	SCMP_SYS(nanosleep), SCMP_SYS(recvfrom), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sendto), SCMP_SYS(sigaltstack),
	SCMP_SYS(time), SCMP_SYS(write), /* last words on standard error */
};

/* An event loop with sockets. */
static const int loop_calls[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(bind), /* the source of an ident query */
	SCMP_SYS(close_range),
	SCMP_SYS(connect),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpeername),
	SCMP_SYS(getppid),
	SCMP_SYS(getrusage),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getuid),
	SCMP_SYS(lseek),
	SCMP_SYS(memfd_create),
	SCMP_SYS(newfstatat),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(signalfd4),
	SCMP_SYS(statx),
	SCMP_SYS(sysinfo),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(writev),
};

/* Nobody but an intruder. */
static const int deadly_calls[] = {
	SCMP_SYS(add_key),
	SCMP_SYS(bpf),
	SCMP_SYS(chroot),
	SCMP_SYS(delete_module),
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(finit_module),
	SCMP_SYS(init_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(keyctl),
	SCMP_SYS(mount),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pivot_root),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace),
	SCMP_SYS(reboot),
	SCMP_SYS(request_key),
	SCMP_SYS(setns),
	SCMP_SYS(umount2),
	SCMP_SYS(unshare),
	SCMP_SYS(userfaultfd),
};

bool
sandbox_works(void)
{
	return !SANITIZED;
}

static int
failed(char *err, size_t errlen, const char *what, int error)
{
	snprintf(err, errlen, "%s: %s", what, strerror(error));
	return -1;
}

/* --- privilege --------------------------------------------------------- */

int
sandbox_drop(uid_t uid, gid_t gid, char *err, size_t errlen)
{
	if (getuid() == 0 && uid != 0 &&
	    (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
		setresuid(uid, uid, uid) == -1)) {
		snprintf(err, errlen, "cannot become user %u: %s",
		    (unsigned)uid, strerror(errno));
		return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return failed(err, errlen, "no_new_privs", errno);
	/* The sanitizers look for leaks by tracing. */
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return failed(err, errlen, "not dumpable", errno);
	return 0;
}

/* --- seccomp ----------------------------------------------------------- */

static int
add_calls(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(ctx, action, calls[i], 0);
	return r;
}

/* Allow call if arguments are as cmp says; more rules of a call are "or". */
#define ALLOW_IF(ctx, call, n, ...)                                            \
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(call), n, __VA_ARGS__)

/* Memory that is never executable, and signals to oneself (abort(3)). */
static int
add_basic(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp noexec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	int r;

	if ((r = add_calls(ctx, SCMP_ACT_ALLOW, basic_calls,
		 NELEM(basic_calls))) != 0 ||
	    (r = add_calls(ctx, SCMP_ACT_KILL_PROCESS, deadly_calls,
		 NELEM(deadly_calls))) != 0 ||
	    (r = ALLOW_IF(ctx, mmap, 1, noexec)) != 0 ||
	    (r = ALLOW_IF(ctx, mprotect, 1, noexec)) != 0)
		return r;
	return ALLOW_IF(ctx, tgkill, 1, self);
}

static int
add_sockets(scmp_filter_ctx ctx)
{
	static const unsigned domains[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned types[] = { SOCK_STREAM, SOCK_DGRAM };
	const scmp_datum_t type_mask =
	    ~(SOCK_CLOEXEC | SOCK_NONBLOCK) & UINT32_MAX;
	int r = ALLOW_IF(ctx, socketpair, 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));

	for (size_t i = 0; i < NELEM(domains); i++)
		for (size_t j = 0; j < NELEM(types) && r == 0; j++)
			r = ALLOW_IF(ctx, socket, 2,
			    SCMP_A0(SCMP_CMP_EQ, domains[i]),
			    SCMP_A1(SCMP_CMP_MASKED_EQ, type_mask, types[j]));
	return r;
}

/* Reading files, asking descriptors, looking at one's own limits. */
static int
add_files(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
				     (O_TMPFILE & ~O_DIRECTORY);
	static const unsigned long asks[] = { FIONREAD, FIONBIO, SIOCOUTQ };
	int r;

	if ((r = ALLOW_IF(ctx, openat, 1,
		 SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY))) != 0 ||
	    (r = ALLOW_IF(ctx, prlimit64, 2, SCMP_A0(SCMP_CMP_EQ, 0),
		 SCMP_A2(SCMP_CMP_EQ, 0))) != 0 ||
	    (r = ALLOW_IF(ctx, prctl, 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME))) !=
		0)
		return r;
	for (size_t i = 0; i < NELEM(asks) && r == 0; i++)
		r = ALLOW_IF(ctx, ioctl, 1, SCMP_A1(SCMP_CMP_EQ, asks[i]));
	return r;
}

static int
add_loop(scmp_filter_ctx ctx)
{
	int r;

	if ((r = add_calls(ctx, SCMP_ACT_ALLOW, loop_calls,
		 NELEM(loop_calls))) != 0 ||
	    (r = add_sockets(ctx)) != 0)
		return r;
	return add_files(ctx);
}

static int
load_filter(int (*add)(scmp_filter_ctx), char *err, size_t errlen)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (ctx == NULL)
		return failed(err, errlen, "seccomp", ENOMEM);
	/* A tree of calls rather than a list; not in every version. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_basic(ctx);
	if (r == 0 && add != NULL)
		r = add(ctx);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r == 0 ? 0 : failed(err, errlen, "seccomp", -r);
}

/* --- Landlock ---------------------------------------------------------- */

#define FS_READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* All that this kernel can refuse; 0: it has no Landlock. */
static uint64_t
landlock_rights(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version < 1)
		return 0;
	if (version >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights |= FS_TRUNCATE;
	return rights;
}

/* Let path and what is below it be read, if there is such a path. */
static int
landlock_read(int rules, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = FS_READ };
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	long r = -1;

	if (fd == -1 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd == -1)
		return -1;
	rule.parent_fd = fd;
	if (fstat(fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access = FS_READ_FILE;
		r = syscall(SYS_landlock_add_rule, rules,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	close(fd);
	return r == -1 ? -1 : 0;
}

/* The folder, since it is a new file each time that it is written. */
static int
landlock_resolv_conf(int rules)
{
	char path[PATH_MAX], *slash;

	if (realpath("/etc/resolv.conf", path) == NULL ||
	    (slash = strrchr(path, '/')) == NULL || slash == path)
		return 0;
	*slash = '\0';
	return landlock_read(rules, path);
}

static int
landlock_read_all(int rules, const char *const *paths)
{
	for (; *paths != NULL; paths++)
		if (landlock_read(rules, *paths) == -1)
			return -1;
	return 0;
}

/* c-ares makes its query numbers of what it reads in urandom. */
static int
landlock_rules(int rules, const struct sandbox_paths *paths)
{
	static const char *const always[] = { "/etc", "/usr/share/zoneinfo",
		"/dev/urandom", NULL };

	if (landlock_read_all(rules, always) == -1 ||
	    landlock_resolv_conf(rules) == -1)
		return -1;
	if (paths == NULL || paths->read == NULL)
		return 0;
	return landlock_read_all(rules, paths->read);
}

static int
confine_files(const struct sandbox_paths *paths, char *err, size_t errlen)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = landlock_rights(),
	};
	int rules, error = 0;

	if (attr.handled_access_fs == 0)
		return 0;
	rules =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules == -1)
		return failed(err, errlen, "landlock", errno);
	if (landlock_rules(rules, paths) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		error = errno;
	close(rules);
	return error == 0 ? 0 : failed(err, errlen, "landlock", error);
}

/* --- roles ------------------------------------------------------------- */

int
sandbox_irc_server(const struct sandbox_paths *paths, char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return failed(err, errlen, "no_new_privs", errno);
	if (confine_files(paths, err, errlen) == -1)
		return -1;
	return load_filter(add_loop, err, errlen);
}

int
sandbox_passwords(char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	return load_filter(NULL, err, errlen);
}
