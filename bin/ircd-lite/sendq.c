#include "sendq.h"

#include <stdlib.h>
#include <string.h>

#define SPARE_MAX 256 /* common blocks kept for the next turn */
#define WASTE 4	      /* a block may be this many times what is queued */

static struct block *spare;
static unsigned nspare;

struct block *
block_new(size_t n)
{
	struct block *b;
	size_t size = n + sizeof(*b);

	if (size <= BLOCK_SIZE && spare != NULL) {
		b = spare;
		spare = b->next;
		nspare--;
	} else {
		if (size < BLOCK_SIZE)
			size = BLOCK_SIZE;
		if ((b = malloc(size)) == NULL)
			return NULL;
		b->cap = (uint32_t)(size - sizeof(*b));
	}
	b->next = NULL;
	b->refs = 1;
	b->len = 0;
	return b;
}

void
block_unref(struct block *b)
{
	if (b == NULL || --b->refs > 0)
		return;
	if (nspare < SPARE_MAX && b->cap == BLOCK_SIZE - sizeof(*b)) {
		b->next = spare;
		spare = b;
		nspare++;
	} else
		free(b);
}

void
sendq_init(struct sendq *q)
{
	memset(q, 0, sizeof(*q));
	q->piece = q->few;
	q->cap = SENDQ_FEW;
}

static void
empty(struct sendq *q)
{
	q->first = q->n = q->loose = 0;
	q->bytes = 0;
	if (q->piece != q->few) {
		free(q->piece);
		q->piece = q->few;
		q->cap = SENDQ_FEW;
	}
}

void
sendq_clear(struct sendq *q)
{
	uint32_t i;

	for (i = 0; i < q->n; i++)
		block_unref(q->piece[q->first + i].block);
	empty(q);
}

/* Room for one more behind the last: move to the front, or grow. */
static int
room(struct sendq *q)
{
	struct piece *p;
	uint32_t cap;

	if (q->first + q->n < q->cap)
		return 0;
	if (q->first > q->cap / 2) {
		memmove(q->piece, q->piece + q->first,
		    q->n * sizeof(*q->piece));
		q->first = 0;
		return 0;
	}
	cap = q->cap < 8 ? 8 : q->cap * 2;
	if ((p = malloc(cap * sizeof(*p))) == NULL)
		return -1;
	memcpy(p, q->piece + q->first, q->n * sizeof(*p));
	if (q->piece != q->few)
		free(q->piece);
	q->piece = p;
	q->cap = cap;
	q->first = 0;
	return 0;
}

int
sendq_add(struct sendq *q, struct block *b, uint32_t off, uint32_t len)
{
	struct piece *last;

	if (q->n > 0) {
		last = &q->piece[q->first + q->n - 1];
		if (last->block == b && last->off + last->len == off) {
			last->len += len;
			q->bytes += len;
			return 0;
		}
	}
	if (room(q) == -1)
		return -1;
	b->refs++;
	q->piece[q->first + q->n++] =
	    (struct piece){ .block = b, .off = off, .len = len };
	q->bytes += len;
	q->loose++;
	return 0;
}

int
sendq_iov(const struct sendq *q, struct iovec *iov, int max, size_t limit,
    size_t *total)
{
	const struct piece *p = q->piece + q->first;
	size_t sum = 0, len;
	int n;

	for (n = 0; n < max && (uint32_t)n < q->n && sum < limit; n++, p++) {
		len = p->len < limit - sum ? p->len : limit - sum;
		iov[n].iov_base = p->block->data + p->off;
		iov[n].iov_len = len;
		sum += len;
	}
	*total = sum;
	return n;
}

void
sendq_drop(struct sendq *q, size_t n)
{
	struct piece *p;

	q->bytes -= n;
	while (n > 0) {
		p = &q->piece[q->first];
		if (n < p->len) {
			p->off += (uint32_t)n;
			p->len -= (uint32_t)n;
			return;
		}
		n -= p->len;
		block_unref(p->block);
		q->first++;
		q->n--;
	}
	if (q->n == 0)
		empty(q);
}

/* The run of pieces at p that are worth copying: its number and bytes. */
static uint32_t
small_run(const struct piece *p, uint32_t n, size_t *bytes)
{
	uint32_t i;

	*bytes = 0;
	for (i = 0; i < n && p[i].len < p[i].block->cap / WASTE; i++) {
		if (*bytes + p[i].len > BLOCK_SIZE)
			break;
		*bytes += p[i].len;
	}
	return i;
}

static struct block *
block_exact(size_t n)
{
	struct block *b = malloc(sizeof(*b) + n);

	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->refs = 1;
	b->len = b->cap = (uint32_t)n;
	return b;
}

static struct block *
copy_run(const struct piece *p, uint32_t n, size_t bytes)
{
	struct block *b = block_exact(bytes);
	size_t at = 0;
	uint32_t i;

	for (i = 0; b != NULL && i < n; i++) {
		memcpy(b->data + at, p[i].block->data + p[i].off, p[i].len);
		at += p[i].len;
	}
	return b;
}

void
sendq_settle(struct sendq *q)
{
	struct piece *p = q->piece + q->first;
	struct block *b;
	uint32_t in, out, run, i;
	size_t bytes;

	in = out = q->loose < q->n ? q->n - q->loose : 0;
	q->loose = 0;
	while (in < q->n) {
		run = small_run(p + in, q->n - in, &bytes);
		if (run == 0 || (b = copy_run(p + in, run, bytes)) == NULL) {
			p[out++] = p[in++];
			continue;
		}
		for (i = 0; i < run; i++)
			block_unref(p[in + i].block);
		in += run;
		p[out++] = (struct piece){ .block = b, .len = (uint32_t)bytes };
	}
	q->n = out;
}
