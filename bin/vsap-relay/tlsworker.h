#ifndef TLSWORKER_H
#define TLSWORKER_H

/*
 * vsap-relay --tls-worker: takes connections over the SOCK_SEQPACKET socket
 * that is its descriptor 3 (tls_msg.h), does the handshakes, and carries
 * their bytes; the only process that has keys.
 *
 * It outlives everybody: when its feeder is gone it is an orphan, serves its
 * connections to their end, also those that were not switched, whose plain
 * end somebody else may hold, logs the streams to syslog, and leaves.
 */

#include <stdbool.h>

/* Runs until the last connection of an orphan has ended; the exit status.
 * sandbox: confine it (sandbox.h). */
int tlsworker_run(bool verbose, bool use_syslog, bool sandbox);

#endif
