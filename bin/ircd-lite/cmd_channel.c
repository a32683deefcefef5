/*
 * TOPIC, INVITE, KICK.
 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "numeric.h"
#include "right.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "words.h"

/* The channel as he may know it: a secret one does not exist for those who
 * are not on it (RFC 2811, 4.2.6).  NULL: 403 has been said. */
static struct chan *
known_chan(struct user *u, const char *name)
{
	struct chan *ch = chan_find(name);
	char word[WORD_LEN];

	if (ch != NULL &&
	    ((ch->modes & CMODE_SECRET) == 0 || chan_member(ch, u) != NULL))
		return ch;
	reply(u, ERR_NOSUCHCHANNEL, word_of(word, sizeof(word), name));
	return NULL;
}

/* ---- TOPIC -------------------------------------------------------------- */

static void
topic_show(struct user *u, struct chan *ch)
{
	if (!chan_visible(ch, u))
		reply(u, ERR_NOTONCHANNEL, ch->name);
	else if (ch->topic == NULL)
		reply(u, RPL_NOTOPIC, ch->name);
	else
		send_topic(u, ch);
}

static bool
topic_may(struct user *u, const struct chan *ch)
{
	if (ch->modes & CMODE_TOPIC)
		return chan_right(u, ch);
	if (chan_member(ch, u) != NULL)
		return true;
	reply(u, ERR_NOTONCHANNEL, ch->name);
	return false;
}

static void
topic_set(struct user *u, struct chan *ch, const char *text)
{
	if (user_set_text(&ch->topic_by, u->source, u->nsource) == -1 ||
	    user_set_text(&ch->topic, text,
		text_cut(text, strlen(text), TOPICLEN)) == -1) {
		reply(u, ERR_UNKNOWNERROR, "TOPIC", "no memory");
		return;
	}
	ch->topic_at = me.wall;
	chan_say(ch, NULL, ":%s TOPIC %s :%s", u->source, ch->name, ch->topic);
	if (*ch->topic == '\0')
		(void)user_set_text(&ch->topic, NULL, 0);
}

void
cmd_topic(struct user *u, struct msg *m)
{
	struct chan *ch = known_chan(u, m->param[0]);

	if (ch == NULL)
		return;
	if (m->nparams == 1)
		topic_show(u, ch);
	else if (chan_modeless(ch)) /* it has +t and no operators */
		reply(u, ERR_NOCHANMODES, ch->name);
	else if (topic_may(u, ch))
		topic_set(u, ch, m->param[1]);
}

/* ---- INVITE ------------------------------------------------------------- */

static void
invite_list(struct user *u)
{
	uint32_t i;

	for (i = 0; i < u->ninvites; i++)
		reply(u, RPL_INVITELIST, u->invites[i]);
	reply(u, RPL_ENDOFINVITELIST);
}

static bool
invite_may(struct user *u, const struct chan *ch, const struct user *who)
{
	if (chan_member(ch, u) == NULL)
		reply(u, ERR_NOTONCHANNEL, ch->name);
	else if (chan_member(ch, who) != NULL)
		reply(u, ERR_USERONCHANNEL, who->nick, ch->name);
	else
		return (ch->modes & CMODE_INVITE) == 0 || chan_right(u, ch);
	return false;
}

/* The invitation of an operator of the channel opens it; that of others is
 * a message. */
static void
invite(struct user *u, struct chan *ch, struct user *who)
{
	if (chan_member(ch, u)->modes & MEMBER_OP &&
	    (u->modes & UMODE_RESTRICTED) == 0 &&
	    user_invite(who, ch->name) == -1) {
		reply(u, ERR_UNKNOWNERROR, "INVITE", "no memory");
		return;
	}
	reply(u, RPL_INVITING, who->nick, ch->name);
	if (who->away != NULL)
		reply(u, RPL_AWAY, who->nick, who->away);
	if (who->conn != NULL)
		say(who->conn, ":%s INVITE %s %s", u->source, who->nick,
		    ch->name);
}

void
cmd_invite(struct user *u, struct msg *m)
{
	char word[WORD_LEN];
	struct user *who;
	struct chan *ch;

	if (m->nparams == 0) {
		invite_list(u);
		return;
	}
	if (m->nparams == 1) {
		reply(u, ERR_NEEDMOREPARAMS, "INVITE");
		return;
	}
	who = user_find(m->param[0]);
	if (who == NULL || !user_known(who)) {
		reply(u, ERR_NOSUCHNICK,
		    word_of(word, sizeof(word), m->param[0]));
		return;
	}
	if ((ch = known_chan(u, m->param[1])) != NULL && invite_may(u, ch, who))
		invite(u, ch, who);
}

/* ---- KICK --------------------------------------------------------------- */

static bool
kick(struct user *u, const char *name, const char *nick, const char *reason)
{
	struct chan *ch = known_chan(u, name);
	struct user *who;

	if (ch == NULL || !chan_right(u, ch))
		return false;
	if ((who = user_chase(u, nick)) == NULL)
		return true;
	if (chan_member(ch, who) == NULL) {
		reply(u, ERR_USERNOTINCHANNEL, who->nick, ch->name);
		return true;
	}
	chan_say(ch, NULL, ":%s KICK %s %s :%.*s", u->source, ch->name,
	    who->nick, (int)text_cut(reason, strlen(reason), KICKLEN), reason);
	chan_remove(ch, who);
	return true;
}

static unsigned
words(const char *list)
{
	unsigned n = 1;

	while ((list = strchr(list, ',')) != NULL) {
		list++;
		n++;
	}
	return n;
}

/* One channel and some users, or as many of the one as of the other (RFC
 * 2812, 3.2.8). */
void
cmd_kick(struct user *u, struct msg *m)
{
	const char *reason = m->nparams > 2 ? m->param[2] : u->nick;
	char *chans = m->param[0], *nicks = m->param[1], *nick, *name = chans;
	char word[WORD_LEN];
	unsigned nchans = words(chans), n;

	if (*nicks == '\0' || (nchans != 1 && nchans != words(nicks))) {
		reply(u, ERR_NEEDMOREPARAMS, "KICK");
		return;
	}
	for (n = 1; (nick = strsep(&nicks, ",")) != NULL; n++) {
		if (nchans > 1)
			name = strsep(&chans, ",");
		if (*nick == '\0')
			continue;
		if (n > KICKS_MAX) {
			reply(u, ERR_TOOMANYTARGETS,
			    word_of(word, sizeof(word), nick));
			return;
		}
		if (!kick(u, name, nick, reason) && nchans == 1)
			return;
	}
}
