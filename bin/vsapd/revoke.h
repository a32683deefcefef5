#ifndef REVOKE_H
#define REVOKE_H

/*
 * What a reload takes away from those who have it (vsapd.conf(5), Reloading):
 * addresses that nobody may have bound any more are closed, and who waits at
 * one is told why.  Streams go on.
 */

#include "gateway.h"

/* Another configuration is in force: called once, from the loop. */
void revoke_bound(struct gateway *);

#endif
