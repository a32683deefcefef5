/* A user leaves the network. */

#include "actions.h"
#include "channel.h"
#include "conn.h"
#include "each.h"
#include "history.h"
#include "log.h"
#include "server.h"
#include "turn.h"
#include "user.h"

/*
 * One who is on a single channel is missed there only: his QUIT goes the way
 * of what is said to a channel, joined with that of others.
 */
static void
tell_quit(struct user *u, const char *reason)
{
	struct line line;

	if (u->nchans == 1) {
		chan_say(u->chans[0].chan, u, ":%s QUIT :%s", u->source,
		    reason);
	} else if (u->nchans > 1) {
		line = line_make(":%s QUIT :%s", u->source, reason);
		say_neighbours(u, &line);
	}
}

void
user_quit(struct user *u, const char *reason)
{
	tell_quit(u, reason);
	while (u->nchans > 0)
		chan_remove(u->chans[u->nchans - 1].chan, u);
	history_note(u, true);
	user_leave(u);
	notice_opers("Client exiting: %s (%s) [%s]", u->source, reason,
	    u->conn != NULL ? conn_ip(u->conn) : u->host);
}
