#ifndef AUTH_H
#define AUTH_H

/*
 * The password file of -A, "user:crypt(3) hash" a line, and the helper
 * process that checks passwords, so that a hash that takes a second stops
 * nobody else and control holds no hash.
 *
 * Helper messages, SOCK_SEQPACKET: a request is four bytes of number and
 * "user:password"; the answer the number and one byte, 1 for right.
 */

#include <stddef.h>
#include <stdint.h>

#define AUTH_TEXT_MAX 512 /* bytes of "user:password" */
#define AUTH_MSG_MAX (4 + AUTH_TEXT_MAX)

struct auth_db;

/*
 * Read a password file: lines "user:hash", empty lines and those that begin
 * with '#' are skipped.  NULL with a text in err: not readable, readable
 * for others, a malformed line and its number, no user at all.
 */
struct auth_db *auth_load(const char *path, char *err, size_t errlen);

/* Wipes the hashes.  NULL is fine. */
void auth_free(struct auth_db *);

/* Is "user:password" right?  An unknown user costs as much time. */
int auth_check(const struct auth_db *, char *text);

/* The helper: answer requests on fd until it ends. */
void auth_serve(const struct auth_db *, int fd) __attribute__((__noreturn__));

#endif
