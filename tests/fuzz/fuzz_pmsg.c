/* Messages between vsapd's parent and control: what parses formats back. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_main.h"
#include "vsapd/pmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char out[PMSG_MAX];
	struct pmsg m;
	size_t n;

	if (pmsg_parse(&m, data, size) == -1)
		return 0;
	n = pmsg_format(&m, out, sizeof(out));
	if (n != size || memcmp(out, data, n) != 0)
		abort();
	return 0;
}
