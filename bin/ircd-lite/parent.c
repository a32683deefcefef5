#include "parent.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "net.h"
#include "notify.h"
#include "pmsg.h"
#include "ports.h"
#include "rundir.h"
#include "serve.h"
#include "server.h"

#define QUICK_DEATH 1000 /* ms between two starts of a process */
#define STOP_WAIT 3500	 /* ms that the server has to say good-bye */
#define SEND_WAIT 5000	 /* ms that it may leave its socket full */
#define REFS_WAIT 10	 /* ms between tries when too many are under way */
#define KEEP_MAX 512

static struct parent {
	const struct opts *opts;
	struct conf *conf; /* in force */
	struct ports ports;
	uid_t uid;
	gid_t gid;
	int signals;
	int cwd;
	char exe[PATH_MAX];
	char *manager[3];  /* what environ had for us, to be started again */
	bool only_given;   /* the configuration's listeners stay closed */
	enum conf_log log; /* where it goes now */
	int log_fd;	   /* -1: no file */

	pid_t server, helper;
	int channel;  /* to the server, -1: it is not there */
	bool ever_up; /* one of them has served */
	bool due, helper_due;
	int64_t started, helper_started;

	/* a configuration that the server has been told of */
	struct conf *next;
	int next_log;
	uint32_t seq;
	bool again; /* asked for meanwhile */
	bool stopping;
} pa;

static const char *const manager_vars[] = { "NOTIFY_SOCKET", "LISTEN_FDS",
	"LISTEN_FDNAMES" };

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void __attribute__((__noreturn__)) end(int status)
{
	ports_close(&pa.ports, true);
	log_flush();
	exit(status);
}

/* --- the server process ------------------------------------------------------ */

/* Say m to the server; fd goes with it unless it is -1. */
static void
tell(const struct pmsg *m, int fd)
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

static void
tell_text(enum pmsg_type type, const char *text)
{
	static struct pmsg m;

	m = (struct pmsg){ .type = type };
	strlcpy(m.text, text, sizeof(m.text));
	tell(&m, -1);
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
	pa.helper_started = now_ms();
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
		serve_close_but((int[]){ sv[1], pa.log_fd }, 2);
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
	int keep[KEEP_MAX];
	size_t n = 0;

	setproctitle("server");
	notify_close();
	keep[n++] = channel;
	keep[n++] = passwords;
	keep[n++] = pa.log_fd;
	TAILQ_FOREACH(p, &pa.ports.list, entry)
		if (n < KEEP_MAX)
			keep[n++] = p->fd;
	s.klines = serve_read_klines(pa.conf, &s.nklines);
	serve_close_but(keep, n);
	s.uid = pa.uid;
	s.gid = pa.gid;
	s.owner = getuid();
	s.ports = &pa.ports;
	s.parent = channel;
	s.passwords = passwords;
	serve_run(&s);
}

