#ifndef ROLE_H
#define ROLE_H

/* What all workers do with themselves, whatever they relay. */

#include "relay_msg.h"

/*
 * A session of its own; deaf to what a terminal's or a feeder's end brings
 * (SIGPIPE, SIGINT, SIGHUP); no new privileges, no core and no tracer.  What
 * the system refuses is logged.
 */
void role_detach(void);

/* Nobody feeds us any more: say so in the title, by which "vsapd -K" knows
 * its own orphans, and log to syslog from now on. */
void role_orphan(void);

/* The log's line for a stream that ended. */
void role_log_end(const struct relay_end *);

#endif
