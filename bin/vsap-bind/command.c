#include "command.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "bind.h"
#include "deliver.h"
#include "gate.h"
#include "limits.h"
#include "log.h"
#include "net.h"
#include "stdpump.h"
#include "ucspi.h"

#define PUMP_FD 3

struct child {
	LIST_ENTRY(child) entry;
	pid_t pid;
	char who[ADDR_STRLEN];
};
static LIST_HEAD(, child) children = LIST_HEAD_INITIALIZER(children);

static bool
in_path(const char *name)
{
	const char *p = getenv("PATH");
	char file[4096];
	int n;

	for (p = p == NULL ? "/bin:/usr/bin" : p;; p++) {
		size_t len = strcspn(p, ":");

		n = snprintf(file, sizeof(file), "%.*s%s%s", (int)len, p,
		    len > 0 ? "/" : "", name);
		if (n > 0 && (size_t)n < sizeof(file) &&
		    access(file, X_OK) == 0)
			return true;
		p += len;
		if (*p == '\0')
			return false;
	}
}

int
command_find(const char *name)
{
	if (strchr(name, '/') != NULL)
		return access(name, X_OK);
	if (in_path(name))
		return 0;
	errno = ENOENT;
	return -1;
}

static int
child_signals(void)
{
	static const int mine[] = { SIGPIPE, SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t none;

	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		if (signal(mine[i], SIG_DFL) == SIG_ERR)
			return -1;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * RELAY is said here where the session becomes the stream, so that a fork
 * that fails leaves the visitor to the next acceptor.
 */
static int
child_stream(int fd, bool say_relay)
{
	const char *relay = ACCEPTOR_RELAY;
	size_t n = strlen(relay);

	if (say_relay && write(fd, relay, n) != (ssize_t)n)
		return -1;
	return net_nonblock(fd, false);
}

static void __attribute__((__noreturn__)) child_fail(const char *what)
{
	dprintf(STDERR_FILENO, "vsap-bind: %s: %s\n", what, strerror(errno));
	_exit(EXIT_TEMPORARY);
}

/* Standard input and output in a process of its own; it has nothing else
 * of ours open, so that what we close is closed. */
static void __attribute__((__noreturn__)) child_pump(const char *who, int fd)
{
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || dup2(fd, PUMP_FD) == -1 ||
	    close_range(PUMP_FD + 1, ~0U, 0) == -1)
		child_fail(who);
	if (stdpump_keep(PUMP_FD, STDIN_FILENO, STDOUT_FILENO, NULL) == -1)
		child_fail(who);
	_exit(0);
}

static void __attribute__((__noreturn__))
child(const struct delivery *d, int fd, bool say_relay)
{
	const struct bind_conf *conf = bind_conf(d->bind);

	if (child_signals() == -1 || limits_own() == -1 ||
	    child_stream(fd, say_relay) == -1)
		child_fail(d->who);
	if (conf->mode == BIND_STDIO)
		child_pump(d->who, fd);
	if (ucspi_setenv(&d->info) == -1 || dup2(fd, STDIN_FILENO) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1)
		child_fail(d->who);
	execvp(conf->argv[0], conf->argv);
	child_fail(conf->argv[0]);
}

static void
serve(struct delivery *d, bool say_relay)
{
	struct child *c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		log_warn("%s: %s", d->who, strerror(errno));
		return;
	}
	switch (c->pid = fork()) {
	case -1:
		log_warn("%s: cannot fork: %s", d->who, strerror(errno));
		free(c);
		return;
	case 0:
		child(d, d->stream, say_relay);
	}
	strlcpy(c->who, d->who, sizeof(c->who));
	LIST_INSERT_HEAD(&children, c, entry);
	log_debug("%s: served by process %ld", c->who, (long)c->pid);
	d->kept = true;
}

static void
command_start(struct delivery *d)
{
	struct acceptor *a = d->acceptor;

	if (d->stream != -1 || gate_fetches(d->gate)) {
		deliver_take(d);
		return;
	}
	d->acceptor = NULL;
	d->stream = acceptor_take(a, false, &d->token);
	if (d->stream != -1)
		serve(d, true);
	deliver_done(d);
}

static void
command_stream(struct delivery *d)
{
	serve(d, false);
	deliver_done(d);
}

const struct deliver_mode deliver_command = { command_start, command_stream };

static void
say_end(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_debug("%s: process %ld ended by signal %d", c->who,
		    (long)c->pid, WTERMSIG(status));
	else
		log_debug("%s: process %ld ended with status %d", c->who,
		    (long)c->pid, WEXITSTATUS(status));
}

bool
command_reaped(pid_t pid, int status)
{
	struct child *c;

	LIST_FOREACH(c, &children, entry)
		if (c->pid == pid)
			break;
	if (c == NULL)
		return false;
	say_end(c, status);
	LIST_REMOVE(c, entry);
	free(c);
	return true;
}

void
command_forget(void)
{
	struct child *c;

	while ((c = LIST_FIRST(&children)) != NULL) {
		LIST_REMOVE(c, entry);
		free(c);
	}
}
