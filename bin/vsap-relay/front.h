#ifndef FRONT_H
#define FRONT_H

/*
 * What a visitor of -D says before the stream: SOCKS 4, 4a, 5 or an HTTP
 * CONNECT, told apart by the first byte.  Pure: bytes in, target and answers
 * out; front_ask.h has the descriptors.
 */

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "http_head.h"
#include "socks.h"

#define FRONT_INPUT_MAX HTTP_HEAD_MAX /* the longest request */
#define FRONT_ANSWER_MAX 2048	      /* bytes of an answer, at most */

enum front_proto {
	FRONT_UNKNOWN,
	FRONT_SOCKS4,
	FRONT_SOCKS5,
	FRONT_HTTP,
};

struct front {
	enum front_proto proto;
	bool greeted; /* version 5: the method is chosen */
	char text[ADDR_STRLEN];
	struct addr to; /* where the visitor wants to go, and as text */
};

enum front_step {
	FRONT_MORE,    /* more bytes are needed */
	FRONT_GO_ON,   /* send the answer, feed what is left */
	FRONT_REQUEST, /* text and to are set; front_answer() answers */
	FRONT_REFUSE,  /* send the answer, if any, and close; why is set */
};

struct front_said {
	size_t used; /* bytes that are done with */
	char answer[FRONT_ANSWER_MAX];
	size_t len;	 /* of the answer */
	const char *why; /* for people */
};

/* A zeroed struct front is a new one. */
enum front_step
front_feed(struct front *, const void *p, size_t len, struct front_said *);

/*
 * The answer to a request: SOCKS_OK, or why not, with a text where the
 * protocol has room for one.  The length, at most outlen, which is
 * FRONT_ANSWER_MAX or more.
 */
size_t front_answer(const struct front *, enum socks_rep, const char *text,
    char *out, size_t outlen);

/* The answer to a visitor who took too long; 0: the protocol has none. */
size_t front_late(const struct front *, char *out, size_t outlen);

/* "SOCKS5", "HTTP" ... */
const char *front_name(const struct front *);

#endif
