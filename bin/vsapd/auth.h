#ifndef AUTH_H
#define AUTH_H

/*
 * Users with their hashes, and the helper process that has them: a hash that
 * takes a second stops nobody else, and control holds none.  A user has a
 * hash of crypt(3), a SCRAM verifier (scram.h), or one of each.
 *
 * Nobody learns from the helper who is there: what is asked about an unknown
 * user takes the time of one who is known, and SCRAM gets a salt that is
 * always the same for the name.
 *
 * Helper messages, SOCK_SEQPACKET: a request is a number of four bytes, a
 * byte that says what is asked, and
 *	AUTH_PLAIN	"user:password"
 *	AUTH_FIRST	"user"
 *	AUTH_FINAL	proof (SCRAM_KEY bytes), "user", NUL, AuthMessage
 * The answer is the number and
 *	AUTH_PLAIN	one byte, 1 for right
 *	AUTH_FIRST	iterations (four bytes, big endian), salt
 *	AUTH_FINAL	one byte, 1 for right; signature (SCRAM_KEY bytes)
 * A request that is none of these ends the helper.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits_vsap.h"
#include "scram.h"

#define AUTH_TEXT_MAX 512 /* bytes of "user:password" */
#define AUTH_HEAD 5	  /* number, kind */
#define AUTH_MSG_MAX                                                           \
	(AUTH_HEAD + SCRAM_KEY + VSAP_USER_MAX + 1 + 3 * SCRAM_MSG_MAX)
#define AUTH_ANSWER_MAX (4 + 4 + SCRAM_SALT_MAX)

enum auth_kind {
	AUTH_PLAIN = 'P',
	AUTH_FIRST = '1',
	AUTH_FINAL = '2',
};

struct auth_db;

/* No users.  NULL: no memory. */
struct auth_db *auth_new(void);

/* Wipes the hashes.  NULL is fine. */
void auth_free(struct auth_db *);

/*
 * One more user, or another hash of one: crypt(3)'s, which is tried (a slow
 * one takes its time, but once for many of a kind), or a verifier.  0, or -1
 * with the reason in err: not usable, or there is one of its kind already.
 */
int auth_add(struct auth_db *, const char *user, const char *hash, char *err,
    size_t errlen);

/*
 * Add those of a file: lines "user:hash", empty lines and those that begin
 * with '#' are skipped.  0, or -1 with a text in err: not readable, readable
 * for others, a line that cannot be used and its number, no user at all.
 */
int auth_load(struct auth_db *, const char *path, char *err, size_t errlen);

bool auth_empty(const struct auth_db *);

/* Every user's name, each once. */
void auth_each(const struct auth_db *, void (*fn)(void *arg, const char *user),
    void *arg);

/* Is "user:password" right?  By the hash of crypt(3) if there is one.  The text
 * is taken apart. */
bool auth_check(const struct auth_db *, char *text);

/* SCRAM: what the server's first message says.  salt has SCRAM_SALT_MAX bytes;
 * its length. */
size_t auth_first(const struct auth_db *, const char *user, unsigned char *salt,
    uint32_t *iterations);
/* Is the proof right?  The signature is all zero if not. */
bool auth_final(const struct auth_db *, const char *user, const char *auth,
    const unsigned char *proof, unsigned char *signature);

/* Whatever opens files when it is first used does so now: for auth_serve()
 * in a sandbox. */
void auth_warm(void);

/*
 * The helper: answer requests on fd until it ends.  It makes a second process,
 * of the lowest priority, which computes slow hashes: whatever is asked of
 * these, SCRAM and passwords that were right of late (auth_recent.h) are
 * answered at once, and the processors go to others first.  confine (or NULL)
 * is called in each of the two once it has what it needs.
 */
#define AUTH_SLOW_MAX 64 /* slow hashes asked for at once; more ends it */
void auth_serve(const struct auth_db *, int fd, void (*confine)(void))
    __attribute__((__noreturn__));

#endif
