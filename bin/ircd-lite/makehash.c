#include "makehash.h"

#include <err.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypthash.h"
#include "limits.h"

static int
ask(const char *prompt, char *out, size_t outlen)
{
	if (readpassphrase(prompt, out, outlen, RPP_REQUIRE_TTY) != NULL)
		return 0;
	warn("the terminal");
	return -1;
}

static int
from_terminal(char *out, size_t outlen)
{
	char again[PASSLEN + 2];
	int r;

	if (ask("Password: ", out, outlen) == -1 ||
	    ask("Again: ", again, sizeof(again)) == -1)
		return -1;
	r = strcmp(out, again) == 0 ? 0 : -1;
	if (r == -1)
		warnx("the two differ");
	explicit_bzero(again, sizeof(again));
	return r;
}

static int
from_input(char *out, size_t outlen)
{
	if (fgets(out, (int)outlen, stdin) == NULL) {
		warnx("standard input: no line there");
		return -1;
	}
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

int
makehash(void)
{
	char password[PASSLEN + 2], hash[CRYPTHASH_MAX];
	int r;

	r = isatty(STDIN_FILENO) ? from_terminal(password, sizeof(password))
				 : from_input(password, sizeof(password));
	if (r == 0 && (password[0] == '\0' || strlen(password) > PASSLEN)) {
		warnx("a password has 1 to %d bytes", PASSLEN);
		r = -1;
	}
	if (r == 0 && crypthash_make(password, hash, sizeof(hash)) == -1) {
		warn("hash");
		r = -1;
	}
	explicit_bzero(password, sizeof(password));
	if (r == 0 && (printf("%s\n", hash) < 0 || fflush(stdout) == EOF)) {
		warn("standard output");
		r = -1;
	}
	return r == 0 ? 0 : 1;
}
