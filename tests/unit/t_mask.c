/*
 * Masks: what they match, in which time, and the form that lists keep.
 */
#include "ircd-lite/mask.h"

#include <time.h>

#include "ircd-lite/casemap.h"
#include "ircd-lite/limits.h"
#include "tap.h"

static const struct {
	const char *mask, *text;
	bool match;
} masks[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "", false },
	{ "abc", "abc", true },
	{ "abc", "ABC", true },
	{ "abc", "abd", false },
	{ "abc", "ab", false },
	{ "abc", "abcd", false },
	{ "[a]\\~", "{A}|^", true },
	{ "?", "", false },
	{ "?", "a", true },
	{ "?", "\377", true },
	{ "?", "ab", false },
	{ "a?c", "abc", true },
	{ "a?c", "ac", false },
	{ "*", "", true },
	{ "*", "anything", true },
	{ "**", "", true },
	{ "***", "a", true },
	{ "*?", "", false },
	{ "?*", "", false },
	{ "?*", "a", true },
	{ "*?*", "a", true },
	{ "*?*", "", false },
	{ "*??*", "a", false },
	{ "?*?", "a", false },
	{ "?*?", "ab", true },
	{ "*?*?*", "ab", true },
	{ "*?*?*", "a", false },
	{ "a*c", "ac", true },
	{ "a*c", "abbbc", true },
	{ "a*c", "abbbcd", false },
	{ "a*c", "c", false },
	{ "a*a", "a", false },
	{ "a*a", "aa", true },
	{ "ab*ba", "aba", false },
	{ "ab*ba", "abba", true },
	{ "*abc*", "ababcab", true },
	{ "*abc*", "ababab", false },
	{ "*aab*", "aaab", true },
	{ "*a*b*", "ba", false },
	{ "*a*b*", "bab", true },
	{ "a*b*c", "abc", true },
	{ "a*b*c", "aXbYc", true },
	{ "a*b*c", "acb", false },
	{ "*ab*ab*", "ab", false },
	{ "*ab*ab*", "abab", true },
	{ "*ab*ab*", "aab", false },
	{ "*a?c*", "xxabcxx", true },
	{ "*a?c*", "xxacxx", false },
	{ "*a?b?c*", "aab1c", true },
	{ "*a?b?c*", "aaabc", false },
	{ "*[*", "x{x", true },
	{ "*!*@*.example.net", "nick!user@host.example.net", true },
	{ "*!*@*.example.net", "nick!user@example.net", false },
	{ "*!*@*.EXAMPLE.net", "nick!user@host.example.NET", true },
	{ "nick!*@*", "nick!u@h", true },
	{ "nick!*@*", "nick2!u@h", false },
	{ "*!~*@*", "nick!~user@h", true },
	{ "*!~*@*", "nick!user@h", false },
	/* a backslash escapes these two */
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "\\*", "\\a", false },
	{ "\\?", "?", true },
	{ "\\?", "a", false },
	{ "*\\*", "abc", false },
	{ "*\\*", "ab*", true },
	{ "\\**", "*abc", true },
	{ "\\**", "abc", false },
	{ "*\\**", "ab*c", true },
	{ "*\\**", "abc", false },
	{ "*\\?*", "ab?c", true },
	{ "*\\?*", "abc", false },
	{ "*\\?", "ab", false },
	{ "*\\?", "a?", true },
	{ "*\\?", "?", true },
	/* and nothing else */
	{ "\\", "\\", true },
	{ "\\", "|", true },
	{ "a\\b", "a\\b", true },
	{ "a\\b!*", "a\\b!u@h", true },
	{ "a\\b!*", "ab!u@h", false },
	{ "*a\\b*", "xa\\bx", true },
	{ "*a\\b*", "xabx", false },
	{ "*\\b", "x\\b", true },
	{ "*\\", "ab\\", true },
	{ "*\\\\*", "\\*", true },
	{ "*\\\\*", "\\x", false },
};

static void
test_match(void)
{
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++)
		is_int(mask_match(masks[i].mask, masks[i].text), masks[i].match,
		    "'%s' and '%s'", masks[i].mask, masks[i].text);
}

static void
test_ascii(void)
{
	casemap_set(true);
	ok(!mask_match("a[", "A{"), "ascii: brackets differ in front");
	ok(!mask_match("*[", "A{"), "at the end");
	ok(!mask_match("*[*", "A{"), "in the middle");
	ok(mask_match("*aB*", "xAbx"), "letters do not");
	casemap_set(false);
}

/* n times unit, then tail. */
static const char *
repeat(const char *unit, size_t n, const char *tail)
{
	static char text[2][70000];
	static int turn;
	char *p = text[turn ^= 1];

	for (size_t i = 0; i < n; i++, p += strlen(unit))
		memcpy(p, unit, strlen(unit));
	memcpy(p, tail, strlen(tail) + 1);
	return text[turn];
}

static void
test_positions(void)
{
	ok(mask_usable(""), "an empty mask");
	ok(mask_usable(repeat("*", 5000, "")), "stars are no positions");
	ok(mask_usable(repeat("a", 128, "")), "128 positions");
	ok(!mask_usable(repeat("a", 129, "")), "129");
	ok(mask_usable(repeat("*a", 128, "*")), "128 with stars");
	ok(!mask_usable(repeat("*a", 129, "*")), "129 with stars");
	ok(mask_usable(repeat("\\*", 128, "")), "128 escaped ones");
	ok(!mask_usable(repeat("\\*", 129, "")), "129 escaped ones");
	ok(!mask_usable(repeat("?", 129, "")), "129 of any byte");
	ok(mask_match(repeat("a", 128, ""), repeat("a", 128, "")), "used");
	ok(!mask_match(repeat("a", 129, ""), repeat("a", 129, "")),
	    "more match nothing, not even themselves");
	ok(!mask_match(repeat("*a", 200, ""), repeat("a", 200, "")),
	    "with stars neither");
	for (size_t n = 60; n <= 128; n++) {
		ok(mask_match(repeat("*a", n, "*"), repeat("a", n, "")),
		    "%zu positions between stars", n);
		ok(!mask_match(repeat("*a", n, "*"), repeat("a", n - 1, "")),
		    "and a byte too few");
	}
	ok(mask_match(repeat("*?", 127, "*b*"), repeat("a", 127, "b")),
	    "the last of 128 positions");
	ok(!mask_match(repeat("*?", 127, "*b*"), repeat("a", 127, "")),
	    "which is looked at");
}

