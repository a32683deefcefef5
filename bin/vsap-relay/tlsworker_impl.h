#ifndef TLSWORKER_IMPL_H
#define TLSWORKER_IMPL_H

/*
 * What tlsworker.c (what a TLS worker is told) and tlssay.c (what it tells)
 * share.  Nobody else includes this.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "role.h"
#include "tls_msg.h"
#include "tlscfg.h"
#include "tlsconn.h"

/* A message that waits to be sent, and what follows when it was. */
struct saying {
	STAILQ_ENTRY(saying) entry;
	int fd;	    /* to be closed; -1 */
	bool begin; /* the connection of this id may begin */
	uint64_t id;
	size_t len;
	unsigned char bytes[];
};

struct tlsworker {
	struct role role;
	struct tls_engine *engine;
	struct tlscfgs *cfgs;
	STAILQ_HEAD(, saying) sayings;
	size_t max; /* connections */
};

/* Queue a message for the feeder, which is sent at the end of the turn. */
void tlssay_up(struct tlsworker *, uint64_t id, const struct tlsconn_peer *);
/* plain (-1: none) is closed when it was said. */
void
tlssay_down(struct tlsworker *, uint64_t id, const char *reason, int plain);
void tlssay_end(struct tlsworker *, const struct relay_end *);
void tlssay_nak(struct tlsworker *, uint64_t id, int error);
/* The connection begins when it was said, not before: the feeder would give
 * what was not acknowledged to another worker. */
void tlssay_ack(struct tlsworker *, uint64_t id);
void tlssay_switched(struct tlsworker *, uint64_t id);
void tlssay_loaded(struct tlsworker *, uint32_t cfg, const char *error);
/* The answer to a QUERY. */
void tlssay_counts(struct tlsworker *, uint32_t seq);

/* The role's: all that can be sent. */
int tlssay_flush(void *worker);
/* The feeder is gone: the ends that it was not told of are logged. */
void tlssay_orphan(struct tlsworker *);

#endif
