#ifndef IDENT_H
#define IDENT_H

/*
 * The codec of the Identification Protocol (RFC 1413).  Pure.
 */

#include <stddef.h>
#include <stdint.h>

#define IDENT_PORT 113
#define IDENT_REPLY_MAX 1024 /* bytes of a reply with its end of line */
#define IDENT_USER_MAX 512   /* octets of a user identifier (section 6) */

enum ident_result {
	IDENT_MORE,	 /* no end of line yet */
	IDENT_USER,	 /* there is a user identifier */
	IDENT_ERROR,	 /* the peer says why there is none */
	IDENT_MALFORMED, /* none of these, or of other ports */
};

/*
 * The query for a connection from port theirs (of the machine that is asked)
 * to port ours.  The length, 0 if out is too small (16 bytes do).
 */
size_t ident_format(char *out, size_t outlen, uint16_t theirs, uint16_t ours);

/*
 * Read the reply in n bytes.  The identifier as it was sent, or the word of
 * an error as "NO-USER", is put into text, without blanks around it; it is
 * cut there if it is too long, and has any byte but NUL, CR and LF: show it
 * to nobody as it is.  IDENT_MORE turns into IDENT_MALFORMED when n reaches
 * IDENT_REPLY_MAX.
 */
enum ident_result ident_parse(const char *p, size_t n, uint16_t theirs,
    uint16_t ours, char text[IDENT_USER_MAX + 1]);

#endif
