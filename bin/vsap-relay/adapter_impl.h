#ifndef ADAPTER_IMPL_H
#define ADAPTER_IMPL_H

/*
 * What adapter.c (TLS ends), adapter_join.c (streams) and adapter_worker.c
 * (the processes and their configurations) share.  Nobody else includes this.
 */

#include <sys/queue.h>
#include <event2/event.h>
#include <stdbool.h>

#include "adapter.h"
#include "forward.h"
#include "tlsconf.h"
#include "tlsfeed.h"

#define ADAPTER_SERVER 1 /* numbers of the configurations */
#define ADAPTER_CLIENT 2

enum end_state {
	END_SHAKING, /* the handshake is under way */
	END_UP,	     /* a plain end, which somebody has */
	END_OVER,    /* that still, but the worker is done with it */
	END_STREAM,  /* switched to its peer */
};

struct tls_end {
	LIST_ENTRY(tls_end) entry; /* of streams, in END_STREAM */
	struct adapter *adapter;
	enum end_state state;
	uint64_t id; /* of the feed */

	struct gwlink *link; /* whose end it is, or: */
	void (*shaken)(void *, const struct end *, const char *);
	struct event *deadline; /* of the handshake */
	int plain;
	void *arg;

	void (*done)(void *, const struct relay_end *); /* END_STREAM */
	uint64_t serial;
	bool back;	 /* TLS is the side that answers */
	uint64_t ab, ba; /* carried so far, from and to the TLS side */
};

struct adapter_worker {
	struct adapter *adapter;
	int slot;
	int fd; /* its socket, once more; -1: none runs */
	int pidfd;
	struct event *again; /* start another one */
};

struct adapter {
	struct relay *relay;
	struct tlsfeed *feed;
	struct gwlink_tls gwlink;
	struct tlsconf conf[ADAPTER_CLIENT + 1]; /* by number */
	bool has[ADAPTER_CLIENT + 1];
	char path[4096]; /* of vsap-relay */
	unsigned n;
	struct adapter_worker *workers;
	LIST_HEAD(, tls_end) streams;
	uint64_t there, back; /* of streams that have ended */
};

void tls_end_free(struct tls_end *);

/* What adapter.c does with a worker's messages (dead: adapter_worker.c), and
 * for links. */
extern const struct tlsfeed_calls adapter_calls;
extern const struct gwlink_tls adapter_link_calls;

#endif
