#include "ports.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "rundir.h"
#include "runpath.h"

#define BACKLOG 4096

void
ports_init(struct ports *ps)
{
	TAILQ_INIT(&ps->list);
	ps->lock = -1;
	ps->next_id = 1;
}

/* fd is its own from here on, in any case. */
static struct port *
port_new(struct ports *ps, int fd, enum port_kind kind)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct port *p;

	if ((p = calloc(1, sizeof(*p))) == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	p->id = ps->next_id++;
	p->kind = kind;
	p->fd = fd;
	p->index = p->next = PMSG_NO_INDEX;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0) {
		addr_format_sa((struct sockaddr *)&ss, len, p->addr,
		    sizeof(p->addr));
		p->port = addr_port_sa((struct sockaddr *)&ss);
	}
	TAILQ_INSERT_TAIL(&ps->list, p, entry);
	return p;
}

static void
port_free(struct ports *ps, struct port *p, bool remove)
{
	TAILQ_REMOVE(&ps->list, p, entry);
	close(p->fd);
	if (remove && p->path[0] != '\0')
		(void)unlink(p->path);
	free(p);
}

/* --- opening ------------------------------------------------------------ */

static const char *
remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program listens there, or another listener "
		       "of this server";
	case EACCES:
		return "; ports below 1024 need root";
	case EEXIST:
		return "; a file that is no socket is in the way";
	case EADDRNOTAVAIL:
		return "; this machine has no such address";
	default:
		return "";
	}
}

static int
failed(char *err, size_t errlen, const char *what)
{
	int saved = errno;

	snprintf(err, errlen, "%s: %s%s", what, strerror(saved), remedy(saved));
	errno = saved;
	return -1;
}

static struct port *
open_port(struct ports *ps, const struct addr *a, mode_t mode, char *err,
    size_t errlen)
{
	char want[ADDR_STRLEN];
	struct port *p;
	int fd;

	addr_format(a, want, sizeof(want));
	if (a->kind == ADDR_UNIX)
		fd = rundir_listen(a->text, SOCK_STREAM, BACKLOG, mode);
	else
		fd = net_listen(a, BACKLOG, 0);
	if (fd == -1 || (p = port_new(ps, fd, PORT_CLIENT)) == NULL) {
		(void)failed(err, errlen, want);
		return NULL;
	}
	strlcpy(p->want, want, sizeof(p->want));
	if (a->kind == ADDR_UNIX)
		strlcpy(p->path, a->text, sizeof(p->path));
	/* A dual-stack socket is one that serves 0.0.0.0 as well. */
	if (a->kind == ADDR_TCP && a->any && a->family == AF_UNSPEC)
		snprintf(p->addr, sizeof(p->addr), "0.0.0.0:%u", p->port);
	return p;
}

int
ports_rundir(struct ports *ps, const struct opts *o, char *err, size_t errlen)
{
	char path[OPTS_PATH_MAX];
	struct port *p;
	int fd;

	if (rundir_make(o->rundir, err, errlen) == -1)
		return -1;
	if (runpath_join(path, sizeof(path), o->rundir, OPTS_SOCK) == -1) {
		errno = ENAMETOOLONG;
		return failed(err, errlen, o->rundir);
	}
	if ((ps->lock = rundir_lock(o->rundir, "ircd-lite", err, errlen)) == -1)
		return -1;
	/* Who may use it is decided by the uid of the peer. */
	fd = rundir_listen(path, SOCK_SEQPACKET, BACKLOG, 0666);
	if (fd == -1 || (p = port_new(ps, fd, PORT_HANDOVER)) == NULL) {
		(void)failed(err, errlen, path);
		(void)rundir_unlock(ps->lock);
		ps->lock = -1;
		return -1;
	}
	strlcpy(p->path, path, sizeof(p->path));
	return 0;
}

