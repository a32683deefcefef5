#include "net.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"

#define FDPASS_MAX 4 /* descriptors in one message */

static void
set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void
net_tune(int fd)
{
	int on = 1;

	/* The first option fails on what is not TCP: nothing else then. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		return;
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, VSAP_KEEPIDLE);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, VSAP_KEEPINTVL);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, VSAP_KEEPCNT);
}

void
net_tune_to(int fd, const struct sockaddr *addr)
{
	static const char reno[] = "reno";
	struct in6_addr ip;

	if (addr_ip_sa(addr, &ip) == -1 || !addr_ip_loopback(&ip)) {
		net_tune(fd);
		return;
	}
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno,
	    sizeof(reno) - 1);
}

int
net_nonblock(int fd, bool on)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1)
		return -1;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags);
}

int
net_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

static int
close_keep_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int
listen_unix(const struct sockaddr_storage *ss, socklen_t len, int backlog,
    mode_t mode)
{
	mode_t old;
	int fd, r;

	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		 0)) == -1)
		return -1;
	old = umask(~mode & 0777);
	r = bind(fd, (const struct sockaddr *)ss, len);
	umask(old);
	if (r == -1 || listen(fd, backlog) == -1)
		return close_keep_errno(fd);
	return fd;
}

/* Every address, on a system without IPv6. */
static socklen_t
any_v4(struct sockaddr_storage *ss, uint16_t port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	return sizeof(*sin);
}

int
net_listen(const struct addr *a, int backlog, mode_t mode)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	if ((len = addr_sockaddr(a, &ss)) == 0) {
		errno = EINVAL;
		return -1;
	}
	if (ss.ss_family == AF_UNIX)
		return listen_unix(&ss, len, backlog, mode);
	fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 && errno == EAFNOSUPPORT && a->any) {
		len = any_v4(&ss, a->port);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	}
	if (fd == -1)
		return -1;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ss.ss_family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, a->any ? 0 : 1);
	net_tune_to(fd, (struct sockaddr *)&ss);
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, backlog) == -1)
		return close_keep_errno(fd);
	return fd;
}

int
net_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = 0;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == -1 ? -1
								      : value;
}

int
net_peer_uid(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	*uid = cred.uid;
	return 0;
}

int
net_peer_groups(int fd, gid_t *gids, int max)
{
	socklen_t len = (socklen_t)((size_t)(max - 1) * sizeof(*gids));
	struct ucred cred;
	socklen_t credlen = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &credlen) == -1)
		return -1;
	gids[0] = cred.gid;
	/* More than there is room for: the first one has to do. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &len) == -1)
		return 1;
	return 1 + (int)(len / sizeof(*gids));
}

pid_t
net_peer_pid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return 0;
	return cred.pid;
}

void
net_reset(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

int
net_unacked(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) == -1 ? -1 : n;
}

int
fdpass_send(int sock, const void *p, size_t n, const int *fds, int nfds)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} control;
	struct iovec iov = { .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t sent;

	if (nfds > FDPASS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&iov.iov_base, &p, sizeof(p));
	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * (size_t)nfds);
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent == -1 && errno == EINTR);
	return sent == -1 ? -1 : 0;
}

/* Collect the descriptors of one message into got; how many came. */
static int
collect(struct msghdr *msg, int *got)
{
	struct cmsghdr *cmsg;
	size_t i, n;
	int count = 0;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n && count < FDPASS_MAX; i++)
			memcpy(&got[count++], CMSG_DATA(cmsg) + i * sizeof(int),
			    sizeof(int));
	}
	return count;
}

ssize_t
fdpass_recv(int sock, void *p, size_t n, int *fds, int *nfds, size_t *cut)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} control;
	struct iovec iov = { .iov_base = p, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int got[FDPASS_MAX], count, i;
	ssize_t len;

	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	do
		len = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (len == -1 && errno == EINTR);
	if (len == -1) {
		*nfds = 0;
		return -1;
	}
	count = collect(&msg, got);
	if ((msg.msg_flags & MSG_CTRUNC) || count > *nfds) {
		for (i = 0; i < count; i++)
			close(got[i]);
		*nfds = 0;
		if (cut != NULL)
			*cut = (size_t)len;
		errno = EMFILE;
		return -1;
	}
	if (count > 0)
		memcpy(fds, got, sizeof(int) * (size_t)count);
	*nfds = count;
	return len;
}
