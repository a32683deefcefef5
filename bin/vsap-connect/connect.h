#ifndef CONNECT_H
#define CONNECT_H

/*
 * vsap-connect's dialogue with the gateway: CONNECT and RELAY, after which
 * the descriptor is the stream.
 */

#include <stdbool.h>

#include "addr.h"
#include "gwopts.h"

#define CONNECT_OK 0
#define CONNECT_PERMANENT 100 /* trying again is of no use */
#define CONNECT_TEMPORARY 111

struct connect_opts {
	const char *server; /* text of the gateway's address, for messages */
	struct addr gateway;
	struct addr target;
	const struct gwopts *gw; /* proxy and TLS */
	const char *creds;	 /* or NULL */
	int family; /* to the gateway: AF_UNSPEC, AF_INET, AF_INET6 */
	int wait;   /* seconds, 0: the default */
	bool pass;  /* the stream is given away */
	bool verbose;
};

struct connect; /* what still belongs to a stream */

/*
 * Reach o->target; blocks, in a loop of its own.  CONNECT_OK and the stream
 * in *fd, or one of the other two with a message in err: object, reason and,
 * where there is one, the remedy.  *c: for connect_end().
 *
 * Over TLS a worker process carries the stream, with the descriptor as its
 * plain end.
 */
int connect_open(const struct connect_opts *o, int *fd, struct connect **c,
    char *err, size_t errlen);

/*
 * When the stream is over and closed, or was given away.  Frees c.  ask: 0,
 * or -1 with errno if a worker tells that it broke off, which its plain end
 * cannot show.
 */
int connect_end(struct connect *c, bool ask);

/*
 * Give the stream away over standard output, as ssh's ProxyUseFdpass
 * expects it: one byte with the descriptor.  0, or -1 with errno.
 * connect_may_pass(): is standard output a socket that takes it?
 */
int connect_pass(int fd);
bool connect_may_pass(void);

#endif
