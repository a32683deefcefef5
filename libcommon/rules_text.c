/*
 * The text of one rule: [host:]ports, name:pattern or /path/pattern.
 */
#include "rules_text.h"

#include <arpa/inet.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limits_vsap.h"

struct text {
	const char *s;
	enum rule_action action;
	char *err;
	size_t errlen;
};

static int fail(const struct text *, const char *, ...)
    __attribute__((__format__(printf, 2, 3)));

static int
fail(const struct text *t, const char *fmt, ...)
{
	char why[256], shown[64];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	strlcpy(shown, t->s, sizeof(shown));
	for (char *p = shown; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	(void)snprintf(t->err, t->errlen, "%s: %s", shown, why);
	return -1;
}

static const char *
example(const struct text *t)
{
	return t->action == RULE_BIND ? "8080, 8080-8081 or 127.0.0.1:8080"
				      : "example.org:22 or 10.0.0.0/8:*";
}

/* ---- ports ---- */

/* A number without sign, blank or leading zero; 0 if it is none. */
static uint16_t
port_number(const char *s, size_t n)
{
	char digits[8];

	if (n == 0 || n >= sizeof(digits) || strspn(s, "0123456789") < n ||
	    s[0] == '0')
		return 0;
	memcpy(digits, s, n);
	digits[n] = '\0';
	return (uint16_t)strtonum(digits, 1, 65535, NULL);
}

static int
parse_range(const struct text *t, const char *s, size_t n,
    struct port_range *range)
{
	const char *dash = memchr(s, '-', n);
	size_t first = dash == NULL ? n : (size_t)(dash - s);

	if (n == 1 && *s == '*') {
		range->lo = 1;
		range->hi = 65535;
		return 0;
	}
	range->lo = range->hi = port_number(s, first);
	if (dash != NULL)
		range->hi = port_number(dash + 1, n - first - 1);
	if (range->lo == 0 || range->hi == 0)
		return fail(t,
		    "\"%.*s\" is neither a port (1 to 65535) nor a range; "
		    "write %s",
		    n < 24 ? (int)n : 24, s, example(t));
	if (range->lo > range->hi)
		return fail(t, "the range %u-%u is empty; write %u-%u",
		    range->lo, range->hi, range->hi, range->lo);
	return 0;
}

static int
parse_ports(const struct text *t, const char *s, struct rule *rule)
{
	size_t n;

	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if (rule->nports == RULE_PORTS_MAX)
			return fail(t,
			    "more than %d ranges; give the option again",
			    RULE_PORTS_MAX);
		if (parse_range(t, s, n, &rule->ports[rule->nports]) == -1)
			return -1;
		rule->nports++;
		if (s[n] == '\0')
			return 0;
	}
}

/* ---- hosts ---- */

/* Letters, digits and what names and patterns have besides. */
static int
check_host_bytes(const struct text *t, const char *host)
{
	for (const char *p = host; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
		    strchr("-_.*", *p) != NULL)
			continue;
		return fail(t,
		    "\"%.64s\" is neither a host name nor an IP network; "
		    "write %s",
		    host, example(t));
	}
	return 0;
}

