/*
 * The parent's children: starting them, and starting again what died.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "feed.h"
#include "log.h"
#include "notify.h"
#include "parent_impl.h"
#include "proc.h"
#include "sandbox.h"
#include "spawn.h"
#include "tlsfeed.h"

#define QUICK_DEATH 1	 /* seconds: a child that lived less ... */
#define RESTART_WAIT 500 /* ... is started again after these ms */

/* --- forks of ours: control, passwords ----------------------------------- */

/* Fork with a socketpair: in the child *fd is its end, in the parent ours. */
static pid_t
child_fork(struct child *c, int *fd)
{
	int sv[2];
	pid_t pid;

	/* Should it fail: not the next try at once. */
	c->due = true;
	c->started = clock_seconds();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1) {
		log_warn("socketpair: %s", strerror(errno));
		return -1;
	}
	log_flush();
	if ((pid = fork()) == -1) {
		log_warn("fork: %s", strerror(errno));
		close(sv[0]);
		close(sv[1]);
		return -1;
	}
	*fd = sv[pid == 0];
	close(sv[pid != 0]);
	if (pid != 0) {
		c->pid = pid;
		c->fd = *fd;
		c->due = false;
	}
	return pid;
}

/* In the child: a title, the descriptors it needs, the user it becomes. */
static void
child_begin(const char *title, int fd, int other)
{
	const struct conf *conf = pa.now.conf;
	char err[256];
	sigset_t none;

	setproctitle("%s", title);
	notify_close();
	proc_close_but((int[]){ fd, other, pa.now.log_fd }, 3);
	/* These are for the parent; a manager may send them to all of us. */
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (sandbox_drop(conf->uid, conf->gid, err, sizeof(err)) == -1)
		fatalx("%s: %s", title, err);
}

/* In the child, once it has all that it needs from outside. */
static void
confine(int (*sandbox)(char *err, size_t errlen))
{
	char err[256];

	if (pa.now.conf->sandbox && sandbox(err, sizeof(err)) == -1)
		log_warn("%s; going on without (or say sandbox off)", err);
}

/* (Names are looked up by files in /etc, which may be read anyway.) */
static int
control_sandbox(char *err, size_t errlen)
{
	return sandbox_vsapd_control(NULL, err, errlen);
}

static void
child_forget(struct child *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->pid = 0;
	c->due = false;
}

static void
confine_passwords(void)
{
	confine(sandbox_passwords);
}

static void
start_auth(void)
{
	int fd;

	if (pa.now.db == NULL || child_fork(&pa.auth, &fd) != 0)
		return;
	child_begin("passwords", fd, -1);
	auth_warm();
	auth_serve(pa.now.db, fd, confine_passwords);
}

static void
start_control(void)
{
	int fd;

	switch (child_fork(&pa.control, &fd)) {
	case -1:
		return;
	case 0:
		auth_free(pa.now.db);
		child_begin("control", fd, pa.root);
		confine(control_sandbox);
		control_run(pa.now.conf, fd, pa.root);
	default:
		break;
	}
	log_info("control started (pid %d)", (int)pa.control.pid);
	parent_tell_all();
}

/* --- workers -------------------------------------------------------------- */

/* What both kinds of workers begin with.  False: it did not start. */
static bool
worker_began(struct child *c, const char *what, unsigned slot)
{
	c->started = clock_seconds();
	c->due = c->fd == -1;
	if (c->due)
		log_warn("%s: %s", pa.relay, strerror(errno));
	else
		log_debug("%s %u started (pid %d)", what, slot, (int)c->pid);
	return !c->due;
}

static unsigned
worker_flags(void)
{
	const struct conf *conf = pa.now.conf;

	return (pa.now.log != LOG_TO_STDERR ? SPAWN_SYSLOG : 0U) |
	       (conf->verbose ? SPAWN_VERBOSE : 0U) |
	       (conf->sandbox ? 0U : SPAWN_NO_SANDBOX);
}

static void
start_worker(unsigned slot)
{
	const struct conf *conf = pa.now.conf;
	struct child *c = &pa.worker[slot];

	c->fd = spawn_worker(pa.relay, conf->uid, conf->gid, worker_flags(),
	    &c->pid);
	if (worker_began(c, "worker", slot) &&
	    feed_share(c->fd, pa.share) == -1)
		log_warn("worker %u: no bandwidth caps: %s", slot,
		    strerror(errno));
}

