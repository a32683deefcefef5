#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "front.h"
#include "log.h"
#include "session_impl.h"

void
session_log(const struct session *s, const char *fmt, ...)
{
	char text[1024], shown[1200];
	va_list ap;

	if (s->hello && gateway_hushes(s->gw))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_info("s%llu: %s", (unsigned long long)s->id,
	    log_vis(text, shown, sizeof(shown)));
}

void
session_trace(const struct session *s, char way, const char *line)
{
	char starred[VSAP_LINE_MAX + 1], shown[4 * VSAP_LINE_MAX];

	if (!log_verbose())
		return;
	vsap_star(line, starred, sizeof(starred));
	log_debug("s%llu %c %s", (unsigned long long)s->id, way,
	    log_vis(starred, shown, sizeof(shown)));
}

static void
queue_reply(struct session *s, int code, bool more, const char *text)
{
	if (s->state != S_DEAD)
		s->front->reply(s, code, more, text);
}

void
session_reply_more(struct session *s, int code, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	queue_reply(s, code, true, text);
}

void
session_reply(struct session *s, int code, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	queue_reply(s, code, false, text);
	if (code < 400)
		return;
	s->gw->totals.refused++;
	if (s->state == S_DEAD)
		return;
	if (++s->errors >= VSAP_ERRORS_MAX && s->state != S_CLOSING) {
		queue_reply(s, VSAP_PROTOCOL, false,
		    "too many errors, good bye");
		session_finish(s);
	}
}

void
session_reply_raw(struct session *s, const struct vsap_reply *r)
{
	queue_reply(s, r->code, r->more, r->text);
}

void
session_refuse(struct session *s, int code, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_log(s, "%s: %s", s->peer, text);
	session_reply(s, code, "%s", text);
}

void
session_forbid(struct session *s, const char *fmt, ...)
{
	char text[VSAP_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_refuse(s, VSAP_FORBIDDEN, "forbidden: %s", text);
}
