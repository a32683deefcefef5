/*
 * The arithmetic of SCRAM-SHA-256 and what a server keeps of a password.
 * scram_msg.c has the messages.
 */
#include "scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "scram_impl.h"

#define NAME "SCRAM-SHA-256$"

/* Of a password; all but stored and server can log in as the client. */
struct keys {
	unsigned char salted[SCRAM_KEY];
	unsigned char client[SCRAM_KEY];
	unsigned char stored[SCRAM_KEY];
	unsigned char server[SCRAM_KEY];
};

static int
hmac(const unsigned char *key, const char *text, unsigned char *out)
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key, SCRAM_KEY, (const unsigned char *)text,
		strlen(text), out, &len) == NULL)
		return -1;
	return len == SCRAM_KEY ? 0 : -1;
}

static int
hash(const unsigned char *key, unsigned char *out)
{
	return EVP_Digest(key, SCRAM_KEY, out, NULL, EVP_sha256(), NULL) == 1
		   ? 0
		   : -1;
}

static void
xor_keys(unsigned char *out, const unsigned char *a, const unsigned char *b)
{
	for (size_t i = 0; i < SCRAM_KEY; i++)
		out[i] = a[i] ^ b[i];
}

static int
salt_password(struct keys *k, const char *password, const unsigned char *salt,
    size_t saltlen, uint32_t iterations)
{
	return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt,
		   (int)saltlen, (int)iterations, EVP_sha256(), SCRAM_KEY,
		   k->salted) == 1
		   ? 0
		   : -1;
}

/* All others come from the salted one. */
static int
derive(struct keys *k)
{
	if (hmac(k->salted, "Client Key", k->client) == -1 ||
	    hmac(k->salted, "Server Key", k->server) == -1)
		return -1;
	return hash(k->client, k->stored);
}

static int
keys_make(struct keys *k, const char *password, const unsigned char *salt,
    size_t saltlen, uint32_t iterations)
{
	if (salt_password(k, password, salt, saltlen, iterations) == -1)
		return -1;
	return derive(k);
}

void
scram_warm(void)
{
	static const unsigned char salt[16];
	struct keys k;

	(void)keys_make(&k, "", salt, sizeof(salt), 1);
	explicit_bzero(&k, sizeof(k));
}

bool
scram_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

int
scram_hide(const unsigned char *secret, const char *user, unsigned char *salt,
    size_t saltlen)
{
	unsigned char mac[SCRAM_KEY];

	if (saltlen > sizeof(mac) || hmac(secret, user, mac) == -1)
		return -1;
	memcpy(salt, mac, saltlen);
	return 0;
}

/* --- what a server keeps ----------------------------------------------- */

uint32_t
scram_iterations(const char *s, size_t n)
{
	char digits[12];
	const char *bad;
	uint32_t v;

	if (n >= sizeof(digits) || strspn(s, "0123456789") < n || s[0] == '0')
		return 0;
	memcpy(digits, s, n);
	digits[n] = '\0';
	v = (uint32_t)strtonum(digits, SCRAM_ITERATIONS_MIN,
	    SCRAM_ITERATIONS_MAX, &bad);
	return bad == NULL ? v : 0;
}

static bool
key_parse(unsigned char *key, const char *text, size_t n)
{
	return b64_decode(text, n, key, SCRAM_KEY) == SCRAM_KEY;
}

int
scram_verifier_parse(struct scram_verifier *v, const char *text)
{
	const char *salt, *stored, *server;
	ssize_t n;

	memset(v, 0, sizeof(*v));
	if (strncmp(text, NAME, strlen(NAME)) != 0)
		return -1;
	text += strlen(NAME);
	if ((salt = strchr(text, ':')) == NULL ||
	    (stored = strchr(++salt, '$')) == NULL ||
	    (server = strchr(++stored, ':')) == NULL)
		return -1;
	server++;
	v->iterations = scram_iterations(text, (size_t)(salt - text) - 1);
	n = b64_decode(salt, (size_t)(stored - salt) - 1, v->salt,
	    sizeof(v->salt));
	v->saltlen = n > 0 ? (size_t)n : 0;
	if (v->iterations == 0 || v->saltlen == 0 ||
	    !key_parse(v->stored, stored, (size_t)(server - stored) - 1) ||
	    !key_parse(v->server, server, strlen(server)))
		return -1;
	return 0;
}

