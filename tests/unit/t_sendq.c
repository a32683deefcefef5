/*
 * Send queues: bytes come out as they went in, whatever is written, shared
 * and copied on the way; blocks go when nobody has them any more.
 */
#include "ircd-lite/sendq.h"

#include <stdlib.h>

#include "tap.h"

#define ROUNDS 20000
#define MODEL (1 << 20)

static uint32_t state = 1;

static uint32_t
below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static struct block *
block_of(const char *text)
{
	struct block *b = block_new(strlen(text));

	memcpy(b->data, text, strlen(text));
	b->len = (uint32_t)strlen(text);
	return b;
}

/* All that is queued, as one text. */
static const char *
text_of(const struct sendq *q)
{
	static char text[4096];
	struct iovec iov[64];
	size_t total, used = 0;
	int n = sendq_iov(q, iov, 64, sizeof(text) - 1, &total);

	for (int i = 0; i < n; i++) {
		memcpy(text + used, iov[i].iov_base, iov[i].iov_len);
		used += iov[i].iov_len;
	}
	text[used] = '\0';
	return used == total ? text : "not the total";
}

static void
test_order(void)
{
	struct block *a = block_of("abcdef"), *b = block_of("123");
	struct sendq q;

	sendq_init(&q);
	is_str(text_of(&q), "", "a new one is empty");
	sendq_add(&q, a, 0, 2);
	sendq_add(&q, a, 2, 2);
	is_int(q.n, 1, "what lies side by side is one piece");
	is_int(a->refs, 2, "with one reference");
	sendq_add(&q, b, 0, 3);
	sendq_add(&q, a, 4, 2);
	is_int(q.n, 3, "else it is another one");
	is_str(text_of(&q), "abcd123ef", "in order");
	is_int((long long)q.bytes, 9, "so many bytes");
	sendq_drop(&q, 5);
	is_str(text_of(&q), "23ef", "what was written is gone");
	is_int(a->refs, 2, "with its reference");
	sendq_drop(&q, 4);
	ok(q.n == 0 && q.bytes == 0, "to the last byte");
	is_int(a->refs + b->refs, 2, "nobody has the blocks but us");
	sendq_add(&q, a, 0, 6);
	sendq_add(&q, b, 0, 3);
	sendq_clear(&q);
	sendq_clear(&q);
	ok(q.n == 0 && q.bytes == 0 && a->refs == 1, "cleared");
	block_unref(a);
	block_unref(b);
	block_unref(NULL);
}

static void
test_limits(void)
{
	struct block *b[5];
	struct iovec iov[5];
	struct sendq q;
	size_t total;
	int n;

	sendq_init(&q);
	for (int i = 0; i < 5; i++) {
		b[i] = block_of("0123456789");
		sendq_add(&q, b[i], 0, 10);
	}
	n = sendq_iov(&q, iov, 3, 1000, &total);
	ok(n == 3 && total == 30, "so many vectors");
	n = sendq_iov(&q, iov, 5, 25, &total);
	ok(n == 3 && total == 25 && iov[2].iov_len == 5, "so many bytes");
	n = sendq_iov(&q, iov, 5, 20, &total);
	ok(n == 2 && total == 20, "none of no bytes");
	sendq_clear(&q);
	for (int i = 0; i < 5; i++)
		block_unref(b[i]);
}

/* A little of a large block does not hold the rest of it. */
static void
test_settle(void)
{
	struct block *b[SENDQ_LOOSE], *large = block_new(100000);
	struct sendq q;
	int i;

	sendq_init(&q);
	memset(large->data, 'x', 100000);
	large->len = 100000;
	for (i = 0; i < SENDQ_LOOSE; i++) {
		b[i] = block_of("0123456789");
		sendq_add(&q, b[i], 0, 10);
	}
	sendq_add(&q, large, 0, 90000);
	sendq_settle(&q);
	is_int(q.n, 2, "the small ones are one, the large one stays");
	is_int((long long)q.bytes, 10 * SENDQ_LOOSE + 90000, "all bytes");
	is_int(large->refs, 2, "the large one is held");
	for (i = 0; i < SENDQ_LOOSE && b[i]->refs == 1; i++)
		;
	is_int(i, SENDQ_LOOSE, "the small ones' blocks are not");
	sendq_drop(&q, 10 * SENDQ_LOOSE + 89999);
	is_str(text_of(&q), "x", "the last byte of all");
	sendq_settle(&q);
	is_str(text_of(&q), "x", "what was looked at is not again");
	sendq_clear(&q);
	sendq_settle(&q);
	is_int(q.n, 0, "nothing stays nothing");
	for (i = 0; i < SENDQ_LOOSE; i++)
		block_unref(b[i]);
	block_unref(large);
}

/* ---- against bytes in a row ---- */

static char model[MODEL];
static size_t front, back;

static void
add(struct sendq *q, struct block **b)
{
	uint32_t n = 1 + below(below(20) == 0 ? 6000 : 200), i;

	if (*b == NULL || (*b)->cap - (*b)->len < n) {
		block_unref(*b);
		*b = block_new(below(9) == 0 ? 40000 : n);
	}
	for (i = 0; i < n; i++)
		model[back + i] = (*b)->data[(*b)->len + i] = (char)below(256);
	sendq_add(q, *b, (*b)->len, n);
	(*b)->len += n;
	back += n;
	/* what others are told in between */
	if (below(3) == 0 && (*b)->cap > (*b)->len)
		(*b)->len++;
}

static int
same(const struct sendq *q)
{
	struct iovec iov[32];
	size_t total, at = front, max = 1 + below(40000);
	int n = sendq_iov(q, iov, 32, max, &total), i;

	for (i = 0; i < n; i++) {
		if (at + iov[i].iov_len > back ||
		    memcmp(iov[i].iov_base, model + at, iov[i].iov_len) != 0)
			return 0;
		at += iov[i].iov_len;
	}
	return at - front == total && total <= max &&
	       q->bytes == back - front && (total > 0 || q->bytes == 0);
}

static void
test_random(void)
{
	struct block *b = NULL;
	struct sendq q;
	size_t n;
	int good = 1, i;

	sendq_init(&q);
	for (i = 0; i < ROUNDS && good; i++) {
		if (back + 10000 > MODEL) {
			memmove(model, model + front, back - front);
			back -= front;
			front = 0;
		}
		if (back - front < 200000 && below(100) < 55)
			add(&q, &b);
		if (below(10) < 4 && back > front) {
			n = 1 + below((uint32_t)(back - front));
			if (below(5) > 0 && n > 500)
				n = 500;
			sendq_drop(&q, n);
			front += n;
		}
		if (below(30) == 0)
			sendq_settle(&q);
		if (below(2000) == 0) {
			sendq_clear(&q);
			front = back;
		}
		good = same(&q);
	}
	ok(good, "bytes in, bytes out (%d)", i);
	sendq_clear(&q);
	is_int(b == NULL ? 1 : b->refs, 1, "and no block is forgotten");
	block_unref(b);
}

int
main(void)
{
	test_order();
	test_limits();
	test_settle();
	test_random();
	return done_testing();
}
