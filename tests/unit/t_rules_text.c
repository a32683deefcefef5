/*
 * Rules as text: each clause, what makes a rule complete, and what is said of
 * it.  What they decide is in t_rules, t_rules_table and t_rules_hostile.
 */
#include "rules.h"

#include <arpa/inet.h>

#include <stdlib.h>

#include "tap.h"

#define REACH (RULE_CONNECT | RULE_FORWARD)

static char err[256];

/* ---- texts ---- */

static const struct {
	unsigned verbs;
	const char *s;
	const char *message; /* NULL: taken; else how it begins */
} texts[] = {
	{ RULE_BIND, "8080", NULL },
	{ RULE_BIND, "8080-8081", NULL },
	{ RULE_BIND, "22,80,8000-8099", NULL },
	{ RULE_BIND, "*", NULL },
	{ RULE_BIND, "*:8080", NULL },
	{ RULE_BIND, "127.0.0.1:*", NULL },
	{ RULE_BIND, "127.0.0.0/8:*", NULL },
	{ RULE_BIND, "localhost:1-65535", NULL },
	{ RULE_BIND, "[::1]:80", NULL },
	{ RULE_BIND, "[::]:80", NULL },
	{ RULE_BIND, "0.0.0.0:80", NULL },
	{ RULE_BIND, "name:*", NULL },
	{ RULE_BIND, "name:web.*", NULL },
	{ RULE_BIND, "/tmp/*", NULL },
	{ RULE_BIND, "any", NULL },
	{ RULE_BIND, "http://www.example.org/docs/*", NULL },
	{ RULE_BIND, "", "empty rule; write 8080, 8080-8081 or" },
	{ RULE_BIND, "foo", "\"foo\" is neither a port (1 to 65535) nor a" },
	{ RULE_BIND, "0", "\"0\" is neither a port (1 to 65535)" },
	{ RULE_BIND, "080", "\"080\" is neither a port" },
	{ RULE_BIND, "65536", "\"65536\" is neither a port" },
	{ RULE_BIND, "99999999999", "\"99999999999\" is neither a port" },
	{ RULE_BIND, "8081-8080", "the range 8081-8080 is empty; write 8080" },
	{ RULE_BIND, "8080-", "\"8080-\" is neither a port" },
	{ RULE_BIND, "-8080", "\"-8080\" is neither a port" },
	{ RULE_BIND, "1-2-3", "\"1-2-3\" is neither a port" },
	{ RULE_BIND, "80,", "\"\" is neither a port" },
	{ RULE_BIND, ",80", "\"\" is neither a port" },
	{ RULE_BIND, "80,,81", "\"\" is neither a port" },
	{ RULE_BIND, "80, 81", "a blank or control byte at column 4" },
	{ RULE_BIND, "80\n", "a blank or control byte at column 3" },
	{ RULE_BIND, ":80", "no host before the ports; write 8080" },
	{ RULE_BIND, "127.0.0.1:", "no ports behind the host; write 8080" },
	{ RULE_BIND, "::1:80", "an IPv6 address stands in brackets" },
	{ RULE_BIND, "[::1]", "no ports behind the host; write [::1]:*" },
	{ RULE_BIND, "[::1:80", "no ']' before the ports" },
	{ RULE_BIND, "www:80", "a name cannot be bound; write an address" },
	{ RULE_BIND, "127.1:80", "\"127.1\" matches no address; write a" },
	{ RULE_BIND, "name:", "the pattern is 1 to 107 bytes long" },
	{ REACH, "*:80", NULL },
	{ REACH, "*:*", NULL },
	{ REACH, "*.example.org:22", NULL },
	{ REACH, "target:80", NULL },
	{ REACH, "localhost:22", NULL },
	{ REACH, "10.0.0.0/8:22,80", NULL },
	{ REACH, "[::1]:22", NULL },
	{ REACH, "[2001:db8::/32]:22", NULL },
	{ REACH, "[2001:db8::]/32:22", NULL },
	{ REACH, "2001:db8::/32:22", NULL },
	{ REACH, "name:*", NULL },
	{ REACH, "/x", NULL },
	{ REACH, "any", NULL },
	{ REACH, "any:80", NULL },
	{ REACH, "http://www.example.org", NULL },
	{ REACH, "http://*.example.org:80,8000-8099/x", NULL },
	{ REACH, "http://*:*/*", NULL },
	{ REACH, "http://", "write http://www.example.org/docs/*" },
	{ REACH, "http:///x", "write http://www.example.org/docs/*" },
	{ REACH, "http://:80/x", "write http://www.example.org/docs/*" },
	{ REACH, "http://a b/", "a blank or control byte at column 9" },
	{ REACH, "http://a:/x", "\"\" is neither a port" },
	{ REACH, "http://a:0/x", "\"0\" is neither a port" },
	{ REACH, "http://a@b/x", "\"a@b\" is neither a host name" },
	{ REACH, "http://[::1]/x", NULL },
	{ REACH, "http://[::1]:80", NULL },
	{ REACH, "http://[::1]x/", "write http://www.example.org" },
	{ REACH, "http://[::1/x", "write http://www.example.org" },
	{ REACH, "http://[::1", "write http://www.example.org" },
	{ REACH, "http://[]/x", "not an IPv6 address; write http" },
	{ REACH, "http://[127.0.0.1]/", "not an IPv6 address" },
	{ REACH, "http://a/%78", "no '%', '?' or '#' is in a path" },
	{ REACH, "https://a/x", "only http:// is known; write http://www" },
	{ REACH, "", "empty rule; write example.org:22 or 10.0.0.0" },
	{ REACH, "80", "no ports behind the host; write example.org" },
	{ REACH, "*", "no ports behind the host; write example.org" },
	{ REACH, "example.org", "no ports behind the host; write ex" },
	{ REACH, "example.org:", "no ports behind the host" },
	{ REACH, ":80", "no host before the ports; write example.org" },
	{ REACH, "h:80-79", "the range 80-79 is empty; write 79-80" },
	{ REACH, "h:http", "\"http\" is neither a port" },
	{ REACH, "h!:80", "\"h!\" is neither a host name nor an IP" },
	{ REACH, "a:b:80", "an IPv6 address stands in brackets" },
	{ REACH, "10.*:80", "\"10.*\" matches no address; write a" },
	{ REACH, "127.1:80", "\"127.1\" matches no address; write a" },
	{ REACH, "[::1%lo]:80", "not an IP network" },
	{ REACH, "10.0.0.0/33:80", "what follows '/' is 0 to 32" },
	{ REACH, "foo/8:80", "not an IP network" },
	{ REACH, "[]:80", "not an IP network" },
	{ REACH, "[::1]x:80", "no ']' before the ports" },
};

