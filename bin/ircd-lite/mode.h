#ifndef MODE_H
#define MODE_H

/*
 * MODE in its two halves, and the modes of a channel as a text.
 */

#include <stddef.h>

#include "msg.h"

struct chan;
struct user;

/* param[0] names a channel (RFC 2812, 3.2.3). */
void mode_chan(struct user *, struct msg *);

/* param[0] names a user (RFC 2812, 3.1.5). */
void mode_user(struct user *, struct msg *);

/* "+ntlk 10 key".  The limit and the key are for members and for operators
 * who may see; others see the letters.  Returns out. */
const char *chan_modes(const struct chan *, const struct user *asker, char *out,
    size_t outlen);

/* He is an operator no more: mode, rights and class.  Nobody is told. */
void oper_end(struct user *);

/* The configuration is a new one: operators have the rights of their blocks
 * as they are now, or none. */
void opers_renew(void);

#endif
