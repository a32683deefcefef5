/*
 * Rules without a configuration file: -b, -c, -a, and what holds without
 * them.  Their texts are in t_rules_text, whole configurations in
 * t_rules_table, what tries to reach a guarded destination in
 * t_rules_hostile.
 */
#include "rules.h"

#include <arpa/inet.h>

#include "tap.h"

#define REACH (RULE_CONNECT | RULE_FORWARD)

static const struct rule_who here = {
	.local = true,
	.ip = IN6ADDR_LOOPBACK_INIT,
};
static const struct rule_who stranger = {
	.ip = { .s6_addr = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } },
};
static char err[256];

/* -b and -c from "b:TEXT", "c:TEXT", and "r" for an upstream, blanks between;
 * the built-in rules behind them. */
static struct rules *
rules_of(const char *options)
{
	char copy[512], *p = copy, *w;
	struct rules *r = rules_new();
	bool upstream = false;

	strlcpy(copy, options, sizeof(copy));
	while ((w = strsep(&p, " ")) != NULL) {
		if (strcmp(w, "r") == 0)
			upstream = true;
		else if (*w != '\0' &&
			 rules_add_option(r, *w == 'b' ? RULE_BIND : REACH,
			     w + 2, err, sizeof(err)) == -1)
			printf("Bail out! %s\n", err);
	}
	if (rules_add_builtin(r, upstream) == -1)
		printf("Bail out! no memory\n");
	return r;
}

static bool
connects_to(const struct rules *r, const struct rule_who *who,
    const struct addr *a, const struct in6_addr *ip)
{
	bool may =
	    rule_permits(rules_reach(r, RULE_CONNECT, who, a, ip, false));

	is_int(rule_permits(rules_reach(r, RULE_FORWARD, who, a, ip, false)),
	    may, "FORWARD as CONNECT");
	return may;
}

