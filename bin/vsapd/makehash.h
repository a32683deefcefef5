#ifndef MAKEHASH_H
#define MAKEHASH_H

/*
 * "vsapd -H": a password from the terminal, unseen and twice, or a line of
 * standard input.  Two lines go to standard output, each of which a user may
 * have: the hash of crypt(3), the verifier of SCRAM-SHA-256.  The exit
 * status.
 */

#define MAKEHASH_MAX 255 /* bytes of a password: SOCKS 5 carries no more */

int makehash_run(void);

#endif
