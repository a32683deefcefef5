/*
 * Where a rule holds, as text: any, [host:]ports, name:pattern, /path/pattern
 * or http://host[:ports]/pattern.
 */
#include "rules_impl.h"

#include <arpa/inet.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limits_vsap.h"

#define HTTP_EXAMPLE "http://www.example.org/docs/*"

struct text {
	const char *s;
	bool bind; /* else connect and forward */
	char *err;
	size_t errlen;
};

static int fail(const struct text *, const char *, ...)
    __attribute__((__format__(printf, 2, 3)));

static int
fail(const struct text *t, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return rule_fail(t->err, t->errlen, t->s, "%s", why);
}

static const char *
example(const struct text *t)
{
	return t->bind ? "8080, 8080-8081 or 127.0.0.1:8080"
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
parse_ports(const struct text *t, const char *s, struct where *w)
{
	size_t n;

	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if (w->nports == RULE_PORTS_MAX)
			return fail(t,
			    "more than %d ranges; write the others by "
			    "themselves",
			    RULE_PORTS_MAX);
		if (parse_range(t, s, n, &w->ports[w->nports]) == -1)
			return -1;
		w->nports++;
		if (s[n] == '\0')
			return 0;
	}
}

/* ---- hosts ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

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
parse_name_host(const struct text *t, struct where *w)
{
	size_t n = strlen(w->pattern);

	for (char *p = w->pattern; *p != '\0'; p++)
		*p = lower(*p);
	if (n > 1 && w->pattern[n - 1] == '.')
		w->pattern[n - 1] = '\0';
	if (check_host_bytes(t, w->pattern) == -1)
		return -1;
	w->kind =
	    strcmp(w->pattern, "localhost") == 0 ? WHERE_LOCALHOST : WHERE_HOST;
	/* a number never matches a pattern of names: told, not ignored */
	if (strspn(w->pattern, "0123456789.*") == strlen(w->pattern) &&
	    strpbrk(w->pattern, "0123456789") != NULL)
		return fail(t,
		    "\"%.64s\" matches no address; "
		    "write a network, as in 10.0.0.0/8:*",
		    w->pattern);
	return 0;
}

/* BIND knows addresses only; every address is like no address given. */
static int
bind_host(const struct text *t, struct where *w)
{
	if (w->kind == WHERE_LOCALHOST) {
		w->kind = WHERE_NET;
		return cidr_parse(&w->net, "127.0.0.1", t->err, t->errlen);
	}
	if (w->kind == WHERE_HOST)
		return fail(t,
		    "a name cannot be bound; write an address, as in "
		    "127.0.0.1:8080");
	if (w->kind == WHERE_NET && (strcmp(w->pattern, "0.0.0.0") == 0 ||
					strcmp(w->pattern, "::") == 0))
		w->kind = WHERE_EVERY;
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
parse_host(const struct text *t, const char *s, size_t n, struct where *w)
{
	char ignored[128];

	if (n == 0 || n > ADDR_HOST_MAX)
		return fail(t,
		    n == 0 ? "no host before the ports; write %s"
			   : "the host is too long; write %s",
		    example(t));
	memcpy(w->pattern, s, n);
	w->pattern[n] = '\0';
	if (strcmp(w->pattern, "*") == 0) {
		w->kind = WHERE_EVERY;
		return 0;
	}
	if (strip_brackets(t, w->pattern) == -1)
		return -1;
	w->kind = WHERE_NET;
	if (s[0] == '[' || strpbrk(w->pattern, "/:") != NULL)
		return cidr_parse(&w->net, w->pattern, t->err, t->errlen);
	if (cidr_parse(&w->net, w->pattern, ignored, sizeof(ignored)) == 0)
		return 0;
	return parse_name_host(t, w);
}

/* ---- whole texts ---- */

static int
parse_tcp(const struct text *t, struct where *w)
{
	const char *colon = strrchr(t->s, ':');

	if (colon == NULL && t->bind) {
		w->kind = WHERE_EVERY;
		return parse_ports(t, t->s, w);
	}
	if (colon == NULL || colon[1] == '\0')
		return fail(t, "no ports behind the host; write %s",
		    example(t));
	if (strchr(colon, ']') != NULL)
		return fail(t, "no ports behind the host; write %.48s:*", t->s);
	if (parse_host(t, t->s, (size_t)(colon - t->s), w) == -1)
		return -1;
	if (t->bind && bind_host(t, w) == -1)
		return -1;
	return parse_ports(t, colon + 1, w);
}

static int
parse_pattern(const struct text *t, const char *pattern, struct where *w)
{
	size_t n = strlcpy(w->pattern, pattern, sizeof(w->pattern));

	if (n == 0 || n > VSAP_NAME_MAX)
		return fail(t,
		    "the pattern is 1 to %d bytes long; write name:* or /tmp/*",
		    VSAP_NAME_MAX);
	return 0;
}

/* A host in the spelling that addr.h gives it, or a pattern of one. */
static int
http_host(const struct text *t, const char *s, size_t n, struct where *w)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ip;

	for (size_t i = 0; i < n; i++)
		w->pattern[i] = lower(s[i]);
	w->pattern[n] = '\0';
	if (s[0] != '[') {
		if (n > 1 && w->pattern[n - 1] == '.')
			w->pattern[n - 1] = '\0';
		return check_host_bytes(t, w->pattern);
	}
	w->pattern[n - 1] = '\0';
	if (inet_pton(AF_INET6, w->pattern + 1, &ip) != 1 ||
	    inet_ntop(AF_INET6, &ip, text, sizeof(text)) == NULL)
		return fail(t, "not an IPv6 address; write http://[::1]/");
	(void)snprintf(w->pattern, sizeof(w->pattern), "[%s]", text);
	return 0;
}