static const struct {
	const char *options;
	const char *address;
	const char *local, *stranger; /* "no", "yes", or "lo-hi" */
} binds[] = {
	/* the defaults */
	{ "", "127.0.0.1:8080", "yes", "no" },
	{ "", "127.0.0.1:1024", "yes", "no" },
	{ "", "127.0.0.1:1023", "no", "no" },
	{ "", "127.0.0.1:0", "yes", "no" },
	{ "", "127.9.9.9:8080", "yes", "no" },
	{ "", "[::1]:8080", "yes", "no" },
	{ "", "[::ffff:127.0.0.1]:8080", "yes", "no" },
	{ "", "localhost:8080", "yes", "no" },
	{ "", "LocalHost:8080", "yes", "no" },
	{ "", "www:8080", "no", "no" },
	{ "", ":8080", "no", "no" },
	{ "", "0.0.0.0:8080", "no", "no" },
	{ "", "[::]:8080", "no", "no" },
	{ "", "10.0.0.1:8080", "no", "no" },
	{ "", ":0", "no", "no" },
	{ "", "name:foo", "yes", "no" },
	{ "", "/tmp/x", "yes", "no" },
	/* -c alone leaves BIND as it is */
	{ "c:*:80", "127.0.0.1:8080", "yes", "no" },
	{ "c:*:80", ":80", "no", "no" },
	/* ports */
	{ "b:8080-8081", ":8080", "yes", "yes" },
	{ "b:8080-8081", ":8081", "yes", "yes" },
	{ "b:8080-8081", ":8079", "no", "no" },
	{ "b:8080-8081", ":8082", "no", "no" },
	{ "b:8080-8081", "10.0.0.1:8080", "yes", "yes" },
	{ "b:8080-8081", "[::1]:8080", "yes", "yes" },
	{ "b:8080-8081", "localhost:8080", "yes", "yes" },
	{ "b:8080-8081", "www:8080", "yes", "yes" },
	{ "b:8080-8081", "127.0.0.1:9000", "no", "no" },
	{ "b:8080-8081", ":0", "8080-8081", "8080-8081" },
	{ "b:8080-8081", "name:foo", "yes", "no" },
	{ "b:8080-8081", "/tmp/x", "yes", "no" },
	{ "b:80,8080", ":80", "yes", "yes" },
	{ "b:80 b:8080", ":8080", "yes", "yes" },
	{ "b:80,8000-8099,9000-9001", ":0", "8000-8099", "8000-8099" },
	{ "b:80 b:90-99", ":0", "90-99", "90-99" },
	{ "b:*", ":0", "yes", "yes" },
	{ "b:1024-65535", ":0", "yes", "yes" },
	{ "b:1-65535", ":0", "yes", "yes" },
	{ "b:1025-65535", ":0", "1025-65535", "1025-65535" },
	{ "b:*", ":1", "yes", "yes" },
	/* addresses */
	{ "b:127.0.0.1:*", "127.0.0.1:80", "yes", "yes" },
	{ "b:127.0.0.1:*", "localhost:80", "yes", "yes" },
	{ "b:localhost:*", "127.0.0.1:80", "yes", "yes" },
	{ "b:127.0.0.1:*", "[::ffff:127.0.0.1]:80", "yes", "yes" },
	{ "b:127.0.0.1:*", "127.0.0.2:80", "no", "no" },
	{ "b:127.0.0.1:*", ":80", "no", "no" },
	{ "b:127.0.0.1:*", "0.0.0.0:80", "no", "no" },
	{ "b:127.0.0.1:*", "[::]:80", "no", "no" },
	{ "b:127.0.0.1:*", "[::1]:80", "no", "no" },
	{ "b:127.0.0.1:*", "www:80", "no", "no" },
	{ "b:127.0.0.1:90-91 b:80-89", "127.0.0.1:0", "80-91", "80-91" },
	{ "b:127.0.0.1:92-93 b:80-89", "127.0.0.1:0", "80-89", "80-89" },
	{ "b:127.0.0.1:90-91 b:80-89", ":0", "80-89", "80-89" },
	{ "b:127.0.0.1:90-91 b:80", ":0", "80-80", "80-80" },
	{ "b:10.0.0.0/8:80", "10.1.2.3:80", "yes", "yes" },
	{ "b:10.0.0.0/8:80", "11.1.2.3:80", "no", "no" },
	{ "b:0.0.0.0/0:80", ":80", "no", "no" },
	{ "b:0.0.0.0/0:80", "0.0.0.0:80", "no", "no" },
	{ "b:0.0.0.0/0:80", "10.0.0.1:80", "yes", "yes" },
	{ "b:[::1]:80", "[::1]:80", "yes", "yes" },
	{ "b:[::1]:80", "[0:0:0:0:0:0:0:1]:80", "yes", "yes" },
	{ "b:*:8080", ":8080", "yes", "yes" },
	{ "b:*:8080", "0.0.0.0:8080", "yes", "yes" },
	{ "b:0.0.0.0:8080", ":8080", "yes", "yes" },
	{ "b:[::]:8080", ":8080", "yes", "yes" },
	/* names and paths */
	{ "b:name:*", "name:foo", "yes", "yes" },
	{ "b:name:web.*", "name:web.1", "yes", "yes" },
	{ "b:name:web.*", "name:Web.1", "yes", "no" },
	{ "b:name:web.*", "name:foo", "yes", "no" },
	{ "b:name:*", "/foo", "yes", "no" },
	{ "b:name:*", "127.0.0.1:8080", "no", "no" },
	{ "b:/tmp/*", "/tmp/a/b", "yes", "yes" },
	{ "b:/tmp/*", "/tmpx", "yes", "no" },
	{ "b:/tmp/*", "name:tmp", "yes", "no" },
	/* an upstream decides what has no rule here */
	{ "r", ":80", "yes", "yes" },
	{ "r", ":0", "yes", "yes" },
	{ "r", "www:80", "yes", "yes" },
	{ "r", "name:x", "yes", "yes" },
	{ "r c:*:80", ":80", "yes", "yes" },
	{ "r b:80", ":81", "no", "no" },
	{ "r b:80", "name:x", "yes", "no" },
};

