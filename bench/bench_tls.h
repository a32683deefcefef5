#ifndef BENCH_TLS_H
#define BENCH_TLS_H

/*
 * A client's side of TLS for the generators: libtls over calls of ours, so
 * that a record can be encrypted or decrypted while no clock runs.  The
 * certificate is not verified: the run is about bytes.  Which suites are
 * offered is said by OPENSSL_CONF; another than the one that all servers have
 * ends the run.
 */

#include <openssl/crypto.h>
#include <stdbool.h>
#include <tls.h>

#include "bench.h"

#define BENCH_TLS_VERSION "TLSv1.3"
#define BENCH_TLS_CIPHER "TLS_AES_128_GCM_SHA256"

static inline struct tls_config *
bench_tls_config(void)
{
	struct tls_config *c;

	/* (libtls would not read the configuration of OpenSSL.) */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ||
	    tls_init() == -1 || (c = tls_config_new()) == NULL)
		errx(111, "libtls");
	tls_config_insecure_noverifycert(c);
	tls_config_insecure_noverifyname(c);
	tls_config_insecure_noverifytime(c);
	if (tls_config_set_protocols(c, TLS_PROTOCOL_TLSv1_3) == -1)
		errx(111, "TLS: %s", tls_config_error(c));
	return c;
}

static inline struct tls *
bench_tls_client(struct tls_config *conf, tls_read_cb rcb, tls_write_cb wcb,
    void *arg)
{
	struct tls *tls = tls_client();

	if (tls == NULL || tls_configure(tls, conf) == -1 ||
	    tls_connect_cbs(tls, rcb, wcb, arg, "localhost") == -1)
		errx(111, "TLS: %s", tls == NULL ? "memory" : tls_error(tls));
	return tls;
}

/* Over a connection, blocking or not; what it was is not looked at. */
static inline struct tls *
bench_tls_on(struct tls_config *conf, int fd)
{
	struct tls *tls = tls_client();

	if (tls == NULL || tls_configure(tls, conf) == -1 ||
	    tls_connect_socket(tls, fd, "localhost") == -1)
		errx(111, "TLS: %s", tls == NULL ? "memory" : tls_error(tls));
	return tls;
}

static inline void
bench_tls_expect(struct tls *tls)
{
	if (strcmp(tls_conn_version(tls), BENCH_TLS_VERSION) != 0 ||
	    strcmp(tls_conn_cipher(tls), BENCH_TLS_CIPHER) != 0)
		errx(111, "TLS: %s %s: not what is measured",
		    tls_conn_version(tls), tls_conn_cipher(tls));
}

/* Blocking, to its end. */
static inline void
bench_tls_write(struct tls *tls, const void *p, size_t n)
{
	const char *c = p;
	ssize_t w;

	while (n > 0) {
		w = tls_write(tls, c, n);
		if (w == TLS_WANT_POLLIN || w == TLS_WANT_POLLOUT)
			continue;
		if (w <= 0)
			errx(111, "TLS: write: %s", tls_error(tls));
		c += w;
		n -= w;
	}
}

static inline void
bench_tls_read(struct tls *tls, void *p, size_t n)
{
	char *c = p;
	ssize_t r;

	while (n > 0) {
		r = tls_read(tls, c, n);
		if (r == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT)
			continue;
		if (r <= 0)
			errx(111, "TLS: read: %s",
			    r == 0 ? "end" : tls_error(tls));
		c += r;
		n -= r;
	}
}

/* A reply line of VSAP, which has to begin so. */
static inline void
bench_tls_reply(struct tls *tls, const char *begin)
{
	char line[512];
	size_t n = 0;

	do {
		if (n == sizeof(line) - 1)
			errx(111, "an endless line");
		bench_tls_read(tls, line + n, 1);
	} while (line[n++] != '\n');
	line[n] = '\0';
	if (strncmp(line, begin, strlen(begin)) != 0)
		errx(111, "%s instead of %s", line, begin);
}

/* The way to the sink through a gateway. */
static inline void
bench_tls_connect(struct tls *tls, int port)
{
	char line[64];

	snprintf(line, sizeof(line), "VSAP/0.1 CONNECT 127.0.0.1:%d\r\n", port);
	bench_tls_write(tls, line, strlen(line));
	bench_tls_reply(tls, "VSAP/0.1 240 ");
	bench_tls_write(tls, "RELAY\r\n", 7);
}

#endif
