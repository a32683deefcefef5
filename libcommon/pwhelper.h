#ifndef PWHELPER_H
#define PWHELPER_H

/*
 * Passwords are checked in a process of its own, so that a hash that takes
 * a tenth of a second stops nobody else: the helper's loop, and the asking
 * half for an event loop.  Level: tier 2.
 *
 * SOCK_SEQPACKET: a request is a number of four bytes (big endian), the hash
 * and a NUL, the password and a NUL; the answer the number and one byte, 1
 * for right.  One answer to each request, in order.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypthash.h"

#define PWHELPER_MAX 256 /* requests under way, those cancelled too */

/* The helper: answer requests on fd until it ends. */
void pwhelper_serve(int fd) __attribute__((__noreturn__));

struct pwhelper;

/*
 * The asking half.  fd, its to close, leads to a helper; -1: there is none
 * yet.  gone(arg) is called from the loop when the helper has ended, after
 * all who waited were told "no"; pwhelper_replace() brings a new one.  NULL
 * with errno; fd stays the caller's then.
 */
struct pwhelper *
pwhelper_new(struct event_base *, int fd, void (*gone)(void *arg), void *arg);

/* No call comes any more.  NULL is fine; so is a callback of its own. */
void pwhelper_free(struct pwhelper *);

/*
 * Ask whether the password is right: done(arg, right) is called from the
 * loop, once, never from within.  Returns a number for pwhelper_cancel(),
 * or 0 with errno, then done is never called and the answer is "no": EAGAIN
 * (too many under way), ENOTCONN (no helper), EINVAL (longer than a hash or
 * a password may be).  Both texts stay the caller's, to wipe.
 */
uint32_t pwhelper_ask(struct pwhelper *, const char *hash, const char *password,
    void (*done)(void *arg, bool right), void *arg);

/* done is not called for this number; 0 and those answered are fine. */
void pwhelper_cancel(struct pwhelper *, uint32_t number);

/*
 * A new helper (-1: none).  Who still waits for the old one is told "no",
 * from within this call.  0, or -1 with errno: fd stays the caller's.
 */
int pwhelper_replace(struct pwhelper *, int fd);

#endif
