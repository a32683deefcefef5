/*
 * An intruder, preloaded (LD_PRELOAD): on SIGUSR2 the process tries what it
 * has no business with, and says on standard error what came of it:
 *
 *	probe PID: socket: ok
 *	probe PID: fork: EPERM
 *	probe PID: done
 *
 * With a value (kill -q N -s USR2 PID) it tries the Nth of the deadly things
 * instead.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define VICTIM "/tmp/vsap-probe.victim"

static const struct sockaddr_in loopback = {
	.sin_family = AF_INET,
	.sin_addr.s_addr = 0x0100007f,
};

/* Each returns -1 with errno where it is refused. */

static long
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd != -1)
		close(fd);
	return fd;
}

static long
try_write(void)
{
	return try_open("/dev/null", O_WRONLY);
}

static long
try_create(void)
{
	return try_open(VICTIM, O_RDWR | O_CREAT | O_EXCL);
}

static long
try_beneath(void)
{
	struct open_how how = { .flags = O_WRONLY | O_CLOEXEC };

	return syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how));
}

static long
try_shadow(void)
{
	return try_open("/etc/shadow", O_RDONLY);
}

static long
try_etc(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static long
try_mem(void)
{
	return try_open("/proc/self/mem", O_RDWR);
}

static long
try_maps(void)
{
	return try_open("/proc/self/maps", O_RDONLY);
}

static long
try_root(void)
{
	return try_open("/", O_RDONLY);
}

static long
try_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return try_open(path, O_RDONLY);
}

static long
try_mkdir(void)
{
	return mkdir(VICTIM, 0700);
}

static long
try_unlink(void)
{
	return unlink(VICTIM);
}

static long
try_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return fd;
}

static long
try_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long
try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

/* On a socket of its own; without one, on any descriptor: it is the call
 * that is tried. */
static long
with_socket(int (*call)(int, const struct sockaddr *, socklen_t))
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = call(fd, (const struct sockaddr *)&loopback, sizeof(loopback));
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
	return r;
}

static long
try_connect(void)
{
	return with_socket(connect) == -1 && errno != ECONNREFUSED ? -1 : 0;
}

static long
try_bind(void)
{
	return with_socket(bind);
}

static int
do_listen(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)sa;
	(void)len;
	return listen(fd, 1);
}

static long
try_listen(void)
{
	return with_socket(do_listen);
}

static long
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
try_kill(void)
{
	return kill(getppid(), 0);
}

static long
try_tgkill(void)
{
	pid_t pid = getppid();

	return syscall(SYS_tgkill, pid, pid, 0);
}

static long
try_own(void)
{
	return fcntl(STDERR_FILENO, F_SETOWN, getppid());
}

static long
try_map(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static long
try_protect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_EXEC);
}

static long
try_setuid(void)
{
	return setresuid(0, 0, 0);
}

static long
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static long
try_limit(void)
{
	struct rlimit rl;

	return getrlimit(RLIMIT_CORE, &rl) == -1 ? -1
						 : setrlimit(RLIMIT_CORE, &rl);
}

struct attempt {
	const char *name;
	long (*try)(void);
};

static const struct attempt attempts[] = {
	{ "open for writing", try_write },
	{ "create a file", try_create },
	{ "openat2 for writing", try_beneath },
	{ "read /etc/shadow", try_shadow },
	{ "read /etc/passwd", try_etc },
	{ "read its maps", try_maps },
	{ "open its memory", try_mem },
	{ "open its parent's memory", try_parent },
	{ "list the root", try_root },
	{ "make a folder", try_mkdir },
	{ "remove a file", try_unlink },
	{ "make a socket", try_socket },
	{ "make a raw socket", try_raw },
	{ "make a netlink socket", try_netlink },
	{ "connect", try_connect },
	{ "bind", try_bind },
	{ "listen", try_listen },
	{ "fork", try_fork },
	{ "signal its parent", try_kill },
	{ "signal a thread of it", try_tgkill },
	{ "have it sent signals", try_own },
	{ "map executable memory", try_map },
	{ "make memory executable", try_protect },
	{ "become root", try_setuid },
	{ "be dumpable", try_dumpable },
	{ "set a limit", try_limit },
};

/* --- deadly ------------------------------------------------------------ */

static long
try_exec(void)
{
	char *argv[] = { NULL };

	return execve("/bin/true", argv, argv);
}

static long
try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long
try_mount(void)
{
	return syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL);
}

static long
try_steal(void)
{
	char c;
	struct iovec to = { &c, 1 }, from = { &c, 1 };

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0);
}

static const struct attempt deadly[] = {
	{ "execute", try_exec },
	{ "trace its parent", try_ptrace },
	{ "mount", try_mount },
	{ "read its parent's memory", try_steal },
};

/* --- trying ------------------------------------------------------------ */

/* Written at once, that lines of several processes do not mix. */
static void
tell(const char *name, const char *result)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "probe %d: %s%s%s\n",
	    (int)getpid(), name, *result != '\0' ? ": " : "", result);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		_exit(99);
}

static void
attempt(const struct attempt *a)
{
	const char *name;

	errno = 0;
	if (a->try() != -1)
		tell(a->name, "ok");
	else {
		name = strerrorname_np(errno);
		tell(a->name, name == NULL ? "?" : name);
	}
}

static void
on_signal(int sig, siginfo_t *si, void *context)
{
	int saved = errno, n = si->si_value.sival_int;

	(void)sig;
	(void)context;
	if (si->si_code == SI_QUEUE && n > 0 && (size_t)n <= NELEM(deadly))
		attempt(&deadly[n - 1]);
	else
		for (size_t i = 0; i < NELEM(attempts); i++)
			attempt(&attempts[i]);
	tell("done", "");
	errno = saved;
}

static void __attribute__((__constructor__)) set_up(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART };

	sa.sa_sigaction = on_signal;
	sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGUSR2, &sa, NULL);
}
