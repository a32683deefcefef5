#ifndef RULES_OF_H
#define RULES_OF_H

/*
 * Rules from a text in the manner of vsapd.conf(5), for tests of the rules
 * alone.  Statements end at a ';' or a line end.
 *
 *	permit|deny [user L] [group L] [from L] [uid L] [gid L]
 *	    [certificate L] [fingerprint L] [over tls] VERBS [WHERE]
 *	    [visitors from L] [rate N] [send proxy v1|v2]
 *	group NAME L
 *	admit L
 *	-b TEXT, -c TEXT, builtin, upstream
 *
 * L, VERBS and WHERE are one word or a list in braces.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define OF_WORDS 128
#define OF_BYTES 4096

/* The words of one statement. */
struct rules_words {
	char bytes[OF_BYTES];
	size_t used;
	const char *at[OF_WORDS];
	bool quoted[OF_WORDS];
	size_t n, pos;
	char *err;
	size_t errlen;
};

static inline int
of_fail(struct rules_words *w, const char *why)
{
	(void)snprintf(w->err, w->errlen, "at word %zu: %s", w->pos + 1, why);
	return -1;
}

/* One word, or text in quotes, from s.  Returns what is behind it. */
static inline const char *
of_word(struct rules_words *w, const char *s)
{
	bool quoted = *s == '"';

	w->quoted[w->n] = quoted;
	w->at[w->n++] = w->bytes + w->used;
	for (s += quoted; *s != '\0'; s++) {
		if (quoted ? *s == '"' : strchr(" \t,;\n", *s) != NULL)
			break;
		if (quoted && *s == '\\' && s[1] != '\0')
			s++;
		w->bytes[w->used++] = *s;
	}
	w->bytes[w->used++] = '\0';
	return s + (quoted && *s == '"');
}

/* The words of the statement at s; what is behind it, NULL: too much. */
static inline const char *
of_split(struct rules_words *w, const char *s)
{
	w->n = w->pos = w->used = 0;
	if (strlen(s) >= OF_BYTES / 2)
		return NULL;
	while (*s != '\0' && *s != ';' && *s != '\n') {
		if (strchr(" \t,", *s) != NULL) {
			s++;
			continue;
		}
		if (w->n == OF_WORDS)
			return NULL;
		s = of_word(w, s);
	}
	return *s == '\0' ? s : s + 1;
}

/* Is the next word this one (without quotes)?  Then go past it. */
static inline bool
of_take(struct rules_words *w, const char *word)
{
	if (w->pos >= w->n || w->quoted[w->pos] ||
	    strcmp(w->at[w->pos], word) != 0)
		return false;
	w->pos++;
	return true;
}

static inline const char *
of_next(struct rules_words *w)
{
	return w->pos < w->n ? w->at[w->pos++] : NULL;
}

typedef int of_add(void *to, const char *word, char *err, size_t errlen);

/* One word, or a list in braces, each given to add. */
static inline int
of_list(struct rules_words *w, of_add *add, void *to)
{
	bool braces = of_take(w, "{");
	const char *s;

	do {
		if (braces && of_take(w, "}"))
			return 0;
		if ((s = of_next(w)) == NULL)
			return of_fail(w, "a word is missing");
		if (add(to, s, w->err, w->errlen) == -1)
			return -1;
	} while (braces);
	return 0;
}

#define OF_CLAUSE(name)                                                        \
	static inline int of_##name(void *rule, const char *s, char *err,      \
	    size_t errlen)                                                     \
	{                                                                      \
		return rule_add_##name(rule, s, err, errlen);                  \
	}
OF_CLAUSE(user)
OF_CLAUSE(group)
OF_CLAUSE(from)
OF_CLAUSE(cert)
OF_CLAUSE(print)
OF_CLAUSE(where)
OF_CLAUSE(visitors)

static inline int
of_uid(void *rule, const char *s, char *err, size_t errlen)
{
	(void)err, (void)errlen;
	return rule_add_uid(rule, (uid_t)strtonum(s, 0, 1 << 30, NULL));
}

static inline int
of_gid(void *rule, const char *s, char *err, size_t errlen)
{
	(void)err, (void)errlen;
	return rule_add_gid(rule, (gid_t)strtonum(s, 0, 1 << 30, NULL));
}

static inline int
of_verb(void *verbs, const char *s, char *err, size_t errlen)
{
	static const char *const names[] = { "bind", "connect", "forward",
		"stat" };
	unsigned *v = verbs;

	if (strcmp(s, "all") == 0) {
		*v = RULE_ALL_VERBS;
		return 0;
	}
	for (size_t i = 0; i < 4; i++)
		if (strcmp(s, names[i]) == 0) {
			*v |= 1u << i;
			return 0;
		}
	(void)strlcpy(err, "not a verb", errlen);
	return -1;
}

