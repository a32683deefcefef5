#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

/*
 * The head of an HTTP/1.x request (RFC 9112), as far as a proxy that knows
 * CONNECT and a page of figures need it, and that of the answer to our own
 * CONNECT.  Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192  /* bytes of a head */
#define HTTP_FIELDS_MAX 64  /* fields */
#define HTTP_TARGET_MAX 512 /* bytes of the target */

struct http_request {
	char method[24];
	char target[HTTP_TARGET_MAX + 1];
	int minor;		 /* HTTP/1.minor */
	char authorization[512]; /* value of Proxy-Authorization, "" none */
};

enum http_fault {
	HTTP_FINE,
	HTTP_BAD,	/* 400 */
	HTTP_LONG_LINE, /* 414: the target */
	HTTP_LONG_HEAD, /* 431 */
	HTTP_VERSION,	/* 505 */
	HTTP_LENGTH,	/* 400: a CONNECT or GET with a body: Content-Length
			    other than 0, Transfer-Encoding */
};

/*
 * The bytes of the head with its empty line; 0: more is needed; -1: *fault
 * says what to answer.  Line ends are CRLF or LF; a bare CR, a NUL, a folded
 * line, a blank before the colon, two different Host or
 * Proxy-Authorization fields are HTTP_BAD.
 */
int http_request_parse(struct http_request *, const void *p, size_t len,
    enum http_fault *fault);

/* Could these first bytes, one at least, be the start of an HTTP request
 * line rather than of a VSAP line?  Decided by the whole line: its last word
 * is HTTP/digit.  1 yes, 0 no, -1: the line has not ended yet. */
int http_is_request(const void *p, size_t len);

/* Does a method of HTTP (RFC 9110, RFC 5789) in capitals stand there, and one
 * blank?  CONNECT is one of VSAP's verbs, too. */
bool http_has_method(const void *p, size_t len);

/*
 * "Basic base64" into user and password.  false: another scheme, malformed,
 * a NUL or control byte inside.
 */
bool http_basic(const char *authorization, char *user, size_t userlen,
    char *password, size_t passlen);

/* "user:password" as the value of a Basic authorization.  0, or -1. */
int http_basic_format(const char *credentials, char *out, size_t outlen);

/* The head of an answer: status and the bytes it takes; 0, -1 as above. */
int http_status_parse(int *status, char *reason, size_t reasonlen,
    const void *p, size_t len);

#endif
