/*
 * The roles of the gateway: control, which opens nothing for writing and
 * listens nowhere; workers, which have what they are sent and nothing else.
 */
#include "play_sandbox.h"

#include <linux/openat2.h>
#include <syslog.h>
#include <time.h>

#include "ratecap.h"

static int epoll, caps, memfile, log_socket;

/* Opened as bindaddr_open() does. */
static int
beneath(const char *path)
{
	int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root == -1)
		return -1;
	return openat(root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int
do_path(void)
{
	return RESULT(beneath("other"));
}

/* No filter can look into it. */
static int
do_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };

	return RESULT(syscall(SYS_openat2, AT_FDCWD, other, &how, sizeof(how)));
}

static int
do_connect_path(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int path = beneath("socket");

	if (fd == -1 || path == -1)
		return errno;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d", path);
	return RESULT(connect(fd, (struct sockaddr *)&sun, sizeof(sun)));
}

static int
do_own(void)
{
	return RESULT(fcntl(pair[0], F_SETOWN, getppid()));
}

static int
do_async(void)
{
	return RESULT(fcntl(pair[0], F_SETFL, O_ASYNC));
}

/* Bytes through a pipe of its own, from one socket to another. */
static int
do_splice(void)
{
	char c = 'x';
	int p[2], n;

	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) == -1 ||
	    fcntl(p[1], F_SETPIPE_SZ, 1 << 20) == -1 ||
	    write(pair[0], &c, 1) != 1 ||
	    splice(pair[1], NULL, p[1], NULL, 1, SPLICE_F_MOVE) != 1 ||
	    splice(p[0], NULL, pair[1], NULL, 1, SPLICE_F_MOVE) != 1 ||
	    ioctl(pair[0], FIONREAD, &n) == -1 || read(pair[0], &c, 1) != 1)
		return errno;
	return n == 1 && net_unacked(pair[1]) == 0 ? 0 : EIO;
}

static int
do_wait(void)
{
	struct epoll_event ev = { .events = EPOLLOUT };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &ev) == -1 ||
	    epoll_wait(epoll, &ev, 1, 1000) != 1)
		return errno;
	return RESULT(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[0], NULL));
}

/* A descriptor comes, and is used as a stream's is. */
static int
do_take(void)
{
	int fd, n = 1;
	char c = 'x';

	if (fdpass_send(pair[0], &c, 1, &listener, 1) == -1 ||
	    fdpass_recv(pair[1], &c, 1, &fd, &n, NULL) == -1 || n != 1 ||
	    net_nonblock(fd, true) == -1)
		return errno;
	net_reset(fd);
	if (shutdown(log_socket, SHUT_RD) == -1)
		return errno;
	return 0;
}

static int
do_caps(void)
{
	unsigned ms;
	struct ratecap *c = ratecap_map(caps);

	if (c == NULL)
		return errno;
	ratecap_spent(c, 1, 1 << 20, 1);
	return ratecap_room(c, 1, 1 << 20, 1, &ms) == 1 ? 0 : EIO;
}

static int
do_log(void)
{
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    send(log_socket, "x", 1, MSG_NOSIGNAL) != 1)
		return errno;
	syslog(LOG_DEBUG, "nobody reads this");
	return 0;
}

static int
do_name(void)
{
	return RESULT(prctl(PR_SET_NAME, "other"));
}

static int
do_dumpable(void)
{
	return RESULT(prctl(PR_SET_DUMPABLE, 1));
}

