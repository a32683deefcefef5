#include "buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256 /* bytes of the smallest allocation */

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_free(struct buf *b)
{
	if (b->data != NULL)
		free(b->data - b->off);
	buf_init(b, b->max);
}

/* Move what is unread to the front of an allocation of cap bytes. */
static int
buf_resize(struct buf *b, size_t cap)
{
	unsigned char *p;

	if ((p = malloc(cap)) == NULL)
		return -1;
	if (b->data != NULL) {
		memcpy(p, b->data, b->len);
		free(b->data - b->off);
	}
	b->data = p;
	b->off = 0;
	b->cap = cap;
	return 0;
}

void *
buf_space(struct buf *b, size_t n)
{
	size_t cap;

	if (n > b->max || b->len > b->max - n) {
		errno = ENOBUFS;
		return NULL;
	}
	if (b->data != NULL && b->off + b->len + n <= b->cap)
		return b->data + b->len;
	if (b->data != NULL && b->len + n <= b->cap) {
		memmove(b->data - b->off, b->data, b->len);
		b->data -= b->off;
		b->off = 0;
		return b->data + b->len;
	}
	for (cap = BUF_FIRST; cap < b->len + n; cap *= 2)
		continue;
	if (buf_resize(b, cap) == -1)
		return NULL;
	return b->data + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	b->len += n;
	if (b->len == 0)
		buf_free(b);
}

int
buf_append(struct buf *b, const void *p, size_t n)
{
	void *space;

	if (n == 0)
		return 0;
	if ((space = buf_space(b, n)) == NULL)
		return -1;
	memcpy(space, p, n);
	b->len += n;
	return 0;
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	char *text;
	int n, r;

	if ((n = vasprintf(&text, fmt, ap)) == -1)
		return -1;
	r = buf_append(b, text, (size_t)n);
	free(text);
	return r;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_free(b);
		return;
	}
	b->data += n;
	b->off += n;
	b->len -= n;
}
