/*
 * Opening control listeners, and what is said where that cannot be.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "listeners_impl.h"
#include "net.h"
#include "rundir.h"

static const char *
remedy(int error, bool path)
{
	switch (error) {
	case EADDRINUSE:
		return path ? "; another vsapd serves it"
			    : "; another program listens there: choose "
			      "another address";
	case EACCES:
		return path ? "" : "; ports below 1024 need root";
	case EEXIST:
		return "; a file that is no socket is in the way";
	case EADDRNOTAVAIL:
		return "; this machine has no such address";
	default:
		return "";
	}
}

int
listeners_failed(char *err, size_t errlen, const char *what, bool path)
{
	int saved = errno;

	snprintf(err, errlen, "%s: %s%s", what, strerror(saved),
	    remedy(saved, path));
	errno = saved;
	return -1;
}

/* Is it a listener of ours that keeps a from being bound? */
static bool
in_the_way(const struct listener *l, const struct addr *a)
{
	const struct addr *w = &l->want;

	if (l->fresh || w->kind != a->kind)
		return false;
	if (a->kind == ADDR_UNIX)
		return strcmp(w->text, a->text) == 0;
	return w->port == a->port &&
	       (w->any || a->any || memcmp(&w->ip, &a->ip, sizeof(a->ip)) == 0);
}

struct rights
listeners_rights(const struct conf_listen *cl)
{
	struct rights r = { .mode = 0600, .group = getgid() };

	if (cl->has_group) {
		r.mode = 0660;
		r.group = cl->group;
	}
	if (cl->has_mode)
		r.mode = cl->mode;
	return r;
}

/* The file's group, and then who may do what. */
int
listeners_set_rights(const struct listener *l, const struct rights *r)
{
	const char *path = l->want.text;

	return chown(path, (uid_t)-1, r->group) == -1 ? -1
						      : chmod(path, r->mode);
}

static int
cannot(struct listeners *ls, const struct addr *a, char *err, size_t errlen)
{
	const struct listener *l;
	char name[ADDR_STRLEN];
	int saved = errno;

	addr_format(a, name, sizeof(name));
	TAILQ_FOREACH(l, &ls->list, entry)
		if (saved == EADDRINUSE && in_the_way(l, a)) {
			snprintf(err, errlen,
			    "%s: this vsapd's own listener on %s is in the "
			    "way: name it as it was, or restart vsapd",
			    name, l->addr);
			return -1;
		}
	errno = saved;
	return listeners_failed(err, errlen, name, a->kind == ADDR_UNIX);
}

/* A dual-stack socket is one that serves 0.0.0.0 as well. */
static void
name_every(struct listener *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(l->fd, (struct sockaddr *)&ss, &len) == 0)
		snprintf(l->addr, sizeof(l->addr), "0.0.0.0:%u",
		    addr_port_sa((struct sockaddr *)&ss));
}

struct listener *
listeners_open(struct listeners *ls, const struct addr *a, char *err,
    size_t errlen)
{
	bool path = a->kind == ADDR_UNIX;
	struct listener *l;
	int fd;

	/* Narrow at first: whom it is for is said by listeners_set_rights(). */
	if (path)
		fd = rundir_listen(a->text, SOCK_STREAM, LISTENERS_BACKLOG,
		    0600);
	else
		fd = net_listen(a, LISTENERS_BACKLOG, 0);
	if (fd == -1 ||
	    (l = listeners_add(ls, fd, path ? KIND_UNIX : KIND_TCP)) == NULL) {
		(void)cannot(ls, a, err, errlen);
		return NULL;
	}
	l->want = *a;
	l->fresh = true;
	l->file = path;
	if (path)
		strlcpy(l->addr, a->text, sizeof(l->addr));
	else if (a->any && a->family != AF_INET)
		name_every(l);
	return l;
}
