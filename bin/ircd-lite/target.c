#include "actions.h"

#include "mask.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "words.h"

bool
for_this_server(struct user *u, const char *target)
{
	char word[WORD_LEN];
	struct user *other;

	if (target == NULL || mask_match(target, me.server.name))
		return true;
	other = user_find(target);
	if (other != NULL && other->server == &me.server)
		return true;
	reply(u, ERR_NOSUCHSERVER, word_of(word, sizeof(word), target));
	return false;
}
