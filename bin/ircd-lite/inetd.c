#include "inetd.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "files.h"
#include "handsend.h"
#include "log.h"
#include "net.h"
#include "parent.h"
#include "proc.h"
#include "runpath.h"
#include "serve.h"
#include "stdpump.h"

#define ACK_WAIT 5000	 /* ms for the server to take the connection */
#define BECOME_WAIT 5000 /* ms until there is a server, or we are it */
#define AGAIN 50	 /* ms between tries */

struct visitor {
	struct sockaddr_storage src, dst;
};

/* --- whose connection it is --------------------------------------------- */

/* An address from two texts of the environment.  0 or -1. */
static int
from_texts(struct sockaddr_storage *ss, const char *ip, const char *port)
{
	char text[128], err[128];
	struct addr a;
	int n;

	if (ip == NULL || port == NULL)
		return -1;
	n = snprintf(text, sizeof(text),
	    strchr(ip, ':') != NULL ? "[%s]:%s" : "%s:%s", ip, port);
	if (n < 0 || (size_t)n >= sizeof(text) ||
	    addr_parse(&a, text, ADDR_F_TCP, err, sizeof(err)) == -1 ||
	    a.family == AF_UNSPEC)
		return -1;
	return addr_sockaddr(&a, ss) > 0 ? 0 : -1;
}

static void
from_path(struct sockaddr_storage *ss, const char *path)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)ss;

	memset(ss, 0, sizeof(*ss));
	sun->sun_family = AF_UNIX;
	if (path != NULL)
		strlcpy(sun->sun_path, path, sizeof(sun->sun_path));
}

static int
from_tcp(struct visitor *v)
{
	struct visitor e = { 0 };

	if (from_texts(&e.src, getenv("TCPREMOTEIP"),
		getenv("TCPREMOTEPORT")) == -1)
		return -1;
	if (from_texts(&e.dst, getenv("TCPLOCALIP"), getenv("TCPLOCALPORT")) ==
	    -1) {
		e.dst = (struct sockaddr_storage){ 0 };
		e.dst.ss_family = e.src.ss_family;
	}
	*v = e;
	return 0;
}

/*
 * The environment of a UCSPI server (libcommon/ucspi.h) tells whose it is
 * where the socket is only the end of a relay: vsap-bind's, or one over a
 * UNIX-domain socket or loopback.
 */
static void
from_environ(struct visitor *v)
{
	const struct sockaddr *src = (const struct sockaddr *)&v->src;
	const char *proto = getenv("PROTO");
	struct in6_addr ip;
	bool relayed = getenv("VSAP_REMOTE") != NULL ||
		       src->sa_family == AF_UNIX ||
		       (addr_ip_sa(src, &ip) == 0 && addr_ip_loopback(&ip));

	if (proto == NULL || !relayed)
		return;
	if (strcmp(proto, "UNIX") == 0 && getenv("UNIXLOCALPATH") != NULL) {
		from_path(&v->src, getenv("UNIXREMOTEPATH"));
		from_path(&v->dst, getenv("UNIXLOCALPATH"));
	} else if (strcmp(proto, "VSAP") == 0)
		memset(v, 0, sizeof(*v));
	else if (strcmp(proto, "TCP") == 0 && from_tcp(v) == -1)
		log_warn("TCPREMOTEIP, TCPREMOTEPORT: no address");
}

static void
name(int (*get)(int, struct sockaddr *, socklen_t *),
    struct sockaddr_storage *ss)
{
	socklen_t len = sizeof(*ss);

	memset(ss, 0, sizeof(*ss));
	if (get(STDIN_FILENO, (struct sockaddr *)ss, &len) == -1)
		memset(ss, 0, sizeof(*ss));
	addr_unmap_sa(ss, &len);
}

/* --- what all of them need ---------------------------------------------- */

static struct conf *
load(const struct opts *o)
{
	struct conf *conf;
	char err[LEX_ERR_LEN];

	conf = conf_load(o->conf, conf_open_file, NULL, err, sizeof(err));
	if (conf == NULL)
		fatalx("%s", lex_last_error(err, log_warn));
	return conf;
}

static void
become_user(const struct opts *o, struct serve *s)
{
	char err[256];

	s->opts = o;
	s->owner = getuid();
	if (opts_user(o, s->conf, &s->uid, &s->gid, err, sizeof(err)) == -1)
		fatalx("%s", err);
}

