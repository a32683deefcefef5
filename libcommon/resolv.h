#ifndef RESOLV_H
#define RESOLV_H

/* Names to addresses, and back, by c-ares, without blocking, cancellable. */

#include <sys/socket.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define RESOLV_MAX 16	   /* addresses of one name that are used */
#define RESOLV_NAMES 4	   /* names of one address that are tried */
#define RESOLV_NAME_MAX 63 /* bytes of a name that resolv_reverse() gives */

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
 * Ask these name servers, "127.0.0.1:5353,[::1]:53", instead of those of
 * /etc/resolv.conf; NULL: those again.  What is under way fails, but for a
 * list that is the same as before.  0; -1 with errno, EINVAL: malformed, and
 * nothing has changed.
 */
int resolv_servers(struct resolv *, const char *csv);

/*
 * How long one server is waited for at first, in milliseconds, and how often
 * all are asked, each time waiting twice as long.  0 and 0: what
 * /etc/resolv.conf says.  What is under way fails.
 */
void resolv_patience(struct resolv *, int ms, int tries);

/* Read the system's files now and not at the first query, as before a
 * process gives up rights.  0 or -1 with errno. */
int resolv_open(struct resolv *);

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

/*
 * The name of an IP address, confirmed forward: a name of it (of its first
 * RESOLV_NAMES ones) that has the address among its own.  v4-mapped
 * addresses are IPv4.  done(name, or NULL with a text) is called once, never
 * from within this call; not after resolv_cancel().  The name is one that
 * resolv_name_plain() takes.  errno in done without a name: EADDRNOTAVAIL
 * none of the names has the address, ENAMETOOLONG the name is too long,
 * EILSEQ it is not plain, ETIMEDOUT no server answers, EHOSTUNREACH
 * whatever else.  NULL with errno when it cannot begin, EAFNOSUPPORT: not an
 * IP address.
 */
struct resolv_query *resolv_reverse(struct resolv *, const struct sockaddr *,
    void (*done)(void *arg, const char *name, const char *error), void *arg);

void resolv_cancel(struct resolv_query *); /* NULL is fine */

/*
 * May it be shown and matched as a host's name?  Labels of letters, digits,
 * '-' and '_', none empty, and the last one not a number, so that nothing
 * is taken for an address.  Of any length.
 */
bool resolv_name_plain(const char *);

#endif
