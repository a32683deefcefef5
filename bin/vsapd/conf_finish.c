/*
 * The end of a configuration: what was left open, and what makes no sense as
 * a whole.
 */
#include "conf_impl.h"

#include <string.h>
#include <strings.h>

#include "runpath.h"
#include "spawn.h"

static int
no_memory(char *err, size_t errlen)
{
	(void)strlcpy(err, "out of memory", errlen);
	return -1;
}

/* ---- the default listeners ----------------------------------------------- */

static int
add_default(struct conf *c, const char *text, char *err, size_t errlen)
{
	struct addr a;

	if (addr_parse_listen(&a, text, err, errlen) == -1)
		return -1;
	return conf_listen_new(c, &a) == NULL ? no_memory(err, errlen) : 0;
}

static int
default_listeners(struct conf *c, char *err, size_t errlen)
{
	char path[VSAP_NAME_MAX + 1];

	if (c->nlisten > 0)
		return 0;
	c->default_listen = true;
	if (add_default(c, "127.0.0.1:" VSAP_STR(VSAP_PORT), err, errlen) == -1)
		return -1;
	if (c->rundir[0] == '\0')
		return 0;
	if (runpath_join(path, sizeof(path), c->rundir, "vsapd.sock") == -1) {
		(void)snprintf(err, errlen,
		    "%s: too long for a socket in it; choose a shorter run "
		    "directory",
		    c->rundir);
		return -1;
	}
	return add_default(c, path, err, errlen);
}

/* ---- listeners that make no sense ---------------------------------------- */

/* "listen on" of a file, or -l. */
static const char *
place(const struct conf_listen *l, char *out, size_t outlen)
{
	char addr[ADDR_STRLEN];

	addr_format(&l->addr, addr, sizeof(addr));
	(void)snprintf(out, outlen, "%s%s%s", l->at == NULL ? "" : l->at,
	    l->at == NULL ? "" : ": listen on ", addr);
	return out;
}

/* One that strangers reach and that has nothing to offer them. */
static int
check_useful(const struct conf *c, const struct conf_listen *l, char *err,
    size_t errlen)
{
	bool local = l->addr.kind == ADDR_UNIX ||
		     (!l->addr.any && addr_ip_loopback(&l->addr.ip));
	char name[CONF_PATH_MAX + ADDR_STRLEN + 16];

	if (local || l->metrics || rules_serve_strangers(c->rules))
		return 0;
	(void)snprintf(err, errlen,
	    "%s can be reached from other machines, but nothing is permitted "
	    "to them: add %s; or listen on 127.0.0.1",
	    place(l, name, sizeof(name)),
	    c->path != NULL
		? "a rule for what they may do, as \"permit from 10.0.0.0/8 "
		  "bind 8080-8081\""
		: "-b PORTS (what may be bound, as -b 8080-8081), "
		  "-c DESTINATION (what may be reached, as "
		  "-c '*.example.org:22') or -r UPSTREAM");
	return -1;
}

/* Is the upstream what l listens on?  Each request would come round again,
 * for as long as there are sessions. */
static bool
is_upstream(const struct conf *c, const struct conf_listen *l)
{
	const struct addr *up = &c->upstream, *a = &l->addr;
	bool local;

	if (!c->has_upstream || up->kind != a->kind)
		return false;
	if (a->kind == ADDR_UNIX)
		return strcmp(up->text, a->text) == 0;
	local = strcasecmp(up->text, "localhost") == 0 ||
		(up->family != AF_UNSPEC && addr_ip_loopback(&up->ip));
	if (up->port != a->port || a->port == 0)
		return false;
	if (a->any || addr_ip_loopback(&a->ip))
		return local;
	return up->family != AF_UNSPEC && IN6_ARE_ADDR_EQUAL(&up->ip, &a->ip);
}

static int
check_listener(const struct conf *c, const struct conf_listen *l, char *err,
    size_t errlen)
{
	char name[CONF_PATH_MAX + ADDR_STRLEN + 16];

	if (!is_upstream(c, l))
		return check_useful(c, l, err, errlen);
	if (c->path == NULL)
		(void)snprintf(err, errlen,
		    "-r names what -l listens on: a gateway is not its own "
		    "upstream");
	else
		(void)snprintf(err, errlen,
		    "%s is named by upstream, too: a gateway is not its own "
		    "upstream",
		    place(l, name, sizeof(name)));
	return -1;
}

/* As many as there are processors. */
static void
default_workers(unsigned *n)
{
	int cpus = spawn_cpus();

	if (*n == 0)
		*n =
		    cpus < CONF_WORKERS_MAX ? (unsigned)cpus : CONF_WORKERS_MAX;
}

int
conf_finish(struct conf *c, char *err, size_t errlen)
{
	const struct conf_listen *l;

	if (c->path == NULL &&
	    rules_add_builtin(c->rules, c->has_upstream) == -1)
		return no_memory(err, errlen);
	if (default_listeners(c, err, errlen) == -1)
		return -1;
	default_workers(&c->workers);
	default_workers(&c->tls_workers);
	STAILQ_FOREACH(l, &c->listen, entry)
		if (check_listener(c, l, err, errlen) == -1)
			return -1;
	return 0;
}
