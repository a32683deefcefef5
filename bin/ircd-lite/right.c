#include "right.h"

#include "channel.h"
#include "conf.h"
#include "numeric.h"
#include "user.h"

bool
chan_right(struct user *u, const struct chan *ch)
{
	const struct member *m = chan_member(ch, u);

	if (m == NULL)
		reply(u, ERR_NOTONCHANNEL, ch->name);
	else if ((m->modes & MEMBER_OP) == 0)
		reply(u, ERR_CHANOPRIVSNEEDED, ch->name);
	else if (u->modes & UMODE_RESTRICTED)
		reply(u, ERR_RESTRICTED);
	else
		return true;
	return false;
}

/* As the configuration calls it. */
static const char *
right_name(unsigned may)
{
	switch (may) {
	case OPER_KILL:
		return "kill";
	case OPER_KLINE:
		return "kline";
	case OPER_REHASH:
		return "rehash";
	case OPER_DIE:
		return "die";
	case OPER_WALLOPS:
		return "wallops";
	case OPER_NOTICE:
		return "notice";
	case OPER_SPY:
		return "spy";
	case OPER_CONNECT:
		return "connect";
	default:
		return "*";
	}
}

bool
oper_right(struct user *u, unsigned may)
{
	if ((u->modes & UMODE_OPER) == 0)
		reply(u, ERR_NOPRIVILEGES);
	else if ((u->may & may) == 0)
		reply(u, ERR_NOPRIVS, right_name(may));
	else
		return true;
	return false;
}
