/*
 * The message codec.
 */
#include "msg.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------ */

/* Past the blanks at p. */
static inline char *
skip(char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* End the word at p with a NUL; where the next one begins. */
static inline char *
word(char *p, char *end)
{
	char *blank = memchr(p, ' ', (size_t)(end - p));

	if (blank == NULL)
		return end;
	*blank = '\0';
	return skip(blank + 1);
}

/* The word behind a prefix character; NULL if there is none. */
static char *
prefixed(char **p, char *end)
{
	char *s = *p + 1;

	*p = word(s, end);
	return *s == '\0' ? NULL : s;
}

int
msg_parse(struct msg *m, char *line, size_t len)
{
	char *p = line, *end = line + len;

	*end = '\0';
	m->tags = m->source = m->command = NULL;
	m->nparams = 0;
	m->trailing = false;
	if (*p == '@')
		m->tags = prefixed(&p, end);
	p = skip(p);
	if (*p == ':')
		m->source = prefixed(&p, end);
	if (*p == '\0') {
		m->tags = m->source = m->param[0] = NULL;
		return -1;
	}
	m->command = p;
	p = word(p, end);
	while (p < end) {
		if (*p == ':' || m->nparams == PARAMS_MAX - 1) {
			m->trailing = *p == ':';
			m->param[m->nparams++] = p + m->trailing;
			break;
		}
		m->param[m->nparams++] = p;
		p = word(p, end);
	}
	m->param[m->nparams] = NULL;
	return 0;
}

size_t
msg_tags_len(const char *line, size_t len)
{
	const char *blank;

	if (len == 0 || line[0] != '@')
		return 0;
	blank = memchr(line, ' ', len);
	return blank == NULL ? len : (size_t)(blank - line) + 1;
}

size_t
msg_split(char *p, size_t n, char **line, size_t *len)
{
	char *lf = memchr(p, '\n', n), *cut;
	size_t used;

	if (lf == NULL)
		return 0;
	used = (size_t)(lf - p) + 1;
	*line = p;
	*len = used - 1;
	if ((cut = memchr(p, '\r', *len)) != NULL)
		*len = (size_t)(cut - p);
	if ((cut = memchr(p, '\0', *len)) != NULL)
		*len = (size_t)(cut - p);
	return used;
}

/* ---- writing ------------------------------------------------------------ */

struct out {
	char *at;
	size_t left; /* 0: it does not fit, or cannot be written */
};

static void
put(struct out *o, const char *s, size_t n)
{
	if (n >= o->left) {
		o->left = 0;
		return;
	}
	memcpy(o->at, s, n);
	o->at += n;
	o->left -= n;
}

/* A word, never empty, with what comes before and after it. */
static void
put_word(struct out *o, const char *before, const char *s, const char *after)
{
	size_t n = strlen(s);

	if (n == 0 || strcspn(s, " \r\n") != n)
		o->left = 0;
	put(o, before, strlen(before));
	put(o, s, n);
	put(o, after, strlen(after));
}

static void
put_trailing(struct out *o, const char *s)
{
	size_t n = strlen(s);

	if (strcspn(s, "\r\n") != n)
		o->left = 0;
	put(o, " :", 2);
	put(o, s, n);
}

static inline bool
needs_colon(const char *s)
{
	return *s == '\0' || *s == ':' || strchr(s, ' ') != NULL;
}

static void
put_params(struct out *o, const struct msg *m)
{
	for (int i = 0; i < m->nparams; i++) {
		bool last = i == m->nparams - 1;
		bool colon = needs_colon(m->param[i]);

		if (last && (m->trailing || colon))
			put_trailing(o, m->param[i]);
		else if (colon)
			o->left = 0;
		else
			put_word(o, " ", m->param[i], "");
	}
}

size_t
msg_format(const struct msg *m, char *out, size_t outlen)
{
	/* one more: left is never 0 while all is well */
	struct out o = { .at = out, .left = outlen + 1 };

	if (m->command[0] == '\0' || strchr("@:", m->command[0]) != NULL ||
	    m->nparams > PARAMS_MAX)
		return 0;
	if (m->tags != NULL)
		put_word(&o, "@", m->tags, " ");
	if (m->source != NULL)
		put_word(&o, ":", m->source, " ");
	put_word(&o, "", m->command, "");
	put_params(&o, m);
	put(&o, "\r\n", 2);
	return o.left == 0 ? 0 : (size_t)(o.at - out);
}

char *
msg_rest(struct msg *m, int i)
{
	static char none[1];
	char *end;
	size_t len;
	int k;

	if (i >= m->nparams) {
		none[0] = '\0';
		return none;
	}
	end = m->param[i] + strlen(m->param[i]);
	for (k = i + 1; k < m->nparams; k++) {
		/* Each one begins behind the NUL of the one before it. */
		len = strlen(m->param[k]);
		*end++ = ' ';
		memmove(end, m->param[k], len + 1);
		end += len;
	}
	m->nparams = i + 1;
	m->param[i + 1] = NULL;
	return m->param[i];
}