static void
test_texts(void)
{
	const char *message;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct rules *r = rules_new();

		err[0] = '\0';
		is_int(rules_add_option(r, texts[i].verbs, texts[i].s, err,
			   sizeof(err)),
		    texts[i].message == NULL ? 0 : -1, "rule '%s': %s",
		    texts[i].s, err);
		is_int(rules_serve_strangers(r), texts[i].message == NULL,
		    "is kept only if it is taken");
		if (texts[i].message != NULL) {
			message = strstr(err, ": ");
			message = message == NULL ? "" : message + 2;
			ok(strpbrk(err, "\r\n\t") == NULL, "no control byte");
			ok(strstr(err, texts[i].message) != NULL,
			    "says why: %s", message);
		}
		rules_free(r);
	}
}

static void
test_many_ranges(void)
{
	struct rules *r = rules_new();
	char s[512] = "1";

	for (int i = 1; i < 32; i++)
		strlcat(s, ",1", sizeof(s));
	is_int(rules_add_option(r, RULE_BIND, s, err, sizeof(err)), 0,
	    "32 ranges");
	strlcat(s, ",1", sizeof(s));
	is_int(rules_add_option(r, RULE_BIND, s, err, sizeof(err)), -1,
	    "33: %s", err);
	rules_free(r);
	rules_free(NULL);
}

/* ---- clauses ---- */

#define HEX16 "0123456789abcDEF"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define COLONS "01:23:45:67:89:ab:cD:EF"

typedef int add_fn(struct rule *, const char *, char *, size_t);

