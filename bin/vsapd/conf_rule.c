/*
 * "permit" and "deny": the clauses of a rule go to rules.h as they are read,
 * and into the text by which people and control know the rule: macros are
 * expanded there, lists are flat, users of the system are numbers.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- the text ------------------------------------------------------------ */

/* One more item of the clause.  Braces are needed from the second one on. */
static int
put_item(struct conf_parse *p, const char *text)
{
	if (p->nitems++ == 0) {
		p->first = strdup(text);
		return p->first == NULL ? conf_no_memory(p) : 0;
	}
	if (p->nitems == 2) {
		fputs(" { ", p->text);
		conf_put_text(p->text, p->first, p->names);
	}
	fputs(", ", p->text);
	conf_put_text(p->text, text, p->names);
	return 0;
}

static int
put_number(struct conf_parse *p, uint32_t id)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%u", id);
	return put_item(p, digits);
}

int
conf_begin_clause(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, const char *words, conf_item_fn *fn)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	if ((item == ITEM_CERTIFICATE || item == ITEM_FINGERPRINT) &&
	    p->cert_at.line == 0)
		p->cert_at = t->at;
	p->add = fn;
	p->nitems = 0;
	p->names = item == ITEM_USER || item == ITEM_GROUP;
	free(p->first);
	p->first = NULL;
	if (words[0] != '\0')
		fprintf(p->text, " %s", words);
	return 0;
}

int
conf_end_clause(struct conf_parse *p)
{
	if (p->nitems == 0)
		return lex_error(p->lex, &p->name.at, "an empty list");
	if (p->nitems > 1) {
		fputs(" }", p->text);
		return 0;
	}
	fputc(' ', p->text);
	conf_put_text(p->text, p->first, p->names);
	return 0;
}

/* ---- begin and end ------------------------------------------------------- */

int
conf_set_origin(struct conf_parse *p, const struct lex_token *t)
{
	(void)strlcpy(p->origin, t->text, sizeof(p->origin));
	return 0;
}

int
conf_begin_rule(struct conf_parse *p, const struct lex_token *t, bool permit)
{
	conf_begin(p, t);
	if (p->nrules++ == CONF_RULES_MAX && !p->printed)
		return lex_error(p->lex, &t->at, "more than %d rules",
		    CONF_RULES_MAX);
	p->permit = permit;
	p->verbs = 0;
	p->rule = rule_new(permit);
	p->text = open_memstream(&p->textbuf, &p->textlen);
	if (p->rule == NULL || p->text == NULL)
		return conf_no_memory(p);
	fputs(permit ? "permit" : "deny", p->text);
	return 0;
}

static int
check_clauses(struct conf_parse *p)
{
	static const struct {
		enum conf_item item;
		const char *name;
		unsigned verbs;
		const char *of;
	} some[] = {
		{ ITEM_VISITORS, "visitors", RULE_BIND, "bind" },
		{ ITEM_RATE, "rate", RULE_BIND, "bind" },
		{ ITEM_SEND, "send proxy", RULE_CONNECT | RULE_FORWARD,
		    "connect and forward" },
	};

	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
		const struct lex_at *at = &p->set[some[i].item];

		if (at->line == 0)
			continue;
		if (!p->permit)
			return lex_error(p->lex, at,
			    "%s belongs to permit, not to deny", some[i].name);
		if ((p->verbs & some[i].verbs) == 0)
			return lex_error(p->lex, at, "%s belongs to %s",
			    some[i].name, some[i].of);
	}
	return 0;
}

static int
end_text(struct conf_parse *p)
{
	int r = fclose(p->text);

	p->text = NULL;
	if (r != 0)
		return conf_no_memory(p);
	if (p->origin[0] != '\0')
		r = rule_set_origin(p->rule, p->origin, 0, p->textbuf);
	else
		r = rule_set_origin(p->rule, p->name.at.file, p->name.at.line,
		    p->textbuf);
	p->origin[0] = '\0';
	return r == -1 ? conf_no_memory(p) : 0;
}

int
conf_end_rule(struct conf_parse *p)
{
	char err[300];

	if (check_clauses(p) == -1)
		return -1;
	if (rule_check(p->rule, err, sizeof(err)) == -1)
		return lex_error(p->lex, &p->name.at, "%s", err);
	if (end_text(p) == -1)
		return -1;
	rules_append(p->conf->rules, p->rule);
	p->rule = NULL;
	conf_drop_rule(p);
	return 0;
}

