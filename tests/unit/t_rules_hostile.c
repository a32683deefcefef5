/*
 * Every spelling by which somebody tries to reach loopback, the metadata
 * service at 169.254.169.254 or another guarded destination under rules
 * that do not name it.  A spelling is stopped either by the address module
 * (malformed) or by the rules (forbidden); what is a name there is
 * asked again with each address to which a hostile DNS might resolve it.
 */
#include "rules.h"

#include <arpa/inet.h>

#include <time.h>

#include "rules_of.h"
#include "tap.h"

static const struct rule_who stranger = {
	.ip = { .s6_addr = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } },
};
static const struct rule_who here = {
	.local = true,
	.ip = IN6ADDR_LOOPBACK_INIT,
};
static char err[256];

static const char *const wide_rules[] = { "*:80", "*:*", "**:80", "*.*:80",
	"0.0.0.0/0:80", "[::]/0:80", "::/0:80", "[::/1]:80", "::/96:80",
	"0.0.0.0/1:80", "112.0.0.0/4:80", "126.0.0.0/7:80", "168.0.0.0/6:80",
	"169.254.0.0/15:80", "128.0.0.0/1:80", "fe00::/8:80", "fe80::/9:80",
	"2002::/16:80", "64:ff9b::/96:80", "*localhost*:80", "*.localhost:80",
	"l*calhost:80", "evil.example.org:80", "169.*.evil.net:80" };

static const char *const spellings[] = {
	/* loopback in numbers */
	"127.0.0.1:80",
	"127.1:80",
	"127.0.1:80",
	"127.255.255.254:80",
	"2130706433:80",
	"0x7f000001:80",
	"0x7f.1:80",
	"0x7f.0.0.1:80",
	"0177.0.0.1:80",
	"017700000001:80",
	"127.0.0.01:80",
	"127.0.0.1.:80",
	"127.0.0.0x1:80",
	"127.0x0.1:80",
	"00000000177.0.0.1:80",
	"127.000.000.001:80",
	"383.0.0.1:80",
	"4294967295:80",
	" 127.0.0.1:80",
	"127.0.0.1 :80",
	"127.0.0.1%00:80",
	"127.0.0.1\t:80",
	"127%2e0%2e0%2e1:80",
	"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:80",
	"127\xe3\x80\x82"
	"0\xe3\x80\x82"
	"0\xe3\x80\x82"
	"1:80",
	"\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:80",
	/* unspecified, which the kernel takes for loopback */
	"0.0.0.0:80",
	"0:80",
	"0.0:80",
	"0x0:80",
	"00:80",
	"0.1.2.3:80",
	"[::]:80",
	"[0:0:0:0:0:0:0:0]:80",
	":80",
	"*:80",
	"80",
	"[::ffff:0.0.0.0]:80",
	"[::ffff:0:0]:80",
	/* IPv6 */
	"[::1]:80",
	"[0:0:0:0:0:0:0:1]:80",
	"[0000::0001]:80",
	"::1:80",
	"[::1%lo]:80",
	"[::1%251]:80",
	"[::0.0.0.1]:80",
	"[::ffff:127.0.0.1]:80",
	"[::ffff:7f00:1]:80",
	"[::FFFF:7F00:0001]:80",
	"[0:0:0:0:0:ffff:127.0.0.1]:80",
	"[::ffff:127.1]:80",
	"[::ffff:0177.0.0.1]:80",
	"[::127.0.0.1]:80",
	"[::7f00:1]:80",
	"[::ffff:0:127.0.0.1]:80",
	"[64:ff9b::127.0.0.1]:80",
	"[64:ff9b::7f00:1]:80",
	"[64:ff9b:1::127.0.0.1]:80",
	"[64:ff9b:1:2:3::7f00:1]:80",
	"[2002:7f00:1::]:80",
	"[2002:7f00:0001::1]:80",
	"[2002:7fff:ffff:1::1]:80",
	/* the metadata service, link-local */
	"169.254.169.254:80",
	"2852039166:80",
	"0xa9fea9fe:80",
	"0xa9.0xfe.0xa9.0xfe:80",
	"0251.0376.0251.0376:80",
	"169.254.43518:80",
	"169.16689662:80",
	"[::ffff:169.254.169.254]:80",
	"[::ffff:a9fe:a9fe]:80",
	"[::169.254.169.254]:80",
	"[64:ff9b::169.254.169.254]:80",
	"[64:ff9b::a9fe:a9fe]:80",
	"[2002:a9fe:a9fe::]:80",
	"[fe80::1]:80",
	"[fe80::1%eth0]:80",
	"[febf::1]:80",
	/* multicast and broadcast */
	"224.0.0.1:80",
	"239.255.255.250:80",
	"255.255.255.255:80",
	"[ff02::1]:80",
	"[::ffff:224.0.0.1]:80",
	"[2002:e000:1::]:80",
	/* names that stand for them, by the hosts file or hostile DNS */
	"localhost:80",
	"LOCALHOST:80",
	"localhost.:80",
	"x.localhost:80",
	"ip6-localhost:80",
	"localhost.localdomain:80",
	"evil.example.org:80",
	"a.evil.example.org:80",
	"169.254.evil.net:80",
	"metadata:80",
	/* a port that is read in two ways */
	"127.0.0.1:80:80",
	"127.0.0.1:080",
	"127.0.0.1:+80",
	"127.0.0.1:65616",
	"example.org:80@127.0.0.1:80",
	"example.org#@127.0.0.1:80",
};

