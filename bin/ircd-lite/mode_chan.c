/*
 * MODE of a channel (RFC 2811, 4; RFC 2812, 3.2.3).  Each letter has a
 * function in the table; what has really changed is gathered and told to the
 * members in as few lines as it takes.
 */
#include "mode.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "channel.h"
#include "conf.h"
#include "mask.h"
#include "modeparse.h"
#include "numeric.h"
#include "right.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "words.h"

/* One MODE command. */
struct job {
	struct user *user;
	struct chan *chan;
	struct mode_out out;
	bool asked, right;   /* may he change it? asked once */
	bool missing;	     /* 461 was said */
	bool full;	     /* 478 was said */
	unsigned params;     /* changes with a parameter so far */
	bool unknown[256];   /* 472 was said */
	bool listed[NLISTS]; /* the list was shown */
};

struct mode_row {
	char letter;
	enum mode_type type;
	void (*run)(struct job *, const struct mode_row *,
	    const struct mode_change *);
	unsigned arg;
};

static const char *
limit_text(uint32_t limit, char *out, size_t outlen)
{
	snprintf(out, outlen, "%u", limit);
	return out;
}

/* ---- what has changed --------------------------------------------------- */

static void
flush(struct job *j)
{
	char text[LINE_MAX_IRC];

	if (modeout_empty(&j->out))
		return;
	chan_say(j->chan, NULL, ":%s MODE %s %s", j->user->source,
	    j->chan->name, modeout_text(&j->out, text, sizeof(text)));
	modeout_begin(&j->out, j->out.max);
}

static void
changed(struct job *j, bool add, char letter, const char *param)
{
	if (modeout_add(&j->out, add, letter, param))
		return;
	flush(j);
	(void)modeout_add(&j->out, add, letter, param);
}

static void
bad_param(struct job *j, const struct mode_change *c, const char *why)
{
	char word[WORD_LEN];

	reply(j->user, ERR_INVALIDMODEPARAM, j->chan->name, c->letter,
	    word_of(word, sizeof(word), c->param), why);
}

/* ---- flags -------------------------------------------------------------- */

static void
set_flag(struct job *j, bool add, char letter, uint32_t bit)
{
	if (((j->chan->modes & bit) != 0) == add)
		return;
	j->chan->modes ^= bit;
	changed(j, add, letter, NULL);
}

static void
run_flag(struct job *j, const struct mode_row *row, const struct mode_change *c)
{
	/* A channel is not both (RFC 2811, 4.2.6). */
	if (c->add && row->arg == CMODE_PRIVATE)
		set_flag(j, false, 's', CMODE_SECRET);
	if (c->add && row->arg == CMODE_SECRET)
		set_flag(j, false, 'p', CMODE_PRIVATE);
	set_flag(j, c->add, c->letter, row->arg);
}

/* ---- key and limit ------------------------------------------------------ */

static bool
key_valid(const char *key)
{
	const unsigned char *p = (const unsigned char *)key;

	if (*p == '\0' || *p == ':' || strlen(key) > KEYLEN)
		return false;
	for (; *p != '\0'; p++)
		if (*p <= ' ' || *p == ',' || *p == 0x7f)
			return false;
	return true;
}

static void
run_key(struct job *j, const struct mode_row *row, const struct mode_change *c)
{
	struct chan *ch = j->chan;

	(void)row;
	if (c->add && !key_valid(c->param))
		reply(j->user, ERR_INVALIDKEY, ch->name);
	else if (c->add && ch->key != NULL)
		reply(j->user, ERR_KEYSET, ch->name);
	else if (c->add && (ch->key = strdup(c->param)) != NULL)
		changed(j, true, 'k', ch->key);
	else if (!c->add && ch->key != NULL) {
		changed(j, false, 'k', ch->key);
		free(ch->key);
		ch->key = NULL;
	}
}

static void
run_limit(struct job *j, const struct mode_row *row,
    const struct mode_change *c)
{
	const char *e = NULL;
	uint32_t limit = 0;
	char text[16];

	(void)row;
	if (c->add)
		limit = (uint32_t)strtonum(c->param, 1, INT_MAX, &e);
	if (e != NULL)
		bad_param(j, c, "the limit is a number from 1 on");
	else if (limit != j->chan->limit) {
		j->chan->limit = limit;
		changed(j, c->add, 'l',
		    c->add ? limit_text(limit, text, sizeof(text)) : NULL);
	}
}

