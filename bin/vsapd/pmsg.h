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
 *	BACKLOG	keep: so many may wait there from now on (LISTEN); control
 *		itself may not listen
 * parent to control, at its start and at each reload
 *	CONF	the configuration as text (conf_print()), without secrets; comes
 *		first
 *	LISTEN	keep: a control listener, by a number that it keeps over
 *		reloads; kind in seq; lo: its statement (conf_listen_at()),
 *		PMSG_NO_INDEX for the hand-over socket; address.  Its
 *		descriptor comes with it once
 *	LOG	the log goes to (enum conf_log) seq from now on; with the file
 *	SHARE	the memory file of the bandwidth caps (ratecap.h)
 *	WORKER	slot in seq: a worker's socket
 *	TLS	slot in seq: a TLS worker's socket
 *	AUTH	the password helper's socket
 *	KEPT	keep, address, owner, backlog: a listener that outlived control
 *	START	all of the above has been said: it holds from now on, and
 *		listeners that were not named since CONF end
 * parent to control, at any time
 *	WORKER, TLS, AUTH	as above: another one in its place
 *	BOUND	seq, keep, error (errno) or the listener with its address
 *	STATUS	write the status to the log
 */

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "limits_vsap.h"

#define OWNER_MAX (VSAP_USER_MAX + 8)
#define PMSG_MAX (32 + ADDR_STRLEN + OWNER_MAX)
#define PMSG_NO_INDEX 0xffff

enum pmsg_type {
	PMSG_BIND = 1,
	PMSG_DROP,
	PMSG_BOUND,
	PMSG_KEPT,
	PMSG_LISTEN,
	PMSG_WORKER,
	PMSG_AUTH,
	PMSG_START,
	PMSG_CONF,
	PMSG_TLS,
	PMSG_SHARE,
	PMSG_STATUS,
	PMSG_LOG,
	PMSG_BACKLOG,
};
#define PMSG_LAST PMSG_BACKLOG

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
