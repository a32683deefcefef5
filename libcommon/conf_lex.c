/*
 * The lexer of configuration files.  Three layers: conf_lex_scan.c makes
 * tokens of the topmost file's text, expand() puts the tokens of a macro
 * where it is used, lex_next() defines macros, includes files and counts
 * braces.
 *
 * All texts that tokens point to live in one list until lex_free(), so that
 * a parser has nothing to free when it stops at an error.  Macros are kept as
 * tokens, expanded when they are defined: using one costs what it is long.
 */
#include "conf_lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_lex_impl.h"

/* ---- errors and memory --------------------------------------------------- */

bool
lex_failed(const struct lex *l)
{
	return l->errors > 0;
}

/* Behind the errors that are there, as far as there is room. */
static void __attribute__((__format__(printf, 2, 0)))
add_text(struct lex *l, const char *fmt, va_list ap)
{
	char *p = l->err + l->errused;
	int n;

	if (l->errused >= l->errlen)
		return;
	n = vsnprintf(p, l->errlen - l->errused, fmt, ap);
	l->errused += n < 0 ? 0 : (size_t)n;
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static void __attribute__((__format__(printf, 2, 3)))
add(struct lex *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_text(l, fmt, ap);
	va_end(ap);
}

static int __attribute__((__format__(printf, 3, 0)))
fail(struct lex *l, const struct lex_at *at, const char *fmt, va_list ap)
{
	if (l->failed)
		return -1;
	l->failed = true;
	if (l->errors++ > 0 && l->errused + 1 < l->errlen)
		l->err[l->errused++] = '\n';
	if (at->line == 0)
		add(l, "%s: ", at->file);
	else
		add(l, "%s:%u: ", at->file, at->line);
	add_text(l, fmt, ap);
	return -1;
}

int
lex_error(struct lex *l, const struct lex_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail(l, at, fmt, ap);
	va_end(ap);
	return -1;
}

static int
no_memory(struct lex *l)
{
	struct lex_at at = { "configuration", 0 };

	return lex_error(l, &at, "%s", strerror(ENOMEM));
}

const char *
lex_keep(struct lex *l, const char *s, size_t n)
{
	struct kept *k = malloc(sizeof(*k) + n + 1);

	if (k == NULL) {
		(void)no_memory(l);
		return NULL;
	}
	memcpy(k->text, s, n);
	k->text[n] = '\0';
	SLIST_INSERT_HEAD(&l->kept, k, entry);
	return k->text;
}

/* ---- files --------------------------------------------------------------- */

/* What holds for the whole text is looked at once, so that scan() need not. */
static int
check_text(struct lex *l, const struct source *s)
{
	struct lex_at at = { s->at.file, 1 };
	size_t line = 0;

	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->text[i];

		if (c == '\n') {
			at.line++;
			line = 0;
			continue;
		}
		if (c == '\r' && i + 1 < s->len && s->text[i + 1] == '\n')
			continue;
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return lex_error(l, &at,
			    "a byte 0x%02x, which no text has", c);
		if (++line > LEX_LINE_MAX)
			return lex_error(l, &at,
			    "the line is longer than %d bytes", LEX_LINE_MAX);
	}
	return 0;
}

/* What is wrong with a file: told where it is named, or by its own name. */
static int
file_error(struct lex *l, const struct lex_at *from, const char *path,
    const char *reason)
{
	if (from->line == 0)
		return lex_error(l, from, "%s", reason);
	return lex_error(l, from, "%s: %s", path, reason);
}

/* Why an opener gave nothing (conf_open.h). */
static const char *
unread(void)
{
	return errno == EPIPE ? "a pipe to which nobody writes"
			      : strerror(errno);
}

static int
push_file(struct lex *l, const char *path, const struct lex_at *from)
{
	struct source *s = &l->source[l->depth];

	for (int i = 0; i < l->depth; i++)
		if (strcmp(l->source[i].at.file, path) == 0)
			return file_error(l, from, path, "includes itself");
	if (l->depth == LEX_DEPTH_MAX)
		return file_error(l, from, path, "more than 8 files deep");
	if (l->files++ == LEX_FILES_MAX)
		return file_error(l, from, path, "more than 64 files");
	*s = (struct source){ .at = { path, 1 }, .fresh = true };
	if ((s->text = l->open(l->arg, path, &s->len)) == NULL)
		return file_error(l, from, path, unread());
	l->depth++;
	if (s->len == 0 && from->line == 0)
		return file_error(l, from, path, "is empty: is it cut off?");
	if (s->len > LEX_FILE_MAX)
		return file_error(l, from, path, "longer than 1M");
	return check_text(l, s);
}

static void
pop_file(struct lex *l)
{
	struct source *s = &l->source[--l->depth];

	explicit_bzero(s->text, s->len);
	free(s->text);
}

