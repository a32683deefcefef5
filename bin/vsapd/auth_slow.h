#ifndef AUTH_SLOW_H
#define AUTH_SLOW_H

/*
 * Slow hashes, for the password helper: a process of its own computes them,
 * of the lowest priority, so that whoever else asks need not wait for one, and
 * a flood of wrong passwords has only the time that nobody else wants.  What
 * was right is known for a while (auth_recent.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include "auth.h"

#define SLOW_NUMBER 4 /* bytes that tell a question from others */

struct slow;

/* Start that process; in it confine() is called, if not NULL, and the
 * descriptor other is closed.  It ends with us, and with it slow_hear().
 * NULL with errno. */
struct slow *
slow_start(const struct auth_db *, int other, void (*confine)(void));
int slow_fd(const struct slow *); /* readable: slow_hear() is due */

/* Was this text right of late? */
bool slow_knows(struct slow *, const char *text);

/* Is it right?  text has n bytes, at most AUTH_TEXT_MAX, and a NUL.  false:
 * there are AUTH_SLOW_MAX such questions, or no memory, or nobody to ask. */
bool slow_ask(struct slow *, const void *number, const char *text, size_t n);

/* One answer: true, and the number of its question.  false: there is nobody
 * any more. */
bool slow_hear(struct slow *, void *number, bool *right);

#endif
