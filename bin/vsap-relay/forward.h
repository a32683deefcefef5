#ifndef FORWARD_H
#define FORWARD_H

/*
 * vsap-relay as a program: one pair of endpoints (pair.c), or with -l or -D
 * a pair for each connection (forward.c).
 */

#include <event2/event.h>
#include <stdbool.h>

#include "addr.h"
#include "gwopts.h"
#include "resolv.h"
#include "stream.h"

struct endpoint {
	const char *text; /* as written, for messages */
	struct addr addr;
};

struct adapter;

struct relay {
	int family;    /* AF_UNSPEC, or -4 / -6 */
	int timeout;   /* seconds to connect */
	uint32_t idle; /* seconds that end a stream without a byte; 0: none */
	bool verbose;
	bool gateway; /* -s: the last endpoint is reached through it */
	struct endpoint server;
	char *creds;	   /* for the gateway, or NULL */
	struct gwopts tls; /* TLS as a client, and the way to the gateway */
	bool tls_client;   /* something that is connected to is TLS */
	const char *cert;  /* of a TLS listener, */
	const char *key;   /* and its key */
	const char *cas;   /* whose certificates its visitors must have */
	bool listen;	   /* -l, -D */
	bool proxy;	   /* -D: each visitor says where to */
	bool others;	   /* visitors from elsewhere may use -D */
	struct endpoint at;
	struct endpoint end[2];
	int ends;

	struct event_base *base;
	struct resolv *resolv;
	struct stream_engine *engine;
	struct adapter *adapter; /* where something is TLS */
};

/* Serve connections until a signal ends it; the exit status. */
int forward_run(struct relay *);

/* Relay one pair until it is over; the exit status. */
int pair_run(struct relay *);

#endif
