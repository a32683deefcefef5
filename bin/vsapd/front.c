#include "front.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "hop.h"
#include "log.h"

static void
drop_state(struct session *s)
{
	if (s->front_data == NULL)
		return;
	explicit_bzero(s->front_data, s->front_size);
	free(s->front_data);
	s->front_data = NULL;
	s->front_size = 0;
}

void
front_set(struct session *s, const struct front *front)
{
	drop_state(s);
	s->front = front;
}

void *
front_state(struct session *s, size_t size)
{
	if (s->front_data != NULL)
		return s->front_data;
	if ((s->front_data = calloc(1, size)) == NULL)
		session_reset(s, "out of memory");
	else
		s->front_size = size;
	return s->front_data;
}

void
front_run(struct session *s, const char *fmt, ...)
{
	char line[VSAP_LINE_MAX + 1];
	struct vsap_request req;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) ||
	    vsap_request_parse(&req, line, (size_t)n) == -1) {
		session_log(s, "%s: a request that is too long", s->peer);
		session_reply(s, VSAP_PROTOCOL, "a request that is too long");
		session_finish(s);
		return;
	}
	session_trace(s, '>', req.line);
	cmd_dispatch(s, &req);
}

/* --- input ---------------------------------------------------------------- */

static bool
while_accepting(struct session *s, enum front_next next)
{
	if (next == NEXT_OTHER) {
		cmd_accept_cancel(s, "cancelled by the next request");
		return s->state != S_DEAD;
	}
	/* Who has left takes no visitor, RELAY sent ahead or not. */
	if (s->eof)
		session_close(s);
	return false;
}

static bool
while_forwarding(struct session *s, enum front_next next)
{
	if (s->eof) {
		session_close(s);
		return false;
	}
	if (next == NEXT_UNKNOWN)
		return false;
	cmd_forward_end(s);
	return s->state != S_DEAD;
}

bool
front_waits(struct session *s, enum front_next next)
{
	if (s->state == S_ACCEPTING)
		return while_accepting(s, next);
	if (s->state == S_FORWARDING)
		return while_forwarding(s, next);
	/* A caller that left does not wait for a name. */
	if (s->eof && (s->caller || hop_waits(s->hop)) && next != NEXT_RELAY)
		session_close(s);
	return false;
}

int
front_http_request(struct session *s, struct http_request *r,
    enum http_fault *fault)
{
	int n = http_request_parse(r, s->in.data, s->in.len, fault);

	if (n == 0 && s->eof)
		front_close(s, "an HTTP head without end");
	if (n <= 0)
		return n;
	buf_consume(&s->in, (size_t)n);
	s->partial = false;
	return 1;
}

/* --- answers -------------------------------------------------------------- */

void
front_send(struct session *s, const void *p, size_t len)
{
	if (s->state == S_DEAD)
		return;
	if (buf_append(&s->out, p, len) == -1)
		session_reset(s, "does not read its replies");
}

void
front_close(struct session *s, const char *why)
{
	session_log(s, "%s: %s: closed", s->peer, why);
	session_close(s);
}
