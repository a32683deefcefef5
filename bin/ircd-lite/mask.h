#ifndef MASK_H
#define MASK_H

/*
 * Masks with * (any bytes) and ? (one byte); a backslash before one of these
 * makes it an ordinary byte, elsewhere it is one itself (RFC 2812, 2.5).
 * Time is linear in the length of mask and text, whatever they are.
 */

#include <stdbool.h>
#include <stddef.h>

/* Other characters than stars that a mask may have; see mask_usable(). */
#define MASK_POSITIONS 128

/* A mask of more positions matches nothing; callers refuse it first. */
bool mask_usable(const char *mask);

/* Does text match?  Case by the server's mapping. */
bool mask_match(const char *mask, const char *text);

/*
 * Does a mask of hosts, as "192.168.*", mean addresses?  Then it is not to be
 * compared with names: a host is called 192.168.example.org by whoever has
 * it.
 */
bool mask_means_address(const char *host);

/*
 * The form in which lists keep it: "nick" becomes nick!*@*, "user@host"
 * *!user@host, "a!b" a!b@*, "host.name" (a dot or colon, which no nickname
 * has) *!*@host.name; runs of stars one star, an empty part a star; parts
 * longer than their limits are cut with a star at the end.  The form of a
 * normal form is itself, and always usable.  out has MASKLEN + 1 bytes.
 * -1: empty, a blank or control byte in it, or it begins with ':'.
 */
int mask_normal(char *out, const char *in);

#endif
