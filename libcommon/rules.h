#ifndef RULES_H
#define RULES_H

/*
 * Who may bind and connect what (vsapd(8), RULES).  Ordered, the first
 * match wins, default deny.  Pure: names are resolved and sockets looked at
 * by the caller.
 */

#include <sys/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

enum rule_action {
	RULE_BIND,
	RULE_CONNECT,
};

/* The peer of a session, as far as rules look at it. */
struct rule_who {
	bool local;	    /* a UNIX-domain or loopback peer */
	struct in6_addr ip; /* its address, all zero for UNIX */
	const char *user;   /* authenticated user, or NULL */
};

struct rules;

/*
 * The defaults: local peers may bind loopback addresses above port 1023,
 * names and paths, and connect anywhere; all others nothing.
 */
struct rules *rules_new(void);
void rules_free(struct rules *);

/*
 * Permit by the argument of an option; the first of an action replaces the
 * default of that action (names and paths stay bindable).
 *	bind:	 ports | address:ports | [v6]:ports | *:ports |
 *		 name:pattern | /path/pattern
 *	connect: host:ports, host a name, a pattern with '*', an address, a
 *		 CIDR network or '*'; name:pattern; /path/pattern
 * ports is N, N-M, or '*', and several of them with commas.
 * In bind an address may be a CIDR network, localhost is 127.0.0.1, and
 * 0.0.0.0 or [::] mean '*'; a BIND of every address needs a rule with '*',
 * one of these, or no address.  Local peers use names and paths whatever
 * the rules are; others need a rule for them.
 * 0, or -1 with a message in err that says what to write.
 */
int rules_add(struct rules *, enum rule_action, const char *text, char *err,
    size_t errlen);

/* Admit a network at TCP control listeners; the first replaces the default
 * (loopback and private ranges). */
int rules_add_admit(struct rules *, const char *cidr, char *err, size_t errlen);

/* A chained gateway leaves what has no rule of its own to its upstream. */
void rules_set_upstream(struct rules *, bool);

/* May a peer with this address use a TCP control listener? */
bool rules_admit(const struct rules *, const struct in6_addr *);

/* Is there any rule by which somebody who is not local is let do anything? */
bool rules_serve_strangers(const struct rules *);

/*
 * May who bind a?  For port 0 the answer is a range of ports to choose
 * from; both are 0 where the system may choose (its ephemeral range is
 * permitted).  true or false.
 */
bool rules_bind(const struct rules *, const struct rule_who *,
    const struct addr *a, uint16_t *lo, uint16_t *hi);

/*
 * May who connect to a, which was resolved to ip (NULL: not resolved, a
 * name:, a path, or a question before resolving: then true means that some
 * address might be permitted)?  A guarded address (addr_ip_guarded) needs a
 * rule that names it: an address, a network within the guarded one, or
 * "localhost"; local peers under the default rules need none.
 */
bool rules_connect(const struct rules *, const struct rule_who *,
    const struct addr *a, const struct in6_addr *ip);

#endif
