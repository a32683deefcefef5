#ifndef LOGIN_H
#define LOGIN_H

/* Control's side of the password helper (auth.h). */

#include <event2/event.h>

struct login;
struct login_check;

struct login *login_new(struct event_base *);

/* Use this socket from now on; what is unanswered is asked again there. */
void login_use(struct login *, int fd);

/*
 * Check "user:password" (copied, wiped later).  done(right) is called once,
 * not from within.  NULL with errno: too many under way, no memory.
 */
struct login_check *login_start(struct login *, const char *text,
    void (*done)(void *arg, int right), void *arg);
void login_cancel(struct login_check *); /* NULL is fine */

#endif
