#ifndef USERS_H
#define USERS_H

/* The users of a configuration, of its file of passwords too, with their
 * hashes. */

#include <stddef.h>

#include "auth.h"
#include "conf.h"

/*
 * For the password helper; auth_free() it.  NULL: there are none (err is
 * empty), or one that cannot be used (err says which).
 */
struct auth_db *users_db(const struct conf *, char *err, size_t errlen);

#endif
