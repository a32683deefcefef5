#ifndef SOCKS_IMPL_H
#define SOCKS_IMPL_H

/* Between socks.c and socks_reply.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socks.h"

/*
 * A message of which len bytes have come.  What takes a part of it returns
 * 1; 0: more is needed; -1: malformed, told by the bytes that are there.
 */
struct socks_in {
	const uint8_t *p;
	size_t len, at;
};

int socks_byte(struct socks_in *, uint8_t *);
int socks_bytes(struct socks_in *, void *out, size_t n);
int socks_port(struct socks_in *, uint16_t *);
/* Text of n bytes, which all must fit; out has room for n + 1. */
int socks_text(struct socks_in *, char *out, size_t n, bool (*fits)(uint8_t));
/* ADDR of this type, as text; SOCKS_A_NONE and _TEXT in binary alone.  A
 * v4-mapped address changes the type.  host has SOCKS_TEXT_MAX + 1 bytes. */
int socks_host(struct socks_in *, int *atyp, bool binary, char *host,
    size_t hostlen);

bool socks_in_text(uint8_t); /* no control byte */

#endif
