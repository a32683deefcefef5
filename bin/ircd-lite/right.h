#ifndef RIGHT_H
#define RIGHT_H

/*
 * May he?  Each says the numeric that belongs to its "no".
 */

#include <stdbool.h>

struct chan;
struct user;

/* Change the channel: a member (442), an operator of it (482), and not of a
 * restricted connection (484; RFC 2812, 3.1.5). */
bool chan_right(struct user *, const struct chan *);

/* An IRC operator (481) who may do what OPER_* says (723). */
bool oper_right(struct user *, unsigned may);

#endif
