#include "parent.h"

#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "bindaddr.h"
#include "clock.h"
#include "control.h"
#include "listeners.h"
#include "log.h"
#include "net.h"
#include "pmsg.h"
#include "proc.h"
#include "spawn.h"

#define WORKERS_MAX 64
#define QUICK_DEATH 1	 /* seconds: a child that lived less ... */
#define RESTART_WAIT 500 /* ... is started again after these ms */
#define SEND_WAIT 5000	 /* ms that control may leave its socket full */
#define REFS_WAIT 10	 /* ms between tries when too many are under way */

/* A bound listener of which control has the other copy. */
struct kept {
	TAILQ_ENTRY(kept) entry;
	uint32_t id;
	int fd;
	int backlog;
	char addr[ADDR_STRLEN];
	char owner[OWNER_MAX];
};

/* A process and the socket by which control talks to it. */
struct child {
	pid_t pid;
	int fd;
	time_t started;
	bool due; /* dead, to be started again */
};

static struct parent {
	struct conf *conf;
	struct listeners *listeners;
	struct auth_db *db;
	struct child control, auth, worker[WORKERS_MAX];
	TAILQ_HEAD(, kept) kept;
	uint32_t next_id;
	int root; /* of UNIX names */
	int signals;
	char relay[4096];
} pa;

/* --- children ---------------------------------------------------------- */

