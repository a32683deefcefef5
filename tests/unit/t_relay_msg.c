/* Worker messages: what is formatted is parsed back; nothing else is. */
#include "relay_msg.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define START_HEAD 29
#define COUNTS_HEAD 8

static struct relay_msg in, out;
static unsigned char wire[RELAY_MSG_MAX];
static char first[RELAY_FIRST_MAX];

static size_t
format(void)
{
	return relay_msg_format(&in, wire, sizeof(wire));
}

/* A copy of exactly n bytes, so that the sanitizer sees a byte beyond. */
static int
parse(size_t n)
{
	unsigned char *p = malloc(n > 0 ? n : 1);
	int r;

	if (p == NULL)
		return -2;
	memcpy(p, wire, n);
	r = relay_msg_parse(&out, p, n);
	free(p);
	return r;
}

static void
refuses_every_other_length(const char *name, size_t len)
{
	size_t taken = 0;

	for (size_t n = 0; n < len; n++)
		taken += parse(n) == 0;
	is_int(taken, 0, "%s: no truncation is taken", name);
	wire[len] = 0;
	is_int(parse(len + 1), -1, "%s: a byte too many", name);
	is_int(relay_msg_format(&in, wire, len - 1), 0,
	    "%s: does not fit one byte less", name);
}

static void
start_messages(void)
{
	size_t len;

	memset(&in, 0, sizeof(in));
	in.type = RELAY_START;
	in.id = 0x0123456789abcdefULL;
	in.opts.idle = 0xfedcba98;
	in.opts.slot = 0x89abcdef;
	in.opts.rate = 0xf0e1d2c3b4a59687ULL;
	in.first_ab = "hello";
	in.first_ab_len = 5;
	in.first_ba = "yo";
	in.first_ba_len = 2;
	len = format();
	is_int(len, START_HEAD + 7, "START: length");
	is_int(relay_msg_parse(&out, wire, len), 0, "START: parsed");
	ok(out.type == RELAY_START && out.id == in.id &&
		out.opts.idle == in.opts.idle,
	    "START: id and idle");
	ok(out.opts.slot == in.opts.slot && out.opts.rate == in.opts.rate,
	    "START: slot and rate");
	ok(out.first_ab_len == 5 && memcmp(out.first_ab, "hello", 5) == 0,
	    "START: bytes for b");
	ok(out.first_ba_len == 2 && memcmp(out.first_ba, "yo", 2) == 0,
	    "START: bytes for a");
	refuses_every_other_length("START", len);

	in.first_ab = in.first_ba = first;
	in.first_ab_len = in.first_ba_len = RELAY_FIRST_MAX;
	len = format();
	is_int(len, START_HEAD + 2 * RELAY_FIRST_MAX,
	    "START: as much as may be");
	is_int(relay_msg_parse(&out, wire, len), 0, "START: that is parsed");
	in.first_ab_len++;
	is_int(format(), 0, "START: a byte more is not formatted");
}

static void
start_limit_of_first_bytes(void)
{
	size_t n = RELAY_FIRST_MAX + 1;

	memset(wire, 0, START_HEAD + n);
	wire[0] = RELAY_START;
	wire[25] = (unsigned char)(n >> 8);
	wire[26] = n & 0xff;
	is_int(parse(START_HEAD + n), -1,
	    "START: more first bytes than may be");
}

static void
nak_messages(void)
{
	size_t len;

	memset(&in, 0, sizeof(in));
	in.type = RELAY_NAK;
	in.id = UINT64_MAX;
	in.error = 24;
	len = format();
	is_int(len, 13, "NAK: length");
	is_int(relay_msg_parse(&out, wire, len), 0, "NAK: parsed");
	ok(out.type == RELAY_NAK && out.id == UINT64_MAX && out.error == 24,
	    "NAK: id and errno");
	refuses_every_other_length("NAK", len);
	(void)format();
	memset(wire + 9, 0, 4);
	is_int(parse(13), -1, "NAK: errno 0 is none");
	memset(wire + 9, 0xff, 4);
	is_int(parse(13), -1, "NAK: a wild errno");
}

static void
ack_messages(size_t count)
{
	size_t len, same = 0;

	memset(&in, 0, sizeof(in));
	in.type = RELAY_ACK;
	in.count = count;
	for (size_t i = 0; i < count; i++)
		in.ids[i] = i * 0x0101010101010101ULL;
	len = format();
	is_int(len, 3 + 8 * count, "ACK of %zu: length", count);
	is_int(relay_msg_parse(&out, wire, len), 0, "ACK: parsed");
	for (size_t i = 0; i < count; i++)
		same += out.ids[i] == in.ids[i];
	ok(out.type == RELAY_ACK && out.count == count && same == count,
	    "ACK: the ids");
	refuses_every_other_length("ACK", len);
}