int
ports_given(struct ports *ps, int fd)
{
	enum port_kind kind = PORT_CLIENT;
	int type = net_option(fd, SO_TYPE);
	struct port *p;

	if (type == SOCK_SEQPACKET && net_option(fd, SO_DOMAIN) == AF_UNIX)
		kind = PORT_HANDOVER;
	else if (type != SOCK_STREAM)
		type = -1;
	if (type == -1 || net_option(fd, SO_ACCEPTCONN) != 1) {
		errno = EINVAL;
		return -1;
	}
	if (net_nonblock(fd, true) == -1 ||
	    (p = port_new(ps, fd, kind)) == NULL)
		return -1;
	p->given = true;
	strlcpy(p->want, p->addr, sizeof(p->want));
	p->every = strncmp(p->addr, "0.0.0.0:", 8) == 0 ||
		   strncmp(p->addr, "[::]:", 5) == 0;
	net_tune(fd);
	return 0;
}

/* --- matching ----------------------------------------------------------- */

static bool
matches(const struct port *p, const struct addr *a)
{
	char want[ADDR_STRLEN];

	if (p->kind != PORT_CLIENT)
		return false;
	if (p->every && a->kind == ADDR_TCP && a->any)
		return a->port == p->port;
	return strcmp(p->want, addr_format(a, want, sizeof(want))) == 0;
}

int
ports_options(struct ports *ps, const struct opts *o, char *err, size_t errlen)
{
	struct port *p;

	for (int i = 0; i < o->nlisten; i++) {
		TAILQ_FOREACH(p, &ps->list, entry)
			if (p->given && matches(p, &o->listen[i]))
				break;
		if (p == NULL && open_port(ps, &o->listen[i], PORTS_MODE, err,
				     errlen) == NULL)
			return -1;
	}
	return 0;
}

/* A listener for the statement that no other statement has; NULL: none. */
static struct port *
find(struct ports *ps, const struct addr *a)
{
	struct port *p;

	TAILQ_FOREACH(p, &ps->list, entry)
		if (p->next == PMSG_NO_INDEX && matches(p, a))
			break;
	return p;
}

int
ports_plan(struct ports *ps, const struct conf *conf, bool open, char *err,
    size_t errlen)
{
	const struct conf_listen *cl;
	uint32_t index = 0;
	struct port *p;

	TAILQ_FOREACH(p, &ps->list, entry)
		p->next = PMSG_NO_INDEX;
	STAILQ_FOREACH(cl, &conf->listens, entry) {
		p = find(ps, &cl->addr);
		if (p == NULL && open) {
			p = open_port(ps, &cl->addr, cl->mode, err, errlen);
			if (p == NULL) {
				ports_abandon(ps);
				return -1;
			}
			p->by_conf = p->fresh = true;
		}
		if (p != NULL) {
			p->mode = cl->mode;
			p->next = index;
		}
		index++;
	}
	return 0;
}

static void
say(struct ports *ps, enum port_kind kind)
{
	struct port *p;

	TAILQ_FOREACH(p, &ps->list, entry) {
		if (p->said || p->kind != kind)
			continue;
		log_info("listening on %s",
		    p->path[0] != '\0' ? p->path : p->addr);
		p->said = true;
	}
}

void
ports_commit(struct ports *ps)
{
	struct port *p, *next;

	TAILQ_FOREACH_SAFE(p, &ps->list, entry, next) {
		p->index = p->next;
		p->fresh = false;
		if (p->by_conf && p->index == PMSG_NO_INDEX) {
			log_info("no longer listening on %s", p->addr);
			port_free(ps, p, true);
		} else if (p->index != PMSG_NO_INDEX && p->path[0] != '\0')
			(void)chmod(p->path, p->mode);
	}
	say(ps, PORT_CLIENT);
	say(ps, PORT_HANDOVER);
}

void
ports_abandon(struct ports *ps)
{
	struct port *p, *next;

	TAILQ_FOREACH_SAFE(p, &ps->list, entry, next)
		if (p->fresh)
			port_free(ps, p, true);
}

void
ports_close(struct ports *ps, bool unlink_files)
{
	struct port *p;

	while ((p = TAILQ_FIRST(&ps->list)) != NULL)
		port_free(ps, p, unlink_files);
	(void)rundir_unlock(ps->lock);
	ps->lock = -1;
}
