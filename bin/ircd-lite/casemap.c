/*
 * Case of names, their hash, and what may be a name at all.
 */
#include "casemap.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

#define FOUR(x) (x), (x) + 1, (x) + 2, (x) + 3
#define SIXTEEN(x) FOUR(x), FOUR((x) + 4), FOUR((x) + 8), FOUR((x) + 12)

/* clang-format off */
unsigned char casemap_fold[256] = {
	SIXTEEN(0x00), SIXTEEN(0x10), SIXTEEN(0x20), SIXTEEN(0x30),
	'@', FOUR('a'), FOUR('e'), FOUR('i'), FOUR('m'), FOUR('q'), FOUR('u'),
	'y', 'z', '{', '|', '}', '^', '_',
	SIXTEEN(0x60), FOUR('p'), FOUR('t'), FOUR('x'), '|', '}', '^', 0x7f,
	SIXTEEN(0x80), SIXTEEN(0x90), SIXTEEN(0xa0), SIXTEEN(0xb0),
	SIXTEEN(0xc0), SIXTEEN(0xd0), SIXTEEN(0xe0), SIXTEEN(0xf0),
};
/* clang-format on */

void
casemap_set(bool ascii)
{
	static const char upper[] = "[]\\~", lower[] = "{}|^";

	for (int i = 0; upper[i] != '\0'; i++)
		casemap_fold[(unsigned char)upper[i]] =
		    (unsigned char)(ascii ? upper[i] : lower[i]);
}

int
irc_casecmp(const char *a, const char *b)
{
	const unsigned char *p = (const unsigned char *)a;
	const unsigned char *q = (const unsigned char *)b;

	while (casemap_fold[*p] == casemap_fold[*q]) {
		if (*p == '\0')
			return 0;
		p++;
		q++;
	}
	return casemap_fold[*p] - casemap_fold[*q];
}

/* ---- SipHash-1-3 of the folded bytes ------------------------------------ */

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static void
sip_begin(struct sip *s)
{
	static uint64_t key[2];
	static bool seeded;

	if (!seeded) {
		arc4random_buf(key, sizeof(key));
		seeded = true;
	}
	s->v0 = key[0] ^ 0x736f6d6570736575;
	s->v1 = key[1] ^ 0x646f72616e646f6d;
	s->v2 = key[0] ^ 0x6c7967656e657261;
	s->v3 = key[1] ^ 0x7465646279746573;
}

static inline uint64_t
sip_end(struct sip *s)
{
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint32_t
irc_hash(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	uint64_t word = 0;
	unsigned shift = 0;
	struct sip s;

	sip_begin(&s);
	for (; *p != '\0'; p++) {
		word |= (uint64_t)casemap_fold[*p] << shift;
		shift += 8;
		if (shift == 64) {
			sip_word(&s, word);
			word = 0;
			shift = 0;
		}
	}
	/* no name has a NUL, so names of other lengths differ here */
	sip_word(&s, word);
	return (uint32_t)sip_end(&s);
}

/* ---- what may be a name ------------------------------------------------- */

static inline bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_special(char c)
{
	return (c >= '[' && c <= '`') || (c >= '{' && c <= '}');
}

bool
irc_nick_valid(const char *s)
{
	size_t n;

	if (!is_letter(*s) && !is_special(*s))
		return false;
	for (n = 1; s[n] != '\0' && n <= NICKLEN; n++)
		if (!is_letter(s[n]) && !is_special(s[n]) && !is_digit(s[n]) &&
		    s[n] != '-')
			return false;
	return n <= NICKLEN;
}

bool
irc_is_channel(const char *s)
{
	return *s == '#' || *s == '&' || *s == '+';
}

bool
irc_channel_valid(const char *s)
{
	size_t n;

	if (!irc_is_channel(s))
		return false;
	for (n = 1; s[n] != '\0' && n <= CHANNELLEN; n++)
		if ((unsigned char)s[n] <= ' ' || s[n] == 0x7f || s[n] == ',' ||
		    s[n] == ':')
			return false;
	return n <= CHANNELLEN;
}

void
irc_username(char *out, const char *in)
{
	size_t n = 0;

	for (; *in != '\0' && n < USERLEN; in++) {
		if (*in <= ' ' || *in > '~' || *in == '@' || *in == '!')
			continue;
		if (n > 0 || *in != ':')
			out[n++] = *in;
	}
	out[n] = '\0';
}

bool
irc_hostname_valid(const char *s)
{
	size_t n;

	if (*s == ':')
		return false;
	for (n = 0; s[n] != '\0' && n <= HOSTLEN; n++)
		if (!is_letter(s[n]) && !is_digit(s[n]) &&
		    strchr("-._:/", s[n]) == NULL)
			return false;
	return n > 0 && n <= HOSTLEN;
}
