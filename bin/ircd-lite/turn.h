#ifndef TURN_H
#define TURN_H

/*
 * What is said in one turn of the loop, and how it gets into the queues.
 *
 * Lines to one user are gathered in a block of the turn; lines to a channel
 * in a block of the channel, which the members' queues share when the turn
 * ends.  The order in which one user sees lines is the order in which they
 * were said: before anything else is put into a queue, what his channels
 * have said so far is put there.
 *
 * Lines are given without CR LF and are cut at 510 bytes.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chan;
struct conn;
struct user;

/* A line for many. */
struct line {
	struct block *block;
	uint32_t off, len;
};

/* To one connection. */
void say(struct conn *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
void say_v(struct conn *, const char *fmt, va_list)
    __attribute__((__format__(printf, 2, 0)));
void say_bytes(struct conn *, const char *, size_t); /* lines with CR LF */

/* A line made once; put to as many as wanted within this turn. */
struct line
line_make(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void say_line(struct conn *, const struct line *);

/*
 * To all members of a channel here, but not to but (NULL: to all), who is a
 * member or not.
 */
void chan_say(struct chan *, const struct user *but, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

/*
 * ":source COMMAND target :text" to a channel's members, the way of most of
 * the bytes: no formatting.
 */
void chan_say_text(struct chan *, const struct user *from, const char *command,
    const char *text);

/* Put what the channel has said into the queue of the member at place. */
void chan_sync(struct chan *, uint32_t place);

/* The channel goes, or its block is full: into all queues, now. */
void chan_commit(struct chan *);

/* Put conn on the list of those that have something to write. */
void turn_wants(struct conn *);
void turn_wants_late(struct conn *); /* behind those who wait for it */
void turn_forget(struct conn *);     /* it is being freed */

/* Whose command is carried out; NULL between commands. */
extern struct user *turn_actor;

/* The moment at which a turn begins, and its end: write.  Returns true if
 * there is more to do at once. */
int64_t turn_begin(void);
bool turn_end(int64_t began);

#endif
