#include "serve.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handin.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "proc.h"
#include "proxyin.h"
#include "pwhelper.h"
#include "sandbox.h"
#include "server.h"
#include "up.h"
#include "up_impl.h"

#define FD_RESERVE 64 /* descriptors for everything but connections */

int
opts_user(const struct opts *o, const struct conf *conf, uid_t *uid, gid_t *gid,
    char *err, size_t errlen)
{
	const char *name = o->user != NULL ? o->user : conf->user;
	struct passwd *pw;

	if (getuid() != 0) {
		*uid = getuid();
		*gid = getgid();
		return 0;
	}
	pw = getpwnam(name != NULL ? name : "ircd-lite");
	if (pw == NULL && name == NULL)
		pw = getpwnam(name = "nobody");
	if (pw == NULL) {
		snprintf(err, errlen, "user %s: there is no such user", name);
		return -1;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}

static void
child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* these are for the parent */
	(void)signal(SIGINT, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void
serve_passwords(int fd, uid_t uid, gid_t gid)
{
	char err[256];

	child_signals();
	if (sandbox_drop(uid, gid, err, sizeof(err)) == -1 ||
	    sandbox_passwords(err, sizeof(err)) == -1)
		fatalx("password helper: %s", err);
	pwhelper_serve(fd);
}

char *
serve_read_klines(const struct conf *conf, size_t *len)
{
	char *text;

	*len = 0;
	if (conf->kline_path == NULL)
		return NULL;
	text = conf_open_file(NULL, conf->kline_path, len);
	if (text == NULL && errno != ENOENT)
		log_warn("%s: %s; starting without its K-lines",
		    conf->kline_path, strerror(errno));
	return text;
}

/* --- the server --------------------------------------------------------- */

static void
on_terminate(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	server_stop("server is shutting down", 0);
}

/* As many connections as the system allows. */
static void
raise_limit(const struct conf *conf)
{
	rlim_t n = proc_raise_nofile();

	if (n == 0)
		fatal("descriptors");
	if (n < conf->connections + FD_RESERVE)
		log_warn("the limit of %llu descriptors (ulimit -Hn) does not "
			 "do for %u connections",
		    (unsigned long long)n, conf->connections);
}

static void
set_listeners(const struct serve *s)
{
	const struct port *p;

	handin_init(me.base, s->owner);
	proxyin_init(me.base);
	if (listener_init(me.base) == -1)
		fatal("listeners");
	if (s->ports == NULL)
		return;
	TAILQ_FOREACH(p, &s->ports->list, entry)
		if (listener_set(p->id, p->kind, p->fd,
			up_statement(s->conf, p->index)) == -1)
			fatal("%s", p->addr);
	listener_sweep();
}

static void
set_helper(int fd)
{
	if (fd == -1)
		return;
	if (net_nonblock(fd, true) == -1 ||
	    (me.passwords = pwhelper_new(me.base, fd, NULL, NULL)) == NULL)
		fatal("password helper");
}

void
serve_run(const struct serve *s)
{
	static struct event terminate;
	char err[256];
	int status;

	child_signals();
	if (!s->alone_pipe)
		raise_limit(s->conf);
	if (sandbox_drop(s->uid, s->gid, err, sizeof(err)) == -1)
		fatalx("%s", err);
	up_start(s->opts, s->klines, s->nklines);
	me.alone = s->first != NULL;
	me.alone_pipe = s->alone_pipe;
	if (server_init(s->conf) == -1)
		fatal("server");
	if (s->parent != -1 && up_init(me.base, s->parent) == -1)
		fatal("parent");
	set_listeners(s);
	set_helper(s->passwords);
	event_assign(&terminate, me.base, SIGTERM, EV_SIGNAL | EV_PERSIST,
	    on_terminate, NULL);
	if (event_add(&terminate, NULL) == -1)
		fatal("signals");
	if (sandbox_irc_server(NULL, err, sizeof(err)) == -1)
		log_warn("%s; going on without", err);
	up_serving();
	if (s->first == NULL || conn_open(s->first) != NULL)
		status = server_run();
	else
		status = 1;
	log_flush();
	exit(status);
}
