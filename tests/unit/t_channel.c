/*
 * Channels: who is on which, at which place, whatever the order in which they
 * come and go; what modes and lists mean.
 */
#include "ircd-lite/channel.h"

#include <stdlib.h>

#include "ircd-lite/server.h"
#include "ircd-lite/user.h"
#include "tap.h"

#define USERS 40
#define CHANS 6
#define ROUNDS 20000

static struct server here = { .name = "irc.test.example" };

/* A user of another server: nothing is written to him. */
static struct user *
new_user(const char *nick, const char *name, const char *host)
{
	struct user *u = user_new(NULL, &here);

	if (u == NULL || user_set_nick(u, nick) == -1 ||
	    user_set_name(u, name) == -1 || user_set_host(u, host) == -1 ||
	    user_enter(u) == -1) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return u;
}

static void
drop_user(struct user *u)
{
	while (u->nchans > 0)
		chan_remove(u->chans[u->nchans - 1].chan, u);
	user_leave(u);
	user_free(u);
}

static uint32_t
below(uint32_t n)
{
	static uint32_t state = 1;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* ---- members ---- */

static struct user *user[USERS];
static struct chan *chan[CHANS];
static bool on[USERS][CHANS];

static bool
consistent(void)
{
	const struct member *m;
	uint32_t n;

	for (int c = 0; c < CHANS; c++) {
		n = 0;
		for (int u = 0; u < USERS; u++) {
			m = chan[c] == NULL ? NULL
					    : chan_member(chan[c], user[u]);
			if ((m != NULL) != on[u][c])
				return false;
			if (m != NULL &&
			    (m->user != user[u] || m->modes != u % 4))
				return false;
			n += on[u][c];
		}
		if ((chan[c] == NULL) != (n == 0) ||
		    (n > 0 && chan[c]->nmembers != n))
			return false;
	}
	return true;
}

static void
come_or_go(int u, int c)
{
	char name[8];

	(void)snprintf(name, sizeof(name), "#c%d", c);
	if (chan[c] == NULL)
		chan[c] = chan_new(name);
	if (on[u][c])
		chan_remove(chan[c], user[u]);
	else if (chan_add(chan[c], user[u], (uint8_t)(u % 4)) == -1)
		return;
	on[u][c] = !on[u][c];
	chan[c] = chan_find(name);
	chans_bury();
}

static void
test_members(void)
{
	bool good = true;
	char nick[8];
	int i;

	for (i = 0; i < USERS; i++) {
		(void)snprintf(nick, sizeof(nick), "u%d", i);
		user[i] = new_user(nick, "n", "h.example");
	}
	for (i = 0; i < ROUNDS && good; i++) {
		come_or_go((int)below(USERS), (int)below(CHANS));
		good = i % 50 != 0 || consistent();
	}
	ok(good && consistent(), "%d come and go: all have their places", i);
	for (i = 0; i < USERS; i++)
		drop_user(user[i]);
	chans_bury();
	is_int(chans_count, 0, "the last ones take the channels with them");
	is_int(users_count, 0, "no user is left");
}

static void
test_names(void)
{
	struct user *u = new_user("u", "n", "h");
	struct chan *ch = chan_new("#Chan[x]");
	size_t bucket = 0;

	chan_add(ch, u, MEMBER_OP);
	ok(chan_find("#cHAN{X}") == ch, "a name in other letters");
	ok(chan_find("#chan(x)") == NULL, "another name");
	is_str(ch->name, "#Chan[x]", "as it was made");
	ok(chan_each(NULL, &bucket) == ch, "the only one");
	ok(chan_each(ch, &bucket) == NULL, "is so");
	chan_gone_if_empty(ch);
	ok(chan_find("#chan[x]") == ch, "it stays while somebody is there");
	ok(!chan_local(ch) && !chan_modeless(ch), "#");
	chan_remove(ch, u);
	ok(chan_find("#chan[x]") == NULL, "it goes with the last one");
	is_str(ch->name, "#Chan[x]", "but can be spoken of in this turn");
	chan_remove(ch, u);
	chans_bury();
	chan_add(ch = chan_new("&l"), u, 0);
	ok(chan_local(ch) && !chan_modeless(ch), "&");
	chan_add(ch = chan_new("+m"), u, 0);
	ok(!chan_local(ch) && chan_modeless(ch), "+");
	drop_user(u);
	chans_bury();
}

static void
test_prefix(void)
{
	static const struct {
		uint8_t modes;
		const char *sign;
	} signs[] = { { 0, "" }, { MEMBER_VOICE, "+" }, { MEMBER_OP, "@" },
		{ MEMBER_OP | MEMBER_VOICE, "@" } };
	struct member m = { 0 };

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		m.modes = signs[i].modes;
		is_str(member_prefix(&m), signs[i].sign, "sign %zu", i);
	}
}

/* ---- modes and lists ---- */

static void
test_visible(void)
{
	struct user *in = new_user("in", "n", "h");
	struct user *out = new_user("out", "n", "h");
	struct chan *ch = chan_new("#v");

	chan_add(ch, in, 0);
	ok(chan_visible(ch, out), "all see a channel");
	ch->modes = CMODE_SECRET;
	ok(!chan_visible(ch, out) && chan_visible(ch, in), "not +s");
	ch->modes = CMODE_PRIVATE;
	ok(!chan_visible(ch, out) && chan_visible(ch, in), "nor +p");
	drop_user(in);
	drop_user(out);
	chans_bury();
}

