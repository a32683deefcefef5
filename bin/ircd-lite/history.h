#ifndef HISTORY_H
#define HISTORY_H

/* The server's one nickname history (whowas.h), fed by users: me.whowas. */

#include <stdbool.h>

#include "whowas.h"

struct user;

int history_init(unsigned max, unsigned age);
void history_limit(unsigned max, unsigned age);

/* He gives up the name that he has now: another nickname, or he leaves. */
void history_note(const struct user *, bool leaves);

#endif
