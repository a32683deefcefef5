#ifndef VISITORS_H
#define VISITORS_H

/*
 * Who may visit what is bound: networks and connections a minute from one
 * source, by the rule that permits the BIND ("visitors from", "rate"), and
 * narrower where the BIND asks for it (-a=, -r=).
 */

#include <sys/socket.h>
#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "gateway.h"
#include "rules.h"

#define VISITORS_FROM_MAX 16	/* networks in one BIND */
#define VISITORS_RATE_MAX 60000 /* a minute */

struct visitors {
	unsigned rate; /* a minute from one source, 0: no limit */
	size_t nfrom;  /* 0: from everywhere */
	struct cidr from[VISITORS_FROM_MAX];
};

/*
 * The options' values, each may be NULL.  *v is malloc'ed, or NULL where none
 * is asked for.  0, or -1 with a message.
 */
int visitors_parse(struct visitors **v, const char *from, const char *rate,
    char *err, size_t errlen);
bool visitors_same(const struct visitors *, const struct visitors *);

/* May this peer visit?  asked may be NULL, and so may rule; name is what the
 * rate is counted for. */
bool visitors_let_in(struct gateway *, const struct visitors *asked,
    const struct rule *rule, const char *name, const struct sockaddr *);

#endif
