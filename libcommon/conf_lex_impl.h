#ifndef CONF_LEX_IMPL_H
#define CONF_LEX_IMPL_H

/* Shared by the files of the lexer alone. */

#include <sys/queue.h>

#include "conf_lex.h"

struct kept {
	SLIST_ENTRY(kept) entry;
	char text[];
};

struct macro {
	const char *name;
	struct lex_at at;
	struct lex_token *tokens;
	size_t n;
};

/* A file that is being read. */
struct source {
	struct lex_at at; /* the line of pos */
	char *text;
	size_t len, pos;
	bool fresh; /* nothing of this line has been read yet */
};

struct lex {
	lex_open_fn *open;
	void *arg;
	char *err;
	size_t errlen, errused;
	unsigned errors;
	bool failed; /* this statement has an error */
	bool soft;   /* ... behind which the text can be read on */
	SLIST_HEAD(, kept) kept;
	struct source source[LEX_DEPTH_MAX];
	int depth; /* sources in use; the last one is read */
	unsigned files;
	struct macro macro[LEX_MACROS_MAX];
	size_t nmacros;
	const struct macro *replay; /* NULL: none is being expanded */
	size_t replayed;
	struct lex_at used_at;
	struct lex_at brace[LEX_BRACES_MAX]; /* where each was opened */
	int nbraces;
	bool start;	    /* the next token begins a statement */
	enum lex_type last; /* of the tokens given out */
	char word[LEX_WORD_MAX + 1];
	size_t wordlen;
};

/* A copy that lives as long as the lexer.  NULL: no memory, told. */
const char *lex_keep(struct lex *, const char *s, size_t n);

/*
 * The next token of the topmost file as it stands there; LEX_END at its end.
 * 0, or -1 with the error told.
 */
int lex_scan(struct lex *, struct lex_token *);

/* Past blanks, comments and joined lines. */
void lex_skip_blanks(struct source *);

/* The byte at pos + ahead, '\0' past the end; CR LF reads as LF. */
char lex_peek(const struct source *, size_t ahead);

#endif
