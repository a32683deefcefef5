#include "history.h"

#include <string.h>

#include "conn.h"
#include "server.h"
#include "user.h"

int
history_init(unsigned max, unsigned age)
{
	me.whowas = whowas_new(max, age);
	return me.whowas == NULL ? -1 : 0;
}

void
history_limit(unsigned max, unsigned age)
{
	whowas_limit(me.whowas, max, age);
}

void
history_note(const struct user *u, bool leaves)
{
	struct whowas_entry e = { .when = me.wall, .id = leaves ? 0 : u->id };

	strlcpy(e.nick, u->nick, sizeof(e.nick));
	strlcpy(e.user, u->name, sizeof(e.user));
	strlcpy(e.host, u->host, sizeof(e.host));
	strlcpy(e.ip, u->conn != NULL ? conn_ip(u->conn) : u->host,
	    sizeof(e.ip));
	strlcpy(e.real, u->real, sizeof(e.real));
	strlcpy(e.server, u->server->name, sizeof(e.server));
	(void)whowas_add(me.whowas, &e);
	if (leaves)
		whowas_gone(me.whowas, u->id);
}
