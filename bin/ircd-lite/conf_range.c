/*
 * What is taken once, and within its range.  The ranges stand here and in
 * ircd-lite.conf(5).
 */
#include "conf_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000LL
#define DAY (24 * 60 * 60 * SECOND)

static const struct conf_value items[ITEM_MAX] = {
	[ITEM_SERVER] = { "server", CONF_ONCE, 0, 0 },
	[ITEM_DNS] = { "dns", CONF_ONCE, 0, 0 },
	[ITEM_IDENT] = { "ident", CONF_ONCE, 0, 0 },
	[ITEM_REGISTRATION] = { "registration", CONF_TIME, SECOND,
	    600 * SECOND },
	[ITEM_ALL_CONNECTIONS] = { "connections", CONF_COUNT, 1, 1000000 },
	[ITEM_WHOWAS] = { "whowas entries", CONF_COUNT, 1, 262144 },
	[ITEM_WHOWAS_AGE] = { "whowas", CONF_TIME, SECOND, 365 * DAY },
	[ITEM_KLINES] = { "klines file", CONF_ONCE, 0, 0 },
	[ITEM_LOG] = { "log", CONF_ONCE, 0, 0 },
	[ITEM_USER] = { "user", CONF_ONCE, 0, 0 },
	[ITEM_DESCRIPTION] = { "description", CONF_ONCE, 0, 0 },
	[ITEM_NETWORK] = { "network", CONF_ONCE, 0, 0 },
	[ITEM_ADMIN] = { "admin", CONF_ONCE, 0, 0 },
	[ITEM_LOCATION] = { "location", CONF_ONCE, 0, 0 },
	[ITEM_ORGANISATION] = { "organisation", CONF_ONCE, 0, 0 },
	[ITEM_MAIL] = { "mail", CONF_ONCE, 0, 0 },
	[ITEM_MOTD] = { "motd", CONF_ONCE, 0, 0 },
	[ITEM_CASEMAPPING] = { "casemapping", CONF_ONCE, 0, 0 },
	[ITEM_DNS_TIMEOUT] = { "dns timeout", CONF_TIME, SECOND, 60 * SECOND },
	[ITEM_DNS_SERVER] = { "dns server", CONF_ONCE, 0, 0 },
	[ITEM_IDENT_TIMEOUT] = { "ident timeout", CONF_TIME, SECOND,
	    60 * SECOND },
	[ITEM_PING] = { "ping", CONF_TIME, SECOND, DAY },
	[ITEM_SENDQ] = { "sendq", CONF_BYTES, 16 << 10, 256 << 20 },
	[ITEM_RECVQ] = { "recvq", CONF_BYTES, LINE_MAX_IRC, 1 << 20 },
	[ITEM_CONNECTIONS] = { "connections", CONF_LIMIT, 1, 1000000 },
	[ITEM_PER_HOST] = { "per host", CONF_LIMIT, 1, 1000000 },
	[ITEM_CHANNELS] = { "channels", CONF_COUNT, 1, 1000 },
	[ITEM_FLOOD] = { "flood", CONF_TIME, 1, 60 * SECOND },
	[ITEM_WINDOW] = { "window", CONF_TIME, 0, 600 * SECOND },
	[ITEM_PASSWORD] = { "password", CONF_ONCE, 0, 0 },
	[ITEM_FROM] = { "from", CONF_ONCE, 0, 0 },
	[ITEM_CLASS] = { "class", CONF_ONCE, 0, 0 },
	[ITEM_HOURS] = { "hours", CONF_ONCE, 0, 0 },
	[ITEM_REASON] = { "reason", CONF_ONCE, 0, 0 },
	[ITEM_RESTRICTED] = { "restricted", CONF_ONCE, 0, 0 },
	[ITEM_MAY] = { "may", CONF_ONCE, 0, 0 },
	[ITEM_PORT] = { "port", CONF_ONCE, 0, 0 },
	[ITEM_MODE] = { "mode", CONF_ONCE, 0, 0 },
	[ITEM_PROXY] = { "proxy", CONF_ONCE, 0, 0 },
};

int
conf_no_memory(struct conf_parse *p)
{
	return lex_error(p->lex, &p->last.at, "%s", strerror(ENOMEM));
}

int
conf_once(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	return conf_value_once(p->lex, &items[item], &p->set[item], t);
}

/* ---- numbers ------------------------------------------------------------- */

/* The number of t, if this item may have it. */
static int
in_range(struct conf_parse *p, enum conf_item item, const struct lex_token *t)
{
	if (conf_once(p, item, t) == -1)
		return -1;
	return conf_value_range(p->lex, &items[item], t);
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
	return conf_value_path(p->lex, &items[item], t, SIZE_MAX, value);
}