/* ---- members ------------------------------------------------------------ */

static void
run_member(struct job *j, const struct mode_row *row,
    const struct mode_change *c)
{
	struct user *who = user_chase(j->user, c->param);
	struct member *m;

	if (who == NULL)
		return;
	if ((m = chan_member(j->chan, who)) == NULL) {
		reply(j->user, ERR_USERNOTINCHANNEL, who->nick, j->chan->name);
		return;
	}
	if (((m->modes & row->arg) != 0) == c->add)
		return;
	m->modes ^= (uint8_t)row->arg;
	changed(j, c->add, c->letter, who->nick);
}

/* ---- lists -------------------------------------------------------------- */

static void
show_list(struct job *j, enum chan_list which)
{
	const char *name = j->chan->name;
	const struct chan_mask *m;
	struct user *u = j->user;

	TAILQ_FOREACH(m, &j->chan->list[which], entry)
		if (which == LIST_BAN)
			reply(u, RPL_BANLIST, name, m->mask, m->setter,
			    (long)m->when);
		else if (which == LIST_EXCEPT)
			reply(u, RPL_EXCEPTLIST, name, m->mask, m->setter,
			    (long)m->when);
		else
			reply(u, RPL_INVEXLIST, name, m->mask, m->setter,
			    (long)m->when);
	if (which == LIST_BAN)
		reply(u, RPL_ENDOFBANLIST, name);
	else if (which == LIST_EXCEPT)
		reply(u, RPL_ENDOFEXCEPTLIST, name);
	else
		reply(u, RPL_ENDOFINVEXLIST, name);
}

static void
add_mask(struct job *j, enum chan_list which, const struct mode_change *c,
    const char *mask)
{
	if (j->chan->nmasks >= LIST_MAX) {
		if (!j->full)
			reply(j->user, ERR_BANLISTFULL, j->chan->name,
			    c->letter);
		j->full = true;
	} else if (chan_mask_add(j->chan, which, mask, j->user->source,
		       me.wall) == 0)
		changed(j, true, c->letter, mask);
}

static void
run_list(struct job *j, const struct mode_row *row, const struct mode_change *c)
{
	enum chan_list which = (enum chan_list)row->arg;
	char mask[MASKLEN + 1];

	if (c->param == NULL) {
		if (!j->listed[which])
			show_list(j, which);
		j->listed[which] = true;
	} else if (mask_normal(mask, c->param) == -1 || !mask_usable(mask))
		bad_param(j, c, "not a mask; write nick!user@host");
	else if (c->add)
		add_mask(j, which, c, mask);
	else if (chan_mask_del(j->chan, which, mask))
		changed(j, false, c->letter, mask);
}

/* ---- the table ---------------------------------------------------------- */

