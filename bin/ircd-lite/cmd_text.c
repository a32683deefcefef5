/* PRIVMSG and NOTICE: to users, channels, their operators, and masks. */

#include <string.h>
#include <strings.h>

#include "actions.h"
#include "casemap.h"
#include "channel.h"
#include "cmd.h"
#include "conf.h"
#include "conn.h"
#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"
#include "words.h"

struct text {
	struct user *from;
	const char *command; /* "PRIVMSG" or "NOTICE" */
	const char *text;
	bool quiet; /* a NOTICE is answered by nothing (RFC 1459, 4.4.2) */
};

#define ANSWER(t, ...)                                                         \
	do {                                                                   \
		if (!(t)->quiet)                                               \
			reply((t)->from, __VA_ARGS__);                         \
	} while (0)

/* CTCP but for ACTION. */
static bool
is_ctcp(const char *text)
{
	return text[0] == '\001' && strncmp(text + 1, "ACTION ", 7) != 0;
}

static bool
may_say(const struct text *t, struct chan *ch, const char *target)
{
	if (chan_may_speak(ch, t->from) &&
	    ((ch->modes & CMODE_NOCTCP) == 0 || !is_ctcp(t->text)))
		return true;
	ANSWER(t, ERR_CANNOTSENDTOCHAN, as_word(target));
	return false;
}

static void
to_channel(const struct text *t, const char *name)
{
	struct chan *ch = chan_find(name);

	if (ch == NULL)
		ANSWER(t, ERR_NOSUCHCHANNEL, as_word(name));
	else if (may_say(t, ch, name))
		chan_say_text(ch, t->from, t->command, t->text);
}

/* "@#chan": its operators; "+#chan": those with a voice too. */
static void
to_status(const struct text *t, const char *target)
{
	uint8_t rank = target[0] == '@' ? MEMBER_OP : MEMBER_OP | MEMBER_VOICE;
	struct chan *ch = chan_find(target + 1);
	const struct user *u;
	struct line line;
	uint32_t i;

	if (ch == NULL) {
		ANSWER(t, ERR_NOSUCHCHANNEL, as_word(target + 1));
		return;
	}
	if (!may_say(t, ch, target))
		return;
	line = line_make(":%s %s %c%s :%s", t->from->source, t->command,
	    target[0], ch->name, t->text);
	for (i = 0; i < ch->nmembers; i++) {
		u = ch->member[i].user;
		if (u != t->from && u->conn != NULL &&
		    ch->member[i].modes & rank)
			say_line(u->conn, &line);
	}
}

static void
to_user(const struct text *t, const char *nick)
{
	struct user *to = user_find(nick);

	if (to == NULL) {
		ANSWER(t, ERR_NOSUCHNICK, as_word(nick));
		return;
	}
	if (to->conn != NULL)
		say(to->conn, ":%s %s %s :%s", t->from->source, t->command,
		    to->nick, t->text);
	if (to->away != NULL)
		ANSWER(t, RPL_AWAY, to->nick, to->away);
}

/* --- masks, for operators (RFC 1459, 4.4.1) ------------------------------- */

static bool
mask_fit(const struct text *t, const char *mask)
{
	const char *dot = strrchr(mask, '.');

	if (dot == NULL)
		ANSWER(t, ERR_NOTOPLEVEL, as_word(mask));
	else if (strpbrk(dot, "*?") != NULL)
		ANSWER(t, ERR_WILDTOPLEVEL, as_word(mask));
	else if (!mask_usable(mask))
		ANSWER(t, ERR_BADCHANMASK, as_word(mask));
	else
		return true;
	return false;
}

/* "$mask" of servers, "#mask" of hosts; "$$mask" is how others write it. */
static void
to_mask(const struct text *t, const char *target)
{
	bool hosts = target[0] == '#';
	const char *mask = target + 1;
	struct user *u = NULL;
	struct line line;
	size_t bucket = 0;

	if (!hosts && mask[0] == '$')
		mask++;
	if (!mask_fit(t, mask))
		return;
	line = line_make(":%s %s %s :%s", t->from->source, t->command, target,
	    t->text);
	while ((u = user_each(u, &bucket)) != NULL)
		if (u->conn != NULL && u != t->from &&
		    mask_match(mask, hosts ? u->host : u->server->name))
			say_line(u->conn, &line);
}

/* --- the commands --------------------------------------------------------- */

static bool
mask_meant(const struct text *t, const char *target)
{
	if (t->from->may & OPER_NOTICE)
		return target[0] == '$' ||
		       (target[0] == '#' && strpbrk(target, "*?.") != NULL &&
			   chan_find(target) == NULL);
	return false;
}

static void
deliver(const struct text *t, const char *target)
{
	if (mask_meant(t, target))
		to_mask(t, target);
	else if (target[0] == '$')
		ANSWER(t, ERR_NOPRIVILEGES);
	else if (target[0] == '@' ||
		 (target[0] == '+' && irc_is_channel(target + 1)))
		to_status(t, target);
	else if (irc_is_channel(target))
		to_channel(t, target);
	else
		to_user(t, target);
}

/* Was target among the n names before it in the list? */
static bool
named_before(char *const *list, int n, const char *target)
{
	while (n-- > 0)
		if (irc_casecmp(list[n], target) == 0)
			return true;
	return false;
}

static void
send_text(struct text *t, struct msg *m)
{
	char *targets = m->param[0], *target, *done[TARGETS_MAX];
	int n = 0;

	if (m->nparams == 0 || targets[0] == '\0') {
		ANSWER(t, ERR_NORECIPIENT, t->command);
		return;
	}
	if (m->nparams == 1 || m->param[1][0] == '\0') {
		ANSWER(t, ERR_NOTEXTTOSEND);
		return;
	}
	t->text = m->param[1];
	if (!t->quiet)
		t->from->idle = me.wall;
	while ((target = strsep(&targets, ",")) != NULL) {
		if (target[0] == '\0' || named_before(done, n, target))
			continue;
		if (n == TARGETS_MAX) {
			ANSWER(t, ERR_TOOMANYTARGETS, as_word(target));
			return;
		}
		done[n++] = target;
		deliver(t, target);
	}
}

void
cmd_privmsg(struct user *u, struct msg *m)
{
	struct text t = { .from = u, .command = "PRIVMSG" };

	send_text(&t, m);
}

void
cmd_notice(struct user *u, struct msg *m)
{
	struct text t = { .from = u, .command = "NOTICE", .quiet = true };

	send_text(&t, m);
}
