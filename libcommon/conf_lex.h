#ifndef CONF_LEX_H
#define CONF_LEX_H

/*
 * The lexer of configuration files in OpenBSD's manner: words, "texts",
 * numbers, { } , ; and line ends; # comments; a backslash at the end of a
 * line joins the next one.  It does by itself what every such grammar has:
 *
 *	name = tokens		a macro, outside of blocks, used as $name
 *	include "file"		outside of blocks; relative to the file
 *
 * A file that seems to be cut off is an error: an open brace or quote, a last
 * line without its end, nothing at all.  Pure: files come from the caller's
 * opener, and errors are kept, one of each statement, as lines
 * "file:line: reason".
 */

#include <stdbool.h>
#include <stddef.h>

#define LEX_FILE_MAX (1024 * 1024) /* bytes of one file, "1M" */
#define LEX_FILES_MAX 64	   /* files, each include counted */
#define LEX_DEPTH_MAX 8		   /* files within files */
#define LEX_LINE_MAX 4096	   /* bytes of a line */
#define LEX_WORD_MAX 1024	   /* bytes of a word or text */
#define LEX_MACROS_MAX 256
#define LEX_MACRO_TOKENS 256 /* tokens of one macro */
#define LEX_BRACES_MAX 8     /* blocks within blocks */
#define LEX_ERRORS_MAX 20    /* told of one configuration */
#define LEX_ERR_LEN 4096     /* of the caller's buffer, is room for them */

/*
 * The contents of a file: malloc'ed, with its length, or NULL with errno.
 * The lexer frees it.
 */
typedef char *lex_open_fn(void *arg, const char *path, size_t *len);

/* Where something stands; file lives as long as the lexer. */
struct lex_at {
	const char *file;
	unsigned line;
};

enum lex_type {
	LEX_ERROR, /* and ever after, until lex_resume() */
	LEX_END,
	LEX_NEWLINE,
	LEX_WORD,   /* without quotes */
	LEX_STRING, /* in quotes */
	LEX_NUMBER, /* decimal digits alone */
	LEX_SIZE,   /* digits and K, M or G: number is in bytes */
	LEX_OPEN,   /* { */
	LEX_CLOSE,  /* } */
	LEX_COMMA,
	LEX_SEMICOLON,
	LEX_EQUALS, /* where it makes no macro */
};

struct lex_token {
	enum lex_type type;
	struct lex_at at;
	const char *text; /* as written, without quotes; never NULL; lives as
			     long as the lexer */
	long long number; /* NUMBER, SIZE */
};

struct lex;

/*
 * A lexer that begins with the file at path.  NULL: out of memory, or the
 * file cannot be had; err says which.  err is written to at each error, as
 * lines without an end of the last one, and has to live as long.
 */
struct lex *
lex_new(const char *path, lex_open_fn *fn, void *arg, char *err, size_t errlen);
void lex_free(struct lex *); /* NULL is fine */

/* The next token.  After the end it is LEX_END again. */
enum lex_type lex_next(struct lex *, struct lex_token *);

/*
 * An error of the caller's, kept unless this statement has one already.
 * Control bytes in it are shown as '?'.  Returns -1.
 */
int lex_error(struct lex *, const struct lex_at *, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
bool lex_failed(const struct lex *); /* ever */

/*
 * After an error: go on with the next statement outside of blocks, to see what
 * else is wrong.  false: there is none, or nothing sensible can follow (a
 * quote that does not close, a file that is not there, no room for more).
 */
bool lex_resume(struct lex *);

/* Of such errors, which it takes apart: all but the last line are given to
 * say, as "%s"; returns the last one. */
const char *lex_last_error(char *err, void (*say)(const char *, ...));

/*
 * A path of the file in which it was written: relative ones are taken from
 * that file's directory.  Lives as long as the lexer; NULL: out of memory,
 * told.
 */
const char *lex_path(struct lex *, const struct lex_token *);

/* The contents of such a path by the opener, told as an error if NULL. */
char *lex_slurp(struct lex *, const struct lex_token *, size_t *len);

#endif
