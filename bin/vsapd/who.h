#ifndef WHO_H
#define WHO_H

/*
 * Who the peer of a session is: its address, its process, its certificate,
 * its name and password (vsapd.conf(5), AUTHENTICATION).
 */

#include <sys/socket.h>
#include <stdbool.h>

#include "session.h"
#include "tlsfeed.h"

#define WHO_NOBODY "anonymous" /* the owner of what has no other */

/* The peer of a connection, by its address: called once when it is known
 * (behind a PROXY header). */
void who_peer(struct session *, const struct sockaddr *, socklen_t);

/* What the TLS worker found out. */
void who_tls(struct session *, const struct tls_peer *);

/* Are there users, so that a name and password can be right? */
bool who_has_users(const struct session *);

/* Has it logged in, or bound something, so that it stays who it is? */
bool who_is_somebody(const struct session *);

/* May a password come over this connection as it is?  Not in clear over a
 * network, unless the listener says so. */
bool who_takes_cleartext(const struct session *);

/*
 * Check "user:password"; the front is told by logged_in(), later.  A refusal
 * without a check (too many attempts, in clear, somebody already) is told at
 * once.
 */
void who_login(struct session *, const char *userpass);

/* SCRAM-SHA-256: the words behind "AUTH SCRAM-SHA-256" (base64).  Replies of
 * VSAP go out from here: 330, then 200 or 410. */
void who_scram(struct session *, const char *message);

/* The peer has shut its side: its check comes behind those of others, or is
 * refused where too many such wait. */
void who_departed(struct session *);

/* Nothing of that is under way any more. */
void who_cancel(struct session *);

/* Is a user who logged in still one, after a reload? */
bool who_still(const struct session *);

/* That, and has it logged in where that is demanded (now)? */
bool who_may_ask(const struct session *);

#endif
