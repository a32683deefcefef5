/*
 * Two kinds of inputs.  One that begins with a NUL makes rules in a small
 * universe, whose decisions are compared with those of a plain table.  Any
 * other is text: statements (rules_of.h), one a line, and on the last line the
 * address that is asked for.
 */
#include "rules.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "../unit/rules_ask.h"
#include "../unit/rules_of.h"
#include "fuzz_main.h"

static const char *const people[] = { "local", "unix uid=1 gid=2 gid=3",
	"10.1.2.3 user=a", "10.1.2.3 user=b tls cn=c.x print=a", "192.0.2.1" };

#define PEOPLE (sizeof(people) / sizeof(*people))

/* ---- texts ---- */

/* The same list from the statements of its rules. */
static struct rules *
printed(const struct rules *r)
{
	const struct rule *rule = NULL, *last = NULL, *next;
	struct rules *again = rules_new();
	char err[256], *s, *t;

	while ((rule = rules_next(r, rule)) != NULL) {
		FUZZ_ASSERT((s = rule_statement(rule)) != NULL);
		/* what is longer than a test's statement is not compared */
		if (rules_of(again, s, err, sizeof(err)) == -1) {
			FUZZ_ASSERT(strlen(s) > 1000);
			free(s);
			rules_free(again);
			return NULL;
		}
		while ((next = rules_next(again, last)) != NULL)
			last = next;
		FUZZ_ASSERT((t = rule_statement(last)) != NULL);
		FUZZ_ASSERT(strcmp(s, t) == 0);
		free(s);
		free(t);
	}
	return again;
}

/* Groups are no rules and are not printed; who is in one is not compared. */
static int
same(const struct rules *r, const struct rules *s, const struct rule *a,
    const struct rule *b)
{
	const struct rule *p = NULL, *q = NULL;

	if (a == NULL || b == NULL)
		return a == b;
	do {
		p = rules_next(r, p);
		q = rules_next(s, q);
	} while (p != a && p != NULL);
	return q == b;
}

/*
 * The metadata service is reached only where its network was written in
 * one of its two spellings, or everything was permitted.
 */
static void
check_metadata(const struct rules *r, const struct addr *a, int named)
{
	struct person p;
	struct in6_addr ip;

	inet_pton(AF_INET6, "::ffff:169.254.169.254", &ip);
	FUZZ_ASSERT(ask_person(&p, "192.0.2.1") == 0);
	if (!named && a->kind == ADDR_TCP)
		FUZZ_ASSERT(!rule_permits(
		    rules_reach(r, RULE_CONNECT, &p.who, a, &ip, false)));
}

static void
ask_bind(const struct rules *r, const struct rules *again, const struct addr *a,
    const struct rule_who *who, int groups)
{
	const struct rule *rule;
	uint16_t lo, hi, l, h;

	rule = rules_bind(r, who, a, &lo, &hi);
	FUZZ_ASSERT(lo <= hi && (lo == 0) == (hi == 0));
	FUZZ_ASSERT(lo == 0 || rule_permits(rule));
	if (rule_permits(rule))
		FUZZ_ASSERT(rules_bind_anybody(r, a, lo, hi));
	if (again != NULL && !groups) {
		FUZZ_ASSERT(
		    same(r, again, rule, rules_bind(again, who, a, &l, &h)));
		FUZZ_ASSERT(l == lo && h == hi);
	}
}

static void
ask_reach(const struct rules *r, const struct rules *again,
    const struct addr *a, const struct rule_who *who, int groups)
{
	const struct rule *rule;

	for (int i = 0; i < 4; i++) {
		const struct in6_addr *ip = i < 2 ? NULL : &who->ip;
		bool own = i % 2 == 1;

		rule = rules_reach(r, RULE_FORWARD, who, a, ip, own);
		if (again != NULL && !groups)
			FUZZ_ASSERT(same(r, again, rule,
			    rules_reach(again, RULE_FORWARD, who, a, ip, own)));
		/* what reaches one of our own reaches another's, too */
		if (rule_permits(rule) && own)
			FUZZ_ASSERT(rule_permits(
			    rules_reach(r, RULE_FORWARD, who, a, ip, false)));
	}
}

static void
ask_all(const struct rules *r, const struct rules *again, const char *s,
    int named, int groups)
{
	struct person p;
	struct addr a;
	char err[256];

	for (size_t i = 0; i < PEOPLE; i++) {
		FUZZ_ASSERT(ask_person(&p, people[i]) == 0);
		(void)rules_stat(r, &p.who);
		(void)rules_admit(r, &p.who.ip);
		if (addr_parse(&a, s, ADDR_FOR_BIND | ADDR_F_HTTP, err,
			sizeof(err)) == 0)
			ask_bind(r, again, &a, &p.who, groups);
		if (addr_parse(&a, s, ADDR_FOR_CONNECT | ADDR_F_HTTP, err,
			sizeof(err)) == -1)
			continue;
		check_metadata(r, &a, named);
		ask_reach(r, again, &a, &p.who, groups);
	}
}

