#include "crypthash.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>

_Static_assert(CRYPTHASH_MAX >= CRYPT_OUTPUT_SIZE, "room for any hash");
_Static_assert(CRYPTHASH_PHRASE <= CRYPT_MAX_PASSPHRASE_SIZE, "crypt takes it");

/* Large, and none of our processes hashes in two threads. */
static struct crypt_data data;

bool
crypthash_usable(const char *hash)
{
	const char *out;
	bool usable;

	if (crypt_checksalt(hash) != CRYPT_SALT_OK)
		return false;
	out = crypt_r("", hash, &data);
	usable = out != NULL && out[0] != '*' && strlen(out) == strlen(hash);
	explicit_bzero(&data, sizeof(data));
	return usable;
}

static bool
same(const char *a, const char *b)
{
	size_t n = strlen(a), i;
	unsigned char diff = 0;

	if (strlen(b) != n)
		return false;
	for (i = 0; i < n; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

bool
crypthash_check(const char *hash, const char *password)
{
	const char *out = crypt_r(password, hash, &data);
	/* What says "no" to one hash can be the text of another: "*0". */
	bool right = out != NULL && out[0] != '*' && same(out, hash);

	explicit_bzero(&data, sizeof(data));
	return right;
}

int
crypthash_make(const char *password, char *out, size_t outlen)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;
	int error = 0;

	if (strlen(password) >= CRYPTHASH_PHRASE) {
		errno = EINVAL;
		return -1;
	}
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)) == NULL)
		return -1;
	errno = 0;
	hash = crypt_r(password, salt, &data);
	if (hash == NULL || hash[0] == '*')
		error = errno != 0 ? errno : EINVAL;
	else if (strlcpy(out, hash, outlen) >= outlen)
		error = ERANGE;
	explicit_bzero(&data, sizeof(data));
	errno = error;
	return error == 0 ? 0 : -1;
}
