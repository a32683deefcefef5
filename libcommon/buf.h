#ifndef BUF_H
#define BUF_H

/*
 * A byte queue with a maximum: bytes are appended at the end and consumed
 * at the front.  No I/O.  An empty buffer holds no memory, so that ten
 * thousand idle sessions cost nothing here.
 */

#include <stdarg.h>
#include <stddef.h>

struct buf {
	unsigned char *data; /* first unread byte, NULL while empty */
	size_t len;	     /* unread bytes */
	size_t off;	     /* bytes consumed before data, of the allocation */
	size_t cap;	     /* size of the allocation */
	size_t max;	     /* len never passes this */
};

/* An empty buffer that holds at most max bytes. */
void buf_init(struct buf *, size_t max);

/* Release the memory; the buffer is empty and usable again. */
void buf_free(struct buf *);

/*
 * Append n bytes.  Returns 0, or -1 with errno ENOBUFS (past the maximum,
 * nothing appended) or ENOMEM.
 */
int buf_append(struct buf *, const void *, size_t n);

/* The same for formatted text; the terminating NUL is not appended. */
int buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
int buf_vprintf(struct buf *, const char *fmt, va_list)
    __attribute__((__format__(printf, 2, 0)));

/*
 * Make room for n further bytes and return where they go; the caller
 * writes at most n there and adds what it wrote to len by buf_added().
 * NULL with errno ENOBUFS or ENOMEM.
 */
void *buf_space(struct buf *, size_t n);
void buf_added(struct buf *, size_t n);

/* Drop the first n bytes (at most len); memory goes with the last one. */
void buf_consume(struct buf *, size_t n);

#endif
