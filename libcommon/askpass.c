#include "askpass.h"

#include <errno.h>
#include <readpassphrase.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One byte more than is taken: what is longer has to show. */
#define ROOM (ASKPASS_MAX + 1)

static int
failed(char *err, size_t errlen, const char *what)
{
	snprintf(err, errlen, "%s: %s", what, strerror(errno));
	return -1;
}

static int
from_terminal(char *out, char *err, size_t errlen)
{
	char again[ROOM];
	int r = 0;

	if (readpassphrase("Password: ", out, ROOM, RPP_REQUIRE_TTY) == NULL)
		return failed(err, errlen, "the terminal");
	if (readpassphrase("Again: ", again, ROOM, RPP_REQUIRE_TTY) == NULL)
		r = failed(err, errlen, "the terminal");
	else if (strcmp(out, again) != 0) {
		snprintf(err, errlen, "the two differ");
		r = -1;
	}
	explicit_bzero(again, sizeof(again));
	return r;
}

/* The next byte; 0: the end, -1: an error. */
static int
get(char *c)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, c, 1)) == -1 && errno == EINTR)
		;
	return (int)n;
}

/* Byte by byte: no buffer of stdio's keeps it. */
static int
from_input(char *out, char *err, size_t errlen)
{
	bool nul = false;
	size_t n = 0;
	int r;
	char c;

	while ((r = get(&c)) == 1 && c != '\n') {
		nul |= c == '\0';
		if (n < ROOM - 1)
			out[n++] = c;
	}
	if (r == 1 && n > 0 && n < ROOM - 1 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	if (r == -1)
		return failed(err, errlen, "standard input");
	if (r == 0 && n == 0)
		snprintf(err, errlen, "standard input: no line there");
	else if (nul)
		snprintf(err, errlen, "a password has no NUL");
	else
		return 0;
	return -1;
}

int
askpass_new(char *out, size_t max, char *err, size_t errlen)
{
	char text[ROOM];
	int r;

	r = isatty(STDIN_FILENO) ? from_terminal(text, err, errlen)
				 : from_input(text, err, errlen);
	if (r == 0 && (text[0] == '\0' || strlen(text) > max)) {
		snprintf(err, errlen, "a password has 1 to %zu bytes", max);
		r = -1;
	}
	if (r == 0)
		memcpy(out, text, strlen(text) + 1);
	explicit_bzero(text, sizeof(text));
	return r;
}