static const char *
ask_bind(const struct rules *r, const struct rule_who *who, const char *s)
{
	static char answer[32];
	uint16_t lo = 1, hi = 1;
	struct addr a;

	if (addr_parse(&a, s, ADDR_FOR_BIND, err, sizeof(err)) == -1)
		return err;
	if (!rule_permits(rules_bind(r, who, &a, &lo, &hi)))
		return "no";
	if (lo == 0 && hi == 0)
		return "yes";
	snprintf(answer, sizeof(answer), "%u-%u", lo, hi);
	return answer;
}

static void
test_bind(void)
{
	for (size_t i = 0; i < sizeof(binds) / sizeof(*binds); i++) {
		struct rules *r = rules_of(binds[i].options);

		is_str(ask_bind(r, &here, binds[i].address), binds[i].local,
		    "[%s] local BIND %s", binds[i].options, binds[i].address);
		is_str(ask_bind(r, &stranger, binds[i].address),
		    binds[i].stranger, "[%s] stranger's BIND %s",
		    binds[i].options, binds[i].address);
		rules_free(r);
	}
}

static const struct {
	const char *options;
	const char *address;
	const char *ip; /* NULL: not resolved */
	bool local, stranger;
} connects[] = {
	/* the defaults */
	{ "", "example.org:80", "::ffff:192.0.2.9", true, false },
	{ "", "example.org:80", NULL, true, false },
	{ "", "127.0.0.1:22", "::ffff:127.0.0.1", true, false },
	{ "", "169.254.169.254:80", NULL, true, false },
	{ "", "name:foo", NULL, true, false },
	{ "", "/tmp/x", NULL, true, false },
	{ "b:80", "example.org:80", NULL, true, false },
	/* every address */
	{ "c:*:80", "example.org:80", NULL, true, true },
	{ "c:*:80", "example.org:80", "::ffff:192.0.2.9", true, true },
	{ "c:*:80", "example.org:81", "::ffff:192.0.2.9", false, false },
	{ "c:*:80", "192.0.2.9:80", NULL, true, true },
	{ "c:*:80", "[2001:db8::1]:80", NULL, true, true },
	{ "c:*:80", "10.0.0.1:80", "::ffff:10.0.0.1", true, true },
	{ "c:*:80", "name:foo", NULL, true, false },
	{ "c:*:80", "/tmp/x", NULL, true, false },
	{ "c:*:80,443", "192.0.2.9:443", NULL, true, true },
	{ "c:*:80 c:*:443", "192.0.2.9:443", NULL, true, true },
	/* names */
	{ "c:target:80", "target:80", "::ffff:192.0.2.9", true, true },
	{ "c:target:80", "TARGET:80", "::ffff:192.0.2.9", true, true },
	{ "c:TARGET.:80", "target:80", "::ffff:192.0.2.9", true, true },
	{ "c:target:80", "target.:80", "::ffff:192.0.2.9", true, true },
	{ "c:target:80", "xtarget:80", "::ffff:192.0.2.9", false, false },
	{ "c:target:80", "targetx:80", NULL, false, false },
	{ "c:target:80", "192.0.2.9:80", "::ffff:192.0.2.9", false, false },
	{ "c:*.example.org:22", "a.example.org:22", NULL, true, true },
	{ "c:*.example.org:22", "a.B.Example.org:22", NULL, true, true },
	{ "c:*.example.org:22", "example.org:22", NULL, false, false },
	{ "c:*.example.org:22", "xexample.org:22", NULL, false, false },
	{ "c:*.example.org:22", "a.example.org.evil.net:22", NULL, false,
	    false },
	{ "c:*.example.org:22", "a.example.org:80", NULL, false, false },
	{ "c:a*b*c:1", "abc:1", NULL, true, true },
	{ "c:a*b*c:1", "axxbxxbxxc:1", NULL, true, true },
	{ "c:a*b*c:1", "axxcxxb:1", NULL, false, false },
	{ "c:a*b*c:1", "ac:1", NULL, false, false },
	{ "c:a*a:1", "a:1", NULL, false, false },
	{ "c:a*a:1", "aa:1", NULL, true, true },
	{ "c:**:1", "a:1", NULL, true, true },
	{ "c:**:1", "192.0.2.9:1", NULL, false, false },
	{ "c:*a**b*:1", "xaxbx:1", NULL, true, true },
	/* numbers and networks: the resolved address counts */
	{ "c:192.0.2.0/24:80", "192.0.2.9:80", NULL, true, true },
	{ "c:192.0.2.0/24:80", "www:80", NULL, true, true },
	{ "c:192.0.2.0/24:80", "www:80", "::ffff:192.0.2.9", true, true },
	{ "c:192.0.2.0/24:80", "www:80", "::ffff:192.0.3.9", false, false },
	{ "c:192.0.2.9:80", "www:80", "::ffff:192.0.2.9", true, true },
	{ "c:192.0.2.9:80", "192.0.2.8:80", NULL, false, false },
	{ "c:[2001:db8::/32]:80", "www:80", "2001:db8::7", true, true },
	{ "c:2001:db8::/32:80", "www:80", "2001:db9::7", false, false },
	/* guarded destinations that a rule names */
	{ "c:127.0.0.1:22", "127.0.0.1:22", NULL, true, true },
	{ "c:127.0.0.1:22", "[::ffff:127.0.0.1]:22", NULL, true, true },
	{ "c:127.0.0.1:22", "127.0.0.2:22", NULL, false, false },
	{ "c:127.0.0.1:22", "[::1]:22", NULL, false, false },
	{ "c:127.0.0.0/8:*", "127.3.2.1:5", NULL, true, true },
	{ "c:127.0.0.0/8:*", "www:5", "::ffff:127.0.0.1", true, true },
	{ "c:[::1]:22", "[::1]:22", NULL, true, true },
	{ "c:localhost:22", "localhost:22", NULL, true, true },
	{ "c:localhost:22", "Localhost:22", "::1", true, true },
	{ "c:localhost:22", "localhost:22", "::ffff:127.0.0.1", true, true },
	{ "c:localhost:22", "localhost:22", "::ffff:10.0.0.1", false, false },
	{ "c:localhost:22", "127.0.0.1:22", NULL, true, true },
	{ "c:localhost:22", "[::1]:22", NULL, true, true },
	{ "c:localhost:22", "127.0.0.2:22", NULL, false, false },
	{ "c:localhost:22", "0.0.0.0:22", NULL, false, false },
	{ "c:localhost:22", "[::]:22", NULL, false, false },
	{ "c:localhost:22", "[64:ff9b::7f00:1]:22", NULL, false, false },
	{ "c:localhost:22", "127.0.0.1:23", NULL, false, false },
	{ "c:localhost:22", "www:22", "::ffff:127.0.0.1", false, false },
	{ "c:169.254.0.0/16:80", "169.254.169.254:80", NULL, true, true },
	/* names and paths */
	{ "c:name:web.*", "name:web.1", NULL, true, true },
	{ "c:name:web.*", "name:x", NULL, true, false },
	{ "c:name:*", "www:80", NULL, false, false },
	{ "c:/tmp/*", "/tmp/x", NULL, true, true },
	{ "b:/tmp/*", "/tmp/x", NULL, true, false },
	/* an upstream decides what has no rule here */
	{ "r", "www:80", NULL, true, true },
	{ "r", "name:x", NULL, true, true },
	{ "r b:80", "www:80", NULL, true, true },
	{ "r c:*:80", "www:81", NULL, false, false },
	{ "r c:*:80", "name:x", NULL, true, false },
};