/* A name in lower case, its last dot dropped. */
static int
parse_name_host(const struct text *t, struct rule *rule)
{
	size_t n = strlen(rule->pattern);

	for (char *p = rule->pattern; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	if (n > 1 && rule->pattern[n - 1] == '.')
		rule->pattern[n - 1] = '\0';
	if (check_host_bytes(t, rule->pattern) == -1)
		return -1;
	rule->kind = strcmp(rule->pattern, "localhost") == 0 ? RULE_LOCALHOST
							     : RULE_HOST;
	/* a number never matches a pattern of names: told, not ignored */
	if (strspn(rule->pattern, "0123456789.*") == strlen(rule->pattern) &&
	    strpbrk(rule->pattern, "0123456789") != NULL)
		return fail(t,
		    "\"%.64s\" matches no address; "
		    "write a network, as in 10.0.0.0/8:*",
		    rule->pattern);
	return 0;
}

/* BIND knows addresses only; every address is like no address given. */
static int
bind_host(const struct text *t, struct rule *rule)
{
	if (rule->kind == RULE_LOCALHOST) {
		rule->kind = RULE_NET;
		return cidr_parse(&rule->net, "127.0.0.1", t->err, t->errlen);
	}
	if (rule->kind == RULE_HOST)
		return fail(t,
		    "a name cannot be bound; write an address, as in "
		    "127.0.0.1:8080");
	if (rule->kind == RULE_NET && (strcmp(rule->pattern, "0.0.0.0") == 0 ||
					  strcmp(rule->pattern, "::") == 0))
		rule->kind = RULE_ANY;
	return 0;
}

/* "[v6]" and "[v6]/n" lose their brackets, here in place. */
static int
strip_brackets(const struct text *t, char *host)
{
	char *end;

	if (host[0] != '[') {
		if (strchr(host, ':') == NULL || strchr(host, '/') != NULL)
			return 0;
		return fail(t,
		    "an IPv6 address stands in brackets; write [%.45s]:*",
		    host);
	}
	end = strchr(host, ']');
	if (end == NULL || (end[1] != '\0' && end[1] != '/'))
		return fail(t, "no ']' before the ports; write [::1]:22");
	memmove(end, end + 1, strlen(end + 1) + 1);
	memmove(host, host + 1, strlen(host + 1) + 1);
	return 0;
}

static int
parse_host(const struct text *t, const char *s, size_t n, struct rule *rule)
{
	char ignored[128];

	if (n == 0 || n > ADDR_HOST_MAX)
		return fail(t,
		    n == 0 ? "no host before the ports; write %s"
			   : "the host is too long; write %s",
		    example(t));
	memcpy(rule->pattern, s, n);
	rule->pattern[n] = '\0';
	if (strcmp(rule->pattern, "*") == 0) {
		rule->kind = RULE_ANY;
		return 0;
	}
	if (strip_brackets(t, rule->pattern) == -1)
		return -1;
	rule->kind = RULE_NET;
	if (s[0] == '[' || strpbrk(rule->pattern, "/:") != NULL)
		return cidr_parse(&rule->net, rule->pattern, t->err, t->errlen);
	if (cidr_parse(&rule->net, rule->pattern, ignored, sizeof(ignored)) ==
	    0)
		return 0;
	return parse_name_host(t, rule);
}

/* ---- whole rules ---- */

static int
parse_tcp(const struct text *t, struct rule *rule)
{
	const char *colon = strrchr(t->s, ':');

	if (colon == NULL && t->action == RULE_BIND) {
		rule->kind = RULE_ANY;
		return parse_ports(t, t->s, rule);
	}
	if (colon == NULL || colon[1] == '\0')
		return fail(t, "no ports behind the host; write %s",
		    example(t));
	if (strchr(colon, ']') != NULL)
		return fail(t, "no ports behind the host; write %.48s:*", t->s);
	if (parse_host(t, t->s, (size_t)(colon - t->s), rule) == -1)
		return -1;
	if (t->action == RULE_BIND && bind_host(t, rule) == -1)
		return -1;
	return parse_ports(t, colon + 1, rule);
}

static int
parse_pattern(const struct text *t, const char *pattern, struct rule *rule)
{
	size_t n = strlcpy(rule->pattern, pattern, sizeof(rule->pattern));

	if (n == 0 || n > VSAP_NAME_MAX)
		return fail(t,
		    "the pattern is 1 to %d bytes long; write name:* or /tmp/*",
		    VSAP_NAME_MAX);
	return 0;
}

static int
parse_text(const struct text *t, struct rule *rule)
{
	if (t->s[0] == '\0')
		return fail(t, "empty rule; write %s", example(t));
	for (const char *p = t->s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return fail(t, "a blank or control byte at column %d",
			    (int)(p - t->s) + 1);
	rule->kind = RULE_PATH;
	if (t->s[0] == '/')
		return parse_pattern(t, t->s, rule);
	rule->kind = RULE_NAME;
	if (strncmp(t->s, "name:", 5) == 0)
		return parse_pattern(t, t->s + 5, rule);
	return parse_tcp(t, rule);
}

struct rule *
rule_parse(enum rule_action action, const char *s, char *err, size_t errlen)
{
	const struct text t = { s, action, err, errlen };
	struct rule *rule = calloc(1, sizeof(*rule));

	if (rule == NULL) {
		strlcpy(err, "out of memory", errlen);
		return NULL;
	}
	rule->action = action;
	if (parse_text(&t, rule) == -1) {
		free(rule);
		return NULL;
	}
	return rule;
}
