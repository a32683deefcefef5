#ifndef LISTENERS_H
#define LISTENERS_H

/* The control listeners, made by the parent before anything else runs. */

#include <stddef.h>

#include "conf.h"
#include "pmsg.h"

struct listeners;

/*
 * Bind every listener of the configuration: the given ones, else loopback
 * port 8706 and the UNIX socket; with a run directory also the hand-over
 * socket.  Logs "listening on ADDRESS" for each.  A stale UNIX socket is
 * replaced under a lock.  Where another vsapd has the user's run directory
 * and this one has its own listeners (-l), it goes without (rundir becomes
 * "").  NULL with a text in err that says what to do.
 */
struct listeners *listeners_new(struct conf *, char *err, size_t errlen);

/* Say each to control. */
void listeners_tell(const struct listeners *,
    void (*tell)(const struct pmsg *, int fd));

/* Write the process id anew, after a fork. */
void listeners_relock(struct listeners *);

/* Close them and remove their files. */
void listeners_free(struct listeners *);

#endif
