/*
 * Blocks and statements of the configuration: what they begin with, what
 * they lack, and what stands twice.
 */
#include "conf_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_NAME_MAX 64 /* bytes of a class's, operator's, gateway's name */

/* How many there may be; each new one is compared with all. */
#define LISTENS_MAX 64
#define CLASSES_MAX 256
#define OPERS_MAX 1024
#define WEBIRCS_MAX 64

/* A new block: what it may have once has not been seen, nobody else's is
 * being filled. */
static void
new_block(struct conf_parse *p, const struct lex_token *t)
{
	for (int i = ITEM_OWN; i < ITEM_MAX; i++)
		p->set[i].line = 0;
	p->name = *t;
	p->listen = NULL;
	p->class = NULL;
	p->rule = NULL;
	p->oper = NULL;
	p->webirc = NULL;
	p->froms = NULL;
	p->hash = NULL;
}

/* The name of a block: one word, so that it can stand in a line of IRC. */
static int
block_name(struct conf_parse *p, const char *what, const struct lex_token *t,
    char **name)
{
	size_t n = strlen(t->text);

	if (n == 0 || n > BLOCK_NAME_MAX || strchr(t->text, ' ') != NULL ||
	    strchr(t->text, '\t') != NULL || t->text[0] == ':')
		return lex_error(p->lex, &t->at,
		    "%s \"%.40s\": expected a name of one word, at most %d "
		    "bytes",
		    what, t->text, BLOCK_NAME_MAX);
	if ((*name = strdup(t->text)) == NULL)
		return conf_no_memory(p);
	return 0;
}

static int
missing(struct conf_parse *p, const char *what, const char *lacks)
{
	return lex_error(p->lex, &p->name.at, "%s \"%.40s\": %s", what,
	    p->name.text, lacks);
}

static int
too_many(struct conf_parse *p, const char *what, unsigned max)
{
	return lex_error(p->lex, &p->name.at, "more than %u %s", max, what);
}

/* ---- listen -------------------------------------------------------------- */

int
conf_begin_listen(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_listen *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return conf_no_memory(p);
	new_block(p, t);
	STAILQ_INIT(&l->from);
	STAILQ_INSERT_TAIL(&p->conf->listens, l, entry);
	l->mode = 0666; /* as by -l: whoever may reach the folder */
	p->listen = l;
	p->froms = &l->from;
	return 0;
}

int
conf_begin_proxy(struct conf_parse *p, const struct lex_token *t)
{
	p->listen->proxy = true;
	return conf_once(p, ITEM_PROXY, t);
}

/* The address as addr_parse() takes it: host and port are two words here. */
static int
join_address(struct conf_parse *p, char *out, size_t outlen)
{
	const char *host = p->name.text;
	bool bare6 = host[0] != '[' && strchr(host, ':') != NULL &&
		     strchr(host, ':') != strrchr(host, ':');
	int n;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (p->set[ITEM_PORT].line == 0)
		n = snprintf(out, outlen, "%s", host);
	else if (host[0] == '/')
		return missing(p, "listen on", "a path has no port");
	else
		n = snprintf(out, outlen, bare6 ? "[%s]:%s" : "%s:%s", host,
		    p->port.text);
	if (n < 0 || (size_t)n >= outlen)
		return missing(p, "listen on", "the address is too long");
	return 0;
}

static int
check_listen(struct conf_parse *p)
{
	const struct conf_listen *l = p->listen, *other;
	bool tcp = l->addr.kind == ADDR_TCP;
	unsigned n = 0;

	if (tcp && l->addr.family == AF_UNSPEC && !l->addr.any)
		return missing(p, "listen on",
		    "expected an address in numbers, * or a path");
	if (tcp && p->set[ITEM_MODE].line != 0)
		return missing(p, "listen on", "mode is for UNIX sockets");
	if (tcp && l->proxy && STAILQ_EMPTY(&l->from))
		return missing(p, "listen on",
		    "proxy: expected from and the networks that are trusted");
	if (p->set[ITEM_FROM].line != 0 && !tcp)
		return missing(p, "listen on",
		    "proxy: who opens the path has no network; say who may "
		    "by mode");
	STAILQ_FOREACH(other, &p->conf->listens, entry) {
		if (other != l && addr_listeners_clash(&other->addr, &l->addr))
			return missing(p, "listen on",
			    "there is a listener at this address already");
		if (++n > LISTENS_MAX)
			return too_many(p, "listeners", LISTENS_MAX);
	}
	return 0;
}

int
conf_end_listen(struct conf_parse *p)
{
	struct conf_listen *l = p->listen;
	char text[ADDR_STRLEN], err[300];

	if (join_address(p, text, sizeof(text)) == -1)
		return -1;
	if (addr_parse(&l->addr, text, ADDR_FOR_LISTEN, err, sizeof(err)) == -1)
		return lex_error(p->lex, &p->name.at, "listen on %s", err);
	return check_listen(p);
}

/* ---- class --------------------------------------------------------------- */

struct conf_class *
conf_new_class(struct conf *conf, const char *name)
{
	struct conf_class *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->name = strdup(name)) == NULL) {
		free(c);
		return NULL;
	}
	c->ping = PING_DEFAULT;
	c->sendq = SENDQ_DEFAULT;
	c->recvq = RECVQ_DEFAULT;
	c->per_host = PER_HOST_DEFAULT;
	c->channels = CHANNELS_DEFAULT;
	c->penalty = FLOOD_PENALTY_MS;
	c->window = FLOOD_WINDOW_MS;
	STAILQ_INSERT_TAIL(&conf->classes, c, entry);
	return c;
}

