/*
 * MODE of a user: his own alone (RFC 2812, 3.1.5).
 */
#include "mode.h"

#include <stdbool.h>

#include "actions.h"
#include "modeparse.h"
#include "numeric.h"
#include "turn.h"
#include "user.h"
#include "words.h"

static const struct {
	char letter;
	uint32_t bit;
} umodes[] = {
	{ 'B', UMODE_BOT },
	{ 'i', UMODE_INVISIBLE },
	{ 'o', UMODE_OPER },
	{ 'r', UMODE_RESTRICTED },
	{ 's', UMODE_NOTICES },
	{ 'w', UMODE_WALLOPS },
};
#define NUMODES (sizeof(umodes) / sizeof(umodes[0]))

/* Every letter without a parameter; which ones exist is in umodes. */
static const unsigned char no_params[256];

static uint32_t
umode_bit(char letter)
{
	size_t i;

	for (i = 0; i < NUMODES; i++)
		if (umodes[i].letter == letter)
			return umodes[i].bit;
	return 0;
}

/* What he would have then; *wrong: a letter that does not exist, *not_his:
 * one for operators. */
static uint32_t
wanted(const struct user *u, const struct msg *m, bool *wrong, bool *not_his)
{
	struct mode_parser p;
	struct mode_change c;
	uint32_t modes = u->modes, bit;

	modeparse_begin(&p, no_params, m->param + 1, m->nparams - 1);
	while (modeparse_next(&p, &c)) {
		if ((bit = umode_bit(c.letter)) == 0)
			*wrong = true;
		else if (bit == UMODE_NOTICES && c.add &&
			 (modes & UMODE_OPER) == 0)
			*not_his = true;
		else if (c.add && bit != UMODE_OPER)
			modes |= bit;
		else if (!c.add && bit != UMODE_RESTRICTED)
			modes &= ~bit;
	}
	if ((modes & UMODE_OPER) == 0)
		modes &= ~(uint32_t)UMODE_NOTICES;
	return modes;
}

/* ":he MODE nick :-o+w", of what has changed. */
static void
tell(const struct user *u, uint32_t was)
{
	uint32_t changed = was ^ u->modes;
	char text[2 * NUMODES + 2];
	struct mode_out out;
	size_t i;

	modeout_begin(&out, sizeof(text) - 1);
	for (i = 0; i < NUMODES; i++)
		if (changed & ~u->modes & umodes[i].bit)
			(void)modeout_add(&out, false, umodes[i].letter, NULL);
	for (i = 0; i < NUMODES; i++)
		if (changed & u->modes & umodes[i].bit)
			(void)modeout_add(&out, true, umodes[i].letter, NULL);
	if (!modeout_empty(&out))
		say(u->conn, ":%s MODE %s :%s", u->source, u->nick,
		    modeout_text(&out, text, sizeof(text)));
}

static void
change(struct user *u, const struct msg *m)
{
	bool wrong = false, not_his = false;
	uint32_t was = u->modes, modes = wanted(u, m, &wrong, &not_his);

	if (wrong)
		reply(u, ERR_UMODEUNKNOWNFLAG);
	if (not_his)
		reply(u, ERR_NOPRIVILEGES);
	if (was & ~modes & UMODE_OPER)
		oper_end(u);
	user_set_modes(u, modes);
	tell(u, was);
}

void
mode_user(struct user *u, struct msg *m)
{
	const struct user *who = user_find(m->param[0]);
	char text[2 * NUMODES + 2], word[WORD_LEN];

	if (who == NULL || (who != u && !user_known(who)))
		reply(u, ERR_NOSUCHNICK,
		    word_of(word, sizeof(word), m->param[0]));
	else if (who != u)
		reply(u, ERR_USERSDONTMATCH);
	else if (m->nparams == 1)
		reply(u, RPL_UMODEIS, user_modes(u, text, sizeof(text)));
	else
		change(u, m);
}
