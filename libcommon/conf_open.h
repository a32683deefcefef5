#ifndef CONF_OPEN_H
#define CONF_OPEN_H

/*
 * What the openers of configurations (conf_lex.h) look up in the system.
 * Level: tier 1.
 */

#include <stddef.h>

/*
 * These are asked as if they were files, with a name behind them, so that a
 * grammar looks at nothing by itself, and who has no rights any more can be
 * given the answers with the files: "?user/www-data" gives "33".
 */
#define CONF_ASK_USER "?user/"
#define CONF_ASK_GROUP "?group/"

/*
 * The contents of a file, also of one that has no size (a pipe), or an
 * answer: malloc'ed, with its length; no NUL follows.  Of what is longer than
 * max, max + 1 bytes.  NULL with errno; ENOENT, too, for nobody of that name,
 * and EPIPE for a pipe to which nobody writes: nobody is waited for.
 */
char *conf_open(const char *path, size_t max, size_t *len);

/* The path from the root, since whoever opens it later may stand elsewhere:
 * malloc'ed, or NULL with errno. */
char *conf_absolute(const char *path);

#endif