int
conf_begin_class(struct conf_parse *p, const struct lex_token *t)
{
	const struct conf_class *other;
	char *name = NULL;
	unsigned n = 0;
	int r = block_name(p, "class", t, &name);

	free(name);
	if (r == -1)
		return -1;
	new_block(p, t);
	if (conf_class(p->conf, t->text) != NULL)
		return missing(p, "class", "there is one of this name already");
	STAILQ_FOREACH(other, &p->conf->classes, entry)
		if (++n == CLASSES_MAX)
			return too_many(p, "classes", CLASSES_MAX);
	if ((p->class = conf_new_class(p->conf, t->text)) == NULL)
		return conf_no_memory(p);
	return 0;
}

int
conf_check_refs(struct conf_parse *p)
{
	const struct conf_ref *ref;

	STAILQ_FOREACH(ref, &p->refs, entry)
		if (conf_class(p->conf, ref->name.text) == NULL)
			return lex_error(p->lex, &ref->name.at,
			    "class \"%.40s\": there is no class of this name",
			    ref->name.text);
	return 0;
}

/* ---- allow, deny, kline -------------------------------------------------- */

int
conf_begin_rule(struct conf_parse *p, const struct lex_token *t, bool allow)
{
	struct conf_rule *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return conf_no_memory(p);
	new_block(p, t);
	STAILQ_INIT(&r->from);
	STAILQ_INIT(&r->hours);
	STAILQ_INSERT_TAIL(&p->conf->rules, r, entry);
	r->allow = allow;
	p->rule = r;
	p->froms = &r->from;
	p->hash = &r->hash;
	return 0;
}

int
conf_end_rule(struct conf_parse *p)
{
	const struct conf_rule *r = p->rule;

	if (r->allow && r->reason != NULL)
		return lex_error(p->lex, &p->set[ITEM_REASON],
		    "reason belongs to deny, not to allow");
	if (!r->allow && r->hash != NULL)
		return lex_error(p->lex, &p->set[ITEM_PASSWORD],
		    "password belongs to allow, not to deny");
	if (!r->allow && r->restricted)
		return lex_error(p->lex, &p->set[ITEM_RESTRICTED],
		    "restricted belongs to allow, not to deny");
	if (!r->allow && r->class != NULL)
		return lex_error(p->lex, &p->set[ITEM_CLASS],
		    "class belongs to allow, not to deny");
	return 0;
}

int
conf_add_kline(struct conf_parse *p, const struct lex_token *mask,
    const struct lex_token *reason)
{
	struct conf_kline *k = calloc(1, sizeof(*k));
	struct conf_from *f;
	char err[200], text[2 * ADDR_STRLEN];
	int r;

	if (k == NULL)
		return conf_no_memory(p);
	new_block(p, mask);
	STAILQ_INSERT_TAIL(&p->conf->klines, k, entry);
	if ((f = conf_from_parse(mask->text, err, sizeof(err))) == NULL)
		return lex_error(p->lex, &mask->at, "kline %s", err);
	r = conf_from_text(f, text, sizeof(text));
	conf_from_free(f);
	if (r == -1 || (k->mask = strdup(text)) == NULL)
		return conf_no_memory(p);
	if (reason == NULL)
		k->reason = strdup("No reason given");
	else if (conf_set_text(p, ITEM_REASON, reason, 255, &k->reason) == -1)
		return -1;
	return k->reason == NULL ? conf_no_memory(p) : 0;
}

/* ---- operator, webirc ---------------------------------------------------- */

int
conf_begin_oper(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_oper *o = calloc(1, sizeof(*o));
	const struct conf_oper *other;
	unsigned n = 0;

	if (o == NULL)
		return conf_no_memory(p);
	new_block(p, t);
	STAILQ_INIT(&o->from);
	STAILQ_INSERT_TAIL(&p->conf->opers, o, entry);
	if (block_name(p, "operator", t, &o->name) == -1)
		return -1;
	STAILQ_FOREACH(other, &p->conf->opers, entry) {
		if (other != o && strcmp(other->name, o->name) == 0)
			return missing(p, "operator",
			    "there is one of this name already");
		if (++n > OPERS_MAX)
			return too_many(p, "operators", OPERS_MAX);
	}
	p->oper = o;
	p->froms = &o->from;
	p->hash = &o->hash;
	return 0;
}

int
conf_end_oper(struct conf_parse *p)
{
	if (p->oper->hash == NULL)
		return missing(p, "operator", "expected a password");
	if (p->set[ITEM_MAY].line == 0)
		return missing(p, "operator",
		    "expected may all, may none or may { kill, ... }");
	return 0;
}

int
conf_begin_webirc(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_webirc *w = calloc(1, sizeof(*w));
	const struct conf_webirc *other;
	unsigned n = 0;

	if (w == NULL)
		return conf_no_memory(p);
	new_block(p, t);
	STAILQ_INIT(&w->from);
	STAILQ_INSERT_TAIL(&p->conf->webircs, w, entry);
	if (block_name(p, "webirc", t, &w->name) == -1)
		return -1;
	STAILQ_FOREACH(other, &p->conf->webircs, entry) {
		if (other != w && strcmp(other->name, w->name) == 0)
			return missing(p, "webirc",
			    "there is one of this name already");
		if (++n > WEBIRCS_MAX)
			return too_many(p, "gateways", WEBIRCS_MAX);
	}
	p->webirc = w;
	p->froms = &w->from;
	p->hash = &w->hash;
	return 0;
}

/* Whose word about addresses is believed has to be known twice. */
int
conf_end_webirc(struct conf_parse *p)
{
	if (p->webirc->hash == NULL)
		return missing(p, "webirc", "expected a password");
	if (STAILQ_EMPTY(&p->webirc->from))
		return missing(p, "webirc",
		    "expected from and the gateway's address");
	return 0;
}
