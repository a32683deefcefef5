/*
 * Hand-over messages.
 */
#include "handover.h"

#include <string.h>

#include "addr.h"
#include "fuzz_main.h"

static const struct sockaddr *
sa(const struct sockaddr_storage *ss)
{
	return (const struct sockaddr *)ss;
}

/* Formatted from what was parsed it is stable. */
static void
check_format(const struct handover *h)
{
	static uint8_t one[HANDOVER_MAX], two[HANDOVER_MAX];
	struct handover again;
	size_t n, m;

	n = handover_format(one, sizeof(one), sa(&h->src), sa(&h->dst),
	    h->first, h->firstlen);
	FUZZ_ASSERT(n >= 16 + h->firstlen);
	FUZZ_ASSERT(handover_parse(&again, one, n) == 0);
	FUZZ_ASSERT(again.firstlen == h->firstlen);
	FUZZ_ASSERT(memcmp(again.first, h->first, h->firstlen) == 0);
	m = handover_format(two, sizeof(two), sa(&again.src), sa(&again.dst),
	    again.first, again.firstlen);
	FUZZ_ASSERT(n == m && memcmp(one, two, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[ADDR_STRLEN], v1[PROXY_V1_MAX];
	struct handover h;
	const uint8_t *first;

	if (handover_parse(&h, data, n) == -1)
		return 0;
	first = h.first;
	FUZZ_ASSERT(
	    first >= data && h.firstlen <= n && first + h.firstlen == data + n);
	FUZZ_ASSERT(h.srclen <= sizeof(h.src) && h.dstlen <= sizeof(h.dst));
	FUZZ_ASSERT(h.src.ss_family == h.dst.ss_family);
	addr_format_sa(sa(&h.src), h.srclen, text, sizeof(text));
	addr_format_sa(sa(&h.dst), h.dstlen, text, sizeof(text));
	FUZZ_ASSERT(proxy_v1_format(v1, sizeof(v1), sa(&h.src), sa(&h.dst)));
	check_format(&h);
	return 0;
}
