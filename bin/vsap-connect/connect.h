#ifndef CONNECT_H
#define CONNECT_H

/*
 * vsap-connect's dialogue with the gateway: CONNECT and RELAY, after which
 * the descriptor is the stream.
 */

#include <stdbool.h>

#include "addr.h"

#define CONNECT_OK 0
#define CONNECT_PERMANENT 100 /* trying again is of no use */
#define CONNECT_TEMPORARY 111

struct connect_opts {
	const char *server; /* text of the gateway's address, for messages */
	struct addr gateway;
	struct addr target;
	const char *creds; /* or NULL */
	int family;	   /* to the gateway: AF_UNSPEC, AF_INET, AF_INET6 */
	int wait;	   /* seconds, 0: the default */
};

/*
 * Reach o->target; blocks, in a loop of its own.  CONNECT_OK and the stream
 * in *fd, or one of the other two with a message in err: object, reason and,
 * where there is one, the remedy.
 */
int
connect_open(const struct connect_opts *o, int *fd, char *err, size_t errlen);

/*
 * Give the stream away over standard output, as ssh's ProxyUseFdpass
 * expects it: one byte with the descriptor.  0, or -1 with errno.
 * connect_may_pass(): is standard output a socket that takes it?
 */
int connect_pass(int fd);
bool connect_may_pass(void);

#endif