static void
fuzz_text(char *text)
{
	char *question = strrchr(text, '\n'), *line, *p = text;
	struct rules *r = rules_new(), *again;
	int named, groups;
	char err[256];

	if (r == NULL || question == NULL) {
		rules_free(r);
		return;
	}
	*question++ = '\0';
	named = strstr(text, "169.254.") != NULL ||
		strcasestr(text, "a9fe") != NULL ||
		strstr(text, "any") != NULL || strstr(text, "stat") != NULL ||
		strstr(text, "upstream") != NULL;
	groups = strstr(text, "group") != NULL;
	while ((line = strsep(&p, "\n")) != NULL)
		if (rules_of(r, line, err, sizeof(err)) == -1)
			FUZZ_ASSERT(strpbrk(err, "\r\n") == NULL);
	again = printed(r);
	ask_all(r, again, question, named, groups);
	rules_free(again);
	rules_free(r);
}

/* ---- the small universe ---- */

/* A text with %s for the ports, and which of the questions it matches if it
 * permits and if it denies; bits. */
struct place {
	const char *text;
	unsigned permit, deny;
};

/* What is asked, with %u for the port. */
static const char *const reaches[] = {
	"connect h.org:%u",		  /* 0x01 not resolved */
	"connect h.org:%u @10.1.1.1",	  /* 0x02 */
	"connect h.org:%u @127.0.0.1",	  /* 0x04 */
	"connect 10.1.1.1:%u",		  /* 0x08 */
	"connect 127.0.0.1:%u",		  /* 0x10 */
	"connect localhost:%u @::1",	  /* 0x20 */
	"connect 192.0.2.5:%u own",	  /* 0x40 */
	"connect [64:ff9b::10.1.1.1]:%u", /* 0x80 */
};

static const struct place reach_places[] = {
	{ "any", 0xff, 0xff },
	{ "\"*:%s\"", 0x8b, 0xff },
	{ "\"10.0.0.0/8:%s\"", 0x0b, 0x8a },
	{ "\"127.0.0.0/8:%s\"", 0x15, 0x14 },
	{ "\"h.org:%s\"", 0x03, 0x07 },
	{ "\"*.org:%s\"", 0x03, 0x07 },
	{ "\"localhost:%s\"", 0x30, 0x34 },
	{ "\"[::/0]:%s\"", 0x8b, 0xff },
};

static const char *const binds[] = {
	"bind :%u",	     /* 0x01 */
	"bind 127.0.0.1:%u", /* 0x02 */
	"bind 10.1.1.1:%u",  /* 0x04 */
	"bind [::1]:%u",     /* 0x08 */
};

static const struct place bind_places[] = {
	{ "any", 0x0f, 0x0f },
	{ "\"%s\"", 0x0f, 0x0f },
	{ "\"127.0.0.1:%s\"", 0x02, 0x03 },
	{ "\"10.0.0.0/8:%s\"", 0x04, 0x05 },
	{ "\"[::]/0:%s\"", 0x0e, 0x0f },
};

/* Which of the people each clause is for; bits. */
static const struct {
	const char *text;
	unsigned people;
} clauses[] = {
	{ "", 0x1f },
	{ "user a", 0x04 },
	{ "user \"*\"", 0x0c },
	{ "user { a, b } from local", 0x00 },
	{ "from local", 0x03 },
	{ "from 10.0.0.0/8", 0x0c },
	{ "from { 192.0.2.1, local }", 0x13 },
	{ "from *", 0x1f },
	{ "from ::/0", 0x1d },
	{ "uid 1", 0x02 },
	{ "uid { 1, 7 } gid 3", 0x02 },
	{ "gid 1", 0x00 },
	{ "over tls", 0x08 },
	{ "certificate \"*.x\"", 0x08 },
	{ "certificate \"*.y\" user b", 0x00 },
};

#define N(a) (sizeof(a) / sizeof(*(a)))
#define RULES_MAX 24

struct plain {
	bool permit, bind;
	unsigned people, questions;
	unsigned lo, hi;
};

