#ifndef AUTH_RECENT_H
#define AUTH_RECENT_H

/*
 * Passwords that were right of late, so that who comes again and again (an
 * acceptor for each of its visitors) costs one slow hash and no more.  What is
 * kept is a hash under a key of this process, for RECENT_TIME seconds after
 * its last use: a stolen file of passwords is as hard to break as ever, and
 * who reads this process's memory sees passwords come by anyway.
 */

#include <stdbool.h>
#include <time.h>

#define RECENT_TIME 600
#define RECENT_MAX 4096 /* places; of two for one place the older gives way */

struct recent;

struct recent *recent_new(void);   /* NULL: no memory */
void recent_free(struct recent *); /* wiped; NULL is fine */

/* Was "user:password" right of late?  It is one more use. */
bool recent_knows(struct recent *, const char *text, time_t now);
void recent_add(struct recent *, const char *text, time_t now);

#endif