struct lex *
lex_new(const char *path, lex_open_fn *fn, void *arg, char *err, size_t errlen)
{
	struct lex_at at = { NULL, 0 };
	struct lex *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	SLIST_INIT(&l->kept);
	l->open = fn;
	l->arg = arg;
	l->err = err;
	l->errlen = errlen;
	l->start = true;
	if ((at.file = lex_keep(l, path, strlen(path))) == NULL ||
	    push_file(l, at.file, &at) == -1) {
		lex_free(l);
		return NULL;
	}
	return l;
}

void
lex_free(struct lex *l)
{
	struct kept *k;

	if (l == NULL)
		return;
	while (l->depth > 0)
		pop_file(l);
	for (size_t i = 0; i < l->nmacros; i++)
		free(l->macro[i].tokens);
	while ((k = SLIST_FIRST(&l->kept)) != NULL) {
		SLIST_REMOVE_HEAD(&l->kept, entry);
		/* passwords are among them */
		explicit_bzero(k->text, strlen(k->text));
		free(k);
	}
	explicit_bzero(l->word, sizeof(l->word));
	free(l);
}

const char *
lex_path(struct lex *l, const struct lex_token *t)
{
	const char *slash = strrchr(t->at.file, '/');
	char path[2 * LEX_WORD_MAX];
	int n;

	if (t->text[0] == '/' || slash == NULL)
		return t->text;
	n = snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - t->at.file),
	    t->at.file, t->text);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		(void)lex_error(l, &t->at, "%.40s: the path is too long",
		    t->text);
		return NULL;
	}
	return lex_keep(l, path, (size_t)n);
}

char *
lex_slurp(struct lex *l, const struct lex_token *t, size_t *len)
{
	const char *path = lex_path(l, t);
	char *text;

	if (path == NULL)
		return NULL;
	if ((text = l->open(l->arg, path, len)) == NULL)
		(void)lex_error(l, &t->at, "%s: %s", path, unread());
	return text;
}

/* ---- macros, files within files, braces ---------------------------------- */

static bool
is_name(const char *s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *s != '\0' && (*s < '0' || *s > '9') &&
	       s[strspn(s, letters)] == '\0';
}

static const struct macro *
find_macro(const struct lex *l, const char *name)
{
	for (size_t i = 0; i < l->nmacros; i++)
		if (strcmp(l->macro[i].name, name) == 0)
			return &l->macro[i];
	return NULL;
}

static int
use_macro(struct lex *l, const struct lex_token *t)
{
	if (!is_name(t->text + 1))
		return lex_error(l, &t->at,
		    "%.12s: not the name of a macro; a text with $ in it "
		    "stands in quotes",
		    t->text);
	l->replay = find_macro(l, t->text + 1);
	l->replayed = 0;
	l->used_at = t->at;
	if ((l->soft = l->replay == NULL))
		return lex_error(l, &t->at,
		    "%.40s: there is no such macro above; a text with $ in it "
		    "stands in quotes",
		    t->text);
	return 0;
}

/* The next token with macros expanded; *direct: it stands in the file. */
static int
expand(struct lex *l, struct lex_token *t, bool *direct)
{
	for (;;) {
		if (l->replay != NULL && l->replayed < l->replay->n) {
			*t = l->replay->tokens[l->replayed++];
			t->at = l->used_at;
			*direct = false;
			return 0;
		}
		l->replay = NULL;
		*direct = true;
		if (lex_scan(l, t) == -1)
			return -1;
		if (t->type != LEX_WORD || t->text[0] != '$')
			return 0;
		if (use_macro(l, t) == -1)
			return -1;
	}
}

static int
count_braces(struct lex *l, const struct lex_token *t)
{
	if (t->type == LEX_OPEN) {
		if (l->nbraces == LEX_BRACES_MAX)
			return lex_error(l, &t->at,
			    "more than %d blocks within each other",
			    LEX_BRACES_MAX);
		l->brace[l->nbraces++] = t->at;
	}
	if (t->type == LEX_CLOSE && l->nbraces-- == 0) {
		l->nbraces = 0;
		return lex_error(l, &t->at, "a } that closes nothing");
	}
	if (t->type == LEX_END && l->nbraces > 0)
		return lex_error(l, &t->at,
		    "the file ends inside of the block that begins in line %u",
		    l->brace[l->nbraces - 1].line);
	return 0;
}

static int
add_token(struct lex *l, struct macro *m, const struct lex_token *t)
{
	struct lex_token *grown;

	if (m->n == LEX_MACRO_TOKENS)
		return lex_error(l, &t->at, "%.40s: more than %d words",
		    m->name, LEX_MACRO_TOKENS);
	grown = reallocarray(m->tokens, m->n + 1, sizeof(*grown));
	if (grown == NULL)
		return no_memory(l);
	m->tokens = grown;
	m->tokens[m->n++] = *t;
	return 0;
}

/* To the end of the line, or farther while a brace is open. */
static int
macro_value(struct lex *l, struct macro *m)
{
	struct lex_token t;
	bool direct;

	for (;;) {
		if (expand(l, &t, &direct) == -1 || count_braces(l, &t) == -1)
			return -1;
		if (t.type == LEX_NEWLINE && l->nbraces == 0)
			break;
		if (add_token(l, m, &t) == -1)
			return -1;
	}
	if (m->n == 0)
		return lex_error(l, &m->at, "%.40s: no value after =", m->name);
	return 0;
}

