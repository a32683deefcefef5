/* What there is to know about the server (RFC 2812, 3.4). */

#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "channel.h"
#include "conf.h"
#include "conn.h"
#include "limits.h"
#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "words.h"

/* Is the command's n-th parameter, if it has one, this server? */
static bool
is_for_us(struct user *u, const struct msg *m, int n)
{
	return m->nparams <= n || *m->param[n] == '\0' ||
	       for_this_server(u, m->param[n]);
}

/* --- MOTD ----------------------------------------------------------------- */

static void
motd_line(struct user *u, const char *line, size_t len)
{
	char text[LINE_MAX_IRC];
	size_t room = reply_room(u);

	if (len > 0 && line[len - 1] == '\r')
		len--;
	len = text_cut(line, len, room > 3 ? room - 3 : 0);
	memcpy(text, line, len);
	text[len] = '\0';
	reply(u, RPL_MOTD, text);
}

void
send_motd(struct user *u)
{
	const char *at = me.conf->motd, *end;

	if (at == NULL) {
		reply(u, ERR_NOMOTD);
		return;
	}
	reply(u, RPL_MOTDSTART, me.server.name);
	for (; *at != '\0'; at = *end == '\0' ? end : end + 1) {
		end = at + strcspn(at, "\n");
		motd_line(u, at, (size_t)(end - at));
	}
	reply(u, RPL_ENDOFMOTD);
}

void
cmd_motd(struct user *u, struct msg *m)
{
	if (is_for_us(u, m, 0))
		send_motd(u);
}

/* --- LUSERS --------------------------------------------------------------- */

static unsigned
more_than(unsigned a, unsigned b)
{
	return a > b ? a - b : 0;
}

void
send_lusers(struct user *u)
{
	unsigned unknown = more_than(conns_count, users_count);
	unsigned most = me.count.max_local;

	if (most < users_count)
		most = users_count;
	reply(u, RPL_LUSERCLIENT, more_than(users_count, users_invisible),
	    users_invisible, 1U);
	if (users_opers > 0)
		reply(u, RPL_LUSEROP, users_opers);
	if (unknown > 0)
		reply(u, RPL_LUSERUNKNOWN, unknown);
	if (chans_count > 0)
		reply(u, RPL_LUSERCHANNELS, chans_count);
	reply(u, RPL_LUSERME, users_count, 0U);
	reply(u, RPL_LOCALUSERS, users_count, most, users_count, most);
	reply(u, RPL_GLOBALUSERS, users_count, most, users_count, most);
}

void
cmd_lusers(struct user *u, struct msg *m)
{
	if (is_for_us(u, m, 0) && is_for_us(u, m, 1))
		send_lusers(u);
}

/* --- VERSION, TIME, ADMIN, INFO ------------------------------------------- */

void
cmd_version(struct user *u, struct msg *m)
{
	if (!is_for_us(u, m, 0))
		return;
	reply(u, RPL_VERSION, VERSION, me.server.name,
	    "RFC 1459, RFC 2812, Modern IRC");
	send_isupport(u);
}

void
cmd_time(struct user *u, struct msg *m)
{
	char text[100];
	struct tm tm;

	if (!is_for_us(u, m, 0))
		return;
	if (localtime_r(&me.wall, &tm) == NULL ||
	    strftime(text, sizeof(text), "%A %B %e %Y -- %H:%M:%S %z", &tm) ==
		0)
		strlcpy(text, "not known", sizeof(text));
	reply(u, RPL_TIME, me.server.name, text);
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

void
cmd_admin(struct user *u, struct msg *m)
{
	char *const *admin = me.conf->admin;

	if (!is_for_us(u, m, 0))
		return;
	if (admin[0] == NULL && admin[1] == NULL && admin[2] == NULL) {
		reply(u, ERR_NOADMININFO, me.server.name);
		return;
	}
	reply(u, RPL_ADMINME, me.server.name);
	reply(u, RPL_ADMINLOC1, or_empty(admin[0]));
	reply(u, RPL_ADMINLOC2, or_empty(admin[1]));
	reply(u, RPL_ADMINEMAIL, or_empty(admin[2]));
}

void
cmd_info(struct user *u, struct msg *m)
{
	char since[100];

	if (!is_for_us(u, m, 0))
		return;
	(void)snprintf(since, sizeof(since), "On-line since %s", me.created);
	reply(u, RPL_INFO, "ircd-lite-" VERSION);
	reply(u, RPL_INFO,
	    "An IRC server: RFC 1459 section 8 and what has "
	    "become of it.");
	reply(u, RPL_INFO, me.server.description);
	reply(u, RPL_INFO, since);
	reply(u, RPL_ENDOFINFO);
}

/* --- LINKS, MAP ----------------------------------------------------------- */

/* LINKS [[server] mask] */
void
cmd_links(struct user *u, struct msg *m)
{
	const char *mask = "*";

	if (m->nparams > 0)
		mask = m->param[m->nparams > 1];
	if (m->nparams > 1 && !is_for_us(u, m, 0))
		return;
	if (*mask == '\0' || mask_match(mask, me.server.name))
		reply(u, RPL_LINKS, "*", me.server.name, me.server.hops,
		    me.server.description);
	reply(u, RPL_ENDOFLINKS, "*");
}

void
cmd_map(struct user *u, struct msg *m)
{
	char line[SERVERLEN + 40];

	(void)m;
	(void)snprintf(line, sizeof(line), "%s [%u users]", me.server.name,
	    users_count);
	reply(u, RPL_MAP, line);
	reply(u, RPL_MAPEND);
}
