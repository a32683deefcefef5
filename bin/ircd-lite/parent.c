#include "parent.h"

#include <sys/signalfd.h>
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
#include "parent_impl.h"
#include "pmsg.h"
#include "ports.h"
#include "proc.h"
#include "rundir.h"
#include "serve.h"
#include "server.h"

#define QUICK_DEATH 1000 /* ms between two starts of a process */
#define STOP_WAIT 3500	 /* ms that the server has to say good-bye */
#define AT_ONCE 64	 /* messages of the server, then a look at signals */

struct parent pa;

static const char *const manager_vars[] = { "NOTIFY_SOCKET", "LISTEN_FDS",
	"LISTEN_FDNAMES" };

static void __attribute__((__noreturn__)) end(int status)
{
	ports_close(&pa.ports, true);
	log_flush();
	exit(status);
}

/* --- what the server asks for ------------------------------------------- */

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
	parent_tell_text(PMSG_SAVED, err);
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
		parent_reload();
		break;
	case PMSG_KLINES:
		save_klines(m, fd);
		break;
	case PMSG_APPLIED:
		parent_applied(m);
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
	int left = AT_ONCE;

	while (pa.channel != -1) {
		int fd = -1, nfds = 1;

		if (left-- == 0)
			return; /* a talker must not keep us from signals */
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

/* --- ends --------------------------------------------------------------- */

static void
forget_server(void)
{
	if (pa.channel != -1)
		close(pa.channel);
	pa.channel = -1;
	pa.server = 0;
	pa.due = true;
	if (pa.next != NULL)
		parent_give_up("the server ended meanwhile");
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
	char err[LEX_ERR_LEN];

	conf = conf_load(pa.opts->conf, conf_open_file, NULL, err, sizeof(err));
	if (conf == NULL) {
		log_warn("%s; starting again with what was read before",
		    lex_last_error(err, log_warn));
		return;
	}
	conf_free(conf);
	log_info("starting again");
	log_flush();
	snprintf(err, sizeof(err), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", err, 1);
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
	int64_t until = parent_now() + STOP_WAIT;
	struct pollfd pfd = { .fd = pa.signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int64_t left;

	pa.stopping = true;
	(void)notify_stopping();
	if (pa.server > 0)
		(void)kill(pa.server, SIGTERM);
	while (pa.server > 0 && (left = until - parent_now()) > 0) {
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

/* --- the loop ----------------------------------------------------------- */

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
			parent_reload();
			break;
		case SIGCHLD:
			reap();
			break;
		default:
			break;
		}
	}
}

/* Start again what died.  Returns ms until the next look, -1: none is due. */
static int
restart(void)
{
	int64_t now = parent_now();

	if (pa.due && now - pa.started >= QUICK_DEATH)
		parent_start_server();
	else if (!pa.due && pa.helper_due &&
		 now - pa.helper_started >= QUICK_DEATH)
		parent_replace_helper();
	return pa.due || pa.helper_due ? QUICK_DEATH / 4 : -1;
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
	char err[LEX_ERR_LEN];
	int fd;

	conf = conf_load(o->conf, conf_open_file, NULL, err, sizeof(err));
	if (conf == NULL)
		fatalx("%s", lex_last_error(err, log_warn));
	pa.opts = o;
	pa.conf = conf;
	pa.channel = pa.log_fd = pa.next_log = -1;
	if (proc_raise_nofile() == 0)
		log_debug("descriptors: %s", strerror(errno));
	remember();
	if (notify_open() == -1)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	if (opts_user(o, conf, &pa.uid, &pa.gid, err, sizeof(err)) == -1)
		fatalx("%s", err);
	open_ports();
	if (parent_open_log(conf, &fd, err, sizeof(err)) == -1) {
		log_warn("%s", err);
		end(1);
	}
	log_flush();
	if (o->background && daemon(0, 0) == -1)
		fatal("daemon");
	if (pa.ports.lock != -1)
		(void)rundir_write_pid(pa.ports.lock);
	parent_use_log(conf, fd);
}

void
parent_run(const struct opts *o)
{
	struct pollfd pfd[2];
	int wait;

	begin(o);
	if ((pa.signals = proc_signals()) == -1)
		fatal("signalfd");
	parent_start_server();
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
