#ifndef MODEPARSE_H
#define MODEPARSE_H

/*
 * MODE's parameters as single changes.  Pure: it knows which letters take a
 * parameter from a table of the caller, not what they mean.
 */

#include <stdbool.h>
#include <stddef.h>

/* When a letter takes a parameter (RPL_ISUPPORT CHANMODES). */
enum mode_type {
	MODE_UNKNOWN,
	MODE_FLAG,   /* never (D) */
	MODE_LIST,   /* always; without one it asks for the list (A) */
	MODE_ALWAYS, /* always (B); v and o too */
	MODE_SET,    /* when set (C) */
};

struct mode_change {
	bool add;
	char letter;
	enum mode_type type; /* MODE_UNKNOWN: 472 or 501 */
	const char *param;   /* NULL: none given, or none taken */
};

struct mode_parser {
	char *const *param; /* the strings, letters first; not owned */
	int nparams, next;
	const char *at;
	bool add;
	const unsigned char *types; /* enum mode_type by letter, 256 */
};

/*
 * param[0] has the letters, and so has a later one that begins with a sign
 * and that no letter has taken ("+o a -v b"; RFC 2812, 3.2.3).  types is a
 * table of 256.
 */
void modeparse_begin(struct mode_parser *, const unsigned char *types,
    char *const *param, int nparams);

/* The next change.  false: no more.  A string of signs alone has none. */
bool modeparse_next(struct mode_parser *, struct mode_change *);

/*
 * The other way: changes gathered and written as "+ov-l nick nick".  The
 * letters and parameters fit into max bytes (a line less its beginning);
 * modeout_add() returns false when this one would not: write what is there,
 * clear, and add it again.  What does not fit into an empty one never will.
 */
struct mode_out {
	char letters[128];
	char params[512];
	size_t nletters, nparams;
	size_t max;
	char sign;
};
void modeout_begin(struct mode_out *, size_t max);
bool modeout_add(struct mode_out *, bool add, char letter, const char *param);
bool modeout_empty(const struct mode_out *);
/* "+ov-l nick nick" into out.  Returns out. */
const char *modeout_text(const struct mode_out *, char *out, size_t outlen);

#endif