/* A rule of four bytes: as text, and as what it means. */
static void
make(const uint8_t *p, struct plain *rule, char *out, size_t outlen)
{
	const struct place *place;
	char ports[16], where[64];
	unsigned who = p[1] % N(clauses);

	rule->permit = p[0] & 1;
	rule->bind = p[0] & 2;
	rule->people = clauses[who].people;
	place = rule->bind ? &bind_places[p[2] % N(bind_places)]
			   : &reach_places[p[2] % N(reach_places)];
	rule->questions = rule->permit ? place->permit : place->deny;
	rule->lo = 1 + p[3] % 5;
	rule->hi = rule->lo + p[3] / 5 % 4;
	if (strcmp(place->text, "any") == 0) {
		rule->lo = 1;
		rule->hi = 65535;
	}
	snprintf(ports, sizeof(ports), "%u-%u", rule->lo, rule->hi);
	/* the texts are those above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(where, sizeof(where), place->text, ports);
#pragma GCC diagnostic pop
	snprintf(out, outlen, "%s %s %s %s", rule->permit ? "permit" : "deny",
	    clauses[who].text, rule->bind ? "bind" : "connect", where);
}

static bool
matches(const struct plain *rule, bool bind, unsigned who, unsigned question,
    unsigned port)
{
	return rule->bind == bind && (rule->people & 1u << who) != 0 &&
	       (rule->questions & 1u << question) != 0 && port >= rule->lo &&
	       port <= rule->hi;
}

/* The number of the first that matches, or n. */
static size_t
first(const struct plain *rules, size_t n, bool bind, unsigned who,
    unsigned question, unsigned port)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (matches(&rules[i], bind, who, question, port))
			break;
	return i;
}

static size_t
number_of(const struct rules *r, const struct rule *rule)
{
	const struct rule *next = rules_next(r, NULL);
	size_t n = 0;

	for (; next != rule; next = rules_next(r, next))
		n++;
	return n;
}

/* Port 0: as if each port were asked for by itself. */
static void
check_free(const struct rules *r, const struct plain *rules, size_t n,
    unsigned who, unsigned question, const struct rule *got, unsigned lo,
    unsigned hi)
{
	unsigned run = 0, best = 0, from = 0, above = 0;
	bool may = false;

	for (unsigned port = 1; port <= 65535; port++) {
		/* no port of a rule is above: all others are alike */
		if (port <= 10) {
			size_t i = first(rules, n, true, who, question, port);

			may = i < n && rules[i].permit;
		}
		run = may ? run + 1 : 0;
		above += may && port >= 1024;
		if (run > best) {
			best = run;
			from = port - run + 1;
		}
	}
	FUZZ_ASSERT(rule_permits(got) == (best > 0));
	if (best == 0)
		return;
	FUZZ_ASSERT(
	    number_of(r, got) == first(rules, n, true, who, question, from));
	if (above == 65536 - 1024)
		FUZZ_ASSERT(lo == 0 && hi == 0);
	else
		FUZZ_ASSERT(lo == from && hi == from + best - 1);
}

static void
compare(const struct rules *r, const struct plain *rules, size_t n, bool bind,
    unsigned who, unsigned question, unsigned port)
{
	const struct rule *got;
	struct question q;
	struct person p;
	uint16_t lo, hi;
	char text[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), bind ? binds[question] : reaches[question],
	    port);
#pragma GCC diagnostic pop
	FUZZ_ASSERT(ask_person(&p, people[who]) == 0);
	FUZZ_ASSERT(ask_question(&q, text) == 0);
	got = ask(r, &p.who, &q, &lo, &hi);
	if (port == 0)
		check_free(r, rules, n, who, question, got, lo, hi);
	else
		FUZZ_ASSERT(number_of(r, got) ==
			    first(rules, n, bind, who, question, port));
}

static void
fuzz_universe(const uint8_t *data, size_t len)
{
	struct plain rules[RULES_MAX];
	struct rules *r = rules_new();
	size_t n = 0;
	char text[256], err[256];

	for (; r != NULL && len >= 4 && n < RULES_MAX; data += 4, len -= 4) {
		make(data, &rules[n++], text, sizeof(text));
		FUZZ_ASSERT(rules_of(r, text, err, sizeof(err)) == 0);
	}
	for (unsigned who = 0; r != NULL && who < PEOPLE; who++)
		for (unsigned port = 1; port <= 9; port++) {
			for (unsigned i = 0; i < N(reaches); i++)
				compare(r, rules, n, false, who, i, port);
			for (unsigned i = 0; i < N(binds); i++)
				compare(r, rules, n, true, who, i, port);
		}
	if (r != NULL)
		compare(r, rules, n, true, n % PEOPLE, (unsigned)n % N(binds),
		    0);
	rules_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy;

	if (n == 0 || n > 4096)
		return 0;
	if (data[0] == '\0') {
		fuzz_universe(data + 1, n - 1);
		return 0;
	}
	if ((copy = calloc(1, n + 1)) == NULL)
		return 0;
	memcpy(copy, data, n);
	fuzz_text(copy);
	free(copy);
	return 0;
}
