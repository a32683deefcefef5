#ifndef WORKER_H
#define WORKER_H

/*
 * vsap-relay --worker: takes pairs of descriptors over the SOCK_SEQPACKET
 * socket that is its descriptor 3 (relay_msg.h) and relays between them.
 *
 * It outlives everybody: when its feeder is gone it is an orphan, serves its
 * streams to their end, logs each to syslog, and leaves.
 */

#include <stdbool.h>

/* Runs until the last stream of an orphan has ended; the exit status.  With
 * sandbox it confines itself (sandbox_relay_worker()) before the first one. */
int worker_run(bool verbose, bool use_syslog, bool sandbox);

#endif
