/*
 * Masks.  What stands before the first star and behind the last one is
 * compared as it is; most masks that do not match end there.  What is
 * between them goes through a set of states in which bit i means "the mask
 * matches up to its position i": one step for each byte of the text.
 */
#include "mask.h"

#include <stdint.h>
#include <string.h>

#include "casemap.h"
#include "limits.h"

__extension__ typedef unsigned __int128 mask_set;

/* Only * and ? can be escaped: nicknames have backslashes of their own. */
static inline bool
is_escape(const char *p)
{
	return p[0] == '\\' && (p[1] == '*' || p[1] == '?');
}

bool
mask_usable(const char *mask)
{
	size_t n = 0;

	for (; *mask != '\0'; mask++) {
		if (is_escape(mask))
			mask++;
		else if (*mask == '*')
			continue;
		n++;
	}
	return n <= MASK_POSITIONS;
}

static inline bool
same(char a, char b)
{
	return casemap_fold[(unsigned char)a] == casemap_fold[(unsigned char)b];
}

/*
 * Both from the front to the first star, where they stay.  False: another
 * byte, or the text has ended before the mask.
 */
static bool
match_front(const char **mask, const char **text)
{
	const char *m = *mask, *t = *text;

	for (; *m != '*' && *m != '\0'; m++, t++) {
		if (*t == '\0')
			return false;
		if (*m == '?')
			continue;
		m += is_escape(m);
		if (!same(*m, *t))
			return false;
	}
	*mask = m;
	*text = t;
	return true;
}

/*
 * The other way, from the ends (exclusive) to the last star.  There is one,
 * at mask or behind it.
 */
static bool
match_back(const char *mask, const char **mend, const char *text,
    const char **tend)
{
	const char *m = *mend, *t = *tend;
	bool escaped;

	for (;; m--, t--) {
		escaped = m - mask >= 2 && is_escape(m - 2);
		if (m[-1] == '*' && !escaped)
			break;
		if (t == text)
			return false;
		if (escaped ? m[-1] != t[-1]
			    : m[-1] != '?' && !same(m[-1], t[-1]))
			return false;
		m -= escaped;
	}
	*mend = m;
	*tend = t;
	return true;
}

/* A part of a mask that begins and ends with a star, made ready. */
struct states {
	unsigned char class[256];	  /* of a byte; 0: not in the mask */
	mask_set set[MASK_POSITIONS + 1]; /* positions that take the class */
	mask_set loop;			  /* positions with a star behind */
	unsigned classes, n;
};

static inline void
add_position(struct states *s, unsigned char c)
{
	unsigned char *class = &s->class[casemap_fold[c]];

	if (*class == 0) {
		*class = (unsigned char)++s->classes;
		s->set[*class] = 0;
	}
	s->set[*class] |= (mask_set)1 << s->n++;
}

static void
prepare(struct states *s, const char *m, const char *end)
{
	mask_set any = 0;

	memset(s->class, 0, sizeof(s->class));
	s->loop = 0;
	s->classes = s->n = 0;
	for (; m < end; m++) {
		if (*m == '*') {
			if (s->n > 0)
				s->loop |= (mask_set)1 << (s->n - 1);
		} else if (*m == '?') {
			any |= (mask_set)1 << s->n++;
		} else {
			m += is_escape(m);
			add_position(s, (unsigned char)*m);
		}
	}
	s->set[0] = any;
	for (unsigned i = 1; i <= s->classes; i++)
		s->set[i] |= any;
}

static bool
match_middle(const char *m, const char *mend, const char *t, const char *tend)
{
	mask_set at = 0, last;
	struct states s;

	prepare(&s, m, mend);
	if (s.n == 0)
		return true;
	if (s.n > (size_t)(tend - t))
		return false;
	last = (mask_set)1 << (s.n - 1);
	for (; t < tend; t++) {
		/* the star in front begins anew with each byte */
		at = ((at << 1 | 1) &
			 s.set[s.class[casemap_fold[(unsigned char)*t]]]) |
		     (at & s.loop);
		if (at & last)
			return true; /* the star at the end takes the rest */
	}
	return false;
}

bool
mask_match(const char *mask, const char *text)
{
	const char *mend = mask + strlen(mask), *tend;

	if (mend - mask > MASK_POSITIONS && !mask_usable(mask))
		return false;
	if (!match_front(&mask, &text))
		return false;
	if (*mask == '\0')
		return *text == '\0';
	tend = text + strlen(text);
	if (!match_back(mask, &mend, text, &tend))
		return false;
	return mend - mask == 1 || match_middle(mask, mend, text, tend);
}

/* ---- the normal form ---------------------------------------------------- */

/* Bytes of a mask, not owned. */
struct part {
	const char *s;
	size_t n;
};

static bool
ends_in_star(const char *begin, const char *end)
{
	size_t n = (size_t)(end - begin);

	return n > 0 && end[-1] == '*' && (n == 1 || end[-2] != '\\');
}

/* A part became too long: shorter than max it ends in a star. */
static char *
cut_part(char *begin, char *end)
{
	/* the star behind a backslash would be one to compare */
	while (end > begin && end[-1] == '\\')
		end--;
	if (!ends_in_star(begin, end))
		*end++ = '*';
	return end;
}

/*
 * Write at most max bytes of a part, a star if it is empty.  Where the next
 * one begins.
 */
static char *
put_part(char *out, const struct part *part, size_t max)
{
	const char *in = part->s, *end = in + part->n;
	char *begin = out, *before = out;
	size_t step;

	for (; in < end; in += step) {
		step = in + 1 < end && is_escape(in) ? 2 : 1;
		if (*in == '*' && ends_in_star(begin, out))
			continue;
		if ((size_t)(out - begin) + step > max)
			return cut_part(begin,
			    (size_t)(out - begin) == max ? before : out);
		before = out;
		memcpy(out, in, step);
		out += step;
	}
	if (out == begin)
		*out++ = '*';
	return out;
}

static bool
is_mask(const char *s)
{
	if (*s == '\0' || *s == ':')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static void
take_apart(const char *in, struct part *nick, struct part *user,
    struct part *host)
{
	const char *bang = strchr(in, '!');
	const char *rest = bang == NULL ? in : bang + 1;
	const char *at = strrchr(rest, '@');
	size_t n = strlen(rest);

	*nick = *user = *host = (struct part){ .s = in };
	if (bang == NULL && at == NULL) {
		/* no nickname has a dot or a colon */
		*(strpbrk(in, ".:") == NULL ? nick : host) =
		    (struct part){ in, n };
		return;
	}
	if (bang != NULL)
		nick->n = (size_t)(bang - in);
	*user = (struct part){ rest, n };
	if (at != NULL) {
		user->n = (size_t)(at - rest);
		*host = (struct part){ at + 1, n - user->n - 1 };
	}
}

int
mask_normal(char *out, const char *in)
{
	struct part nick, user, host;

	if (!is_mask(in))
		return -1;
	take_apart(in, &nick, &user, &host);
	out = put_part(out, &nick, NICKLEN);
	*out++ = '!';
	out = put_part(out, &user, USERLEN);
	*out++ = '@';
	out = put_part(out, &host, HOSTLEN);
	*out = '\0';
	return 0;
}

bool
mask_means_address(const char *host)
{
	return *host >= '0' && *host <= '9' &&
	       host[strspn(host, "0123456789.*?")] == '\0';
}
