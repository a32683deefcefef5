/*
 * "listen on": where, what is spoken there, and what does not go together.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <string.h>

/* Said of the listener that is being read. */
static int
wrong(struct conf_parse *p, const char *reason)
{
	return lex_error(p->lex, &p->name.at, "listen on %.60s: %s",
	    p->name.text, reason);
}

/* One that is already there leaves no room for this one, which is told. */
static bool
clashes(struct conf_parse *p, const struct conf_listen *other,
    const struct addr *a)
{
	char text[ADDR_STRLEN];

	if (!addr_listeners_clash(&other->addr, a))
		return false;
	if (addr_same_listener(&other->addr, a))
		(void)wrong(p, "there is a listener at this address already");
	else
		(void)lex_error(p->lex, &p->name.at,
		    "listen on %.60s: %s in %s has this port already: all "
		    "addresses of a port, or some of them",
		    p->name.text, addr_format(&other->addr, text, sizeof(text)),
		    other->at);
	return true;
}

int
conf_begin_listen(struct conf_parse *p, const struct lex_token *t)
{
	const struct conf_listen *other;
	struct addr a;
	char err[300];

	conf_begin(p, t);
	if (addr_parse_listen(&a, t->text, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "listen on %s", err);
	STAILQ_FOREACH(other, &p->conf->listen, entry)
		if (clashes(p, other, &a))
			return -1;
	if (p->conf->nlisten == CONF_LISTEN_MAX)
		return lex_error(p->lex, &t->at, "more than %d listeners",
		    CONF_LISTEN_MAX);
	if ((p->listen = conf_listen_new(p->conf, &a)) == NULL)
		return conf_no_memory(p);
	return (p->listen->at = conf_at(p, t)) == NULL ? -1 : 0;
}

int
conf_listen_tls(struct conf_parse *p, const struct lex_token *t, bool optional)
{
	p->listen->tls = true;
	p->listen->plain = optional;
	return conf_once(p, ITEM_LISTEN_TLS, t);
}

/* ---- protocols ----------------------------------------------------------- */

int
conf_begin_protocols(struct conf_parse *p, const struct lex_token *t)
{
	p->listen->protos = 0;
	p->add = conf_add_protocol;
	return conf_once(p, ITEM_PROTOCOLS, t);
}

int
conf_add_protocol(struct conf_parse *p, const struct lex_token *t)
{
	static const struct {
		const char *name;
		unsigned proto;
	} names[] = {
		{ "vsap", CONF_P_VSAP },
		{ "socks4", CONF_P_SOCKS4 },
		{ "socks5", CONF_P_SOCKS5 },
		{ "http", CONF_P_HTTP },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(t->text, names[i].name) == 0) {
			p->listen->protos |= names[i].proto;
			return 0;
		}
	return lex_error(p->lex, &t->at,
	    "protocols %.40s: expected vsap, socks4, socks5 or http", t->text);
}

/* ---- what comes in front, and rights of a socket ------------------------- */

int
conf_listen_proxy(struct conf_parse *p, const struct lex_token *t)
{
	p->listen->proxy = true;
	p->add = conf_add_proxy_from;
	return conf_once(p, ITEM_PROXY, t);
}

int
conf_add_proxy_from(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_listen *l = p->listen;
	struct cidr *grown, net;
	char err[200];

	if (cidr_parse(&net, t->text, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "proxy from %s", err);
	grown = reallocarray(l->from, l->nfrom + 1, sizeof(*grown));
	if (grown == NULL)
		return conf_no_memory(p);
	l->from = grown;
	l->from[l->nfrom++] = net;
	return 0;
}

int
conf_listen_mode(struct conf_parse *p, const struct lex_token *t)
{
	if (conf_once(p, ITEM_MODE, t) == -1)
		return -1;
	p->listen->has_mode = true;
	return conf_value_mode(p->lex, t, &p->listen->mode);
}

int
conf_listen_group(struct conf_parse *p, const struct lex_token *t)
{
	uint32_t id;

	if (conf_once(p, ITEM_LISTEN_GROUP, t) == -1 ||
	    conf_system_id(p, true, t, &id) == -1)
		return -1;
	p->listen->has_group = true;
	p->listen->group = (gid_t)id;
	return 0;
}

/* ---- the whole statement ------------------------------------------------- */

static int
check_metrics(struct conf_parse *p)
{
	if (p->set[ITEM_PROTOCOLS].line != 0)
		return wrong(p, "metrics are all that it has: no protocols");
	if (p->listen->proxy)
		return wrong(p, "metrics are asked for without proxy");
	if (p->listen->cleartext)
		return wrong(p, "metrics need no passwords");
	return 0;
}

static int
check_tcp(struct conf_parse *p)
{
	const struct conf_listen *l = p->listen;

	if (l->has_mode)
		return wrong(p, "mode is for UNIX-domain sockets");
	if (l->has_group)
		return wrong(p, "group is for UNIX-domain sockets");
	if (l->proxy && l->nfrom == 0)
		return wrong(p,
		    "proxy: say from which addresses a header is believed, "
		    "as proxy from { 10.0.0.2, 10.0.0.3 }");
	return 0;
}

static int
check_unix(struct conf_parse *p)
{
	if (p->listen->nfrom > 0)
		return wrong(p,
		    "who opens the path has no address: write proxy alone, "
		    "and say who may by mode and group");
	return 0;
}

int
conf_end_listen(struct conf_parse *p)
{
	struct conf_listen *l = p->listen;

	if (l->addr.kind == ADDR_UNIX ? check_unix(p) == -1
				      : check_tcp(p) == -1)
		return -1;
	if (l->metrics && check_metrics(p) == -1)
		return -1;
	if (l->cleartext && !l->plain)
		return wrong(p,
		    "passwords cleartext: with tls alone none is in clear");
	if (l->has_group && !l->has_mode) {
		l->has_mode = true;
		l->mode = 0660;
	}
	return 0;
}
