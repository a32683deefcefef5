#ifndef WORKER_IMPL_H
#define WORKER_IMPL_H

/*
 * What worker.c (a worker's life, and what it is told) and worker_say.c (what
 * it tells) share.  Nobody else includes this.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>

#include "ratecap.h"
#include "relay_msg.h"
#include "role.h"
#include "stream.h"

/* A pair that was taken; it waits until its ACK is sent. */
struct taken {
	STAILQ_ENTRY(taken) entry;
	uint64_t id;
	struct relay_opts opts;
	int fd[2];
	size_t ablen, balen;
	unsigned char first[]; /* ablen, then balen bytes */
};

/* A message that could not be sent yet: NAK, or one record of an END. */
struct report {
	STAILQ_ENTRY(report) entry;
	int error; /* not 0: NAK */
	struct relay_end end;
};

/* The answer to the last QUERY, as far as it is not sent. */
struct answer {
	struct relay_end *ends; /* id, ab, ba; NULL: there is none */
	size_t len, sent;
	uint32_t seq;
	bool open; /* also if there are no streams */
};

struct worker {
	struct role role;
	struct stream_engine *engine;
	struct ratecap *caps; /* NULL: not shared with us */
	STAILQ_HEAD(, taken) taken;
	STAILQ_HEAD(, report) reports;
	struct answer answer;
	size_t max; /* streams */
};

/* A pair whose ACK is out becomes a stream; the first n of them. */
void worker_start_first(struct worker *, size_t n);

/* Tell a stream's end, or (error) that one is refused. */
void worker_report(struct worker *, const struct relay_end *, int error);
/* Answer a QUERY. */
void worker_count(struct worker *, uint32_t seq);
/* The role's: ACKs, then reports, then the answer. */
int worker_flush(void *worker);
/* The feeder is gone: what it was not told is logged. */
void worker_log_rest(struct worker *);

#endif
