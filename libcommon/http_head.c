/*
 * The heads of HTTP/1.x.  Read line by line; what is wrong with a line is
 * told by its first wrong byte, so that what a peer has sent behind it
 * changes nothing.
 */
#include "http_head.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "b64.h"

static const char basic[] = "Basic ";
static const char version[] = "HTTP/1.";

/* A part of the input, not NUL-terminated. */
struct part {
	const char *p;
	size_t n;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       is_digit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Control bytes but the tab have no place in a head. */
static bool
is_text(char c)
{
	return (unsigned char)c >= ' ' ? c != 0x7f : c == '\t';
}

/* --- the request line -------------------------------------------------- */

/* The word's length; *fault if one of the bytes that are there is wrong. */
static size_t
method_len(const char *p, size_t len, size_t max, enum http_fault *fault)
{
	size_t n = 0;

	while (n < len && is_token(p[n]) && n < max)
		n++;
	if (n < len && (n == 0 || p[n] != ' '))
		*fault = HTTP_BAD;
	return n;
}

static size_t
target_len(const char *p, size_t len, size_t max, enum http_fault *fault)
{
	size_t n = 0;

	while (n < len && p[n] > ' ' && p[n] <= '~' && n < max)
		n++;
	if (n < len && (n == 0 || p[n] != ' '))
		*fault = n == max && p[n] > ' ' && p[n] <= '~' ? HTTP_LONG_LINE
							       : HTTP_BAD;
	return n;
}

/* Byte n of "HTTP/d.d" and the line's end. */
static bool
in_version(size_t n, char c)
{
	switch (n) {
	case 5:
	case 7:
		return is_digit(c);
	case 8:
		return c == '\r' || c == '\n';
	case 9:
		return c == '\n';
	default:
		return c == version[n];
	}
}

/* The version with the line's end: its length, 0: not all is there. */
static size_t
version_len(const char *p, size_t len, int *minor, enum http_fault *fault)
{
	for (size_t n = 0; n < len; n++) {
		if (!in_version(n, p[n]))
			*fault = HTTP_BAD;
		else if (n == 5 && p[n] != '1')
			*fault = HTTP_VERSION;
		if (*fault != HTTP_FINE)
			return 0;
		if (p[n] == '\n') {
			*minor = p[7] - '0';
			return n + 1;
		}
	}
	return 0;
}

/* Its length; 0 with HTTP_FINE: more is needed. */
static size_t
request_line(struct http_request *r, const char *p, size_t len,
    enum http_fault *fault)
{
	size_t n, m, v;

	n = method_len(p, len, sizeof(r->method) - 1, fault);
	if (n == len || *fault != HTTP_FINE)
		return 0;
	memcpy(r->method, p, n++);
	m = target_len(p + n, len - n, HTTP_TARGET_MAX, fault);
	if (n + m == len || *fault != HTTP_FINE)
		return 0;
	memcpy(r->target, p + n, m);
	n += m + 1;
	v = version_len(p + n, len - n, &r->minor, fault);
	return v == 0 ? 0 : n + v;
}

/* --- fields ------------------------------------------------------------ */

/*
 * The line at p without its end, and *used with it; false: it has not ended,
 * or *fault says what is wrong with it.
 */
static bool
field_line(struct part *line, size_t *used, const char *p, size_t len,
    enum http_fault *fault)
{
	size_t n = 0;

	while (n < len && is_text(p[n]))
		n++;
	line->p = p;
	line->n = n;
	if (n < len && p[n] == '\r')
		n++;
	if (n < len && p[n] != '\n')
		*fault = HTTP_BAD;
	*used = n + 1;
	return n < len && p[n] == '\n';
}

/* "name: value" without blanks around the value. */
static bool
split_field(struct part *name, struct part *value, const struct part *line)
{
	size_t n = 0;

	while (n < line->n && is_token(line->p[n]))
		n++;
	if (n == 0 || n == line->n || line->p[n] != ':')
		return false;
	*name = (struct part){ line->p, n };
	*value = (struct part){ line->p + n + 1, line->n - n - 1 };
	while (value->n > 0 && (*value->p == ' ' || *value->p == '\t')) {
		value->p++;
		value->n--;
	}
	while (value->n > 0 && (value->p[value->n - 1] == ' ' ||
				   value->p[value->n - 1] == '\t'))
		value->n--;
	return true;
}

static bool
is_name(const struct part *name, const char *s)
{
	return name->n == strlen(s) && strncasecmp(name->p, s, name->n) == 0;
}

/* The same field again has to say the same. */
static bool
once(struct part *seen, const struct part *value)
{
	if (seen->p != NULL)
		return seen->n == value->n &&
		       memcmp(seen->p, value->p, value->n) == 0;
	*seen = *value;
	return true;
}

/* What is looked at in a request's fields. */
struct fields {
	struct part host, authorization;
	bool body;
};

static enum http_fault
content_length(struct fields *f, const struct part *value)
{
	for (size_t i = 0; i < value->n; i++) {
		if (!is_digit(value->p[i]))
			return HTTP_BAD;
		f->body |= value->p[i] != '0';
	}
	return value->n > 0 ? HTTP_FINE : HTTP_BAD;
}

static enum http_fault
request_field(struct http_request *r, struct fields *f, const struct part *line)
{
	struct part name, value;

	if (!split_field(&name, &value, line))
		return HTTP_BAD;
	if (is_name(&name, "Host"))
		return once(&f->host, &value) ? HTTP_FINE : HTTP_BAD;
	if (is_name(&name, "Content-Length"))
		return content_length(f, &value);
	if (is_name(&name, "Transfer-Encoding"))
		f->body = true;
	if (!is_name(&name, "Proxy-Authorization"))
		return HTTP_FINE;
	if (value.n >= sizeof(r->authorization))
		return HTTP_LONG_HEAD;
	if (!once(&f->authorization, &value))
		return HTTP_BAD;
	memcpy(r->authorization, value.p, value.n);
	r->authorization[value.n] = '\0';
	return HTTP_FINE;
}

static bool
has_no_body(const struct http_request *r)
{
	return strcmp(r->method, "CONNECT") == 0 ||
	       strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
}

/*
 * Fields up to the empty line.  The bytes of them all, 0: more is needed or
 * there is a fault.
 */
static size_t
request_fields(struct http_request *r, const char *p, size_t len,
    enum http_fault *fault)
{
	struct fields f = { .body = false };
	size_t at = 0, used, count = 0;
	struct part line;

