#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "words.h"

#define ANY (CMD_UNREG | CMD_USER)
#define USUAL 1000 /* penalty, in thousandths */
#define CHEAP 100  /* a flood of it waits, too */
#define DEAR 3000

/* clang-format off */
const struct cmd cmds[] = {
	{ "ADMIN", CMD_USER, 0, cmd_admin, USUAL, "[server]",
	    "who runs this server" },
	{ "AWAY", CMD_USER, 0, cmd_away, USUAL, "[text]",
	    "say that you are away; without a text: that you are back" },
	{ "CAP", ANY, 1, cmd_cap, CHEAP, "LS|LIST|REQ|END [capabilities]",
	    "negotiate capabilities" },
	{ "CONNECT", CMD_USER | CMD_OPER, 1, cmd_connect, USUAL,
	    "server [port [remote]]", "link to another server" },
	{ "DIE", CMD_USER | CMD_OPER, 0, cmd_die, USUAL, "[server]",
	    "end this server" },
	{ "ERROR", ANY, 0, cmd_error, USUAL, "text",
	    "between servers only" },
	{ "HELP", CMD_USER, 0, cmd_help, USUAL, "[command]",
	    "what can be said here" },
	{ "HELPOP", CMD_USER, 0, cmd_help, USUAL, "[command]",
	    "the same as HELP" },
	{ "INFO", CMD_USER, 0, cmd_info, USUAL, "[server]",
	    "about this program" },
	{ "INVITE", CMD_USER, 0, cmd_invite, USUAL, "[nick channel]",
	    "ask somebody to a channel; alone: where you are invited" },
	{ "ISON", CMD_USER, 1, cmd_ison, USUAL, "nick...",
	    "which of these are here" },
	{ "JOIN", CMD_USER, 1, cmd_join, USUAL, "channel[,channel...] [keys]",
	    "enter channels; JOIN 0 leaves all" },
	{ "KICK", CMD_USER, 2, cmd_kick, USUAL,
	    "channel nick[,nick...] [reason]", "put somebody out" },
	{ "KILL", CMD_USER | CMD_OPER, 2, cmd_kill, USUAL, "nick reason",
	    "end a user's connection" },
	{ "KLINE", CMD_USER | CMD_OPER, 1, cmd_kline, USUAL,
	    "[minutes] user@host reason", "ban from this server" },
	{ "KNOCK", CMD_USER, 1, cmd_knock, DEAR, "channel [text]",
	    "ask to be invited" },
	{ "LINKS", CMD_USER, 0, cmd_links, USUAL, "[[server] mask]",
	    "the servers of this network" },
	{ "LIST", CMD_USER, 0, cmd_list, DEAR, "[channels|conditions]",
	    "the channels with their topics" },
	{ "LUSERS", CMD_USER, 0, cmd_lusers, USUAL, "[mask [server]]",
	    "how many are here" },
	{ "MAP", CMD_USER, 0, cmd_map, USUAL, "", "the network as a tree" },
	{ "MODE", CMD_USER, 1, cmd_mode, USUAL,
	    "channel|nick [modes [parameters]]", "see or change modes" },
	{ "MOTD", CMD_USER, 0, cmd_motd, USUAL, "[server]",
	    "the message of the day" },
	{ "NAMES", CMD_USER, 0, cmd_names, USUAL, "channel[,channel...]",
	    "who is on a channel" },
	{ "NICK", ANY, 0, cmd_nick, USUAL, "nick", "take a nickname" },
	{ "NOTICE", CMD_USER, 0, cmd_notice, USUAL,
	    "target[,target...] text", "a message that nobody answers" },
	{ "OPER", CMD_USER, 2, cmd_oper, DEAR, "name password",
	    "become an operator" },
	{ "PART", CMD_USER, 1, cmd_part, USUAL, "channel[,channel...] [text]",
	    "leave channels" },
	{ "PASS", CMD_UNREG, 1, cmd_pass, CHEAP, "password",
	    "the password of the connection, before NICK and USER" },
	{ "PING", ANY, 0, cmd_ping, USUAL, "token [server]",
	    "is the server there" },
	{ "PONG", ANY, 0, cmd_pong, CHEAP, "token", "the answer to PING" },
	{ "PRIVMSG", CMD_USER, 0, cmd_privmsg, USUAL,
	    "target[,target...] text", "a message to users or channels" },
	{ "QUIT", ANY, 0, cmd_quit, CHEAP, "[text]", "leave the server" },
	{ "REHASH", CMD_USER | CMD_OPER, 0, cmd_rehash, USUAL, "",
	    "read the configuration again" },
	{ "RESTART", CMD_USER | CMD_OPER, 0, cmd_restart, USUAL, "[server]",
	    "start this server anew" },
	{ "SERVICE", ANY, 0, cmd_service, USUAL, "", "not taken here" },
	{ "SERVLIST", CMD_USER, 0, cmd_servlist, USUAL, "[mask [type]]",
	    "the services of this network" },
	{ "SQUERY", CMD_USER, 0, cmd_squery, USUAL, "service text",
	    "a message to a service" },
	{ "SQUIT", CMD_USER | CMD_OPER, 1, cmd_squit, USUAL,
	    "server [text]", "end a server's link" },
	{ "STATS", CMD_USER, 0, cmd_stats, DEAR, "[letter [server]]",
	    "figures about this server" },
	{ "SUMMON", CMD_USER, 0, cmd_summon, USUAL, "user",
	    "call somebody who is logged in: not done here" },
	{ "TIME", CMD_USER, 0, cmd_time, USUAL, "[server]",
	    "what time it is there" },
	{ "TOPIC", CMD_USER, 1, cmd_topic, USUAL, "channel [topic]",
	    "see or set the topic" },
	{ "TRACE", CMD_USER, 0, cmd_trace, DEAR, "[target]",
	    "the way to a target, and who is connected" },
	{ "UNKLINE", CMD_USER | CMD_OPER, 1, cmd_unkline, USUAL, "user@host",
	    "end a ban from this server" },
	{ "USER", ANY, 4, cmd_user, USUAL, "name modes * :real name",
	    "who you are" },
	{ "USERHOST", CMD_USER, 1, cmd_userhost, USUAL, "nick...",
	    "where up to five users are" },
	{ "USERS", CMD_USER, 0, cmd_users, USUAL, "[server]",
	    "who is logged in on the host: not told here" },
	{ "VERSION", CMD_USER, 0, cmd_version, USUAL, "[server]",
	    "which program this is" },
	{ "WALLOPS", CMD_USER | CMD_OPER, 1, cmd_wallops, USUAL, "text",
	    "a message to all who have +w" },
	{ "WEBIRC", CMD_UNREG, 4, cmd_webirc, CHEAP,
	    "password gateway host address", "a gateway names its client" },
	{ "WHO", CMD_USER, 0, cmd_who, USUAL, "[mask [o]]",
	    "users by mask or channel" },
	{ "WHOIS", CMD_USER, 0, cmd_whois, USUAL, "[server] nick[,nick...]",
	    "about a user" },
	{ "WHOWAS", CMD_USER, 0, cmd_whowas, USUAL,
	    "nick[,nick...] [count [server]]", "about a user who left" },
};
/* clang-format on */

