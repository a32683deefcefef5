/*
 * The end of a configuration.  Any part may be missing: one that was not
 * read to its end is freed here too.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <string.h>

void
conf_words_free(struct conf_words *list)
{
	struct conf_word *w;

	while ((w = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		free(w);
	}
}

static void
wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
conf_wipe(struct conf *c)
{
	struct conf_user *u;

	STAILQ_FOREACH(u, &c->users, entry) {
		while (u->nhashes > 0) {
			wipe(u->hash[--u->nhashes]);
			u->hash[u->nhashes] = NULL;
		}
	}
}

static void
free_users(struct conf *c)
{
	struct conf_user *u;

	while ((u = STAILQ_FIRST(&c->users)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->users, entry);
		free(u->name);
		free(u->at);
		free(u);
	}
}

static void
free_groups(struct conf *c)
{
	struct conf_group *g;

	while ((g = STAILQ_FIRST(&c->groups)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->groups, entry);
		conf_words_free(&g->users);
		free(g->name);
		free(g);
	}
}

static void
free_refs(struct conf *c)
{
	struct conf_ref *r;

	while ((r = STAILQ_FIRST(&c->refs)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->refs, entry);
		free(r->at);
		free(r);
	}
}

static void
free_listens(struct conf *c)
{
	struct conf_listen *l;

	while ((l = STAILQ_FIRST(&c->listen)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->listen, entry);
		free(l->from);
		free(l->at);
		free(l);
	}
}

static void
free_tls(struct conf_tls *t)
{
	for (size_t i = 0; i < CONF_KEYPAIRS_MAX; i++) {
		free(t->cert[i]);
		free(t->key[i]);
	}
	free(t->ca);
	free(t->protocols);
	free(t->ciphers);
	free(t->pins);
	free(t->name);
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	conf_wipe(c);
	free_users(c);
	free_groups(c);
	free_refs(c);
	free_listens(c);
	conf_words_free(&c->admit);
	conf_words_free(&c->secrets);
	rules_free(c->rules);
	free_tls(&c->tls);
	free_tls(&c->up_tls);
	wipe(c->creds);
	free(c->path);
	free(c->passwd);
	free(c->log_path);
	free(c->root);
	free(c->run_as);
	free(c->doubt);
	for (int i = 0; i < AT_MAX; i++)
		free(c->at[i]);
	free(c);
}
