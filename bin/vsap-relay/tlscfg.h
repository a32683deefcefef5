#ifndef TLSCFG_H
#define TLSCFG_H

/*
 * The configurations of a TLS worker, by number.  One is gathered from
 * messages (CONFIG, KEYPAIR ...) and replaces the one in use when it is
 * whole (READY); connections keep the one they began with.
 */

#include <stddef.h>
#include <stdint.h>
#include <tls.h>

#include "tls_msg.h"

#define TLSCFG_MAX 64 /* numbers of one worker */

struct tlscfg;	/* one that is in use */
struct tlscfgs; /* all of them */

struct tlscfgs *tlscfgs_new(void); /* NULL with errno */
void tlscfgs_free(struct tlscfgs *);

/*
 * A message of CONFIG, KEYPAIR or READY, whose descriptors are these and no
 * longer the caller's.  error: an errno with which they were cut off.
 * Returns what is to be answered: NULL (nothing), "" (it is in use), or what
 * is wrong, which lasts until the next call.
 */
const char *tlscfgs_message(struct tlscfgs *, const struct tls_msg *,
    const int *fd, int nfd, int error);

/* The one in use under this number, held until it is put; NULL. */
struct tlscfg *tlscfg_get(struct tlscfgs *, uint32_t number);
void tlscfg_put(struct tlscfg *); /* NULL is fine */

/* A connection by it, before its handshake.  NULL: no memory, or libtls will
 * not (a client's name or CAs). */
struct tls *tlscfg_open(struct tlscfg *, const char *servername, tls_read_cb,
    tls_write_cb, void *arg);

unsigned tlscfg_handshake(const struct tlscfg *); /* seconds */

/*
 * The handshake is done: is the peer who it should be?  NULL, or why not:
 * none of the pins is its certificate's.
 */
const char *tlscfg_refuses(const struct tlscfg *, struct tls *);

/*
 * A client's handshake was right: by whom the peer is known, so that the next
 * connection looks at few authorities (tlsroots.h).  Or it was not: NULL, or
 * what to say instead of its reason, for these few were not all, and the next
 * one has all of them again.
 */
void tlscfg_shook(struct tlscfg *, struct tls *);
const char *tlscfg_failed(struct tlscfg *, struct tls *);

#endif
