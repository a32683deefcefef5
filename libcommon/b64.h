#ifndef B64_H
#define B64_H

/* Base64 (RFC 4648, section 4).  Pure. */

#include <stddef.h>
#include <sys/types.h>

/* NUL-terminated text; its length, or -1: it does not fit. */
ssize_t b64_encode(const void *p, size_t len, char *out, size_t outlen);
/* Strict: padding where it belongs, no other bytes, spare bits zero.  The
 * number of bytes, or -1. */
ssize_t b64_decode(const char *text, size_t len, void *out, size_t outlen);

#endif
