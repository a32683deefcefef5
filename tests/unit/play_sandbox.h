#ifndef PLAY_SANDBOX_H
#define PLAY_SANDBOX_H

/*
 * What confined children try: forbidden things fail or kill, and what the
 * roles live by works.
 */

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypthash.h"
#include "net.h"
#include "resolv.h"
#include "sandbox.h"
#include "tap.h"

#define KILLED (-SIGSYS)
#define ABORTED (-SIGABRT)
#define UNCONFINED 254 /* the sandbox function itself failed */
#define NOBODY 65534

static char dir[] = "/tmp/t_sandbox.XXXXXX";
static char file[64], other[64];
static int pair[2]; /* a UNIX socket pair */
static int listener;
static struct sockaddr_in listen_addr;
static const char *readable[] = { file, "/nonexistent/by/all", NULL };
static const struct sandbox_paths paths = { .read = readable };

/* Each is what one child does: 0 or an errno. */
#define RESULT(expr) ((expr) == -1 ? errno : 0)

static inline int
do_nothing(void)
{
	return 0;
}

static inline int
do_exec(void)
{
	char *argv[] = { "true", NULL };

	return RESULT(execv("/bin/true", argv));
}

static inline int
do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return RESULT(pid);
}

static inline int
do_ptrace(void)
{
	return RESULT(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static inline int
do_kill(void)
{
	return RESULT(kill(getppid(), 0));
}

static inline int
do_signal_other(void)
{
	pid_t pid = getppid();

	return RESULT(syscall(SYS_tgkill, pid, pid, 0));
}

static inline int
do_abort(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	abort();
}

static inline int
do_mount(void)
{
	return RESULT(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL));
}

static inline int
do_unshare(void)
{
	return RESULT(syscall(SYS_unshare, 0));
}

static inline int
do_write_open(void)
{
	return RESULT(open(file, O_WRONLY));
}

static inline int
do_append_open(void)
{
	return RESULT(open(file, O_RDWR | O_APPEND));
}

static inline int
do_create(void)
{
	return RESULT(open(other, O_RDONLY | O_CREAT, 0600));
}

static inline int
do_truncate(void)
{
	return RESULT(open(file, O_RDONLY | O_TRUNC));
}

static inline int
do_unlink(void)
{
	return RESULT(unlink(file));
}

static inline int
do_chmod(void)
{
	return RESULT(chmod(file, 0666));
}

static inline int
do_read_given(void)
{
	char c;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	return fd == -1 ? errno : read(fd, &c, 1) == 1 && c == 'x' ? 0 : EIO;
}

static inline int
do_read_hosts(void)
{
	return RESULT(open("/etc/hosts", O_RDONLY));
}

static inline int
do_read_other(void)
{
	return RESULT(open("/proc/self/maps", O_RDONLY));
}

static inline int
do_read_random(void)
{
	char c;
	int fd = open("/dev/urandom", O_RDONLY);

	return fd == -1 || read(fd, &c, 1) != 1 ? errno : 0;
}

static inline void
on_query(evutil_socket_t fd, short what, void *arg)
{
	int *result = arg;

	(void)fd;
	*result = (what & EV_READ) != 0 ? 0 : ETIMEDOUT;
}

static inline void
on_name(void *arg, const struct resolv_addr *a, int n, const char *error)
{
	(void)arg;
	(void)a;
	(void)n;
	(void)error;
}

/* The resolver, all of it made in the sandbox, asks a name server. */
static inline int
do_resolve(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct timeval limit = { 10, 0 };
	socklen_t len = sizeof(sin);
	struct event_base *base = event_base_new();
	struct resolv *resolv;
	int result = EIO, fd = socket(AF_INET, SOCK_DGRAM, 0);
	char server[32];

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		return errno;
	snprintf(server, sizeof(server), "127.0.0.1:%d", ntohs(sin.sin_port));
	if (base == NULL || (resolv = resolv_new(base)) == NULL ||
	    resolv_servers(resolv, server) == -1 ||
	    resolv_start(resolv, "host.example", 1, AF_INET, on_name, NULL) ==
		NULL ||
	    event_base_once(base, fd, EV_READ, on_query, &result, &limit) == -1)
		return errno;
	while (result == EIO)
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
	return result;
}

static inline int
do_exec_map(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		   ? errno
		   : 0;
}

static inline int
do_exec_protect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return EIO;
	return RESULT(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static inline int
do_memory(void)
{
	size_t size = 4 << 20;
	char *p;

	for (int i = 0; i < 4; i++, size *= 2) {
		if ((p = malloc(size)) == NULL)
			return errno;
		memset(p, i, size);
		if (p[size - 1] != (char)i)
			return EIO;
		free(p);
	}
	return 0;
}

static inline int
do_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 ? errno : RESULT(listen(fd, 1));
}

static inline int
do_raw(void)
{
	return RESULT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static inline int
do_packet(void)
{
	return RESULT(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static inline int
do_netlink(void)
{
	return RESULT(socket(AF_NETLINK, SOCK_RAW, 0));
}

static inline int
do_sockets(void)
{
	static const int domains[] = { AF_UNIX, AF_INET, AF_INET6 };

	for (int i = 0; i < 3; i++) {
		if (socket(domains[i], SOCK_STREAM | SOCK_NONBLOCK, 0) == -1 &&
		    errno != EAFNOSUPPORT)
			return errno;
		if (socket(domains[i], SOCK_DGRAM | SOCK_CLOEXEC, 0) == -1 &&
		    errno != EAFNOSUPPORT)
			return errno;
	}
	return 0;
}

/* From a given source, as ident is asked; and taken on the other side. */
static inline int
do_connect(void)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	socklen_t len = sizeof(source);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer, n;

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&source, sizeof(source)) == -1 ||
	    connect(fd, (struct sockaddr *)&listen_addr, sizeof(listen_addr)) ==
		-1 ||
	    (peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&source, &len) == -1 ||
	    getpeername(peer, (struct sockaddr *)&source, &len) == -1 ||
	    send(fd, "x", 1, MSG_NOSIGNAL) == -1 ||
	    ioctl(peer, FIONREAD, &n) == -1 || shutdown(fd, SHUT_WR) == -1)
		return errno;
	net_tune(fd);
	return net_nonblock(fd, true) == -1 ? errno : 0;
}

static inline int
do_descriptor(void)
{
	int fd, n = 1;
	char c = 'x';

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fdpass_send(pair[0], &c, 1, &fd, 1) == -1 ||
	    fdpass_recv(pair[1], &c, 1, &fd, &n, NULL) == -1)
		return errno;
	return n == 1 ? 0 : EIO;
}

