/*
 * The nickname history: order, bounds in number and age, chasing.
 */
#include "ircd-lite/whowas.h"

#include <stdlib.h>

#include "tap.h"

static void
add(struct whowas *w, const char *nick, const char *user, time_t when,
    uint64_t id)
{
	struct whowas_entry e = { .when = when, .id = id };

	strlcpy(e.nick, nick, sizeof(e.nick));
	strlcpy(e.user, user, sizeof(e.user));
	if (whowas_add(w, &e) == -1)
		ok(0, "no memory");
}

/* The users of nick, newest first, as one text. */
static const char *
users(const struct whowas *w, const char *nick, time_t now)
{
	static char text[400];
	const struct whowas_entry *e;
	const void *pos = NULL;
	size_t n = 0;

	text[0] = '\0';
	while ((e = whowas_next(w, nick, now, &pos)) != NULL)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    n > 0 ? " " : "", e->user);
	return text;
}

static void
test_order(void)
{
	struct whowas *w = whowas_new(10, 100);

	is_str(users(w, "a", 1000), "", "nobody yet");
	add(w, "a", "one", 1000, 0);
	add(w, "b", "two", 1001, 0);
	add(w, "A", "three", 1002, 0);
	add(w, "a[", "four", 1003, 0);
	is_str(users(w, "a", 1004), "three one", "newest first");
	is_str(users(w, "B", 1004), "two", "by the server's case");
	is_str(users(w, "A{", 1004), "four", "of brackets too");
	is_str(users(w, "c", 1004), "", "others not");
	is_str(users(w, "", 1004), "", "no name at all");
	is_str(users(w, "a", 1100), "three one", "100 s old");
	is_str(users(w, "a", 1101), "three", "no older");
	is_str(users(w, "a", 1103), "", "one by one");
	is_str(users(w, "a", 900), "three one", "a clock set back");
	whowas_free(w);
	whowas_free(NULL);
}

static void
test_max(void)
{
	struct whowas *w = whowas_new(3, 100);

	for (int i = 0; i < 5; i++)
		add(w, i % 2 == 0 ? "a" : "b", (char[]){ (char)('0' + i), 0 },
		    1000, 0);
	is_str(users(w, "a", 1000), "4 2", "the oldest went");
	is_str(users(w, "b", 1000), "3", "of all names");
	whowas_limit(w, 1, 100);
	is_str(users(w, "a", 1000), "4", "a lower limit holds at once");
	is_str(users(w, "b", 1000), "", "for all");
	whowas_limit(w, 3, 10);
	is_str(users(w, "a", 1011), "", "so does a lower age");
	add(w, "a", "5", 1011, 0);
	add(w, "a", "6", 1012, 0);
	add(w, "a", "7", 1013, 0);
	is_str(users(w, "a", 1013), "7 6 5", "a higher limit too");
	whowas_limit(w, 0, 10);
	is_str(users(w, "a", 1013), "", "a limit of none");
	add(w, "a", "8", 1014, 9);
	is_str(users(w, "a", 1014), "", "keeps none");
	is_int(whowas_chase(w, "a", 1014, 90), 0, "and chases nobody");
	whowas_free(w);
}

static void
test_copy(void)
{
	struct whowas *w = whowas_new(10, 100);
	struct whowas_entry e = {
		.nick = "nick",
		.user = "~user",
		.host = "host",
		.ip = "192.0.2.1",
		.real = "A B",
		.server = "irc.example",
		.when = 1000,
		.id = 7,
	};
	struct whowas_entry want = e;
	const struct whowas_entry *got;
	const void *pos = NULL;

	whowas_add(w, &e);
	memset(&e, 'x', sizeof(e));
	got = whowas_next(w, "NICK", 1000, &pos);
	ok(got != NULL && memcmp(got, &want, sizeof(want)) == 0,
	    "an entry is copied, all of it");
	ok(whowas_next(w, "NICK", 1000, &pos) == NULL, "and there once");
	whowas_free(w);
}

static void
test_chase(void)
{
	struct whowas *w = whowas_new(100, 1000);

	add(w, "a", "x", 1000, 5);
	is_int(whowas_chase(w, "A", 1001, 90), 5, "who gave it up");
	is_int(whowas_chase(w, "b", 1001, 90), 0, "nobody did");
	is_int(whowas_chase(w, "a", 1090, 90), 5, "90 s ago");
	is_int(whowas_chase(w, "a", 1091, 90), 0, "no longer");
	add(w, "a", "x", 1010, 6);
	is_int(whowas_chase(w, "a", 1011, 90), 6, "the last one");
	whowas_gone(w, 6);
	is_int(whowas_chase(w, "a", 1011, 90), 0, "who has gone");
	is_str(users(w, "a", 1011), "x x", "WHOWAS knows both still");
	add(w, "b", "x", 1012, 5);
	add(w, "c", "x", 1013, 5);
	add(w, "d", "y", 1014, 0);
	is_int(whowas_chase(w, "b", 1015, 90), 5, "several names of one");
	is_int(whowas_chase(w, "d", 1015, 90), 0, "one who went by QUIT");
	whowas_gone(w, 0);
	whowas_gone(w, 99);
	is_int(whowas_chase(w, "c", 1015, 90), 5, "others going is nothing");
	whowas_gone(w, 5);
	is_int(whowas_chase(w, "b", 1015, 90), 0, "gone from all of them");
	is_int(whowas_chase(w, "c", 1015, 90), 0, "all");
	whowas_gone(w, 5);
	whowas_free(w);
}

#define ADDED 20000
#define KEPT 700

/* Against a plain list, while it grows, is full, and ids go. */
static void
test_model(void)
{
	static struct {
		unsigned nick;
		uint64_t id;
	} model[ADDED];
	struct whowas *w = whowas_new(KEPT, 1000000);
	unsigned seed = 1, wrong = 0;
	char nick[20], user[20];

	for (int i = 0; i < ADDED; i++) {
		int last = -1, n = 0, got = 0;
		const struct whowas_entry *e;
		const void *pos = NULL;

		seed = seed * 1664525 + 1013904223;
		model[i].nick = (seed >> 16) % 300;
		model[i].id = (seed >> 8) % 50;
		snprintf(nick, sizeof(nick), "nick%u", model[i].nick);
		snprintf(user, sizeof(user), "%d", i);
		add(w, nick, user, 1000 + i, model[i].id);
		seed = seed * 1664525 + 1013904223;
		if (i % 5 == 0)
			whowas_gone(w, seed >> 24);
		for (int k = i; k >= 0 && k > i - KEPT; k--) {
			if (i % 5 == 0 && model[k].id == seed >> 24)
				model[k].id = 0;
			if (model[k].nick == model[i].nick) {
				last = last == -1 ? k : last;
				n++;
			}
		}
		while ((e = whowas_next(w, nick, 1000 + i, &pos)) != NULL)
			got++;
		wrong += got != n;
		wrong += whowas_chase(w, nick, 1000 + i, 90) != model[last].id;
	}
	is_int(wrong, 0, "%d entries like a plain list", ADDED);
	whowas_free(w);
}

int
main(void)
{
	test_order();
	test_max();
	test_copy();
	test_chase();
	test_model();
	return done_testing();
}
