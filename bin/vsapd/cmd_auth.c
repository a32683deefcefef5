#include "cmd.h"

#include <errno.h>
#include <string.h>

#define WRONG_DELAY 1000 /* ms before a wrong password is answered */
#define TEXT_MAX 512

static void
answer(struct session *s)
{
	if (s->right) {
		s->authed = true;
		s->who.user = s->user;
		snprintf(s->owner, sizeof(s->owner), "user:%s", s->user);
		session_reply(s, VSAP_OK, "OK");
		session_log(s, "%s is %s", s->peer, s->owner);
	} else {
		session_log(s, "%s: AUTH refused", s->peer);
		session_reply(s, VSAP_FORBIDDEN,
		    "forbidden: user or password is wrong");
	}
	session_done(s);
}

static void
checked(void *arg, int right)
{
	struct session *s = arg;

	s->checking = NULL;
	s->right = right;
	if (!right) {
		session_wait(s, S_WAITING, WRONG_DELAY, answer);
		return;
	}
	answer(s);
	session_work(s);
}

void
cmd_auth(struct session *s, const struct vsap_request *req)
{
	const char *colon = strchr(req->rest, ':');

	if (s->gw->login == NULL) {
		session_reply(s, VSAP_OK, "OK");
		return;
	}
	if (s->authed || s->nbinds > 0) {
		/* Owners do not change under what they own. */
		session_reply(s, VSAP_UNKNOWN, "AUTH: you are %s already",
		    s->owner);
		return;
	}
	if (colon == NULL || (size_t)(colon - req->rest) > VSAP_USER_MAX) {
		session_reply(s, VSAP_FORBIDDEN,
		    "forbidden: write AUTH user:password");
		return;
	}
	memcpy(s->user, req->rest, (size_t)(colon - req->rest));
	s->user[colon - req->rest] = '\0';
	s->checking = login_start(s->gw->login, req->rest, checked, s);
	if (s->checking == NULL)
		session_reply(s, VSAP_FORBIDDEN,
		    "forbidden: cannot check now: %s", strerror(errno));
	else
		session_wait(s, S_WAITING, 0, NULL);
}

void
cmd_auth_cancel(struct session *s)
{
	login_cancel(s->checking);
	s->checking = NULL;
}
