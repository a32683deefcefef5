/* A TLS worker's message that parses is formatted to the very same bytes, and
 * no control character is in its texts. */
#include "fuzz_main.h"

#include <string.h>

#include "tls_msg.h"

static void
check_text(const char *s)
{
	FUZZ_ASSERT(strnlen(s, TLS_TEXT_MAX) < TLS_TEXT_MAX);
	FUZZ_ASSERT(tls_text_ok(s, strlen(s)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_msg m;
	static unsigned char out[TLS_MSG_MAX];

	if (tls_msg_parse(&m, data, size) == -1)
		return 0;
	check_text(m.text);
	check_text(m.text2);
	check_text(m.text3);
	check_text(m.text4);
	if (size > sizeof(out))
		return 0;
	FUZZ_ASSERT(tls_msg_format(&m, out, sizeof(out)) == size);
	FUZZ_ASSERT(memcmp(out, data, size) == 0);
	return 0;
}
