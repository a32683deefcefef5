/*
 * K-lines: masks, time, replacing, and the file that outlives the server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ircd-lite/conf.h"
#include "ircd-lite/server.h"
#include "ircd-lite/xline.h"
#include "tap.h"

#define OPER "op!o@localhost"

static struct in6_addr
address(const char *text)
{
	struct in6_addr ip = IN6ADDR_ANY_INIT;
	char v4[64];

	snprintf(v4, sizeof(v4), "::ffff:%s", text);
	if (inet_pton(AF_INET6, text, &ip) != 1)
		(void)inet_pton(AF_INET6, v4, &ip);
	return ip;
}

/* ---- masks -------------------------------------------------------------- */

static const struct {
	const char *mask, *user, *host, *ip;
	bool hit;
} matches[] = {
	{ "bob@*", "bob", "host.example.org", "192.0.2.1", true },
	{ "bob@*", "~bob", "host.example.org", "192.0.2.1", true },
	{ "~bob@*", "bob", "host.example.org", "192.0.2.1", false },
	{ "~bob@*", "~bob", "host.example.org", "192.0.2.1", true },
	{ "bob@*", "bobo", "host.example.org", "192.0.2.1", false },
	{ "*@host.example.org", "x", "HOST.Example.ORG", "192.0.2.1", true },
	{ "host.example.org", "x", "host.example.org", "192.0.2.1", true },
	{ "*.example.org", "x", "host.example.org", "192.0.2.1", true },
	{ "*.example.org", "x", "example.org", "192.0.2.1", false },
	{ ".example.org", "x", "a.b.example.org", "192.0.2.1", true },
	{ ".example.org", "x", "badexample.org", "192.0.2.1", false },
	{ "*@192.0.2.*", "x", "host.example.org", "192.0.2.7", true },
	{ "*@192.0.2.*", "x", "host.example.org", "192.0.3.7", false },
	{ "*@192.0.2.0/24", "x", "host.example.org", "192.0.2.7", true },
	{ "*@192.0.2.0/24", "x", "host.example.org", "192.0.3.7", false },
	{ "192.0.2.7", "x", "host.example.org", "192.0.2.7", true },
	{ "192.0.2.7", "x", "host.example.org", "192.0.2.70", false },
	{ "bob@192.0.2.0/24", "al", "host.example.org", "192.0.2.7", false },
	{ "*@2001:db8::/32", "x", "h.example.org", "2001:db8::1", true },
	{ "*@2001:db8::/32", "x", "h.example.org", "2001:db9::1", false },
	{ "*@::1", "x", "localhost", "::1", true },
	{ "*@::/1", "x", "file", "", false },
};

static void
test_matches(void)
{
	struct in6_addr ip;
	bool set;

	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		ip = address(matches[i].ip);
		ok(xline_hits(matches[i].mask, matches[i].user, matches[i].host,
		       matches[i].ip, &ip) == matches[i].hit,
		    "%s %s %s@%s (%s)", matches[i].mask,
		    matches[i].hit ? "hits" : "misses", matches[i].user,
		    matches[i].host, matches[i].ip);
		xline_clear();
		set = xline_add(matches[i].mask, "out", OPER, 0) == 0 &&
		      xline_match(matches[i].user, matches[i].host,
			  matches[i].ip, &ip) != NULL;
		ok(set == matches[i].hit, "so it does in the set");
	}
	xline_clear();
}

static const struct {
	const char *mask;
	bool good;
} checks[] = {
	{ "bob@host.example.org", true },
	{ "*@host.example.org", true },
	{ "host.example.org", true },
	{ "*bob*@*", true },
	{ "*@192.0.2.0/24", true },
	{ "*@10.0.0.0/8", true },
	{ "*@2001:db8::/32", true },
	{ "*@2001:db8::/100", true },
	{ "*@0.0.0.0/0", false },
	{ "*@10.0.0.0/7", false },
	{ "*@::/0", false },
	{ "*@2000::/3", false },
	{ "*@*", false },
	{ "any", false },
	{ "*", false },
	{ "*@*.*", false },
	{ "?*@*?", false },
	{ "a@*", false },
	{ "*@*.de", false },
	{ "", false },
	{ "@host", false },
	{ "bob@", false },
	{ "bob@host@host", false },
	{ "nick!bob@host", false },
	{ "bob@ho st", false },
	{ ":bob@host", false },
	{ "#bob@host", false },
	{ "*@192.0.2.0/33", false },
	{ "*@192.0.2.x/24", false },
	{ "bob@host\nbob", false },
};

