#include "makehash.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "askpass.h"
#include "crypthash.h"
#include "scram.h"

#define SALT_BYTES 16

_Static_assert(MAKEHASH_MAX < ASKPASS_MAX, "such a password can be asked");

static int
make_verifier(const char *password, char *out, size_t outlen)
{
	unsigned char salt[SALT_BYTES];
	struct scram_verifier v;
	int r;

	arc4random_buf(salt, sizeof(salt));
	if (scram_verifier_make(&v, password, salt, sizeof(salt),
		SCRAM_ITERATIONS) == -1)
		return -1;
	r = scram_verifier_format(&v, out, outlen);
	explicit_bzero(&v, sizeof(v));
	return r;
}

static int
make_both(const char *password)
{
	char hash[CRYPTHASH_MAX], verifier[SCRAM_VERIFIER_MAX];

	if (make_verifier(password, verifier, sizeof(verifier)) == -1) {
		warnx("a password has no control bytes");
		return -1;
	}
	if (crypthash_make(password, hash, sizeof(hash)) == -1) {
		warn("hash");
		return -1;
	}
	if (printf("%s\n%s\n", hash, verifier) < 0 || fflush(stdout) == EOF) {
		warn("standard output");
		return -1;
	}
	return 0;
}

int
makehash_run(void)
{
	char password[MAKEHASH_MAX + 1], text[256];
	int r;

	r = askpass_new(password, MAKEHASH_MAX, text, sizeof(text));
	if (r == -1)
		warnx("%s", text);
	else
		r = make_both(password);
	explicit_bzero(password, sizeof(password));
	return r == 0 ? 0 : 1;
}
