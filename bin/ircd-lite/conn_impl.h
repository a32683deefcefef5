#ifndef CONN_IMPL_H
#define CONN_IMPL_H

/* Between conn.c (a connection's life) and conn_io.c (its bytes). */

#include "conn.h"

/* Refused for their host's number, until they are gone. */
#define TOLD_MAX 64
extern unsigned conns_told;

int conn_io_init(struct conn *);

/* No more events. */
void conn_io_stop(struct conn *);

/* Read and throw away until the peer has closed. */
void conn_io_drain(struct conn *);

/* Bytes that were read before the connection came here. */
void conn_first(struct conn *, const void *, size_t);

void conn_finish(struct conn *);
void conn_dead(struct conn *);

#endif
