/*
 * What vsapd counts against its limits, for whom, and what is given back.
 */
#include <arpa/inet.h>

#include "tap.h"
#include "vsapd/friends.h"
#include "vsapd/limit.h"

static uint64_t now;

static uint64_t
test_clock(void)
{
	return now;
}

static struct limits *
limits(void)
{
	struct limits *l;

	/* no machine is up for as long: time goes on from limits_new() */
	now = 1000000000000ull;
	l = limits_new();
	limits_set_clock(l, test_clock);
	return l;
}

static struct limit_who
who(const char *owner, const char *ip)
{
	struct limit_who w = { .owner = owner };

	if (inet_pton(AF_INET6, ip, &w.ip) != 1)
		printf("Bail out! %s\n", ip);
	return w;
}

static struct conf
conf(void)
{
	struct conf c = { .prefix4 = 24, .prefix6 = 56 };

	return c;
}

/* ---- in every scope or in none ---- */

static const struct {
	enum conf_scope scope;
	const char *owner, *ip;
	bool same; /* counts with "user:a" at 10.1.2.3 */
} scopes[] = {
	{ SCOPE_TOTAL, "user:b", "2001:db8::1", true },
	{ SCOPE_TOTAL, "uid:0", "::", true },
	{ SCOPE_USER, "user:a", "::ffff:10.9.9.9", true },
	{ SCOPE_USER, "user:a", "::", true },
	{ SCOPE_USER, "user:b", "::ffff:10.1.2.3", false },
	{ SCOPE_USER, "user:A", "::ffff:10.1.2.3", false },
	{ SCOPE_SOURCE, "user:b", "::ffff:10.1.2.3", true },
	{ SCOPE_SOURCE, "user:a", "::ffff:10.1.2.4", false },
	{ SCOPE_SOURCE, "user:a", "::10.1.2.3", false },
	{ SCOPE_PREFIX, "user:b", "::ffff:10.1.2.254", true },
	{ SCOPE_PREFIX, "user:a", "::ffff:10.1.3.3", false },
	{ SCOPE_PREFIX, "user:a", "2001:db8::1", false },
};

static void
test_scopes(void)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++) {
		struct limits *l = limits();
		struct conf c = conf();
		struct limit_who a = who("user:a", "::ffff:10.1.2.3"),
				 b = who(scopes[i].owner, scopes[i].ip);
		struct limit_hold one = { 0 }, two = { 0 };
		enum conf_scope scope = SCOPE_MAX;

		c.limit[LIMIT_BINDS][scopes[i].scope] = 1;
		ok(limit_take(l, &c, &a, LIMIT_BINDS, &one, &scope), "one");
		is_int(limit_take(l, &c, &b, LIMIT_BINDS, &two, &scope),
		    !scopes[i].same, "a second of %s at %s", scopes[i].owner,
		    scopes[i].ip);
		if (scopes[i].same) {
			is_int(scope, scopes[i].scope, "the scope is told");
			ok(!limit_is_held(&two), "nothing is held");
			is_int(limits_refused(l, LIMIT_BINDS, scope), 1,
			    "and counted");
		}
		limit_give(&two);
		ok(limit_take(l, &c, &b, LIMIT_WAITING, &two, &scope),
		    "another item is not concerned");
		limit_give(&one);
		ok(limit_take(l, &c, &b, LIMIT_BINDS, &one, NULL),
		    "given back, taken again");
		limits_free(l);
	}
	limits_free(NULL);
}

