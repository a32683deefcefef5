/*
 * An HTTP proxy that knows one method: CONNECT host:port (RFC 9110, 9.3.6).
 * One request for a connection; whatever else is answered and closed, so
 * that nothing behind it is ever taken for a second one.
 */
#include "front.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "cmd.h"
#include "who.h"

struct http {
	bool asked; /* CONNECT is under way, or was answered */
	bool relay; /* it succeeded: RELAY is next */
	char target[HTTP_TARGET_MAX + 1];
};

/* --- answers ----------------------------------------------------------- */

static void
answer(struct session *s, int status, const char *reason, const char *fields,
    const char *text)
{
	char body[1024], head[768];
	int n, len;

	len = snprintf(body, sizeof(body), "%.900s\n", text);
	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n",
	    status, reason, fields, len);
	front_send(s, head, (size_t)n);
	front_send(s, body, (size_t)len);
	session_finish(s);
}

/* The front's own refusal.  Those of the requests that it runs, and of logins,
 * the log knows already. */
static void
refuse(struct session *s, int status, const char *reason, const char *fields,
    const char *text)
{
	session_log(s, "%s: HTTP %d: %.300s", s->peer, status, text);
	answer(s, status, reason, fields, text);
}

static void
forbidden(struct session *s, const char *text)
{
	if (who_has_users(s) && s->user[0] == '\0' && who_takes_cleartext(s))
		answer(s, 407, "Proxy Authentication Required",
		    "Proxy-Authenticate: Basic realm=\"vsapd\", "
		    "charset=\"UTF-8\"\r\n",
		    text);
	else
		answer(s, 403, "Forbidden", "", text);
}

static void
fault(struct session *s, enum http_fault f)
{
	switch (f) {
	case HTTP_LONG_LINE:
		refuse(s, 414, "URI Too Long", "", "the target is too long");
		break;
	case HTTP_LONG_HEAD:
		refuse(s, 431, "Request Header Fields Too Large", "",
		    "the head is too long");
		break;
	case HTTP_VERSION:
		refuse(s, 505, "HTTP Version Not Supported", "",
		    "HTTP/1.0 and HTTP/1.1 are spoken here");
		break;
	case HTTP_LENGTH:
		refuse(s, 400, "Bad Request", "",
		    "a CONNECT has no content; what follows is the stream");
		break;
	default:
		refuse(s, 400, "Bad Request", "", "malformed request");
		break;
	}
}

/* --- the request ------------------------------------------------------- */

static void
run(struct session *s, struct http *h)
{
	h->asked = true;
	front_run(s, "CONNECT %s", h->target);
}

/* Not one of the other addresses of VSAP, "name:80" is none of HTTP.  What
 * cannot be read at all CONNECT refuses, and says why. */
static bool
is_host_port(const char *target)
{
	char err[128];
	struct addr a;

	return strpbrk(target, " \t/") == NULL && strchr(target, ':') != NULL &&
	       (addr_parse(&a, target, ADDR_FOR_CONNECT, err, sizeof(err)) ==
		       -1 ||
		   a.kind == ADDR_TCP);
}

static void
take(struct session *s, struct http *h, const struct http_request *r)
{
	char userpass[2 * 256 + 2], password[257];
	size_t n;

	if (strcmp(r->method, "CONNECT") != 0) {
		refuse(s, 405, "Method Not Allowed", "Allow: CONNECT\r\n",
		    "this is a gateway: CONNECT host:port is what it knows");
		return;
	}
	if (!is_host_port(r->target)) {
		refuse(s, 400, "Bad Request", "",
		    "write CONNECT host:port HTTP/1.1");
		return;
	}
	strlcpy(h->target, r->target, sizeof(h->target));
	if (r->authorization[0] == '\0' || !who_has_users(s)) {
		run(s, h);
		return;
	}
	if (!http_basic(r->authorization, userpass, 257, password,
		sizeof(password))) {
		session_log(s, "%s: HTTP: malformed Proxy-Authorization",
		    s->peer);
		forbidden(s, "write Proxy-Authorization: Basic");
		return;
	}
	n = strlen(userpass);
	snprintf(userpass + n, sizeof(userpass) - n, ":%s", password);
	h->asked = true;
	who_login(s, userpass);
	explicit_bzero(userpass, sizeof(userpass));
	explicit_bzero(password, sizeof(password));
}

static bool
input(struct session *s)
{
	struct http *h = front_state(s, sizeof(*h));
	struct http_request r;
	enum http_fault f;

	if (h == NULL)
		return false;
	if (h->relay) {
		front_run(s, "RELAY");
		return false;
	}
	if (h->asked)
		return false;
	switch (front_http_request(s, &r, &f)) {
	case 0:
		return false;
	case -1:
		fault(s, f);
		return true;
	}
	take(s, h, &r);
	explicit_bzero(&r, sizeof(r));
	return s->state != S_DEAD;
}

/* 504 where time ran out, else 502. */
static void
unreachable(struct session *s, const char *text)
{
	if (s->failure == ETIMEDOUT)
		answer(s, 504, "Gateway Timeout", "", text);
	else
		answer(s, 502, "Bad Gateway", "", text);
}

static void
reply(struct session *s, int code, bool more, const char *text)
{
	static const char fine[] = "HTTP/1.1 200 Connection established\r\n"
				   "\r\n";
	struct http *h = front_state(s, sizeof(*h));

	if (h == NULL || more)
		return;
	if (code == VSAP_CONNECTED) {
		h->relay = true;
		front_send(s, fine, sizeof(fine) - 1);
	} else if (code == VSAP_FORBIDDEN)
		forbidden(s, text);
	else if (code == VSAP_NOT_CONNECTED)
		unreachable(s, text);
	else
		answer(s, 400, "Bad Request", "", text);
}

static void
logged_in(struct session *s, bool right, const char *why)
{
	struct http *h = front_state(s, sizeof(*h));

	if (h == NULL)
		return;
	session_done(s);
	if (right)
		run(s, h);
	else
		forbidden(s, why);
}

static void
unwelcome(struct session *s, const char *why)
{
	answer(s, 403, "Forbidden", "", why);
}

const struct front front_http = {
	.name = "HTTP",
	.input = input,
	/* What comes behind the request is the stream's, its end too. */
	.while_waiting = NULL,
	.reply = reply,
	.logged_in = logged_in,
	.unwelcome = unwelcome,
};