static void
test_connect(void)
{
	for (size_t i = 0; i < sizeof(connects) / sizeof(*connects); i++) {
		struct rules *r = rules_of(connects[i].options);
		struct in6_addr ip, *p = NULL;
		struct addr a;

		if (connects[i].ip != NULL) {
			inet_pton(AF_INET6, connects[i].ip, &ip);
			p = &ip;
		}
		addr_parse(&a, connects[i].address, ADDR_FOR_CONNECT, err,
		    sizeof(err));
		is_int(connects_to(r, &here, &a, p), connects[i].local,
		    "[%s] local CONNECT %s at %s", connects[i].options,
		    connects[i].address, p == NULL ? "-" : connects[i].ip);
		is_int(connects_to(r, &stranger, &a, p), connects[i].stranger,
		    "[%s] stranger's CONNECT %s", connects[i].options,
		    connects[i].address);
		rules_free(r);
	}
}

/* Forms that no rule concerns are nobody's to ask for. */
static void
test_other_kinds(void)
{
	static const char *const others[] = { "-", "fd:3", "exec:true",
		"fdpass:/x" };
	struct rules *r = rules_of("b:* b:any c:*:* c:any c:name:* c:/*");
	uint16_t lo, hi;
	struct addr a;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		addr_parse(&a, others[i], 0xff, err, sizeof(err));
		ok(rules_bind(r, &here, &a, &lo, &hi) == NULL, "no BIND %s",
		    others[i]);
		ok(!connects_to(r, &here, &a, NULL), "no CONNECT %s",
		    others[i]);
	}
	rules_free(r);
}

