/*
 * The end of a configuration.  Any part may be missing: one that was not
 * read to its end is freed here too.
 */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

static void
free_froms(struct conf_froms *list)
{
	struct conf_from *f;

	while ((f = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		conf_from_free(f);
	}
}

static void
free_hash(char *hash)
{
	if (hash != NULL)
		explicit_bzero(hash, strlen(hash));
	free(hash);
}

static void
free_listens(struct conf *c)
{
	struct conf_listen *l;

	while ((l = STAILQ_FIRST(&c->listens)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->listens, entry);
		free_froms(&l->from);
		free(l);
	}
}

static void
free_classes(struct conf *c)
{
	struct conf_class *class;

	while ((class = STAILQ_FIRST(&c->classes)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->classes, entry);
		free(class->name);
		free(class);
	}
}

static void
free_rules(struct conf *c)
{
	struct conf_rule *r;
	struct conf_hours *h;

	while ((r = STAILQ_FIRST(&c->rules)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->rules, entry);
		while ((h = STAILQ_FIRST(&r->hours)) != NULL) {
			STAILQ_REMOVE_HEAD(&r->hours, entry);
			free(h);
		}
		free_froms(&r->from);
		free_hash(r->hash);
		free(r->class);
		free(r->reason);
		free(r);
	}
}

static void
free_opers(struct conf *c)
{
	struct conf_oper *o;

	while ((o = STAILQ_FIRST(&c->opers)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->opers, entry);
		free_froms(&o->from);
		free_hash(o->hash);
		free(o->name);
		free(o->class);
		free(o);
	}
}

static void
free_klines(struct conf *c)
{
	struct conf_kline *k;

	while ((k = STAILQ_FIRST(&c->klines)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->klines, entry);
		free(k->mask);
		free(k->reason);
		free(k);
	}
}

static void
free_webircs(struct conf *c)
{
	struct conf_webirc *w;

	while ((w = STAILQ_FIRST(&c->webircs)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->webircs, entry);
		free_froms(&w->from);
		free_hash(w->hash);
		free(w->name);
		free(w);
	}
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free_listens(c);
	free_classes(c);
	free_rules(c);
	free_opers(c);
	free_klines(c);
	free_webircs(c);
	free(c->name);
	free(c->description);
	free(c->network);
	for (size_t i = 0; i < sizeof(c->admin) / sizeof(*c->admin); i++)
		free(c->admin[i]);
	free(c->dns_servers);
	free(c->motd_path);
	free(c->motd);
	free(c->kline_path);
	free(c->log_path);
	free(c->user);
	free(c->handover.uid);
	free(c);
}