const size_t ncmds = sizeof(cmds) / sizeof(cmds[0]);
struct cmd_count cmd_counts[sizeof(cmds) / sizeof(cmds[0])];

static int
by_name(const void *name, const void *cmd)
{
	return strcasecmp(name, ((const struct cmd *)cmd)->name);
}

const struct cmd *
cmd_find(const char *name)
{
	return bsearch(name, cmds, ncmds, sizeof(cmds[0]), by_name);
}

/* A web page must not be able to speak IRC through somebody's browser: the
 * lines behind an HTTP request's first one are not for us. */
static bool
is_http(const char *name)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
		"DELETE", "OPTIONS", "PATCH", "HOST:" };
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcasecmp(name, methods[i]) == 0)
			return true;
	return false;
}

static void
unknown(struct user *u, const char *name)
{
	if (!user_known(u) && is_http(name)) {
		conn_exit(u->conn, "This port does not speak HTTP");
		return;
	}
	if (user_known(u))
		reply(u, ERR_UNKNOWNCOMMAND, as_word(name));
	else
		reply(u, ERR_NOTREGISTERED);
}

/* May he say it now?  If not, he has been told why. */
static bool
permitted(struct user *u, const struct cmd *cmd)
{
	bool known = user_known(u);

	if (!known && (cmd->who & CMD_UNREG) == 0)
		reply(u, ERR_NOTREGISTERED);
	else if (known && (cmd->who & CMD_USER) == 0)
		reply(u, ERR_ALREADYREGISTRED);
	else if (cmd->who & CMD_OPER && (u->modes & UMODE_OPER) == 0)
		reply(u, ERR_NOPRIVILEGES);
	else
		return true;
	return false;
}

unsigned
cmd_line(struct conn *c, char *line, size_t len)
{
	const struct cmd *cmd;
	struct user *u = c->user;
	struct msg m;

	if (msg_parse(&m, line, len) == -1)
		return CHEAP;
	turn_actor = u;
	if ((cmd = cmd_find(m.command)) == NULL) {
		unknown(u, m.command);
		return USUAL;
	}
	cmd_counts[cmd - cmds].times++;
	cmd_counts[cmd - cmds].bytes += len;
	if (!permitted(u, cmd))
		return USUAL;
	if (m.nparams < cmd->min) {
		reply(u, ERR_NEEDMOREPARAMS, cmd->name);
		return USUAL;
	}
	cmd->run(u, &m);
	return cmd->penalty;
}

void
reply(struct user *u, int number, const char *fmt, ...)
{
	char text[LINE_MAX_IRC];
	va_list ap;

	if (u->conn == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(u->conn, ":%s %03d %s %s", me.server.name, number,
	    u->nick[0] != '\0' ? u->nick : "*", text);
}
