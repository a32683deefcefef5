#ifndef LIMITS_H
#define LIMITS_H

/* Descriptors: as many as the system lets us have, and -m within them. */

struct bind_conf;

/*
 * Raise the limit.  conf->max is set to a fitting default where it is 0.
 * 0, or -1 with a message in err: -m asks for more than there can be.
 */
int limits_set(struct bind_conf *, char *err, unsigned long errlen);

/* For children: the limit that this program was started with.  0 or -1. */
int limits_own(void);

#endif