static void
child_drop(const struct conf *conf)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGHUP, SIG_IGN); /* it is for the parent */
	if (getuid() == 0 && conf->uid != 0) {
		if (setgroups(0, NULL) == -1 ||
		    setresgid(conf->gid, conf->gid, conf->gid) == -1 ||
		    setresuid(conf->uid, conf->uid, conf->uid) == -1)
			fatal("cannot become user %u", conf->uid);
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

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

static void
child_forget(struct child *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->pid = 0;
}

/* Say m to control; fd goes with it unless it is -1. */
static void
tell_control(const struct pmsg *m, int fd)
{
	unsigned char packet[PMSG_MAX];
	struct pollfd pfd = { .fd = pa.control.fd, .events = POLLOUT };
	size_t len = pmsg_format(m, packet, sizeof(packet));
	int refs = 0;

	if (pa.control.fd == -1 || len == 0)
		return;
	while (fdpass_send(pa.control.fd, packet, len, &fd, fd != -1) == -1) {
		if (errno == EAGAIN && poll(&pfd, 1, SEND_WAIT) == 1)
			continue;
		if (errno == ETOOMANYREFS && refs++ < SEND_WAIT / REFS_WAIT &&
		    poll(NULL, 0, REFS_WAIT) == 0)
			continue;
		log_warn("control does not listen: %s", strerror(errno));
		(void)kill(pa.control.pid, SIGKILL);
		return;
	}
}

static void
tell_worker(int slot)
{
	struct pmsg m = { .type = PMSG_WORKER, .seq = (uint32_t)slot };

	if (pa.worker[slot].fd != -1)
		tell_control(&m, pa.worker[slot].fd);
}

static void
tell_auth(void)
{
	struct pmsg m = { .type = PMSG_AUTH };

	if (pa.auth.fd != -1)
		tell_control(&m, pa.auth.fd);
}

static void
tell_kept(const struct kept *k)
{
	struct pmsg m = { .type = PMSG_KEPT, .keep = k->id };

	m.backlog = (uint32_t)k->backlog;
	strlcpy(m.addr, k->addr, sizeof(m.addr));
	strlcpy(m.owner, k->owner, sizeof(m.owner));
	tell_control(&m, k->fd);
}

static void
start_worker(int slot)
{
	const struct conf *conf = pa.conf;
	struct child *c = &pa.worker[slot];

	c->fd = spawn_worker(pa.relay, conf->uid, conf->gid, conf->syslog,
	    conf->verbose, &c->pid);
	c->started = clock_seconds();
	c->due = c->fd == -1;
	if (c->due)
		log_warn("%s: %s", pa.relay, strerror(errno));
	else
		log_debug("worker %d started (pid %d)", slot, (int)c->pid);
}

static void
start_auth(void)
{
	int fd;

	if (pa.db == NULL)
		return;
	if (child_fork(&pa.auth, &fd) != 0)
		return;
	setproctitle("passwords");
	proc_close_but(&fd, 1);
	child_drop(pa.conf);
	auth_serve(pa.db, fd);
}

static void
start_control(void)
{
	struct pmsg m = { .type = PMSG_START };
	struct kept *k;
	int fd, slot;

	switch (child_fork(&pa.control, &fd)) {
	case -1:
		return;
	case 0:
		setproctitle("control");
		auth_free(pa.db);
		proc_close_but((int[]){ fd, pa.root }, 2);
		child_drop(pa.conf);
		control_run(pa.conf, fd, pa.root);
	default:
		break;
	}
	log_info("control started (pid %d)", (int)pa.control.pid);
	listeners_tell(pa.listeners, tell_control);
	for (slot = 0; slot < pa.conf->workers; slot++)
		tell_worker(slot);
	tell_auth();
	TAILQ_FOREACH(k, &pa.kept, entry)
		tell_kept(k);
	tell_control(&m, -1);
}

/* --- what control asks for --------------------------------------------- */

static struct kept *
kept_add(int fd, const struct pmsg *ask, const char *addr)
{
	struct kept *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return NULL;
	k->id = pa.next_id++;
	k->fd = fd;
	k->backlog = (int)ask->backlog;
	strlcpy(k->addr, addr, sizeof(k->addr));
	strlcpy(k->owner, ask->owner, sizeof(k->owner));
	TAILQ_INSERT_TAIL(&pa.kept, k, entry);
	return k;
}

/*
 * A listener for control, which has asked its rules who may have it.  Here
 * they are asked whether anybody may: who has got hold of control binds no
 * more by our privilege than its users do.
 */
static int
bind_permitted(const struct pmsg *ask, char *name, size_t namelen)
{
	struct rule_who anybody = { .local = true };
	struct addr a;
	uint16_t lo, hi;
	char err[128];

	if (addr_parse(&a, ask->addr, ADDR_FOR_BIND, err, sizeof(err)) == -1 ||
	    pa.conf->has_upstream || ask->backlog > VSAP_BACKLOG_MAX ||
	    !rules_bind(pa.conf->rules, &anybody, &a, &lo, &hi) ||
	    ask->lo != lo || ask->hi != hi) {
		log_warn("control asks to bind what nobody may");
		errno = EPERM;
		return -1;
	}
	return bindaddr(&a, lo, hi, (int)ask->backlog, pa.root, name, namelen);
}

static void
do_bind(const struct pmsg *ask)
{
	struct pmsg m = { .type = PMSG_BOUND, .seq = ask->seq };
	struct kept *k = NULL;
	int fd;

	fd = bind_permitted(ask, m.addr, sizeof(m.addr));
	if (fd != -1 && (k = kept_add(fd, ask, m.addr)) == NULL) {
		close(fd);
		fd = -1;
	}
	if (k != NULL)
		m.keep = k->id;
	else
		m.error = (uint32_t)errno;
	tell_control(&m, fd);
}

static void
do_drop(uint32_t id)
{
	struct addr a;
	struct kept *k;
	char err[128];

	TAILQ_FOREACH(k, &pa.kept, entry)
		if (k->id == id)
			break;
	if (k == NULL)
		return;
	if (addr_parse(&a, k->addr, ADDR_F_UNIX, err, sizeof(err)) == 0)
		bindaddr_unlink(&a, pa.root);
	TAILQ_REMOVE(&pa.kept, k, entry);
	close(k->fd);
	free(k);
}

/* One who says nothing more, but lives, is of no use. */
static void
do_asked(void)
{
	unsigned char packet[PMSG_MAX];
	struct pmsg m;
	int nfds = 0;
	ssize_t n;

	while ((n = fdpass_recv(pa.control.fd, packet, sizeof(packet), NULL,
		    &nfds, NULL)) > 0) {
		if (pmsg_parse(&m, packet, (size_t)n) == -1)
			continue;
		if (m.type == PMSG_BIND)
			do_bind(&m);
		else if (m.type == PMSG_DROP)
			do_drop(m.keep);
	}
	if (n == 0)
		(void)kill(pa.control.pid, SIGKILL);
}

/* --- signals ------------------------------------------------------------ */

static void __attribute__((__noreturn__)) stop(void)
{
	struct addr a;
	struct kept *k;
	char err[128];

	if (pa.control.pid > 0)
		(void)kill(pa.control.pid, SIGTERM);
	TAILQ_FOREACH(k, &pa.kept, entry)
		if (addr_parse(&a, k->addr, ADDR_F_UNIX, err, sizeof(err)) == 0)
			bindaddr_unlink(&a, pa.root);
	listeners_free(pa.listeners);
	log_info("stopped; streams under way go on in their workers");
	log_flush();
	exit(0);
}

/* Read the passwords again; a bad file leaves the old ones in force. */
static void
reload(void)
{
	struct auth_db *db;
	char err[512];

	if (pa.conf->passwd == NULL)
		return;
	if ((db = auth_load(pa.conf->passwd, err, sizeof(err))) == NULL) {
		log_warn("%s; the passwords read before stay in force", err);
		return;
	}
	auth_free(pa.db);
	pa.db = db;
	child_forget(&pa.auth);
	start_auth();
	tell_auth();
	log_info("%s: read again", pa.conf->passwd);
}

static void
died(struct child *c, const char *what, int status)
{
	if (WIFSIGNALED(status))
		log_warn("%s (pid %d) ended by signal %d", what, (int)c->pid,
		    WTERMSIG(status));
	else
		log_warn("%s (pid %d) ended with status %d", what, (int)c->pid,
		    WEXITSTATUS(status));
	child_forget(c);
	c->due = true;
}

static void
reap(void)
{
	int status, slot;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == pa.control.pid)
			died(&pa.control, "control", status);
		else if (pid == pa.auth.pid)
			died(&pa.auth, "password helper", status);
		for (slot = 0; slot < pa.conf->workers; slot++)
			if (pid == pa.worker[slot].pid)
				died(&pa.worker[slot], "worker", status);
	}
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
			reload();
			break;
		case SIGCHLD:
			reap();
			break;
		default:
			break;
		}
	}
}