static int
define_macro(struct lex *l, const struct lex_token *t)
{
	const struct macro *old = find_macro(l, t->text);
	struct macro *m = &l->macro[l->nmacros];
	struct lex_token equals;

	if (l->nbraces > 0)
		return lex_error(l, &t->at,
		    "%.40s: a macro is set outside of blocks", t->text);
	if (!is_name(t->text))
		return lex_error(l, &t->at,
		    "%.40s: a macro's name is of letters, digits and _",
		    t->text);
	if (old != NULL)
		return lex_error(l, &t->at, "%.40s: set already in %s:%u",
		    t->text, old->at.file, old->at.line);
	if (l->nmacros == LEX_MACROS_MAX)
		return lex_error(l, &t->at, "more than %d macros",
		    LEX_MACROS_MAX);
	*m = (struct macro){ .name = t->text, .at = t->at };
	if (lex_scan(l, &equals) == -1)
		return -1;
	if (macro_value(l, m) == -1) {
		free(m->tokens);
		return -1;
	}
	l->nmacros++;
	return 0;
}

static int
include(struct lex *l, const struct lex_token *t)
{
	struct lex_token file, end;
	const char *path;
	bool direct;

	if (l->nbraces > 0)
		return lex_error(l, &t->at, "include stands outside of blocks");
	if (expand(l, &file, &direct) == -1)
		return -1;
	if (file.type != LEX_STRING && file.type != LEX_WORD)
		return lex_error(l, &t->at, "include: expected a file name");
	if (expand(l, &end, &direct) == -1)
		return -1;
	if (end.type != LEX_NEWLINE)
		return lex_error(l, &end.at,
		    "include \"%.40s\": expected the end of the line",
		    file.text);
	if ((path = lex_path(l, &file)) == NULL)
		return -1;
	return push_file(l, path, &file.at);
}

/* 1: *t is for the parser; 0: it was for the lexer. */
static int
step(struct lex *l, struct lex_token *t)
{
	bool direct, start = l->start;

	if (expand(l, t, &direct) == -1)
		return -1;
	if (t->type == LEX_WORD && direct && start) {
		lex_skip_blanks(&l->source[l->depth - 1]);
		if (lex_peek(&l->source[l->depth - 1], 0) == '=')
			return define_macro(l, t);
		if (strcmp(t->text, "include") == 0)
			return include(l, t);
	}
	if (count_braces(l, t) == -1)
		return -1;
	if (t->type == LEX_END && l->depth > 1) {
		pop_file(l);
		return 0;
	}
	l->start = t->type == LEX_NEWLINE || t->type == LEX_SEMICOLON ||
		   t->type == LEX_OPEN || t->type == LEX_END;
	return 1;
}

enum lex_type
lex_next(struct lex *l, struct lex_token *t)
{
	int r = 0;

	if (!l->failed)
		l->soft = false;
	while (r == 0 && !l->failed)
		r = step(l, t);
	if (l->failed) {
		t->type = LEX_ERROR;
		t->text = "";
		return LEX_ERROR;
	}
	/* What its caller finds wrong with a token is no end of the text. */
	l->soft = true;
	l->last = t->type;
	return t->type;
}

/* Does a statement end with this token?  Not before a block that begins in a
 * line of its own, which nobody else would want. */
static bool
ends_statement(struct lex *l, const struct lex_token *t)
{
	struct source *s = &l->source[l->depth - 1];

	if (t->type == LEX_END)
		return true;
	if (l->nbraces > 0 ||
	    (t->type != LEX_NEWLINE && t->type != LEX_SEMICOLON))
		return false;
	lex_skip_blanks(s);
	return lex_peek(s, 0) != '{';
}

/* Past the statement, and the blocks, in which the error stands. */
static int
skip_statement(struct lex *l)
{
	struct lex_token t = { .type = l->last };

	for (; l->replay != NULL && l->replayed < l->replay->n; l->replayed++)
		if (count_braces(l, &l->replay->tokens[l->replayed]) == -1)
			return -1;
	l->replay = NULL;
	while (!ends_statement(l, &t))
		if (lex_scan(l, &t) == -1 || count_braces(l, &t) == -1)
			return -1;
	if (t.type == LEX_END && l->depth > 1)
		pop_file(l);
	else if (t.type == LEX_END)
		return -1;
	l->start = true;
	return 0;
}

bool
lex_resume(struct lex *l)
{
	if (!l->failed || !l->soft || l->errused >= l->errlen)
		return false;
	if (l->errors == LEX_ERRORS_MAX)
		return false;
	l->failed = false;
	return skip_statement(l) == 0;
}

const char *
lex_last_error(char *err, void (*say)(const char *, ...))
{
	char *line;

	while ((line = strsep(&err, "\n")) != NULL && err != NULL)
		say("%s", line);
	return line;
}
