#ifndef TLSCONF_H
#define TLSCONF_H

/*
 * A TLS configuration on its way to a TLS worker.  Files are passed as
 * descriptors (of memory files: the key is never in the memory of whoever
 * passes it on).  Level: tier 1.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls_msg.h"

#define TLSCONF_KEYPAIRS 16
#define TLSCONF_FILE_MAX (4 * 1024 * 1024) /* bytes of a file */

struct tls_config; /* libtls's */

struct tlsconf {
	enum tls_role role;
	uint32_t flags; /* TLS_F_* but TLS_F_CA */
	int ca;		/* descriptor or -1 */
	int cert[TLSCONF_KEYPAIRS], key[TLSCONF_KEYPAIRS];
	char *name[TLSCONF_KEYPAIRS]; /* the certificate's file, or NULL */
	unsigned npairs;
	uint32_t handshake; /* seconds, 0: VSAP_TLS_HANDSHAKE */
	char protocols[64];
	char ciphers[TLS_TEXT_MAX]; /* of TLS 1.2; "": forward secret, AEAD */
	char pins[TLS_TEXT_MAX];
};

void tlsconf_init(struct tlsconf *, enum tls_role);
void tlsconf_close(struct tlsconf *); /* its descriptors */

/*
 * Take a file into a memory file: *fd.  A key that everybody may read, or
 * the group may write, is refused.  Not a byte of it enters this process.
 * 0, or -1 with a message.
 */
int
tlsconf_load(int *fd, const char *path, bool secret, char *err, size_t errlen);
int tlsconf_add_keypair(struct tlsconf *, const char *cert, const char *key,
    char *err, size_t errlen);

/*
 * Add a pin (of a client): "SHA256:" and 64 hex digits, colons and case as
 * anybody likes them.  0, or -1 with a message.
 */
int
tlsconf_add_pin(struct tlsconf *, const char *pin, char *err, size_t errlen);

/* Is one of the pins that of this certificate ("SHA256:hex")? */
bool tlsconf_pinned(const char *pins, const char *print);

/*
 * The system's CAs, opened as tlsconf_load() does: $SSL_CERT_FILE, or the
 * place where this system has them.  0, or -1 with a message.
 */
int tlsconf_system_ca(int *fd, char *err, size_t errlen);

/* Could a worker use it?  Tried in a child process, which has the key in its
 * memory for that moment.  0, and err is empty or has what clients will not
 * like (a certificate that has expired); or -1 with a message (which file,
 * why). */
int tlsconf_check(const struct tlsconf *, char *err, size_t errlen);

/*
 * Send it as configuration number cfg; waits a little for room.  The
 * descriptors stay the caller's.  A client that verifies and has neither CAs
 * nor pins gets the system's CAs (ENOENT: there are none).  0, or -1 with
 * errno.
 */
int tlsconf_send(const struct tlsconf *, int worker, uint32_t cfg);

/*
 * What libtls makes of it; this process has the keys in its memory then.
 * NULL with a message.
 */
struct tls_config *
tlsconf_use(const struct tlsconf *, char *err, size_t errlen);

/* A whole file behind its descriptor, whose position may be shared: malloc'ed,
 * NULL with errno (EFBIG: empty, or more than TLSCONF_FILE_MAX). */
uint8_t *tlsconf_read(int fd, size_t *len);

#endif