static void
start_tls(unsigned slot)
{
	const struct conf *conf = pa.now.conf;
	struct child *c = &pa.tls[slot];

	c->fd = spawn_tls_worker(pa.relay, conf->uid, conf->gid, worker_flags(),
	    &c->pid);
	if (!worker_began(c, "TLS worker", slot))
		return;
	if (tlsfeed_share(c->fd, pa.share) == -1)
		log_warn("TLS worker %u: no bandwidth caps: %s", slot,
		    strerror(errno));
	if (parent_tls_send(&pa.now.tls, c->fd) == -1)
		log_warn("TLS worker %u: no certificates: %s", slot,
		    strerror(errno));
}

/* How many of them the configuration wants. */
static unsigned
wanted(unsigned n)
{
	if (n == 0)
		n = (unsigned)spawn_cpus();
	return n > CONF_WORKERS_MAX ? CONF_WORKERS_MAX : n;
}

/* The first TLS workers, should they be needed by now.  They stay until the
 * end: their streams do. */
static void
start_all_tls(void)
{
	unsigned slot;

	if (pa.ntls > 0 || (!pa.now.tls.listens && !pa.now.tls.dials))
		return;
	pa.ntls = wanted(pa.now.conf->tls_workers);
	for (slot = 0; slot < pa.ntls; slot++)
		start_tls(slot);
}

/* --- all of them ---------------------------------------------------------- */

void
parent_start_all(void)
{
	unsigned slot;

	for (slot = 0; slot < CONF_WORKERS_MAX; slot++)
		pa.worker[slot].fd = pa.tls[slot].fd = -1;
	pa.control.fd = pa.auth.fd = -1;
	pa.nworkers = wanted(pa.now.conf->workers);
	for (slot = 0; slot < pa.nworkers; slot++)
		start_worker(slot);
	start_all_tls();
	start_auth();
	start_control();
}

unsigned
parent_refresh(void)
{
	unsigned slot, had = pa.ntls;

	/* The old helper ends when control lets it go, too. */
	child_forget(&pa.auth);
	start_auth();
	for (slot = 0; slot < had; slot++)
		if (pa.tls[slot].fd != -1 &&
		    parent_tls_send(&pa.now.tls, pa.tls[slot].fd) == -1)
			log_warn("TLS worker %u goes on with the former "
				 "certificates: %s",
			    slot, strerror(errno));
	start_all_tls();
	return had;
}

/* --- ends ----------------------------------------------------------------- */

static bool
died(struct child *c, pid_t pid, const char *what, int status)
{
	if (c->pid != pid)
		return false;
	if (WIFSIGNALED(status))
		log_warn("%s (pid %d) ended by signal %d", what, (int)pid,
		    WTERMSIG(status));
	else
		log_warn("%s (pid %d) ended with status %d", what, (int)pid,
		    WEXITSTATUS(status));
	child_forget(c);
	c->due = true;
	return true;
}

static void
buried(pid_t pid, int status)
{
	unsigned slot;

	if (died(&pa.control, pid, "control", status) ||
	    died(&pa.auth, pid, "password helper", status))
		return;
	for (slot = 0; slot < pa.nworkers; slot++)
		if (died(&pa.worker[slot], pid, "worker", status))
			return;
	for (slot = 0; slot < pa.ntls; slot++)
		if (died(&pa.tls[slot], pid, "TLS worker", status))
			return;
}

void
parent_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		buried(pid, status);
}

/* May a dead child be started again now?  One that dies at once, not yet. */
static bool
ripe(const struct child *c)
{
	return c->due && clock_seconds() - c->started > QUICK_DEATH;
}

/* Is any of these due still? */
static bool
restart_workers(struct child *c, unsigned n, void (*start)(unsigned),
    void (*tell)(unsigned))
{
	bool due = false;
	unsigned slot;

	for (slot = 0; slot < n; slot++) {
		if (ripe(&c[slot])) {
			start(slot);
			tell(slot);
		}
		due |= c[slot].due;
	}
	return due;
}

int
parent_restart(void)
{
	bool due;

	due = restart_workers(pa.worker, pa.nworkers, start_worker,
	    parent_tell_worker);
	due |= restart_workers(pa.tls, pa.ntls, start_tls, parent_tell_tls);
	if (ripe(&pa.auth)) {
		start_auth();
		parent_tell_auth();
	}
	if (ripe(&pa.control))
		start_control();
	return due || pa.auth.due || pa.control.due ? RESTART_WAIT : -1;
}
