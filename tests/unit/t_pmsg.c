/* The messages between vsapd's parent and control. */

#include <string.h>

#include "tap.h"
#include "vsapd/pmsg.h"

static struct pmsg
sample(void)
{
	struct pmsg m = {
		.type = PMSG_BIND,
		.seq = 0x01020304,
		.keep = 0xfffefdfc,
		.lo = 8080,
		.hi = 65535,
		.backlog = 4096,
		.error = 98,
	};

	strlcpy(m.addr, "[::1]:8080", sizeof(m.addr));
	strlcpy(m.owner, "user:ops", sizeof(m.owner));
	return m;
}

static void
round_trip(void)
{
	unsigned char p[PMSG_MAX];
	struct pmsg a = sample(), b;
	size_t n = pmsg_format(&a, p, sizeof(p));

	memset(&b, 0xa5, sizeof(b));
	ok(n > 0, "a message formats");
	ok(pmsg_parse(&b, p, n) == 0, "and parses");
	ok(a.type == b.type && a.seq == b.seq && a.keep == b.keep &&
		a.lo == b.lo && a.hi == b.hi && a.backlog == b.backlog &&
		a.error == b.error,
	    "numbers are the same");
	is_str(b.addr, a.addr, "address is the same");
	is_str(b.owner, a.owner, "owner is the same");
}

/* A type that one side has and the other refuses would end control. */
static void
every_type(void)
{
	unsigned char p[PMSG_MAX];
	struct pmsg a = sample(), b;
	int type, good = 0;
	size_t n;

	for (type = PMSG_BIND; type <= PMSG_LAST; type++) {
		a.type = (enum pmsg_type)type;
		n = pmsg_format(&a, p, sizeof(p));
		if (pmsg_parse(&b, p, n) == 0 && b.type == a.type)
			good++;
	}
	is_int(good, PMSG_LAST, "each type goes there and back");
}

/* What goes with a listener: number, kind, and its statement or none. */
static void
listener(void)
{
	unsigned char p[PMSG_MAX];
	struct pmsg b, a = {
		.type = PMSG_LISTEN,
		.seq = KIND_HANDOVER,
		.keep = UINT32_MAX,
		.lo = PMSG_NO_INDEX,
	};
	size_t n = pmsg_format(&a, p, sizeof(p));

	is_int(pmsg_parse(&b, p, n), 0, "a listener without an address");
	ok(b.keep == UINT32_MAX && b.seq == KIND_HANDOVER &&
		b.lo == PMSG_NO_INDEX,
	    "its number, its kind, and that it has no statement");
	is_str(b.addr, "", "the empty address");
}

static void
hostile(void)
{
	unsigned char p[PMSG_MAX + 1], q[PMSG_MAX + 1];
	struct pmsg a = sample(), m;
	size_t n = pmsg_format(&a, p, sizeof(p)), i, accepted = 0;

	for (i = 0; i < n; i++)
		accepted += pmsg_parse(&m, p, i) == 0;
	ok(accepted == 0, "cut at every byte it is refused");
	p[n] = 'x';
	ok(pmsg_parse(&m, p, n + 1) == -1, "a byte too many is refused");
	memcpy(q, p, n);
	q[0] = 0;
	ok(pmsg_parse(&m, q, n) == -1, "type 0 is refused");
	q[0] = PMSG_LAST + 1;
	ok(pmsg_parse(&m, q, n) == -1, "an unknown type is refused");
	memset(q + 21, 'a', sizeof(q) - 21);
	q[0] = PMSG_BIND;
	ok(pmsg_parse(&m, q, sizeof(q)) == -1, "an endless address is refused");
	ok(pmsg_format(&a, q, n - 1) == 0, "too little room is told");
}

int
main(void)
{
	round_trip();
	every_type();
	listener();
	hostile();
	return done_testing();
}
