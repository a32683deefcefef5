#ifndef HELLO_H
#define HELLO_H

/*
 * Strangers: sessions to which nothing has been permitted yet.  They have a
 * time in which to say something of use, a limit of their own, and where
 * there are too many the one that has waited longest goes first, so that ten
 * thousand who say nothing keep nobody out.
 */

#include "session.h"

void hello_add(struct session *);    /* one that has just come */
void hello_remove(struct session *); /* it is none any more */

/* Room for one more: the oldest of other hosts goes, then the oldest at all,
 * if it is not quite new.  false: there is nobody to send away. */
bool hello_evict(struct gateway *);

#endif