static void
null_stdio(void)
{
	int null;

	if ((null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("/dev/null");
	if (null > 2)
		close(null);
}

static int
use_log(const struct conf *conf)
{
	int fd;

	if (conf->log == CONF_LOG_SYSLOG)
		log_to_syslog();
	if (conf->log != CONF_LOG_FILE)
		return -1;
	if ((fd = files_log(conf->log_path)) == -1)
		log_warn("%s: %s", conf->log_path, strerror(errno));
	else
		log_to_fd(fd);
	return fd;
}

/* --- a connection ------------------------------------------------------- */

/* The helper, and our end of its socket. */
static int
start_helper(const struct serve *s, int log)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		fatal("socketpair");
	log_flush();
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		setproctitle("passwords");
		proc_close_but((int[]){ sv[1], log }, 2);
		serve_passwords(sv[1], s->uid, s->gid);
	default:
		break;
	}
	close(sv[1]);
	return sv[0];
}

/* Be the server of this run directory, for as long as anybody is here. */
static void __attribute__((__noreturn__))
serve(const struct opts *o, const struct visitor *v, const struct ports *ports)
{
	struct conn_from from = { .peer = v->src, .local = v->dst };
	struct serve s = { .conf = load(o), .ports = ports, .parent = -1 };
	int log = use_log(s.conf);

	become_user(o, &s);
	if ((from.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) == -1 ||
	    net_nonblock(from.fd, true) == -1)
		fatal("descriptor 0");
	net_tune(from.fd);
	null_stdio();
	from.ofd = from.fd;
	s.first = &from;
	s.passwords = start_helper(&s, log);
	s.klines = serve_read_klines(s.conf, &s.nklines);
	setproctitle("server");
	serve_run(&s);
}

/* 0: the server of the run directory has it.  -1: there is none. */
static int
hand_over(const char *path, const struct visitor *v)
{
	if (handsend(path, STDIN_FILENO, (const struct sockaddr *)&v->src,
		(const struct sockaddr *)&v->dst, ACK_WAIT) == 0)
		return 0;
	if (errno == EPERM)
		fatalx("%s: belongs to another user", path);
	/* It may still take it: nobody else can serve it now. */
	if (errno == ETIMEDOUT)
		fatalx("%s: the server does not answer", path);
	return -1;
}

/*
 * Whoever gets the lock of the run directory is the server; the others hand
 * over to it as soon as it listens.
 */
static void __attribute__((__noreturn__))
connection(const struct opts *o, const struct visitor *v)
{
	char path[OPTS_PATH_MAX], err[512] = "no server";
	struct ports ports;

	ports_init(&ports);
	if (o->rundir[0] == '\0')
		serve(o, v, NULL);
	if (runpath_join(path, sizeof(path), o->rundir, OPTS_SOCK) == -1)
		fatalx("%s: too long: choose a shorter -R", o->rundir);
	for (int ms = 0; ms < BECOME_WAIT; ms += AGAIN) {
		if (hand_over(path, v) == 0)
			exit(0);
		if (ports_rundir(&ports, o, err, sizeof(err)) == 0)
			serve(o, v, &ports);
		if (errno != EWOULDBLOCK) {
			log_warn("%s; serving this one alone", err);
			serve(o, v, NULL);
		}
		(void)poll(NULL, 0, AGAIN);
	}
	fatalx("%s, but it takes no connection", err);
}

/* --- one user, alone ---------------------------------------------------- */

static void __attribute__((__noreturn__)) alone(const struct opts *o, int fd)
{
	struct conn_from from = { .fd = fd, .ofd = fd };
	struct serve s = { .conf = load(o), .parent = -1, .passwords = -1 };

	s.conf->dns = s.conf->ident = false;
	become_user(o, &s);
	null_stdio();
	if (net_nonblock(fd, true) == -1)
		fatal("socket");
	s.first = &from;
	s.alone_pipe = true;
	serve_run(&s);
}

/*
 * Standard input may be a file, a terminal or a pipe that others use too;
 * the server gets a socket, and what goes through it is pumped here.
 */
static void __attribute__((__noreturn__)) terminal(const struct opts *o)
{
	int sv[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		fatal("socketpair");
	log_flush();
	switch (pid = fork()) {
	case -1:
		fatal("fork");
	case 0:
		close(sv[0]);
		alone(o, sv[1]);
	default:
		break;
	}
	close(sv[1]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)stdpump_keep(sv[0], STDIN_FILENO, STDOUT_FILENO, NULL);
	close(sv[0]);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("server");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* --- which it is -------------------------------------------------------- */

void
inetd_run(struct opts *o)
{
	socklen_t len = sizeof(int);
	struct visitor v;
	int type, listens = 0;

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == -1)
		terminal(o);
	if (type != SOCK_STREAM)
		fatalx("-i: descriptor 0 is a socket of another type than "
		       "stream; inetd starts ircd-lite with \"stream tcp\"");
	if (log_inetd())
		o->no_stderr = true;
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listens,
		&len) == 0 &&
	    listens) {
		if ((o->given = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) == -1)
			fatal("descriptor 0");
		parent_run(o);
	}
	name(getpeername, &v.src);
	name(getsockname, &v.dst);
	from_environ(&v);
	connection(o, &v);
}