static void
start_server(void)
{
	int sv[2], passwords;

	pa.due = true; /* should it fail */
	pa.started = now_ms();
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

/* --- a new configuration ------------------------------------------------------ */

/* The log file of conf in *fd, -1 where there is none.  0 or -1. */
static int
open_log(const struct conf *conf, int *fd, char *err, size_t errlen)
{
	*fd = -1;
	if (conf->log != CONF_LOG_FILE)
		return 0;
	if ((*fd = files_log(conf->log_path)) != -1)
		return 0;
	snprintf(err, errlen, "%s: %s", conf->log_path, strerror(errno));
	return -1;
}

/* Without a terminal standard error leads nowhere. */
static enum conf_log
log_of(const struct conf *conf)
{
	return conf->log == CONF_LOG_STDERR && pa.opts->no_stderr
		   ? CONF_LOG_SYSLOG
		   : conf->log;
}

/* Takes fd. */
static void
use_log(const struct conf *conf, int fd)
{
	enum conf_log log = log_of(conf);

	if (log == CONF_LOG_FILE || pa.log != log)
		log_to_fd(fd); /* -1 closes the one that was */
	if (log == CONF_LOG_SYSLOG && pa.log != log)
		log_to_syslog();
	pa.log = log;
	pa.log_fd = fd;
}

static void
tell_ports(void)
{
	static struct pmsg m;
	const struct port *p;

	TAILQ_FOREACH(p, &pa.ports.list, entry) {
		m = (struct pmsg){ .type = PMSG_LISTEN, .id = p->id };
		if (p->by_conf && p->next == PMSG_NO_INDEX)
			continue; /* it ends */
		m.index = p->next;
		m.value = p->kind;
		strlcpy(m.text, p->addr, sizeof(m.text));
		tell(&m, p->fresh ? p->fd : -1);
	}
}

static void
tell_log(void)
{
	struct pmsg m = { .type = PMSG_LOG, .id = log_of(pa.next) };

	tell(&m, pa.next_log);
}

/* Everything for the server to have the next configuration. */
static int
tell_all(const struct files *files, char *err, size_t errlen)
{
	struct pmsg m = { .type = PMSG_BEGIN, .seq = ++pa.seq };

	tell(&m, -1);
	if (files_tell(files, tell) == -1) {
		snprintf(err, errlen, "%s", strerror(errno));
		return -1;
	}
	tell_ports();
	tell_log();
	m.type = PMSG_COMMIT;
	tell(&m, -1);
	return 0;
}

/* The new configuration is not to be. */
static void
give_up(const char *why)
{
	log_warn("%s; the configuration read before stays in force", why);
	tell_text(PMSG_FAILED, why);
	ports_abandon(&pa.ports);
	if (pa.next_log != -1)
		close(pa.next_log);
	pa.next_log = -1;
	conf_free(pa.next);
	pa.next = NULL;
	(void)notify_ready();
}

static void
take_over(void)
{
	ports_commit(&pa.ports);
	use_log(pa.next, pa.next_log);
	pa.next_log = -1;
	conf_free(pa.conf);
	pa.conf = pa.next;
	pa.next = NULL;
	(void)notify_ready();
}

static void
reload(void)
{
	struct files *files;
	char err[512];

	if (pa.next != NULL) {
		pa.again = true;
		return;
	}
	(void)notify_reloading();
	if ((files = files_new()) == NULL) {
		give_up("out of memory");
		return;
	}
	pa.next = conf_load(pa.opts->conf, files_read, files, err, sizeof(err));
	if (pa.next == NULL ||
	    ports_plan(&pa.ports, pa.next, !pa.only_given, err, sizeof(err)) ==
		-1 ||
	    open_log(pa.next, &pa.next_log, err, sizeof(err)) == -1 ||
	    tell_all(files, err, sizeof(err)) == -1)
		give_up(err);
	else if (pa.channel == -1) /* it will start with it */
		take_over();
	files_free(files);
}

static void
applied(const struct pmsg *m)
{
	if (pa.next == NULL || m->seq != pa.seq)
		return;
	if (m->text[0] != '\0')
		give_up(m->text);
	else
		take_over();
	if (pa.again) {
		pa.again = false;
		reload();
	}
}

/* --- what the server asks for -------------------------------------------------- */

static void
save_klines(const struct pmsg *m, int fd)
{
	char *text = NULL, err[512] = "";

	if (pa.conf->kline_path == NULL)
		return;
	if (fd == -1 || m->id > FILES_KLINES ||
	    (text = files_from_memory(fd, m->id)) == NULL)
		snprintf(err, sizeof(err), "the server gives no text");
	else
		(void)files_write(pa.conf->kline_path, text, m->id, err,
		    sizeof(err));
	free(text);
	if (err[0] == '\0')
		return;
	log_warn("K-lines not saved: %s", err);
	tell_text(PMSG_SAVED, err);
}

static void
asked(const struct pmsg *m, int fd)
{
	switch (m->type) {
	case PMSG_UP:
		pa.ever_up = true;
		(void)notify_ready();
		break;
	case PMSG_RELOAD:
		reload();
		break;
	case PMSG_KLINES:
		save_klines(m, fd);
		break;
	case PMSG_APPLIED:
		applied(m);
		break;
	default:
		log_warn("the server talks nonsense");
		break;
	}
	if (fd != -1)
		close(fd);
}

/* One who says nothing more, but lives, is of no use. */
static void
listen_to_server(void)
{
	static unsigned char packet[PMSG_MAX];
	static struct pmsg m;
	ssize_t n = -1;

	while (pa.channel != -1) {
		int fd = -1, nfds = 1;

		n = fdpass_recv(pa.channel, packet, sizeof(packet), &fd, &nfds,
		    NULL);
		if (n == -1 && (errno == EMFILE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		if (pmsg_parse(&m, packet, (size_t)n) == 0)
			asked(&m, nfds == 1 ? fd : -1);
		else if (nfds == 1)
			close(fd);
	}
	if (pa.channel == -1 || (n == -1 && errno == EAGAIN))
		return;
	(void)kill(pa.server, SIGKILL);
	close(pa.channel);
	pa.channel = -1;
}

/* --- ends ------------------------------------------------------------------------ */

static void
forget_server(void)
{
	if (pa.channel != -1)
		close(pa.channel);
	pa.channel = -1;
	pa.server = 0;
	pa.due = true;
	if (pa.next != NULL)
		give_up("the server ended meanwhile");
}

/*
 * Become the program that now stands where ours was, with everything read
 * anew.  Returns if that cannot be.
 */
static void
restart_program(void)
{
	struct conf *conf;
	struct port *p;
	char err[512];

	conf = conf_load(pa.opts->conf, conf_open_file, NULL, err, sizeof(err));
	if (conf == NULL) {
		log_warn("%s; starting again with what was read before", err);
		return;
	}
	conf_free(conf);
	log_info("starting again");
	log_flush();
	for (size_t i = 0; i < 3; i++)
		if (pa.manager[i] != NULL)
			(void)setenv(manager_vars[i], pa.manager[i], 1);
	TAILQ_FOREACH(p, &pa.ports.list, entry)
		if (p->given && p->fd != pa.opts->given)
			(void)net_cloexec(p->fd, false);
	if (fchdir(pa.cwd) == 0)
		(void)execv(pa.exe, pa.opts->argv);
	log_warn("%s: %s; going on with the program that runs", pa.exe,
	    strerror(errno));
	(void)execv("/proc/self/exe", pa.opts->argv);
	TAILQ_FOREACH(p, &pa.ports.list, entry)
		(void)net_cloexec(p->fd, true);
}

static void
server_died(int status)
{
	int pid = (int)pa.server;

	listen_to_server(); /* its last words */
	forget_server();
	if (pa.stopping)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_info("stopped");
		end(0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == SERVER_RESTART) {
		restart_program();
		return;
	}
	if (WIFSIGNALED(status))
		log_warn("server (pid %d) ended by signal %d", pid,
		    WTERMSIG(status));
	else
		log_warn("server (pid %d) ended with status %d", pid,
		    WEXITSTATUS(status));
	if (!pa.ever_up)
		end(1);
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == pa.helper) {
			pa.helper = 0;
			pa.helper_due = true;
		} else if (pid == pa.server)
			server_died(status);
	}
}

static void
stop(void)
{
	int64_t until = now_ms() + STOP_WAIT;
	struct pollfd pfd = { .fd = pa.signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int64_t left;

	pa.stopping = true;
	(void)notify_stopping();
	if (pa.server > 0)
		(void)kill(pa.server, SIGTERM);
	while (pa.server > 0 && (left = until - now_ms()) > 0) {
		(void)poll(&pfd, 1, (int)left);
		while (read(pa.signals, &info, sizeof(info)) == sizeof(info))
			;
		reap();
	}
	if (pa.server > 0)
		(void)kill(pa.server, SIGKILL);
	log_info("stopped");
	end(0);
}

/* --- the loop ---------------------------------------------------------------------- */

static void
on_signal(void)
{
	struct signalfd_siginfo info;

	while (read(pa.signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			stop();
			break;
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

static void
replace_helper(void)
{
	struct pmsg m = { .type = PMSG_PASSWORDS };
	int fd;

	if ((fd = start_helper()) == -1)
		return;
	tell(&m, fd);
	close(fd);
}

/* Start again what died.  Returns ms until the next look, -1: none is due. */
static int
restart(void)
{
	int64_t now = now_ms();

	if (pa.due && now - pa.started >= QUICK_DEATH)
		start_server();
	else if (!pa.due && pa.helper_due &&
		 now - pa.helper_started >= QUICK_DEATH)
		replace_helper();
	return pa.due || pa.helper_due ? QUICK_DEATH / 4 : -1;
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (pa.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("signalfd");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a write tells it as well */
}

static void
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/* What a program that takes our place has to know. */
static void
remember(void)
{
	const char *v;
	ssize_t n;

	for (size_t i = 0; i < 3; i++)
		if ((v = getenv(manager_vars[i])) != NULL &&
		    (pa.manager[i] = strdup(v)) == NULL)
			fatal("environment");
	if ((n = readlink("/proc/self/exe", pa.exe, sizeof(pa.exe) - 1)) == -1)
		n = 0;
	pa.exe[n] = '\0';
	if ((pa.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		fatal("the current directory");
}

static void
take_given(int fd, const char *what)
{
	if (ports_given(&pa.ports, fd) == 0)
		pa.only_given = true;
	else
		log_warn("%s: descriptor %d is no listening socket for IRC: "
			 "left out",
		    what, fd);
}

static void
open_rundir(void)
{
	const struct opts *o = pa.opts;
	char err[512];

	if (o->rundir[0] == '\0' ||
	    ports_rundir(&pa.ports, o, err, sizeof(err)) == 0)
		return;
	if (o->own_rundir || errno == EWOULDBLOCK)
		fatalx("%s", err);
	log_warn("%s; going on without hand-overs", err);
}

static void
open_ports(void)
{
	const struct opts *o = pa.opts;
	char err[512];
	int first, n;

	ports_init(&pa.ports);
	if ((n = notify_listen_fds(&first)) > 0)
		for (int i = 0; i < n; i++)
			take_given(first + i, "LISTEN_FDS");
	/* The built-in configuration's own are for who asks for none. */
	pa.only_given = (pa.only_given || o->nlisten > 0) && o->conf == NULL;
	if (o->given != -1) {
		take_given(o->given, "-i");
		pa.only_given = true;
	}
	open_rundir();
	if (ports_options(&pa.ports, o, err, sizeof(err)) == -1 ||
	    ports_plan(&pa.ports, pa.conf, !pa.only_given, err, sizeof(err)) ==
		-1) {
		log_warn("%s", err);
		end(1);
	}
	ports_commit(&pa.ports);
}

static void
begin(const struct opts *o)
{
	struct conf *conf;
	char err[512];
	int fd;

	conf = conf_load(o->conf, conf_open_file, NULL, err, sizeof(err));
	if (conf == NULL)
		fatalx("%s", err);
	pa.opts = o;
	pa.conf = conf;
	pa.channel = pa.log_fd = pa.next_log = -1;
	raise_limit();
	remember();
	if (notify_open() == -1)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	if (opts_user(o, conf, &pa.uid, &pa.gid, err, sizeof(err)) == -1)
		fatalx("%s", err);
	open_ports();
	if (open_log(conf, &fd, err, sizeof(err)) == -1) {
		log_warn("%s", err);
		end(1);
	}
	log_flush();
	if (o->background && daemon(0, 0) == -1)
		fatal("daemon");
	if (pa.ports.lock != -1)
		(void)rundir_write_pid(pa.ports.lock);
	use_log(conf, fd);
}

void
parent_run(const struct opts *o)
{
	struct pollfd pfd[2];
	int wait;

	begin(o);
	block_signals();
	start_server();
	for (;;) {
		wait = restart();
		log_flush();
		pfd[0] = (struct pollfd){ .fd = pa.signals, .events = POLLIN };
		pfd[1] = (struct pollfd){ .fd = pa.channel, .events = POLLIN };
		if (poll(pfd, 2, wait) == -1 && errno != EINTR)
			fatal("poll");
		if (pfd[1].revents & (POLLIN | POLLHUP))
			listen_to_server();
		if (pfd[0].revents & POLLIN)
			on_signal();
	}
}
