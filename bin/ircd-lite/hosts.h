#ifndef HOSTS_H
#define HOSTS_H

/*
 * Connections counted by where they come from: an IPv4 address, or the /64
 * of an IPv6 address, which one customer has whole.  The unspecified address
 * (UNIX sockets, pipes) is not counted.
 */

#include <netinet/in.h>

/* One more, one less.  hosts_add: how many there are now; 0: not counted
 * (or no memory). */
unsigned hosts_add(const struct in6_addr *);
void hosts_del(const struct in6_addr *);
unsigned hosts_count(const struct in6_addr *);

#endif