int
scram_verifier_format(const struct scram_verifier *v, char *out, size_t outlen)
{
	char salt[SCRAM_VERIFIER_MAX], stored[SCRAM_VERIFIER_MAX];
	char server[SCRAM_VERIFIER_MAX];
	int n;

	if (v->saltlen > sizeof(v->salt) ||
	    b64_encode(v->salt, v->saltlen, salt, sizeof(salt)) == -1 ||
	    b64_encode(v->stored, SCRAM_KEY, stored, sizeof(stored)) == -1 ||
	    b64_encode(v->server, SCRAM_KEY, server, sizeof(server)) == -1)
		return -1;
	n = snprintf(out, outlen, NAME "%u:%s$%s:%s", v->iterations, salt,
	    stored, server);
	return n < 0 || (size_t)n >= outlen ? -1 : 0;
}

int
scram_verifier_make(struct scram_verifier *v, const char *password,
    const unsigned char *salt, size_t saltlen, uint32_t iterations)
{
	struct keys k;
	int r = -1;

	memset(v, 0, sizeof(*v));
	if (saltlen == 0 || saltlen > sizeof(v->salt) ||
	    iterations < SCRAM_ITERATIONS_MIN ||
	    iterations > SCRAM_ITERATIONS_MAX)
		return -1;
	for (const char *p = password; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return -1;
	if (keys_make(&k, password, salt, saltlen, iterations) == 0) {
		v->iterations = iterations;
		v->saltlen = saltlen;
		memcpy(v->salt, salt, saltlen);
		memcpy(v->stored, k.stored, SCRAM_KEY);
		memcpy(v->server, k.server, SCRAM_KEY);
		r = 0;
	}
	explicit_bzero(&k, sizeof(k));
	return r;
}

/* (A password that no verifier is made of takes its time, too: who asks is
 * not to learn from the time who is there.) */
bool
scram_verifier_check(const struct scram_verifier *v, const char *password)
{
	struct keys k;
	bool right;

	right =
	    keys_make(&k, password, v->salt, v->saltlen, v->iterations) == 0 &&
	    scram_same(k.stored, v->stored, SCRAM_KEY);
	explicit_bzero(&k, sizeof(k));
	return right;
}

/* --- proofs ------------------------------------------------------------ */

bool
scram_server_verify(const struct scram_verifier *v, const char *auth,
    const unsigned char *proof, unsigned char *signature)
{
	unsigned char key[SCRAM_KEY], stored[SCRAM_KEY];
	bool right = false;

	memset(signature, 0, SCRAM_KEY);
	if (hmac(v->stored, auth, key) == 0) {
		xor_keys(key, key, proof);
		right = hash(key, stored) == 0 &&
			scram_same(stored, v->stored, SCRAM_KEY);
	}
	explicit_bzero(key, sizeof(key));
	if (right && hmac(v->server, auth, signature) == -1) {
		memset(signature, 0, SCRAM_KEY);
		right = false;
	}
	return right;
}

static bool
is_known(const struct scram_salted *known, const unsigned char *salt,
    size_t saltlen, uint32_t iterations)
{
	return known->iterations == iterations && known->saltlen == saltlen &&
	       memcmp(known->salt, salt, saltlen) == 0;
}

/* The salted password: remembered, or made and then remembered. */
static int
recall(struct keys *k, struct scram_salted *known, const char *password,
    const unsigned char *salt, size_t saltlen, uint32_t iterations)
{
	if (known != NULL && is_known(known, salt, saltlen, iterations)) {
		memcpy(k->salted, known->key, SCRAM_KEY);
		return 0;
	}
	if (salt_password(k, password, salt, saltlen, iterations) == -1)
		return -1;
	if (known == NULL || saltlen > sizeof(known->salt))
		return 0;
	known->iterations = iterations;
	known->saltlen = saltlen;
	memcpy(known->salt, salt, saltlen);
	memcpy(known->key, k->salted, SCRAM_KEY);
	return 0;
}

int
scram_prove(const char *password, const unsigned char *salt, size_t saltlen,
    uint32_t iterations, struct scram_salted *known, const char *auth,
    unsigned char *proof, unsigned char *signature)
{
	struct keys k;
	int r = -1;

	if (recall(&k, known, password, salt, saltlen, iterations) == 0 &&
	    derive(&k) == 0 && hmac(k.stored, auth, proof) == 0 &&
	    hmac(k.server, auth, signature) == 0) {
		xor_keys(proof, proof, k.client);
		r = 0;
	}
	explicit_bzero(&k, sizeof(k));
	return r;
}
