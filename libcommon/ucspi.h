#ifndef UCSPI_H
#define UCSPI_H

/*
 * The environment of a program that serves one connection (UCSPI), for
 * vsap-bind's commands:
 *
 *	PROTO		TCP, UNIX or VSAP (a name:, or addresses not known)
 *	TCPLOCALIP TCPLOCALPORT TCPREMOTEIP TCPREMOTEPORT	with TCP
 *	UNIXLOCALPATH UNIXREMOTEPATH				with UNIX
 *	VSAP_BOUND	the address that is published
 *	VSAP_REMOTE	the visitor, in the address grammar
 *	VSAP_GATEWAY	the gateway by which it came
 *
 * Everything comes out of struct addr, so not a byte of a peer's spelling
 * reaches a program.  Variables that a server around this one has set
 * (TCPREMOTEHOST, SSLREMOTEIP...) are taken out, as are the credentials.
 */

#include "addr.h"

struct ucspi {
	const struct addr *local, *remote; /* NULL: not known */
	const struct addr *bound;	   /* NULL: not known */
	const struct addr *gateway;
};

/*
 * Set the environment of this process, which is a child about to exec.
 * 0, or -1 with errno.
 */
int ucspi_setenv(const struct ucspi *);

/*
 * Format an address from its value rather than its spelling: numeric hosts
 * anew by the address module, others by addr_format().  Returns out.
 */
const char *ucspi_address(const struct addr *, char *out, size_t outlen);

#endif
