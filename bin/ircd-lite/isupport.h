#ifndef ISUPPORT_H
#define ISUPPORT_H

/*
 * RPL_ISUPPORT: what this server can do, derived from limits.h and from the
 * running configuration (send_isupport() of actions.h says it).
 */

#include <stddef.h>

struct user;

#define ISUPPORT_TOKENS 13 /* a line; with name and text 15 parameters */

/* The n-th token for u into out: "NICKLEN=30".  NULL: there are no more. */
const char *
isupport_token(const struct user *u, size_t n, char *out, size_t outlen);

#endif
