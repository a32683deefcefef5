/*
 * SCRAM: messages of either side, and what a server keeps.  The first byte
 * says which; PBKDF2 costs nothing here.
 */
#include "scram.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz_main.h"

/* In place of libcrypto's: a client does what a server asks for. */
int
PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt,
    int saltlen, int iter, const EVP_MD *digest, int keylen, unsigned char *out)
{
	(void)digest;
	FUZZ_ASSERT(saltlen > 0 && saltlen <= SCRAM_SALT_MAX);
	FUZZ_ASSERT(iter > 0 && iter <= SCRAM_ITERATIONS_MAX);
	for (int i = 0; i < keylen; i++)
		out[i] = (unsigned char)(salt[i % saltlen] + iter +
					 (passlen > 0 ? pass[i % passlen] : 0));
	return 1;
}

static void
server_first(const char *text)
{
	struct scram_verifier v = { .iterations = 4096, .saltlen = 16 };
	struct scram_server s;
	char out[SCRAM_MSG_MAX];
	const char *why;
	int r = scram_server_first(&s, text, &why);

	FUZZ_ASSERT((r == 0) == (why == NULL));
	if (r == -1)
		return;
	FUZZ_ASSERT(s.user[0] != '\0' && s.nonce[0] != '\0');
	FUZZ_ASSERT(strchr(s.nonce, ',') == NULL);
	FUZZ_ASSERT(strcmp(s.auth, text + strlen(s.gs2)) == 0);
	FUZZ_ASSERT(scram_server_challenge(&s, "s", &v, out, sizeof(out)) == 0);
}

static void
server_final(const char *text)
{
	struct scram_verifier v = { .iterations = 4096, .saltlen = 16 };
	unsigned char proof[SCRAM_KEY], signature[SCRAM_KEY];
	struct scram_server s;
	char out[SCRAM_MSG_MAX];
	const char *why;

	FUZZ_ASSERT(scram_server_first(&s, "n,,n=u,r=c", &why) == 0);
	FUZZ_ASSERT(scram_server_challenge(&s, "s", &v, out, sizeof(out)) == 0);
	if (scram_server_final(&s, text, proof, &why) == -1) {
		FUZZ_ASSERT(why != NULL);
		return;
	}
	FUZZ_ASSERT(strncmp(text, "c=biws,r=cs,", 12) == 0);
	FUZZ_ASSERT(!scram_server_verify(&v, s.auth, proof, signature));
	FUZZ_ASSERT(scram_server_final(&s, text, proof, &why) == -1);
}

static void
client_final(const char *text)
{
	struct scram_client c;
	char out[SCRAM_MSG_MAX];
	const char *why;

	FUZZ_ASSERT(scram_client_first(&c, "u", "c", out, sizeof(out)) == 0);
	FUZZ_ASSERT(!scram_client_check(&c, text));
	if (scram_client_final(&c, text, "p", out, sizeof(out), &why) == -1) {
		FUZZ_ASSERT(why != NULL);
		return;
	}
	FUZZ_ASSERT(strncmp(text, "r=c", 3) == 0);
	FUZZ_ASSERT(!scram_client_check(&c, text));
}

static void
client_check(const char *text)
{
	static const char first[] = "r=cs,s=AAAA,i=4096";
	struct scram_client c;
	char out[SCRAM_MSG_MAX];
	const char *why;

	FUZZ_ASSERT(scram_client_first(&c, "u", "c", out, sizeof(out)) == 0);
	FUZZ_ASSERT(
	    scram_client_final(&c, first, "p", out, sizeof(out), &why) == 0);
	if (scram_client_check(&c, text))
		FUZZ_ASSERT(
		    scram_server_last(c.signature, out, sizeof(out)) == 0 &&
		    strncmp(text, out, strlen(out)) == 0);
}

static void
verifier(const char *text)
{
	struct scram_verifier v;
	char out[SCRAM_VERIFIER_MAX];

	if (scram_verifier_parse(&v, text) == -1)
		return;
	FUZZ_ASSERT(v.saltlen > 0 && v.saltlen <= SCRAM_SALT_MAX);
	FUZZ_ASSERT(scram_verifier_format(&v, out, sizeof(out)) == 0);
	FUZZ_ASSERT(strcmp(out, text) == 0);
	(void)scram_verifier_check(&v, "p");
}

/* A whole login of any user: what one side says the other understands. */
static void
login(const char *user)
{
	unsigned char proof[SCRAM_KEY], signature[SCRAM_KEY];
	struct scram_verifier v;
	struct scram_server s;
	struct scram_client c;
	char one[SCRAM_MSG_MAX], two[SCRAM_MSG_MAX];
	const char *why;

	FUZZ_ASSERT(scram_verifier_make(&v, "p", (const unsigned char *)"salt",
			4, 4096) == 0);
	if (scram_client_first(&c, user, "c", one, sizeof(one)) == -1)
		return;
	FUZZ_ASSERT(scram_server_first(&s, one, &why) == 0);
	FUZZ_ASSERT(strcmp(s.user, user) == 0);
	FUZZ_ASSERT(scram_server_challenge(&s, "s", &v, two, sizeof(two)) == 0);
	FUZZ_ASSERT(
	    scram_client_final(&c, two, "p", one, sizeof(one), &why) == 0);
	FUZZ_ASSERT(scram_server_final(&s, one, proof, &why) == 0);
	FUZZ_ASSERT(scram_server_verify(&v, s.auth, proof, signature));
	FUZZ_ASSERT(scram_server_last(signature, two, sizeof(two)) == 0);
	FUZZ_ASSERT(scram_client_check(&c, two));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const one[])(const char *) = { server_first, server_final,
		client_final, client_check, verifier, login };
	char *text;

	if (n == 0 || (text = malloc(n)) == NULL)
		return 0;
	memcpy(text, data + 1, n - 1);
	text[n - 1] = '\0';
	one[data[0] % 6](text);
	free(text);
	return 0;
}
