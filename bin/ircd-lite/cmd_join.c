/* JOIN PART NAMES. */

#include <string.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "cmd.h"
#include "conf.h"
#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "visible.h"
#include "words.h"

/* --- JOIN ----------------------------------------------------------------- */

/* May he join?  If not, he has been told why. */
static bool
may_join(struct user *u, struct chan *ch, const char *key)
{
	bool invited = user_invited(u, ch->name);

	if (chan_banned(ch, u) && !invited)
		reply(u, ERR_BANNEDFROMCHAN, ch->name);
	else if (ch->modes & CMODE_INVITE && !invited &&
		 !chan_listed(ch, LIST_INVEX, u))
		reply(u, ERR_INVITEONLYCHAN, ch->name);
	else if (ch->key != NULL && (key == NULL || strcmp(key, ch->key) != 0))
		reply(u, ERR_BADCHANNELKEY, ch->name);
	else if (ch->limit != 0 && ch->nmembers >= ch->limit && !invited)
		reply(u, ERR_CHANNELISFULL, ch->name);
	else
		return true;
	return false;
}

static void
found(struct user *u, const char *name)
{
	bool op = name[0] != '+' && (u->modes & UMODE_RESTRICTED) == 0;
	struct chan *ch = chan_new(name);

	if (ch == NULL)
		return;
	if (chan_modeless(ch))
		ch->modes = CMODE_TOPIC;
	if (user_join(u, ch, op ? MEMBER_OP : 0) == -1)
		chan_gone_if_empty(ch);
}

/* "+#name" would be taken for the voices of "#name" when spoken to. */
static bool
may_be_named(const char *name)
{
	return irc_channel_valid(name) &&
	       (name[0] != '+' || !irc_is_channel(name + 1));
}

static void
join_one(struct user *u, const char *name, const char *key)
{
	struct chan *ch;

	if (!may_be_named(name)) {
		if (irc_is_channel(name) && strlen(name) > CHANNELLEN)
			reply(u, ERR_BADCHANMASK, as_word(name));
		else
			reply(u, ERR_NOSUCHCHANNEL, as_word(name));
		return;
	}
	ch = chan_find(name);
	if (ch != NULL && chan_member(ch, u) != NULL)
		return;
	if (u->nchans >= u->conn->class->channels)
		reply(u, ERR_TOOMANYCHANNELS, name);
	else if (ch == NULL)
		found(u, name);
	else if (may_join(u, ch, key))
		(void)user_join(u, ch, 0);
}

static void
part(struct user *u, struct chan *ch, const char *text)
{
	if (text != NULL && text[0] != '\0')
		chan_say(ch, NULL, ":%s PART %s :%.*s", u->source, ch->name,
		    (int)text_cut(text, strlen(text), PARTLEN), text);
	else
		chan_say(ch, NULL, ":%s PART %s", u->source, ch->name);
	chan_remove(ch, u);
}

void
cmd_join(struct user *u, struct msg *m)
{
	char *names = m->param[0], *keys = m->param[1], *name;

	if (names[0] == '\0') {
		reply(u, ERR_NEEDMOREPARAMS, "JOIN");
		return;
	}
	if (strcmp(names, "0") == 0) {
		while (u->nchans > 0)
			part(u, u->chans[0].chan, NULL);
		return;
	}
	while ((name = strsep(&names, ",")) != NULL && !u->conn->dead)
		if (name[0] != '\0')
			join_one(u, name, strsep(&keys, ","));
}

/* --- PART ----------------------------------------------------------------- */

void
cmd_part(struct user *u, struct msg *m)
{
	char *names = m->param[0], *name;
	const char *text = m->param[1];
	struct chan *ch;

	if (names[0] == '\0') {
		reply(u, ERR_NEEDMOREPARAMS, "PART");
		return;
	}
	while ((name = strsep(&names, ",")) != NULL) {
		if (name[0] == '\0')
			continue;
		if ((ch = chan_find(name)) == NULL)
			reply(u, ERR_NOSUCHCHANNEL, as_word(name));
		else if (chan_member(ch, u) == NULL)
			reply(u, ERR_NOTONCHANNEL, name);
		else
			/* One who may not speak leaves in silence. */
			part(u, ch, chan_may_speak(ch, u) ? text : NULL);
	}
}

/* --- NAMES ---------------------------------------------------------------- */

static void
names_of(struct user *u, const char *name)
{
	struct chan *ch = chan_find(name);

	if (ch != NULL && chan_shown(u, ch))
		send_names(u, ch);
	else
		reply(u, RPL_ENDOFNAMES, as_word(name));
}

void
cmd_names(struct user *u, struct msg *m)
{
	char *names = m->param[0], *name;
	int n = 0;

	/* Who is on no channel is for WHO: a list of everybody is no use. */
	if (m->nparams == 0 || names[0] == '\0') {
		reply(u, RPL_ENDOFNAMES, "*");
		return;
	}
	if (m->nparams > 1 && !for_this_server(u, m->param[1]))
		return;
	while ((name = strsep(&names, ",")) != NULL) {
		if (name[0] == '\0')
			continue;
		if (n++ == TARGETS_MAX) {
			reply(u, ERR_TOOMANYTARGETS, as_word(name));
			return;
		}
		names_of(u, name);
	}
}
