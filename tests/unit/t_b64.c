/*
 * Base64.
 */
#include "b64.h"

#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

/* RFC 4648, section 10, and some bytes of our own. */
static const struct {
	const char *bytes;
	size_t len;
	const char *text;
} good[] = {
	{ "", 0, "" },
	{ "f", 1, "Zg==" },
	{ "fo", 2, "Zm8=" },
	{ "foo", 3, "Zm9v" },
	{ "foob", 4, "Zm9vYg==" },
	{ "fooba", 5, "Zm9vYmE=" },
	{ "foobar", 6, "Zm9vYmFy" },
	{ "\0", 1, "AA==" },
	{ "\0\0\0", 3, "AAAA" },
	{ "\377\377\377", 3, "////" },
	{ "\373\357\276", 3, "++++" },
	{ "\377", 1, "/w==" },
	{ "n,,", 3, "biws" },
};

static const struct {
	const char *text;
	size_t len;
} bad[] = {
	{ "Z", 1 },
	{ "Zg", 2 },
	{ "Zg=", 3 },
	{ "Zm9", 3 },
	{ "====", 4 },
	{ "Z===", 4 },
	{ "=Zg=", 4 },
	{ "Zg=g", 4 },
	{ "Zh==", 4 },	   /* spare bits, of four */
	{ "Zm9=", 4 },	   /* of two */
	{ "Zg==Zg==", 8 }, /* padding inside */
	{ "Zm8=Zm9v", 8 },
	{ "Zm9vZg", 6 },
	{ "Zm9v=", 5 },
	{ "Zm9v====", 8 },
	{ "Zm 9", 4 },
	{ "Zm9v\n", 5 },
	{ "Zm\n9", 4 },
	{ "Zm-_", 4 },
	{ "Zm\0"
	  "9",
	    4 },
	{ "\0\0\0\0", 4 },
	{ "Z\3009v", 4 },
	{ " Zg=", 4 },
	{ "Zg= ", 4 },
};

/* Exactly as many bytes as there are, so that a sanitizer sees one more. */
static ssize_t
decode(const char *text, size_t len, char *out, size_t outlen)
{
	char *copy = malloc(len + (len == 0));
	ssize_t n;

	memcpy(copy, text, len);
	n = b64_decode(copy, len, out, outlen);
	free(copy);
	return n;
}

static void
test_every_length(void)
{
	uint8_t bytes[256], back[256];
	char text[400];
	size_t i, len;
	ssize_t n;
	int same = 0;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	for (len = 0; len <= sizeof(bytes); len++) {
		n = b64_encode(bytes, len, text, sizeof(text));
		same += n == (ssize_t)((len + 2) / 3 * 4) &&
			decode(text, (size_t)n, (char *)back, len) ==
			    (ssize_t)len &&
			memcmp(bytes, back, len) == 0;
	}
	is_int(same, 257, "there and back, 0 to 256 bytes");
}

int
main(void)
{
	char out[64];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = strlen(good[i].text);

		is_int(b64_encode(good[i].bytes, good[i].len, out, n + 1), n,
		    "\"%s\"", good[i].text);
		is_str(out, good[i].text, "is written so");
		is_int(b64_encode(good[i].bytes, good[i].len, out, n), -1,
		    "no room for its NUL");
		is_int(decode(good[i].text, n, out, good[i].len), good[i].len,
		    "is read");
		ok(memcmp(out, good[i].bytes, good[i].len) == 0, "as it was");
		if (good[i].len > 0)
			is_int(decode(good[i].text, n, out, good[i].len - 1),
			    -1, "or does not fit");
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(decode(bad[i].text, bad[i].len, out, sizeof(out)), -1,
		    "malformed: %zu", i);
	test_every_length();
	return done_testing();
}
