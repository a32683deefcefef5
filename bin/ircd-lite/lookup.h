#ifndef LOOKUP_H
#define LOOKUP_H

/*
 * Who a client is by DNS and by ident (RFC 1459, 8.11): its host's name,
 * confirmed forward, and its user name, each within its time.  Nothing here
 * blocks; one that stalls delays only its own client.
 */

#include <sys/socket.h>
#include <event2/event.h>

#include "resolv.h"

#define LOOKUP_DNS 0x01
#define LOOKUP_IDENT 0x02

#define LOOKUP_IDENTS 512 /* ident connections at a time */

struct lookup;
struct lookups;

enum lookup_event {
	LOOKUP_HOST_FOUND,    /* text is the name, at most HOSTLEN bytes of
			       letters, digits, '-', '_' and '.' */
	LOOKUP_HOST_FAILED,   /* text is the reason, here and below */
	LOOKUP_HOST_MISMATCH, /* the names have other addresses */
	LOOKUP_HOST_LONG,     /* the name is longer than HOSTLEN */
	LOOKUP_IDENT_FOUND,   /* text is as irc_username() makes it, not "" */
	LOOKUP_IDENT_FAILED,
	LOOKUP_DONE, /* after the others; the lookup is gone */
};

/* The resolver is to be used for nothing else: its patience is set.  NULL
 * with errno. */
struct lookups *lookups_new(struct event_base *, struct resolv *);
/* After the last lookup has ended or was cancelled, before the resolver. */
void lookups_free(struct lookups *);

/* The host names that are known are forgotten, as after another name server
 * was set. */
void lookups_forget(struct lookups *);

/*
 * Look up what is wanted about the client at peer, who connected to local:
 * neither is kept.  event() is called once for each that is wanted and then
 * with LOOKUP_DONE and NULL; never from within this call, nor after
 * lookup_cancel(), which may be called in it too.  Whatever is not an IP
 * address fails.  NULL with errno when it cannot begin.
 */
struct lookup *lookup_start(struct lookups *, const struct sockaddr *peer,
    const struct sockaddr *local, unsigned what, unsigned dns_seconds,
    unsigned ident_seconds,
    void (*event)(void *arg, enum lookup_event, const char *text), void *arg);
void lookup_cancel(struct lookup *); /* silent; NULL is fine */

#endif
