#include "alone.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "bindaddr.h"
#include "control.h"
#include "doors.h"
#include "handsend.h"
#include "host.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "net.h"
#include "runpath.h"
#include "session.h"
#include "spawn.h"
#include "users.h"

#define ACK_WAIT 5000 /* ms for the daemon to take the connection */

static char relay_path[4096];

/* --- to the daemon ------------------------------------------------------- */

static void
name(int fd, int (*get)(int, struct sockaddr *, socklen_t *),
    struct sockaddr_storage *ss, socklen_t *len)
{
	*len = sizeof(*ss);
	memset(ss, 0, sizeof(*ss));
	if (get(fd, (struct sockaddr *)ss, len) == -1)
		ss->ss_family = AF_UNSPEC;
	addr_unmap_sa(ss, len);
}

/* Hand descriptor 0 to the daemon.  true: it has it. */
static bool
hand_over(const struct conf *conf, const struct sockaddr *src,
    const struct sockaddr *dst)
{
	char path[VSAP_NAME_MAX + 1];

	return conf->rundir[0] != '\0' &&
	       runpath_join(path, sizeof(path), conf->rundir,
		   "handover.sock") == 0 &&
	       handsend(path, STDIN_FILENO, src, dst, ACK_WAIT) == 0;
}

/* --- alone --------------------------------------------------------------- */

/* What was read from the client behind its request. */
static int
send_first(int fd, const char *p, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		if ((n = send(fd, p, len, MSG_NOSIGNAL)) == -1 &&
		    errno != EAGAIN && errno != EINTR)
			return -1;
		if (n == -1)
			(void)poll(&pfd, 1, -1);
		else {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

void
alone_relay(int a, int b, const void *first, size_t firstlen, uint32_t idle)
{
	char one[16], two[16], limit[32];

	log_flush();
	if (send_first(b, first, firstlen) == -1)
		fatal("relay");
	/* vsap-relay reads and writes without waiting: it likes both so. */
	if (net_cloexec(a, false) == -1 || net_cloexec(b, false) == -1)
		fatal("descriptors");
	snprintf(one, sizeof(one), "fd:%d", a);
	snprintf(two, sizeof(two), "fd:%d", b);
	snprintf(limit, sizeof(limit), "--idle=%u", idle);
	(void)execl(relay_path, "vsap-relay", limit, one, two, (char *)NULL);
	fatal("%s", relay_path);
}

/* Passwords are checked by a child here too: it may take its time. */
static void
start_auth(const struct conf *conf, struct gateway *gw)
{
	struct auth_db *db;
	char err[512];
	int sv[2];

	if ((db = users_db(conf, err, sizeof(err))) == NULL) {
		if (err[0] != '\0')
			fatalx("%s", err);
		return;
	}
	if ((gw->login = login_new(gw->base)) == NULL)
		fatal("passwords");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		fatal("socketpair");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		close(sv[0]);
		(void)close(STDIN_FILENO);
		auth_serve(db, sv[1], NULL);
	default:
		break;
	}
	auth_free(db);
	close(sv[1]);
	(void)net_nonblock(sv[0], true);
	login_use(gw->login, sv[0]);
}

static void
serve(struct conf *conf, const struct sockaddr *src, socklen_t srclen)
{
	struct session_at at;
	struct gateway *gw;
	int fd, root = -1;

	if (conf->root != NULL)
		root = bindaddr_root_at(conf->root);
	else if (conf->rundir[0] != '\0')
		root = bindaddr_root(conf->rundir);
	if ((gw = gateway_new(conf, root)) == NULL)
		fatal("gateway");
	start_auth(conf, gw);
	if ((gw->host = host_new_alone(gw->base, root)) == NULL)
		fatal("gateway");
	/* Not 0 itself: what is closed there would be opened again. */
	if ((fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) == -1 ||
	    net_nonblock(fd, true) == -1)
		fatal("descriptor 0");
	net_tune(fd);
	at = doors_at(gw->conf, PMSG_NO_INDEX);
	if (session_new(gw, fd, &at, src, srclen, NULL, 0) == -1)
		fatal("session");
	if (gw->nsessions > 0 && loop_run(gw->base) == -1)
		fatal("loop");
	log_flush();
	exit(0);
}

void
alone_run(struct conf *conf)
{
	struct sockaddr_storage src, dst;
	socklen_t srclen, dstlen;
	struct in6_addr ip;
	char err[512];

	if (net_option(STDIN_FILENO, SO_TYPE) != SOCK_STREAM)
		fatalx("-i: descriptor 0 is no connection; inetd starts "
		       "vsapd -i, with \"stream tcp nowait\"");
	if (log_inetd())
		conf->syslog = true;
	name(STDIN_FILENO, getpeername, &src, &srclen);
	name(STDIN_FILENO, getsockname, &dst, &dstlen);
	if (addr_ip_sa((struct sockaddr *)&src, &ip) == 0 &&
	    !rules_admit(conf->rules, &ip))
		fatalx("-i: the peer's address is not admitted (-a)");
	if (hand_over(conf, (struct sockaddr *)&src, (struct sockaddr *)&dst))
		exit(0);
	if (spawn_find_relay(relay_path, sizeof(relay_path), err,
		sizeof(err)) == -1)
		fatalx("%s", err);
	serve(conf, (struct sockaddr *)&src, srclen);
	exit(0);
}
