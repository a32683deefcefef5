#ifndef PLAY_CONF_H
#define PLAY_CONF_H

/*
 * Configurations from memory, and what is looked for in them: for the tests
 * of the grammars.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

struct memory_file {
	const char *path, *text;
};

static inline char *
copy(const char *s, size_t n, size_t *len)
{
	/* exactly as long, so that a sanitizer sees */
	char *c = malloc(n == 0 ? 1 : n);

	memcpy(c, s, n);
	*len = n;
	return c;
}

/* As an opener does. */
static inline char *
open_one_of(const struct memory_file *files, size_t n, const char *path,
    size_t *len)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(path, files[i].path) == 0)
			return copy(files[i].text, strlen(files[i].text), len);
	errno = ENOENT;
	return NULL;
}

/* Is each line of want one of all's? */
static inline void
has_lines(const char *all, const char *want, size_t number)
{
	char line[1024];
	size_t n;

	for (; *want != '\0'; want += n + 1) {
		n = strcspn(want, "\n");
		(void)snprintf(line, sizeof(line), "\n%.*s\n", (int)n, want);
		if (strncmp(all, want, n + 1) != 0 &&
		    strstr(all, line) == NULL) {
			ok(0, "good %zu: %.*s", number, (int)n, want);
			printf("# in\n%s", all);
			return;
		}
	}
	ok(1, "good %zu", number);
}

/* The lines "before1after", "before2after", ... */
static inline const char *
lines_to(const char *before, const char *after, unsigned max)
{
	static char all[1024 * 1024];
	size_t n = 0;

	for (unsigned i = 1; i <= max; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%u%s\n",
		    before, i, after);
	return all;
}

/*
 * Where a cut before byte n leaves the file, found without the lexer: in a
 * block, in a text, in a line, or without a byte.
 */
enum cut_state { OUTSIDE, COMMENT, STRING };

struct cut {
	enum cut_state state;
	int depth;
	bool line;  /* something stands in the line */
	bool ended; /* the last line has its end */
};

/* p: the next byte, not the first one. */
static inline void
advance(struct cut *c, const char *p)
{
	bool comment = c->state == COMMENT;

	c->ended = *p == '\n';
	if (comment && *p != '\n')
		return;
	if (c->state == STRING) {
		c->state = *p == '"' ? OUTSIDE : STRING;
		return;
	}
	c->state = *p == '"' ? STRING : *p == '#' ? COMMENT : OUTSIDE;
	c->depth += (*p == '{') - (*p == '}');
	if (*p == '\n')
		c->line = !comment && p[-1] == '\\';
	else if (strchr(" \t#", *p) == NULL)
		c->line = true;
}

static inline bool
is_whole(const struct cut *c)
{
	return c->state != STRING && c->depth == 0 && !c->line && c->ended;
}

#endif
