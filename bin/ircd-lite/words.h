#ifndef WORDS_H
#define WORDS_H

/*
 * Pieces of replies that never break a line: what a client said comes back
 * as one word of bounded length, and lists are split over several replies.
 */

#include <stdbool.h>
#include <stddef.h>

struct user;

/*
 * A text as one parameter in the middle of a reply: blanks and control bytes
 * become "_", a leading colon gets a zero before it ("0::1"), nothing is
 * "*", and what is too long is cut.  Returns out.
 */
const char *word_of(char *out, size_t outlen, const char *in);

/* Room enough for what may be repeated in an error. */
#define WORD_LEN 128

/* The same in a text of its own, good for the next three calls: for the
 * arguments of reply(). */
const char *as_word(const char *in);

/* Bytes that a reply to u has left for its parameters, the blank before the
 * first one not among them. */
size_t reply_room(const struct user *u);

/* A text is cut to max bytes, in no UTF-8 sequence's middle: the length. */
size_t text_cut(const char *text, size_t len, size_t max);

/* Words of one reply, as many as fit. */
struct words {
	size_t len, room;
	char text[512];
};

/* Begin; more is the number of bytes of the reply's other parameters. */
void words_begin(struct words *, const struct user *to, size_t more);

/* Add prefix and word with a blank before them; false: there is no room,
 * send what is there and begin again. */
bool words_add(struct words *, const char *prefix, const char *word);

#endif
