#ifndef LISTENERS_H
#define LISTENERS_H

/*
 * The control listeners as the parent has them: those of the configuration,
 * those that the service manager has opened, and the hand-over socket.  Each
 * has a number for its life, by which control knows it too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "pmsg.h"

struct listeners;

/* None yet.  NULL: no memory. */
struct listeners *listeners_new(void);

/* Close them, and remove their files. */
void listeners_free(struct listeners *); /* NULL is fine */

/*
 * Lock the run directory and listen for hand-overs there.  Where another
 * vsapd has the user's run directory, and this one neither was given its own
 * nor has the default listeners, it goes without (rundir becomes ""; said in
 * the log).  0, or -1 with a text in err that says what to do.
 */
int
listeners_rundir(struct listeners *, struct conf *, char *err, size_t errlen);

/* Write the process id anew, after a fork. */
void listeners_relock(struct listeners *);

/*
 * A listening socket that somebody else has opened, ours in any case from
 * now on.  0, or -1: it is none of a stream, and left out.
 */
int listeners_given(struct listeners *, int fd);

/*
 * Make them match a configuration: what is there stays, what is not is
 * opened, and the files of UNIX-domain ones get its mode and group.  Given
 * ones that have no statement get one, at the end of conf->listen, with all
 * protocols; conf's default listeners are left out where any was given.
 *
 * 0, or -1 with a text in err that says what to do, and all is as it was.
 * Commit or abandon follows a 0; commit closes what conf does not name any
 * more, removes its file, and logs "listening on ADDRESS (what it is)" for what
 * is new, or is another now.
 */
int listeners_plan(struct listeners *, struct conf *, char *err, size_t errlen);
void listeners_commit(struct listeners *);
void listeners_abandon(struct listeners *);

/* Say each that is planned, or in force, to control: with its descriptor if
 * it is new or all is true. */
void listeners_tell(const struct listeners *, bool all,
    void (*tell)(const struct pmsg *, int fd));

#endif