/* With backtracking the first of these would last for ages. */
static void
test_time(void)
{
	struct timespec began, ended;
	long long ms;
	int n = 0;

	clock_gettime(CLOCK_MONOTONIC, &began);
	n += mask_match(repeat("*a", 120, "*b*"), repeat("a", 60000, ""));
	n += mask_match(repeat("*a", 200, "*b"), repeat("a", 60000, ""));
	n += mask_match(repeat("*?a", 60, "*b*"), repeat("a", 60000, ""));
	n += mask_match(repeat("*", 60000, "b"), repeat("a", 60000, ""));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	ms = (ended.tv_sec - began.tv_sec) * 1000 +
	     (ended.tv_nsec - began.tv_nsec) / 1000000;
	is_int(n, 0, "hostile masks do not match");
	ok(ms < 1000, "and it does not take long: %lld ms", ms);
}

#define A29 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 A29 "aaaaa" A29

static const struct {
	const char *in, *out; /* out NULL: refused */
} forms[] = {
	{ "nick", "nick!*@*" },
	{ "user@host", "*!user@host" },
	{ "a!b", "a!b@*" },
	{ "a!b@c", "a!b@c" },
	{ "A!B@C", "A!B@C" },
	{ "*", "*!*@*" },
	{ "?", "?!*@*" },
	{ "!", "*!*@*" },
	{ "@", "*!*@*" },
	{ "!@", "*!*@*" },
	{ "!u@", "*!u@*" },
	{ "n!@", "n!*@*" },
	{ "@host", "*!*@host" },
	{ "user@", "*!user@*" },
	{ "host.name", "*!*@host.name" },
	{ "*.host", "*!*@*.host" },
	{ "2001:db8::1", "*!*@2001:db8::1" },
	{ "n!host.name", "n!host.name@*" },
	{ "**", "*!*@*" },
	{ "a**b!**@c***", "a*b!*@c*" },
	{ "*?*", "*?*!*@*" },
	{ "\\**", "\\**!*@*" },
	{ "\\***", "\\**!*@*" },
	{ "\\*\\*", "\\*\\*!*@*" },
	{ "a\\b", "a\\b!*@*" },
	{ "a\\", "a\\!*@*" },
	{ "a@b@c", "*!a@b@c" },
	{ "a!b!c@d", "a!b!c@d" },
	{ "a@b!c", "a@b!c@*" },
	{ "\303\251", "\303\251!*@*" },
	{ A29 "a", A29 "a!*@*" },
	{ A29 "aa", A29 "*!*@*" },
	{ A29 "*", A29 "*!*@*" },
	{ A29 "**", A29 "*!*@*" },
	{ A29 "*a", A29 "*!*@*" },
	{ A29 "a*", A29 "*!*@*" },
	{ A29 "\\*", A29 "*!*@*" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\b!*@*" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\bc",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa*!*@*" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\*",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\*!*@*" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\\*c",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa*!*@*" },
	{ "0123456789@h", "*!0123456789@h" },
	{ "0123456789a@h", "*!012345678*@h" },
	{ "@" A63, "*!*@" A63 },
	{ "@" A63 "a", "*!*@" A29 "aaaa" A29 "*" },
	{ A29 "aa!0123456789a@" A63 "a",
	    A29 "*!012345678*@" A29 "aaaa" A29 "*" },
	{ "", NULL },
	{ ":a", NULL },
	{ ":", NULL },
	{ "a b", NULL },
	{ " a", NULL },
	{ "a ", NULL },
	{ "a\tb", NULL },
	{ "a\002", NULL },
	{ "a\177", NULL },
	{ "a!b@c\r", NULL },
};

static void
test_normal(void)
{
	char out[MASKLEN + 2], again[MASKLEN + 1];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		memset(out, '#', sizeof(out));
		is_int(mask_normal(out, forms[i].in),
		    forms[i].out == NULL ? -1 : 0, "the form of '%s'",
		    forms[i].in);
		is_int(out[MASKLEN + 1], '#', "no byte too many");
		if (forms[i].out == NULL)
			continue;
		is_str(out, forms[i].out, "is '%s'", forms[i].out);
		mask_normal(again, out);
		is_str(again, out, "whose form is itself");
	}
	for (size_t n = 1; n < 400; n += 7) {
		is_int(mask_normal(out, repeat("*\\*a", n, "")), 0, "long");
		ok(strlen(out) <= MASKLEN && mask_usable(out), "and usable");
	}
}

static void
test_means_address(void)
{
	ok(mask_means_address("192.168.*"), "digits and dots are addresses");
	ok(mask_means_address("10.?.0.1"), "with wildcards too");
	ok(!mask_means_address("192.168.example.org"), "a name is not");
	ok(!mask_means_address("*.1"), "nor what may begin as a name");
	ok(!mask_means_address("*"), "nor all");
}

int
main(void)
{
	test_match();
	test_ascii();
	test_positions();
	test_time();
	test_normal();
	test_means_address();
	return done_testing();
}