void
conf_drop_rule(struct conf_parse *p)
{
	if (p->text != NULL)
		(void)fclose(p->text);
	p->text = NULL;
	free(p->textbuf);
	p->textbuf = NULL;
	free(p->first);
	p->first = NULL;
	if (p->rule != NULL)
		rule_free(p->rule);
	p->rule = NULL;
}

/* ---- who ----------------------------------------------------------------- */

/* The first one alone. */
static int
remember(struct conf_parse *p, const struct lex_token *t, enum conf_place place)
{
	char **at = &p->conf->at[place];

	if (*at == NULL && !p->printed)
		*at = conf_at(p, t);
	return *at == NULL && !p->printed ? -1 : 0;
}

typedef int add_fn(struct rule *, const char *, char *err, size_t errlen);

/* An item that rules.h takes as a text. */
static int
add(struct conf_parse *p, const char *what, add_fn *fn,
    const struct lex_token *t)
{
	char err[300];

	if (fn(p->rule, t->text, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "%s%s", what, err);
	return put_item(p, t->text);
}

int
conf_rule_user(struct conf_parse *p, const struct lex_token *t)
{
	if (strcmp(t->text, "*") != 0 && conf_refer(p, false, t) == -1)
		return -1;
	return add(p, "user ", rule_add_user, t);
}

int
conf_rule_group(struct conf_parse *p, const struct lex_token *t)
{
	if (conf_refer(p, true, t) == -1)
		return -1;
	return add(p, "group ", rule_add_group, t);
}

int
conf_rule_from(struct conf_parse *p, const struct lex_token *t)
{
	return add(p, "from ", rule_add_from, t);
}

int
conf_rule_cert(struct conf_parse *p, const struct lex_token *t)
{
	return add(p, "certificate ", rule_add_cert, t);
}

int
conf_rule_print(struct conf_parse *p, const struct lex_token *t)
{
	return add(p, "fingerprint ", rule_add_print, t);
}

int
conf_rule_uid(struct conf_parse *p, const struct lex_token *t)
{
	uint32_t id;

	if (conf_system_id(p, false, t, &id) == -1)
		return -1;
	if (rule_add_uid(p->rule, (uid_t)id) == -1)
		return conf_no_memory(p);
	return put_number(p, id);
}

int
conf_rule_gid(struct conf_parse *p, const struct lex_token *t)
{
	uint32_t id;

	if (conf_system_id(p, true, t, &id) == -1)
		return -1;
	if (rule_add_gid(p->rule, (gid_t)id) == -1)
		return conf_no_memory(p);
	return put_number(p, id);
}

int
conf_rule_tls(struct conf_parse *p, const struct lex_token *t)
{
	rule_set_tls(p->rule);
	fputs(" over tls", p->text);
	if (remember(p, t, AT_OVER) == -1)
		return -1;
	return conf_once(p, ITEM_OVER, t);
}

/* ---- what and where ------------------------------------------------------ */

int
conf_end_verbs(struct conf_parse *p)
{
	char text[RULE_VERBS_STRLEN];

	rule_set_verbs(p->rule, p->verbs);
	fprintf(p->text, " %s", rule_verbs(p->verbs, text, sizeof(text)));
	return 0;
}

int
conf_rule_where(struct conf_parse *p, const struct lex_token *t)
{
	if (strncmp(t->text, "http://", 7) == 0 &&
	    remember(p, t, AT_HTTP) == -1)
		return -1;
	return add(p, "", rule_add_where, t);
}

int
conf_rule_visitors(struct conf_parse *p, const struct lex_token *t)
{
	return add(p, "visitors from ", rule_add_visitors, t);
}

int
conf_rule_rate(struct conf_parse *p, const struct lex_token *t,
    const struct lex_token *number)
{
	unsigned n;

	(void)t;
	if (conf_set_number(p, ITEM_RATE, number, &n) == -1)
		return -1;
	rule_set_visitor_rate(p->rule, n);
	fprintf(p->text, " rate %u", n);
	return 0;
}

int
conf_rule_proxy(struct conf_parse *p, const struct lex_token *t,
    const struct lex_token *version)
{
	bool v1 = strcmp(version->text, "v1") == 0;

	if (remember(p, t, AT_SEND) == -1 || conf_once(p, ITEM_SEND, t) == -1)
		return -1;
	if (!v1 && strcmp(version->text, "v2") != 0)
		return lex_error(p->lex, &version->at,
		    "send proxy %.40s: expected v1 or v2", version->text);
	rule_set_proxy(p->rule, v1 ? 1 : 2);
	fprintf(p->text, " send proxy %s", version->text);
	return 0;
}