/* Networks of IPv6 have 56 bits, of IPv4 24, or what the file says. */
static void
test_prefixes(void)
{
	static const struct {
		unsigned prefix4, prefix6;
		const char *a, *b;
		bool same;
	} nets[] = {
		{ 24, 56, "2001:db8:1:200::1", "2001:db8:1:2ff::1", true },
		{ 24, 56, "2001:db8:1:200::1", "2001:db8:1:300::1", false },
		{ 24, 64, "2001:db8:1:200::1", "2001:db8:1:2ff::1", false },
		{ 24, 0, "2001:db8::1", "fd00::1", true },
		{ 24, 128, "2001:db8::1", "2001:db8::2", false },
		{ 24, 61, "2001:db8:0:8::", "2001:db8:0:f::", true },
		{ 24, 61, "2001:db8:0:8::", "2001:db8:0:7::", false },
		{ 16, 56, "::ffff:10.1.2.3", "::ffff:10.1.3.3", true },
		{ 32, 56, "::ffff:10.1.2.3", "::ffff:10.1.2.4", false },
		{ 23, 56, "::ffff:10.1.2.3", "::ffff:10.1.3.3", true },
		{ 0, 56, "::ffff:10.1.2.3", "::ffff:192.0.2.1", true },
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++) {
		struct limits *l = limits();
		struct conf c = conf();
		struct limit_who a = who("a", nets[i].a),
				 b = who("b", nets[i].b);
		struct limit_hold hold;

		c.prefix4 = nets[i].prefix4;
		c.prefix6 = nets[i].prefix6;
		c.limit[LIMIT_HELLO][SCOPE_PREFIX] = 1;
		ok(limit_take(l, &c, &a, LIMIT_HELLO, &hold, NULL), "one");
		is_int(limit_take(l, &c, &b, LIMIT_HELLO, &hold, NULL),
		    !nets[i].same, "%s and %s, /%u /%u", nets[i].a, nets[i].b,
		    c.prefix4, c.prefix6);
		limits_free(l);
	}
}

/* What is refused by the last scope is not counted by the first one. */
static void
test_all_or_none(void)
{
	struct limits *l = limits();
	struct conf c = conf();
	struct limit_who a = who("a", "::ffff:10.1.2.3"),
			 b = who("b", "2001:db8::1");
	struct limit_hold hold, last;
	enum conf_scope scope;

	c.limit[LIMIT_BINDS][SCOPE_TOTAL] = 2;
	c.limit[LIMIT_BINDS][SCOPE_PREFIX] = 1;
	ok(limit_take(l, &c, &a, LIMIT_BINDS, &hold, &scope), "one");
	for (int i = 0; i < 5; i++)
		ok(!limit_take(l, &c, &a, LIMIT_BINDS, &last, &scope) &&
			scope == SCOPE_PREFIX,
		    "the network is full");
	ok(limit_take(l, &c, &b, LIMIT_BINDS, &last, &scope),
	    "which took nothing of the total");
	limit_give(&last);
	c.limit[LIMIT_BINDS][SCOPE_TOTAL] = 1;
	ok(!limit_take(l, &c, &b, LIMIT_BINDS, &last, &scope) &&
		scope == SCOPE_TOTAL,
	    "the total is full");
	is_int(limits_refused(l, LIMIT_BINDS, SCOPE_PREFIX), 5, "refusals");
	is_int(limits_refused(l, LIMIT_BINDS, SCOPE_TOTAL), 1, "by scope");
	is_int(limits_refused(l, LIMIT_HELLO, SCOPE_TOTAL), 0, "and item");
	limits_free(l);
}

/* The hold gives back what it took, whatever changed meanwhile. */
static void
test_hold(void)
{
	struct limits *l = limits();
	struct conf c = conf();
	struct limit_who a = who("anonymous", "::ffff:10.1.2.3");
	struct limit_hold hold = { 0 }, copy, other;

	ok(!limit_is_held(&hold), "nothing is held");
	limit_give(&hold);
	c.limit[LIMIT_CONNECTIONS][SCOPE_USER] = 1;
	c.limit[LIMIT_CONNECTIONS][SCOPE_PREFIX] = 1;
	ok(limit_take(l, &c, &a, LIMIT_CONNECTIONS, &hold, NULL), "one");
	ok(limit_is_held(&hold), "is held");
	a.owner = "user:ops";
	c.prefix4 = 16;
	copy = hold;
	memset(&hold, 0, sizeof(hold));
	limit_give(&hold);
	ok(limit_take(l, &c, &a, LIMIT_CONNECTIONS, &other, NULL),
	    "another user, another network");
	limit_give(&copy);
	limit_give(&copy);
	ok(!limit_is_held(&copy), "given back once");
	a.owner = "anonymous";
	c.prefix4 = 24;
	ok(limit_take(l, &c, &a, LIMIT_CONNECTIONS, &hold, NULL),
	    "the first one has room again");
	a.owner = "user:ops";
	c.prefix4 = 16;
	ok(!limit_take(l, &c, &a, LIMIT_CONNECTIONS, &copy, NULL),
	    "the second one has none");
	limits_free(l);
}

