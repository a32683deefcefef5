#include "parent.h"

#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindaddr.h"
#include "log.h"
#include "net.h"
#include "notify.h"
#include "parent_impl.h"
#include "proc.h"
#include "ratecap.h"
#include "spawn.h"

#define AT_ONCE 256 /* messages of control, then a look at signals */

struct parent pa;

/* --- what control asks for --------------------------------------------- */

/*
 * A listener for control, which has asked its rules who may have it.  Here
 * they are asked whether anybody may: who has got hold of control binds no
 * more by our privilege than its users do.
 */
static int
bind_permitted(const struct pmsg *ask, char *name, size_t namelen)
{
	const struct conf *conf = pa.now.conf;
	struct addr a;
	char err[128];

	if (addr_parse(&a, ask->addr, ADDR_FOR_BIND, err, sizeof(err)) == -1 ||
	    conf->has_upstream || ask->backlog > VSAP_BACKLOG_MAX ||
	    !rules_bind_anybody(conf->rules, &a, ask->lo, ask->hi)) {
		log_warn("control asks to bind what nobody may");
		errno = EPERM;
		return -1;
	}
	return bindaddr(&a, ask->lo, ask->hi, (int)ask->backlog, pa.root, name,
	    namelen);
}

static void
do_bind(const struct pmsg *ask)
{
	struct pmsg m = { .type = PMSG_BOUND, .seq = ask->seq };
	int fd = bind_permitted(ask, m.addr, sizeof(m.addr));

	if (fd == -1)
		m.error = (uint32_t)errno;
	else if ((m.keep = kept_add(&pa.kept, fd, ask, m.addr)) == 0) {
		close(fd);
		fd = -1;
		m.error = ENOMEM;
	}
	parent_tell(&m, fd);
}

/* One who says nothing more, but lives, is of no use. */
static void
do_asked(void)
{
	unsigned char packet[PMSG_MAX];
	int nfds = 0, left = AT_ONCE;
	struct pmsg m;
	ssize_t n = -1;

	while (left-- > 0 && (n = fdpass_recv(pa.control.fd, packet,
				  sizeof(packet), NULL, &nfds, NULL)) > 0) {
		if (pmsg_parse(&m, packet, (size_t)n) == -1)
			continue;
		if (m.type == PMSG_BIND)
			do_bind(&m);
		else if (m.type == PMSG_DROP)
			kept_drop(&pa.kept, m.keep, pa.root);
		else if (m.type == PMSG_BACKLOG &&
			 m.backlog <= VSAP_BACKLOG_MAX)
			kept_backlog(&pa.kept, m.keep, m.backlog);
	}
	if (n == 0)
		(void)kill(pa.control.pid, SIGKILL);
}

/* --- signals ------------------------------------------------------------ */

static void __attribute__((__noreturn__)) stop(void)
{
	(void)notify_stopping();
	if (pa.control.pid > 0)
		(void)kill(pa.control.pid, SIGTERM);
	kept_unlink(&pa.kept, pa.root);
	listeners_free(pa.listeners);
	log_info("stopped; streams under way go on in their workers");
	log_flush();
	exit(0);
}

static void
tell_status(void)
{
	struct pmsg m = { .type = PMSG_STATUS };

	parent_tell(&m, -1);
}

static void
on_signal(void)
{
	struct signalfd_siginfo info;

	while (read(pa.signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			stop();
		case SIGHUP:
			parent_reload();
			break;
		case SIGUSR1:
			tell_status();
			break;
		case SIGCHLD:
			parent_reap();
			break;
		default:
			break;
		}
	}
}

/* Those that every parent takes, and SIGUSR1. */
static int
open_signals(void)
{
	int fd = proc_signals();
	sigset_t set;

	if (fd == -1 || sigprocmask(SIG_BLOCK, NULL, &set) == -1)
		return -1;
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(fd, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- begin -------------------------------------------------------------- */

static int
open_root(const struct conf *conf, char *err, size_t errlen)
{
	const char *dir = conf->root != NULL ? conf->root : conf->rundir;

	pa.root = -1;
	if (dir[0] == '\0')
		return 0;
	pa.root =
	    conf->root != NULL ? bindaddr_root_at(dir) : bindaddr_root(dir);
	if (pa.root != -1)
		return 0;
	snprintf(err, errlen, "%s: the folder of UNIX names: %s", dir,
	    strerror(errno));
	return -1;
}

/* Before anything is opened: what a service manager gives has numbers that
 * are no one else's. */
static void
take_given(void)
{
	int first, n, i;

	if (notify_open() == -1)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	n = notify_listen_fds(&first);
	for (i = 0; i < n; i++)
		if (listeners_given(pa.listeners, first + i) == -1)
			log_warn("LISTEN_FDS: descriptor %d is no listening "
				 "stream socket: left out",
			    first + i);
}

/* Leave the terminal: what could go wrong at start has been said there. */
static void
leave_terminal(void)
{
	log_flush();
	if (daemon(0, 0) == -1)
		fatal("daemon");
	listeners_relock(pa.listeners);
}

static void
begin(struct conf *conf)
{
	char err[1024];

	kept_init(&pa.kept);
	if ((pa.listeners = listeners_new()) == NULL)
		fatal("listeners");
	take_given();
	/* The copies of all listeners are here: as many as may be. */
	if (proc_raise_nofile() == 0)
		log_debug("descriptors: %s", strerror(errno));
	parent_remember(conf);
	if (spawn_find_relay(pa.relay, sizeof(pa.relay), err, sizeof(err)) ==
		-1 ||
	    listeners_rundir(pa.listeners, conf, err, sizeof(err)) == -1 ||
	    open_root(conf, err, sizeof(err)) == -1 ||
	    setup_open(&pa.now, conf, err, sizeof(err)) == -1) {
		listeners_free(pa.listeners);
		fatalx("%s", err);
	}
	if ((pa.share = ratecap_make()) == -1)
		fatal("bandwidth caps");
	if (!conf->background)
		setup_use_log(&pa.now);
	listeners_commit(pa.listeners);
	if (conf->background) {
		leave_terminal();
		setup_use_log(&pa.now);
	}
}

void
parent_run(struct conf *conf)
{
	struct pollfd pfd[2];
	int wait;

	begin(conf);
	if ((pa.signals = open_signals()) == -1)
		fatal("signalfd");
	parent_start_all();
	(void)notify_ready();
	for (;;) {
		wait = parent_restart();
		log_flush();
		pfd[0] = (struct pollfd){ .fd = pa.signals, .events = POLLIN };
		pfd[1] =
		    (struct pollfd){ .fd = pa.control.fd, .events = POLLIN };
		if (poll(pfd, 2, wait) == -1 && errno != EINTR)
			fatal("poll");
		if (pa.control.fd != -1 &&
		    (pfd[1].revents & (POLLIN | POLLHUP)))
			do_asked();
		if (pfd[0].revents & POLLIN)
			on_signal();
	}
}