/* What a name may turn out to be. */
static const char *const resolved[] = { "::ffff:127.0.0.1", "::1",
	"::ffff:127.9.9.9", "::", "::ffff:0.0.0.0", "::ffff:169.254.169.254",
	"::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
	"64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "fe80::1",
	"ff02::1", "::ffff:224.0.0.1", "::ffff:255.255.255.255",
	"::ffff:0:127.0.0.1" };

static struct rules *
one_rule(const char *text)
{
	struct rules *r = rules_new();

	if (rules_add_option(r, RULE_CONNECT | RULE_FORWARD, text, err,
		sizeof(err)) == -1) {
		printf("# %s\n", err);
		rules_free(r);
		return NULL;
	}
	return r;
}

static bool
connects_to(const struct rules *r, const struct rule_who *who,
    const struct addr *a, const struct in6_addr *ip)
{
	return rule_permits(rules_reach(r, RULE_CONNECT, who, a, ip, false));
}

/* How many of the addresses it is let through to. */
static int
reaches_resolved(const struct rules *r, const struct addr *a)
{
	struct in6_addr ip;
	int n = 0;

	for (size_t i = 0; i < sizeof(resolved) / sizeof(*resolved); i++) {
		inet_pton(AF_INET6, resolved[i], &ip);
		n += connects_to(r, &stranger, a, &ip);
		n += connects_to(r, &here, a, &ip);
	}
	return n;
}

static int
reaches(const struct rules *r, const char *s)
{
	struct addr a;
	int n = 0;

	if (addr_parse(&a, s, ADDR_FOR_CONNECT, err, sizeof(err)) == -1)
		return 0;
	if (a.family != AF_UNSPEC) {
		n += connects_to(r, &stranger, &a, NULL);
		n += connects_to(r, &stranger, &a, &a.ip);
		n += connects_to(r, &here, &a, &a.ip);
	}
	return n + reaches_resolved(r, &a);
}

static void
test_wide_rules(void)
{
	for (size_t i = 0; i < sizeof(wide_rules) / sizeof(*wide_rules); i++) {
		struct rules *r = one_rule(wide_rules[i]);

		if (!ok(r != NULL, "-c '%s' is a rule", wide_rules[i]))
			continue;
		for (size_t k = 0; k < sizeof(spellings) / sizeof(*spellings);
		     k++)
			is_int(reaches(r, spellings[k]), 0,
			    "-c '%s' does not reach '%s'", wide_rules[i],
			    spellings[k]);
		rules_free(r);
	}
}

/* What is denied is not reached by another spelling or name either, though
 * everything else is permitted. */