static const struct {
	const char *kind;
	add_fn *add;
	const char *text;
	const char *message; /* NULL: taken */
} clauses[] = {
	{ "user", rule_add_user, "ops", NULL },
	{ "user", rule_add_user, "*", NULL },
	{ "user", rule_add_user, "", "1 to 64 bytes long" },
	{ "user", rule_add_user, "a b", "no blank, ':' or control byte" },
	{ "user", rule_add_user, "a:b", "as at column 2" },
	{ "user", rule_add_user, "a\x7f", "as at column 2" },
	{ "user", rule_add_user, "\xc3\xa4", NULL },
	{ "user", rule_add_user, HEX64, NULL },
	{ "user", rule_add_user, HEX64 "0", "1 to 64 bytes long" },
	{ "group", rule_add_group, "admins", NULL },
	{ "group", rule_add_group, "", "name of a group is 1 to 64" },
	{ "from", rule_add_from, "local", NULL },
	{ "from", rule_add_from, "*", NULL },
	{ "from", rule_add_from, "10.0.0.0/8", NULL },
	{ "from", rule_add_from, "2001:db8::/32", NULL },
	{ "from", rule_add_from, "10.0.0.0/33", "0 to 32" },
	{ "from", rule_add_from, "Local", "not an IP network; write" },
	{ "from", rule_add_from, "", "not an IP network; write" },
	{ "cert", rule_add_cert, "*.example.org", NULL },
	{ "cert", rule_add_cert, "", "1 to 255 bytes" },
	{ "cert", rule_add_cert, HEX64 HEX64 HEX64 HEX64, "1 to 255 bytes" },
	{ "print", rule_add_print, "SHA256:" HEX64, NULL },
	{ "print", rule_add_print,
	    "SHA256:" COLONS ":" COLONS ":" COLONS ":" COLONS, NULL },
	{ "print", rule_add_print, HEX64, "\"SHA256:\" and 64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:" HEX64 "0", "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:" HEX64 ":", "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256::" HEX64, "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:0:" HEX64, "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:g" HEX64, "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:" HEX16, "64 hexadecimal" },
	{ "print", rule_add_print, "SHA256:", "64 hexadecimal" },
	{ "print", rule_add_print, "SHA1:" HEX64, "64 hexadecimal" },
	{ "print", rule_add_print, "", "64 hexadecimal" },
	{ "visitors", rule_add_visitors, "10.0.0.0/8", NULL },
	{ "visitors", rule_add_visitors, "*", NULL },
	{ "visitors", rule_add_visitors, "local", "not an IP network" },
};

static void
test_clauses(void)
{
	for (size_t i = 0; i < sizeof(clauses) / sizeof(*clauses); i++) {
		struct rule *rule = rule_new(true);

		err[0] = '\0';
		is_int(clauses[i].add(rule, clauses[i].text, err, sizeof(err)),
		    clauses[i].message == NULL ? 0 : -1, "%s \"%s\"",
		    clauses[i].kind, clauses[i].text);
		if (clauses[i].message != NULL) {
			ok(strstr(err, clauses[i].message) != NULL, "%s", err);
			ok(strpbrk(err, "\x7f\r\n") == NULL, "in one line");
		}
		rule_free(rule);
	}
	rule_free(NULL);
}

static const struct {
	bool permit;
	unsigned verbs;
	const char *where[3];
	bool visitors;
	int proxy;
	const char *message; /* NULL: complete */
} checks[] = {
	{ true, RULE_BIND, { "8080" }, false, 0, NULL },
	{ true, RULE_BIND, { "8080" }, true, 0, NULL },
	{ true, RULE_BIND | REACH, { "*:80" }, true, 2, NULL },
	{ true, RULE_BIND | REACH, { "80", "*.x.org:22" }, false, 0, NULL },
	{ true, RULE_ALL_VERBS, { "any" }, false, 0, NULL },
	{ true, RULE_ALL_VERBS, { NULL }, false, 0, NULL },
	{ true, RULE_STAT, { NULL }, false, 0, NULL },
	{ true, RULE_STAT, { "any" }, false, 0, NULL },
	{ false, RULE_BIND, { NULL }, false, 0, NULL },
	{ false, RULE_ALL_VERBS, { NULL }, false, 0, NULL },
	{ true, 0, { NULL }, false, 0, "what? write bind, connect" },
	{ false, 0, { NULL }, false, 0, "what? write bind, connect" },
	{ true, RULE_BIND, { NULL }, false, 0, "where? write an address" },
	{ true, REACH | RULE_BIND, { NULL }, false, 0, "where?" },
	{ true, REACH, { NULL }, false, 0, "where?" },
	{ true, RULE_BIND | REACH, { "80" }, false, 0,
	    "80: this cannot be connected to" },
	{ false, RULE_BIND | REACH, { "80" }, false, 0,
	    "80: this cannot be connected to" },
	{ true, RULE_BIND | RULE_CONNECT, { "a.org:80" }, false, 0,
	    "a.org:80: this cannot be bound" },
	{ true, REACH, { "*:80" }, true, 0, "visitors" },
	{ false, RULE_BIND, { "80" }, true, 0, "visitors" },
	{ true, RULE_BIND, { "80" }, false, 1, "proxy" },
	{ false, REACH, { "*:80" }, false, 1, "proxy" },
	{ true, REACH, { "*:80" }, false, 3, "write proxy v1 or proxy v2" },
};

