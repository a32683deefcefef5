/*
 * What is taken once, and within its range.  The ranges stand here and in
 * ircd-lite.conf(5).
 */
#include "conf_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000LL
#define DAY (24 * 60 * 60 * SECOND)

enum kind { NO_RANGE, COUNT, LIMIT, BYTES, TIME };

static const struct {
	const char *name;
	enum kind kind;
	long long min, max; /* times in milliseconds */
} items[ITEM_MAX] = {
	[ITEM_SERVER] = { "server", NO_RANGE, 0, 0 },
	[ITEM_DNS] = { "dns", NO_RANGE, 0, 0 },
	[ITEM_IDENT] = { "ident", NO_RANGE, 0, 0 },
	[ITEM_REGISTRATION] = { "registration", TIME, SECOND, 600 * SECOND },
	[ITEM_ALL_CONNECTIONS] = { "connections", COUNT, 1, 1000000 },
	[ITEM_WHOWAS] = { "whowas entries", COUNT, 1, 262144 },
	[ITEM_WHOWAS_AGE] = { "whowas", TIME, SECOND, 365 * DAY },
	[ITEM_KLINES] = { "klines file", NO_RANGE, 0, 0 },
	[ITEM_LOG] = { "log", NO_RANGE, 0, 0 },
	[ITEM_USER] = { "user", NO_RANGE, 0, 0 },
	[ITEM_DESCRIPTION] = { "description", NO_RANGE, 0, 0 },
	[ITEM_NETWORK] = { "network", NO_RANGE, 0, 0 },
	[ITEM_ADMIN] = { "admin", NO_RANGE, 0, 0 },
	[ITEM_LOCATION] = { "location", NO_RANGE, 0, 0 },
	[ITEM_ORGANISATION] = { "organisation", NO_RANGE, 0, 0 },
	[ITEM_MAIL] = { "mail", NO_RANGE, 0, 0 },
	[ITEM_MOTD] = { "motd", NO_RANGE, 0, 0 },
	[ITEM_CASEMAPPING] = { "casemapping", NO_RANGE, 0, 0 },
	[ITEM_DNS_TIMEOUT] = { "dns timeout", TIME, SECOND, 60 * SECOND },
	[ITEM_DNS_SERVER] = { "dns server", NO_RANGE, 0, 0 },
	[ITEM_IDENT_TIMEOUT] = { "ident timeout", TIME, SECOND, 60 * SECOND },
	[ITEM_PING] = { "ping", TIME, SECOND, DAY },
	[ITEM_SENDQ] = { "sendq", BYTES, 16 << 10, 256 << 20 },
	[ITEM_RECVQ] = { "recvq", BYTES, LINE_MAX_IRC, 1 << 20 },
	[ITEM_CONNECTIONS] = { "connections", LIMIT, 1, 1000000 },
	[ITEM_PER_HOST] = { "per host", LIMIT, 1, 1000000 },
	[ITEM_CHANNELS] = { "channels", COUNT, 1, 1000 },
	[ITEM_FLOOD] = { "flood", TIME, 1, 60 * SECOND },
	[ITEM_WINDOW] = { "window", TIME, 0, 600 * SECOND },
	[ITEM_PASSWORD] = { "password", NO_RANGE, 0, 0 },
	[ITEM_FROM] = { "from", NO_RANGE, 0, 0 },
	[ITEM_CLASS] = { "class", NO_RANGE, 0, 0 },
	[ITEM_HOURS] = { "hours", NO_RANGE, 0, 0 },
	[ITEM_REASON] = { "reason", NO_RANGE, 0, 0 },
	[ITEM_RESTRICTED] = { "restricted", NO_RANGE, 0, 0 },
	[ITEM_MAY] = { "may", NO_RANGE, 0, 0 },
	[ITEM_PORT] = { "port", NO_RANGE, 0, 0 },
	[ITEM_MODE] = { "mode", NO_RANGE, 0, 0 },
	[ITEM_PROXY] = { "proxy", NO_RANGE, 0, 0 },
};

