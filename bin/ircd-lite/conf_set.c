/*
 * Values of the configuration that are more than a number or a text.
 */
#include "conf_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypthash.h"

#define MOTD_MAX (64 * 1024) /* bytes of the file */
#define NETWORK_MAX 32
#define NAME_SERVERS_MAX 256 /* bytes of their list */
#define REASON_MAX 255
#define NAME_MAX_CONF 64 /* of a class */

/* ---- names, files, passwords --------------------------------------------- */

int
conf_set_server_name(struct conf_parse *p, const struct lex_token *t)
{
	if (!conf_server_name_valid(t->text))
		return lex_error(p->lex, &t->at,
		    "server \"%.40s\": not a server's name: letters, digits "
		    "and '-', a dot in it, at most %d bytes",
		    t->text, SERVERLEN);
	return conf_copy(p, t->text, &p->conf->name);
}

/* It stands in a word of RPL_ISUPPORT. */
int
conf_set_network(struct conf_parse *p, const struct lex_token *t)
{
	for (const char *s = t->text; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr("=,\\:", *s) != NULL)
			return lex_error(p->lex, &t->at,
			    "network \"%.40s\": one word of ASCII letters, "
			    "digits, '-', '.' and the like",
			    t->text);
	return conf_set_text(p, ITEM_NETWORK, t, NETWORK_MAX,
	    &p->conf->network);
}

int
conf_set_casemapping(struct conf_parse *p, const struct lex_token *t)
{
	p->conf->ascii = strcmp(t->text, "ascii") == 0;
	if (!p->conf->ascii && strcmp(t->text, "rfc1459") != 0)
		return lex_error(p->lex, &t->at,
		    "casemapping %.40s: either rfc1459 or ascii", t->text);
	return conf_once(p, ITEM_CASEMAPPING, t);
}

int
conf_set_motd(struct conf_parse *p, const struct lex_token *t)
{
	size_t len;
	char *text;

	if (conf_set_path(p, ITEM_MOTD, t, &p->conf->motd_path) == -1 ||
	    (text = lex_slurp(p->lex, t, &len)) == NULL)
		return -1;
	if (len > MOTD_MAX || memchr(text, '\0', len) != NULL) {
		free(text);
		return lex_error(p->lex, &t->at, "%s: %s", p->conf->motd_path,
		    len > MOTD_MAX ? "longer than 64K" : "not a text");
	}
	p->motd_at = t->at;
	p->conf->motd = strndup(text, len);
	free(text);
	return p->conf->motd == NULL ? conf_no_memory(p) : 0;
}

/* The password itself is repeated in no message. */
int
conf_set_password(struct conf_parse *p, const struct lex_token *t)
{
	if (conf_once(p, ITEM_PASSWORD, t) == -1)
		return -1;
	if (!conf_trusted && !crypthash_usable(t->text))
		return lex_error(p->lex, &t->at,
		    "password: not a hash that crypt(3) knows and advises; "
		    "make one by ircd-lite -H");
	return conf_copy(p, t->text, p->hash);
}

int
conf_set_mode(struct conf_parse *p, const struct lex_token *t)
{
	if (conf_once(p, ITEM_MODE, t) == -1)
		return -1;
	return conf_value_mode(p->lex, t, &p->listen->mode);
}

/* Whether there is such a class is asked in the end. */
int
conf_set_class(struct conf_parse *p, const struct lex_token *t)
{
	char **value = p->oper != NULL ? &p->oper->class : &p->rule->class;
	struct conf_ref *ref;

	if (conf_set_text(p, ITEM_CLASS, t, NAME_MAX_CONF, value) == -1)
		return -1;
	if ((ref = calloc(1, sizeof(*ref))) == NULL)
		return conf_no_memory(p);
	ref->name = *t;
	STAILQ_INSERT_TAIL(&p->refs, ref, entry);
	return 0;
}

int
conf_set_reason(struct conf_parse *p, const struct lex_token *t)
{
	return conf_set_text(p, ITEM_REASON, t, REASON_MAX, &p->rule->reason);
}

/* ---- lists --------------------------------------------------------------- */

int
conf_add_from(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_from *f;
	char err[200];

	if ((f = conf_from_parse(t->text, err, sizeof(err))) == NULL)
		return lex_error(p->lex, &t->at, "%s", err);
	STAILQ_INSERT_TAIL(p->froms, f, entry);
	if (p->listen != NULL && f->host != NULL)
		return lex_error(p->lex, &t->at,
		    "proxy from %.40s: expected an address or a network, as "
		    "10.0.0.0/8",
		    t->text);
	return 0;
}

