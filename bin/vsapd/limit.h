#ifndef LIMIT_H
#define LIMIT_H

/*
 * What is counted against the limits of vsapd.conf(5): for all, for the owner
 * of a session, for the address it comes from and for the network of that.
 * Built-in limits hold for peers of other hosts; what the configuration sets
 * holds for all.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

struct limits;
struct tally_entry;

/* Who it is counted for. */
struct limit_who {
	const char *owner;
	struct in6_addr ip; /* all zero: a UNIX-domain peer */
	bool local;
};

/* What limit_take() took; zeroed: nothing.  It may be copied and the original
 * zeroed, when it goes over to another owner. */
struct limit_hold {
	struct limits *limits;
	enum conf_limit item;
	struct tally_entry *entry[SCOPE_MAX];
};

struct limits *limits_new(void); /* NULL: no memory */
void limits_free(struct limits *);

/* Another clock than clock_ms(), for tests. */
typedef uint64_t limits_clock_fn(void);
void limits_set_clock(struct limits *, limits_clock_fn *);

/*
 * One more of item in all scopes, or in none: false, and *scope is the one
 * that is full (counted as a refusal).  The hold is given back as it was
 * taken, whatever a reload changed meanwhile.
 */
bool limit_take(struct limits *, const struct conf *, const struct limit_who *,
    enum conf_limit item, struct limit_hold *, enum conf_scope *scope);
void limit_give(struct limit_hold *); /* zeroed after; of nothing is fine */
bool limit_is_held(const struct limit_hold *);

/* LIMIT_REQUESTS, LIMIT_LOGINS: one more in this minute; as limit_take(). */
bool limit_event(struct limits *, const struct conf *, const struct limit_who *,
    enum conf_limit item, enum conf_scope *scope);

/* The last one was none that counts: a login that succeeded. */
void limit_event_back(struct limits *, const struct conf *,
    const struct limit_who *, enum conf_limit item);

/*
 * Wrong passwords: the next try is welcome later and later, by source (of
 * IPv6 its /64) up to 64 s, by user up to 4 s, so that nobody is locked out by
 * a stranger; not at all by user from where that user's password was right of
 * late (friends.h).  Local peers share their address with what is forwarded to
 * them: for them only the user counts.
 * limit_login_wait(): milliseconds until it is, 0: now.
 */
bool
limit_login_known(struct limits *, const struct limit_who *, const char *user);
uint64_t
limit_login_wait(struct limits *, const struct limit_who *, const char *user);
void
limit_login_failed(struct limits *, const struct limit_who *, const char *user);
/* How long the answer to one that was wrong just now is held back: 1 s, and up
 * to 8 s where hundreds a second are, so that a flood is slowed by itself. */
uint64_t limit_login_hold(struct limits *);
void limit_login_succeeded(struct limits *, const struct limit_who *,
    const char *user);

/* Refusals so far. */
uint64_t
limits_refused(const struct limits *, enum conf_limit, enum conf_scope);

/* Which limit it was, for the one who met it and the log: "limit connections
 * per source 100 (vsapd.conf): ...".  Returns out. */
const char *limit_text(const struct conf *, enum conf_limit, enum conf_scope,
    char *out, size_t outlen);

#endif