int
conf_no_memory(struct conf_parse *p)
{
	return lex_error(p->lex, &p->last.at, "%s", strerror(ENOMEM));
}

int
conf_once(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	const struct lex_at *old = &p->set[item];

	if (old->line != 0)
		return lex_error(p->lex, &t->at, "%s is set already in %s:%u",
		    items[item].name, old->file, old->line);
	p->set[item] = t->at;
	return 0;
}

/* ---- numbers ------------------------------------------------------------- */

/* A number as a person would write it: 8K, 2 minutes, 10. */
static const char *
show(enum kind kind, long long n, char *out, size_t outlen)
{
	static const struct {
		enum kind kind;
		long long size;
		const char *name;
	} units[] = {
		{ BYTES, 1 << 30, "G" },
		{ BYTES, 1 << 20, "M" },
		{ BYTES, 1 << 10, "K" },
		{ TIME, DAY, " day" },
		{ TIME, 60 * 60 * SECOND, " hour" },
		{ TIME, 60 * SECOND, " minute" },
		{ TIME, SECOND, " second" },
		{ TIME, 1, " millisecond" },
	};
	size_t i, n_units = sizeof(units) / sizeof(*units);

	for (i = 0; i < n_units; i++)
		if (units[i].kind == kind && n % units[i].size == 0 &&
		    (n > units[i].size || n == units[i].size))
			break;
	if (i == n_units)
		(void)snprintf(out, outlen, "%lld%s", n,
		    kind == TIME ? " seconds" : "");
	else
		(void)snprintf(out, outlen, "%lld%s%s", n / units[i].size,
		    units[i].name,
		    kind == TIME && n != units[i].size ? "s" : "");
	return out;
}

/* The number of t, if this item may have it. */
static int
in_range(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	enum kind kind = items[item].kind;
	long long min = items[item].min, max = items[item].max;
	bool low = t->number < min;
	char is[48], should[48];

	if (conf_once(p, item, t) == -1)
		return -1;
	if (t->type == LEX_WORD || (!low && t->number <= max))
		return 0;
	return lex_error(p->lex, &t->at, "%s %s: at %s %s%s", items[item].name,
	    show(kind, t->number, is, sizeof(is)), low ? "least" : "most",
	    show(kind, low ? min : max, should, sizeof(should)),
	    kind == LIMIT ? ", or unlimited" : "");
}

int
conf_set_count(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	if (in_range(p, item, t) == -1)
		return -1;
	*value = (unsigned)t->number;
	return 0;
}

int
conf_set_bytes(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, size_t *value)
{
	if (in_range(p, item, t) == -1)
		return -1;
	*value = (size_t)t->number;
	return 0;
}

int
conf_set_ms(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	return conf_set_count(p, item, t, value);
}

int
conf_set_seconds(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	if (in_range(p, item, t) == -1)
		return -1;
	if (t->number % SECOND != 0)
		return lex_error(p->lex, &t->at,
		    "%s %lld milliseconds: not whole seconds", items[item].name,
		    t->number);
	*value = (unsigned)(t->number / SECOND);
	return 0;
}

/* ---- texts --------------------------------------------------------------- */

int
conf_copy(struct conf_parse *p, const char *text, char **value)
{
	free(*value);
	if ((*value = strdup(text)) == NULL)
		return conf_no_memory(p);
	return 0;
}

int
conf_set_text(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, size_t max, char **value)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	if (t->text[0] == '\0')
		return lex_error(p->lex, &t->at, "%s \"\": it is empty",
		    items[item].name);
	if (strlen(t->text) > max)
		return lex_error(p->lex, &t->at,
		    "%s \"%.20s...\": longer than %zu bytes", items[item].name,
		    t->text, max);
	return conf_copy(p, t->text, value);
}

int
conf_set_path(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, char **value)
{
	const char *path;

	if (conf_once(p, item, t) == -1)
		return -1;
	if (t->text[0] == '\0')
		return lex_error(p->lex, &t->at, "%s \"\": it is empty",
		    items[item].name);
	if ((path = lex_path(p->lex, t)) == NULL)
		return -1;
	return conf_copy(p, path, value);
}
