/* Messages of TLS workers: what is formatted is parsed back, nothing else. */
#include "tls_msg.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static struct tls_msg in, out;
static unsigned char wire[TLS_MSG_MAX + 1];
static char first[TLS_FIRST_MAX + 1];

static size_t
format(void)
{
	return tls_msg_format(&in, wire, sizeof(wire) - 1);
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
	r = tls_msg_parse(&out, p, n);
	free(p);
	return r;
}

static void
set(char text[TLS_TEXT_MAX], const char *s)
{
	strlcpy(text, s, TLS_TEXT_MAX);
}

static void
clear(enum tls_msg_type type)
{
	memset(&in, 0, sizeof(in));
	in.type = type;
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
	is_int(tls_msg_format(&in, wire, len - 1), 0,
	    "%s: does not fit one byte less", name);
	(void)format();
}

/* Formatted, parsed (into out), of this length. */
static void
round_trip(const char *name, size_t want)
{
	size_t len = format();

	is_int(len, want, "%s: length", name);
	is_int(tls_msg_parse(&out, wire, len), 0, "%s: parsed", name);
	ok(out.type == in.type, "%s: type", name);
	refuses_every_other_length(name, len);
}

static void
configurations(void)
{
	clear(TLS_CONFIG);
	in.cfg = 0xfedcba98;
	in.role = TLS_CLIENT;
	in.flags = TLS_F_NO_VERIFY | TLS_F_CA;
	in.idle = 77;
	set(in.text, "tlsv1.3");
	set(in.text2, "HIGH");
	set(in.text3, "SHA256:00 SHA256:01");
	round_trip("CONFIG", 14 + 2 + 7 + 2 + 4 + 2 + 19);
	ok(out.cfg == in.cfg && out.role == TLS_CLIENT &&
		out.flags == in.flags && out.idle == 77,
	    "CONFIG: numbers");
	ok(strcmp(out.text, in.text) == 0 && strcmp(out.text2, in.text2) == 0 &&
		strcmp(out.text3, in.text3) == 0 && out.text4[0] == '\0',
	    "CONFIG: texts");
	wire[5] = TLS_CLIENT + 1;
	is_int(parse(50), -1, "CONFIG: an unknown role");
	(void)format();
	wire[6] = 1;
	is_int(parse(50), -1, "CONFIG: an unknown flag");

	clear(TLS_KEYPAIR);
	in.cfg = 3;
	round_trip("KEYPAIR", 5);
	is_int(out.cfg, 3, "KEYPAIR: its configuration");
	clear(TLS_READY);
	in.cfg = 4;
	round_trip("READY", 5);
	clear(TLS_SHARE);
	is_int(format(), 1, "SHARE: length");
	is_int(parse(1), 0, "SHARE: parsed");
	is_int(parse(2), -1, "SHARE: and no byte more");
	clear(TLS_LOADED);
	in.cfg = 9;
	set(in.text, "no such key");
	round_trip("LOADED", 5 + 2 + 11);
	ok(out.cfg == 9 && strcmp(out.text, in.text) == 0, "LOADED: fields");
}

static void
starts(void)
{
	clear(TLS_START);
	in.id = 0x0123456789abcdefULL;
	in.cfg = 2;
	set(in.text, "gw.example.org");
	in.first = "hello";
	in.firstlen = 5;
	round_trip("START", 1 + 8 + 4 + 2 + 14 + 2 + 5);
	(void)tls_msg_parse(&out, wire, format());
	ok(out.id == in.id && out.cfg == 2 && strcmp(out.text, in.text) == 0,
	    "START: id, configuration, name");
	ok(out.firstlen == 5 && memcmp(out.first, "hello", 5) == 0,
	    "START: bytes read ahead");
	in.first = first;
	in.firstlen = TLS_FIRST_MAX;
	ok(format() > TLS_FIRST_MAX, "START: as much as may be");
	in.firstlen++;
	is_int(format(), 0, "START: a byte more is not formatted");
}

static void
switches(void)
{
	clear(TLS_SWITCH);
	in.id = 7;
	in.idle = 60;
	in.slot = 4095;
	in.rate = 0x8000000000000001ULL;
	in.first = "GET";
	in.firstlen = 3;
	round_trip("SWITCH", 1 + 8 + 4 + 4 + 8 + 2 + 3);
	(void)tls_msg_parse(&out, wire, format());
	ok(out.id == 7 && out.idle == 60 && out.slot == 4095 &&
		out.rate == in.rate,
	    "SWITCH: numbers");
	ok(out.firstlen == 3 && memcmp(out.first, "GET", 3) == 0,
	    "SWITCH: bytes for the peer");
}