static int
admitted(const struct rules *r, const char *s)
{
	struct in6_addr ip;

	inet_pton(AF_INET6, s, &ip);
	return rules_admit(r, &ip);
}

static void
test_admit(void)
{
	struct rules *r = rules_new();

	ok(admitted(r, "::ffff:127.0.0.1"), "loopback is admitted");
	ok(admitted(r, "::1"), "so is ::1");
	ok(admitted(r, "::ffff:192.168.1.1"), "and private ranges");
	ok(admitted(r, "fd00::1"), "of IPv6 too");
	ok(!admitted(r, "::ffff:192.0.2.1"), "others are not");
	ok(!admitted(r, "2002:a00:1::1"), "nor one that embeds a private one");
	ok(!admitted(r, "64:ff9b::7f00:1"), "nor one that embeds loopback");
	ok(!admitted(r, "::127.0.0.1"), "in whatever way");
	is_int(rules_add_admit(r, "x", err, sizeof(err)), -1, "%s", err);
	ok(admitted(r, "::1"), "a malformed one changes nothing");
	is_int(rules_add_admit(r, "192.0.2.0/24", err, sizeof(err)), 0,
	    "a network");
	is_int(rules_add_admit(r, "::1", err, sizeof(err)), 0, "another");
	ok(admitted(r, "::ffff:192.0.2.1"), "the network is admitted");
	ok(admitted(r, "::1"), "the other too");
	ok(!admitted(r, "::ffff:192.168.1.1"), "the default is replaced");
	rules_free(r);
	r = rules_new();
	rules_add_admit(r, "*", err, sizeof(err));
	ok(admitted(r, "::ffff:8.8.8.8"), "'*' admits all");
	ok(!rules_serve_strangers(r), "which lets nobody do anything");
	rules_add_builtin(r, false);
	ok(!rules_serve_strangers(r), "nor do the built-in rules");
	rules_add_builtin(r, true);
	ok(rules_serve_strangers(r), "an upstream does");
	rules_free(r);
}

int
main(void)
{
	test_bind();
	test_connect();
	test_other_kinds();
	test_admit();
	return done_testing();
}
