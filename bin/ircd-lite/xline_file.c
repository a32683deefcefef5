/*
 * The file of the K-lines, to and from text.
 */
#include "xline_impl.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines that are no K-lines: notes, and what somebody has mistyped. */
static char *kept[XLINES_MAX];
static unsigned nkept;

void
xline_forget_kept(void)
{
	while (nkept > 0)
		free(kept[--nkept]);
}

static int
keep(const char *line)
{
	char *copy;

	if (nkept == XLINES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if ((copy = strdup(line)) == NULL)
		return -1;
	kept[nkept++] = copy;
	return 0;
}

static int
seconds(const char *word, time_t *out)
{
	const char *e = NULL;

	if (word == NULL || strspn(word, "0123456789") != strlen(word))
		return -1;
	*out = (time_t)strtonum(word, 0, INT64_MAX / 1000, &e);
	return e == NULL ? 0 : -1;
}

/* The parts of a line, which is taken apart.  NULL, or what is wrong. */
static const char *
add_line(char *line)
{
	char *mask = strsep(&line, " "), *setter;
	time_t when, expires;
	struct hold *h;

	if (seconds(strsep(&line, " "), &when) == -1)
		return "the time it was set is a number of seconds";
	if (seconds(strsep(&line, " "), &expires) == -1)
		return "the time it ends is a number of seconds, or 0";
	setter = strsep(&line, " ");
	if (setter == NULL || *setter == '\0')
		return "no setter";
	if (line == NULL || *line == '\0')
		return "no reason";
	if (xline_add(mask, line, setter, expires) == -1)
		return errno == EINVAL	 ? "not a mask; write user@host"
		       : errno == ENOSPC ? "too many K-lines"
					 : "no memory";
	h = STAILQ_LAST(&xlines_set, hold, entry);
	h->x.when = when;
	return NULL;
}

static int
load_line(const char *line, unsigned number,
    void (*bad)(void *arg, unsigned line, const char *why), void *arg)
{
	const char *why;
	char *copy;

	if (*line == '#')
		return keep(line);
	if (*line == '\0')
		return 0;
	if ((copy = strdup(line)) == NULL)
		return -1;
	why = add_line(copy);
	free(copy);
	if (why == NULL)
		return 0;
	bad(arg, number, why);
	return keep(line);
}

int
xline_load(const char *text, size_t len,
    void (*bad)(void *arg, unsigned line, const char *why), void *arg)
{
	const char *end = text + len, *nl;
	unsigned number;
	char *line;
	int r = 0;

	for (number = 1; text < end; number++) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (nl == NULL)
			nl = end;
		line = strndup(text, (size_t)(nl - text));
		if (line != NULL && strlen(line) < (size_t)(nl - text))
			bad(arg, number, "a NUL; the rest is left out");
		if (line == NULL || load_line(line, number, bad, arg) == -1)
			r = -1;
		free(line);
		text = nl + 1;
	}
	return r;
}

char *
xline_text(size_t *len)
{
	const struct hold *h;
	char *text = NULL;
	unsigned i;
	FILE *f;
	int bad;

	xline_expire();
	if ((f = open_memstream(&text, len)) == NULL)
		return NULL;
	for (i = 0; i < nkept; i++)
		fprintf(f, "%s\n", kept[i]);
	STAILQ_FOREACH(h, &xlines_set, entry)
		fprintf(f, "%s %lld %lld %s %s\n", h->x.mask,
		    (long long)h->x.when, (long long)h->x.expires, h->x.setter,
		    h->x.reason);
	bad = ferror(f);
	if (fclose(f) == EOF || bad) {
		free(text);
		return NULL;
	}
	return text;
}