/* Counted though there is no limit: a reload sets one. */
static void
test_reload(void)
{
	struct limits *l = limits();
	struct conf c = conf();
	struct limit_who a = who("a", "::ffff:10.1.2.3");
	struct limit_hold hold[4];
	enum conf_scope scope;

	for (int i = 0; i < 3; i++)
		ok(limit_take(l, &c, &a, LIMIT_ASSOCIATIONS, &hold[i], NULL),
		    "no limit");
	c.limit[LIMIT_ASSOCIATIONS][SCOPE_SOURCE] = 3;
	ok(!limit_take(l, &c, &a, LIMIT_ASSOCIATIONS, &hold[3], &scope) &&
		scope == SCOPE_SOURCE,
	    "a limit, and three are there");
	limit_give(&hold[0]);
	ok(limit_take(l, &c, &a, LIMIT_ASSOCIATIONS, &hold[0], NULL),
	    "one less");
	c.limit[LIMIT_ASSOCIATIONS][SCOPE_SOURCE] = UINT64_MAX;
	ok(limit_take(l, &c, &a, LIMIT_ASSOCIATIONS, &hold[3], NULL),
	    "a limit that is no number of this machine");
	limits_free(l);
}

/* Built-in limits are for strangers, those of the file for all. */
static void
test_local(void)
{
	struct limits *l = limits();
	struct conf c = conf();
	struct limit_who a = who("a", "::ffff:127.0.0.1");
	struct limit_hold hold;

	a.local = true;
	c.limit[LIMIT_BINDS][SCOPE_SOURCE] = 1;
	c.limit[LIMIT_REQUESTS][SCOPE_SOURCE] = 1;
	for (int i = 0; i < 3; i++)
		ok(limit_take(l, &c, &a, LIMIT_BINDS, &hold, NULL) &&
			limit_event(l, &c, &a, LIMIT_REQUESTS, NULL),
		    "a local peer has no built-in limit");
	c.limit_set[LIMIT_BINDS][SCOPE_SOURCE] = true;
	c.limit_set[LIMIT_REQUESTS][SCOPE_SOURCE] = true;
	ok(!limit_take(l, &c, &a, LIMIT_BINDS, &hold, NULL),
	    "but that of the file");
	ok(limit_event(l, &c, &a, LIMIT_REQUESTS, NULL) &&
		!limit_event(l, &c, &a, LIMIT_REQUESTS, NULL),
	    "for requests too");
	limits_free(l);
}

/* ---- events ---- */

