/*
 * Users with their hashes, groups of users, who is admitted, and what is
 * named before it is there.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <string.h>

#include "crypthash.h"
#include "scram.h"

#define SCRAM_BEGIN "SCRAM-SHA-256$"

static int
check_name(struct conf_parse *p, const char *what, const struct lex_token *t)
{
	size_t n = strlen(t->text);

	if (n > 0 && n <= VSAP_USER_MAX && strpbrk(t->text, ": \t*") == NULL)
		return 0;
	return lex_error(p->lex, &t->at,
	    "%s \"%.40s\": expected a name of 1 to %d bytes without ':', '*' "
	    "and blanks",
	    what, t->text, VSAP_USER_MAX);
}

int
conf_refer(struct conf_parse *p, bool group, const struct lex_token *t)
{
	size_t n = strlen(t->text) + 1;
	struct conf_ref *r;

	if (p->printed)
		return 0; /* it was looked at before */
	if ((r = calloc(1, sizeof(*r) + n)) == NULL)
		return conf_no_memory(p);
	r->group = group;
	memcpy(r->name, t->text, n);
	STAILQ_INSERT_TAIL(&p->conf->refs, r, entry);
	return (r->at = conf_at(p, t)) == NULL ? -1 : 0;
}

/* ---- users --------------------------------------------------------------- */

int
conf_begin_user(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_user *u;

	conf_begin(p, t);
	if (check_name(p, "user", t) == -1)
		return -1;
	/* (What was printed may have those of a password file, too.) */
	if (!p->printed && conf_user_known(p->conf, t->text))
		return lex_error(p->lex, &t->at,
		    "user \"%.64s\": there is one of this name already",
		    t->text);
	if (!p->printed && p->nusers++ == CONF_USERS_MAX)
		return lex_error(p->lex, &t->at,
		    "more than %d users: write them into a file, and passwords "
		    "file \"FILE\" here",
		    CONF_USERS_MAX);
	if ((u = calloc(1, sizeof(*u))) == NULL)
		return conf_no_memory(p);
	if ((u->name = strdup(t->text)) == NULL) {
		free(u);
		return conf_no_memory(p);
	}
	p->user = u;
	STAILQ_INSERT_TAIL(&p->conf->users, u, entry);
	return (u->at = conf_at(p, t)) == NULL ? -1 : 0;
}

/* The file that t stands in has a hash in it. */
static int
secret_file(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_words *files = &p->conf->secrets;
	const struct conf_word *last = STAILQ_LAST(files, conf_word, entry);

	if (last != NULL && strcmp(last->text, t->at.file) == 0)
		return 0;
	return conf_words_add(files, t->at.file) == -1 ? conf_no_memory(p) : 0;
}

/* Whether a hash is whole is found out later, which takes its time. */
int
conf_add_password(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_user *u = p->user;
	bool scram = strncmp(t->text, SCRAM_BEGIN, strlen(SCRAM_BEGIN)) == 0;

	if ((!scram && t->text[0] != '$') ||
	    strlen(t->text) >= (scram ? SCRAM_VERIFIER_MAX : CRYPTHASH_MAX))
		return lex_error(p->lex, &t->at,
		    "password of user %s: not a hash; make its two by vsapd -H",
		    u->name);
	for (unsigned i = 0; i < u->nhashes; i++)
		if (scram == (u->hash[i][0] != '$'))
			return lex_error(p->lex, &t->at,
			    "user %s: a second password of the same kind",
			    u->name);
	if (conf_copy(p, t->text, &u->hash[u->nhashes]) == -1)
		return -1;
	u->nhashes++;
	return secret_file(p, t);
}

int
conf_end_user(struct conf_parse *p)
{
	if (p->user->nhashes > 0 || p->printed)
		return 0;
	return lex_error(p->lex, &p->name.at,
	    "user %s: expected password \"HASH\"; vsapd -H makes hashes",
	    p->user->name);
}

/* ---- groups -------------------------------------------------------------- */

int
conf_begin_group(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_group *g;

	conf_begin(p, t);
	if (check_name(p, "group", t) == -1)
		return -1;
	if (rules_group_known(p->conf->rules, t->text))
		return lex_error(p->lex, &t->at,
		    "group \"%.64s\": there is one of this name already",
		    t->text);
	if (p->ngroups++ == CONF_GROUPS_MAX)
		return lex_error(p->lex, &t->at, "more than %d groups",
		    CONF_GROUPS_MAX);
	if ((g = calloc(1, sizeof(*g))) == NULL ||
	    (g->name = strdup(t->text)) == NULL) {
		free(g);
		return conf_no_memory(p);
	}
	STAILQ_INIT(&g->users);
	STAILQ_INSERT_TAIL(&p->conf->groups, g, entry);
	p->group = g;
	p->add = conf_add_member;
	return 0;
}

int
conf_add_member(struct conf_parse *p, const struct lex_token *t)
{
	if (check_name(p, "user", t) == -1 || conf_refer(p, false, t) == -1)
		return -1;
	if (conf_words_add(&p->group->users, t->text) == -1 ||
	    rules_group_add(p->conf->rules, p->group->name, t->text) == -1)
		return conf_no_memory(p);
	return 0;
}

/* ---- who is admitted ----------------------------------------------------- */

int
conf_add_admit(struct conf_parse *p, const struct lex_token *t)
{
	char err[300];

	if (rules_add_admit(p->conf->rules, t->text, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "admit from %s", err);
	if (conf_words_add(&p->conf->admit, t->text) == -1)
		return conf_no_memory(p);
	return 0;
}
