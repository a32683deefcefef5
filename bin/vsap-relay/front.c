#include "front.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1000 /* bytes of a reason in an answer */

struct status {
	int code;
	const char *name;
	const char *field; /* a further header line, or "" */
};

/* ---- answers ------------------------------------------------------------ */

static size_t
length(int n, size_t outlen)
{
	return n < 0 || (size_t)n >= outlen ? 0 : (size_t)n;
}

static size_t
http_error(const struct status *s, const char *text, char *out, size_t outlen)
{
	size_t n = strlen(text);

	if (n > TEXT_MAX)
		n = TEXT_MAX;
	return length(snprintf(out, outlen,
			  "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain\r\n"
			  "Content-Length: %zu\r\nConnection: close\r\n\r\n"
			  "%.*s\n",
			  s->code, s->name, s->field, n + 1, (int)n, text),
	    outlen);
}

static size_t
http_answer(enum socks_rep rep, const char *text, char *out, size_t outlen)
{
	static const struct status bad_gateway = { 502, "Bad Gateway", "" },
				   forbidden = { 403, "Forbidden", "" },
				   timeout = { 504, "Gateway Timeout", "" };

	switch (rep) {
	case SOCKS_OK:
		return length(
		    snprintf(out, outlen,
			"HTTP/1.1 200 Connection established\r\n\r\n"),
		    outlen);
	case SOCKS_NOT_ALLOWED:
		return http_error(&forbidden, text, out, outlen);
	case SOCKS_TTL:
		return http_error(&timeout, text, out, outlen);
	default:
		return http_error(&bad_gateway, text, out, outlen);
	}
}

size_t
front_answer(const struct front *f, enum socks_rep rep, const char *text,
    char *out, size_t outlen)
{
	switch (f->proto) {
	case FRONT_SOCKS4:
		return socks_reply_format(4, rep, "", out, outlen);
	case FRONT_SOCKS5:
		return socks_reply_format(5, rep, "", out, outlen);
	case FRONT_HTTP:
		return http_answer(rep, text, out, outlen);
	case FRONT_UNKNOWN:
		break;
	}
	return 0;
}

size_t
front_late(const struct front *f, char *out, size_t outlen)
{
	static const struct status late = { 408, "Request Timeout", "" };

	if (f->proto != FRONT_HTTP)
		return 0;
	return http_error(&late, "no whole request in time", out, outlen);
}

const char *
front_name(const struct front *f)
{
	switch (f->proto) {
	case FRONT_SOCKS4:
		return "SOCKS4";
	case FRONT_SOCKS5:
		return "SOCKS5";
	case FRONT_HTTP:
		return "HTTP";
	case FRONT_UNKNOWN:
		break;
	}
	return "no protocol";
}

/* ---- requests ----------------------------------------------------------- */

static enum front_step
refuse(const struct front *f, struct front_said *s, enum socks_rep rep,
    const char *why)
{
	s->why = why;
	s->len = front_answer(f, rep, why, s->answer, sizeof(s->answer));
	return FRONT_REFUSE;
}

static enum front_step
refuse_http(struct front_said *s, const struct status *status, const char *why)
{
	s->why = why;
	s->len = http_error(status, why, s->answer, sizeof(s->answer));
	return FRONT_REFUSE;
}

/* f->text, a host and a port, nothing else: what an address may mean to our
 * own command line is nothing to visitors.  0 or -1. */
static int
take_target(struct front *f)
{
	char error[256];

	if (addr_parse(&f->to, f->text, ADDR_F_TCP, error, sizeof(error)) == -1)
		return -1;
	return f->to.any ? -1 : 0;
}

static enum front_step
socks_hello(struct front *f, const void *p, size_t len, struct front_said *s)
{
	struct socks_hello hello;
	int n = socks_hello_parse(&hello, p, len);

	if (n == 0)
		return FRONT_MORE;
	s->used = n > 0 ? (size_t)n : 0;
	s->len = 2;
	s->answer[0] = 5;
	if (n == -1 || !hello.no_auth) {
		s->answer[1] = (char)SOCKS_NO_METHOD;
		s->why = n == -1 ? "malformed greeting"
				 : "no method without a password is offered";
		return FRONT_REFUSE;
	}
	s->answer[1] = SOCKS_NO_AUTH;
	f->greeted = true;
	return FRONT_GO_ON;
}