/* May a dead child be started again now?  One that dies at once, not yet. */
static bool
ripe(struct child *c)
{
	return c->due && clock_seconds() - c->started > QUICK_DEATH;
}

/* Start again what died.  Returns ms until the next look, -1: none is due. */
static int
restart(void)
{
	int slot, wait = -1;

	for (slot = 0; slot < pa.conf->workers; slot++) {
		if (ripe(&pa.worker[slot])) {
			start_worker(slot);
			tell_worker(slot);
		}
		if (pa.worker[slot].due)
			wait = RESTART_WAIT;
	}
	if (ripe(&pa.auth)) {
		start_auth();
		tell_auth();
	}
	if (ripe(&pa.control))
		start_control();
	if (pa.auth.due || pa.control.due)
		wait = RESTART_WAIT;
	return wait;
}

static void
begin(struct conf *conf)
{
	char err[512];
	int slot;

	pa.conf = conf;
	pa.next_id = 1;
	pa.root = -1;
	pa.control.fd = pa.auth.fd = -1;
	TAILQ_INIT(&pa.kept);
	for (slot = 0; slot < WORKERS_MAX; slot++)
		pa.worker[slot].fd = -1;
	if (conf->workers > WORKERS_MAX)
		conf->workers = WORKERS_MAX;
	/* The copies of all listeners are here: as many as may be. */
	if (proc_raise_nofile() == 0)
		log_debug("descriptors: %s", strerror(errno));
	if (spawn_find_relay(pa.relay, sizeof(pa.relay), err, sizeof(err)) ==
	    -1)
		fatalx("%s", err);
	if (conf->passwd != NULL &&
	    (pa.db = auth_load(conf->passwd, err, sizeof(err))) == NULL)
		fatalx("%s", err);
	if ((pa.listeners = listeners_new(conf, err, sizeof(err))) == NULL)
		fatalx("%s", err);
	if (conf->rundir[0] != '\0' &&
	    (pa.root = bindaddr_root(conf->rundir)) == -1)
		fatal("%s/names", conf->rundir);
}

/* Leave the terminal: what could go wrong at start has been said there. */
static void
leave_terminal(struct conf *conf)
{
	log_flush();
	/* It is read again, and daemon() leaves the directory. */
	if (conf->passwd != NULL && conf->passwd[0] != '/' &&
	    (conf->passwd = realpath(conf->passwd, NULL)) == NULL)
		fatal("passwords");
	if (daemon(0, 0) == -1)
		fatal("daemon");
	log_to_syslog();
	conf->syslog = true;
	listeners_relock(pa.listeners);
}

void
parent_run(struct conf *conf)
{
	struct pollfd pfd[2];
	int slot, wait;

	begin(conf);
	if (conf->background)
		leave_terminal(conf);
	if ((pa.signals = proc_signals()) == -1)
		fatal("signalfd");
	for (slot = 0; slot < conf->workers; slot++)
		start_worker(slot);
	start_auth();
	start_control();
	for (;;) {
		wait = restart();
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