int
conf_add_hours(struct conf_parse *p, const struct lex_token *days,
    const struct lex_token *times)
{
	struct conf_hours *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return conf_no_memory(p);
	STAILQ_INSERT_TAIL(&p->rule->hours, h, entry);
	h->days = 0x7f;
	h->to = 24 * 60;
	if (times == NULL &&
	    conf_parse_times(days->text, &h->from, &h->to) == 0)
		return 0;
	if (conf_parse_days(days->text, &h->days) == -1)
		return lex_error(p->lex, &days->at,
		    "hours %.40s: expected days as mon-fri, or times as "
		    "08:00-18:00",
		    days->text);
	if (times != NULL &&
	    conf_parse_times(times->text, &h->from, &h->to) == -1)
		return lex_error(p->lex, &times->at,
		    "hours %.40s: expected times as 08:00-18:00", times->text);
	return 0;
}

int
conf_add_may(struct conf_parse *p, const struct lex_token *t)
{
	static const struct {
		const char *name;
		unsigned may;
	} names[] = {
		{ "kill", OPER_KILL },
		{ "kline", OPER_KLINE },
		{ "rehash", OPER_REHASH },
		{ "die", OPER_DIE },
		{ "wallops", OPER_WALLOPS },
		{ "notice", OPER_NOTICE },
		{ "spy", OPER_SPY },
		{ "connect", OPER_CONNECT },
		{ "all", OPER_ALL },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(t->text, names[i].name) == 0) {
			p->oper->may |= names[i].may;
			return 0;
		}
	return lex_error(p->lex, &t->at,
	    "may %.40s: expected kill, kline, rehash, die, wallops, notice, "
	    "spy, connect or all",
	    t->text);
}

/* "127.0.0.1", "::1", "127.0.0.1:5353" or "[::1]:5353", with port in *a. */
static int
name_server(const char *text, struct addr *a, char *err, size_t errlen)
{
	const char *before = "", *after = ":53", *colon = strchr(text, ':');
	char with_port[ADDR_STRLEN];
	int n;

	if (text[0] != '[' && colon != NULL && strchr(colon + 1, ':') != NULL)
		before = "[", after = "]:53";
	else if (text[0] == '[' ? strstr(text, "]:") != NULL : colon != NULL)
		after = "";
	n = snprintf(with_port, sizeof(with_port), "%s%s%s", before, text,
	    after);
	if (n < 0 || (size_t)n >= sizeof(with_port)) {
		(void)snprintf(err, errlen, "the address is too long");
		return -1;
	}
	if (addr_parse(a, with_port, ADDR_F_TCP, err, errlen) == -1)
		return -1;
	if (a->family != AF_UNSPEC && !a->any)
		return 0;
	(void)snprintf(err, errlen, "%.60s: expected an address in numbers",
	    text);
	return -1;
}

int
conf_add_dns_server(struct conf_parse *p, const struct lex_token *t)
{
	char **list = &p->conf->dns_servers, *longer;
	char text[ADDR_STRLEN], err[300];
	struct addr a;

	if (name_server(t->text, &a, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "dns server %s", err);
	if (*list != NULL && strlen(*list) > NAME_SERVERS_MAX)
		return lex_error(p->lex, &t->at, "too many name servers");
	addr_format(&a, text, sizeof(text));
	if (*list == NULL)
		return conf_copy(p, text, list);
	if (asprintf(&longer, "%s,%s", *list, text) == -1)
		return conf_no_memory(p);
	free(*list);
	*list = longer;
	return 0;
}

int
conf_add_uid(struct conf_parse *p, const struct lex_token *t)
{
	struct conf *c = p->conf;
	uid_t *grown;

	if (t->number >= UINT32_MAX)
		return lex_error(p->lex, &t->at, "uid %s: at most %u", t->text,
		    UINT32_MAX - 1);
	grown =
	    reallocarray(c->handover.uid, c->handover.n + 1, sizeof(*grown));
	if (grown == NULL)
		return conf_no_memory(p);
	c->handover.uid = grown;
	c->handover.uid[c->handover.n++] = (uid_t)t->number;
	return 0;
}

int
conf_add_user(struct conf_parse *p, const struct lex_token *t)
{
	char path[sizeof(CONF_ASK_USER) + LEX_WORD_MAX], digits[16];
	struct lex_token uid = *t;
	const char *e = "";
	char *answer;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s%s", CONF_ASK_USER, t->text);
	if ((answer = p->open(p->arg, path, &len)) != NULL &&
	    len < sizeof(digits)) {
		memcpy(digits, answer, len);
		digits[len] = '\0';
		uid.number = strtonum(digits, 0, UINT32_MAX - 1, &e);
	}
	free(answer);
	if (e != NULL)
		return lex_error(p->lex, &t->at,
		    "user \"%.40s\": there is no such user", t->text);
	return conf_add_uid(p, &uid);
}
