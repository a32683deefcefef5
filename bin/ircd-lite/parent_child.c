/*
 * The parent's children: starting them, and talking to the server.
 */
#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "notify.h"
#include "parent_impl.h"
#include "proc.h"
#include "serve.h"

#define SEND_WAIT 5000 /* ms that the server may leave its socket full */
#define REFS_WAIT 10   /* ms between tries when too many are under way */

int64_t
parent_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Say m to the server; fd goes with it unless it is -1. */
void
parent_tell(const struct pmsg *m, int fd)
{
	static unsigned char packet[PMSG_MAX];
	struct pollfd pfd = { .fd = pa.channel, .events = POLLOUT };
	size_t len = pmsg_format(m, packet, sizeof(packet));
	int refs = 0;

	if (pa.channel == -1 || len == 0)
		return;
	while (fdpass_send(pa.channel, packet, len, &fd, fd != -1) == -1) {
		if (errno == EAGAIN && poll(&pfd, 1, SEND_WAIT) == 1 &&
		    !(pfd.revents & (POLLERR | POLLHUP)))
			continue;
		if (errno == ETOOMANYREFS && refs++ < SEND_WAIT / REFS_WAIT &&
		    poll(NULL, 0, REFS_WAIT) == 0)
			continue;
		log_warn("the server does not listen: %s", strerror(errno));
		(void)kill(pa.server, SIGKILL);
		return;
	}
}

void
parent_tell_text(enum pmsg_type type, const char *text)
{
	static struct pmsg m;

	m = (struct pmsg){ .type = type };
	strlcpy(m.text, text, sizeof(m.text));
	parent_tell(&m, -1);
}

static int
pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == 0)
		return 0;
	log_warn("socketpair: %s", strerror(errno));
	return -1;
}

/* A new password helper; returns the server's end of its socket, or -1. */
static int
start_helper(void)
{
	int sv[2];

	pa.helper_due = true; /* should it fail */
	pa.helper_started = parent_now();
	if (pair(sv) == -1)
		return -1;
	log_flush();
	switch (pa.helper = fork()) {
	case -1:
		log_warn("fork: %s", strerror(errno));
		close(sv[0]);
		close(sv[1]);
		pa.helper = 0;
		return -1;
	case 0:
		setproctitle("passwords");
		notify_close();
		proc_close_but((int[]){ sv[1], pa.log_fd }, 2);
		serve_passwords(sv[1], pa.uid, pa.gid);
	default:
		break;
	}
	close(sv[1]);
	pa.helper_due = false;
	return sv[0];
}

static void __attribute__((__noreturn__)) child(int channel, int passwords)
{
	struct serve s = { .opts = pa.opts, .conf = pa.conf };
	const struct port *p;
	int keep[PROC_KEEP_MAX];
	size_t n = 0;

	setproctitle("server");
	notify_close();
	keep[n++] = channel;
	keep[n++] = passwords;
	keep[n++] = pa.log_fd;
	TAILQ_FOREACH(p, &pa.ports.list, entry)
		if (n < PROC_KEEP_MAX)
			keep[n++] = p->fd;
	s.klines = serve_read_klines(pa.conf, &s.nklines);
	proc_close_but(keep, n);
	s.uid = pa.uid;
	s.gid = pa.gid;
	s.owner = getuid();
	s.ports = &pa.ports;
	s.parent = channel;
	s.passwords = passwords;
	serve_run(&s);
}

void
parent_start_server(void)
{
	int sv[2], passwords;

	pa.due = true; /* should it fail */
	pa.started = parent_now();
	if (pair(sv) == -1)
		return;
	passwords = start_helper();
	log_flush();
	switch (pa.server = fork()) {
	case -1:
		log_warn("fork: %s", strerror(errno));
		pa.server = 0;
		close(sv[0]);
		break;
	case 0:
		child(sv[1], passwords);
	default:
		pa.channel = sv[0];
		pa.due = false;
		log_debug("server started (pid %d)", (int)pa.server);
		break;
	}
	close(sv[1]);
	if (passwords != -1)
		close(passwords);
}

void
parent_replace_helper(void)
{
	struct pmsg m = { .type = PMSG_PASSWORDS };
	int fd;

	if ((fd = start_helper()) == -1)
		return;
	parent_tell(&m, fd);
	close(fd);
}
