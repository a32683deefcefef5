#ifndef LOGIN_H
#define LOGIN_H

/*
 * Control's side of the password helper (auth.h).  What is asked waits here
 * until the helper is about to come to it, so that nothing is computed for
 * who has left.
 *
 * One who floods delays himself: each source (the text of a peer's host; for
 * IPv6 its network of 64 bits) has a queue of its own, and these are served in
 * turn.  A SCRAM message, which costs next to nothing, waits behind two slow
 * hashes at most.  A source may have as many places as are still free, so
 * that there are some for the next one.
 *
 * And many who flood do not delay those who belong here: a source that knew a
 * password of late does not wait for the others, and one that has shut its
 * side, which may have left, waits behind them; each fourth turn is its.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define LOGIN_MAX 2048 /* under way, of each class and of SCRAM's messages */

enum login_class {
	LOGIN_KNOWN,	/* from where a password was right of late */
	LOGIN_STRANGER, /* all others */
	LOGIN_DEPARTED, /* who has shut its side, and may have left */
	LOGIN_CLASSES
};

struct login;
struct login_check;

struct login *login_new(struct event_base *);

/* Nobody is called any more.  Not from within done; NULL is fine. */
void login_free(struct login *);

/* Use this socket from now on; what is unanswered is asked again there. */
void login_use(struct login *, int fd);

/*
 * Ask the helper; all texts are copied, and wiped later.  done is called
 * once, not from within.  NULL with errno: EAGAIN, too many under way;
 * EMSGSIZE, longer than auth.h takes; ENOMEM.
 *
 * Is "user:password" right?
 */
struct login_check *
login_start(struct login *, const char *source, enum login_class,
    const char *text, void (*done)(void *arg, int right), void *arg);

/* Who asked for this has shut its side: a check that login_start() began is of
 * LOGIN_DEPARTED from now on.  false: they are too many, cancel it. */
bool login_departed(struct login_check *);

/* What the server's first message of SCRAM says; saltlen is 1 to
 * SCRAM_SALT_MAX. */
struct login_check *
login_scram_first(struct login *, const char *source, const char *user,
    void (*done)(void *arg, const unsigned char *salt, size_t saltlen,
	uint32_t iterations),
    void *arg);

/* Is the proof (SCRAM_KEY bytes) right for this AuthMessage?  signature is
 * all zero if not. */
struct login_check *login_scram_final(struct login *, const char *source,
    const char *user, const char *auth, const unsigned char *proof,
    void (*done)(void *arg, bool right, const unsigned char *signature),
    void *arg);

void login_cancel(struct login_check *); /* NULL is fine */

#endif
