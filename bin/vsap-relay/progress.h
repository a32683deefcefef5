#ifndef PROGRESS_H
#define PROGRESS_H

/*
 * The progress line of -v on a terminal: bytes each way, rate, time.  It is
 * drawn on standard error each second and cleared before anything else is
 * written there.  Where standard error is no terminal all of this does
 * nothing.
 */

#include <event2/event.h>

#include "stdpump.h"

/* By a timer of the loop; count tells the bytes so far, each way. */
void progress_start(struct event_base *,
    void (*count)(void *arg, uint64_t *there, uint64_t *back), void *arg);

/* Of a pump that blocks, by SIGALRM; count is read while it runs. */
void progress_start_pump(const volatile struct stdpump_count *count);

/* Take the line away; the next second draws it again. */
void progress_clear(void);

/* No more of it. */
void progress_stop(void);

#endif