static void
test_events(void)
{
	struct limits *l = limits();
	struct conf c = conf();
	struct limit_who a = who("a", "::ffff:10.1.2.3"),
			 b = who("b", "::ffff:10.1.2.4");
	enum conf_scope scope;

	c.limit[LIMIT_REQUESTS][SCOPE_SOURCE] = 3;
	c.limit[LIMIT_REQUESTS][SCOPE_PREFIX] = 5;
	for (int i = 0; i < 3; i++)
		ok(limit_event(l, &c, &a, LIMIT_REQUESTS, &scope), "three");
	for (int i = 0; i < 9; i++)
		ok(!limit_event(l, &c, &a, LIMIT_REQUESTS, &scope) &&
			scope == SCOPE_SOURCE,
		    "a fourth is too many");
	for (int i = 0; i < 2; i++)
		ok(limit_event(l, &c, &b, LIMIT_REQUESTS, &scope),
		    "what was refused is not counted by the network");
	ok(!limit_event(l, &c, &b, LIMIT_REQUESTS, &scope) &&
		scope == SCOPE_PREFIX,
	    "six are too many of that");
	ok(limit_event(l, &c, &a, LIMIT_LOGINS, &scope), "logins are others");
	is_int(limits_refused(l, LIMIT_REQUESTS, SCOPE_SOURCE), 9, "refused");
	limit_event_back(l, &c, &b, LIMIT_REQUESTS);
	ok(limit_event(l, &c, &b, LIMIT_REQUESTS, &scope),
	    "one that was none makes room for another");
	ok(!limit_event(l, &c, &b, LIMIT_REQUESTS, &scope), "for one");
	now += 20000;
	ok(limit_event(l, &c, &a, LIMIT_REQUESTS, &scope), "20 s later one");
	ok(!limit_event(l, &c, &a, LIMIT_REQUESTS, &scope), "not two");
	limits_free(l);
}

/* ---- wrong passwords ---- */

static void
test_wrong_passwords(void)
{
	struct limits *l = limits();
	struct limit_who a = who("anonymous", "::ffff:10.1.2.3"),
			 b = who("anonymous", "::ffff:10.9.9.9");

	is_int(limit_login_wait(l, &a, "ops"), 0, "nothing was wrong yet");
	for (int i = 0; i < 10; i++)
		limit_login_failed(l, &a, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 64000, "a source waits a while");
	is_int(limit_login_wait(l, &a, "dev"), 64000, "whoever it says it is");
	is_int(limit_login_wait(l, &b, "ops"), 4000, "another one a moment");
	is_int(limit_login_wait(l, &b, "dev"), 0, "for another user not");
	now += 4000;
	is_int(limit_login_wait(l, &b, "ops"), 0, "then not either");
	is_int(limit_login_wait(l, &a, "ops"), 60000, "the source still does");
	limit_login_succeeded(l, &b, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 60000,
	    "not by somebody else's success");
	limit_login_failed(l, &b, "ops");
	is_int(limit_login_wait(l, &b, "ops"), 1000, "success forgot the user");
	limit_login_succeeded(l, &a, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 0, "and its own the source");
	limit_login_succeeded(l, &a, "nobody");
	limits_free(l);
}

static void
test_slow_answers(void)
{
	struct limits *l = limits();
	uint64_t hold = 0;

	now = 5000000;
	is_int(limit_login_hold(l), 1000, "a mistake");
	for (int i = 0; i < 100; i++)
		hold = limit_login_hold(l);
	is_int(hold, 2000, "a hundred in a second");
	now += 1000;
	is_int(limit_login_hold(l), 2000, "and the next one");
	now += 1000;
	is_int(limit_login_hold(l), 1000, "a second later");
	for (int i = 0; i < 100000; i++)
		hold = limit_login_hold(l);
	is_int(hold, 8000, "a flood");
	now += 5000;
	is_int(limit_login_hold(l), 1000, "is forgotten");
	limits_free(l);
}

/* A machine has many addresses of IPv6. */
static void
test_many_addresses(void)
{
	struct limits *l = limits();
	struct limit_who a = who("anonymous", "2001:db8::1"),
			 b = who("anonymous", "2001:db8::2:3:4:5"),
			 c = who("anonymous", "2001:db8:0:1::1");

	limit_login_failed(l, &a, "x");
	limit_login_failed(l, &b, "y");
	is_int(limit_login_wait(l, &a, "z"), 2000, "one machine, one source");
	is_int(limit_login_wait(l, &c, "z"), 0, "its neighbour is another");
	limits_free(l);
}

