#ifndef IDENT_QUERY_H
#define IDENT_QUERY_H

/*
 * Asking a client's machine whose the connection is (RFC 1413), without
 * blocking and with a time limit.
 */

#include <sys/socket.h>
#include <event2/event.h>
#include <stdint.h>

struct ident_query;

/*
 * Connect from the address of local to that of peer, port port (IDENT_PORT),
 * and ask about the connection whose ends they are.  At most
 * IDENT_REPLY_MAX bytes are read.  done(the identifier as it was sent, or
 * NULL with a text) is called once, never from within this call, not after
 * ident_cancel(); the query is gone then.  NULL with errno when it cannot
 * begin: EAFNOSUPPORT for what is not TCP.
 */
struct ident_query *
ident_start(struct event_base *, const struct sockaddr *peer,
    const struct sockaddr *local, uint16_t port, unsigned seconds,
    void (*done)(void *arg, const char *user, const char *error), void *arg);
void ident_cancel(struct ident_query *); /* NULL is fine */

#endif
