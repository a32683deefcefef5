/*
 * Listening sockets that somebody else has opened: a service manager
 * (LISTEN_FDS, notify.h).
 */
#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "listeners_impl.h"
#include "net.h"

int
listeners_given(struct listeners *ls, int fd)
{
	struct listener *l;
	char err[256];

	if (net_option(fd, SO_TYPE) != SOCK_STREAM ||
	    net_option(fd, SO_ACCEPTCONN) != 1 ||
	    net_nonblock(fd, true) == -1) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	net_tune(fd);
	if ((l = listeners_add(ls, fd, KIND_TCP)) == NULL)
		return -1;
	if (addr_parse_listen(&l->want, l->addr, err, sizeof(err)) == -1) {
		listeners_drop(ls,
		    l); /* without a name, or in another family */
		errno = EINVAL;
		return -1;
	}
	if (l->want.kind == ADDR_UNIX)
		l->kind = KIND_UNIX;
	l->given = true;
	return 0;
}

bool
listeners_any_given(const struct listeners *ls)
{
	const struct listener *l;

	TAILQ_FOREACH(l, &ls->list, entry)
		if (l->given)
			return true;
	return false;
}

void
listeners_no_defaults(struct conf *conf)
{
	struct conf_listen *cl;

	while ((cl = STAILQ_FIRST(&conf->listen)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->listen, entry);
		free(cl->from);
		free(cl->at);
		free(cl);
	}
	conf->nlisten = 0;
}

/* What strangers reach has to have something for them, as conf_check() says
 * of the others. */
static int
check_given(const struct conf *conf, const struct listener *l, char *err,
    size_t errlen)
{
	const struct addr *a = &l->want;

	if (a->kind == ADDR_UNIX || (!a->any && addr_ip_loopback(&a->ip)) ||
	    rules_serve_strangers(conf->rules))
		return 0;
	snprintf(err, errlen,
	    "%s, opened by the service manager, can be reached from other "
	    "machines, but nothing is permitted to them: add rules, or listen "
	    "on 127.0.0.1 there",
	    l->addr);
	return -1;
}

/* A statement for a listener that has none: everything on one port. */
static int
add_statement(struct conf *conf, struct listener *l, char *err, size_t errlen)
{
	struct conf_listen *cl;

	if (check_given(conf, l, err, errlen) == -1)
		return -1;
	if (conf->nlisten >= CONF_LISTEN_MAX) {
		snprintf(err, errlen, "%s: more than %d listeners", l->addr,
		    CONF_LISTEN_MAX);
		return -1;
	}
	if ((cl = calloc(1, sizeof(*cl))) == NULL)
		return listeners_failed(err, errlen, l->addr, false);
	cl->addr = l->want;
	cl->plain = true;
	cl->tls = conf->has_tls;
	cl->protos = CONF_P_ALL;
	STAILQ_INSERT_TAIL(&conf->listen, cl, entry);
	l->next = (uint16_t)conf->nlisten++;
	return 0;
}

int
listeners_statements(struct listeners *ls, struct conf *conf, char *err,
    size_t errlen)
{
	struct listener *l;

	TAILQ_FOREACH(l, &ls->list, entry)
		if (l->given && l->next == PMSG_NO_INDEX &&
		    add_statement(conf, l, err, errlen) == -1)
			return -1;
	return 0;
}
