#ifndef CRYPTHASH_H
#define CRYPTHASH_H

/*
 * Password hashes of crypt(3).  Each function takes as long as a hash does,
 * up to a second: not for an event loop (pwhelper.h).  Level: tier 1.
 */

#include <stdbool.h>
#include <stddef.h>

#define CRYPTHASH_MAX 384    /* of a hash with its NUL (CRYPT_OUTPUT_SIZE) */
#define CRYPTHASH_PHRASE 512 /* of a password with its NUL */

/*
 * A whole hash that crypt(3) can check, found out by computing one.  Those
 * of old are refused: DES takes any word for a hash, a plain password too.
 */
bool crypthash_usable(const char *hash);

/*
 * Is this the password?  Compared in a time that does not depend on where
 * they differ; nothing of the password is left in memory but the caller's.
 * False for a hash that crypt(3) does not know.
 */
bool crypthash_check(const char *hash, const char *password);

/*
 * A new hash by yescrypt with a random salt.  0, or -1 with errno: EINVAL
 * for a password of CRYPTHASH_PHRASE bytes or more, ERANGE where out is
 * shorter than the hash, others as crypt(3) says.
 */
int crypthash_make(const char *password, char *out, size_t outlen);

#endif
