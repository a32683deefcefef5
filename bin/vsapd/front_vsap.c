/*
 * VSAP in lines (vsap(7), REQUESTS).
 */
#include "front.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "hop.h"

static void
bad_line(struct session *s, const char *why)
{
	session_log(s, "%s: %s", s->peer, why);
	session_reply(s, VSAP_PROTOCOL, "%s", why);
	session_finish(s);
}

static void
run_line(struct session *s, const char *line, size_t len)
{
	struct vsap_request req;

	if (vsap_is_http(line, len)) {
		front_close(s, "speaks HTTP");
		return;
	}
	if (vsap_request_parse(&req, line, len) == -1) {
		bad_line(s, "more than " VSAP_STR(VSAP_ARGS_MAX) " words");
		return;
	}
	session_trace(s, '>', req.line);
	cmd_dispatch(s, &req);
}

/* Take the next line and run it.  false: there is none. */
static bool
input(struct session *s)
{
	char line[VSAP_LINE_MAX + 1];
	size_t len, used;

	switch (vsap_line(s->in.data, s->in.len, &len, &used)) {
	case VSAP_LINE_LONG:
		bad_line(s,
		    "a line of more than " VSAP_STR(VSAP_LINE_MAX) " bytes");
		return true;
	case VSAP_LINE_NUL:
		bad_line(s, "a NUL byte in a line");
		return true;
	case VSAP_LINE_MORE:
		if (!s->eof || s->in.len == 0)
			return false;
		/* The last line lacks its end, or the second half of it. */
		len = used = s->in.len;
		if (s->in.data[len - 1] == '\r')
			len--;
		break;
	case VSAP_LINE_OK:
		break;
	}
	memcpy(line, s->in.data, len);
	line[len] = '\0';
	s->partial = false;
	buf_consume(&s->in, used);
	run_line(s, line, len);
	explicit_bzero(line, sizeof(line)); /* it may be AUTH */
	return true;
}

/* Is RELAY the next line (1), something else (0), or nothing yet (-1)? */
static int
relay_is_next(const struct session *s)
{
	struct vsap_request req;
	size_t len, used;

	if (s->in.len == 0)
		return -1;
	switch (vsap_line(s->in.data, s->in.len, &len, &used)) {
	case VSAP_LINE_MORE:
		return -1;
	case VSAP_LINE_OK:
		break;
	default:
		return 0;
	}
	if (vsap_request_parse(&req, (char *)s->in.data, len) == -1)
		return 0;
	return strcmp(req.verb, "RELAY") == 0;
}

/* Input while ACCEPT waits: RELAY may wait with it, all else cancels. */
static bool
while_accepting(struct session *s)
{
	int relay;

	relay = s->pipelined ? 1 : relay_is_next(s);
	if (relay == 0) {
		cmd_accept_cancel(s, "cancelled by the next request");
		return true;
	}
	s->pipelined = relay == 1;
	/* Who has left takes no visitor, RELAY sent ahead or not. */
	if (s->eof)
		session_close(s);
	return false;
}

static bool
while_forwarding(struct session *s)
{
	struct vsap_request req;
	size_t len, used;
	enum vsap_line_result r;

	if (s->eof) {
		session_close(s);
		return false;
	}
	r = vsap_line(s->in.data, s->in.len, &len, &used);
	if (r == VSAP_LINE_MORE)
		return false;
	cmd_forward_end(s);
	/* BREAK says no more than that. */
	if (s->state != S_DEAD && r == VSAP_LINE_OK &&
	    vsap_request_parse(&req, (char *)s->in.data, len) == 0 &&
	    strcmp(req.verb, "BREAK") == 0)
		buf_consume(&s->in, used);
	return true;
}

static bool
while_waiting(struct session *s)
{
	if (s->state == S_ACCEPTING)
		return while_accepting(s);
	if (s->state == S_FORWARDING)
		return while_forwarding(s);
	/* A caller that left does not wait for a name. */
	if (s->eof && (s->caller || hop_waits(s->hop)) && relay_is_next(s) != 1)
		session_close(s);
	return false;
}

static void
reply(struct session *s, int code, bool more, const char *text)
{
	char line[VSAP_LINE_MAX + 3];
	size_t len;

	len = vsap_reply_format(line, sizeof(line), code, more, text);
	front_send(s, line, len);
	line[strcspn(line, "\r\n")] = '\0';
	session_trace(s, '<', line);
}

static void
logged_in(struct session *s, bool right, const char *why)
{
	if (right)
		session_reply(s, VSAP_OK, "OK");
	else
		session_reply(s, VSAP_FORBIDDEN, "forbidden: %s", why);
	session_done(s);
}

static void
refuse(struct session *s, const char *why)
{
	session_reply(s, VSAP_FORBIDDEN, "forbidden: %s", why);
	session_finish(s);
}

const struct front front_vsap = {
	.name = "VSAP",
	.input = input,
	.while_waiting = while_waiting,
	.reply = reply,
	.logged_in = logged_in,
	.refuse = refuse,
};
