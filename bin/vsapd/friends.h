#ifndef FRIENDS_H
#define FRIENDS_H

/*
 * From where which user's password was right of late.  Nobody gets in here
 * without one, so that a flood of strangers neither fills it nor is taken for
 * those whom it tries to keep out.  The oldest of FRIENDS_MAX gives way.
 */

#include <netinet/in.h>
#include <stdbool.h>

#define FRIENDS_MAX 1024

struct friends;

struct friends *friends_new(void); /* NULL: no memory */
void friends_free(struct friends *);

/* The address is one of IPv6, or of IPv4 in its mapped form; a network of 64
 * bits of IPv6 is one place. */
void friends_add(struct friends *, const struct in6_addr *, const char *user);
bool
friends_know(const struct friends *, const struct in6_addr *, const char *user);

#endif
