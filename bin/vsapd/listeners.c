#include "listeners.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "rundir.h"
#include "runpath.h"

#define BACKLOG 1024 /* control connections that may wait */

struct listener {
	int fd;
	enum pmsg_kind kind;
	char addr[ADDR_STRLEN];
	char path[VSAP_NAME_MAX + 1]; /* file to remove, or "" */
};

struct listeners {
	struct listener one[CONF_LISTEN_MAX + 2];
	int count;
	int lock;
};

static int
failed(char *err, size_t errlen, const char *what, const char *remedy)
{
	int saved = errno;

	snprintf(err, errlen, "%s: %s%s%s", what, strerror(saved),
	    remedy[0] != '\0' ? "; " : "", remedy);
	return -1;
}

static struct listener *
add(struct listeners *ls, int fd, enum pmsg_kind kind, const char *path)
{
	struct listener *l = &ls->one[ls->count++];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	l->fd = fd;
	l->kind = kind;
	strlcpy(l->path, path, sizeof(l->path));
	if (path[0] != '\0')
		strlcpy(l->addr, path, sizeof(l->addr));
	else if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		addr_format_sa((struct sockaddr *)&ss, len, l->addr,
		    sizeof(l->addr));
	return l;
}

/* --- TCP ----------------------------------------------------------------- */

/* A listener that strangers reach and that has nothing to offer them. */
static int
check_useful(const struct conf *conf, const struct addr *a, const char *name,
    char *err, size_t errlen)
{
	bool local = !a->any && addr_ip_loopback(&a->ip);

	if (local || rules_serve_strangers(conf->rules))
		return 0;
	snprintf(err, errlen,
	    "%s can be reached from other machines, but nothing is permitted "
	    "to them: add -b PORTS (what may be bound, as -b 8080-8081), "
	    "-c DESTINATION (what may be reached, as -c '*.example.org:22') "
	    "or -r UPSTREAM; or listen on 127.0.0.1",
	    name);
	return -1;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return 0;
	return addr_port_sa((struct sockaddr *)&ss);
}

/* Is the upstream (-r) what a listens on?  Each request would come round
 * again, for as long as there are sessions. */
static bool
is_upstream(const struct conf *conf, const struct addr *a)
{
	const struct addr *up = &conf->upstream;
	bool local;

	if (!conf->has_upstream || up->kind != a->kind)
		return false;
	if (a->kind == ADDR_UNIX)
		return strcmp(up->text, a->text) == 0;
	local = strcasecmp(up->text, "localhost") == 0 ||
		(up->family != AF_UNSPEC && addr_ip_loopback(&up->ip));
	if (up->port != a->port || a->port == 0)
		return false;
	if (a->any || addr_ip_loopback(&a->ip))
		return local;
	return up->family != AF_UNSPEC &&
	       memcmp(&up->ip, &a->ip, sizeof(a->ip)) == 0;
}

static int
add_tcp(struct listeners *ls, const struct conf *conf, const struct addr *a,
    char *err, size_t errlen)
{
	char name[ADDR_STRLEN];
	struct listener *l;
	int fd;

	addr_format(a, name, sizeof(name));
	if (check_useful(conf, a, name, err, errlen) == -1)
		return -1;
	if ((fd = net_listen(a, BACKLOG, 0)) == -1)
		return failed(err, errlen, name,
		    errno == EADDRINUSE
			? "another program listens there: choose another -l"
		    : errno == EACCES
			? "ports below 1024 need root: choose another -l"
			: "");
	l = add(ls, fd, KIND_TCP, "");
	/* A dual-stack socket is one that serves 0.0.0.0 as well. */
	if (a->any)
		snprintf(l->addr, sizeof(l->addr), "0.0.0.0:%u", port_of(fd));
	log_info("listening on %s", l->addr);
	return 0;
}

/* --- UNIX-domain --------------------------------------------------------- */

static int
add_unix(struct listeners *ls, const struct conf *conf, const char *path,
    enum pmsg_kind kind, char *err, size_t errlen)
{
	int type = kind == KIND_HANDOVER ? SOCK_SEQPACKET : SOCK_STREAM;
	mode_t mode =
	    conf->has_group && kind == KIND_UNIX ? (mode_t)0660 : (mode_t)0600;
	int fd;

