#ifndef PMSG_H
#define PMSG_H

/*
 * Messages between the parent and control over SOCK_SEQPACKET, at most one
 * descriptor with each (ARCHITECTURE.md).  Pure.
 *
 * control to parent
 *	BIND	seq, address, ports lo-hi to choose from (0: as the address
 *		says), backlog, owner
 *	DROP	keep: close the copy
 * parent to control
 *	BOUND	seq, keep, error (errno) or the listener with its address
 *	KEPT	keep, address, owner, backlog: a listener that outlived control
 *	LISTEN	kind in seq, address: a control listener
 *	WORKER	slot in seq: a worker's socket
 *	AUTH	the password helper's socket
 *	START	all of the above has been said
 */

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "limits_vsap.h"

#define OWNER_MAX (VSAP_USER_MAX + 8)
#define PMSG_MAX (32 + ADDR_STRLEN + OWNER_MAX)

enum pmsg_type {
	PMSG_BIND = 1,
	PMSG_DROP,
	PMSG_BOUND,
	PMSG_KEPT,
	PMSG_LISTEN,
	PMSG_WORKER,
	PMSG_AUTH,
	PMSG_START,
};

/* seq of PMSG_LISTEN */
enum pmsg_kind {
	KIND_TCP,
	KIND_UNIX,
	KIND_HANDOVER,
};

struct pmsg {
	enum pmsg_type type;
	uint32_t seq;
	uint32_t keep;
	uint16_t lo, hi;
	uint32_t backlog;
	uint32_t error;
	char addr[ADDR_STRLEN]; /* in the address grammar */
	char owner[OWNER_MAX];
};

/* The length in out, or 0 if it does not fit. */
size_t pmsg_format(const struct pmsg *, void *out, size_t outlen);

/* 0, or -1: malformed. */
int pmsg_parse(struct pmsg *, const void *p, size_t len);

#endif