static int
do_pair(void)
{
	int sv[2];

	return RESULT(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
}

static int
do_connect_old(void)
{
	return RESULT(connect(pair[0], (struct sockaddr *)&listen_addr,
	    sizeof(listen_addr)));
}

static int
do_accept(void)
{
	return RESULT(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
}

static int
do_bind(void)
{
	return RESULT(bind(pair[0], (struct sockaddr *)&listen_addr,
	    sizeof(listen_addr)));
}

static int
do_listen_old(void)
{
	return RESULT(listen(listener, 9));
}

static int
do_stat(void)
{
	struct stat st;

	return RESULT(stat("/etc/passwd", &st));
}

static int
do_mkdir(void)
{
	return RESULT(mkdir(other, 0700));
}

static int
do_memfile(void)
{
	char c;

	if (lseek(memfile, 0, SEEK_END) != 3 || pread(memfile, &c, 1, 1) != 1)
		return errno;
	return c == 'e' ? 0 : EIO;
}

static int
do_pipe(void)
{
	int p[2];

	return RESULT(pipe2(p, O_CLOEXEC));
}

static int
do_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return errno;
	rl.rlim_cur = 10;
	return setrlimit(RLIMIT_NOFILE, &rl) == -1 ? errno : 0;
}

/* --- roles ------------------------------------------------------------- */

static int
control(char *err, size_t errlen)
{
	return sandbox_vsapd_control(&paths, err, errlen);
}

static const struct trial control_trials[] = {
	{ "have the parent sent signals", do_own, EPERM },
	{ "be sent signals", do_async, EPERM },
	{ "listen", do_listen, EPERM },
	{ "listen once more", do_listen_old, EPERM },
	{ "open for writing", do_write_open, EPERM },
	{ "create a file", do_create, EPERM },
	{ "truncate a file", do_truncate, EPERM },
	{ "open by openat2", do_openat2, EPERM },
	{ "remove a file", do_unlink, EPERM },
	{ "make a folder", do_mkdir, EPERM },
	{ "make a raw socket", do_raw, EPERM },
	{ "make a netlink socket", do_netlink, EPERM },
	{ "change a limit", do_limit, EPERM },
	{ "make a socket pair", do_pair, 0 },
	{ "read a file that was named", do_read_given, 0 },
	{ "read /etc/hosts", do_read_hosts, 0 },
	{ "resolve a name", do_resolve, 0 },
	{ "connect and accept", do_connect, 0 },
	{ "pass a descriptor", do_descriptor, 0 },
	{ "wait for events", do_epoll, 0 },
	{ "reach a path", do_path, 0 },
	{ "connect to a path", do_connect_path, 0 },
	{ "read a memory file", do_memfile, 0 },
	{ "log", do_log, 0 },
};

/* Both kinds of workers. */
static const struct trial worker_trials[] = {
	{ "have the parent sent signals", do_own, EPERM },
	{ "be traced again", do_dumpable, EPERM },
	{ "open a file", do_open, EPERM },
	{ "open for writing", do_write_open, EPERM },
	{ "open by openat2", do_openat2, EPERM },
	{ "look at a file", do_stat, EPERM },
	{ "remove a file", do_unlink, EPERM },
	{ "make a folder", do_mkdir, EPERM },
	{ "make a memory file", do_memfd, EPERM },
	{ "make a socket", do_socket, EPERM },
	{ "make a socket pair", do_pair, EPERM },
	{ "connect", do_connect_old, EPERM },
	{ "accept", do_accept, EPERM },
	{ "bind", do_bind, EPERM },
	{ "listen", do_listen_old, EPERM },
	{ "change a limit", do_limit, EPERM },
	{ "use memory", do_memory, 0 },
	{ "wait for events", do_wait, 0 },
	{ "take a descriptor", do_take, 0 },
	{ "share clocks", do_caps, 0 },
	{ "log", do_log, 0 },
	{ "have a name", do_name, 0 },
};

static const struct trial relay_trials[] = {
	{ "move bytes", do_splice, 0 },
	{ "read a file that it has", do_memfile, EPERM },
};

static const struct trial tls_trials[] = {
	{ "read a memory file", do_memfile, 0 },
	{ "make a pipe", do_pipe, EPERM },
};

static void
socket_file(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", dir);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 9) == -1 ||
	    (fd = open(other, O_WRONLY | O_CREAT, 0600)) == -1)
		exit(1);
	close(fd);
}

/* What a process has before it is confined. */
static void
hold(void)
{
	int sv[2];

	socket_file();
	close(pair[0]);
	close(pair[1]);
	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    (caps = ratecap_make()) == -1 ||
	    (memfile = memfd_create("t", MFD_CLOEXEC)) == -1 ||
	    write(memfile, "key", 3) != 3 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		exit(1);
	log_socket = sv[0];
	openlog("t_sandbox", LOG_NDELAY, LOG_DAEMON);
	tzset();
}

int
main(void)
{
	char path[128];

	if (!sandbox_works()) {
		ok(1, "roles # SKIP this build does not confine");
		return done_testing();
	}
	prepare();
	hold();
	try_forbidden("control", control);
	TRY("control", control, control_trials);
	if (confines_files())
		is_int(outcome(control, do_read_other), EACCES,
		    "control: read what was not named");
	try_escapes("relay worker", sandbox_relay_worker);
	TRY("relay worker", sandbox_relay_worker, worker_trials);
	TRY("relay worker", sandbox_relay_worker, relay_trials);
	try_escapes("TLS worker", sandbox_tls_worker);
	TRY("TLS worker", sandbox_tls_worker, worker_trials);
	TRY("TLS worker", sandbox_tls_worker, tls_trials);
	snprintf(path, sizeof(path), "%s/socket", dir);
	unlink(path);
	clean_up();
	return done_testing();
}
