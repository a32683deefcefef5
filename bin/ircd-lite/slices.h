#ifndef SLICES_H
#define SLICES_H

/*
 * Long replies, a slice at a time: LIST, WHO, NAMES, TRACE, STATS l.  More
 * is said when the queue has drained, so that no reply, however long, fills
 * it, and no turn of the loop takes long.  A reply ends with its user.
 *
 * What a reply remembers between slices are names and numbers, never
 * pointers: channels and users come and go meanwhile.
 */

#include <stdbool.h>
#include <stddef.h>

struct user;

/*
 * Say a little more to u, from where state says it left off: about SLICE_BITE
 * units, of which looking at a thing is one and saying a line SLICE_LINE.
 * false: it was all.  u->conn is not dead when it is called.
 */
typedef bool slice_fn(struct user *u, void *state);

#define SLICE_BITE 128
#define SLICE_LINE 16

/* Replies to one user that wait for the one before them. */
#define SLICES_WAITING 8

/*
 * Begin a long reply: what there is room for is said at once.  state came
 * from malloc and is freed here; where it is NULL, or where too many replies
 * to him are waiting, he is told to try again (263, with the command).
 */
void
slice_begin(struct user *u, const char *command, slice_fn *some, void *state);

/* Something of a reply to him is still to be said. */
bool slice_running(const struct user *u);

#endif
