#include "listeners.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listeners_impl.h"
#include "log.h"
#include "rundir.h"
#include "runpath.h"

struct listeners *
listeners_new(void)
{
	struct listeners *ls;

	if ((ls = calloc(1, sizeof(*ls))) == NULL)
		return NULL;
	TAILQ_INIT(&ls->list);
	ls->lock = -1;
	ls->next_id = 1;
	return ls;
}

/* fd is its own from here on, in any case. */
struct listener *
listeners_add(struct listeners *ls, int fd, enum pmsg_kind kind)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct listener *l;

	if ((l = calloc(1, sizeof(*l))) == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	l->id = ls->next_id++;
	l->kind = kind;
	l->fd = fd;
	l->index = l->next = PMSG_NO_INDEX;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		addr_format_sa((struct sockaddr *)&ss, len, l->addr,
		    sizeof(l->addr));
	TAILQ_INSERT_TAIL(&ls->list, l, entry);
	return l;
}

void
listeners_drop(struct listeners *ls, struct listener *l)
{
	TAILQ_REMOVE(&ls->list, l, entry);
	close(l->fd);
	if (l->file)
		(void)unlink(l->want.text);
	free(l);
}

void
listeners_free(struct listeners *ls)
{
	struct listener *l;

	if (ls == NULL)
		return;
	while ((l = TAILQ_FIRST(&ls->list)) != NULL)
		listeners_drop(ls, l);
	(void)rundir_unlock(ls->lock);
	free(ls);
}

/* --- the run directory --------------------------------------------------- */

void
listeners_relock(struct listeners *ls)
{
	if (ls->lock != -1)
		(void)rundir_write_pid(ls->lock);
}

static int
open_handover(struct listeners *ls, const char *dir, char *err, size_t errlen)
{
	char path[VSAP_NAME_MAX + 1];
	struct listener *l;
	int fd;

	if (rundir_make(dir, err, errlen) == -1)
		return -1;
	if (runpath_join(path, sizeof(path), dir, "handover.sock") == -1) {
		snprintf(err, errlen, "%s: too long: choose a shorter one (-R)",
		    dir);
		return -1;
	}
	if ((ls->lock = rundir_lock(dir, "vsapd", err, errlen)) == -1)
		return -1;
	fd = rundir_listen(path, SOCK_SEQPACKET, LISTENERS_BACKLOG, 0600);
	if (fd == -1 || (l = listeners_add(ls, fd, KIND_HANDOVER)) == NULL)
		return listeners_failed(err, errlen, path, true);
	l->want.kind = ADDR_UNIX;
	strlcpy(l->want.text, path, sizeof(l->want.text));
	l->file = l->said = true;
	return 0;
}

int
listeners_rundir(struct listeners *ls, struct conf *conf, char *err,
    size_t errlen)
{
	if (conf->rundir[0] == '\0' ||
	    open_handover(ls, conf->rundir, err, errlen) == 0)
		return 0;
	if (conf->default_listen || conf->own_rundir)
		return -1;
	log_warn("%s; going on without UNIX names", err);
	conf->rundir[0] = '\0';
	return 0;
}

/* --- matching ------------------------------------------------------------ */

static bool
matches(const struct listener *l, const struct addr *a)
{
	const struct addr *w = &l->want;

	if (l->kind == KIND_HANDOVER || w->kind != a->kind)
		return false;
	if (a->kind == ADDR_UNIX)
		return strcmp(w->text, a->text) == 0;
	if (w->port != a->port || w->any != a->any)
		return false;
	/* Who opened it decided on its families. */
	if (a->any)
		return l->given || w->family == a->family;
	return memcmp(&w->ip, &a->ip, sizeof(a->ip)) == 0;
}

/* A listener for the statement that no other statement has; NULL: none. */
static struct listener *
find(struct listeners *ls, const struct addr *a)
{
	struct listener *l;

	TAILQ_FOREACH(l, &ls->list, entry)
		if (l->next == PMSG_NO_INDEX && matches(l, a))
			break;
	return l;
}

/* --- planning ------------------------------------------------------------ */

