/* What JOIN tells, and the parts of it that NAMES and TOPIC say alone. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "channel.h"
#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "slices.h"
#include "turn.h"
#include "user.h"
#include "visible.h"

#define CROWD 1000 /* members whose names are not said at once */

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
	reply(u, RPL_TOPICWHOTIME, ch->name, ch->topic_by, (long)ch->topic_at);
}

static const char *
chan_sign(const struct chan *ch)
{
	if (ch->modes & CMODE_SECRET)
		return "@";
	return ch->modes & CMODE_PRIVATE ? "*" : "=";
}

/*
 * RPL_NAMREPLY lines, made without formatting: a channel of ten thousand
 * must not stop the others while its names are said.
 */
struct names_out {
	struct user *to;
	size_t head; /* bytes of ":server 353 nick = #chan :" */
	size_t used;
	char line[LINE_MAX_IRC];
};

static void
names_begin(struct names_out *o, struct user *to, const struct chan *ch)
{
	o->to = to;
	o->head = (size_t)snprintf(o->line, sizeof(o->line),
	    ":%s 353 %s %s %s :", me.server.name, to->nick, chan_sign(ch),
	    ch->name);
	o->used = o->head;
}

static void
names_flush(struct names_out *o)
{
	if (o->used == o->head)
		return;
	/* The blank behind the last name gives way to the line's end. */
	o->line[o->used - 1] = '\r';
	o->line[o->used++] = '\n';
	say_bytes(o->to->conn, o->line, o->used);
	o->used = o->head;
}

static void
names_add_one(struct names_out *o, const struct member *m)
{
	size_t len = strlen(m->user->nick);

	if (o->used + len + 3 > sizeof(o->line))
		names_flush(o);
	if (m->modes & (MEMBER_OP | MEMBER_VOICE))
		o->line[o->used++] = m->modes & MEMBER_OP ? '@' : '+';
	memcpy(o->line + o->used, m->user->nick, len);
	o->used += len;
	o->line[o->used++] = ' ';
}

static bool
sees_all(const struct user *u, const struct chan *ch)
{
	return chan_member(ch, u) != NULL || user_spies(u);
}

static void
names_at_once(struct user *u, const struct chan *ch)
{
	bool all = sees_all(u, ch);
	struct names_out out;
	uint32_t i;

	names_begin(&out, u, ch);
	for (i = 0; i < ch->nmembers; i++)
		if (all || !(ch->member[i].user->modes & UMODE_INVISIBLE))
			names_add_one(&out, &ch->member[i]);
	names_flush(&out);
	reply(u, RPL_ENDOFNAMES, ch->name);
}

/*
 * The names of a crowd are said a slice at a time, from the last place
 * down: who leaves meanwhile has the last one take his place, so that one
 * may be named twice, but nobody is missed.
 */
struct names_state {
	uint32_t place; /* the next is the one below */
	char chan[CHANNELLEN + 1];
};

static bool
names_slice(struct user *u, void *arg)
{
	struct names_state *s = arg;
	const struct chan *ch = chan_find(s->chan);
	struct names_out out;
	bool all;
	int n;

	if (ch == NULL || !chan_shown(u, ch)) {
		reply(u, RPL_ENDOFNAMES, s->chan);
		return false;
	}
	if (s->place > ch->nmembers)
		s->place = ch->nmembers;
	all = sees_all(u, ch);
	names_begin(&out, u, ch);
	for (n = 0; n < SLICE_BITE && s->place > 0; n++) {
		s->place--;
		if (all ||
		    !(ch->member[s->place].user->modes & UMODE_INVISIBLE))
			names_add_one(&out, &ch->member[s->place]);
	}
	names_flush(&out);
	if (s->place > 0)
		return true;
	reply(u, RPL_ENDOFNAMES, ch->name);
	return false;
}

void
send_names(struct user *u, struct chan *ch)
{
	struct names_state *s;

	if (u->conn == NULL)
		return;
	if (ch->nmembers <= CROWD || slice_running(u) ||
	    (s = calloc(1, sizeof(*s))) == NULL) {
		names_at_once(u, ch);
		return;
	}
	s->place = ch->nmembers;
	strlcpy(s->chan, ch->name, sizeof(s->chan));
	slice_begin(u, "NAMES", names_slice, s);
}
