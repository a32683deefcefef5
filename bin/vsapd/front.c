#include "front.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
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
		session_reply(s, VSAP_PROTOCOL, "a request that is too long");
		session_finish(s);
		return;
	}
	session_trace(s, '>', req.line);
	cmd_dispatch(s, &req);
}

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
