/* A worker message that parses is formatted to the very same bytes. */
#include "fuzz_main.h"

#include <string.h>

#include "relay_msg.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relay_msg m;
	static unsigned char out[RELAY_MSG_MAX];

	if (relay_msg_parse(&m, data, size) == -1)
		return 0;
	FUZZ_ASSERT(relay_msg_format(&m, out, sizeof(out)) == size);
	FUZZ_ASSERT(memcmp(out, data, size) == 0);
	return 0;
}
