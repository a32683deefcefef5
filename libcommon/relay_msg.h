#ifndef RELAY_MSG_H
#define RELAY_MSG_H

/*
 * Messages between a feeder (vsapd's control, vsap-bind) and a worker
 * (vsap-relay --worker) over SOCK_SEQPACKET, one message a packet, integers
 * in network byte order (vsap(7), WORKER MESSAGES).  Pure.
 *
 * to the worker
 *	START	id, idle seconds, slot and rate of a cap, bytes for b (read
 *		from a ahead), bytes for a; two descriptors a, b attached
 *	SHARE	one descriptor: the memory file of the caps (ratecap.h)
 *	QUERY	seq: report all streams (COUNTS ...)
 * from the worker
 *	ACK	ids: the descriptors are the worker's now
 *	NAK	id, errno: refused, the sender still has them
 *	END	records {id, bytes a to b, bytes b to a, milliseconds, cause}
 *	COUNTS	seq, more, records {id, bytes a to b, bytes b to a}; the last
 *		one of an answer says no more, and may be without records
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RELAY_MSG_MAX 32768   /* bytes of one message */
#define RELAY_FIRST_MAX 12288 /* first bytes in one direction */
#define RELAY_BATCH_MAX 256   /* of one ACK, END or COUNTS */

enum relay_msg_type {
	RELAY_START = 1,
	RELAY_ACK = 2,
	RELAY_NAK = 3,
	RELAY_END = 4,
	RELAY_SHARE = 5,
	RELAY_QUERY = 6,
	RELAY_COUNTS = 7,
};

/* Why a stream ended. */
enum relay_cause {
	RELAY_EOF = 0,	  /* both directions came to their end */
	RELAY_RESET = 1,  /* an endpoint reset or failed */
	RELAY_IDLE = 2,	  /* the idle limit passed */
	RELAY_KILLED = 3, /* its worker died */
};
const char *relay_cause_name(enum relay_cause);

/* What holds for a stream; all 0: nothing does. */
struct relay_opts {
	uint32_t idle; /* seconds, 0: no limit */
	uint32_t slot; /* the clock of its cap (ratecap.h), 0: none */
	uint64_t rate; /* bytes a second of that clock, 0: no cap */
};

struct relay_end {
	uint64_t id;
	uint64_t ab, ba; /* bytes delivered to b, to a */
	uint32_t ms;
	enum relay_cause cause;
};

struct relay_msg {
	enum relay_msg_type type;
	/* START */
	uint64_t id; /* NAK too */
	struct relay_opts opts;
	const void *first_ab, *first_ba; /* point into the parsed packet */
	size_t first_ab_len, first_ba_len;
	/* NAK */
	int error;
	/* QUERY, COUNTS */
	uint32_t seq;
	bool more;
	/* ACK; END and COUNTS */
	size_t count;
	uint64_t ids[RELAY_BATCH_MAX];
	struct relay_end ends[RELAY_BATCH_MAX];
};

/* Format m into out.  Returns the length, or 0 if it does not fit. */
size_t relay_msg_format(const struct relay_msg *m, void *out, size_t outlen);

/* Parse a packet.  0, or -1: malformed (wrong length, type or count). */
int relay_msg_parse(struct relay_msg *m, const void *p, size_t len);

#endif
