/*
 * What is taken once, and within its range; texts, paths and lists.  The
 * ranges stand here and in vsapd.conf(5).
 */
#include "conf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define DAY (24 * 60 * MINUTE)

static const struct {
	const char *name;
	bool time; /* in milliseconds */
	long long min, max;
} items[ITEM_MAX + 1] = {
	[ITEM_TLS] = { "tls", false, 0, 0 },
	[ITEM_UPSTREAM] = { "upstream", false, 0, 0 },
	[ITEM_PASSWORDS] = { "passwords file", false, 0, 0 },
	[ITEM_AUTHENTICATION] = { "authentication", false, 0, 0 },
	[ITEM_PREFIX4] = { "prefix", false, 1, 32 },
	[ITEM_PREFIX6] = { "prefix", false, 1, 128 },
	[ITEM_HELLO] = { "timeout hello", true, SECOND, DAY },
	[ITEM_LINE] = { "timeout line", true, SECOND, DAY },
	[ITEM_IDLE] = { "timeout idle", true, SECOND, DAY },
	[ITEM_CONNECT] = { "timeout connect", true, SECOND, 10 * MINUTE },
	[ITEM_LINGER] = { "timeout linger", true, 0, 10 * MINUTE },
	[ITEM_WORKERS] = { "workers", false, 1, CONF_WORKERS_MAX },
	[ITEM_LOG] = { "log", false, 0, 0 },
	[ITEM_VERBOSE] = { "log verbose", false, 0, 0 },
	[ITEM_SANDBOX] = { "sandbox", false, 0, 0 },
	[ITEM_ROOT] = { "root", false, 0, 0 },
	[ITEM_RUN_AS] = { "run as", false, 0, 0 },
	[ITEM_RUN_DIRECTORY] = { "run directory", false, 0, 0 },
	[ITEM_OWNER] = { "owner", false, 0, UINT32_MAX },
	[ITEM_LISTEN_TLS] = { "tls", false, 0, 0 },
	[ITEM_PROTOCOLS] = { "protocols", false, 0, 0 },
	[ITEM_CLEARTEXT] = { "passwords cleartext", false, 0, 0 },
	[ITEM_PROXY] = { "proxy", false, 0, 0 },
	[ITEM_MODE] = { "mode", false, 0, 0 },
	[ITEM_LISTEN_GROUP] = { "group", false, 0, 0 },
	[ITEM_METRICS] = { "metrics", false, 0, 0 },
	[ITEM_CA] = { "ca", false, 0, 0 },
	[ITEM_CERTIFICATE] = { "certificate", false, 0, 0 },
	[ITEM_CIPHERS] = { "ciphers", false, 0, 0 },
	[ITEM_TLS_WORKERS] = { "workers", false, 1, CONF_WORKERS_MAX },
	[ITEM_FINGERPRINT] = { "fingerprint", false, 0, 0 },
	[ITEM_NAME] = { "name", false, 0, 0 },
	[ITEM_VERIFY] = { "verify", false, 0, 0 },
	[ITEM_USER] = { "user", false, 0, 0 },
	[ITEM_GROUP] = { "group", false, 0, 0 },
	[ITEM_FROM] = { "from", false, 0, 0 },
	[ITEM_UID] = { "uid", false, 0, 0 },
	[ITEM_GID] = { "gid", false, 0, 0 },
	[ITEM_OVER] = { "over tls", false, 0, 0 },
	[ITEM_VISITORS] = { "visitors", false, 0, 0 },
	[ITEM_RATE] = { "rate", false, 1, 1000000 },
	[ITEM_SEND] = { "send proxy", false, 0, 0 },
	[ITEM_MAX] = { "the text", false, 0, 0 },
};

int
conf_no_memory(struct conf_parse *p)
{
	return lex_error(p->lex, &p->last.at, "%s", strerror(ENOMEM));
}

void
conf_begin(struct conf_parse *p, const struct lex_token *t)
{
	for (int i = ITEM_OWN; i < ITEM_MAX; i++)
		p->set[i].line = 0;
	p->name = *t;
	p->listen = NULL;
	p->tls = NULL;
	p->user = NULL;
	p->group = NULL;
}

int
conf_once(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	struct lex_at *old = &p->set[item];

	if (item == ITEM_MAX)
		return 0;
	if (old->line != 0)
		return lex_error(p->lex, &t->at, "%s is set already in %s:%u",
		    items[item].name, old->file, old->line);
	*old = t->at;
	return 0;
}

