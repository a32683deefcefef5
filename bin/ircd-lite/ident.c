/*
 * Queries and replies of the Identification Protocol.
 */
#include "ident.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What is left of the reply's line. */
struct rest {
	const char *p;
	size_t n;
};

size_t
ident_format(char *out, size_t outlen, uint16_t theirs, uint16_t ours)
{
	int n = snprintf(out, outlen, "%u , %u\r\n", theirs, ours);

	return n < 0 || (size_t)n >= outlen ? 0 : (size_t)n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct rest
trimmed(struct rest r)
{
	while (r.n > 0 && is_blank(r.p[0])) {
		r.p++;
		r.n--;
	}
	while (r.n > 0 && is_blank(r.p[r.n - 1]))
		r.n--;
	return r;
}

/* Take off what stands before the byte, which goes too.  Without it
 * everything is taken, and *found is false. */
static struct rest
before(struct rest *r, char byte, bool *found)
{
	const char *end = r->n > 0 ? memchr(r->p, byte, r->n) : NULL;
	struct rest field = *r;

	*found = end != NULL;
	if (end != NULL)
		field.n = (size_t)(end - r->p);
	r->p += field.n + *found;
	r->n -= field.n + *found;
	return trimmed(field);
}

static bool
is_word(struct rest r, const char *word)
{
	return r.n == strlen(word) && strncasecmp(r.p, word, r.n) == 0;
}

static bool
is_port(struct rest r, uint16_t port)
{
	unsigned long n = 0;
	size_t i;

	for (i = 0; i < r.n && n <= UINT16_MAX; i++) {
		if (r.p[i] < '0' || r.p[i] > '9')
			return false;
		n = n * 10 + (unsigned long)(r.p[i] - '0');
	}
	return r.n > 0 && n == port;
}

static void
take(char *text, struct rest r)
{
	if (r.n > IDENT_USER_MAX)
		r.n = IDENT_USER_MAX;
	if (r.n > 0)
		memcpy(text, r.p, r.n);
	text[r.n] = '\0';
}

/* "6193, 23 : USERID : UNIX, US-ASCII : stjohns" without its end. */
static enum ident_result
parse_line(struct rest r, uint16_t theirs, uint16_t ours, char *text)
{
	bool comma, colon;
	struct rest ports = before(&r, ':', &colon), kind;

	if (!colon || !is_port(before(&ports, ',', &comma), theirs) || !comma ||
	    !is_port(trimmed(ports), ours))
		return IDENT_MALFORMED;
	kind = before(&r, ':', &colon);
	if (!colon)
		return IDENT_MALFORMED;
	if (is_word(kind, "ERROR")) {
		take(text, trimmed(r));
		return IDENT_ERROR;
	}
	/* the system's name says nothing that we would do otherwise by */
	(void)before(&r, ':', &colon);
	if (!is_word(kind, "USERID") || !colon || trimmed(r).n == 0)
		return IDENT_MALFORMED;
	take(text, trimmed(r));
	return IDENT_USER;
}

enum ident_result
ident_parse(const char *p, size_t n, uint16_t theirs, uint16_t ours,
    char text[IDENT_USER_MAX + 1])
{
	struct rest r = { p, n > IDENT_REPLY_MAX ? IDENT_REPLY_MAX : n };
	const char *end = r.n > 0 ? memchr(p, '\n', r.n) : NULL;

	text[0] = '\0';
	if (end == NULL)
		return n < IDENT_REPLY_MAX ? IDENT_MORE : IDENT_MALFORMED;
	r.n = (size_t)(end - p);
	if (r.n > 0 && p[r.n - 1] == '\r')
		r.n--;
	if (r.n > 0 &&
	    (memchr(p, '\r', r.n) != NULL || memchr(p, '\0', r.n) != NULL))
		return IDENT_MALFORMED;
	return parse_line(r, theirs, ours, text);
}
