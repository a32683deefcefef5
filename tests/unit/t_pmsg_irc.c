/* The messages between ircd-lite's parent and its server process. */

#include <string.h>

#include "ircd-lite/pmsg.h"
#include "tap.h"

static struct pmsg
sample(void)
{
	struct pmsg m = {
		.type = PMSG_LISTEN,
		.seq = 0x01020304,
		.id = 0xfffefdfc,
		.index = PMSG_NO_INDEX,
		.value = 98,
		.text = "[::1]:6667",
	};

	return m;
}

static void
round_trip(const struct pmsg *a, const char *what)
{
	static unsigned char p[PMSG_MAX];
	size_t n = pmsg_format(a, p, sizeof(p));
	static struct pmsg b;

	memset(&b, 0xa5, sizeof(b));
	ok(n == PMSG_HEAD + strlen(a->text), "%s: its length", what);
	is_int(pmsg_parse(&b, p, n), 0, "is parsed");
	ok(a->type == b.type && a->seq == b.seq && a->id == b.id &&
		a->index == b.index && a->value == b.value,
	    "numbers are the same");
	ok(strcmp(a->text, b.text) == 0, "the text is the same");
	is_int(pmsg_format(a, p, n - 1), 0, "too little room is told");
}

static void
hostile(void)
{
	static unsigned char p[PMSG_MAX + 2], q[PMSG_MAX + 2];
	static struct pmsg a, m;
	size_t n, i, accepted = 0;

	a = sample();
	n = pmsg_format(&a, p, sizeof(p));
	for (i = 0; i < n; i++)
		accepted += pmsg_parse(&m, p, i) == 0;
	is_int(accepted, 0, "cut at every byte it is refused");
	p[n] = 'x';
	is_int(pmsg_parse(&m, p, n + 1), -1, "a byte too many is refused");
	memcpy(q, p, n);
	q[0] = 0;
	is_int(pmsg_parse(&m, q, n), -1, "type 0 is refused");
	q[0] = PMSG_SAVED + 1;
	is_int(pmsg_parse(&m, q, n), -1, "an unknown type is refused");
	memcpy(q, p, n);
	q[n - 1] = '\0';
	is_int(pmsg_parse(&m, q, n), -1, "a NUL in the text is refused");
	memset(q, 'a', sizeof(q));
	q[0] = PMSG_FAILED;
	q[17] = (PMSG_TEXT_MAX + 1) >> 8;
	q[18] = (PMSG_TEXT_MAX + 1) & 0xff;
	is_int(pmsg_parse(&m, q, PMSG_HEAD + PMSG_TEXT_MAX + 1), -1,
	    "a text too long is refused");
}

int
main(void)
{
	static struct pmsg m;

	m = sample();
	round_trip(&m, "a listener");
	m.type = PMSG_UP;
	m.text[0] = '\0';
	round_trip(&m, "no text");
	m.type = PMSG_SAVED;
	memset(m.text, 'x', PMSG_TEXT_MAX);
	round_trip(&m, "the longest text");
	hostile();
	return done_testing();
}
