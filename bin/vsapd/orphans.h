#ifndef ORPHANS_H
#define ORPHANS_H

/*
 * End the workers that outlived their gateway (vsapd -K): processes of this
 * user (as root: of everybody) whose program is our vsap-relay and that call
 * themselves orphans.  Their streams end with them.  Returns how many were
 * told to, -1 with errno.
 */
int orphans_end(void);

#endif
