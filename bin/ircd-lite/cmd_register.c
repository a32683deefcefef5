/* PASS NICK USER CAP QUIT SERVICE and WEBIRC: coming and going. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "cmd.h"
#include "conn.h"
#include "each.h"
#include "history.h"
#include "log.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "words.h"

void
cmd_pass(struct user *u, struct msg *m)
{
	struct conn *c = u->conn;

	if (c->pass != NULL)
		freezero(c->pass, strlen(c->pass));
	c->pass = strndup(m->param[0], PASSLEN);
}

/* --- NICK ----------------------------------------------------------------- */

/* A channel on which he may not speak would see him by another name. */
static const struct chan *
held_by_channel(struct user *u)
{
	uint32_t i;
	struct chan *ch;

	for (i = 0; i < u->nchans; i++) {
		ch = u->chans[i].chan;
		if (chan_banned(ch, u) && !chan_may_speak(ch, u))
			return ch;
	}
	return NULL;
}

static void
forget_bans(struct user *u)
{
	uint32_t i;

	for (i = 0; i < u->nchans; i++)
		u->chans[i].chan->member[u->chans[i].place].checked = 0;
}

static void
rename_user(struct user *u, const char *nick)
{
	struct line line = line_make(":%s NICK :%s", u->source, nick);

	history_note(u, false);
	say_neighbours(u, &line);
	say_line(u->conn, &line);
	user_leave(u);
	if (user_set_nick(u, nick) == -1 || user_enter(u) == -1)
		conn_exit(u->conn, "Out of memory");
	forget_bans(u);
}

void
cmd_nick(struct user *u, struct msg *m)
{
	const char *nick = m->param[0];
	const struct chan *ch;
	const struct user *other;

	if (nick == NULL || nick[0] == '\0') {
		reply(u, ERR_NONICKNAMEGIVEN);
	} else if (!irc_nick_valid(nick)) {
		reply(u, ERR_ERRONEUSNICKNAME, as_word(nick));
	} else if ((other = user_find(nick)) != NULL && other != u) {
		reply(u, ERR_NICKNAMEINUSE, nick);
	} else if (!user_known(u)) {
		if (user_set_nick(u, nick) == 0)
			register_try(u);
	} else if (strcmp(u->nick, nick) == 0) {
		return;
	} else if (u->modes & UMODE_RESTRICTED) {
		reply(u, ERR_RESTRICTED);
	} else if ((ch = held_by_channel(u)) != NULL) {
		reply(u, ERR_UNAVAILRESOURCE, ch->name);
	} else {
		rename_user(u, nick);
	}
}

/* --- USER ----------------------------------------------------------------- */

/* RFC 2812, 3.1.3: bits 2 and 3 of the second parameter are +w and +i. */
static uint32_t
first_modes(const char *text)
{
	const char *bad;
	long long n = strtonum(text, 0, 255, &bad);

	if (bad != NULL)
		return 0;
	return (n & 4 ? UMODE_WALLOPS : 0) | (n & 8 ? UMODE_INVISIBLE : 0);
}

void
cmd_user(struct user *u, struct msg *m)
{
	char name[USERLEN + 1];
	struct conn *c = u->conn;

	if (c->got_user) {
		reply(u, ERR_ALREADYREGISTRED);
		return;
	}
	irc_username(name, m->param[0]);
	if (name[0] == '\0' || m->param[3][0] == '\0') {
		reply(u, ERR_NEEDMOREPARAMS, "USER");
		return;
	}
	if (user_set_name(u, name) == -1 || user_set_real(u, m->param[3]) == -1)
		return;
	u->modes |= first_modes(m->param[1]);
	c->got_user = true;
	register_try(u);
}

/* --- CAP ------------------------------------------------------------------ */

/* Capability negotiation, of which there is none to have yet: a client that
 * asks learns so, and goes on with CAP END. */
void
cmd_cap(struct user *u, struct msg *m)
{
	struct conn *c = u->conn;
	const char *nick = u->nick[0] != '\0' ? u->nick : "*";
	const char *what = m->param[0];

	if (strcasecmp(what, "LS") == 0 || strcasecmp(what, "LIST") == 0) {
		if (!c->welcomed && strcasecmp(what, "LS") == 0)
			c->cap = true;
		say(c, ":%s CAP %s %s :", me.server.name, nick,
		    strcasecmp(what, "LS") == 0 ? "LS" : "LIST");
	} else if (strcasecmp(what, "REQ") == 0) {
		if (!c->welcomed)
			c->cap = true;
		say(c, ":%s CAP %s %s :%s", me.server.name, nick,
		    m->nparams > 1 && m->param[1][0] != '\0' ? "NAK" : "ACK",
		    m->nparams > 1 ? m->param[1] : "");
	} else if (strcasecmp(what, "END") == 0) {
		c->cap = false;
		register_try(u);
	} else {
		reply(u, ERR_INVALIDCAPCMD, as_word(what));
	}
}

/* --- QUIT, SERVICE -------------------------------------------------------- */

void
cmd_quit(struct user *u, struct msg *m)
{
	const char *text = m->nparams > 0 ? m->param[0] : "";
	size_t max = QUITLEN - strlen("Quit: ");

	if (text[0] != '\0')
		conn_exit(u->conn, "Quit: %.*s",
		    (int)text_cut(text, strlen(text), max), text);
	else
		conn_exit(u->conn, "Quit");
}

/* Services are to come by server links; who asks is told so. */
void
cmd_service(struct user *u, struct msg *m)
{
	(void)m;
	reply(u, ERR_UNKNOWNERROR, "SERVICE", "Services are not taken here");
}