/* From where the user was right of late nobody keeps him out. */
static void
test_friends(void)
{
	struct limits *l = limits();
	struct limit_who a = who("anonymous", "::ffff:10.1.2.3"),
			 b = who("anonymous", "::ffff:10.9.9.9"),
			 c = who("anonymous", "2001:db8::1"),
			 d = who("anonymous", "2001:db8::2"),
			 here = who("anonymous", "::ffff:127.0.0.1");

	here.local = true;
	limit_login_succeeded(l, &a, "ops");
	limit_login_succeeded(l, &c, "ops");
	limit_login_succeeded(l, &here, "ops");
	ok(limit_login_known(l, &a, "ops"), "known from here");
	ok(limit_login_known(l, &d, "ops"), "or from the same network");
	ok(!limit_login_known(l, &b, "ops"), "not from there");
	ok(!limit_login_known(l, &a, "dev"), "not as another");
	ok(!limit_login_known(l, &here, "ops"), "loopback is everybody's");
	for (int i = 0; i < 10; i++)
		limit_login_failed(l, &b, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 0, "strangers do not delay him");
	limit_login_failed(l, &a, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 1000, "his own mistakes do");
	for (unsigned i = 0; i < FRIENDS_MAX - 2; i++) {
		b.ip.s6_addr[14] = (uint8_t)(i >> 8);
		b.ip.s6_addr[15] = (uint8_t)i;
		b.ip.s6_addr[13] = 77;
		limit_login_succeeded(l, &b, "dev");
	}
	ok(limit_login_known(l, &a, "ops"), "as long as there is room");
	limit_login_succeeded(l, &b, "eve");
	ok(!limit_login_known(l, &a, "ops"), "then the oldest is forgotten");
	ok(limit_login_known(l, &c, "ops"), "and not the next one");
	limits_free(l);
}

static void
test_local_mistakes(void)
{
	struct limits *l = limits();
	struct limit_who a = who("anonymous", "::ffff:127.0.0.1");

	a.local = true;
	for (int i = 0; i < 10; i++)
		limit_login_failed(l, &a, "ops");
	is_int(limit_login_wait(l, &a, "ops"), 4000, "a user waits");
	is_int(limit_login_wait(l, &a, "dev"), 0,
	    "who shares loopback with him does not");
	limits_free(l);
}

/* Strangers without number lock nobody out. */
static void
test_login_flood(void)
{
	struct limits *l = limits();
	struct limit_who a = who("anonymous", "::ffff:0.0.0.0"),
			 b = who("anonymous", "::ffff:192.0.2.1");

	for (unsigned i = 0; i < 200000; i++) {
		a.ip.s6_addr[12] = (uint8_t)(i >> 16);
		a.ip.s6_addr[13] = (uint8_t)(i >> 8);
		a.ip.s6_addr[14] = (uint8_t)i;
		limit_login_failed(l, &a, "ops");
	}
	is_int(limit_login_wait(l, &b, "ops"), 4000, "4 s, not more");
	is_int(limit_login_wait(l, &b, "dev"), 0, "others not at all");
	limits_free(l);
}

/* ---- what is said ---- */

static void
test_text(void)
{
	struct conf c = conf();
	char out[160];

	c.limit[LIMIT_CONNECTIONS][SCOPE_SOURCE] = 100;
	c.limit[LIMIT_REQUESTS][SCOPE_TOTAL] = 5;
	is_str(limit_text(&c, LIMIT_CONNECTIONS, SCOPE_SOURCE, out,
		   sizeof(out)),
	    "too many: limit connections per source 100 (vsapd.conf): "
	    "try again when some have ended",
	    "a number at once");
	is_str(limit_text(&c, LIMIT_REQUESTS, SCOPE_TOTAL, out, sizeof(out)),
	    "too many: limit requests 5 (vsapd.conf): try again in a minute",
	    "a rate");
}

int
main(void)
{
	test_scopes();
	test_prefixes();
	test_all_or_none();
	test_hold();
	test_reload();
	test_local();
	test_events();
	test_wrong_passwords();
	test_many_addresses();
	test_slow_answers();
	test_friends();
	test_local_mistakes();
	test_login_flood();
	test_text();
	return done_testing();
}