static void
test_denied(void)
{
	static const char *const denials[] = {
		"deny connect { 127.0.0.0/8:*, [::1]:*, 0.0.0.0/8:*, "
		"169.254.0.0/16:*, 224.0.0.0/3:*, fe80::/10:*, ff00::/8:* }; "
		"permit connect any",
		"deny connect { localhost:*, 169.254.0.0/16:*, 0.0.0.0/8:*, "
		"224.0.0.0/3:*, fe80::/10:*, ff00::/8:* }; "
		"permit connect any",
		"deny connect *:80; permit connect any",
	};

	for (size_t i = 0; i < sizeof(denials) / sizeof(*denials); i++) {
		struct rules *r = rules_new();

		ok(rules_of(r, denials[i], err, sizeof(err)) == 0, "%s",
		    denials[i]);
		for (size_t k = 0; k < sizeof(spellings) / sizeof(*spellings);
		     k++)
			is_int(reaches(r, spellings[k]), 0,
			    "denial %zu holds for '%s'", i, spellings[k]);
		rules_free(r);
	}
}

/* Neither is a name that is denied, by no spelling of it. */
static void
test_denied_names(void)
{
	static const char *const names[] = { "evil.org:80", "EVIL.ORG:80",
		"evil.org.:80", "eViL.oRg.:80", "www.evil.org:80",
		"a.b.evil.org.:80", "evil.org..:80", ".evil.org:80",
		"evil.org%2e:80", "evil.org\\:80" };
	struct rules *r = rules_new();
	struct in6_addr ip;

	inet_pton(AF_INET6, "2001:db8::1", &ip);
	ok(rules_of(r,
	       "deny connect { evil.org:*, *.evil.org:* }; permit connect any",
	       err, sizeof(err)) == 0,
	    "evil.org and what is below it are denied");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct addr a;
		bool may = addr_parse(&a, names[i], ADDR_FOR_CONNECT, err,
			       sizeof(err)) == 0 &&
			   (connects_to(r, &here, &a, NULL) ||
			       connects_to(r, &stranger, &a, &ip));

		ok(!may, "'%s' is not reached", names[i]);
	}
	rules_free(r);
}

/* Nothing but a rule that means it leads to the gateway's own listeners. */
static void
test_own(void)
{
	static const char *const wide[] = { "*:8706", "*:*",
		"192.0.2.0/24:8706", "192.0.2.5/31:8706", "0.0.0.0/0:8706",
		"[::]/0:8706", "*.org:8706", "gw.org:8706",
		"192.0.2.5:8000-9000", "192.0.2.5:8706-8707", "192.0.2.5:*",
		"192.0.2.6:8706", "localhost:8706" };
	struct in6_addr ip;
	struct addr a;

	addr_parse(&a, "gw.org:8706", ADDR_FOR_CONNECT, err, sizeof(err));
	inet_pton(AF_INET6, "::ffff:192.0.2.5", &ip);
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		struct rules *r = one_rule(wide[i]);

		ok(r != NULL && !rule_permits(rules_reach(r, RULE_CONNECT,
				    &stranger, &a, &ip, true)),
		    "-c '%s' does not lead to the gateway itself", wide[i]);
		rules_free(r);
	}
}

/* A rule that names one guarded destination opens no other. */
static void
test_named(void)
{
	static const struct {
		const char *rule, *address, *ip;
		int may;
	} asked[] = {
		{ "127.0.0.1:80", "127.0.0.1:80", "::ffff:127.0.0.1", 1 },
		{ "127.0.0.1:80", "127.0.0.1:80", "::127.0.0.1", 0 },
		{ "127.0.0.1:80", "evil:80", "::1", 0 },
		{ "127.0.0.1:80", "evil:80", "64:ff9b::7f00:1", 0 },
		{ "127.0.0.1:80", "evil:80", "2002:7f00:1::", 0 },
		{ "127.0.0.1:80", "evil:80", "::ffff:127.0.0.2", 0 },
		{ "127.0.0.1:80", "evil:80", "::ffff:0.0.0.0", 0 },
		{ "127.0.0.1:80", "evil:80", "::ffff:169.254.169.254", 0 },
		{ "127.0.0.0/8:80", "evil:80", "::", 0 },
		{ "[::1]:80", "evil:80", "::ffff:127.0.0.1", 0 },
		{ "[::1]:80", "evil:80", "::", 0 },
		{ "localhost:80", "localhost:80", "::", 0 },
		{ "localhost:80", "localhost:80", "::ffff:0.0.0.0", 0 },
		{ "localhost:80", "localhost:80", "64:ff9b::7f00:1", 0 },
		{ "localhost:80", "localhost:80", "2002:7f00:1::", 0 },
		{ "localhost:80", "localhost:80", "::ffff:169.254.0.1", 0 },
		{ "localhost:80", "x.localhost:80", "::1", 0 },
		{ "localhost:80", "localhost.evil:80", "::1", 0 },
		{ "169.254.0.0/16:80", "evil:80", "::ffff:127.0.0.1", 0 },
		{ "fe80::/10:80", "evil:80", "::1", 0 },
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct rules *r = one_rule(asked[i].rule);
		struct in6_addr ip;
		struct addr a;

		inet_pton(AF_INET6, asked[i].ip, &ip);
		addr_parse(&a, asked[i].address, ADDR_FOR_CONNECT, err,
		    sizeof(err));
		is_int(connects_to(r, &stranger, &a, &ip), asked[i].may,
		    "-c '%s', %s at %s: %d", asked[i].rule, asked[i].address,
		    asked[i].ip, asked[i].may);
		rules_free(r);
	}
}