static void
test_checks(void)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		struct rule *rule = rule_new(checks[i].permit);
		char *text;

		rule_set_verbs(rule, checks[i].verbs);
		for (size_t k = 0; checks[i].where[k] != NULL; k++)
			is_int(rule_add_where(rule, checks[i].where[k], err,
				   sizeof(err)),
			    0, "%s", checks[i].where[k]);
		if (checks[i].visitors)
			rule_set_visitor_rate(rule, 60);
		rule_set_proxy(rule, checks[i].proxy);
		err[0] = '\0';
		text = rule_statement(rule);
		is_int(rule_check(rule, err, sizeof(err)),
		    checks[i].message == NULL ? 0 : -1, "%s: %s", text, err);
		free(text);
		if (checks[i].message != NULL)
			ok(strstr(err, checks[i].message) != NULL, "says why");
		rule_free(rule);
	}
}

static void
test_where_of_stat(void)
{
	struct rule *rule = rule_new(true);

	rule_set_verbs(rule, RULE_STAT);
	is_int(rule_add_where(rule, "*:80", err, sizeof(err)), -1,
	    "stat has no address: %s", err);
	rule_free(rule);
}

/* ---- what is said of a rule ---- */

static void
test_origin(void)
{
	struct rules *r = rules_new();
	struct rule *rule = rule_new(true);
	const struct rule *next;
	char out[64];

	rule_set_verbs(rule, RULE_BIND);
	rule_add_user(rule, "bind", err, sizeof(err));
	rule_add_where(rule, "80,90", err, sizeof(err));
	rule_add_where(rule, "name:*", err, sizeof(err));
	is_str(rule_text(rule), "", "no text before it is set");
	is_str(rule_origin(rule, out, sizeof(out)), "built in",
	    "nor an origin");
	rule_set_origin(rule, "/etc/vsapd.conf", 12, "permit $ops bind 80");
	is_str(rule_text(rule), "permit $ops bind 80", "the text as written");
	is_str(rule_origin(rule, out, sizeof(out)), "/etc/vsapd.conf:12",
	    "where it stands");
	rule_set_origin(rule, "-b", 0, NULL);
	is_str(rule_origin(rule, out, sizeof(out)), "-b", "an option");
	is_str(rule_text(rule),
	    "permit user \"bind\" bind { \"80,90\", name:* }",
	    "the text from its clauses");
	rules_append(r, rule);
	rules_append(r, rule_new(false));
	ok((next = rules_next(r, NULL)) == rule, "the first rule");
	ok((next = rules_next(r, next)) != NULL && !rule_permits(next),
	    "the second");
	ok(rules_next(r, next) == NULL, "the end");
	rules_free(r);
}

static void
test_no_rule(void)
{
	static const struct in6_addr ip = IN6ADDR_LOOPBACK_INIT;

	ok(!rule_permits(NULL), "no rule permits nothing");
	ok(!rule_admits_visitor(NULL, &ip), "admits nobody");
	is_int(rule_proxy(NULL), 0, "has no header");
	is_int(rule_visitor_rate(NULL), 0, "and no rate");
}

static void
test_visitors(void)
{
	struct rule *rule = rule_new(true);
	struct in6_addr in, out;

	inet_pton(AF_INET6, "::ffff:10.1.2.3", &in);
	inet_pton(AF_INET6, "2001:db8::1", &out);
	ok(rule_admits_visitor(rule, &out), "everybody visits");
	rule_add_visitors(rule, "10.0.0.0/8", err, sizeof(err));
	ok(rule_admits_visitor(rule, &in), "one from the network");
	ok(!rule_admits_visitor(rule, &out), "no other");
	rule_add_visitors(rule, "2001:db8::/32", err, sizeof(err));
	ok(rule_admits_visitor(rule, &out), "but of two networks both");
	rule_set_visitor_rate(rule, 60);
	is_int(rule_visitor_rate(rule), 60, "60 a minute");
	rule_set_proxy(rule, 2);
	is_int(rule_proxy(rule), 2, "a header of version 2");
	rule_free(rule);
}

int
main(void)
{
	test_texts();
	test_many_ranges();
	test_clauses();
	test_checks();
	test_where_of_stat();
	test_origin();
	test_no_rule();
	test_visitors();
	return done_testing();
}
