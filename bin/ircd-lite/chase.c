/*
 * Chasing (RFC 1459, 8.9): KILL, KICK and MODE mean the user, whatever he
 * calls himself by the time they arrive.
 */
#include "actions.h"

#include "limits.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "whowas.h"
#include "words.h"

struct user *
user_chase(struct user *asker, const char *nick)
{
	struct user *who = user_find(nick);
	char word[WORD_LEN];

	if (who == NULL)
		who = user_by_id(
		    whowas_chase(me.whowas, nick, me.wall, CHASE_AGE));
	if (who != NULL && user_known(who))
		return who;
	reply(asker, ERR_NOSUCHNICK, word_of(word, sizeof(word), nick));
	return NULL;
}
