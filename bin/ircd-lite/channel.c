#include "channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "casemap.h"
#include "conn.h"
#include "mask.h"
#include "names.h"
#include "turn.h"
#include "user.h"

static uint32_t
chan_hash(const struct named *e)
{
	return ((const struct chan *)(const void *)e)->hash;
}

static struct names chans = { .hash = chan_hash };
static TAILQ_HEAD(, chan) gone = TAILQ_HEAD_INITIALIZER(gone);
unsigned chans_count;

struct chan *
chan_find(const char *name)
{
	uint32_t h = irc_hash(name);
	struct chan *ch = (struct chan *)(void *)names_first(&chans, h);

	for (; ch != NULL; ch = ch->next)
		if (ch->hash == h && irc_casecmp(ch->name, name) == 0)
			return ch;
	return NULL;
}

struct chan *
chan_each(struct chan *ch, size_t *bucket)
{
	return (struct chan *)(void *)names_each(&chans,
	    (struct named *)(void *)ch, bucket);
}

struct chan *
chan_new(const char *name)
{
	struct chan *ch = calloc(1, sizeof(*ch));
	int i;

	if (ch == NULL)
		return NULL;
	for (i = 0; i < NLISTS; i++)
		TAILQ_INIT(&ch->list[i]);
	strlcpy(ch->name, name, sizeof(ch->name));
	ch->hash = irc_hash(ch->name);
	ch->ban_serial = 1;
	ch->created = time(NULL);
	if (names_add(&chans, (struct named *)(void *)ch, ch->hash) == -1) {
		free(ch);
		return NULL;
	}
	chans_count = (unsigned)chans.count;
	return ch;
}

static void
mask_free(struct chan_mask *m)
{
	free(m->mask);
	free(m->setter);
	free(m);
}

static void
chan_free(struct chan *ch)
{
	struct chan_mask *m;
	int i;

	for (i = 0; i < NLISTS; i++)
		while ((m = TAILQ_FIRST(&ch->list[i])) != NULL) {
			TAILQ_REMOVE(&ch->list[i], m, entry);
			mask_free(m);
		}
	free(ch->topic_by);
	free(ch->topic);
	free(ch->key);
	free(ch->member);
	free(ch);
}

/* Who was invited was so to this channel, not to the next of its name. */
static void
uninvite_all(const struct chan *ch)
{
	struct user *u = NULL;
	size_t bucket = 0;

	while ((u = user_each(u, &bucket)) != NULL)
		user_uninvite(u, ch->name);
}

/* It cannot be found any more; pointers to it hold until the turn's end. */
void
chan_gone_if_empty(struct chan *ch)
{
	if (ch->nmembers > 0)
		return;
	if (ch->invited)
		uninvite_all(ch);
	chan_commit(ch);
	names_del(&chans, (struct named *)(void *)ch, ch->hash);
	chans_count = (unsigned)chans.count;
	TAILQ_INSERT_TAIL(&gone, ch, dirty);
}

void
chans_bury(void)
{
	struct chan *ch;

	while ((ch = TAILQ_FIRST(&gone)) != NULL) {
		TAILQ_REMOVE(&gone, ch, dirty);
		chan_free(ch);
	}
}

/* --- members -------------------------------------------------------------- */

static int
grow(void **array, uint32_t *room, uint32_t used, size_t size)
{
	uint32_t n = *room == 0 ? 2 : *room * 2;
	void *p;

	if (used < *room)
		return 0;
	if ((p = reallocarray(*array, n, size)) == NULL)
		return -1;
	*array = p;
	*room = n;
	return 0;
}

int
chan_add(struct chan *ch, struct user *u, uint8_t modes)
{
	void *members = ch->member, *places = u->chans;
	int r;

	r = grow(&members, &ch->amembers, ch->nmembers, sizeof(*ch->member));
	ch->member = members;
	if (r == -1)
		return -1;
	r = grow(&places, &u->achans, u->nchans, sizeof(*u->chans));
	u->chans = places;
	if (r == -1)
		return -1;
	u->chans[u->nchans++] =
	    (struct user_chan){ .chan = ch, .place = ch->nmembers };
	ch->member[ch->nmembers++] = (struct member){ .user = u,
		.modes = modes,
		.taken = ch->out != NULL ? ch->out->len : 0 };
	return 0;
}

static struct user_chan *
user_place(const struct user *u, const struct chan *ch)
{
	uint32_t i;

	for (i = 0; i < u->nchans; i++)
		if (u->chans[i].chan == ch)
			return &u->chans[i];
	return NULL;
}

struct member *
chan_member(const struct chan *ch, const struct user *u)
{
	const struct user_chan *at = user_place(u, ch);

	return at == NULL ? NULL : &ch->member[at->place];
}

