#ifndef RESOLV_H
#define RESOLV_H

/* Names to addresses by c-ares, without blocking, cancellable. */

#include <sys/socket.h>
#include <event2/event.h>
#include <stdint.h>

#define RESOLV_MAX 16 /* addresses of one name that are used */

struct resolv;
struct resolv_query;

struct resolv_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* Reads /etc/resolv.conf and /etc/hosts.  NULL with errno. */
struct resolv *resolv_new(struct event_base *);
void resolv_free(struct resolv *); /* cancels what is under way, in silence */

/*
 * Resolve host to addresses with port (host order), in the order in which
 * to try them (RFC 6724).  family is AF_UNSPEC, AF_INET or AF_INET6.
 * done(n addresses, or 0 with a text) is called once, never from within
 * this call; not after resolv_cancel().  "localhost" is answered without
 * DNS.  NULL with errno when it cannot begin.
 */
struct resolv_query *
resolv_start(struct resolv *, const char *host, uint16_t port, int family,
    void (
	*done)(void *arg, const struct resolv_addr *, int n, const char *error),
    void *arg);
void resolv_cancel(struct resolv_query *); /* NULL is fine */

#endif
