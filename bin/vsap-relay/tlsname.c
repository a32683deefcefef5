#include "tlsname.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "tls_msg.h"

/* The peer's own certificate is the first of the chain. */
static X509 *
peer_cert(struct tls *tls)
{
	const uint8_t *pem;
	X509 *cert;
	size_t len;
	BIO *bio;

	pem = tls_peer_cert_chain_pem(tls, &len);
	if (pem == NULL || len > INT_MAX ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		return NULL;
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return cert;
}

/* Its only common name. */
static const ASN1_STRING *
common_name(const X509 *cert)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at;

	if (name == NULL ||
	    (at = X509_NAME_get_index_by_NID(name, NID_commonName, -1)) < 0 ||
	    X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return NULL;
	return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

const char *
tlsname_common(struct tls *tls, char *out, size_t outlen)
{
	const ASN1_STRING *cn;
	unsigned char *text;
	X509 *cert;
	int n;

	out[0] = '\0';
	if ((cert = peer_cert(tls)) == NULL)
		return out;
	cn = common_name(cert);
	if (cn != NULL && (n = ASN1_STRING_to_UTF8(&text, cn)) >= 0) {
		if ((size_t)n < outlen &&
		    tls_text_ok((const char *)text, (size_t)n)) {
			memcpy(out, text, (size_t)n);
			out[n] = '\0';
		}
		OPENSSL_free(text);
	}
	X509_free(cert);
	ERR_clear_error();
	return out;
}