static enum front_step
socks_request(struct front *f, const void *p, size_t len, struct front_said *s)
{
	int version = f->proto == FRONT_SOCKS4 ? 4 : 5;
	struct socks_request req;
	int n = socks_request_parse(&req, p, len);

	/* (Another one may follow a greeting.) */
	if (*(const unsigned char *)p != version) {
		req.fault = SOCKS_FAILURE;
		n = -1;
	}
	if (n == 0)
		return FRONT_MORE;
	if (n == -1)
		return refuse(f, s, req.fault, "malformed request");
	s->used = (size_t)n;
	if (req.command != SOCKS_CONNECT)
		return refuse(f, s, SOCKS_BAD_COMMAND,
		    "only CONNECT is served here");
	if (socks_request_addr(&req, f->text, sizeof(f->text)) == -1 ||
	    take_target(f) == -1)
		return refuse(f, s, SOCKS_FAILURE,
		    "that is no address to connect to");
	return FRONT_REQUEST;
}

static enum front_step
http_malformed(enum http_fault fault, struct front_said *s)
{
	static const struct status bad = { 400, "Bad Request", "" },
				   line = { 414, "URI Too Long", "" },
				   head = { 431,
					   "Request Header Fields Too Large",
					   "" },
				   version = { 505,
					   "HTTP Version Not Supported", "" };

	switch (fault) {
	case HTTP_LONG_LINE:
		return refuse_http(s, &line, "the target is too long");
	case HTTP_LONG_HEAD:
		return refuse_http(s, &head, "the head is too long");
	case HTTP_VERSION:
		return refuse_http(s, &version, "only HTTP/1 is served here");
	case HTTP_LENGTH:
		return refuse_http(s, &bad, "a CONNECT has no body");
	case HTTP_BAD:
	case HTTP_FINE:
		break;
	}
	return refuse_http(s, &bad, "malformed request");
}

static enum front_step
http_request(struct front *f, const void *p, size_t len, struct front_said *s)
{
	static const struct status method = { 405, "Method Not Allowed",
		"Allow: CONNECT\r\n" };
	static const struct status bad = { 400, "Bad Request", "" };
	struct http_request req;
	enum http_fault fault = HTTP_BAD;
	int n = http_request_parse(&req, p, len, &fault);

	if (n == 0)
		return FRONT_MORE;
	if (n == -1)
		return http_malformed(fault, s);
	s->used = (size_t)n;
	if (strcmp(req.method, "CONNECT") != 0)
		return refuse_http(s, &method, "only CONNECT is served here");
	if (strlcpy(f->text, req.target, sizeof(f->text)) >= sizeof(f->text) ||
	    take_target(f) == -1)
		return refuse_http(s, &bad,
		    "the target is no host:port to connect to");
	return FRONT_REQUEST;
}

/* Methods are letters; no SOCKS version is one. */
static enum front_proto
proto_of(unsigned char c)
{
	if (c == 4)
		return FRONT_SOCKS4;
	if (c == 5)
		return FRONT_SOCKS5;
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return FRONT_HTTP;
	return FRONT_UNKNOWN;
}

enum front_step
front_feed(struct front *f, const void *p, size_t len, struct front_said *s)
{
	s->used = s->len = 0;
	s->why = NULL;
	if (len == 0)
		return FRONT_MORE;
	if (f->proto == FRONT_UNKNOWN)
		f->proto = proto_of(*(const unsigned char *)p);
	switch (f->proto) {
	case FRONT_SOCKS5:
		if (!f->greeted)
			return socks_hello(f, p, len, s);
		return socks_request(f, p, len, s);
	case FRONT_SOCKS4:
		return socks_request(f, p, len, s);
	case FRONT_HTTP:
		return http_request(f, p, len, s);
	case FRONT_UNKNOWN:
		break;
	}
	return refuse(f, s, SOCKS_FAILURE, "neither SOCKS nor HTTP");
}
