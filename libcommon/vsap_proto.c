/*
 * Request and reply lines of VSAP.  Every byte is hostile here: lengths are
 * bounded by VSAP_LINE_MAX and nothing is kept between calls.
 */
#include "vsap_proto.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "VSAP/"
#define PREFIX_LEN 5

/*
 * A line with its CR may have VSAP_LINE_MAX + 1 bytes before the LF; with
 * that many and no CR at the end it is too long already.
 */
enum vsap_line_result
vsap_line(const void *p, size_t n, size_t *len, size_t *used)
{
	const char *s = p, *lf;
	size_t seen = n > VSAP_LINE_MAX + 2 ? VSAP_LINE_MAX + 2 : n;

	if (seen == 0)
		return VSAP_LINE_MORE;
	lf = memchr(s, '\n', seen);
	if (lf != NULL)
		seen = (size_t)(lf - s);
	else if (seen > VSAP_LINE_MAX + 1)
		seen = VSAP_LINE_MAX + 1;
	if (memchr(s, '\0', seen) != NULL)
		return VSAP_LINE_NUL;
	if (lf == NULL && n <= VSAP_LINE_MAX)
		return VSAP_LINE_MORE;
	if (lf == NULL)
		return n == VSAP_LINE_MAX + 1 && s[n - 1] == '\r'
			   ? VSAP_LINE_MORE
			   : VSAP_LINE_LONG;
	*used = seen + 1;
	*len = seen > 0 && s[seen - 1] == '\r' ? seen - 1 : seen;
	return *len > VSAP_LINE_MAX ? VSAP_LINE_LONG : VSAP_LINE_OK;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static char *
skip_word(char *p)
{
	while (*p != '\0' && !is_blank(*p))
		p++;
	return p;
}

/* Not toupper(3): the verb is ASCII whatever the locale is. */
static void
upcase(char *p, const char *end)
{
	for (; p < end; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
}

/* End the word that begins at p; returns where the next one begins. */
static char *
cut_word(char *p)
{
	p = skip_word(p);
	if (*p != '\0')
		*p++ = '\0';
	return skip_blanks(p);
}

int
vsap_request_parse(struct vsap_request *r, const char *line, size_t len)
{
	char *p, *next;

	r->argc = 0;
	r->verb = r->rest = "";
	if (len > VSAP_LINE_MAX)
		return -1;
	memcpy(r->line, line, len);
	r->line[len] = '\0';
	memcpy(r->words, line, len);
	r->words[len] = '\0';
	p = skip_blanks(r->words);
	if (strncmp(p, PREFIX, PREFIX_LEN) == 0)
		p = skip_blanks(skip_word(p));
	r->verb = p;
	upcase(p, skip_word(p));
	p = cut_word(p);
	r->rest = r->line + (p - r->words);
	for (; *p != '\0'; p = next) {
		if (r->argc == VSAP_ARGS_MAX)
			return -1;
		next = cut_word(p);
		r->argv[r->argc++] = p;
	}
	return 0;
}

bool
vsap_is_http(const char *line, size_t len)
{
	size_t end;

	while (len > 0 && is_blank(*line)) {
		line++;
		len--;
	}
	if (len >= 5 && strncasecmp(line, "Host:", 5) == 0)
		return true;
	while (len > 0 && (is_blank(line[len - 1]) || line[len - 1] == '\r'))
		len--;
	end = len;
	while (len > 0 && !is_blank(line[len - 1]))
		len--;
	return end - len >= 6 && strncasecmp(line + len, "HTTP/", 5) == 0 &&
	       line[len + 5] >= '0' && line[len + 5] <= '9';
}

const char *
vsap_option(const struct vsap_request *r, char letter)
{
	for (int i = 0; i < r->argc; i++) {
		const char *w = r->argv[i];

		if (w[0] == '-' && w[1] == letter && w[1] != '\0' &&
		    w[2] == '=')
			return w + 3;
	}
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
vsap_reply_parse(struct vsap_reply *r, const char *line, size_t len)
{
	const char *p = line, *end = line + len;
	const size_t prefix = strlen(VSAP_VERSION);

	if (len > VSAP_LINE_MAX || len < prefix + 4 ||
	    memcmp(p, VSAP_VERSION, prefix) != 0 || !is_blank(p[prefix]))
		return -1;
	for (p += prefix; p < end && is_blank(*p);)
		p++;
	if (end - p < 3 || p[0] == '0' || !is_digit(p[0]) || !is_digit(p[1]) ||
	    !is_digit(p[2]))
		return -1;
	r->code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	p += 3;
	r->more = p < end && *p == '-';
	if (p < end && !r->more && !is_blank(*p))
		return -1;
	if (p < end)
		p++;
	if (memchr(p, '\0', (size_t)(end - p)) != NULL)
		return -1;
	memcpy(r->text, p, (size_t)(end - p));
	r->text[end - p] = '\0';
	return 0;
}

/* The word that closes a 210, 230 or 240, with its dot or without. */
static bool
is_closing_word(const char *p, size_t n)
{
	static const char *const words[] = { "bound", "accepted", "connected" };

	if (n > 0 && p[n - 1] == '.')
		n--;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == n && strncmp(p, words[i], n) == 0)
			return true;
	return false;
}

/*
 * Take the next word unless it is the closing one.  A word too long for
 * any address is left out rather than cut to another address.
 */
static const char *
take_field(const char *p, char *out, size_t outlen)
{
	size_t n;

	p += strspn(p, " \t");
	n = strcspn(p, " \t");
	out[0] = '\0';
	if (is_closing_word(p, n) && p[n + strspn(p + n, " \t")] == '\0')
		return p + n;
	if (n < outlen) {
		memcpy(out, p, n);
		out[n] = '\0';
	}
	return p + n;
}

int
vsap_reply_fields(const struct vsap_reply *r, struct vsap_fields *f)
{
	const char *p = r->text, *e;
	char number[16];
	size_t n;

	f->local[0] = f->remote[0] = '\0';
	p += strspn(p, " \t");
	n = strcspn(p, " \t");
	if (n == 0 || n >= sizeof(number) || (!is_digit(*p) && *p != '-'))
		return -1;
	memcpy(number, p, n);
	number[n] = '\0';
	/* the original says -1 from its 32nd socket on */
	f->sid = (int)strtonum(number, -1, INT_MAX, &e);
	if (e != NULL)
		return -1;
	p = take_field(p + n, f->local, sizeof(f->local));
	take_field(p, f->remote, sizeof(f->remote));
	return 0;
}

bool
vsap_again(const struct vsap_reply *r, unsigned *seconds)
{
	static const char words[] = "try again";
	const char *p = strcasestr(r->text, words);
	unsigned n = 0;

	*seconds = 0;
	if (r->code < 400 || p == NULL)
		return false;
	p += strlen(words);
	p += strspn(p, " \t");
	if (strncasecmp(p, "in", 2) == 0)
		p += 2;
	p += strspn(p, " \t");
	for (; is_digit(*p); p++)
		if (n < VSAP_AGAIN_MAX)
			n = n * 10 + (unsigned)(*p - '0');
	p += strspn(p, " \t");
	if (*p == 's' || *p == 'S') /* of any other unit nothing is known */
		*seconds = n < VSAP_AGAIN_MAX ? n : VSAP_AGAIN_MAX;
	return true;
}

size_t
vsap_reply_format(char *out, size_t outlen, int code, bool more,
    const char *text)
{
	size_t max = outlen < 3 ? 0 : outlen - 3, len, i;
	int n;

	if (max > VSAP_LINE_MAX)
		max = VSAP_LINE_MAX;
	n = snprintf(out, outlen, VSAP_VERSION " %03d%c", code,
	    more ? '-' : ' ');
	if (n < 0 || (size_t)n > max) {
		if (outlen > 0)
			out[0] = '\0';
		return 0;
	}
	len = (size_t)n;
	for (i = 0; text[i] != '\0' && len < max; i++)
		out[len++] = text[i] == '\r' || text[i] == '\n' ? '?' : text[i];
	memcpy(out + len, "\r\n", 3);
	return len + 2;
}

/* Behind the prefix and, in a reply, the code. */
static const char *
skip_head(const char *p)
{
	p += strspn(p, " \t");
	if (strncmp(p, PREFIX, PREFIX_LEN) == 0)
		p += strcspn(p, " \t");
	p += strspn(p, " \t");
	if (is_digit(p[0]) && is_digit(p[1]) && is_digit(p[2]) &&
	    (is_blank(p[3]) || p[3] == '-'))
		p += 4;
	return p + strspn(p, " \t");
}

const char *
vsap_star(const char *line, char *out, size_t outlen)
{
	const char *p = skip_head(line);
	size_t n = strcspn(p, " \t\r\n"), head;

	strlcpy(out, line, outlen);
	if (n != 4 || strncasecmp(p, "AUTH", 4) != 0 ||
	    p[4 + strspn(p + 4, " \t\r\n")] == '\0')
		return out;
	head = (size_t)(p - line) + 4;
	if (head < outlen) {
		out[head] = '\0';
		strlcat(out, " ***", outlen);
	}
	return out;
}