/* host[:ports][/path]; both are patterns, without a path it is every one. */
static int
parse_http(const struct text *t, const char *s, struct where *w)
{
	size_t n = strcspn(s, "/"), host = strcspn(s, ":/");
	char ports[ADDR_HOST_MAX + 1];

	if (s[0] == '[')
		host = strcspn(s, "]/") + 1;
	if (host == 0 || host > n || strlen(s) > ADDR_HOST_MAX - 2)
		return fail(t, "write " HTTP_EXAMPLE);
	if (strpbrk(s + n, "%?#") != NULL)
		return fail(t, "no '%%', '?' or '#' is in a path that is "
			       "asked for; write " HTTP_EXAMPLE);
	if (http_host(t, s, host, w) == -1)
		return -1;
	w->path = strlen(w->pattern) + 1;
	strlcpy(w->pattern + w->path, s[n] == '\0' ? "/*" : s + n,
	    sizeof(w->pattern) - w->path);
	if (host == n)
		return 0;
	if (s[host] != ':')
		return fail(t, "write " HTTP_EXAMPLE);
	memcpy(ports, s + host + 1, n - host - 1);
	ports[n - host - 1] = '\0';
	return parse_ports(t, ports, w);
}

static int
parse_text(const struct text *t, struct where *w)
{
	if (t->s[0] == '\0')
		return fail(t, "empty rule; write %s", example(t));
	for (const char *p = t->s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return fail(t, "a blank or control byte at column %d",
			    (int)(p - t->s) + 1);
	w->kind = WHERE_ALL;
	if (strcmp(t->s, "any") == 0)
		return 0;
	w->kind = WHERE_PATH;
	if (t->s[0] == '/')
		return parse_pattern(t, t->s, w);
	w->kind = WHERE_NAME;
	if (strncmp(t->s, "name:", 5) == 0)
		return parse_pattern(t, t->s + 5, w);
	w->kind = WHERE_HTTP;
	if (strncmp(t->s, "http://", 7) == 0)
		return parse_http(t, t->s + 7, w);
	if (strstr(t->s, "://") != NULL)
		return fail(t, "only http:// is known; write " HTTP_EXAMPLE);
	return parse_tcp(t, w);
}

int
where_parse(struct where *w, bool bind, const char *s, char *err, size_t errlen)
{
	const struct text t = { s, bind, err, errlen };

	memset(w, 0, sizeof(*w));
	return parse_text(&t, w);
}
