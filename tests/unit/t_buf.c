/*
 * The byte queue: order, maximum, and no memory while empty.
 */
#include "buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

static int
holds(const struct buf *b, const char *want)
{
	return b->len == strlen(want) &&
	       (b->len == 0 || memcmp(b->data, want, b->len) == 0);
}

static void
test_empty(void)
{
	struct buf b;

	buf_init(&b, 10);
	ok(b.data == NULL && b.len == 0, "a new one is empty");
	buf_consume(&b, 0);
	buf_consume(&b, 5);
	ok(b.data == NULL && b.len == 0, "consuming nothing of nothing");
	is_int(buf_append(&b, NULL, 0), 0, "appending nothing");
	ok(b.data == NULL, "takes no memory");
	buf_free(&b);
	buf_free(&b);
	is_int(b.max, 10, "freed twice it is usable");
	is_int(buf_append(&b, "abc", 3), 0, "again");
	buf_free(&b);
	ok(b.data == NULL && b.len == 0, "and empty when freed");
}

static void
test_order(void)
{
	struct buf b;

	buf_init(&b, 100);
	buf_append(&b, "abc", 3);
	buf_append(&b, "def", 3);
	ok(holds(&b, "abcdef"), "appended");
	buf_consume(&b, 2);
	ok(holds(&b, "cdef"), "consumed at the front");
	buf_append(&b, "gh", 2);
	ok(holds(&b, "cdefgh"), "appended behind it");
	is_int(buf_printf(&b, "%d-%s", 42, "x"), 0, "formatted");
	ok(holds(&b, "cdefgh42-x"), "without its NUL");
	buf_consume(&b, b.len);
	ok(b.data == NULL && b.len == 0 && b.cap == 0,
	    "memory goes with the last byte");
	buf_append(&b, "abc", 3);
	buf_consume(&b, 100);
	ok(b.data == NULL && b.len == 0, "consuming more than there is");
}

static void
test_max(void)
{
	struct buf b;

	buf_init(&b, 8);
	is_int(buf_append(&b, "12345678", 8), 0, "up to the maximum");
	errno = 0;
	is_int(buf_append(&b, "9", 1), -1, "not past it");
	is_int(errno, ENOBUFS, "errno");
	ok(holds(&b, "12345678"), "nothing was appended");
	buf_consume(&b, 3);
	is_int(buf_append(&b, "abcd", 4), -1, "a byte too many");
	is_int(buf_append(&b, "abc", 3), 0, "room again");
	ok(holds(&b, "45678abc"), "in order");
	errno = 0;
	is_int(buf_printf(&b, "%s", "x"), -1, "formatted text neither");
	is_int(errno, ENOBUFS, "errno");
	ok(buf_space(&b, SIZE_MAX) == NULL, "no overflow of the sum");
	ok(buf_space(&b, 1) == NULL, "no space past the maximum");
	buf_free(&b);
	ok(buf_space(&b, 9) == NULL, "nor in an empty one");
	buf_init(&b, 0);
	is_int(buf_append(&b, "", 0), 0, "a maximum of none");
	is_int(buf_append(&b, "x", 1), -1, "takes none");
}

static void
test_space(void)
{
	struct buf b;
	char *p;

	buf_init(&b, 4096);
	p = buf_space(&b, 1000);
	ok(p != NULL && b.len == 0, "space is not content");
	memcpy(p, "hello", 5);
	buf_added(&b, 5);
	ok(holds(&b, "hello"), "what was written is");
	p = buf_space(&b, 4091);
	ok(p != NULL && holds(&b, "hello"), "growing keeps the content");
	memset(p, 'x', 4091);
	buf_added(&b, 4091);
	is_int(b.len, 4096, "full");
	ok(buf_space(&b, 0) != NULL || b.len == b.max, "full with no room");
	buf_free(&b);
	p = buf_space(&b, 10);
	buf_added(&b, 0);
	ok(p != NULL && b.data == NULL, "nothing written: no memory is kept");
}

/* Against a plain model, with sizes that make it grow, move and empty. */
static void
test_model(void)
{
	static unsigned char model[1 << 20];
	size_t head = 0, tail = 0, wrong = 0;
	unsigned char chunk[700];
	uint32_t seed = 1;
	struct buf b;

	buf_init(&b, 4000);
	for (int i = 0; i < 20000 && tail < sizeof(model) - 700; i++) {
		size_t n = (seed = seed * 1664525 + 1013904223) >> 16;

		n %= i % 3 == 0 ? 700 : 60;
		if (i % 2 == 0) {
			memset(chunk, (int)(seed >> 8), n);
			if (buf_append(&b, chunk, n) == 0) {
				memcpy(model + tail, chunk, n);
				tail += n;
			} else {
				wrong += tail - head + n <= 4000;
			}
		} else {
			buf_consume(&b, n);
			head = tail - head < n ? tail : head + n;
		}
		wrong +=
		    b.len != tail - head || b.len > b.max ||
		    (b.len > 0 && memcmp(b.data, model + head, b.len) != 0);
	}
	is_int(wrong, 0, "%zu bytes through it", tail);
	buf_free(&b);
}

int
main(void)
{
	test_empty();
	test_order();
	test_max();
	test_space();
	test_model();
	return done_testing();
}
