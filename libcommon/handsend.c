#include "handsend.h"

#include <sys/time.h>
#include <sys/un.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "handover.h"
#include "net.h"
#include "runpath.h"

static int
reach(const char *path, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (access(path, F_OK) == -1)
		return -1;
	if (!runpath_trusted(path)) {
		errno = EPERM;
		return -1;
	}
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	/* A queue that is full is waited for, not for ever. */
	tv.tv_usec = ms % 1000 * 1000;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int
acknowledged(int sock, int ms)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	char ack;

	if (poll(&pfd, 1, ms) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (recv(sock, &ack, 1, 0) == 1 && ack == HANDOVER_ACK)
		return 0;
	errno = ECONNRESET;
	return -1;
}

int
handsend(const char *path, int fd, const struct sockaddr *src,
    const struct sockaddr *dst, int ms)
{
	unsigned char packet[PROXY_V2_MAX];
	int sock, r, saved;
	size_t n;

	if ((n = handover_format(packet, sizeof(packet), src, dst, NULL, 0)) ==
	    0) {
		errno = EINVAL;
		return -1;
	}
	if ((sock = reach(path, ms)) == -1)
		return -1;
	r = fdpass_send(sock, packet, n, &fd, 1);
	if (r == 0)
		r = acknowledged(sock, ms);
	saved = errno;
	close(sock);
	errno = saved;
	return r;
}
