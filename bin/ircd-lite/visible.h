#ifndef VISIBLE_H
#define VISIBLE_H

/*
 * Who may see what: one place for LIST, NAMES, WHO, WHOIS and TRACE.  See
 * also users_share(), user_visible() and user_modes() of actions.h.
 */

#include <stdbool.h>

struct chan;
struct user;

/* An operator who sees hidden users, hidden channels and addresses. */
bool user_spies(const struct user *);

/* May the asker be told of the channel: it is not hidden (+s, +p), he is on
 * it, or he spies. */
bool chan_shown(const struct user *asker, const struct chan *);

/* May the asker be told that he is on it?  An invisible user's channels are
 * shown to those who are on them, and to himself. */
bool chan_shown_of(const struct user *asker, const struct user *,
    const struct chan *);

#endif