static const struct mode_row rows[] = {
	{ 'C', MODE_FLAG, run_flag, CMODE_NOCTCP },
	{ 'I', MODE_LIST, run_list, LIST_INVEX },
	{ 'b', MODE_LIST, run_list, LIST_BAN },
	{ 'e', MODE_LIST, run_list, LIST_EXCEPT },
	{ 'i', MODE_FLAG, run_flag, CMODE_INVITE },
	{ 'k', MODE_ALWAYS, run_key, 0 },
	{ 'l', MODE_SET, run_limit, 0 },
	{ 'm', MODE_FLAG, run_flag, CMODE_MODERATED },
	{ 'n', MODE_FLAG, run_flag, CMODE_NOOUTSIDE },
	{ 'o', MODE_ALWAYS, run_member, MEMBER_OP },
	{ 'p', MODE_FLAG, run_flag, CMODE_PRIVATE },
	{ 's', MODE_FLAG, run_flag, CMODE_SECRET },
	{ 't', MODE_FLAG, run_flag, CMODE_TOPIC },
	{ 'v', MODE_ALWAYS, run_member, MEMBER_VOICE },
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static const struct mode_row *
row_of(char letter)
{
	size_t i;

	for (i = 0; i < NROWS; i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static const unsigned char *
types(void)
{
	static unsigned char table[256];
	size_t i;

	for (i = 0; i < NROWS; i++)
		table[(unsigned char)rows[i].letter] =
		    (unsigned char)rows[i].type;
	return table;
}

/* Asked when the first change needs it, and answered for the whole command:
 * "-o+v me me" is one act. */
static bool
may_change(struct job *j)
{
	if (!j->asked)
		j->right = chan_right(j->user, j->chan);
	j->asked = true;
	return j->right;
}

/* Bans are shown to all who may know the channel, as clients ask for them
 * on joining; what may pass them to operators of the channel only. */
static bool
may_see(struct job *j, enum chan_list which)
{
	if (which != LIST_BAN)
		return may_change(j);
	if ((j->chan->modes & CMODE_SECRET) == 0 ||
	    chan_member(j->chan, j->user) != NULL)
		return true;
	reply(j->user, ERR_NOTONCHANNEL, j->chan->name);
	return false;
}

/* Is the parameter there, where one is needed, and not one too many?  The
 * key that is taken away need not be named. */
static bool
params_fit(struct job *j, const struct mode_change *c)
{
	bool needed = c->letter != 'k' || c->add;

	if (c->param != NULL)
		return ++j->params <= MODES_MAX;
	if (c->type == MODE_FLAG || !needed || (c->type == MODE_SET && !c->add))
		return true;
	if (!j->missing)
		reply(j->user, ERR_NEEDMOREPARAMS, "MODE");
	j->missing = true;
	return false;
}

static void
one_change(struct job *j, const struct mode_change *c)
{
	const struct mode_row *row = row_of(c->letter);
	bool *unknown = &j->unknown[(unsigned char)c->letter];

	if (row == NULL) {
		if (!*unknown)
			reply(j->user, ERR_UNKNOWNMODE,
			    as_word((char[]){ c->letter, '\0' }));
		*unknown = true;
	} else if (c->type == MODE_LIST && c->param == NULL) {
		if (may_see(j, (enum chan_list)row->arg))
			row->run(j, row, c);
	} else if (may_change(j) && params_fit(j, c)) {
		row->run(j, row, c);
	}
}

/* ---- the command -------------------------------------------------------- */

static void
change(struct user *u, struct chan *ch, const struct msg *m)
{
	struct job j = { .user = u, .chan = ch };
	struct mode_parser p;
	struct mode_change c;

	modeout_begin(&j.out, LINE_MAX_IRC - 2 -
				  strlen(":"
					 " MODE "
					 " ") -
				  u->nsource - strlen(ch->name));
	modeparse_begin(&p, types(), m->param + 1, m->nparams - 1);
	while (modeparse_next(&p, &c))
		one_change(&j, &c);
	flush(&j);
}

const char *
chan_modes(const struct chan *ch, const struct user *asker, char *out,
    size_t outlen)
{
	bool all = chan_member(ch, asker) != NULL || asker->may & OPER_SPY;
	char letters[NROWS + 2] = "+", limit[16] = "";
	size_t n = 1, i;

	for (i = 0; i < NROWS; i++)
		if (rows[i].type == MODE_FLAG && ch->modes & rows[i].arg)
			letters[n++] = rows[i].letter;
	if (ch->limit != 0) {
		letters[n++] = 'l';
		limit_text(ch->limit, limit, sizeof(limit));
	}
	if (ch->key != NULL)
		letters[n++] = 'k';
	letters[n] = '\0';
	snprintf(out, outlen, "%s%s%s%s%s", letters,
	    all && ch->limit != 0 ? " " : "", all ? limit : "",
	    all && ch->key != NULL ? " " : "",
	    all && ch->key != NULL ? ch->key : "");
	return out;
}

void
mode_chan(struct user *u, struct msg *m)
{
	struct chan *ch = chan_find(m->param[0]);
	char text[NROWS + KEYLEN + 20], word[WORD_LEN];

	if (ch == NULL)
		reply(u, ERR_NOSUCHCHANNEL,
		    word_of(word, sizeof(word), m->param[0]));
	else if (m->nparams == 1) {
		reply(u, RPL_CHANNELMODEIS, ch->name,
		    chan_modes(ch, u, text, sizeof(text)));
		reply(u, RPL_CREATIONTIME, ch->name, (long)ch->created);
	} else if (chan_modeless(ch))
		reply(u, ERR_NOCHANMODES, ch->name);
	else
		change(u, ch, m);
}
