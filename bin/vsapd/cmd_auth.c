#include "cmd.h"

#include <string.h>
#include <strings.h>

#include "who.h"

#define SCRAM "SCRAM-SHA-256"

void
cmd_auth(struct session *s, const struct vsap_request *req)
{
	if (who_has_users(s) && who_is_somebody(s))
		/* Owners do not change under what they own. */
		session_reply(s, VSAP_UNKNOWN, "AUTH: you are %s already",
		    s->owner);
	else if (strchr(req->rest, ':') != NULL)
		who_login(s, req->rest);
	else if (req->argc == 2 && strcasecmp(req->argv[0], SCRAM) == 0)
		who_scram(s, req->argv[1]);
	else if (!who_has_users(s))
		session_reply(s, VSAP_OK, "OK");
	else
		session_reply(s, VSAP_FORBIDDEN,
		    "forbidden: write AUTH user:password or AUTH " SCRAM
		    " message");
}