static inline int
of_who(struct rules_words *w, struct rule *rule)
{
	static const struct {
		const char *key;
		of_add *add;
	} clauses[] = { { "user", of_user }, { "group", of_group },
		{ "from", of_from }, { "uid", of_uid }, { "gid", of_gid },
		{ "certificate", of_cert }, { "fingerprint", of_print } };
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < sizeof(clauses) / sizeof(*clauses); i++)
			if (of_take(w, clauses[i].key)) {
				more = true;
				if (of_list(w, clauses[i].add, rule) == -1)
					return -1;
			}
		if (of_take(w, "over")) {
			more = true;
			if (!of_take(w, "tls"))
				return of_fail(w, "write over tls");
			rule_set_tls(rule);
		}
	}
	return 0;
}

static inline bool
of_at_how(const struct rules_words *w)
{
	static const char *const keys[] = { "visitors", "rate", "send" };

	for (size_t i = 0; i < 3 && w->pos < w->n; i++)
		if (!w->quoted[w->pos] && strcmp(w->at[w->pos], keys[i]) == 0)
			return true;
	return w->pos >= w->n;
}

static inline int
of_how(struct rules_words *w, struct rule *rule)
{
	const char *s;

	while (w->pos < w->n) {
		if (of_take(w, "visitors")) {
			if (!of_take(w, "from") ||
			    of_list(w, of_visitors, rule) == -1)
				return of_fail(w, "write visitors from CIDR");
		} else if (of_take(w, "rate") && (s = of_next(w)) != NULL) {
			rule_set_visitor_rate(rule,
			    (unsigned)strtonum(s, 0, 1 << 30, NULL));
		} else if (of_take(w, "send") && of_take(w, "proxy")) {
			rule_set_proxy(rule, of_take(w, "v1")	? 1
					     : of_take(w, "v2") ? 2
								: 3);
		} else {
			return of_fail(w, "not known here");
		}
	}
	return 0;
}

static inline int
of_rule(struct rules_words *w, struct rules *r, bool permit)
{
	struct rule *rule = rule_new(permit);
	unsigned verbs = 0;

	if (rule == NULL || of_who(w, rule) == -1 ||
	    of_list(w, of_verb, &verbs) == -1)
		goto fail;
	rule_set_verbs(rule, verbs);
	if (!of_at_how(w) && of_list(w, of_where, rule) == -1)
		goto fail;
	if (of_how(w, rule) == -1 ||
	    rule_check(rule, w->err, w->errlen) == -1 ||
	    rule_set_origin(rule, "text", 0, NULL) == -1)
		goto fail;
	rules_append(r, rule);
	return 0;
fail:
	rule_free(rule);
	return -1;
}

static inline int
of_admit(void *r, const char *s, char *err, size_t errlen)
{
	return rules_add_admit(r, s, err, errlen);
}

struct of_members {
	struct rules *r;
	const char *group;
};

static inline int
of_member(void *to, const char *s, char *err, size_t errlen)
{
	struct of_members *m = to;

	(void)err, (void)errlen;
	return rules_group_add(m->r, m->group, s);
}

static inline int
of_statement(struct rules_words *w, struct rules *r)
{
	struct of_members m = { .r = r };

	if (w->n == 0)
		return 0;
	if (of_take(w, "permit"))
		return of_rule(w, r, true);
	if (of_take(w, "deny"))
		return of_rule(w, r, false);
	if (of_take(w, "group") && (m.group = of_next(w)) != NULL)
		return of_list(w, of_member, &m);
	if (of_take(w, "admit"))
		return of_list(w, of_admit, r);
	if (of_take(w, "builtin"))
		return rules_add_builtin(r, false);
	if (of_take(w, "upstream"))
		return rules_add_builtin(r, true);
	if (of_take(w, "-b") && w->pos < w->n)
		return rules_add_option(r, RULE_BIND, of_next(w), w->err,
		    w->errlen);
	if (of_take(w, "-c") && w->pos < w->n)
		return rules_add_option(r, RULE_CONNECT | RULE_FORWARD,
		    of_next(w), w->err, w->errlen);
	return of_fail(w, "not a statement");
}

/* Add the statements of text.  0, or -1 with a message: those before the
 * malformed one stay. */
static inline int
rules_of(struct rules *r, const char *text, char *err, size_t errlen)
{
	struct rules_words w = { .err = err, .errlen = errlen };

	(void)strlcpy(err, "too many words", errlen);
	while (*text != '\0')
		if ((text = of_split(&w, text)) == NULL ||
		    of_statement(&w, r) == -1)
			return -1;
	return 0;
}

#endif
