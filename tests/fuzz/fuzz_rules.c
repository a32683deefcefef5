/*
 * Rules, one a line, its first byte the action ('b', 'c', else a network to
 * admit); the last line is the address that is asked for.
 */
#include "rules.h"

#include <arpa/inet.h>

#include <string.h>

#include "fuzz_main.h"

static const struct rule_who who[] = {
	{ false, IN6ADDR_ANY_INIT, NULL },
	{ true, IN6ADDR_LOOPBACK_INIT, "user" },
};

/*
 * The metadata service is reached only where its network was written in
 * one of its two spellings.
 */
static void
check_metadata(const struct rules *r, const struct addr *a, int named)
{
	struct in6_addr ip;

	inet_pton(AF_INET6, "::ffff:169.254.169.254", &ip);
	if (!named && a->kind == ADDR_TCP)
		FUZZ_ASSERT(!rules_connect(r, &who[0], a, &ip));
}

static void
ask(const struct rules *r, const char *s, int named, int rules)
{
	uint16_t lo, hi;
	struct addr a;
	char err[256];

	if (addr_parse(&a, s, ADDR_FOR_CONNECT, err, sizeof(err)) == 0) {
		check_metadata(r, &a, named);
		for (size_t i = 0; i < 2; i++) {
			(void)rules_connect(r, &who[i], &a, NULL);
			(void)rules_connect(r, &who[i], &a, &a.ip);
		}
		(void)rules_admit(r, &a.ip);
	}
	if (addr_parse(&a, s, ADDR_FOR_BIND, err, sizeof(err)) == -1)
		return;
	for (size_t i = 0; i < 2; i++)
		if (rules_bind(r, &who[i], &a, &lo, &hi))
			FUZZ_ASSERT(lo <= hi && (lo == 0) == (hi == 0));
	if (rules == 0)
		FUZZ_ASSERT(!rules_bind(r, &who[0], &a, &lo, &hi));
}

static int
add(struct rules *r, const char *line)
{
	char err[256];
	int n;

	if (line[0] != 'b' && line[0] != 'c') {
		(void)rules_add_admit(r, line, err, sizeof(err));
		return 0;
	}
	n = rules_add(r, line[0] == 'b' ? RULE_BIND : RULE_CONNECT, line + 1,
	    err, sizeof(err));
	if (n == -1)
		FUZZ_ASSERT(strpbrk(err, "\r\n\t") == NULL);
	return n == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = calloc(1, n + 1), *p = copy, *line;
	struct rules *r = rules_new();
	int rules = 0, named;

	if (copy == NULL || r == NULL || n > 4096)
		goto out;
	memcpy(copy, data, n);
	named = strstr(copy, "169.254.") != NULL ||
		strcasestr(copy, "a9fe") != NULL;
	while ((line = strsep(&p, "\n")) != NULL && p != NULL)
		rules += add(r, line);
	if (line != NULL)
		ask(r, line, named, rules);
	FUZZ_ASSERT(rules_serve_strangers(r) == (rules > 0));
out:
	rules_free(r);
	free(copy);
	return 0;
}
