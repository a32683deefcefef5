/*
 * What an ident peer answers, as it arrives: a byte more each time.
 */
#include "ircd-lite/ident.h"

#include <string.h>

#include "fuzz_main.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	char text[IDENT_USER_MAX + 1], again[IDENT_USER_MAX + 1];
	enum ident_result r = IDENT_MORE, whole;
	size_t i;

	whole = ident_parse(p, n, 6193, 23, text);
	for (i = 0; i <= n && i <= IDENT_REPLY_MAX && r == IDENT_MORE; i++)
		r = ident_parse(p, i, 6193, 23, again);
	FUZZ_ASSERT(r == whole);
	FUZZ_ASSERT(strcmp(text, again) == 0);
	FUZZ_ASSERT(strlen(text) <= IDENT_USER_MAX);
	FUZZ_ASSERT(strpbrk(text, "\r\n") == NULL);
	FUZZ_ASSERT(whole != IDENT_MORE || n < IDENT_REPLY_MAX);
	FUZZ_ASSERT(whole != IDENT_USER || text[0] != '\0');
	FUZZ_ASSERT(
	    whole == IDENT_USER || whole == IDENT_ERROR || text[0] == '\0');
	return 0;
}
