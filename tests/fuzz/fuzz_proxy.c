/*
 * PROXY headers at the head of a stream.
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

/* What was understood can be said again, in either version. */
static void
check_again(const struct handover *h)
{
	uint8_t v2[PROXY_V2_MAX];
	char v1[PROXY_V1_MAX], one[ADDR_STRLEN], two[ADDR_STRLEN];
	struct handover again;
	size_t n;

	n = proxy_v2_format(v2, sizeof(v2), sa(&h->src), sa(&h->dst));
	FUZZ_ASSERT(n > 0 && proxy_parse(&again, v2, n) == (int)n);
	if (again.src.ss_family == h->src.ss_family &&
	    h->src.ss_family != AF_UNSPEC) {
		addr_format_sa(sa(&h->src), h->srclen, one, sizeof(one));
		addr_format_sa(sa(&again.src), again.srclen, two, sizeof(two));
		FUZZ_ASSERT(strcmp(one, two) == 0);
	}
	n = proxy_v1_format(v1, sizeof(v1), sa(&h->src), sa(&h->dst));
	FUZZ_ASSERT(n > 0 && proxy_parse(&again, v1, n) == (int)n);
}

/* What shows early shows in every longer beginning too. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t most = n < PROXY_HEADER_MAX + 8 ? n : PROXY_HEADER_MAX + 8;
	struct handover h;
	int r = 0, was;

	for (size_t i = 0; i <= most; i++) {
		was = r;
		r = proxy_parse(&h, data, i);
		FUZZ_ASSERT(was == 0 || r == was);
		FUZZ_ASSERT(r <= (int)i && r <= PROXY_HEADER_MAX);
		FUZZ_ASSERT(r != 0 || i < PROXY_HEADER_MAX);
		if (r > 0)
			FUZZ_ASSERT(
			    h.first == data + r && h.firstlen == i - (size_t)r);
	}
	if (r > 0)
		check_again(&h);
	return 0;
}
