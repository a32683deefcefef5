/* WHO (RFC 2812, 3.6.1; Modern IRC). */

#include "cmd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "conn.h"
#include "limits.h"
#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "slices.h"
#include "user.h"
#include "visible.h"
#include "words.h"

#define WHO_MASK_PENALTY 2000 /* thousandths, beside the usual */

struct who {
	bool opers;	/* only operators */
	size_t bucket;	/* of the users: the next one */
	uint32_t place; /* of the channel: below it is still to be shown */
	unsigned left;	/* of WHO_MAX */
	char mask[LINE_MAX_IRC];
};

static void
who_line(struct user *u, const struct user *other, const struct chan *ch)
{
	const struct member *m = ch != NULL ? chan_member(ch, other) : NULL;
	char flags[8];
	size_t n = 0;

	flags[n++] = other->away != NULL ? 'G' : 'H';
	if (other->modes & UMODE_OPER)
		flags[n++] = '*';
	if (m != NULL && *member_prefix(m) != '\0')
		flags[n++] = *member_prefix(m);
	if (other->modes & UMODE_BOT)
		flags[n++] = 'B';
	flags[n] = '\0';
	reply(u, RPL_WHOREPLY, ch != NULL ? ch->name : "*", other->name,
	    other->host, other->server->name, other->nick, flags,
	    other->server->hops, other->real != NULL ? other->real : "");
}

/* A channel to show him on; NULL: none that the asker may know of. */
static const struct chan *
some_channel(const struct user *u, const struct user *other)
{
	const struct chan *ch, *found = NULL;
	uint32_t i;

	for (i = 0; i < other->nchans; i++) {
		ch = other->chans[i].chan;
		if (chan_member(ch, u) != NULL)
			return ch;
		if (found == NULL && chan_shown_of(u, other, ch))
			found = ch;
	}
	return found;
}

static bool
who_end(struct user *u, const struct who *w)
{
	char word[WORD_LEN];

	reply(u, RPL_ENDOFWHO, word_of(word, sizeof(word), w->mask));
	return false;
}

/*
 * A channel's members from the last place down: one who leaves is replaced
 * by the last one, who has been shown then, so that nobody is missed.
 */
static bool
who_channel(struct user *u, void *state)
{
	struct who *w = state;
	const struct chan *ch = chan_find(w->mask);
	const struct user *other;
	unsigned cost = 0;
	bool all;

	if (ch == NULL || !chan_shown(u, ch))
		return who_end(u, w);
	all = chan_member(ch, u) != NULL || user_spies(u);
	if (w->place > ch->nmembers)
		w->place = ch->nmembers;
	while (w->place > 0 && cost < SLICE_BITE) {
		other = ch->member[--w->place].user;
		cost++;
		if ((w->opers && (other->modes & UMODE_OPER) == 0) ||
		    (!all && !user_visible(u, other)))
			continue;
		who_line(u, other, ch);
		cost += SLICE_LINE;
	}
	return w->place > 0 ? true : who_end(u, w);
}

static bool
matches(const struct user *u, const char *mask, const struct user *other)
{
	if (strcmp(mask, "*") == 0 || strcmp(mask, "0") == 0)
		return true;
	return mask_match(mask, other->nick) || mask_match(mask, other->name) ||
	       mask_match(mask, other->host) ||
	       mask_match(mask, other->server->name) ||
	       (other->real != NULL && mask_match(mask, other->real)) ||
	       (other->conn != NULL && user_spies(u) &&
		   mask_match(mask, conn_ip(other->conn)));
}

static bool
who_shows(const struct user *u, const struct who *w, const struct user *other)
{
	if (w->opers && (other->modes & UMODE_OPER) == 0)
		return false;
	return user_known(other) && matches(u, w->mask, other) &&
	       user_visible(u, other);
}

static bool
who_mask(struct user *u, void *state)
{
	struct who *w = state;
	struct user *other = NULL;
	unsigned cost = 0;

	while ((other = user_each(other, &w->bucket)) != NULL) {
		cost++;
		if (who_shows(u, w, other)) {
			if (w->left == 0)
				break;
			if (!user_spies(u))
				w->left--;
			who_line(u, other, some_channel(u, other));
			cost += SLICE_LINE;
		}
		if (cost >= SLICE_BITE && other->next == NULL)
			return true;
	}
	return who_end(u, w);
}

static bool
who_nick(struct user *u, const struct who *w)
{
	const struct user *other = user_find(w->mask);

	if (other == NULL || !user_known(other))
		return false;
	if (!w->opers || other->modes & UMODE_OPER)
		who_line(u, other, some_channel(u, other));
	return true;
}

void
cmd_who(struct user *u, struct msg *m)
{
	const char *mask = m->nparams > 0 ? m->param[0] : "*";
	struct who *w = calloc(1, sizeof(*w));

	if (w != NULL) {
		strlcpy(w->mask, *mask != '\0' ? mask : "*", sizeof(w->mask));
		w->opers = m->nparams > 1 && irc_casecmp(m->param[1], "o") == 0;
		w->place = UINT32_MAX;
		w->left = WHO_MAX;
		if (who_nick(u, w)) {
			who_end(u, w);
			free(w);
			return;
		}
	}
	/* Clients ask about each channel that they join: that is not dear. */
	if (!irc_is_channel(mask))
		conn_penalty(u->conn, WHO_MASK_PENALTY);
	slice_begin(u, "WHO", irc_is_channel(mask) ? who_channel : who_mask, w);
}