static inline int
do_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLOUT };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep == -1 || epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev) == -1)
		return errno;
	return epoll_wait(ep, &ev, 1, 1000) == 1 ? 0 : errno;
}

static inline int
do_memfd(void)
{
	int fd = memfd_create("t", MFD_CLOEXEC);

	return fd == -1 ? errno : RESULT(write(fd, "x", 1));
}

static inline int
do_hash(void)
{
	char hash[CRYPTHASH_MAX];

	if (crypthash_make("secret", hash, sizeof(hash)) == -1)
		return errno;
	return crypthash_check(hash, "secret") ? 0 : EIO;
}

static inline int
do_answer(void)
{
	char c = 'x';

	if (send(pair[0], &c, 1, MSG_NOSIGNAL) != 1 ||
	    recv(pair[1], &c, 1, 0) != 1)
		return errno;
	return 0;
}

static inline int
do_socket(void)
{
	return RESULT(socket(AF_INET, SOCK_STREAM, 0));
}

static inline int
do_open(void)
{
	return RESULT(open("/etc/hosts", O_RDONLY));
}

/* What becomes of a child that is confined and does this: 0, an errno, or
 * minus the signal that ended it. */
static inline int
outcome(int (*confine)(char *, size_t), int (*act)(void))
{
	char err[256] = "";
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (confine(err, sizeof(err)) == -1) {
			printf("# %s\n", err);
			fflush(stdout);
			_exit(UNCONFINED);
		}
		_exit(act());
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return UNCONFINED;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct trial {
	const char *what;
	int (*act)(void);
	int want;
};

static inline void
try_all(const char *who, int (*confine)(char *, size_t),
    const struct trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++)
		is_int(outcome(confine, trials[i].act), trials[i].want,
		    "%s: %s", who, trials[i].what);
}

#define TRY(who, role, trials)                                                 \
	try_all(who, role, trials, sizeof(trials) / sizeof((trials)[0]))

/* What no role may. */
static inline void
try_forbidden(const char *who, int (*confine)(char *, size_t))
{
	static const struct trial trials[] = {
		{ "execute", do_exec, KILLED },
		{ "trace the parent", do_ptrace, KILLED },
		{ "fork", do_fork, EPERM },
		{ "signal the parent", do_kill, EPERM },
		{ "map executable memory", do_exec_map, EPERM },
	};

	TRY(who, confine, trials);
}

/* The same of roles that a stranger may take over. */
static inline void
try_escapes(const char *who, int (*confine)(char *, size_t))
{
	static const struct trial trials[] = {
		{ "mount", do_mount, KILLED },
		{ "leave a namespace", do_unshare, KILLED },
		{ "signal the parent's thread", do_signal_other, EPERM },
		{ "make memory executable", do_exec_protect, EPERM },
		{ "abort", do_abort, ABORTED },
	};

	try_forbidden(who, confine);
	TRY(who, confine, trials);
}

/* Files that were named are all that there are: Landlock, which not every
 * kernel has. */
static inline bool
confines_files(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1)
		return true;
	ok(1, "files # SKIP this kernel has no Landlock");
	return false;
}

static inline void
prepare(void)
{
	socklen_t len = sizeof(listen_addr);
	FILE *f;

	if (mkdtemp(dir) == NULL)
		exit(1);
	snprintf(file, sizeof(file), "%s/given", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	if ((f = fopen(file, "w")) == NULL || fputs("x\n", f) == EOF ||
	    fclose(f) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		exit(1);
	listen_addr.sin_family = AF_INET;
	listen_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&listen_addr, len) == -1 ||
	    listen(listener, 5) == -1 ||
	    getsockname(listener, (struct sockaddr *)&listen_addr, &len) == -1)
		exit(1);
}

static inline void
clean_up(void)
{
	unlink(file);
	unlink(other);
	rmdir(dir);
}

#endif