static void
test_checks(void)
{
	char err[256];
	int r;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		err[0] = '\0';
		r = xline_check(checks[i].mask, err, sizeof(err));
		is_int(r, checks[i].good ? 0 : -1, "mask %zu", i);
		ok((r == 0) == (err[0] == '\0'), "with a reason if not");
	}
}

/* ---- the set ------------------------------------------------------------ */

static const char *
match(const char *user)
{
	struct in6_addr ip = address("192.0.2.1");

	return xline_match(user, "host.example.org", "192.0.2.1", &ip);
}

static unsigned
count(void)
{
	const struct xline *x = NULL;
	unsigned n = 0;

	while ((x = xline_each(x)) != NULL)
		n++;
	return n;
}

static void
test_set(void)
{
	me.wall = 1000;
	is_int(count(), 0, "nobody is in it at first");
	ok(match("bob") == NULL, "nobody is meant");
	is_int(xline_add("bob@*", "spam", OPER, 0), 0, "one is set");
	is_str(match("bob"), "spam", "he is meant, with the reason");
	ok(match("al") == NULL, "another is not");
	is_int(xline_add("BOB@*", "more spam", OPER, 0), 0, "the same again");
	is_int(count(), 1, "replaces it");
	is_str(match("bob"), "more spam", "the new reason");
	is_int(xline_add("al@*", "", OPER, 0), -1, "no reason");
	is_int(errno, EINVAL, "errno");
	is_int(xline_add("a b@*", "x", OPER, 0), -1, "no mask");
	is_int(errno, EINVAL, "errno");
	is_int(xline_del("al@*"), -1, "what is not there");
	is_int(errno, ENOENT, "errno");
	is_int(xline_del("boB@*"), 0, "removed");
	ok(match("bob") == NULL, "he is not meant any more");
	is_int(count(), 0, "empty");
	is_int(xline_add("host.example.org", "x", OPER, 0), 0, "a host");
	ok(xline_find("*@host.example.org") != NULL, "is *@host");
	is_int(xline_del("host.example.org"), 0, "and is removed as host");
}

static void
test_time(void)
{
	me.wall = 1000;
	(void)xline_add("bob@*", "for a while", OPER, 1060);
	(void)xline_add("al@*", "for ever", OPER, 0);
	me.wall = 1059;
	is_str(match("bob"), "for a while", "until its last second");
	is_int(xline_find("bob@*")->when, 1000, "when it was set");
	me.wall = 1060;
	ok(match("bob") == NULL, "not after it");
	is_int(count(), 1, "it is gone");
	is_str(match("al"), "for ever", "the other holds");
	me.wall = 2000000000;
	is_str(match("al"), "for ever", "for ever");
	is_int(xline_del("bob@*"), -1, "a past one cannot be removed");
	xline_clear();
	me.wall = 1000;
}

static void
test_many(void)
{
	char mask[64];
	unsigned i, bad = 0;

	for (i = 0; i < XLINES_MAX; i++) {
		snprintf(mask, sizeof(mask), "user%u@*", i);
		bad += xline_add(mask, "x", OPER, i == 7 ? 5000 : 0) != 0;
	}
	is_int(bad, 0, "%u of them", XLINES_MAX);
	is_int(xline_add("bob@*", "x", OPER, 0), -1, "and no more");
	is_int(errno, ENOSPC, "errno");
	is_int(xline_add("user9@*", "y", OPER, 0), 0, "but a new reason");
	me.wall = 5000;
	is_int(xline_add("bob@*", "x", OPER, 0), 0, "or when one is over");
	xline_clear();
	me.wall = 1000;
}

/* ---- the configuration's ------------------------------------------------ */

