/*
 * A worker's life: see role.h.  worker.c and tlsworker.c know what it does.
 */
#include "role.h"

#include <sys/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "net.h"

#define FEEDER_FD 3  /* the socket */
#define TURN_MAX 64  /* messages taken in one turn */
#define SAY_AGAIN 10 /* seconds without a refusal until one is news */

/* Read before a sandbox closes. */
static char exe[4096];

/* ---- telling ------------------------------------------------------------ */

int
role_send(const void *p, size_t len)
{
	if (fdpass_send(FEEDER_FD, p, len, NULL, 0) == 0)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

/* A feeder that is gone is found by reading: messages of its may still be
 * there. */
static void
flush(struct role *r)
{
	int n;

	if (r->orphan)
		return;
	n = r->calls->flush(r->arg);
	if (n == 0)
		event_add(r->ev_write, NULL);
	else if (n == -1 && errno != EPIPE && errno != ECONNRESET)
		log_warn("feeder: %s", strerror(errno));
}

static void
on_flush(void *arg)
{
	struct role *r = arg;

	r->flushing = false;
	flush(r);
}

void
role_flush_later(struct role *r)
{
	if (r->flushing)
		return;
	r->flushing = true;
	if (loop_defer(r->base, on_flush, r) == -1)
		on_flush(r);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

/* ---- being told --------------------------------------------------------- */

/* "vsapd -K" knows its own orphans by the title. */
static void
become_orphan(struct role *r)
{
	if (r->orphan)
		return;
	r->orphan = true;
	event_del(r->ev_read);
	event_del(r->ev_write);
	close(FEEDER_FD);
	setproctitle("orphan %s", exe);
	log_to_syslog();
	r->calls->orphan(r->arg);
}

/* One message.  1: more may be there, 0: none, -1: the feeder is gone. */
static int
receive(struct role *r)
{
	static unsigned char packet[RELAY_MSG_MAX];
	int fd[2], nfd = 2;
	size_t cut = 0;
	ssize_t n;

	n = fdpass_recv(FEEDER_FD, packet, sizeof(packet), fd, &nfd, &cut);
	if (n > 0) {
		r->calls->handle(r->arg, packet, (size_t)n, fd, nfd, 0);
		return 1;
	}
	if (n == -1 && errno == EMFILE && cut > 0) {
		r->calls->handle(r->arg, packet, cut, fd, 0, EMFILE);
		return 1;
	}
	if (n == -1 && (errno == EAGAIN || errno == ENOMEM))
		return 0;
	/* It left ours unread; its last STARTs are behind this, told once. */
	return n == -1 && errno == ECONNRESET ? 1 : -1;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct role *r = arg;
	int more = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && more == 1; n++)
		more = receive(r);
	if (more == -1) {
		flush(r);
		become_orphan(r);
	}
}

void
role_close_all(const int *fd, int n)
{
	while (n-- > 0)
		close(fd[n]);
}

struct ratecap *
role_caps(const int *fd, int nfd, int error)
{
	struct ratecap *caps = NULL;

	if (error == 0 && nfd != 1)
		error = EBADMSG;
	if (error == 0 && (caps = ratecap_map(fd[0])) == NULL)
		error = errno;
	role_close_all(fd, nfd);
	if (caps == NULL)
		log_warn("no bandwidth caps: %s", strerror(error));
	return caps;
}

void
role_refused(struct role *r, const char *what, int error)
{
	time_t now = clock_seconds();

	if (r->said == 0 || now - r->said >= SAY_AGAIN)
		log_warn("no %s can be taken: %s", what, strerror(error));
	r->said = now;
}

/* ---- beginning and end -------------------------------------------------- */

static void
detach(void)
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
role_init(struct role *r, const struct role_calls *calls, void *arg,
    bool verbose, bool use_syslog)
{
	log_init("vsap-relay", use_syslog, verbose);
	log_open_syslog();
	detach();
	*r = (struct role){ .calls = calls, .arg = arg };
	if ((r->base = loop_new()) == NULL)
		fatal("event loop");
	if (net_nonblock(FEEDER_FD, true) == -1)
		fatal("descriptor %d (a feeder's socket)", FEEDER_FD);
	r->ev_read =
	    event_new(r->base, FEEDER_FD, EV_READ | EV_PERSIST, on_read, r);
	r->ev_write = event_new(r->base, FEEDER_FD, EV_WRITE, on_write, r);
	if (r->ev_read == NULL || r->ev_write == NULL ||
	    event_add(r->ev_read, NULL) == -1)
		fatal("descriptor %d (a feeder's socket)", FEEDER_FD);
}

/* All that is needed of the system is at hand by now, but the time zone. */
void
role_run(struct role *r, int (*sandbox)(char *err, size_t errlen))
{
	char err[256];

	if (sandbox != NULL) {
		tzset();
		if (sandbox(err, sizeof(err)) == -1)
			log_warn("%s; going on without", err);
	}
	if (loop_run(r->base) == -1)
		fatal("event loop");
}

void
role_clear(struct role *r)
{
	event_free(r->ev_read);
	event_free(r->ev_write);
	event_base_free(r->base);
}

void
role_left(struct role *r, size_t n)
{
	if (r->orphan && n == 0)
		event_base_loopbreak(r->base);
}

void
role_log_end(const struct relay_end *r)
{
	log_info("stream ended: %s, %llu bytes there, %llu back, %u.%03u s",
	    relay_cause_name(r->cause), (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000);
}