	while (*fault == HTTP_FINE &&
	       field_line(&line, &used, p + at, len - at, fault)) {
		at += used;
		if (line.n == 0) {
			if (f.body && has_no_body(r))
				*fault = HTTP_LENGTH;
			return *fault == HTTP_FINE ? at : 0;
		}
		*fault = count++ < HTTP_FIELDS_MAX ? request_field(r, &f, &line)
						   : HTTP_LONG_HEAD;
	}
	return 0;
}

int
http_request_parse(struct http_request *r, const void *data, size_t len,
    enum http_fault *fault)
{
	size_t max = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, n, m;
	const char *p = data;

	memset(r, 0, sizeof(*r));
	*fault = HTTP_FINE;
	n = request_line(r, p, max, fault);
	if (n > 0 && (m = request_fields(r, p + n, max - n, fault)) > 0)
		return (int)(n + m);
	if (*fault == HTTP_FINE && max == HTTP_HEAD_MAX)
		*fault = HTTP_LONG_HEAD;
	return *fault == HTTP_FINE ? 0 : -1;
}

int
http_is_request(const void *data, size_t len)
{
	const char *p = data, *end = memchr(p, '\n', len);
	size_t n, word;

	if (end == NULL)
		return -1;
	n = (size_t)(end - p);
	while (n > 0 && strchr(" \t\r", p[n - 1]) != NULL && p[n - 1] != '\0')
		n--;
	for (word = n; word > 0 && p[word - 1] != ' ' && p[word - 1] != '\t';)
		word--;
	return n - word >= 6 && strncasecmp(p + word, "HTTP/", 5) == 0 &&
	       is_digit(p[word + 5]);
}

bool
http_has_method(const void *data, size_t len)
{
	static const char *const methods[] = { "CONNECT ", "DELETE ", "GET ",
		"HEAD ", "OPTIONS ", "PATCH ", "POST ", "PUT ", "TRACE " };
	size_t n;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		n = strlen(methods[i]);
		if (len >= n && memcmp(data, methods[i], n) == 0)
			return true;
	}
	return false;
}

/* --- Basic authorization (RFC 7617) ------------------------------------ */

static bool
copy_text(char *out, size_t outlen, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return false;
	if (n >= outlen)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

bool
http_basic(const char *authorization, char *user, size_t userlen,
    char *password, size_t passlen)
{
	char text[512], *colon;
	const char *p;
	bool good = false;
	ssize_t n;

	if (strncasecmp(authorization, basic, strlen(basic)) != 0)
		return false;
	p = authorization + strspn(authorization + strlen(basic), " ") +
	    strlen(basic);
	n = b64_decode(p, strlen(p), text, sizeof(text));
	if (n > 0 && (colon = memchr(text, ':', (size_t)n)) != NULL)
		good = copy_text(user, userlen, text, (size_t)(colon - text)) &&
		       copy_text(password, passlen, colon + 1,
			   (size_t)(text + n - colon) - 1);
	explicit_bzero(text, sizeof(text));
	return good;
}

int
http_basic_format(const char *credentials, char *out, size_t outlen)
{
	size_t n = strlcpy(out, basic, outlen);

	if (n >= outlen || strchr(credentials, ':') == NULL)
		return -1;
	return b64_encode(credentials, strlen(credentials), out + n,
		   outlen - n) == -1
		   ? -1
		   : 0;
}

/* --- answers ----------------------------------------------------------- */

/* "HTTP/1.x NNN reason"; the reason may be missing, and so its blank. */
static bool
status_line(int *status, char *reason, size_t reasonlen,
    const struct part *line)
{
	const char *p = line->p;

	if (line->n < 12 || memcmp(p, version, strlen(version)) != 0 ||
	    !is_digit(p[7]) || p[8] != ' ' || p[9] == '0' || !is_digit(p[9]) ||
	    !is_digit(p[10]) || !is_digit(p[11]) ||
	    (line->n > 12 && p[12] != ' '))
		return false;
	*status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + p[11] - '0';
	if (line->n > 13)
		(void)snprintf(reason, reasonlen, "%.*s", (int)line->n - 13,
		    p + 13);
	return true;
}

int
http_status_parse(int *status, char *reason, size_t reasonlen, const void *data,
    size_t len)
{
	size_t max = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, at = 0, used;
	size_t head = strlen(version), count = 0;
	enum http_fault fault = HTTP_FINE;
	struct part line, name, value;
	const char *p = data;

	*status = 0;
	strlcpy(reason, "", reasonlen);
	if (memcmp(p, version, len < head ? len : head) != 0)
		return -1;
	while (field_line(&line, &used, p + at, max - at, &fault)) {
		if (at > 0 && line.n == 0)
			return (int)(at + used);
		if (at == 0 ? !status_line(status, reason, reasonlen, &line)
			    : !split_field(&name, &value, &line) ||
				  count++ == HTTP_FIELDS_MAX)
			return -1;
		at += used;
	}
	return fault != HTTP_FINE || max == HTTP_HEAD_MAX ? -1 : 0;
}
