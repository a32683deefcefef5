/* Small commands: AWAY and questions after users (RFC 2812, 3.5 and 4). */

#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "limits.h"
#include "numeric.h"
#include "user.h"
#include "words.h"

#define USERHOSTS 5 /* RFC 2812, 4.8 */

void
cmd_away(struct user *u, struct msg *m)
{
	const char *text = m->nparams > 0 ? m->param[0] : "";
	char cut[AWAYLEN + 1];
	size_t n = text_cut(text, strlen(text), AWAYLEN);

	memcpy(cut, text, n);
	cut[n] = '\0';
	if (user_set_text(&u->away, n > 0 ? cut : NULL, AWAYLEN) == -1)
		reply(u, ERR_UNKNOWNERROR, "AWAY", "Out of memory");
	else if (n > 0)
		reply(u, RPL_NOWAWAY);
	else
		reply(u, RPL_UNAWAY);
}

/* --- lists of nicknames --------------------------------------------------- */

/* A list of users as one command answers it. */
struct answer {
	unsigned max; /* words that are looked at; 0: all */
	bool (*add)(struct words *, const struct user *);
	void (*send)(struct user *, const char *text);
};

static bool
add_nick(struct words *w, const struct user *u)
{
	return words_add(w, "", u->nick);
}

static void
send_nicks(struct user *u, const char *text)
{
	reply(u, RPL_ISON, text);
}

static bool
add_host(struct words *w, const struct user *u)
{
	char prefix[NICKLEN + USERLEN + 16];

	(void)snprintf(prefix, sizeof(prefix), "%s%s=%c%s@", u->nick,
	    u->modes & UMODE_OPER ? "*" : "", u->away != NULL ? '-' : '+',
	    u->name);
	return words_add(w, prefix, u->host);
}

static void
send_hosts(struct user *u, const char *text)
{
	reply(u, RPL_USERHOST, text);
}

static void
add_to(struct user *u, const struct answer *a, struct words *w,
    const char *nick)
{
	const struct user *other = user_find(nick);

	if (other == NULL || !user_known(other) || a->add(w, other))
		return;
	a->send(u, w->text);
	words_begin(w, u, 1);
	(void)a->add(w, other);
}

/*
 * The nicks come as parameters, or as one parameter with blanks, or both.
 * Who is not here is left out, and what does not fit into one reply comes in
 * another.
 */
static void
answer(struct user *u, const struct msg *m, const struct answer *a)
{
	char *rest, *nick;
	struct words w;
	unsigned n = 0;
	int i;

	words_begin(&w, u, 1);
	for (i = 0; i < m->nparams; i++) {
		rest = m->param[i];
		while ((nick = strsep(&rest, " ")) != NULL) {
			if (*nick == '\0')
				continue;
			if (a->max != 0 && n++ >= a->max)
				break;
			add_to(u, a, &w, nick);
		}
	}
	a->send(u, w.text);
}

void
cmd_ison(struct user *u, struct msg *m)
{
	static const struct answer ison = { 0, add_nick, send_nicks };

	answer(u, m, &ison);
}

void
cmd_userhost(struct user *u, struct msg *m)
{
	static const struct answer hosts = { USERHOSTS, add_host, send_hosts };

	answer(u, m, &hosts);
}

/* --- what this server does not do ----------------------------------------- */

void
cmd_users(struct user *u, struct msg *m)
{
	if (m->nparams == 0 || for_this_server(u, m->param[0]))
		reply(u, ERR_USERSDISABLED);
}

void
cmd_summon(struct user *u, struct msg *m)
{
	if (m->nparams < 2 || for_this_server(u, m->param[1]))
		reply(u, ERR_SUMMONDISABLED);
}

/* A parameter as it comes back, "*" where there is none. */
static const char *
param_word(const struct msg *m, int n, char *out, size_t outlen)
{
	return word_of(out, outlen, m->nparams > n ? m->param[n] : "*");
}

void
cmd_servlist(struct user *u, struct msg *m)
{
	char mask[WORD_LEN], type[WORD_LEN];

	reply(u, RPL_SERVLISTEND, param_word(m, 0, mask, sizeof(mask)),
	    param_word(m, 1, type, sizeof(type)));
}

void
cmd_squery(struct user *u, struct msg *m)
{
	char word[WORD_LEN];

	if (m->nparams == 0 || *m->param[0] == '\0')
		reply(u, ERR_NORECIPIENT, "SQUERY");
	else if (m->nparams < 2 || *m->param[1] == '\0')
		reply(u, ERR_NOTEXTTOSEND);
	else
		reply(u, ERR_NOSUCHSERVICE,
		    param_word(m, 0, word, sizeof(word)));
}
