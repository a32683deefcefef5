#ifndef MSG_H
#define MSG_H

/*
 * The message codec (RFC 1459, 2.3; IRCv3 message tags).  Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

struct msg {
	char *tags;    /* between '@' and the blank, "" never, or NULL */
	char *source;  /* after ':', "" never, or NULL */
	char *command; /* "" never; anything else, known or not */
	char *param[PARAMS_MAX + 1]; /* param[nparams] is NULL */
	int nparams;
	bool trailing; /* the last one was written with a colon */
};

/*
 * Take a line apart, in place: no CR, LF or NUL in it but line[len] is
 * writable and becomes NUL.  Words beyond the 14th are the 15th parameter as
 * they stand.  0; -1: there is no command (an empty line, blanks, only a
 * source), *m is then empty.
 */
int msg_parse(struct msg *m, char *line, size_t len);

/*
 * The parameters from the i-th to the last as one text, with one blank
 * between them, for a reason that was typed without its colon.  They are
 * made into it in place.  "" if there is none.
 */
char *msg_rest(struct msg *m, int i);

/* Numbers of bytes: the tags with '@' and the blank, 0 without tags.  The
 * limit of the rest is then LINE_MAX_IRC. */
size_t msg_tags_len(const char *line, size_t len);

/*
 * Write m with CR LF into out; the last parameter with a colon where it
 * needs one or m->trailing.  No NUL is written.  The length, or 0: it does
 * not fit, or a word has a byte that cannot stand there, or begins with one.
 * Read again it is the same.
 */
size_t msg_format(const struct msg *m, char *out, size_t outlen);

/*
 * The next line of input: *line and *len are set to it without CR LF, and
 * the number of bytes that it takes with its LF is returned; 0: no LF in n
 * bytes yet.  A CR before the LF belongs to the end; NUL and any other CR
 * end the line too: what stands between them and the LF is dropped.
 */
size_t msg_split(char *p, size_t n, char **line, size_t *len);

#endif
