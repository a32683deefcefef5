#include "role.h"

#include <sys/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "net.h"

/* Read before a sandbox closes. */
static char exe[4096];

void
role_detach(void)
{
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n == -1 ? 0 : n] = '\0';
	setsid();
	/* Started by descriptor, the kernel has no name for us. */
	(void)prctl(PR_SET_NAME, "vsap-relay");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN); /* "systemctl kill" reaches all of a unit */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		log_warn("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("dumpable: %s", strerror(errno));
}

void
role_orphan(void)
{
	setproctitle("orphan %s", exe);
	log_to_syslog();
}

void
role_watch(struct event_base *base, event_callback_fn on_read,
    event_callback_fn on_write, void *arg, struct event **ev_read,
    struct event **ev_write)
{
	if (net_nonblock(ROLE_FD, true) == -1)
		fatal("descriptor %d (a feeder's socket)", ROLE_FD);
	*ev_read = event_new(base, ROLE_FD, EV_READ | EV_PERSIST, on_read, arg);
	*ev_write = event_new(base, ROLE_FD, EV_WRITE, on_write, arg);
	if (*ev_read == NULL || *ev_write == NULL ||
	    event_add(*ev_read, NULL) == -1)
		fatal("descriptor %d (a feeder's socket)", ROLE_FD);
}

void
role_close_all(const int *fd, int n)
{
	while (n-- > 0)
		close(fd[n]);
}

int
role_receive(void *packet, size_t size,
    void (*handle)(void *, size_t, const int *, int, int), void *arg)
{
	int fd[2], nfd = 2;
	size_t cut = 0;
	ssize_t n;

	n = fdpass_recv(ROLE_FD, packet, size, fd, &nfd, &cut);
	if (n > 0) {
		handle(arg, (size_t)n, fd, nfd, 0);
		return 1;
	}
	if (n == -1 && errno == EMFILE && cut > 0) {
		handle(arg, cut, fd, 0, EMFILE);
		return 1;
	}
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	/* It left ours unread; its last STARTs are behind this, told once. */
	return n == -1 && errno == ECONNRESET ? 1 : -1;
}

void
role_log_end(const struct relay_end *r)
{
	log_info("stream ended: %s, %llu bytes there, %llu back, %u.%03u s",
	    relay_cause_name(r->cause), (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000);
}
