/* LIST (RFC 2812, 3.2.6) with the conditions of Modern IRC's ELIST. */

#include "cmd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "limits.h"
#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "slices.h"
#include "user.h"
#include "visible.h"

#define MASKS 8 /* of each kind */

/* A number is below less and above more; -1: it need not be. */
struct bounds {
	long long less, more;
};

struct listing {
	size_t bucket;	     /* the next one, when all are looked at */
	bool by_name;	     /* else all channels */
	struct bounds users; /* how many */
	struct bounds age;   /* minutes since it was made */
	struct bounds topic_age;
	unsigned nmasks, nnots;
	uint16_t mask[MASKS], not [MASKS]; /* places in text */
	size_t at, len;
	char text[LINE_MAX_IRC]; /* the items, each with its NUL */
};

/* ">3", "<10" */
static bool
take_bound(struct bounds *b, const char *s)
{
	const char *err;
	long long n = strtonum(s + 1, 0, INT32_MAX, &err);

	if (err == NULL && *s == '<')
		b->less = n;
	else if (err == NULL)
		b->more = n;
	return true;
}

static bool
is_bound(const char *s)
{
	return *s == '<' || *s == '>';
}

/* A condition that is no mask; false: it is something else. */
static bool
take_condition(struct listing *l, const char *s)
{
	if (is_bound(s))
		return take_bound(&l->users, s);
	if ((*s == 'C' || *s == 'c') && is_bound(s + 1))
		return take_bound(&l->age, s + 1);
	if ((*s == 'T' || *s == 't') && is_bound(s + 1))
		return take_bound(&l->topic_age, s + 1);
	return false;
}

static void
take_item(struct listing *l, size_t at)
{
	const char *s = l->text + at;

	if (*s == '\0' || take_condition(l, s))
		return;
	if (*s == '!' && !irc_is_channel(s)) {
		if (l->nnots < MASKS)
			l->not [l->nnots++] = (uint16_t)(at + 1);
	} else if (strpbrk(s, "*?") != NULL || !irc_is_channel(s)) {
		if (l->nmasks < MASKS)
			l->mask[l->nmasks++] = (uint16_t)at;
	} else
		l->by_name = true;
}

/* The items of a parameter are put behind those that are there. */
static void
take_items(struct listing *l, const char *param)
{
	size_t n = strlen(param), i, begin = l->len;

	if (l->len + n + 1 > sizeof(l->text))
		return;
	memcpy(l->text + l->len, param, n + 1);
	for (i = l->len; i < l->len + n; i++) {
		if (l->text[i] != ',')
			continue;
		l->text[i] = '\0';
		take_item(l, begin);
		begin = i + 1;
	}
	take_item(l, begin);
	l->len += n + 1;
}

static bool
within(const struct bounds *b, long long n)
{
	return (b->less == -1 || n < b->less) && (b->more == -1 || n > b->more);
}

static bool
any_bound(const struct bounds *b)
{
	return b->less != -1 || b->more != -1;
}

static bool
meets_masks(const struct listing *l, const char *name)
{
	unsigned i;

	for (i = 0; i < l->nnots; i++)
		if (mask_match(l->text + l->not [i], name))
			return false;
	for (i = 0; i < l->nmasks; i++)
		if (mask_match(l->text + l->mask[i], name))
			return true;
	return l->nmasks == 0;
}

static bool
meets(const struct listing *l, const struct chan *ch)
{
	if (!within(&l->users, ch->nmembers) ||
	    !within(&l->age, (me.wall - ch->created) / 60))
		return false;
	if (any_bound(&l->topic_age) &&
	    (ch->topic == NULL ||
		!within(&l->topic_age, (me.wall - ch->topic_at) / 60)))
		return false;
	return meets_masks(l, ch->name);
}

/* Returns what it cost, in units of slices.h. */
static unsigned
list_one(struct user *u, const struct listing *l, const struct chan *ch)
{
	if (!chan_shown(u, ch) || !meets(l, ch))
		return 1;
	reply(u, RPL_LIST, ch->name, ch->nmembers,
	    ch->topic != NULL ? ch->topic : "");
	return SLICE_LINE;
}

/* The channels that were named. */
static bool
some_named(struct user *u, struct listing *l)
{
	const struct chan *ch;
	const char *name;
	unsigned cost = 0;

	while (l->at < l->len) {
		name = l->text + l->at;
		l->at += strlen(name) + 1;
		if (irc_is_channel(name) && (ch = chan_find(name)) != NULL)
			cost += list_one(u, l, ch);
		if (cost >= SLICE_BITE)
			return true;
	}
	return false;
}

/* A bucket of the channels' hash is finished before the rest waits. */
static bool
some_of_all(struct user *u, struct listing *l)
{
	struct chan *ch = NULL;
	unsigned cost = 0;

	while ((ch = chan_each(ch, &l->bucket)) != NULL) {
		cost += list_one(u, l, ch);
		if (cost >= SLICE_BITE && ch->next == NULL)
			return true;
	}
	return false;
}

static bool
list_some(struct user *u, void *state)
{
	struct listing *l = state;

	if (l->by_name ? some_named(u, l) : some_of_all(u, l))
		return true;
	reply(u, RPL_LISTEND);
	return false;
}

/* The second parameter is a server (RFC 2812) or conditions (Modern IRC). */
static bool
is_conditions(const char *s)
{
	return is_bound(s) || *s == '!' ||
	       (strchr("CcTt", *s) != NULL && *s != '\0' && is_bound(s + 1));
}

void
cmd_list(struct user *u, struct msg *m)
{
	struct listing *l;

	if (m->nparams > 1 && !is_conditions(m->param[1]) &&
	    !for_this_server(u, m->param[1]))
		return;
	if ((l = calloc(1, sizeof(*l))) != NULL) {
		l->users = l->age = l->topic_age =
		    (struct bounds){ .less = -1, .more = -1 };
		if (m->nparams > 0)
			take_items(l, m->param[0]);
		if (m->nparams > 1 && is_conditions(m->param[1]))
			take_items(l, m->param[1]);
		/* With masks, a name is one of them. */
		l->by_name = l->by_name && l->nmasks == 0;
		reply(u, RPL_LISTSTART);
	}
	slice_begin(u, "LIST", list_some, l);
}
