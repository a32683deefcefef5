#ifndef HANDSEND_H
#define HANDSEND_H

/*
 * Handing a connection over to a waiting server (handover.h) from a program
 * that has nothing else to do meanwhile.  Level: tier 1.
 */

#include <sys/socket.h>
#include <stddef.h>

/*
 * Offer fd, a connection from src to dst, at the SOCK_SEQPACKET socket path
 * and wait at most ms for the acknowledgement.  0: the server has it; fd is
 * to be closed, and shared with it until then.  -1 with errno: it is still
 * the caller's alone; EPERM where the socket is not this user's or root's,
 * ENOENT and ECONNREFUSED where nobody serves it, ECONNRESET where it was
 * refused, ETIMEDOUT.
 */
int handsend(const char *path, int fd, const struct sockaddr *src,
    const struct sockaddr *dst, int ms);

#endif