/* Who may speak, by the channel's modes, his own, and whether he is banned;
 * modes of 'x': not on the channel. */
static const struct {
	uint32_t chan;
	char member;
	bool banned, may;
} speech[] = {
	{ 0, ' ', false, true },
	{ 0, ' ', true, false },
	{ 0, '+', true, true },
	{ 0, '@', true, true },
	{ 0, 'x', false, true },
	{ 0, 'x', true, false },
	{ CMODE_NOOUTSIDE, ' ', false, true },
	{ CMODE_NOOUTSIDE, 'x', false, false },
	{ CMODE_MODERATED, ' ', false, false },
	{ CMODE_MODERATED, '+', false, true },
	{ CMODE_MODERATED, '@', true, true },
	{ CMODE_MODERATED, 'x', false, false },
	{ CMODE_MODERATED | CMODE_NOOUTSIDE, '+', true, true },
};

static void
test_speech(void)
{
	struct user *u = new_user("u", "n", "h.example");
	struct user *other = new_user("other", "n", "h");
	struct chan *ch;

	for (size_t i = 0; i < sizeof(speech) / sizeof(*speech); i++) {
		ch = chan_new("#s");
		chan_add(ch, other, 0);
		if (speech[i].member != 'x')
			chan_add(ch, u,
			    speech[i].member == '@'   ? MEMBER_OP
			    : speech[i].member == '+' ? MEMBER_VOICE
						      : 0);
		ch->modes = speech[i].chan;
		if (speech[i].banned)
			chan_mask_add(ch, LIST_BAN, "U!*@*", "me", 1);
		ok(chan_may_speak(ch, u) == speech[i].may, "case %zu", i);
		chan_remove(ch, u);
		chan_remove(ch, other);
		chans_bury();
	}
	drop_user(u);
	drop_user(other);
}

static const struct {
	const char *mask;
	bool hits;
} masks[] = {
	{ "*!*@*", true },
	{ "joe!*@*", true },
	{ "JOE!*@*", true },
	{ "jo[e]!*@*", false },
	{ "joe!~user@host.example.org", true },
	{ "joe!user@host.example.org", false },
	{ "*!*@*.example.org", true },
	{ "*!*@*.EXAMPLE.org", true },
	{ "*!*@example.org", false },
	{ "j?e!*@*", true },
	{ "j?!*@*", false },
	{ "", false },
	{ "*", true },
};

static void
test_masks(void)
{
	struct user *u = new_user("Joe", "~user", "host.example.org");
	struct chan *ch = chan_new("#m");

	chan_add(ch, u, 0);
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		char mask[MASKLEN + 1];

		(void)strlcpy(mask, masks[i].mask, sizeof(mask));
		is_int(chan_mask_add(ch, LIST_BAN, mask, "me", 1), 0, "add");
		ok(chan_banned(ch, u) == masks[i].hits, "banned by \"%s\"",
		    masks[i].mask);
		ok(chan_mask_del(ch, LIST_BAN, mask), "del");
		ok(!chan_banned(ch, u), "and no more");
	}
	drop_user(u);
	chans_bury();
}

static void
test_lists(void)
{
	struct user *u = new_user("joe", "n", "h.example");
	struct chan *ch = chan_new("#l");
	char mask[MASKLEN + 1] = "JOE!*@*";

	chan_add(ch, u, 0);
	is_int(chan_mask_add(ch, LIST_BAN, "joe!*@*", "me", 5), 0, "a ban");
	is_int(chan_mask_add(ch, LIST_BAN, "Joe!*@*", "you", 6), 1,
	    "the same again");
	is_int(ch->nmasks, 1, "is no second one");
	ok(chan_banned(ch, u), "he is banned");
	is_int(chan_mask_add(ch, LIST_EXCEPT, "*!n@*", "me", 5), 0, "but");
	ok(!chan_banned(ch, u), "is an exception");
	ok(chan_listed(ch, LIST_BAN, u), "though he is on the list");
	ok(!chan_listed(ch, LIST_INVEX, u), "of bans alone");
	is_int(ch->nmasks, 2, "masks are counted together");
	ok(!chan_mask_del(ch, LIST_INVEX, mask), "each list has its own");
	ok(chan_mask_del(ch, LIST_BAN, mask), "one is taken off");
	is_str(mask, "joe!*@*", "as it was put on");
	ok(!chan_mask_del(ch, LIST_BAN, mask), "once");
	is_int(ch->nmasks, 1, "one is left");
	/* What was found out holds until a list changes, however often. */
	chan_mask_add(ch, LIST_BAN, "nobody!*@*", "me", 1);
	for (int i = 0; i < 65536; i++)
		chan_lists_changed(ch);
	ok(!chan_banned(ch, u), "after many changes");
	chan_mask_add(ch, LIST_BAN, "*!*@h.example", "me", 1);
	(void)strlcpy(mask, "*!n@*", sizeof(mask));
	chan_mask_del(ch, LIST_EXCEPT, mask);
	ok(chan_banned(ch, u), "and banned again");
	ok(ch->ban_serial != 0, "the serial is never 0");
	drop_user(u);
	chans_bury();
}

int
main(void)
{
	test_members();
	test_names();
	test_prefix();
	test_visible();
	test_speech();
	test_masks();
	test_lists();
	return done_testing();
}
