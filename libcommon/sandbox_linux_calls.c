/*
 * Which system calls a role may do.
 *
 * What is not allowed fails with EPERM rather than killing: libraries try
 * this and that (a netlink socket, a huge page, isatty) and get on without,
 * and their next version may try something new.  What no library of ours
 * has a reason for (executing, tracing, loading code into the kernel) is an
 * intruder's, and killed before the next attempt.
 */
#include "sandbox_linux.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <unistd.h>

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* What every role needs: memory, time, signals of its own, the end. */
static const int basic_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(close), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(gettid), SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap),
	SCMP_SYS(nanosleep), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom), SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sendto),
	SCMP_SYS(sigaltstack), SCMP_SYS(time),
	SCMP_SYS(write), /* last words on standard error */
};

/* An event loop over descriptors that it has, or is sent. */
static const int stream_calls[] = {
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(fstat),
	SCMP_SYS(getsockopt),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(writev),
};

/* One that makes its own. */
static const int socket_calls[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(bind), /* the source of a connection */
	SCMP_SYS(close_range),
	SCMP_SYS(connect),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(eventfd2),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpeername),
	SCMP_SYS(getppid),
	SCMP_SYS(getrusage),
	SCMP_SYS(getsockname),
	SCMP_SYS(getuid),
	SCMP_SYS(memfd_create),
	SCMP_SYS(pipe2),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(signalfd4),
	SCMP_SYS(sysinfo),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(uname),
};

/* (Where they lead is Landlock's matter.) */
static const int read_calls[] = {
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(lseek),
	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),
	SCMP_SYS(statx),
};

static const int splice_calls[] = {
	SCMP_SYS(pipe2),
	SCMP_SYS(splice),
};

static const int memfile_calls[] = {
	SCMP_SYS(lseek),
	SCMP_SYS(pread64),
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

static int
add_list(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(ctx, action, calls[i], 0);
	return r;
}

#define ALLOW_LIST(ctx, calls)                                                 \
	add_list(ctx, SCMP_ACT_ALLOW, calls, NELEM(calls))

/* An argument, counted from 0, is this; of it, these bits are. */
static struct scmp_arg_cmp
is(unsigned arg, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_EQ, value, 0 };
}

static struct scmp_arg_cmp
has(unsigned arg, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, value };
}

/* Allow call if arguments are as said; more rules of a call are "or". */
#define ALLOW_IF(ctx, call, n, ...)                                            \
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(call), n, __VA_ARGS__)

/* Memory that is never executable, and signals to oneself (abort(3)). */
static int
add_basic(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp noexec = has(2, PROT_EXEC, 0);
	struct scmp_arg_cmp self = is(0, (scmp_datum_t)getpid());
	int r;

	if ((r = ALLOW_LIST(ctx, basic_calls)) != 0 ||
	    (r = add_list(ctx, SCMP_ACT_KILL_PROCESS, deadly_calls,
		 NELEM(deadly_calls))) != 0 ||
	    (r = ALLOW_IF(ctx, mmap, 1, noexec)) != 0 ||
	    (r = ALLOW_IF(ctx, mprotect, 1, noexec)) != 0)
		return r;
	return ALLOW_IF(ctx, tgkill, 1, self);
}

/* Nothing by which a descriptor's owner is sent signals. */
static int
add_fcntl(scmp_filter_ctx ctx)
{
	static const int commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
		F_SETFD, F_GETFL, F_GETPIPE_SZ, F_SETPIPE_SZ, F_GET_SEALS,
		F_ADD_SEALS };
	int r = ALLOW_IF(ctx, fcntl, 2, is(1, F_SETFL), has(2, O_ASYNC, 0));

	for (size_t i = 0; i < NELEM(commands) && r == 0; i++)
		r = ALLOW_IF(ctx, fcntl, 1, is(1, (scmp_datum_t)commands[i]));
	return r;
}

/* Asking descriptors, looking at one's own limits, one's own name. */
static int
add_streams(scmp_filter_ctx ctx)
{
	static const unsigned long asks[] = { FIONREAD, FIONBIO, SIOCOUTQ };
	int r;

	if ((r = ALLOW_LIST(ctx, stream_calls)) != 0 ||
	    (r = add_fcntl(ctx)) != 0 ||
	    (r = ALLOW_IF(ctx, newfstatat, 1,
		 has(3, AT_EMPTY_PATH, AT_EMPTY_PATH))) != 0 ||
	    (r = ALLOW_IF(ctx, prlimit64, 2, is(0, 0), is(2, 0))) != 0 ||
	    (r = ALLOW_IF(ctx, prctl, 1, is(0, PR_SET_NAME))) != 0)
		return r;
	for (size_t i = 0; i < NELEM(asks) && r == 0; i++)
		r = ALLOW_IF(ctx, ioctl, 1, is(1, asks[i]));
	return r;
}

static int
add_sockets(scmp_filter_ctx ctx)
{
	static const unsigned domains[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned types[] = { SOCK_STREAM, SOCK_DGRAM };
	const scmp_datum_t type_mask =
	    ~(SOCK_CLOEXEC | SOCK_NONBLOCK) & UINT32_MAX;
	int r = ALLOW_LIST(ctx, socket_calls);

	if (r == 0)
		r = ALLOW_IF(ctx, socketpair, 1, is(0, AF_UNIX));
	for (size_t i = 0; i < NELEM(domains); i++)
		for (size_t j = 0; j < NELEM(types) && r == 0; j++)
			r = ALLOW_IF(ctx, socket, 2, is(0, domains[i]),
			    has(1, type_mask, types[j]));
	return r;
}

static int
add_read(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
				     (O_TMPFILE & ~O_DIRECTORY);
	int r = ALLOW_LIST(ctx, read_calls);

	if (r != 0)
		return r;
	return ALLOW_IF(ctx, openat, 1, has(2, writing, O_RDONLY));
}

static int
add_splice(scmp_filter_ctx ctx)
{
	return ALLOW_LIST(ctx, splice_calls);
}

static int
add_memfile(scmp_filter_ctx ctx)
{
	return ALLOW_LIST(ctx, memfile_calls);
}

int
sandbox_add_calls(scmp_filter_ctx ctx, unsigned calls)
{
	static int (*const add[])(scmp_filter_ctx) = { add_streams, add_sockets,
		add_read, add_splice, add_memfile };
	int r = add_basic(ctx);

	for (size_t i = 0; i < NELEM(add) && r == 0; i++)
		if (calls & 1U << i)
			r = add[i](ctx);
	return r;
}
