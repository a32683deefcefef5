/*
 * What a client sends, as a connection takes it apart: lines, messages, and
 * each message written and read again.
 */
#include "ircd-lite/msg.h"

#include <string.h>

#include "fuzz_main.h"

static int
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_same(const struct msg *a, const struct msg *b)
{
	FUZZ_ASSERT(same_text(a->tags, b->tags));
	FUZZ_ASSERT(same_text(a->source, b->source));
	FUZZ_ASSERT(same_text(a->command, b->command));
	FUZZ_ASSERT(a->nparams == b->nparams);
	for (int i = 0; i < a->nparams; i++)
		FUZZ_ASSERT(same_text(a->param[i], b->param[i]));
	FUZZ_ASSERT(b->trailing || !a->trailing);
}

/* Can only a command that nobody has be the reason not to write it? */
static void
check_again(const struct msg *m, size_t len)
{
	size_t room = len + 4, n; /* a colon and CR LF may be added */
	char *out = malloc(room);
	struct msg again;

	FUZZ_ASSERT(out != NULL);
	n = msg_format(m, out, room);
	FUZZ_ASSERT((n == 0) == (strchr(":@", m->command[0]) != NULL));
	if (n > 0) {
		FUZZ_ASSERT(n <= room && out[n - 1] == '\n');
		FUZZ_ASSERT(msg_format(m, out, n - 1) == 0);
		FUZZ_ASSERT(msg_format(m, out, n) == n);
		FUZZ_ASSERT(msg_parse(&again, out, n - 2) == 0);
		check_same(m, &again);
	}
	free(out);
}

static void
check_within(const char *p, const char *line, size_t len)
{
	FUZZ_ASSERT(p >= line && p + strlen(p) <= line + len);
	FUZZ_ASSERT(strpbrk(p, "\r\n") == NULL);
}

static void
check_word(const char *p, const char *line, size_t len)
{
	if (p == NULL)
		return;
	check_within(p, line, len);
	FUZZ_ASSERT(*p != '\0' && strchr(p, ' ') == NULL);
}

static void
check_line(char *line, size_t len)
{
	size_t tags = msg_tags_len(line, len);
	struct msg m;

	FUZZ_ASSERT(tags <= len);
	if (msg_parse(&m, line, len) == -1) {
		FUZZ_ASSERT(m.command == NULL && m.nparams == 0);
		return;
	}
	FUZZ_ASSERT(m.nparams >= 0 && m.nparams <= PARAMS_MAX);
	FUZZ_ASSERT(m.param[m.nparams] == NULL);
	FUZZ_ASSERT(m.tags == NULL || strlen(m.tags) + 2 == tags);
	FUZZ_ASSERT(m.command != NULL);
	check_word(m.command, line, len);
	check_word(m.source, line, len);
	check_word(m.tags, line, len);
	for (int i = 0; i < m.nparams; i++) {
		if (i < m.nparams - 1)
			check_word(m.param[i], line, len);
		else
			check_within(m.param[i], line, len);
	}
	check_again(&m, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n + 1), *p = copy, *line;
	size_t used, len;

	FUZZ_ASSERT(copy != NULL);
	memcpy(copy, data, n);
	while ((used = msg_split(p, n, &line, &len)) > 0) {
		FUZZ_ASSERT(used <= n && p[used - 1] == '\n');
		FUZZ_ASSERT(line == p && len < used);
		FUZZ_ASSERT(memchr(line, '\n', len) == NULL);
		FUZZ_ASSERT(memchr(line, '\r', len) == NULL);
		FUZZ_ASSERT(memchr(line, '\0', len) == NULL);
		check_line(line, len);
		p += used;
		n -= used;
	}
	FUZZ_ASSERT(memchr(p, '\n', n) == NULL);
	free(copy);
	return 0;
}
