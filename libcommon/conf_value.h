#ifndef CONF_VALUE_H
#define CONF_VALUE_H

/*
 * What a statement of a configuration takes once, and within its range.  Each
 * returns 0, or -1 with the error told to the lexer.  Pure.
 */

#include <sys/types.h>
#include <stddef.h>

#include "conf_lex.h"

enum conf_kind {
	CONF_ONCE, /* no number */
	CONF_COUNT,
	CONF_LIMIT, /* or the word unlimited */
	CONF_BYTES,
	CONF_TIME, /* in milliseconds */
};

struct conf_value {
	const char *name;
	enum conf_kind kind;
	long long min, max;
};

/* It stands at t; *set is where it stood before, line 0: nowhere. */
int conf_value_once(struct lex *, const struct conf_value *, struct lex_at *set,
    const struct lex_token *t);

/* Is t's number in range?  A word stands for a number that is. */
int conf_value_range(struct lex *, const struct conf_value *,
    const struct lex_token *t);

/* A time in range, in whole seconds. */
int conf_value_seconds(struct lex *, const struct conf_value *,
    const struct lex_token *t, unsigned *seconds);

/*
 * A text of 1 to max bytes, and a path, relative to the file where it stands.
 * *value is malloc'ed; what it was is freed.
 */
int conf_value_text(struct lex *, const struct conf_value *,
    const struct lex_token *t, size_t max, char **value);
int conf_value_path(struct lex *, const struct conf_value *,
    const struct lex_token *t, size_t max, char **value);
/* Any text, likewise; at is told when there is no memory. */
int conf_value_copy(struct lex *, const struct lex_at *, const char *text,
    char **value);

/* "mode": who may open a socket, in octal digits. */
int conf_value_mode(struct lex *, const struct lex_token *t, mode_t *mode);

#endif
