/* PING PONG ERROR: is anybody there? */

#include "actions.h"
#include "cmd.h"
#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"

void
cmd_ping(struct user *u, struct msg *m)
{
	if (m->nparams == 0 || m->param[0][0] == '\0') {
		reply(u, ERR_NOORIGIN);
		return;
	}
	/* The second one, if any, says which server is to answer. */
	if (m->nparams > 1 && u->conn->welcomed &&
	    !for_this_server(u, m->param[1]))
		return;
	say(u->conn, ":%s PONG %s :%s", me.server.name, me.server.name,
	    m->param[0]);
}

/* Whatever was heard has told already that he is there. */
void
cmd_pong(struct user *u, struct msg *m)
{
	if (m->nparams == 0 && u->conn->welcomed)
		reply(u, ERR_NOORIGIN);
}

/* For servers only: a user's is passed over in silence (RFC 1459, 4.6.4). */
void
cmd_error(struct user *u, struct msg *m)
{
	(void)u;
	(void)m;
}
