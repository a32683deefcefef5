#include "makehash.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "askpass.h"
#include "crypthash.h"
#include "limits.h"

_Static_assert(PASSLEN < ASKPASS_MAX, "passwords of any length can be asked");

int
makehash(void)
{
	char password[PASSLEN + 1], hash[CRYPTHASH_MAX], text[256];
	int r;

	if ((r = askpass_new(password, PASSLEN, text, sizeof(text))) == -1)
		warnx("%s", text);
	else if ((r = crypthash_make(password, hash, sizeof(hash))) == -1)
		warn("hash");
	explicit_bzero(password, sizeof(password));
	if (r == 0 && (printf("%s\n", hash) < 0 || fflush(stdout) == EOF)) {
		warn("standard output");
		r = -1;
	}
	return r == 0 ? 0 : 1;
}
