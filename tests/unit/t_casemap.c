/*
 * Names: their case, their hash, and what may be one.
 */
#include "ircd-lite/casemap.h"

#include <stdlib.h>

#include "ircd-lite/limits.h"
#include "tap.h"

/* Bytes of a name of n bytes that begins with c. */
static const char *
name(char c, size_t n)
{
	static char text[300];

	memset(text, 'x', n);
	text[0] = c;
	text[n] = '\0';
	return text;
}

static const struct {
	const char *a, *b;
	int rfc1459, ascii; /* sign of the comparison */
} pairs[] = {
	{ "", "", 0, 0 },
	{ "a", "", 1, 1 },
	{ "", "a", -1, -1 },
	{ "Nick", "nICK", 0, 0 },
	{ "a[]\\~", "A{}|^", 0, -1 },
	{ "{}|^", "[]\\~", 0, 1 },
	{ "@", "`", -1, -1 },
	{ "_", "\177", -1, -1 },
	{ "\304", "\344", -1, -1 },
	{ "nick", "nicks", -1, -1 },
	{ "b", "A", 1, 1 },
	{ "Z", "a", 1, 1 },
	{ "a\377", "a\1", 1, 1 },
};

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
test_case(bool ascii)
{
	casemap_set(ascii);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const char *a = pairs[i].a, *b = pairs[i].b;
		int want = ascii ? pairs[i].ascii : pairs[i].rfc1459;

		is_int(sign(irc_casecmp(a, b)), want, "%s: '%s' and '%s'",
		    ascii ? "ascii" : "rfc1459", a, b);
		is_int(sign(irc_casecmp(b, a)), -want, "the other way");
		ok((irc_hash(a) == irc_hash(b)) == (want == 0), "their hash");
	}
	casemap_set(false);
}

static void
test_fold(void)
{
	int wrong = 0, folded = 0;

	for (int c = 0; c < 256; c++) {
		unsigned char l = irc_tolower((unsigned char)c);

		wrong += irc_tolower(l) != l;
		folded += l != c;
	}
	is_int(wrong, 0, "folding twice is folding once");
	is_int(folded, 26 + 4, "letters and []\\~ have a lower case");
	casemap_set(true);
	folded = 0;
	for (int c = 0; c < 256; c++)
		folded += irc_tolower((unsigned char)c) != c;
	is_int(folded, 26, "ascii: letters only");
	casemap_set(false);
	is_int(irc_tolower('~'), '^', "and back");
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Names that differ little are spread over a table. */
static void
test_hash(void)
{
	static uint32_t hash[10000];
	unsigned longest = 0, same = 0, chains[1024] = { 0 };
	char text[40];

	for (unsigned i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "#channel%u", i);
		hash[i] = irc_hash(text);
		if (++chains[hash[i] % 1024] > longest)
			longest = chains[hash[i] % 1024];
	}
	ok(longest < 40, "longest chain of 10 on average: %u", longest);
	qsort(hash, 10000, sizeof(*hash), by_value);
	for (unsigned i = 1; i < 10000; i++)
		same += hash[i] == hash[i - 1];
	ok(same < 3, "of 10000 hashes %u are not alone", same);
	for (unsigned i = 0; i < 20; i++) {
		strlcpy(text, name('x', 20), sizeof(text));
		text[i] = 'y';
		ok(irc_hash(text) != irc_hash(name('x', 20)), "byte %u", i);
	}
	for (unsigned i = 1; i < 20; i++)
		ok(irc_hash(name('a', i)) != irc_hash(name('a', i + 1)),
		    "%u bytes and one more", i);
}

static const struct {
	const char *name;
	bool nick, channel, host;
} names[] = {
	{ "", false, false, false },
	{ "a", true, false, true },
	{ "Z", true, false, true },
	{ "[]\\`_^{|}", true, false, false },
	{ "a-1", true, false, true },
	{ "-a", false, false, true },
	{ "1a", false, false, true },
	{ "~a", false, false, false },
	{ "a~", false, false, false },
	{ "a b", false, false, false },
	{ " a", false, false, false },
	{ "a.b", false, false, true },
	{ "a:b", false, false, true },
	{ "a@b", false, false, false },
	{ "a!b", false, false, false },
	{ "a*", false, false, false },
	{ "\303\251", false, false, false },
	{ "a\177", false, false, false },
	{ "#", false, true, false },
	{ "&", false, true, false },
	{ "+", false, true, false },
	{ "!", false, false, false },
	{ "#a", false, true, false },
	{ "&local", false, true, false },
	{ "+modeless", false, true, false },
	{ "#\303\251\377", false, true, false },
	{ "##+&!@*", false, true, false },
	{ "#a b", false, false, false },
	{ "#a,b", false, false, false },
	{ "#a:b", false, false, false },
	{ "#a\a", false, false, false },
	{ "#a\t", false, false, false },
	{ "#a\177", false, false, false },
	{ "#a\r", false, false, false },
	{ "host-1.example.net", false, false, true },
	{ "192.0.2.1", false, false, true },
	{ "2001:db8::1", false, false, true },
	{ "0::1", false, false, true },
	{ "::1", false, false, false },
	{ ":", false, false, false },
	{ "net/user/x_y", false, false, true },
	{ "a,b", false, false, false },
	{ "a$b", false, false, false },
	{ "a\033[1m", false, false, false },
};

static void
test_valid(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *s = names[i].name;

		is_int(irc_nick_valid(s), names[i].nick, "nick '%s'", s);
		is_int(irc_channel_valid(s), names[i].channel, "channel '%s'",
		    s);
		is_int(irc_hostname_valid(s), names[i].host, "host '%s'", s);
	}
	ok(irc_nick_valid(name('a', NICKLEN)), "a nick of NICKLEN");
	ok(!irc_nick_valid(name('a', NICKLEN + 1)), "not one more");
	ok(irc_channel_valid(name('#', CHANNELLEN)), "CHANNELLEN");
	ok(!irc_channel_valid(name('#', CHANNELLEN + 1)), "not one more");
	ok(irc_hostname_valid(name('a', HOSTLEN)), "HOSTLEN");
	ok(!irc_hostname_valid(name('a', HOSTLEN + 1)), "not one more");
	ok(irc_is_channel("#a b") && irc_is_channel("&") &&
		irc_is_channel("+") && !irc_is_channel("") &&
		!irc_is_channel("a#"),
	    "the first byte says what is a channel");
}

static const struct {
	const char *in, *out;
} users[] = {
	{ "", "" },
	{ "joe", "joe" },
	{ "j o\te", "joe" },
	{ "a@b!c", "abc" },
	{ "@!", "" },
	{ ":joe", "joe" },
	{ "::j:e", "j:e" },
	{ "~joe", "~joe" },
	{ "\001\033j\177\200\377", "j" },
	{ "1234567890", "1234567890" },
	{ "12345678901", "1234567890" },
	{ " 1 2 3 4 5 6 7 8 9 0 1 ", "1234567890" },
};

static void
test_username(void)
{
	char out[USERLEN + 2];

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		memset(out, '#', sizeof(out));
		irc_username(out, users[i].in);
		is_str(out, users[i].out, "user '%s'", users[i].in);
		is_int(out[USERLEN + 1], '#', "no byte too many");
	}
}

int
main(void)
{
	test_case(false);
	test_case(true);
	test_fold();
	test_hash();
	test_valid();
	test_username();
	return done_testing();
}
