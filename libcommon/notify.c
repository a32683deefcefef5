#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

#define LISTEN_FDS_START 3
#define LISTEN_FDS_MAX 1024
#define MESSAGE_MAX 512

static int manager = -1; /* connected datagram socket */
static char *names;	 /* of LISTEN_FDNAMES, each ended by a NUL */
static int nnames;

/* --- telling ----------------------------------------------------------- */

/* The length of the address, or 0 if the text is none. */
static socklen_t
address(struct sockaddr_un *sun, const char *text)
{
	size_t len = strlen(text);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if ((text[0] != '/' && text[0] != '@') || len < 2 ||
	    len >= sizeof(sun->sun_path))
		return 0;
	memcpy(sun->sun_path, text, len);
	if (text[0] == '/')
		return sizeof(*sun);
	sun->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int
open_manager(const char *text)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, text);
	int fd, saved;

	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, len) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	notify_close();
	manager = fd;
	return 0;
}

int
notify_open(void)
{
	const char *text = getenv("NOTIFY_SOCKET");
	int r, saved;

	if (text == NULL || *text == '\0')
		return 0;
	r = open_manager(text);
	saved = errno;
	unsetenv("NOTIFY_SOCKET");
	errno = saved;
	return r;
}

void
notify_close(void)
{
	if (manager != -1)
		close(manager);
	manager = -1;
}

static int
tell(const char *text, size_t len)
{
	ssize_t n;

	if (manager == -1)
		return 0;
	do
		n = send(manager, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

int
notify_ready(void)
{
	static const char text[] = "READY=1";

	return tell(text, sizeof(text) - 1);
}

int
notify_reloading(void)
{
	char text[MESSAGE_MAX];
	struct timespec now;
	int n;

	if (clock_gettime(CLOCK_MONOTONIC, &now) == -1)
		return -1;
	n = snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now.tv_sec * 1000000 +
		(unsigned long long)now.tv_nsec / 1000);
	return tell(text, (size_t)n);
}

int
notify_stopping(void)
{
	static const char text[] = "STOPPING=1";

	return tell(text, sizeof(text) - 1);
}

/* A line end would begin another variable: the text is cut there. */
int
notify_status(const char *status)
{
	char text[MESSAGE_MAX];
	int len = (int)strcspn(status, "\r\n");
	int n;

	n = snprintf(text, sizeof(text), "STATUS=%.*s", len, status);
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	return tell(text, (size_t)n);
}

int
notify_refused(const char *why)
{
	char text[MESSAGE_MAX];

	(void)snprintf(text, sizeof(text), "reload refused: %s", why);
	return notify_status(text);
}

/* --- listening sockets ------------------------------------------------- */

static int
environment_number(const char *name, int max)
{
	const char *text = getenv(name), *bad;
	long long n;

	if (text == NULL)
		return 0;
	n = strtonum(text, 1, max, &bad);
	return bad == NULL ? (int)n : 0;
}

static void
keep_names(void)
{
	const char *text = getenv("LISTEN_FDNAMES");

	if (text == NULL || names != NULL || (names = strdup(text)) == NULL)
		return;
	nnames = 1;
	for (char *p = names; *p != '\0'; p++)
		if (*p == ':') {
			*p = '\0';
			nnames++;
		}
}

int
notify_listen_fds(int *first)
{
	int pid = environment_number("LISTEN_PID", INT32_MAX);
	int n = environment_number("LISTEN_FDS", LISTEN_FDS_MAX);

	*first = LISTEN_FDS_START;
	if (pid != (int)getpid())
		n = 0;
	if (n > 0)
		keep_names();
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + n; fd++)
		if (net_cloexec(fd, true) == -1)
			return fd - LISTEN_FDS_START;
	return n;
}

const char *
notify_listen_name(int n)
{
	const char *p = names;

	if (n < 0 || n >= nnames)
		return "";
	while (n-- > 0)
		p += strlen(p) + 1;
	return p;
}
