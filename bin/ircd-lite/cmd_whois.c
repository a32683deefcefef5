/* WHOIS and WHOWAS (RFC 2812, 3.6.2 and 3.6.3; Modern IRC). */

#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "channel.h"
#include "conn.h"
#include "limits.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "visible.h"
#include "whowas.h"
#include "words.h"

static void
whois_channels(struct user *u, const struct user *other)
{
	const struct chan *ch;
	struct words w;
	const char *prefix;
	uint32_t i;

	words_begin(&w, u, strlen(other->nick) + 2);
	for (i = 0; i < other->nchans; i++) {
		ch = other->chans[i].chan;
		if (!chan_shown_of(u, other, ch))
			continue;
		prefix = member_prefix(&ch->member[other->chans[i].place]);
		if (words_add(&w, prefix, ch->name))
			continue;
		reply(u, RPL_WHOISCHANNELS, other->nick, w.text);
		words_begin(&w, u, strlen(other->nick) + 2);
		(void)words_add(&w, prefix, ch->name);
	}
	if (w.len > 0)
		reply(u, RPL_WHOISCHANNELS, other->nick, w.text);
}

/* What is for himself and for operators only. */
static void
whois_private(struct user *u, const struct user *other)
{
	char modes[32];

	if (u != other && !user_spies(u))
		return;
	if (other->conn != NULL)
		reply(u, RPL_WHOISHOST, other->nick, other->name, other->host,
		    conn_ip(other->conn));
	reply(u, RPL_WHOISMODES, other->nick,
	    user_modes(other, modes, sizeof(modes)));
}

static void
whois_one(struct user *u, const struct user *other)
{
	reply(u, RPL_WHOISUSER, other->nick, other->name, other->host,
	    other->real != NULL ? other->real : "");
	whois_channels(u, other);
	reply(u, RPL_WHOISSERVER, other->nick, other->server->name,
	    other->server->description);
	if (other->away != NULL)
		reply(u, RPL_AWAY, other->nick, other->away);
	if (other->modes & UMODE_OPER)
		reply(u, RPL_WHOISOPERATOR, other->nick);
	if (other->modes & UMODE_BOT)
		reply(u, RPL_WHOISBOT, other->nick);
	whois_private(u, other);
	if (other->conn != NULL)
		reply(u, RPL_WHOISIDLE, other->nick,
		    me.wall > other->idle ? (long)(me.wall - other->idle) : 0L,
		    (long)other->signon);
}

/* The nicks of a list, as many as are allowed, each to fn.  The list is
 * taken apart. */
static void
each_nick(struct user *u, char *list, const struct msg *m,
    void (*fn)(struct user *, const char *, const struct msg *))
{
	unsigned n = 0;
	char *nick;

	while (n < TARGETS_MAX && (nick = strsep(&list, ",")) != NULL) {
		if (*nick == '\0')
			continue;
		fn(u, nick, m);
		n++;
	}
}

static void
whois_nick(struct user *u, const char *nick, const struct msg *m)
{
	const struct user *other = user_find(nick);
	char word[WORD_LEN];

	(void)m;
	if (other != NULL && user_known(other))
		whois_one(u, other);
	else
		reply(u, ERR_NOSUCHNICK, word_of(word, sizeof(word), nick));
}

void
cmd_whois(struct user *u, struct msg *m)
{
	char all[LINE_MAX_IRC / 2];
	char *nicks;

	if (m->nparams == 0 || *m->param[m->nparams > 1] == '\0') {
		reply(u, ERR_NONICKNAMEGIVEN);
		return;
	}
	if (m->nparams > 1 && !for_this_server(u, m->param[0]))
		return;
	nicks = m->param[m->nparams > 1];
	/* The end names all, as they were asked for. */
	(void)word_of(all, sizeof(all), nicks);
	each_nick(u, nicks, m, whois_nick);
	reply(u, RPL_ENDOFWHOIS, all);
}

/* --- those who were ------------------------------------------------------- */

static void
whowas_entry(struct user *u, const struct whowas_entry *e)
{
	char when[64], word[HOSTLEN + 2];
	struct tm tm;

	if (localtime_r(&e->when, &tm) == NULL ||
	    strftime(when, sizeof(when), "%a %b %d %H:%M:%S %Y", &tm) == 0)
		when[0] = '\0';
	reply(u, RPL_WHOWASUSER, e->nick, e->user, e->host, e->real);
	if (user_spies(u) && e->ip[0] != '\0')
		reply(u, RPL_WHOISACTUALLY, e->nick,
		    word_of(word, sizeof(word), e->ip));
	reply(u, RPL_WHOISSERVER, e->nick, e->server, when);
}

/* "Up to count"; none, no number or less than one: all of them. */
static unsigned
wanted(const struct msg *m)
{
	const char *err;
	long long n;

	if (m->nparams < 2)
		return WHOWAS_SHOWN;
	n = strtonum(m->param[1], 1, WHOWAS_SHOWN, &err);
	return err == NULL ? (unsigned)n : WHOWAS_SHOWN;
}

static void
whowas_nick(struct user *u, const char *nick, const struct msg *m)
{
	const struct whowas_entry *e;
	const void *pos = NULL;
	unsigned n = 0, max = wanted(m);
	char word[WORD_LEN];

	while (n < max &&
	       (e = whowas_next(me.whowas, nick, me.wall, &pos)) != NULL) {
		whowas_entry(u, e);
		n++;
	}
	(void)word_of(word, sizeof(word), nick);
	if (n == 0)
		reply(u, ERR_WASNOSUCHNICK, word);
	reply(u, RPL_ENDOFWHOWAS, word);
}

void
cmd_whowas(struct user *u, struct msg *m)
{
	if (m->nparams == 0 || *m->param[0] == '\0') {
		reply(u, ERR_NONICKNAMEGIVEN);
		return;
	}
	if (m->nparams > 2 && !for_this_server(u, m->param[2]))
		return;
	each_nick(u, m->param[0], m, whowas_nick);
}
