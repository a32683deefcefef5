#ifndef AUTH_IMPL_H
#define AUTH_IMPL_H

/* Between auth.c and auth_load.c. */

struct auth_db;

/* auth_add(): the reason why it cannot be used, or NULL. */
const char *auth_insert(struct auth_db *, const char *user, const char *hash);

#endif
