/* What JOIN tells, and the parts of it that NAMES and TOPIC say alone. */

#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "channel.h"
#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"

int
user_join(struct user *u, struct chan *ch, unsigned modes)
{
	if (chan_add(ch, u, (uint8_t)modes) == -1)
		return -1;
	chan_say(ch, NULL, ":%s JOIN %s", u->source, ch->name);
	user_uninvite(u, ch->name);
	if (u->conn == NULL)
		return 0;
	if (ch->topic != NULL)
		send_topic(u, ch);
	send_names(u, ch);
	return 0;
}

void
send_topic(struct user *u, struct chan *ch)
{
	if (ch->topic == NULL) {
		reply(u, RPL_NOTOPIC, ch->name);
		return;
	}
	reply(u, RPL_TOPIC, ch->name, ch->topic);
	reply(u, RPL_TOPICWHOTIME, ch->name, ch->topic_by,
	    (long)ch->topic_at);
}

static const char *
chan_sign(const struct chan *ch)
{
	if (ch->modes & CMODE_SECRET)
		return "@";
	return ch->modes & CMODE_PRIVATE ? "*" : "=";
}

/* Append "@nick " to text if it fits below max. */
static size_t
add_name(char *text, size_t used, size_t max, const struct member *m)
{
	int n;

	n = snprintf(text + used, max - used, "%s%s ", member_prefix(m),
	    m->user->nick);
	return n < 0 || (size_t)n >= max - used ? 0 : used + (size_t)n;
}

void
send_names(struct user *u, struct chan *ch)
{
	bool member = chan_member(ch, u) != NULL;
	char text[LINE_MAX_IRC];
	size_t max, used = 0, next;
	uint32_t i;

	/* ":server 353 nick = #chan :" and CR LF are around it. */
	max = LINE_MAX_IRC - strlen(me.server.name) - strlen(u->nick) -
	      strlen(ch->name) - 14;
	for (i = 0; i < ch->nmembers; i++) {
		if (!member && ch->member[i].user->modes & UMODE_INVISIBLE)
			continue;
		next = add_name(text, used, max, &ch->member[i]);
		if (next == 0) {
			text[used - 1] = '\0';
			reply(u, RPL_NAMREPLY, chan_sign(ch), ch->name, text);
			next = add_name(text, 0, max, &ch->member[i]);
		}
		used = next;
	}
	if (used > 0) {
		text[used - 1] = '\0';
		reply(u, RPL_NAMREPLY, chan_sign(ch), ch->name, text);
	}
	reply(u, RPL_ENDOFNAMES, ch->name);
}
