#include "visible.h"

#include <string.h>

#include "actions.h"
#include "channel.h"
#include "conf.h"
#include "user.h"

static const struct {
	uint32_t mode;
	char letter;
} letters[] = {
	{ UMODE_BOT, 'B' },
	{ UMODE_INVISIBLE, 'i' },
	{ UMODE_OPER, 'o' },
	{ UMODE_RESTRICTED, 'r' },
	{ UMODE_NOTICES, 's' },
	{ UMODE_WALLOPS, 'w' },
};
#define NLETTERS (sizeof(letters) / sizeof(letters[0]))

const char *
user_modes(const struct user *u, char *out, size_t outlen)
{
	char text[NLETTERS + 2] = "+";
	size_t i, n = 1;

	for (i = 0; i < NLETTERS; i++)
		if (u->modes & letters[i].mode)
			text[n++] = letters[i].letter;
	text[n] = '\0';
	strlcpy(out, text, outlen);
	return out;
}

bool
user_spies(const struct user *u)
{
	return (u->modes & UMODE_OPER) != 0 && (u->may & OPER_SPY) != 0;
}

bool
users_share(const struct user *a, const struct user *b)
{
	const struct user *few = a->nchans <= b->nchans ? a : b;
	const struct user *other = few == a ? b : a;
	uint32_t i;

	for (i = 0; i < few->nchans; i++)
		if (chan_member(few->chans[i].chan, other) != NULL)
			return true;
	return false;
}

bool
user_visible(const struct user *asker, const struct user *u)
{
	return (u->modes & UMODE_INVISIBLE) == 0 || u == asker ||
	       user_spies(asker) || users_share(asker, u);
}

bool
chan_shown(const struct user *asker, const struct chan *ch)
{
	return user_spies(asker) || chan_visible(ch, asker);
}

bool
chan_shown_of(const struct user *asker, const struct user *u,
    const struct chan *ch)
{
	if (asker == u || user_spies(asker) || chan_member(ch, asker) != NULL)
		return true;
	return (u->modes & UMODE_INVISIBLE) == 0 && chan_visible(ch, asker);
}
