#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "status.h"

/* Strangers see what is theirs. */
static bool
sees_all(const struct session *s)
{
	return rule_permits(rules_stat(s->gw->conf->rules, &s->who));
}

static void
text_ready(void *arg)
{
	struct session *s = arg;

	status_text(s, sees_all(s));
	session_done(s);
	session_work(s);
}

static void
say_json(struct session *s)
{
	struct buf b;

	buf_init(&b, VSAP_OUTPUT_MAX / 2);
	(void)buf_printf(&b, "%s %d ", VSAP_VERSION, VSAP_OK);
	status_json(s->gw, sees_all(s) ? NULL : s, &b);
	if (buf_append(&b, "\r\n", 2) == -1)
		session_reply(s, VSAP_UNKNOWN,
		    "STAT -j: too much for one line: say STAT");
	else if (buf_append(&s->out, b.data, b.len) == -1)
		session_reset(s, "does not read its replies");
	buf_free(&b);
}

static void
json_ready(void *arg)
{
	struct session *s = arg;

	say_json(s);
	session_done(s);
	session_work(s);
}

void
cmd_stat(struct session *s, const struct vsap_request *req)
{
	bool json = req->argc == 1 && strcmp(req->argv[0], "-j") == 0;

	if (req->argc != 0 && !json) {
		session_reply(s, VSAP_UNKNOWN, "STAT: write STAT or STAT -j");
		return;
	}
	if (s->gw->status == NULL ||
	    status_ask(s->gw, true, json ? json_ready : text_ready, s) == -1) {
		session_reply(s, VSAP_UNKNOWN, "STAT: out of memory");
		return;
	}
	session_wait(s, S_WAITING, 0, NULL);
}

void
cmd_stat_cancel(struct session *s)
{
	status_cancel(s->gw, s);
}
