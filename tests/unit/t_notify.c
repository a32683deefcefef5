/*
 * The service manager, played here: what it is told, and the sockets that
 * it gives.
 */
#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/t_notify.XXXXXX";
static char msg[1024];

static const char *
heard(int fd)
{
	ssize_t n = recv(fd, msg, sizeof(msg) - 1, MSG_DONTWAIT);

	msg[n > 0 ? n : 0] = '\0';
	return msg;
}

/* A manager's socket, at a path or an abstract name ("@..."). */
static int
manager(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, name, len);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) ==
	    -1)
		exit(1);
	return fd;
}

static void
reloading(int fd)
{
	unsigned long long before, after, told = 0;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	before = (unsigned long long)ts.tv_sec * 1000000;
	is_int(notify_reloading(), 0, "reloading");
	clock_gettime(CLOCK_MONOTONIC, &ts);
	after = ((unsigned long long)ts.tv_sec + 1) * 1000000;
	is_int(sscanf(heard(fd), "RELOADING=1\nMONOTONIC_USEC=%llu", &told), 1,
	    "with the time");
	ok(told >= before && told <= after, "which is now");
}

static void
tells(const char *name)
{
	char text[2048];
	int fd = manager(name);

	setenv("NOTIFY_SOCKET", name, 1);
	is_int(notify_open(), 0, "%s", name);
	ok(getenv("NOTIFY_SOCKET") == NULL, "children do not see it");
	is_int(notify_ready(), 0, "ready");
	is_str(heard(fd), "READY=1", "is heard");
	reloading(fd);
	is_int(notify_status("12 users\nREADY=1"), 0, "status");
	is_str(heard(fd), "STATUS=12 users", "one line of it");
	is_int(notify_refused("conf:1: what\nelse"), 0, "refused");
	is_str(heard(fd), "STATUS=reload refused: conf:1: what", "is heard");
	is_int(notify_status(""), 0, "nothing to say");
	is_str(heard(fd), "STATUS=", "is heard");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	is_int(notify_status(text), 0, "a long one");
	ok(strlen(heard(fd)) > 400 && strncmp(msg, "STATUS=xxx", 10) == 0,
	    "is cut");
	is_int(notify_stopping(), 0, "stopping");
	is_str(heard(fd), "STOPPING=1", "is heard");
	while (notify_ready() == 0) /* nobody reads */
		;
	ok(1, "a manager that does not read holds nothing up");
	notify_close();
	is_int(notify_ready(), 0, "closed: nothing is said");
	close(fd);
}

static void
nobody(void)
{
	static const char *const bad[] = { "relative", "@", "/",
		"/nonexistent/socket", "vsock:2:1234", NULL };
	char longer[200];

	unsetenv("NOTIFY_SOCKET");
	is_int(notify_open(), 0, "no manager");
	is_int(notify_ready(), 0, "is told nothing");
	setenv("NOTIFY_SOCKET", "", 1);
	is_int(notify_open(), 0, "an empty name is none");
	for (int i = 0; bad[i] != NULL; i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		is_int(notify_open(), -1, "of no use: %s", bad[i]);
		ok(getenv("NOTIFY_SOCKET") == NULL, "taken away all the same");
	}
	memset(longer, '/', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	is_int(notify_open(), -1, "too long");
	is_int(notify_ready(), 0, "nothing is told");
}

static void
give(const char *pid, const char *fds, const char *names)
{
	char self[32];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	setenv("LISTEN_PID", pid == NULL ? self : pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

/* Two sockets at 3 and 4, as a manager leaves them. */
static void
listens(void)
{
	static const char *const bad[] = { "0", "-1", "x", "", "2x", "99999" };
	int first = -1;

	is_int(notify_listen_fds(&first), 0, "none are given");
	give("1", "2", NULL);
	is_int(notify_listen_fds(&first), 0, "they are for another process");
	ok(getenv("LISTEN_FDS") == NULL, "and leave the environment");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		give(NULL, bad[i], NULL);
		is_int(notify_listen_fds(&first), 0, "how many: %s", bad[i]);
	}
	give(NULL, "2", "tcp::unix");
	is_int(notify_listen_fds(&first), 2, "two");
	is_int(first, 3, "from 3 on");
	ok((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 &&
		(fcntl(4, F_GETFD) & FD_CLOEXEC) != 0,
	    "which children do not get");
	is_str(notify_listen_name(0), "tcp", "the first one's name");
	is_str(notify_listen_name(1), "", "an empty one");
	is_str(notify_listen_name(2), "unix", "the last");
	is_str(notify_listen_name(3), "", "no more");
	is_str(notify_listen_name(-1), "", "none before");
	ok(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDNAMES") == NULL,
	    "nothing is left in the environment");
	is_int(notify_listen_fds(&first), 0, "once only");
}

int
main(void)
{
	char name[64];
	int fd;

	/* 3 and 4 are to be what the tests say. */
	fd = open("/dev/null", O_RDONLY);
	if (fd == -1 || dup2(fd, 3) == -1 || dup2(fd, 4) == -1 ||
	    mkdtemp(dir) == NULL)
		return 1;
	unsetenv("LISTEN_FDS");
	listens();
	snprintf(name, sizeof(name), "%s/socket", dir);
	tells(name);
	unlink(name);
	rmdir(dir);
	name[0] = '@';
	tells(name);
	nobody();
	return done_testing();
}
