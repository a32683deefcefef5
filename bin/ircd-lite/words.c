#include "words.h"

#include <string.h>

#include "limits.h"
#include "server.h"
#include "user.h"

const char *
word_of(char *out, size_t outlen, const char *in)
{
	size_t n = 0;

	if (*in == ':' && n + 1 < outlen)
		out[n++] = '0';
	else if (*in == '\0' && n + 1 < outlen)
		out[n++] = '*';
	for (; *in != '\0' && n + 1 < outlen; in++)
		out[n++] = (unsigned char)*in <= ' ' ? '_' : *in;
	if (*in != '\0')
		n = text_cut(out, n + 1, n);
	out[n] = '\0';
	return out;
}

const char *
as_word(const char *in)
{
	static char text[4][WORD_LEN];
	static unsigned next;

	next = (next + 1) % 4;
	return word_of(text[next], sizeof(text[next]), in);
}

size_t
reply_room(const struct user *u)
{
	/* ":server NNN nick " and CR LF */
	size_t used = 1 + strlen(me.server.name) + 5 + strlen(u->nick) + 1 + 2;

	return used < LINE_MAX_IRC ? LINE_MAX_IRC - used : 0;
}

size_t
text_cut(const char *text, size_t len, size_t max)
{
	size_t n = max;

	if (len <= max)
		return len;
	while (n > 0 && max - n < 3 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return ((unsigned char)text[n] & 0xc0) == 0x80 ? max : n;
}

void
words_begin(struct words *w, const struct user *to, size_t more)
{
	size_t room = reply_room(to);

	w->len = 0;
	w->text[0] = '\0';
	w->room = more < room ? room - more : 0;
	if (w->room > sizeof(w->text) - 1)
		w->room = sizeof(w->text) - 1;
}

bool
words_add(struct words *w, const char *prefix, const char *word)
{
	size_t np = strlen(prefix), nw = strlen(word);
	size_t blank = w->len > 0 ? 1 : 0;

	if (w->len + blank + np + nw > w->room)
		return false;
	if (blank)
		w->text[w->len++] = ' ';
	memcpy(w->text + w->len, prefix, np);
	memcpy(w->text + w->len + np, word, nw + 1);
	w->len += np + nw;
	return true;
}