/* ---- numbers ------------------------------------------------------------- */

/* A time as a person would write it: 2 minutes. */
static const char *
show(bool time, long long n, char *out, size_t outlen)
{
	static const struct {
		long long size;
		const char *name;
	} units[] = {
		{ DAY, "day" },
		{ 60 * MINUTE, "hour" },
		{ MINUTE, "minute" },
		{ SECOND, "second" },
		{ 1, "millisecond" },
	};
	size_t i = 0;

	if (!time) {
		(void)snprintf(out, outlen, "%lld", n);
		return out;
	}
	while (n % units[i].size != 0 || (n == 0 && units[i].size > SECOND))
		i++;
	(void)snprintf(out, outlen, "%lld %s%s", n / units[i].size,
	    units[i].name, n == units[i].size ? "" : "s");
	return out;
}

static int
in_range(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	long long min = items[item].min, max = items[item].max;
	bool low = t->number < min, time = items[item].time;
	char is[48], should[48];

	if (conf_once(p, item, t) == -1)
		return -1;
	if (!low && t->number <= max)
		return 0;
	return lex_error(p->lex, &t->at, "%s %s: at %s %s", items[item].name,
	    show(time, t->number, is, sizeof(is)), low ? "least" : "most",
	    show(time, low ? min : max, should, sizeof(should)));
}

int
conf_set_number(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	if (in_range(p, item, t) == -1)
		return -1;
	*value = (unsigned)t->number;
	return 0;
}

int
conf_set_time(struct conf_parse *p, enum conf_item item,
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
	if (strlen(path) > CONF_PATH_MAX)
		return lex_error(p->lex, &t->at,
		    "%s \"%.20s...\": longer than %d bytes", items[item].name,
		    t->text, CONF_PATH_MAX);
	return conf_copy(p, path, value);
}

char *
conf_at(struct conf_parse *p, const struct lex_token *t)
{
	char *at;

	if (asprintf(&at, "%s:%u", t->at.file, t->at.line) != -1)
		return at;
	(void)conf_no_memory(p);
	return NULL;
}

/* ---- lists --------------------------------------------------------------- */

static int
add_part(struct conf_parse *p, const struct lex_token *t, const char *s,
    size_t n)
{
	struct lex_token part = *t;
	char text[LEX_WORD_MAX + 1];

	memcpy(text, s, n);
	text[n] = '\0';
	part.text = text;
	return p->add(p, &part);
}

int
conf_add_items(struct conf_parse *p, const struct lex_token *t)
{
	static const char blanks[] = " \t,{}";
	const char *s = t->text;
	size_t n;

	if (s[0] != '{')
		return p->add(p, t);
	for (s += strspn(s, blanks); *s != '\0'; s += n + strspn(s + n, blanks))
		if (add_part(p, t, s, n = strcspn(s, blanks)) == -1)
			return -1;
	return 0;
}

/* ---- users and groups of the system -------------------------------------- */

/* The number that the opener has for a name, as text. */
static int
ask(struct conf_parse *p, bool group, const char *name, char *digits,
    size_t size)
{
	char path[sizeof(CONF_ASK_GROUP) + LEX_WORD_MAX];
	char *answer;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s%s",
	    group ? CONF_ASK_GROUP : CONF_ASK_USER, name);
	if ((answer = p->open(p->arg, path, &len)) == NULL)
		return -1;
	if (len < size) {
		memcpy(digits, answer, len);
		digits[len] = '\0';
	}
	free(answer);
	return len < size ? 0 : -1;
}

int
conf_system_id(struct conf_parse *p, bool group, const struct lex_token *t,
    uint32_t *id)
{
	bool number = t->text[strspn(t->text, "0123456789")] == '\0';
	const char *what = group ? "group" : "user", *e = NULL;
	char digits[16] = "";

	if (t->text[0] == '\0' ||
	    (!number && ask(p, group, t->text, digits, sizeof(digits)) == -1))
		return lex_error(p->lex, &t->at,
		    "%s \"%.40s\": the system has no such %s", what, t->text,
		    what);
	*id = (uint32_t)strtonum(number ? t->text : digits, 0, UINT32_MAX - 1,
	    &e);
	if (e != NULL)
		return lex_error(p->lex, &t->at,
		    "%s %.40s: a number of the system's is at most %u", what,
		    t->text, UINT32_MAX - 1);
	return 0;
}
