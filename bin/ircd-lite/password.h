#ifndef PASSWORD_H
#define PASSWORD_H

/* A password against a hash: by the helper process, or here without one. */

#include <stdbool.h>

struct conn;

enum password {
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_WAITS, /* done is called later; input is held until then */
	PASSWORD_BUSY,	/* it cannot be asked now, and done is never called */
};

/*
 * What is said of c's password.  Whoever is told by done(arg, right) calls
 * password_answered() first, and conn_resume() when he has acted on it.
 */
enum password password_check(struct conn *c, const char *hash, const char *text,
    void (*done)(void *arg, bool right), void *arg);

/* The answer that c waited for is there. */
void password_answered(struct conn *c);

#endif
