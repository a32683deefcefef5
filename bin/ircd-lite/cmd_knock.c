/*
 * KNOCK: who cannot join an invite-only channel asks its operators.  What
 * was asked lately is kept in a table of fixed size, so that nobody can be
 * drummed at.
 */
#include "cmd.h"

#include <string.h>

#include "casemap.h"
#include "channel.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "words.h"

#define KNOCKS_MAX 64 /* remembered; more in KNOCK_USER seconds: 712 */

struct knock {
	uint64_t user; /* id */
	uint64_t when; /* ms, monotonic */
	char chan[CHANNELLEN + 1];
};

static struct knock knocks[KNOCKS_MAX];

/* A place in the table for this one, or NULL: too soon. */
static struct knock *
knock_place(const struct user *u, const struct chan *ch)
{
	struct knock *k, *place = NULL;
	uint64_t age;

	for (k = knocks; k < knocks + KNOCKS_MAX; k++) {
		age = me.now - k->when;
		if (k->user == 0 || age >= KNOCK_USER * 1000)
			place = k;
		else if (k->user == u->id ||
			 (age < KNOCK_CHANNEL * 1000 &&
			     irc_casecmp(k->chan, ch->name) == 0))
			return NULL;
	}
	return place;
}

static bool
knock_may(struct user *u, struct chan *ch)
{
	if (chan_member(ch, u) != NULL)
		reply(u, ERR_KNOCKONCHAN, ch->name);
	else if ((ch->modes & CMODE_INVITE) == 0)
		reply(u, ERR_CHANOPEN, ch->name);
	else if (ch->modes & CMODE_PRIVATE || chan_banned(ch, u))
		reply(u, ERR_CANNOTSENDTOCHAN, ch->name);
	else
		return true;
	return false;
}

static void
knock(struct user *u, const struct chan *ch)
{
	uint32_t i;

	for (i = 0; i < ch->nmembers; i++)
		if (ch->member[i].modes & MEMBER_OP &&
		    ch->member[i].user->conn != NULL)
			reply(ch->member[i].user, RPL_KNOCK, ch->name,
			    u->source);
	reply(u, RPL_KNOCKDLVR, ch->name);
}

void
cmd_knock(struct user *u, struct msg *m)
{
	struct chan *ch = chan_find(m->param[0]);
	char word[WORD_LEN];
	struct knock *place;

	if (ch == NULL ||
	    (ch->modes & CMODE_SECRET && chan_member(ch, u) == NULL)) {
		reply(u, ERR_NOSUCHCHANNEL,
		    word_of(word, sizeof(word), m->param[0]));
		return;
	}
	if (!knock_may(u, ch))
		return;
	if ((place = knock_place(u, ch)) == NULL) {
		reply(u, ERR_TOOMANYKNOCK, ch->name);
		return;
	}
	place->user = u->id;
	place->when = me.now;
	strlcpy(place->chan, ch->name, sizeof(place->chan));
	knock(u, ch);
}