static int
plan_one(struct listeners *ls, const struct conf_listen *cl, uint16_t index,
    char *err, size_t errlen)
{
	struct listener *l = find(ls, &cl->addr);

	if (l == NULL &&
	    (l = listeners_open(ls, &cl->addr, err, errlen)) == NULL)
		return -1;
	l->next = index;
	l->wants = listeners_rights(cl);
	if (l->file && listeners_set_rights(l, &l->wants) == -1) {
		snprintf(err, errlen,
		    "%s: group %u: %s; choose one that you are a member of",
		    l->addr, (unsigned)l->wants.group, strerror(errno));
		return -1;
	}
	return 0;
}

static void
add_word(char *out, size_t len, const char *word)
{
	strlcat(out, out[0] == '\0' ? " (" : ", ", len);
	strlcat(out, word, len);
}

/* For the log, behind the address: what it has that others have not. */
static void
describe(struct listener *l, const struct conf_listen *cl)
{
	char *out = l->what;

	out[0] = '\0';
	if (cl->tls)
		add_word(out, sizeof(l->what),
		    cl->plain ? "tls optional" : "tls");
	if (cl->proxy)
		add_word(out, sizeof(l->what), "proxy");
	if (cl->metrics)
		add_word(out, sizeof(l->what), "metrics");
	if (out[0] != '\0')
		strlcat(out, ")", sizeof(l->what));
}

int
listeners_plan(struct listeners *ls, struct conf *conf, char *err,
    size_t errlen)
{
	const struct conf_listen *cl;
	struct listener *l;
	uint16_t index = 0;

	TAILQ_FOREACH(l, &ls->list, entry)
		l->next = PMSG_NO_INDEX;
	if (conf->default_listen && listeners_any_given(ls))
		listeners_no_defaults(conf);
	STAILQ_FOREACH(cl, &conf->listen, entry)
		if (plan_one(ls, cl, index++, err, errlen) == -1) {
			listeners_abandon(ls);
			return -1;
		}
	if (listeners_statements(ls, conf, err, errlen) == -1) {
		listeners_abandon(ls);
		return -1;
	}
	TAILQ_FOREACH(l, &ls->list, entry)
		if (l->next != PMSG_NO_INDEX)
			describe(l, conf_listen_at(conf, l->next));
	return 0;
}

/* A new one, or one that is another now. */
static void
say(struct listener *l)
{
	if (l->said && strcmp(l->said_what, l->what) == 0)
		return;
	log_info("listening on %s%s", l->addr, l->what);
	l->said = true;
	strlcpy(l->said_what, l->what, sizeof(l->said_what));
}

void
listeners_commit(struct listeners *ls)
{
	struct listener *l, *next;

	TAILQ_FOREACH_SAFE(l, &ls->list, entry, next) {
		l->index = l->next;
		l->has = l->wants;
		l->fresh = false;
		if (l->kind == KIND_HANDOVER)
			continue;
		if (l->index == PMSG_NO_INDEX) {
			log_info("no longer listening on %s", l->addr);
			listeners_drop(ls, l);
		} else
			say(l);
	}
}

void
listeners_abandon(struct listeners *ls)
{
	struct listener *l, *next;

	TAILQ_FOREACH_SAFE(l, &ls->list, entry, next) {
		l->next = l->index;
		if (l->fresh)
			listeners_drop(ls, l);
		else if (l->file && l->kind == KIND_UNIX)
			(void)listeners_set_rights(l, &l->has);
	}
}

void
listeners_tell(const struct listeners *ls, bool all,
    void (*tell)(const struct pmsg *, int fd))
{
	struct pmsg m = { .type = PMSG_LISTEN };
	const struct listener *l;

	TAILQ_FOREACH(l, &ls->list, entry) {
		if (l->kind != KIND_HANDOVER && l->next == PMSG_NO_INDEX)
			continue; /* it ends */
		m.keep = l->id;
		m.seq = l->kind;
		m.lo = l->next;
		strlcpy(m.addr, l->addr, sizeof(m.addr));
		tell(&m, all || l->fresh ? l->fd : -1);
	}
}