static void
test_conf(void)
{
	static char m1[] = "bob@*", r1[] = "by configuration", m2[] = "al@*",
		    wrong[] = "a b";
	struct conf_kline a = { .mask = m1, .reason = r1 };
	struct conf_kline b = { .mask = m2, .reason = r1 };
	struct conf_kline c = { .mask = wrong, .reason = r1 };
	struct conf one, two;

	STAILQ_INIT(&one.klines);
	STAILQ_INIT(&two.klines);
	STAILQ_INSERT_TAIL(&one.klines, &a, entry);
	is_int(xline_conf(&one), 0, "those of a configuration");
	is_str(match("bob"), "by configuration", "hold");
	is_int(xline_del("bob@*"), -1, "and cannot be removed");
	is_int(errno, EPERM, "errno");
	is_int(xline_add("bob@*", "too", OPER, 0), 0, "beside one set");
	is_int(count(), 2, "both are there");
	ok(xline_each(NULL)->setter == NULL, "configuration's first");
	STAILQ_INSERT_TAIL(&two.klines, &b, entry);
	is_int(xline_conf(&two), 0, "another configuration");
	is_str(match("bob"), "too", "leaves what was set");
	is_str(match("al"), "by configuration", "and brings its own");
	is_int(count(), 2, "instead of the former");
	STAILQ_INSERT_TAIL(&two.klines, &c, entry);
	is_int(xline_conf(&two), -1, "one with a bad mask");
	is_int(count(), 2, "changes nothing");
	xline_clear();
	is_int(count(), 0, "all forgotten");
}

/* ---- the file ----------------------------------------------------------- */

static unsigned nbad, badline;

static void
bad(void *arg, unsigned line, const char *why)
{
	(void)arg;
	(void)why;
	nbad++;
	badline = line;
}

static int
load(const char *text)
{
	nbad = badline = 0;
	xline_clear();
	return xline_load(text, strlen(text), bad, NULL);
}

static void
test_file(void)
{
	size_t len = 0, again = 0;
	char *text, *second;

	me.wall = 1000;
	(void)xline_add("bob@*", "spam: a lot of it", OPER, 0);
	(void)xline_add("*@192.0.2.0/24", ":-) # x", "a!b@c", 5000);
	(void)xline_add("al@*", "over soon", OPER, 1500);
	me.wall = 2000;
	text = xline_text(&len);
	is_str(text,
	    "bob@* 1000 0 " OPER " spam: a lot of it\n"
	    "*@192.0.2.0/24 1000 5000 a!b@c :-) # x\n",
	    "written, those that still hold");
	is_int(len, strlen(text), "its length");
	is_int(load(text), 0, "read again");
	is_int(nbad, 0, "nothing is wrong with it");
	is_int(count(), 2, "both are there");
	is_int(xline_find("bob@*")->when, 1000, "when it was set");
	is_str(xline_find("bob@*")->setter, OPER, "by whom");
	is_int(xline_find("192.0.2.0/24")->expires, 5000, "until when");
	is_str(match("al"), ":-) # x", "it holds, with its reason");
	second = xline_text(&again);
	is_str(second, text, "written again it is the same");
	free(second);
	free(text);
	xline_clear();
	text = xline_text(&len);
	is_str(text, "", "none: an empty file");
	free(text);
	me.wall = 1000;
}

static const char *const bad_lines[] = {
	"bob@*",
	"bob@* 1",
	"bob@* 1 0",
	"bob@* 1 0 " OPER,
	"bob@* 1 0 " OPER " ",
	"bob@* 1 0  reason",
	"bob@* x 0 " OPER " reason",
	"bob@* -1 0 " OPER " reason",
	"bob@* 1 +1 " OPER " reason",
	"bob@* 1 99999999999999999999 " OPER " reason",
	"bob@*  1 0 " OPER " reason",
	" bob@* 1 0 " OPER " reason",
	"a!b@* 1 0 " OPER " reason",
	"*@10.0.0.0/99 1 0 " OPER " reason",
	"\377\376",
	" ",
};

static void
test_bad_file(void)
{
	char text[512], *out;
	size_t len;

	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		snprintf(text, sizeof(text), "# note\n%s\nal@* 1 0 %s x\n",
		    bad_lines[i], OPER);
		is_int(load(text), 0, "a file with \"%s\"", bad_lines[i]);
		ok(nbad == 1 && badline == 2, "is told of, with its line");
		ok(count() == 1 && match("al") != NULL, "the rest holds");
		out = xline_text(&len);
		is_str(out, text, "and it is kept as it is");
		free(out);
	}
	is_int(load(""), 0, "an empty file");
	is_int(load("\n\n"), 0, "empty lines");
	is_int(nbad, 0, "are fine");
	is_int(load("al@* 1 0 " OPER " x"), 0, "no newline at the end");
	ok(match("al") != NULL, "is a line too");
	nbad = 0;
	xline_clear();
	(void)xline_load("al@* 1 0 a b\0c\n", 15, bad, NULL);
	is_int(nbad, 1, "a NUL is told of");
	xline_clear();
}

int
main(void)
{
	test_matches();
	test_checks();
	test_set();
	test_time();
	test_many();
	test_conf();
	test_file();
	test_bad_file();
	return done_testing();
}
