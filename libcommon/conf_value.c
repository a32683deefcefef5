#include "conf_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

int
conf_value_once(struct lex *lex, const struct conf_value *v, struct lex_at *set,
    const struct lex_token *t)
{
	if (set->line != 0)
		return lex_error(lex, &t->at, "%s is set already in %s:%u",
		    v->name, set->file, set->line);
	*set = t->at;
	return 0;
}

/* A number as a person would write it: 8K, 2 minutes, 10. */
static const char *
show(enum conf_kind kind, long long n, char *out, size_t outlen)
{
	static const struct {
		enum conf_kind kind;
		long long size;
		const char *name;
	} units[] = {
		{ CONF_BYTES, 1 << 30, "G" },
		{ CONF_BYTES, 1 << 20, "M" },
		{ CONF_BYTES, 1 << 10, "K" },
		{ CONF_TIME, 24 * HOUR, " day" },
		{ CONF_TIME, HOUR, " hour" },
		{ CONF_TIME, MINUTE, " minute" },
		{ CONF_TIME, SECOND, " second" },
		{ CONF_TIME, 1, " millisecond" },
	};
	size_t i, n_units = sizeof(units) / sizeof(*units);

	for (i = 0; i < n_units; i++)
		if (units[i].kind == kind && n % units[i].size == 0 &&
		    n >= units[i].size)
			break;
	if (i == n_units)
		(void)snprintf(out, outlen, "%lld%s", n,
		    kind == CONF_TIME ? " seconds" : "");
	else
		(void)snprintf(out, outlen, "%lld%s%s", n / units[i].size,
		    units[i].name,
		    kind == CONF_TIME && n != units[i].size ? "s" : "");
	return out;
}

int
conf_value_range(struct lex *lex, const struct conf_value *v,
    const struct lex_token *t)
{
	bool low = t->number < v->min;
	char is[48], should[48];

	if (t->type == LEX_WORD || (!low && t->number <= v->max))
		return 0;
	return lex_error(lex, &t->at, "%s %s: at %s %s%s", v->name,
	    show(v->kind, t->number, is, sizeof(is)), low ? "least" : "most",
	    show(v->kind, low ? v->min : v->max, should, sizeof(should)),
	    v->kind == CONF_LIMIT ? ", or unlimited" : "");
}

int
conf_value_seconds(struct lex *lex, const struct conf_value *v,
    const struct lex_token *t, unsigned *seconds)
{
	if (conf_value_range(lex, v, t) == -1)
		return -1;
	if (t->number % SECOND != 0)
		return lex_error(lex, &t->at,
		    "%s %lld milliseconds: not whole seconds", v->name,
		    t->number);
	*seconds = (unsigned)(t->number / SECOND);
	return 0;
}

int
conf_value_copy(struct lex *lex, const struct lex_at *at, const char *text,
    char **value)
{
	free(*value);
	if ((*value = strdup(text)) == NULL)
		return lex_error(lex, at, "%s", strerror(ENOMEM));
	return 0;
}

/* A copy of text, which is t's or what t stands for. */
static int
bounded(struct lex *lex, const struct conf_value *v, const struct lex_token *t,
    const char *text, size_t max, char **value)
{
	if (t->text[0] == '\0')
		return lex_error(lex, &t->at, "%s \"\": it is empty", v->name);
	if (strlen(text) > max)
		return lex_error(lex, &t->at,
		    "%s \"%.20s...\": longer than %zu bytes", v->name, t->text,
		    max);
	return conf_value_copy(lex, &t->at, text, value);
}

int
conf_value_text(struct lex *lex, const struct conf_value *v,
    const struct lex_token *t, size_t max, char **value)
{
	return bounded(lex, v, t, t->text, max, value);
}

int
conf_value_path(struct lex *lex, const struct conf_value *v,
    const struct lex_token *t, size_t max, char **value)
{
	const char *path = lex_path(lex, t);

	return path == NULL ? -1 : bounded(lex, v, t, path, max, value);
}

int
conf_value_mode(struct lex *lex, const struct lex_token *t, mode_t *mode)
{
	size_t n = strlen(t->text);

	if (n < 3 || n > 4 || strspn(t->text, "01234567") != n ||
	    (n == 4 && t->text[0] != '0'))
		return lex_error(lex, &t->at,
		    "mode %.20s: expected octal digits, 0000 to 0777", t->text);
	*mode = (mode_t)strtoul(t->text, NULL, 8);
	return 0;
}
