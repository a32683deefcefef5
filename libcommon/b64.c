#include "b64.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

ssize_t
b64_encode(const void *p, size_t len, char *out, size_t outlen)
{
	const uint8_t *in = p;
	size_t n = 0, i, left;
	uint32_t v;

	if (len > SSIZE_MAX / 2 || outlen <= (len + 2) / 3 * 4)
		return -1;
	for (i = 0; i < len; i += 3) {
		left = len - i;
		v = (uint32_t)in[i] << 16;
		if (left > 1)
			v |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			v |= in[i + 2];
		out[n++] = alphabet[v >> 18];
		out[n++] = alphabet[v >> 12 & 63];
		out[n++] = left > 1 ? alphabet[v >> 6 & 63] : '=';
		out[n++] = left > 2 ? alphabet[v & 63] : '=';
	}
	out[n] = '\0';
	return (ssize_t)n;
}

/* The value of a letter, or -1. */
static int
value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

/* Four letters, of which the last (at most two) are padding; -1: malformed. */
static int
group(const char *s, int pad, uint32_t *v)
{
	int i, bits;

	*v = 0;
	for (i = 0; i < 4 - pad; i++) {
		if ((bits = value(s[i])) == -1)
			return -1;
		*v |= (uint32_t)bits << (18 - 6 * i);
	}
	/* There is one spelling of each text: no bits are left over. */
	return (*v & ((1U << (8 * pad)) - 1)) == 0 ? 0 : -1;
}

ssize_t
b64_decode(const char *text, size_t len, void *out, size_t outlen)
{
	uint8_t *to = out;
	size_t n = 0, i;
	uint32_t v;
	int pad, k;

	if (len % 4 != 0 || len > SSIZE_MAX)
		return -1;
	for (i = 0; i < len; i += 4) {
		pad = 0;
		if (i + 4 == len)
			while (pad < 2 && text[i + 3 - (size_t)pad] == '=')
				pad++;
		if (group(text + i, pad, &v) == -1)
			return -1;
		if (outlen - n < (size_t)(3 - pad))
			return -1;
		for (k = 0; k < 3 - pad; k++)
			to[n++] = (uint8_t)(v >> (16 - 8 * k));
	}
	return (ssize_t)n;
}
