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

static const struct conf_value items[ITEM_MAX + 1] = {
	[ITEM_TLS] = { "tls", CONF_ONCE, 0, 0 },
	[ITEM_UPSTREAM] = { "upstream", CONF_ONCE, 0, 0 },
	[ITEM_PASSWORDS] = { "passwords file", CONF_ONCE, 0, 0 },
	[ITEM_AUTHENTICATION] = { "authentication", CONF_ONCE, 0, 0 },
	[ITEM_PREFIX4] = { "prefix", CONF_COUNT, 1, 32 },
	[ITEM_PREFIX6] = { "prefix", CONF_COUNT, 1, 128 },
	[ITEM_HELLO] = { "timeout hello", CONF_TIME, SECOND, DAY },
	[ITEM_LINE] = { "timeout line", CONF_TIME, SECOND, DAY },
	[ITEM_IDLE] = { "timeout idle", CONF_TIME, SECOND, DAY },
	[ITEM_CONNECT] = { "timeout connect", CONF_TIME, SECOND, 10 * MINUTE },
	[ITEM_LINGER] = { "timeout linger", CONF_TIME, 0, 10 * MINUTE },
	[ITEM_WORKERS] = { "workers", CONF_COUNT, 1, CONF_WORKERS_MAX },
	[ITEM_LOG] = { "log", CONF_ONCE, 0, 0 },
	[ITEM_VERBOSE] = { "log verbose", CONF_ONCE, 0, 0 },
	[ITEM_SANDBOX] = { "sandbox", CONF_ONCE, 0, 0 },
	[ITEM_ROOT] = { "root", CONF_ONCE, 0, 0 },
	[ITEM_RUN_AS] = { "run as", CONF_ONCE, 0, 0 },
	[ITEM_RUN_DIRECTORY] = { "run directory", CONF_ONCE, 0, 0 },
	[ITEM_OWNER] = { "owner", CONF_COUNT, 0, UINT32_MAX },
	[ITEM_LISTEN_TLS] = { "tls", CONF_ONCE, 0, 0 },
	[ITEM_PROTOCOLS] = { "protocols", CONF_ONCE, 0, 0 },
	[ITEM_CLEARTEXT] = { "passwords cleartext", CONF_ONCE, 0, 0 },
	[ITEM_PROXY] = { "proxy", CONF_ONCE, 0, 0 },
	[ITEM_MODE] = { "mode", CONF_ONCE, 0, 0 },
	[ITEM_LISTEN_GROUP] = { "group", CONF_ONCE, 0, 0 },
	[ITEM_METRICS] = { "metrics", CONF_ONCE, 0, 0 },
	[ITEM_CA] = { "ca", CONF_ONCE, 0, 0 },
	[ITEM_CERTIFICATE] = { "certificate", CONF_ONCE, 0, 0 },
	[ITEM_CIPHERS] = { "ciphers", CONF_ONCE, 0, 0 },
	[ITEM_TLS_WORKERS] = { "workers", CONF_COUNT, 1, CONF_WORKERS_MAX },
	[ITEM_FINGERPRINT] = { "fingerprint", CONF_ONCE, 0, 0 },
	[ITEM_NAME] = { "name", CONF_ONCE, 0, 0 },
	[ITEM_VERIFY] = { "verify", CONF_ONCE, 0, 0 },
	[ITEM_USER] = { "user", CONF_ONCE, 0, 0 },
	[ITEM_GROUP] = { "group", CONF_ONCE, 0, 0 },
	[ITEM_FROM] = { "from", CONF_ONCE, 0, 0 },
	[ITEM_UID] = { "uid", CONF_ONCE, 0, 0 },
	[ITEM_GID] = { "gid", CONF_ONCE, 0, 0 },
	[ITEM_OVER] = { "over tls", CONF_ONCE, 0, 0 },
	[ITEM_VISITORS] = { "visitors", CONF_ONCE, 0, 0 },
	[ITEM_RATE] = { "rate", CONF_COUNT, 1, 1000000 },
	[ITEM_SEND] = { "send proxy", CONF_ONCE, 0, 0 },
	[ITEM_MAX] = { "the text", CONF_ONCE, 0, 0 },
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
	if (item == ITEM_MAX)
		return 0;
	return conf_value_once(p->lex, &items[item], &p->set[item], t);
}

/* ---- numbers ------------------------------------------------------------- */

int
conf_set_number(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	if (conf_once(p, item, t) == -1 ||
	    conf_value_range(p->lex, &items[item], t) == -1)
		return -1;
	*value = (unsigned)t->number;
	return 0;
}

int
conf_set_time(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, unsigned *value)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	return conf_value_seconds(p->lex, &items[item], t, value);
}

/* ---- texts --------------------------------------------------------------- */

int
conf_copy(struct conf_parse *p, const char *text, char **value)
{
	return conf_value_copy(p->lex, &p->last.at, text, value);
}

int
conf_set_text(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, size_t max, char **value)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	return conf_value_text(p->lex, &items[item], t, max, value);
}

int
conf_set_path(struct conf_parse *p, enum conf_item item,
    const struct lex_token *t, char **value)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	return conf_value_path(p->lex, &items[item], t, CONF_PATH_MAX, value);
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