/* Patterns made to send a matcher back and forth take no time. */
static void
test_slow_pattern(void)
{
	char pattern[256], host[260];
	struct timespec t0, t1;
	struct rules *r;
	struct addr a;
	int hits = 0;

	for (size_t i = 0; i < 248; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	strlcpy(pattern + 248, "*b:1", 8);
	for (size_t i = 0; i < 250; i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	strlcpy(host + 250, "a:1", 8);
	r = one_rule(pattern);
	addr_parse(&a, host, ADDR_FOR_CONNECT, err, sizeof(err));
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (int i = 0; i < 1000; i++)
		hits += connects_to(r, &stranger, &a, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	is_int(hits, 0, "a pattern of 125 stars does not match");
	ok(t1.tv_sec - t0.tv_sec < 2, "a thousand times in no time");
	rules_free(r);
}

/* Texts that are too much: refused, or cut, never more than that. */
static void
test_overlong(void)
{
	static const unsigned verbs[] = { RULE_BIND, RULE_CONNECT };
	static const char *const before[] = { "", "name:", "/", "http://",
		"http://a/", "[", "*:", "127.0.0.1:", "*.", "1,", "2001:" };
	char text[6000], small[4];

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		for (size_t n = 200; n < sizeof(text) - 20; n += 17) {
			struct rule *rule = rule_new(true);
			size_t at = strlcpy(text, before[i], sizeof(text));

			memset(text + at, 'a', n);
			text[at + n] = '\0';
			rule_set_verbs(rule, verbs[n % 2]);
			(void)rule_add_where(rule, text, small, sizeof(small));
			(void)rule_add_user(rule, text, small, sizeof(small));
			(void)rule_add_cert(rule, text, small, sizeof(small));
			(void)rule_add_print(rule, text, small, sizeof(small));
			if (n > 300 &&
			    rule_add_where(rule, text, err, sizeof(err)) == 0)
				ok(0, "%zu bytes behind '%s'", n, before[i]);
			rule_free(rule);
		}
	ok(1, "no overlong text is taken");
}

/* A rule of many clauses, a list of many rules. */
static void
test_many(void)
{
	struct rules *r = rules_new();
	struct rule *rule = rule_new(true);
	struct addr a;
	char text[64];
	int taken = 0;

	rule_set_verbs(rule, RULE_CONNECT);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.1:%d", i / 250, i % 250,
		    i + 1);
		taken += rule_add_where(rule, text, err, sizeof(err)) == 0;
		snprintf(text, sizeof(text), "u%d", i);
		taken += rule_add_user(rule, text, err, sizeof(err)) == 0;
	}
	is_int(taken, 10000, "clauses");
	rules_append(r, rule);
	addr_parse(&a, "10.19.249.1:5000", ADDR_FOR_CONNECT, err, sizeof(err));
	ok(!connects_to(r, &stranger, &a, NULL), "for none of its users");
	for (int i = 0; i < 5000; i++)
		(void)rules_of(r, "deny user x connect 10.0.0.1:1", err,
		    sizeof(err));
	(void)rules_of(r, "permit connect 10.19.249.1:5000", err, sizeof(err));
	ok(connects_to(r, &stranger, &a, NULL), "the last of many rules");
	rules_free(r);
}

int
main(void)
{
	test_denied();
	test_denied_names();
	test_own();
	test_overlong();
	test_many();
	test_wide_rules();
	test_named();
	test_slow_pattern();
	return done_testing();
}
