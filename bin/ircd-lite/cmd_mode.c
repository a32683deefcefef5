/*
 * MODE: of a channel or of a user.
 */
#include "cmd.h"

#include "casemap.h"
#include "mode.h"

void
cmd_mode(struct user *u, struct msg *m)
{
	if (irc_is_channel(m->param[0]))
		mode_chan(u, m);
	else
		mode_user(u, m);
}