static void
answers(void)
{
	static const enum tls_msg_type bare[] = { TLS_ACK, TLS_SWITCHED,
		TLS_RESET };

	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
		clear(bare[i]);
		in.id = UINT64_MAX - 1;
		round_trip("id alone", 9);
		ok(out.id == in.id, "its id");
	}
	clear(TLS_NAK);
	in.id = 5;
	in.error = 24;
	round_trip("NAK", 13);
	ok(out.id == 5 && out.error == 24, "NAK: id and errno");
	memset(wire + 9, 0, 4);
	is_int(parse(13), -1, "NAK: errno 0 is none");
	memset(wire + 9, 0xff, 4);
	is_int(parse(13), -1, "NAK: a wild errno");

	clear(TLS_UP);
	in.id = 6;
	set(in.text2, "TLSv1.3 TLS_AES_256_GCM_SHA384");
	set(in.text3, "J\303\266rg");
	set(in.text4, "SHA256:00");
	round_trip("UP", 1 + 8 + 2 + 30 + 2 + 5 + 2 + 9);
	ok(strcmp(out.text2, in.text2) == 0 &&
		strcmp(out.text3, in.text3) == 0 &&
		strcmp(out.text4, in.text4) == 0,
	    "UP: texts");
	clear(TLS_DOWN);
	in.id = 6;
	set(in.text, "end");
	round_trip("DOWN", 1 + 8 + 2 + 3);
	is_str(out.text, "end", "DOWN: reason");
}

static void
counts(size_t n)
{
	size_t same = 0;

	clear(TLS_COUNTS);
	in.seq = 11;
	in.more = n > 0;
	in.count = n;
	for (size_t i = 0; i < n; i++)
		in.ends[i] = (struct relay_end){ .id = ~i,
			.ab = i << 40,
			.ba = UINT64_MAX - i };
	round_trip("COUNTS", 8 + 24 * n);
	for (size_t i = 0; i < n; i++)
		same +=
		    memcmp(&in.ends[i], &out.ends[i], sizeof(in.ends[i])) == 0;
	ok(out.seq == 11 && out.more == in.more && out.count == n && same == n,
	    "COUNTS of %zu: records", n);
	wire[5] = 2;
	is_int(parse(8 + 24 * n), -1, "COUNTS: more is yes or no");
}

static void
queries_and_ends(void)
{
	clear(TLS_QUERY);
	in.seq = 11;
	round_trip("QUERY", 5);
	is_int(out.seq, 11, "QUERY: number");
	counts(0);
	counts(1);
	counts(RELAY_BATCH_MAX);
	in.count++;
	is_int(format(), 0, "COUNTS of too many are not formatted");
	memset(wire, 0, sizeof(wire));
	wire[0] = TLS_COUNTS;
	wire[6] = 0xff;
	wire[7] = 0xff;
	is_int(parse(TLS_MSG_MAX), -1, "COUNTS: a wild count");

	clear(TLS_END);
	in.ends[0] = (struct relay_end){ .id = 8,
		.ab = 1,
		.ba = UINT64_MAX,
		.ms = 1234,
		.cause = RELAY_IDLE };
	round_trip("END", 30);
	ok(out.count == 1 && out.ends[0].id == 8 && out.ends[0].ab == 1 &&
		out.ends[0].ba == UINT64_MAX && out.ends[0].ms == 1234 &&
		out.ends[0].cause == RELAY_IDLE,
	    "END: record");
	wire[29] = RELAY_KILLED + 1;
	is_int(parse(30), -1, "END: an unknown cause");
}

/* Texts go to logs and terminals. */
static void
texts(void)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
	} t[] = {
		{ "", 0, true },
		{ "plain", 5, true },
		{ "J\303\266rg", 5, true },
		{ "tab\t", 4, false },
		{ "new\nline", 8, false },
		{ "nul\0", 4, false },
		{ "esc\033[0m", 7, false },
		{ "del\177", 4, false },
		{ "csi\302\2330m", 7, false },
		{ "\302\240", 2, true },
		{ "\302", 1, true },
	};
	unsigned char head[] = { TLS_DOWN, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		head[10] = (unsigned char)t[i].len;
		memcpy(wire, head, sizeof(head));
		memcpy(wire + sizeof(head), t[i].text, t[i].len);
		is_int(parse(sizeof(head) + t[i].len), t[i].good ? 0 : -1,
		    "text %zu", i);
	}
	clear(TLS_DOWN);
	set(in.text, "a\nb");
	is_int(format(), 0, "nor is a line feed formatted");
	memset(in.text, 'x', TLS_TEXT_MAX);
	is_int(format(), 0, "nor a text without an end");
	in.text[TLS_TEXT_MAX - 1] = '\0';
	is_int(format(), 11 + TLS_TEXT_MAX - 1, "as long as may be it is");
	is_int(parse(11 + TLS_TEXT_MAX - 1), 0, "and parsed");
	wire[9] = TLS_TEXT_MAX >> 8;
	wire[10] = TLS_TEXT_MAX & 0xff;
	memset(wire + 11, 'x', TLS_TEXT_MAX);
	is_int(parse(11 + TLS_TEXT_MAX), -1, "a byte more is not");
}

static void
unknown_types(void)
{
	size_t taken = 0;

	memset(wire, 0, sizeof(wire));
	for (unsigned type = 0; type < 256; type++) {
		wire[0] = (unsigned char)type;
		if (type < TLS_CONFIG || type > TLS_RESET)
			for (size_t n = 1; n < 40; n++)
				taken += parse(n) == 0;
	}
	is_int(taken, 0, "unknown types");
	is_int(tls_msg_parse(&out, wire, 0), -1, "no bytes at all");
	clear((enum tls_msg_type)99);
	is_int(format(), 0, "an unknown type is not formatted");
}

int
main(void)
{
	configurations();
	starts();
	switches();
	answers();
	queries_and_ends();
	texts();
	unknown_types();
	return done_testing();
}
