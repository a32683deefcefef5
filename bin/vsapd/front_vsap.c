/*
 * VSAP in lines (vsap(7), REQUESTS).
 */
#include "front.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"

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

/* Of a whole line req is what it says, and *used what it takes with its end. */
static enum front_next
next_request(const struct session *s, struct vsap_request *req, size_t *used)
{
	enum vsap_line_result r = VSAP_LINE_MORE;
	size_t len;

	req->verb = "";
	if (s->in.len > 0)
		r = vsap_line(s->in.data, s->in.len, &len, used);
	if (r == VSAP_LINE_MORE)
		return NEXT_UNKNOWN;
	if (r != VSAP_LINE_OK ||
	    vsap_request_parse(req, (char *)s->in.data, len) == -1)
		return NEXT_OTHER;
	return strcmp(req->verb, "RELAY") == 0 ? NEXT_RELAY : NEXT_OTHER;
}

static bool
while_waiting(struct session *s)
{
	bool forwarding = s->state == S_FORWARDING;
	struct vsap_request req;
	size_t used;

	if (!front_waits(s, next_request(s, &req, &used)))
		return false;
	/* To FORWARD this says no more than that it is to end. */
	if (forwarding && strcmp(req.verb, "BREAK") == 0)
		buf_consume(&s->in, used);
	return true;
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
unwelcome(struct session *s, const char *why)
{
	session_reply(s, VSAP_PROTOCOL, "%s", why);
	session_finish(s);
}

const struct front front_vsap = {
	.name = "VSAP",
	.input = input,
	.while_waiting = while_waiting,
	.reply = reply,
	.logged_in = logged_in,
	.unwelcome = unwelcome,
};