	if ((fd = rundir_listen(path, type, BACKLOG, mode)) == -1)
		return failed(err, errlen, path,
		    errno == EADDRINUSE ? "another vsapd serves it"
		    : errno == EEXIST ? "a file that is no socket is in the way"
				      : "");
	add(ls, fd, kind, path);
	if (conf->has_group && kind == KIND_UNIX &&
	    chown(path, (uid_t)-1, conf->group) == -1)
		return failed(err, errlen, path,
		    "-g names a group that you are a member of");
	if (kind == KIND_UNIX)
		log_info("listening on %s", path);
	return 0;
}

/* --- the run directory --------------------------------------------------- */

void
listeners_relock(struct listeners *ls)
{
	if (ls->lock != -1)
		(void)rundir_write_pid(ls->lock);
}

static int
add_rundir(struct listeners *ls, const struct conf *conf, char *err,
    size_t errlen)
{
	char path[VSAP_NAME_MAX + 1];
	const char *dir = conf->rundir;

	if (rundir_make(dir, err, errlen) == -1 ||
	    (ls->lock = rundir_lock(dir, "vsapd", err, errlen)) == -1)
		return -1;
	if (runpath_join(path, sizeof(path), dir, "handover.sock") == -1)
		return failed(err, errlen, dir, "choose a shorter -R");
	if (add_unix(ls, conf, path, KIND_HANDOVER, err, errlen) == -1)
		return -1;
	if (!conf->default_listen)
		return 0;
	if (runpath_join(path, sizeof(path), dir, "vsapd.sock") == -1)
		return failed(err, errlen, dir, "choose a shorter -R");
	return add_unix(ls, conf, path, KIND_UNIX, err, errlen);
}

/* --- all of them --------------------------------------------------------- */

static int
add_all(struct listeners *ls, struct conf *conf, char *err, size_t errlen)
{
	const struct addr *a;
	int i;

	if (conf->rundir[0] != '\0' &&
	    add_rundir(ls, conf, err, errlen) == -1) {
		if (conf->default_listen || conf->own_rundir)
			return -1;
		log_warn("%s; going on without UNIX names", err);
		conf->rundir[0] = '\0';
	}
	for (i = 0; i < conf->nlisten; i++) {
		a = &conf->listen[i];
		if (is_upstream(conf, a)) {
			snprintf(err, errlen,
			    "-r names what -l listens on: a gateway is not "
			    "its own upstream");
			return -1;
		}
		if (a->kind == ADDR_UNIX) {
			if (add_unix(ls, conf, a->text, KIND_UNIX, err,
				errlen) == -1)
				return -1;
		} else if (add_tcp(ls, conf, a, err, errlen) == -1)
			return -1;
	}
	return 0;
}

struct listeners *
listeners_new(struct conf *conf, char *err, size_t errlen)
{
	struct listeners *ls;

	if ((ls = calloc(1, sizeof(*ls))) == NULL) {
		failed(err, errlen, "listeners", "");
		return NULL;
	}
	ls->lock = -1;
	if (add_all(ls, conf, err, errlen) == -1) {
		listeners_free(ls);
		return NULL;
	}
	return ls;
}

void
listeners_tell(const struct listeners *ls,
    void (*tell)(const struct pmsg *, int fd))
{
	struct pmsg m = { .type = PMSG_LISTEN };
	int i;

	for (i = 0; i < ls->count; i++) {
		m.seq = ls->one[i].kind;
		strlcpy(m.addr, ls->one[i].addr, sizeof(m.addr));
		tell(&m, ls->one[i].fd);
	}
}

void
listeners_free(struct listeners *ls)
{
	int i;

	if (ls == NULL)
		return;
	for (i = 0; i < ls->count; i++) {
		close(ls->one[i].fd);
		if (ls->one[i].path[0] != '\0')
			(void)unlink(ls->one[i].path);
	}
	if (ls->lock != -1)
		close(ls->lock);
	free(ls);
}