static void
end_messages(size_t count)
{
	struct relay_end *a, *b;
	size_t len, same = 0;

	memset(&in, 0, sizeof(in));
	in.type = RELAY_END;
	in.count = count;
	for (size_t i = 0; i < count; i++)
		in.ends[i] = (struct relay_end){ .id = ~i,
			.ab = i << 40,
			.ba = UINT64_MAX - i,
			.ms = (uint32_t)(i * 1000),
			.cause = (enum relay_cause)(i % 4) };
	len = format();
	is_int(len, 3 + 29 * count, "END of %zu: length", count);
	is_int(relay_msg_parse(&out, wire, len), 0, "END: parsed");
	for (size_t i = 0; i < count; i++) {
		a = &in.ends[i];
		b = &out.ends[i];
		same += a->id == b->id && a->ab == b->ab && a->ba == b->ba &&
			a->ms == b->ms && a->cause == b->cause;
	}
	ok(out.type == RELAY_END && out.count == count && same == count,
	    "END: the records");
	refuses_every_other_length("END", len);
	(void)format();
	wire[len - 1] = RELAY_KILLED + 1;
	is_int(parse(len), -1, "END: an unknown cause");
}

static void
small_messages(void)
{
	memset(&in, 0, sizeof(in));
	in.type = RELAY_SHARE;
	is_int(format(), 1, "SHARE: length");
	ok(parse(1) == 0 && out.type == RELAY_SHARE, "SHARE: parsed");
	refuses_every_other_length("SHARE", 1);

	in.type = RELAY_QUERY;
	in.seq = 0xfedcba98;
	is_int(format(), 5, "QUERY: length");
	ok(parse(5) == 0 && out.type == RELAY_QUERY && out.seq == in.seq,
	    "QUERY: parsed");
	refuses_every_other_length("QUERY", 5);
}

static void
counts_messages(size_t count, bool more)
{
	struct relay_end *a, *b;
	size_t len, same = 0;

	memset(&in, 0, sizeof(in));
	memset(&out, 0xff, sizeof(out));
	in.type = RELAY_COUNTS;
	in.seq = 0x89abcdef;
	in.more = more;
	in.count = count;
	for (size_t i = 0; i < count; i++)
		in.ends[i] = (struct relay_end){ .id = ~i,
			.ab = i << 40,
			.ba = UINT64_MAX - i };
	len = format();
	is_int(len, COUNTS_HEAD + 24 * count, "COUNTS of %zu: length", count);
	is_int(relay_msg_parse(&out, wire, len), 0, "COUNTS: parsed");
	for (size_t i = 0; i < count; i++) {
		a = &in.ends[i];
		b = &out.ends[i];
		same += a->id == b->id && a->ab == b->ab && a->ba == b->ba &&
			b->ms == 0 && b->cause == 0;
	}
	ok(out.type == RELAY_COUNTS && out.seq == in.seq && out.more == more &&
		out.count == count && same == count,
	    "COUNTS: the records");
	refuses_every_other_length("COUNTS", len);
	(void)format();
	wire[5] = 2;
	is_int(parse(len), -1, "COUNTS: more or not, no third");
}

static void
hostile_counts(void)
{
	static const unsigned counts[] = { 0, 257, 0x7fff, 0xffff };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		memset(wire, 0, sizeof(wire));
		wire[1] = (unsigned char)(counts[i] >> 8);
		wire[2] = counts[i] & 0xff;
		wire[0] = RELAY_ACK;
		is_int(parse(3 + (size_t)(counts[i] & 0xfff) * 8), -1,
		    "ACK: a count of %u", counts[i]);
		wire[0] = RELAY_END;
		is_int(parse(3), -1, "END: a count of %u", counts[i]);
		memset(wire, 0, 3);
		wire[0] = RELAY_COUNTS;
		wire[6] = (unsigned char)(counts[i] >> 8);
		wire[7] = counts[i] & 0xff;
		if (counts[i] > 0)
			is_int(parse(COUNTS_HEAD +
				     (size_t)(counts[i] & 0x3ff) * 24),
			    -1, "COUNTS: a count of %u", counts[i]);
	}
	memset(&in, 0, sizeof(in));
	in.type = RELAY_ACK;
	is_int(format(), 0, "an empty ACK is not formatted");
	in.count = RELAY_BATCH_MAX + 1;
	is_int(format(), 0, "nor one of too many");
}

static void
unknown_types(void)
{
	size_t taken = 0;

	memset(wire, 0, sizeof(wire));
	for (unsigned type = 0; type < 256; type++) {
		wire[0] = (unsigned char)type;
		if (type < RELAY_START || type > RELAY_COUNTS)
			taken += parse(START_HEAD) == 0;
	}
	is_int(taken, 0, "unknown types");
	is_int(relay_msg_parse(&out, wire, 0), -1, "no bytes at all");
}

int
main(void)
{
	start_messages();
	start_limit_of_first_bytes();
	nak_messages();
	ack_messages(1);
	ack_messages(RELAY_BATCH_MAX);
	end_messages(1);
	end_messages(RELAY_BATCH_MAX);
	small_messages();
	counts_messages(0, false);
	counts_messages(1, false);
	counts_messages(RELAY_BATCH_MAX, true);
	hostile_counts();
	unknown_types();
	is_str(relay_cause_name(RELAY_IDLE), "idle", "a cause has a name");
	is_str(relay_cause_name((enum relay_cause)99), "unknown",
	    "also one that is none");
	return done_testing();
}
