/*
 * Tokens of the text of one file.  What holds for the whole text (control
 * bytes, the length of lines) has been looked at when it was opened.
 */
#include "conf_lex_impl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 12 /* of a number; with a G behind it fits long long */

char
lex_peek(const struct source *s, size_t ahead)
{
	size_t i = s->pos + ahead;

	if (i >= s->len)
		return '\0';
	return s->text[i] == '\r' ? '\n' : s->text[i];
}

/* Past the line end at pos. */
static void
take_newline(struct source *s)
{
	s->pos += s->text[s->pos] == '\r' ? 2 : 1;
	s->at.line++;
}

void
lex_skip_blanks(struct source *s)
{
	for (;;) {
		char c = lex_peek(s, 0);

		if (c == ' ' || c == '\t') {
			s->pos++;
		} else if (c == '\\' && lex_peek(s, 1) == '\n') {
			s->pos++;
			take_newline(s);
		} else if (c == '#') {
			while (s->pos < s->len && lex_peek(s, 0) != '\n')
				s->pos++;
		} else {
			return;
		}
	}
}

static int
put(struct lex *l, const struct lex_at *at, char c)
{
	if (l->wordlen == LEX_WORD_MAX)
		return lex_error(l, at, "a word or text of more than %d bytes",
		    LEX_WORD_MAX);
	l->word[l->wordlen++] = c;
	l->word[l->wordlen] = '\0';
	return 0;
}

static int
give(struct lex *l, struct lex_token *t, enum lex_type type)
{
	t->type = type;
	return (t->text = lex_keep(l, l->word, l->wordlen)) == NULL ? -1 : 0;
}

static int
scan_string(struct lex *l, struct source *s, struct lex_token *t)
{
	s->pos++;
	for (;;) {
		char c = lex_peek(s, 0);

		if (s->pos >= s->len || c == '\n')
			return lex_error(l, &t->at,
			    "the text that begins here has no closing quote");
		if (c == '"')
			break;
		if (c == '\\' && lex_peek(s, 1) == '\n') {
			s->pos++;
			take_newline(s);
			continue;
		}
		if (c == '\\' &&
		    (lex_peek(s, 1) == '"' || lex_peek(s, 1) == '\\'))
			c = s->text[++s->pos];
		if (put(l, &t->at, c) == -1)
			return -1;
		s->pos++;
	}
	s->pos++;
	return give(l, t, LEX_STRING);
}

static bool
ends_word(const struct source *s)
{
	char c = lex_peek(s, 0);

	return s->pos >= s->len || strchr(" \t\n{},;=#\"", c) != NULL ||
	       (c == '\\' && lex_peek(s, 1) == '\n');
}

/* Digits alone, or with K, M or G for bytes; else a word as any other. */
static int
classify(struct lex *l, struct lex_token *t)
{
	size_t n = strspn(t->text, "0123456789");
	const char *units = "KMG", *unit;
	char digits[DIGITS_MAX + 1];
	int c = t->text[n] & ~0x20;

	unit = c == '\0' ? NULL : strchr(units, c);
	if (n == 0 || (t->text[n] != '\0' && unit == NULL) ||
	    (unit != NULL && t->text[n + 1] != '\0'))
		return 0;
	if (n > (unit == NULL ? DIGITS_MAX : DIGITS_MAX - 4))
		return lex_error(l, &t->at, "%.40s: the number is too large",
		    t->text);
	memcpy(digits, t->text, n);
	digits[n] = '\0';
	t->number = strtonum(digits, 0, INT64_MAX, NULL);
	t->type = LEX_NUMBER;
	if (unit != NULL) {
		t->type = LEX_SIZE;
		t->number <<= 10 * (unit - units + 1);
	}
	return 0;
}

static int
scan_word(struct lex *l, struct source *s, struct lex_token *t)
{
	for (; !ends_word(s); s->pos++)
		if (put(l, &t->at, s->text[s->pos]) == -1)
			return -1;
	if (give(l, t, LEX_WORD) == -1)
		return -1;
	return classify(l, t);
}

static const struct {
	char c;
	enum lex_type type;
	const char *text;
} marks[] = {
	{ '{', LEX_OPEN, "{" },
	{ '}', LEX_CLOSE, "}" },
	{ ',', LEX_COMMA, "," },
	{ ';', LEX_SEMICOLON, ";" },
	{ '=', LEX_EQUALS, "=" },
};

static bool
scan_mark(struct source *s, struct lex_token *t)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (marks[i].c == lex_peek(s, 0)) {
			t->type = marks[i].type;
			t->text = marks[i].text;
			s->pos++;
			return true;
		}
	return false;
}

/* A comment may be cut off, too. */
static bool
ends_in_newline(const struct source *s)
{
	return s->len == 0 || s->text[s->len - 1] == '\n';
}

int
lex_scan(struct lex *l, struct lex_token *t)
{
	struct source *s = &l->source[l->depth - 1];

	lex_skip_blanks(s);
	*t = (struct lex_token){ LEX_END, s->at, "", 0 };
	l->wordlen = 0;
	l->word[0] = '\0';
	if (s->pos >= s->len) {
		/* an open block is told by who counts braces */
		if ((s->fresh && ends_in_newline(s)) || l->nbraces > 0)
			return 0;
		return lex_error(l, &t->at,
		    "the last line does not end: is the file cut off? "
		    "If not, end it with a newline");
	}
	if (lex_peek(s, 0) == '\n') {
		t->type = LEX_NEWLINE;
		s->fresh = true;
		take_newline(s);
		return 0;
	}
	s->fresh = false;
	if (scan_mark(s, t))
		return 0;
	if (lex_peek(s, 0) == '"')
		return scan_string(l, s, t);
	return scan_word(l, s, t);
}
