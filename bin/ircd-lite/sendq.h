#ifndef SENDQ_H
#define SENDQ_H

/*
 * What is to be written to one peer: pieces of blocks.  A block is bytes
 * that many queues share by reference; a queue's pieces that lie side by
 * side are one.  No I/O.
 */

#include <sys/uio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_SIZE 16384 /* of a common block, header included */

struct block {
	struct block *next; /* of the spare ones */
	unsigned refs;
	uint32_t len; /* bytes in use; only grows while it is being filled */
	uint32_t cap;
	char data[];
};

/* A block for at least n bytes with one reference; NULL: no memory. */
struct block *block_new(size_t n);
void block_unref(struct block *); /* NULL is fine */

struct piece {
	struct block *block;
	uint32_t off, len;
};

#define SENDQ_FEW 2

struct sendq {
	struct piece *piece; /* few, or allocated */
	uint32_t first, n, cap;
	uint32_t loose; /* of the last ones: not looked at by sendq_settle() */
	size_t bytes;
	struct piece few[SENDQ_FEW];
};

void sendq_init(struct sendq *);
void sendq_clear(struct sendq *);

/* Append a piece; the queue takes a reference of its own.  0 or -1. */
int sendq_add(struct sendq *, struct block *, uint32_t off, uint32_t len);

/* The front of the queue as at most max vectors and limit bytes (the last
 * one is cut).  Returns their number, *total their bytes. */
int sendq_iov(const struct sendq *, struct iovec *, int max, size_t limit,
    size_t *total);

/* n bytes were written. */
void sendq_drop(struct sendq *, size_t n);

/*
 * The peer does not take more for now: what is a small part of a large block
 * is copied, so that it does not hold the rest in memory.  Wanted again when
 * SENDQ_LOOSE pieces have come since.
 */
#define SENDQ_LOOSE 16
void sendq_settle(struct sendq *);

#endif
