#ifndef TLSROOTS_H
#define TLSROOTS_H

/*
 * Of a system's hundred and more authorities the few that matter.  libtls
 * reads all of them again for each connection of a client, which costs more
 * than all the rest of it; after the first one it is known who issued the
 * peer's certificate.
 */

#include <stddef.h>
#include <stdint.h>

#define TLSROOTS_FEW 16384 /* bytes of authorities that are no burden */

/* Those certificates of bundle (PEM) that bear the name of an issuer in chain
 * (PEM): PEM, malloc'ed, its length in *len.  NULL: none, or no memory. */
uint8_t *tlsroots_of(const uint8_t *bundle, size_t bundlelen,
    const uint8_t *chain, size_t chainlen, size_t *len);

#endif
