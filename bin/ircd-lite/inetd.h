#ifndef INETD_H
#define INETD_H

/*
 * "ircd-lite -i": descriptor 0 is what is to be served.
 *
 *	a listening socket	a server serves it (inetd: wait)
 *	a connection		goes to the server of the run directory; where
 *				there is none this process becomes it, until
 *				the last connection has left (inetd: nowait)
 *	anything else		one user, alone, on standard input and output
 */

#include "opts.h"

void inetd_run(struct opts *) __attribute__((__noreturn__));

#endif