void
chan_remove(struct chan *ch, struct user *u)
{
	struct user_chan *at = user_place(u, ch);
	struct member *last;

	if (at == NULL)
		return;
	chan_sync(ch, at->place);
	last = &ch->member[--ch->nmembers];
	if (at->place != ch->nmembers) {
		ch->member[at->place] = *last;
		user_place(last->user, ch)->place = at->place;
	}
	*at = u->chans[--u->nchans];
	chan_gone_if_empty(ch);
}

const char *
member_prefix(const struct member *m)
{
	if (m->modes & MEMBER_OP)
		return "@";
	return m->modes & MEMBER_VOICE ? "+" : "";
}

/* --- what the modes mean -------------------------------------------------- */

bool
chan_local(const struct chan *ch)
{
	return ch->name[0] == '&';
}

bool
chan_modeless(const struct chan *ch)
{
	return ch->name[0] == '+';
}

bool
chan_visible(const struct chan *ch, const struct user *u)
{
	return (ch->modes & (CMODE_PRIVATE | CMODE_SECRET)) == 0 ||
	       user_place(u, ch) != NULL;
}

static bool
of_addresses(const char *mask)
{
	const char *at = strrchr(mask, '@');

	return at != NULL && mask_means_address(at + 1);
}

/* nick!user@host, by the shown host and by the address. */
bool
chan_listed(const struct chan *ch, enum chan_list which, const struct user *u)
{
	char by_ip[NICKLEN + USERLEN + HOSTLEN + 8];
	const struct chan_mask *m;

	if (TAILQ_EMPTY(&ch->list[which]))
		return false;
	snprintf(by_ip, sizeof(by_ip), "%s!%s@%s", u->nick, u->name,
	    u->conn != NULL ? conn_ip(u->conn) : u->host);
	TAILQ_FOREACH(m, &ch->list[which], entry)
		if (mask_match(m->mask, by_ip) ||
		    (!of_addresses(m->mask) && mask_match(m->mask, u->source)))
			return true;
	return false;
}

static bool
find_banned(const struct chan *ch, const struct user *u)
{
	return chan_listed(ch, LIST_BAN, u) && !chan_listed(ch, LIST_EXCEPT, u);
}

bool
chan_banned(struct chan *ch, const struct user *u)
{
	struct member *m = chan_member(ch, u);

	if (TAILQ_EMPTY(&ch->list[LIST_BAN]))
		return false;
	if (m == NULL)
		return find_banned(ch, u);
	if (m->checked != ch->ban_serial) {
		m->banned = find_banned(ch, u);
		m->checked = ch->ban_serial;
	}
	return m->banned;
}

void
chan_lists_changed(struct chan *ch)
{
	uint32_t i;

	if (++ch->ban_serial != 0)
		return;
	/* It has come round: what was found under an old one is void. */
	for (i = 0; i < ch->nmembers; i++)
		ch->member[i].checked = 0;
	ch->ban_serial = 1;
}

bool
chan_may_speak(struct chan *ch, const struct user *u)
{
	const struct member *m = chan_member(ch, u);

	if (m == NULL && ch->modes & CMODE_NOOUTSIDE)
		return false;
	if (m != NULL && m->modes & (MEMBER_OP | MEMBER_VOICE))
		return true;
	return (ch->modes & CMODE_MODERATED) == 0 && !chan_banned(ch, u);
}

/* --- lists ---------------------------------------------------------------- */

static struct chan_mask *
mask_find(const struct chan *ch, enum chan_list which, const char *mask)
{
	struct chan_mask *m;

	TAILQ_FOREACH(m, &ch->list[which], entry)
		if (irc_casecmp(m->mask, mask) == 0)
			return m;
	return NULL;
}

int
chan_mask_add(struct chan *ch, enum chan_list which, const char *mask,
    const char *setter, time_t when)
{
	struct chan_mask *m;

	if (mask_find(ch, which, mask) != NULL)
		return 1;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return -1;
	m->mask = strdup(mask);
	m->setter = strdup(setter);
	m->when = when;
	if (m->mask == NULL || m->setter == NULL) {
		mask_free(m);
		return -1;
	}
	TAILQ_INSERT_TAIL(&ch->list[which], m, entry);
	ch->nmasks++;
	chan_lists_changed(ch);
	return 0;
}

bool
chan_mask_del(struct chan *ch, enum chan_list which, char *mask)
{
	struct chan_mask *m = mask_find(ch, which, mask);

	if (m == NULL)
		return false;
	strlcpy(mask, m->mask, MASKLEN + 1);
	TAILQ_REMOVE(&ch->list[which], m, entry);
	mask_free(m);
	ch->nmasks--;
	chan_lists_changed(ch);
	return true;
}
