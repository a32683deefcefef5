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
	q[0] = PMSG_START + 1;
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
	hostile();
	return done_testing();
}
