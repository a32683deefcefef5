/*
 * GET /metrics, on a listener that serves nothing else: the figures of the
 * gateway for Prometheus (vsapd(8), STATUS).  One request for a connection.
 */
#include "front.h"

#include <stdio.h>
#include <string.h>

#include "status.h"

struct metrics {
	bool asked;
	bool head_only; /* HEAD */
};

static void
answer(struct session *s, const char *status, const char *type,
    const void *body, size_t len, bool head_only)
{
	char head[256];
	int n;

	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, len);
	front_send(s, head, (size_t)n);
	if (!head_only)
		front_send(s, body, len);
	session_finish(s);
}

static void
say(struct session *s, const char *status, const char *text)
{
	char body[256];
	int n = snprintf(body, sizeof(body), "%.240s\n", text);

	answer(s, status, "text/plain; charset=utf-8", body, (size_t)n, false);
}

static void
ready(void *arg)
{
	struct session *s = arg;
	struct metrics *m = front_state(s, sizeof(*m));
	struct buf b;

	if (m == NULL)
		return;
	buf_init(&b, VSAP_OUTPUT_MAX / 2);
	status_prometheus(s->gw, &b);
	session_known(s);
	answer(s, "200 OK", "text/plain; version=0.0.4; charset=utf-8", b.data,
	    b.len, m->head_only);
	buf_free(&b);
	session_work(s);
}

static void
take(struct session *s, struct metrics *m, const struct http_request *r)
{
	m->asked = true;
	m->head_only = strcmp(r->method, "HEAD") == 0;
	if (!m->head_only && strcmp(r->method, "GET") != 0)
		say(s, "405 Method Not Allowed", "GET /metrics");
	else if (strcmp(r->target, "/metrics") != 0)
		say(s, "404 Not Found", "the figures are at /metrics");
	else if (!rule_permits(rules_stat(s->gw->conf->rules, &s->who)))
		say(s, "403 Forbidden",
		    "no rule permits it (\"permit from ADDRESS stat\")");
	else if (status_ask(s->gw, false, ready, s) == -1)
		say(s, "503 Service Unavailable", "out of memory");
	else
		session_wait(s, S_WAITING, 0, NULL);
}

static bool
input(struct session *s)
{
	struct metrics *m = front_state(s, sizeof(*m));
	struct http_request r;
	enum http_fault f;

	if (m == NULL || m->asked)
		return false;
	switch (front_http_request(s, &r, &f)) {
	case 0:
		return false;
	case -1:
		m->asked = true;
		say(s, "400 Bad Request", "malformed request");
		return true;
	}
	take(s, m, &r);
	return s->state != S_DEAD;
}

static void
reply(struct session *s, int code, bool more, const char *text)
{
	(void)code;
	(void)more;
	(void)text;
	front_close(s, "nothing was asked for");
}

static void
logged_in(struct session *s, bool right, const char *why)
{
	(void)right;
	front_close(s, why);
}

const struct front front_metrics = {
	.name = "metrics",
	.input = input,
	.reply = reply,
	.logged_in = logged_in,
};
