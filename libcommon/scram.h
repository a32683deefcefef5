#ifndef SCRAM_H
#define SCRAM_H

/*
 * SCRAM-SHA-256 (RFC 5802, 7677), both sides, without channel binding: the
 * messages and the arithmetic.  No I/O, no clock; SHA-256, HMAC and PBKDF2
 * are libcrypto's, random bytes the caller's (arc4random_buf).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRAM_KEY 32
#define SCRAM_NONCE_MAX 128 /* of both halves, with the NUL */
#define SCRAM_NONCE_HALF 96 /* of the client's, without it */
#define SCRAM_SALT_MAX 64
#define SCRAM_USER_MAX 64
#define SCRAM_MSG_MAX 512	      /* of one message, with the NUL */
#define SCRAM_ITERATIONS 65536	      /* of a verifier that we make */
#define SCRAM_ITERATIONS_MIN 4096     /* RFC 7677 */
#define SCRAM_ITERATIONS_MAX 10000000 /* that our client computes */
#define SCRAM_VERIFIER_MAX 256

/*
 * libcrypto sets itself up when it is first used, and reads its configuration
 * file then: do that now.  For processes that cannot open files later.
 */
void scram_warm(void);

/* Equal in every byte, in a time that does not depend on where they differ. */
bool scram_same(const void *, const void *, size_t n);

/*
 * For a user who is not there: a salt that is always the same for this name
 * and secret (SCRAM_KEY random bytes), as that of a user would be.  saltlen
 * is at most SCRAM_KEY.  0, or -1.
 */
int scram_hide(const unsigned char *secret, const char *user,
    unsigned char *salt, size_t saltlen);

/*
 * What a server keeps: "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey",
 * the last three in base64 (RFC 5803's fields).  parse takes SCRAM_ITERATIONS_
 * MIN to _MAX, salts of 1 to SCRAM_SALT_MAX bytes, and nothing behind it.
 */
struct scram_verifier {
	uint32_t iterations;
	size_t saltlen;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[SCRAM_KEY];
	unsigned char server[SCRAM_KEY];
};
int scram_verifier_parse(struct scram_verifier *, const char *text); /* 0, -1 */
int
scram_verifier_format(const struct scram_verifier *, char *out, size_t outlen);
/* Of a password, with this salt: takes a while.  Passwords are taken as they
 * are, UTF-8 without SASLprep beyond refusing control bytes.  0 or -1. */
int scram_verifier_make(struct scram_verifier *, const char *password,
    const unsigned char *salt, size_t saltlen, uint32_t iterations);
/* Is this its password?  Takes a while; compared in constant time. */
bool scram_verifier_check(const struct scram_verifier *, const char *password);

/* ---- the server --------------------------------------------------------- */

struct scram_server {
	char user[SCRAM_USER_MAX + 1];
	char nonce[SCRAM_NONCE_MAX];
	char gs2[8];
	bool challenged;	      /* our half of the nonce is in it */
	char auth[3 * SCRAM_MSG_MAX]; /* AuthMessage, as far as it is known */
};
/* client-first ("n,,n=user,r=nonce") in; 0, or -1 with a reason for people
 * (channel binding asked for, an extension, malformed). */
int scram_server_first(struct scram_server *, const char *client_first,
    const char **why);
/* server-first out, with our half of the nonce (printable). */
int scram_server_challenge(struct scram_server *, const char *our_nonce,
    const struct scram_verifier *salt_and_iterations, char *out, size_t outlen);
/* client-final in: completes auth and gives the proof (SCRAM_KEY bytes). */
int scram_server_final(struct scram_server *, const char *client_final,
    unsigned char *proof, const char **why);
/* What only who has the keys can do: is the proof right; the signature, all
 * zero if it is not. */
bool scram_server_verify(const struct scram_verifier *, const char *auth,
    const unsigned char *proof, unsigned char *signature);
/* "v=..." */
int scram_server_last(const unsigned char *signature, char *out, size_t outlen);

/* ---- the client --------------------------------------------------------- */

/* What PBKDF2 made of one password, remembered between logins; zero at
 * first.  As secret as the password. */
struct scram_salted {
	uint32_t iterations;
	size_t saltlen;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char key[SCRAM_KEY];
};

struct scram_client {
	struct scram_salted *salted; /* the caller's, set behind the first
				message; used where salt and iterations are
				its own, else filled anew.  May be NULL */
	char bare[SCRAM_MSG_MAX];
	char nonce[SCRAM_NONCE_MAX];
	bool answered;			    /* the signature is known: */
	unsigned char signature[SCRAM_KEY]; /* that the server must show */
};
/* client-first out; -1: too long, a control byte, a nonce with a comma. */
int scram_client_first(struct scram_client *, const char *user,
    const char *our_nonce, char *out, size_t outlen);
/* server-first in, client-final out; takes a while (PBKDF2). */
int scram_client_final(struct scram_client *, const char *server_first,
    const char *password, char *out, size_t outlen, const char **why);
/* Is the server-final that of one who knows us? */
bool scram_client_check(const struct scram_client *, const char *server_final);

#endif
