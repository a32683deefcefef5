/*
 * Limits, times, and the other statements of one line.
 */
#include "conf_impl.h"

#include <string.h>

#define COUNT_MAX 1000000000LL
#define BANDWIDTH_MIN 1024LL
#define BANDWIDTH_MAX (1LL << 39)

/* ---- limits -------------------------------------------------------------- */

/* -1: told */
static int
find_limit(struct conf_parse *p, const struct lex_token *t)
{
	for (int i = 0; i < LIMIT_MAX; i++)
		if (strcmp(t->text, conf_limit_name((enum conf_limit)i)) == 0)
			return i;
	return lex_error(p->lex, &t->at,
	    "limit %.40s: expected connections, hello, associations, binds, "
	    "waiting, requests, logins or bandwidth",
	    t->text);
}

static int
find_scope(struct conf_parse *p, const struct lex_token *t)
{
	static const char *const names[SCOPE_MAX] = {
		[SCOPE_TOTAL] = "",
		[SCOPE_USER] = "user",
		[SCOPE_SOURCE] = "source",
		[SCOPE_PREFIX] = "prefix",
	};

	if (t == NULL)
		return SCOPE_TOTAL;
	for (int i = SCOPE_USER; i < SCOPE_MAX; i++)
		if (strcmp(t->text, names[i]) == 0)
			return i;
	return lex_error(p->lex, &t->at,
	    "limit per %.40s: expected user, source or prefix", t->text);
}

static int
check_limit(struct conf_parse *p, int item, int scope,
    const struct lex_token *name, const struct lex_token *t)
{
	const struct lex_at *old = &p->limit_at[item][scope];
	bool bandwidth = item == LIMIT_BANDWIDTH;

	if (old->line != 0)
		return lex_error(p->lex, &name->at,
		    "limit %s %s is set already in %s:%u", name->text,
		    conf_scope_name((enum conf_scope)scope), old->file,
		    old->line);
	if (bandwidth && scope != SCOPE_USER)
		return lex_error(p->lex, &name->at,
		    "limit bandwidth: it is for each user; write limit "
		    "bandwidth per user 10M");
	if (scope == SCOPE_USER &&
	    (item == LIMIT_CONNECTIONS || item == LIMIT_HELLO))
		return lex_error(p->lex, &name->at,
		    "limit %s: who connects is not a user yet; per source or "
		    "per prefix",
		    name->text);
	if (t->type == LEX_WORD)
		return 0; /* unlimited */
	if (t->number < (bandwidth ? BANDWIDTH_MIN : 1) ||
	    t->number > (bandwidth ? BANDWIDTH_MAX : COUNT_MAX))
		return lex_error(p->lex, &t->at,
		    bandwidth ? "limit %s %s: 1K to 512G bytes a second, or "
				"unlimited"
			      : "limit %s %s: 1 to 1000000000, or unlimited",
		    name->text, t->text);
	return 0;
}

int
conf_set_limit(struct conf_parse *p, const struct lex_token *name,
    const struct lex_token *per, const struct lex_token *value)
{
	int item, scope;

	if ((item = find_limit(p, name)) == -1 ||
	    (scope = find_scope(p, per)) == -1 ||
	    check_limit(p, item, scope, name, value) == -1)
		return -1;
	p->limit_at[item][scope] = name->at;
	p->conf->limit[item][scope] = (uint64_t)value->number;
	p->conf->limit_set[item][scope] = true;
	return 0;
}

/* ---- times --------------------------------------------------------------- */

int
conf_set_timeout(struct conf_parse *p, const struct lex_token *name,
    const struct lex_token *value)
{
	struct conf *c = p->conf;
	const struct {
		const char *name;
		enum conf_item item;
		unsigned *value;
	} times[] = {
		{ "hello", ITEM_HELLO, &c->hello_time },
		{ "line", ITEM_LINE, &c->line_time },
		{ "idle", ITEM_IDLE, &c->idle_time },
		{ "connect", ITEM_CONNECT, &c->connect_time },
		{ "linger", ITEM_LINGER, &c->linger_time },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (strcmp(name->text, times[i].name) == 0)
			return conf_set_time(p, times[i].item, value,
			    times[i].value);
	return lex_error(p->lex, &name->at,
	    "timeout %.40s: expected hello, line, idle, connect or linger",
	    name->text);
}

/* ---- the rest ------------------------------------------------------------ */

int
conf_set_rundir(struct conf_parse *p, const struct lex_token *t)
{
	struct conf *c = p->conf;

	if (conf_once(p, ITEM_RUN_DIRECTORY, t) == -1)
		return -1;
	if (t->text[0] != '/')
		return lex_error(p->lex, &t->at,
		    "run directory \"%.40s\": write an absolute path", t->text);
	if (strlcpy(c->rundir, t->text, sizeof(c->rundir)) >= sizeof(c->rundir))
		return lex_error(p->lex, &t->at,
		    "run directory \"%.40s...\": longer than %zu bytes",
		    t->text, sizeof(c->rundir) - 1);
	c->own_rundir = true;
	return 0;
}

int
conf_set_owner(struct conf_parse *p, const struct lex_token *t)
{
	unsigned id;

	if (conf_set_number(p, ITEM_OWNER, t, &id) == -1)
		return -1;
	p->conf->owner = (uid_t)id;
	return 0;
}
