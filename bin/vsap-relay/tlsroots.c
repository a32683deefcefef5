#include "tlsroots.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of a chain; more are not looked at. */
#define ISSUERS_MAX 16

struct issuers {
	X509 *cert[ISSUERS_MAX]; /* whose issuers they are */
	int n;
};

static BIO *
reader(const uint8_t *pem, size_t len)
{
	return len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
}

static void
read_chain(struct issuers *is, const uint8_t *pem, size_t len)
{
	BIO *bio = reader(pem, len);
	X509 *cert;

	while (bio != NULL && is->n < ISSUERS_MAX &&
	       (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		is->cert[is->n++] = cert;
	BIO_free(bio);
}

static bool
is_issuer(const struct issuers *is, const X509 *cert)
{
	const X509_NAME *name = X509_get_subject_name(cert);

	for (int i = 0; i < is->n; i++)
		if (X509_NAME_cmp(name, X509_get_issuer_name(is->cert[i])) == 0)
			return true;
	return false;
}

/* false: no memory. */
static bool
copy_issuers(BIO *from, BIO *to, const struct issuers *is)
{
	X509 *cert;
	bool good = true;

	while (good &&
	       (cert = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL) {
		good = !is_issuer(is, cert) || PEM_write_bio_X509(to, cert);
		X509_free(cert);
	}
	return good;
}

static uint8_t *
contents(BIO *bio, size_t *len)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);
	uint8_t *copy;

	if (n <= 0 || (copy = malloc((size_t)n)) == NULL)
		return NULL;
	memcpy(copy, p, (size_t)n);
	*len = (size_t)n;
	return copy;
}

uint8_t *
tlsroots_of(const uint8_t *bundle, size_t bundlelen, const uint8_t *chain,
    size_t chainlen, size_t *len)
{
	BIO *from = reader(bundle, bundlelen), *to = BIO_new(BIO_s_mem());
	struct issuers is = { .n = 0 };
	uint8_t *out = NULL;

	read_chain(&is, chain, chainlen);
	if (from != NULL && to != NULL && copy_issuers(from, to, &is))
		out = contents(to, len);
	while (is.n > 0)
		X509_free(is.cert[--is.n]);
	BIO_free(from);
	BIO_free(to);
	ERR_clear_error(); /* the end of each text is one */
	return out;
}
