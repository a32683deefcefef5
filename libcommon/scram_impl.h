#ifndef SCRAM_IMPL_H
#define SCRAM_IMPL_H

/* Between scram.c (arithmetic, the only user of libcrypto) and scram_msg.c
 * (messages). */

#include <stddef.h>
#include <stdint.h>

struct scram_salted;

/*
 * The client's half: the proof (SCRAM_KEY bytes) for this AuthMessage, and
 * the signature that the server will have to show.  known may be NULL
 * (scram.h).  0, or -1: no memory.
 */
int scram_prove(const char *password, const unsigned char *salt, size_t saltlen,
    uint32_t iterations, struct scram_salted *known, const char *auth,
    unsigned char *proof, unsigned char *signature);

/* A number of iterations of n bytes, within the limits; 0: it is none. */
uint32_t scram_iterations(const char *, size_t n);

#endif
