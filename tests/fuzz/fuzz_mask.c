/*
 * A mask and a text, with a LF between them: the matcher against a plain
 * one, and the normal form.
 */
#include "ircd-lite/mask.h"

#include <string.h>

#include "fuzz_main.h"
#include "ircd-lite/casemap.h"
#include "ircd-lite/limits.h"

/* One column a byte of the text for each byte of the mask. */
#define PLAIN_MAX 512

/*
 * The plain one: can[i] says that the mask so far matches the first i bytes
 * of the text.  Slow, and short enough to be seen to be right.
 */
static int
plain_match(const char *mask, const char *text)
{
	size_t n = strlen(text);
	char can[PLAIN_MAX + 1] = { 1 };

	for (; *mask != '\0'; mask++) {
		int any = *mask == '?';

		if (*mask == '*') {
			for (size_t i = 1; i <= n; i++)
				can[i] |= can[i - 1];
			continue;
		}
		if (*mask == '\\' && (mask[1] == '*' || mask[1] == '?'))
			mask++;
		for (size_t i = n; i > 0; i--)
			can[i] = can[i - 1] &&
				 (any || irc_tolower((uint8_t)*mask) ==
					     irc_tolower((uint8_t)text[i - 1]));
		can[0] = 0;
	}
	return can[n];
}

static void
check_match(const char *mask, const char *text)
{
	int got = mask_match(mask, text);

	if (strlen(text) > PLAIN_MAX || strlen(mask) > PLAIN_MAX)
		return;
	FUZZ_ASSERT(got == (mask_usable(mask) && plain_match(mask, text)));
}

static void
check_normal(const char *mask)
{
	char out[MASKLEN + 1], again[MASKLEN + 1];
	const char *bang, *at;

	if (mask_normal(out, mask) == -1)
		return;
	FUZZ_ASSERT(strlen(out) <= MASKLEN && mask_usable(out));
	FUZZ_ASSERT((bang = strchr(out, '!')) != NULL && bang > out);
	FUZZ_ASSERT(bang - out <= NICKLEN);
	FUZZ_ASSERT((at = strrchr(out, '@')) != NULL && at > bang + 1);
	FUZZ_ASSERT(at - bang - 1 <= USERLEN);
	FUZZ_ASSERT(at[1] != '\0' && strlen(at + 1) <= HOSTLEN);
	FUZZ_ASSERT(mask_normal(again, out) == 0);
	FUZZ_ASSERT(strcmp(out, again) == 0);
}

/* The normal form is wider than what was meant or the same, never narrower:
 * a name that matched nick!user@host matches it still. */
static void
check_wider(const char *mask, const char *name)
{
	char out[MASKLEN + 1];

	if (strchr(mask, '!') == NULL || strchr(mask, '@') == NULL ||
	    strchr(mask, '@') < strchr(mask, '!') ||
	    mask_normal(out, mask) == -1 || !mask_match(mask, name))
		return;
	FUZZ_ASSERT(mask_match(out, name));
}

/* n bytes as a string; what stands behind a NUL is left out. */
static char *
text_of(const uint8_t *p, size_t n)
{
	char *s = malloc(n + 1);

	FUZZ_ASSERT(s != NULL);
	memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *lf = n == 0 ? NULL : memchr(data, '\n', n);
	size_t len = lf == NULL ? n : (size_t)(lf - data);
	char *mask = text_of(data, len);
	char *text =
	    lf == NULL ? text_of(data, 0) : text_of(lf + 1, n - len - 1);

	check_match(mask, text);
	check_match(text, mask);
	casemap_set(true);
	check_match(mask, text);
	casemap_set(false);
	check_normal(mask);
	check_normal(text);
	check_wider(mask, text);
	free(mask);
	free(text);
	return 0;
}
