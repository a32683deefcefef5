/*
 * Words and lines as the lexer takes them for what they were.
 */
#include "conf_impl.h"

#include <ctype.h>
#include <string.h>

#define WIDTH 78 /* lines are broken behind it, where they can be */

/* ---- words --------------------------------------------------------------- */

/* What the lexer would not take for one word, or for another one. */
static bool
needs_quotes(const char *s, bool name)
{
	int keyword = conf_keyword(s);

	if (s[0] == '\0' || keyword == 2 || (keyword == 1 && !name))
		return true;
	for (const char *c = s; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) &&
		    strchr("._-:/*[]@+%!&~^<>()|'`", *c) == NULL)
			return true;
	/* a large number is an error, "include" a statement */
	return (isdigit((unsigned char)s[0]) && strlen(s) > 8 &&
		   strspn(s, "0123456789") + 1 >= strlen(s)) ||
	       strcmp(s, "include") == 0;
}

void
conf_put_text(FILE *out, const char *text, bool name)
{
	if (!needs_quotes(text, name)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		/* (an option may have what no file can) */
		fputc(((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f
			  ? '?'
			  : *s,
		    out);
	}
	fputc('"', out);
}

/* Where the line may be broken, at or before WIDTH, or as soon as it can be
 * behind it; 0: nowhere.  Not within quotes, not in a comment. */
static size_t
break_at(const char *line, size_t len, size_t width)
{
	bool quoted = false;
	size_t at = 0;

	if (len <= width || line[0] == '#')
		return 0;
	for (size_t i = 0; i < len && (i <= width || at == 0); i++) {
		if (line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == ' ' && !quoted && i > 0)
			at = i;
	}
	return at;
}

static void
put_line(FILE *out, const char *line, size_t len)
{
	size_t n, width = WIDTH - 2;

	while ((n = break_at(line, len, width)) > 0) {
		fprintf(out, "%.*s \\\n\t", (int)n, line);
		line += n + 1;
		len -= n + 1;
		width = WIDTH - 10;
	}
	fprintf(out, "%.*s\n", (int)len, line);
}

void
conf_put_lines(FILE *out, const char *lines)
{
	size_t n;

	for (; *lines != '\0'; lines += n + 1)
		put_line(out, lines, n = strcspn(lines, "\n"));
}
