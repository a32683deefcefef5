/*
 * What libtls makes of a configuration: in a TLS worker, which goes on with
 * it, and in a child that only tries (tlsconf_check.c).
 */
#include "tlsconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

/* TLS 1.2 with what 1.3 has as well: a secret of its own for each session,
 * and encryption that authenticates. */
static const char default_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct blob {
	uint8_t *p;
	size_t len;
};

static int
say(char *err, size_t errlen, const char *what, const char *why)
{
	snprintf(err, errlen, "%s: %s", what, why == NULL ? "no memory" : why);
	return -1;
}

static void
blob_wipe(struct blob *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->len);
	free(b->p);
	b->p = NULL;
}

uint8_t *
tlsconf_read(int fd, size_t *len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *p;
	ssize_t n;

	if (size < 1 || size > TLSCONF_FILE_MAX) {
		errno = size == -1 ? errno : EFBIG;
		return NULL;
	}
	*len = 0;
	if ((p = malloc((size_t)size)) == NULL)
		return NULL;
	while (*len < (size_t)size) {
		n = pread(fd, p + *len, (size_t)size - *len, (off_t)*len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (*len == (size_t)size)
		return p;
	explicit_bzero(p, *len);
	free(p);
	errno = EIO;
	return NULL;
}

static int
blob_read(struct blob *b, int fd)
{
	return (b->p = tlsconf_read(fd, &b->len)) == NULL ? -1 : 0;
}

static int
use_ca(struct tls_config *t, int fd, char *err, size_t errlen)
{
	struct blob ca;
	int r;

	if (blob_read(&ca, fd) == -1)
		return say(err, errlen, "certificates of CAs", strerror(errno));
	r = tls_config_set_ca_mem(t, ca.p, ca.len);
	blob_wipe(&ca);
	return r == 0 ? 0 : say(err, errlen, "CAs", tls_config_error(t));
}

static int
add_pair(struct tls_config *t, bool first, const struct blob *cert,
    const struct blob *key)
{
	if (first)
		return tls_config_set_keypair_mem(t, cert->p, cert->len, key->p,
		    key->len);
	return tls_config_add_keypair_mem(t, cert->p, cert->len, key->p,
	    key->len);
}

static int
use_keypair(struct tls_config *t, const struct tlsconf *c, unsigned i,
    bool first, char *err, size_t errlen)
{
	const char *name = c->name[i] != NULL ? c->name[i] : "certificate";
	struct blob cert, key;
	int r;

	if (blob_read(&cert, c->cert[i]) == -1)
		return say(err, errlen, name, strerror(errno));
	if (blob_read(&key, c->key[i]) == -1) {
		blob_wipe(&cert);
		return say(err, errlen, "key", strerror(errno));
	}
	r = add_pair(t, first, &cert, &key);
	blob_wipe(&cert);
	blob_wipe(&key);
	return r == 0 ? 0 : say(err, errlen, name, tls_config_error(t));
}

static int
use_algorithms(struct tls_config *t, const struct tlsconf *c, char *err,
    size_t errlen)
{
	uint32_t protocols = TLS_PROTOCOLS_DEFAULT;
	const char *ciphers = c->ciphers;

	if (c->protocols[0] != '\0' &&
	    tls_config_parse_protocols(&protocols, c->protocols) == -1)
		return say(err, errlen, c->protocols,
		    "not a list of protocols (tlsv1.2,tlsv1.3)");
	if (tls_config_set_protocols(t, protocols) == -1)
		return say(err, errlen, "protocols", tls_config_error(t));
	if (ciphers[0] == '\0')
		ciphers = default_ciphers;
	if (tls_config_set_ciphers(t, ciphers) == -1)
		return say(err, errlen, "ciphers", tls_config_error(t));
	return 0;
}

/* Whom a server believes: nobody is asked, asked, or has to show one. */
static int
use_server(struct tls_config *t, const struct tlsconf *c, char *err,
    size_t errlen)
{
	if (c->npairs == 0)
		return say(err, errlen, "server", "no certificate");
	if (c->pins[0] != '\0' || (c->flags & TLS_F_NO_VERIFY))
		return say(err, errlen, "server", "pins are a client's");
	if (!(c->flags & (TLS_F_CLIENT_CERT | TLS_F_CLIENT_MUST)))
		return 0;
	if (c->ca == -1)
		return say(err, errlen, "client certificates", "no CAs");
	if (c->flags & TLS_F_CLIENT_MUST)
		tls_config_verify_client(t);
	else
		tls_config_verify_client_optional(t);
	return 0;
}

/* Pins alone decide where there are no CAs: the certificate may sign itself,
 * and be for any name and time. */
static int
use_client(struct tls_config *t, const struct tlsconf *c, char *err,
    size_t errlen)
{
	bool pinned = c->pins[0] != '\0' && c->ca == -1;

	if (c->flags & (TLS_F_CLIENT_CERT | TLS_F_CLIENT_MUST))
		return say(err, errlen, "client", "has no clients");
	if (c->npairs > 1)
		return say(err, errlen, "client", "more than one certificate");
	if ((c->flags & TLS_F_NO_VERIFY) || pinned) {
		tls_config_insecure_noverifycert(t);
		tls_config_insecure_noverifyname(t);
		tls_config_insecure_noverifytime(t);
	} else if (c->ca == -1)
		return say(err, errlen, "client", "neither CAs nor pins");
	return 0;
}

static int
use_all(struct tls_config *t, const struct tlsconf *c, char *err, size_t errlen)
{
	if (use_algorithms(t, c, err, errlen) == -1)
		return -1;
	if (c->ca != -1 && use_ca(t, c->ca, err, errlen) == -1)
		return -1;
	for (unsigned i = 0; i < c->npairs; i++)
		if (use_keypair(t, c, i, i == 0, err, errlen) == -1)
			return -1;
	if (c->role == TLS_SERVER)
		return use_server(t, c, err, errlen);
	return use_client(t, c, err, errlen);
}

struct tls_config *
tlsconf_use(const struct tlsconf *c, char *err, size_t errlen)
{
	struct tls_config *t;

	if (tls_init() == -1 || (t = tls_config_new()) == NULL) {
		say(err, errlen, "libtls", NULL);
		return NULL;
	}
	if (use_all(t, c, err, errlen) == 0)
		return t;
	tls_config_free(t);
	return NULL;
}
