/*
 * The message codec: lines out of bytes, messages out of lines, and back.
 */
#include "ircd-lite/msg.h"

#include <stdlib.h>

#include "tap.h"

#define MAX_SHOWN 1000

/* All of a message in one text: tags|source|command|param|param|:last */
static const char *
shown(const struct msg *m)
{
	static char text[MAX_SHOWN];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "%s|%s|%s",
	    m->tags == NULL ? "" : m->tags, m->source == NULL ? "" : m->source,
	    m->command == NULL ? "" : m->command);
	for (int i = 0; i < m->nparams; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "|%s%s",
		    m->trailing && i == m->nparams - 1 ? ":" : "", m->param[i]);
	return text;
}

/* In memory of its exact size, so that the sanitizer sees a step outside. */
static int
parse(struct msg *m, char **copy, const char *line)
{
	size_t len = strlen(line);

	*copy = malloc(len + 1);
	memcpy(*copy, line, len);
	(*copy)[len] = 'X';
	return msg_parse(m, *copy, len);
}

static const struct {
	const char *line, *want; /* want NULL: there is no command */
} lines[] = {
	{ "PING", "||PING" },
	{ "ping a", "||ping|a" },
	{ "PING :a b", "||PING|:a b" },
	{ "PING :", "||PING|:" },
	{ "PING ::", "||PING|::" },
	{ "PING : a", "||PING|: a" },
	{ "PING a:b", "||PING|a:b" },
	{ "PING a :b :c", "||PING|a|:b :c" },
	{ "USER a 0 * :A B", "||USER|a|0|*|:A B" },
	{ "  PING   a   b  ", "||PING|a|b" },
	{ "PING a   :b  c ", "||PING|a|:b  c " },
	{ "PING ", "||PING" },
	{ "PING\ta", "||PING\ta" },
	{ ":src PING a", "|src|PING|a" },
	{ ":n!u@h   PRIVMSG #c :x", "|n!u@h|PRIVMSG|#c|:x" },
	{ " :src PING", "|src|PING" },
	{ ": PING", "||PING" },
	{ "@a=b;c PING", "a=b;c||PING" },
	{ "@a=b  :src  PING a", "a=b|src|PING|a" },
	{ "@ PING", "||PING" },
	{ "@a @b", "a||@b" },
	{ ":a :b", "|a|:b" },
	{ ":a @b c", "|a|@b|c" },
	{ "001 \377 :\303\251", "||001|\377|:\303\251" },
	{ "\001 \002", "||\001|\002" },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15" },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 16 17" },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14  15 :16 ",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 :16 " },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|14|:15 16" },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14  ",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|14" },
	{ "C 1 2 3 4 5 6 7 8 9 10 11 12 13 :14 15 16",
	    "||C|1|2|3|4|5|6|7|8|9|10|11|12|13|:14 15 16" },
	{ "", NULL },
	{ " ", NULL },
	{ "     ", NULL },
	{ ":", NULL },
	{ ":src", NULL },
	{ ":src  ", NULL },
	{ ": ", NULL },
	{ "@", NULL },
	{ "@a", NULL },
	{ "@a ", NULL },
	{ "@a :src", NULL },
	{ "@a :src ", NULL },
};

/* What was parsed, written and read again is the same. */
static void
check_again(const struct msg *m, const char *line)
{
	char first[MAX_SHOWN], *copy, out[MAX_SHOWN];
	struct msg again;
	size_t n;

	if (strchr("@:", m->command[0]) != NULL) {
		is_int(msg_format(m, out, sizeof(out)), 0,
		    "such a command cannot be written");
		return;
	}
	memcpy(first, shown(m), sizeof(first));
	n = msg_format(m, out, sizeof(out));
	ok(n > 2 && memcmp(out + n - 2, "\r\n", 2) == 0, "'%s' written", line);
	out[n - 2] = '\0';
	is_int(parse(&again, &copy, out), 0, "read again");
	/* the rest of many words needs a colon now */
	again.trailing = m->trailing;
	is_str(shown(&again), first, "is the same");
	free(copy);
}

static void
test_parse(void)
{
	char *copy;
	struct msg m;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int r = parse(&m, &copy, lines[i].line);

		is_int(r, lines[i].want == NULL ? -1 : 0, "'%s'",
		    lines[i].line);
		is_str(shown(&m), lines[i].want == NULL ? "||" : lines[i].want,
		    "its parts");
		ok(m.param[m.nparams] == NULL, "the list ends");
		if (r == 0)
			check_again(&m, lines[i].line);
		else
			ok(m.tags == NULL && m.source == NULL &&
				m.command == NULL && m.nparams == 0,
			    "nothing is left in it");
		free(copy);
	}
}

static void
test_tags(void)
{
	is_int(msg_tags_len("", 0), 0, "no line");
	is_int(msg_tags_len("PING", 4), 0, "no tags");
	is_int(msg_tags_len(" @a PING", 8), 0, "blanks before are none");
	is_int(msg_tags_len("@a=b PING", 9), 5, "with '@' and the blank");
	is_int(msg_tags_len("@a=b   PING", 11), 5, "one blank");
	is_int(msg_tags_len("@ PING", 6), 2, "empty ones");
	is_int(msg_tags_len("@a=b", 4), 4, "nothing behind");
	is_int(msg_tags_len("@a=b PING", 4), 4, "not past the length");
	is_int(msg_tags_len("@", 0), 0, "which may be none");
}

static const struct {
	const char *in;
	size_t n;
	const char *line; /* NULL: no line yet */
	size_t used;
} splits[] = {
	{ "", 0, NULL, 0 },
	{ "PING", 4, NULL, 0 },
	{ "PING\r", 5, NULL, 0 },
	{ "PING\r\n", 6, "PING", 6 },
	{ "PING\n", 5, "PING", 5 },
	{ "PING\nPONG\n", 10, "PING", 5 },
	{ "\n", 1, "", 1 },
	{ "\r\n", 2, "", 2 },
	{ "\n\n", 2, "", 1 },
	{ "a\r\r\n", 4, "a", 4 },
	{ "a\rb\n", 4, "a", 4 },
	{ "\ra\r\n", 4, "", 4 },
	{ "a\0b\r\n", 5, "a", 5 },
	{ "a\0\n", 3, "a", 3 },
	{ "a\0b\0c\n", 6, "a", 6 },
	{ "\0a\n", 3, "", 3 },
	{ "a\0b", 3, NULL, 0 },
	{ "a\0b\rc\n", 6, "a", 6 },
	{ "a\rb\0c\n", 6, "a", 6 },
	{ "a\n\0b\n", 5, "a", 2 },
	{ "\377 \n", 3, "\377 ", 3 },
	{ "PING\n", 4, NULL, 0 },
};

static void
test_split(void)
{
	for (size_t i = 0; i < sizeof(splits) / sizeof(*splits); i++) {
		char *copy = malloc(splits[i].n + 1), *line = NULL;
		size_t len = 99, used;

		/* one before the end, so that nothing is behind it */
		memcpy(copy + 1, splits[i].in, splits[i].n);
		used = msg_split(copy + 1, splits[i].n, &line, &len);
		is_int(used, splits[i].used, "split %zu uses", i);
		if (splits[i].line == NULL) {
			ok(line == NULL && len == 99, "and gives none");
		} else {
			is_int(len, strlen(splits[i].line), "its length");
			ok(line == copy + 1 &&
				memcmp(line, splits[i].line, len) == 0,
			    "is '%s'", splits[i].line);
		}
		free(copy);
	}
}

/* Cut at every byte: the same lines. */
static void
test_pieces(void)
{
	static const char all[] = "NICK a\r\nUSER a 0 * :a\n\r\nQUIT :x\r\n";
	char buf[sizeof(all)], *line;
	size_t len, used;

	for (size_t cut = 0; cut < sizeof(all); cut++) {
		size_t have = cut, at = 0;
		int count = 0;

		memcpy(buf, all, sizeof(all));
		for (int turn = 0; turn < 2; turn++) {
			while ((used = msg_split(buf + at, have - at, &line,
				    &len)) > 0) {
				at += used;
				count++;
			}
			have = sizeof(all) - 1;
		}
		ok(count == 4 && at == have, "in two pieces, cut at %zu", cut);
	}
}

static const struct {
	const char *tags, *source, *command;
	const char *want; /* NULL: it cannot be written */
} heads[] = {
	{ NULL, NULL, "PING", "PING a" },
	{ NULL, NULL, "", NULL },
	{ NULL, NULL, "A B", NULL },
	{ NULL, NULL, ":A", NULL },
	{ NULL, NULL, "@A", NULL },
	{ NULL, NULL, "A\n", NULL },
	{ NULL, NULL, "A\r", NULL },
	{ NULL, "s", "A", ":s A a" },
	{ NULL, "", "A", NULL },
	{ NULL, "s s", "A", NULL },
	{ NULL, "s\r", "A", NULL },
	{ NULL, ":", "A", ":: A a" },
	{ NULL, "s", ":A", NULL },
	{ "t", NULL, "A", "@t A a" },
	{ "", NULL, "A", NULL },
	{ "t t", NULL, "A", NULL },
	{ "t\n", NULL, "A", NULL },
	{ "t=1;u", "s", "A", "@t=1;u :s A a" },
};

/* A copy that a message may point to, one for each slot; NULL stays. */
static char *
word(int slot, const char *s)
{
	static char text[5][40];

	if (s == NULL)
		return NULL;
	strlcpy(text[slot], s, sizeof(text[slot]));
	return text[slot];
}

static struct msg
with_params(const char *a, const char *b, bool trailing)
{
	struct msg m = { .command = word(2, "C"), .trailing = trailing };

	m.param[0] = word(3, a);
	m.param[1] = word(4, b);
	m.nparams = (a != NULL) + (b != NULL);
	return m;
}

static const struct {
	const char *a, *b;
	bool trailing;
	const char *want;
} params[] = {
	{ "a", NULL, false, "C a" },
	{ "a", NULL, true, "C :a" },
	{ "", NULL, false, "C :" },
	{ ":", NULL, false, "C ::" },
	{ ":a", NULL, false, "C ::a" },
	{ "a b", NULL, false, "C :a b" },
	{ " ", NULL, false, "C : " },
	{ "a:b", NULL, false, "C a:b" },
	{ "a", "b", false, "C a b" },
	{ "a", "b c", false, "C a :b c" },
	{ "\377", "\001", false, "C \377 \001" },
	{ "", "b", false, NULL },
	{ ":a", "b", false, NULL },
	{ "a b", "c", false, NULL },
	{ "a\r", "c", false, NULL },
	{ "a\nb", NULL, false, NULL },
	{ "a", "b\n", false, NULL },
	{ "a", "b\rc d", true, NULL },
};

static void
is_format(const struct msg *m, const char *want)
{
	char out[700];
	size_t n = msg_format(m, out, sizeof(out) - 1);

	if (want == NULL) {
		is_int(n, 0, "cannot be written");
		return;
	}
	out[n] = '\0';
	ok(n == strlen(want) + 2 && memcmp(out, want, n - 2) == 0 &&
		strcmp(out + n - 2, "\r\n") == 0,
	    "'%s'", want);
}

static void
test_format(void)
{
	struct msg m;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		m = with_params("a", NULL, false);
		m.tags = word(0, heads[i].tags);
		m.source = word(1, heads[i].source);
		m.command = word(2, heads[i].command);
		is_format(&m, heads[i].want);
	}
	for (size_t i = 0; i < sizeof(params) / sizeof(*params); i++) {
		m = with_params(params[i].a, params[i].b, params[i].trailing);
		is_format(&m, params[i].want);
	}
	m = with_params("x", NULL, false);
	for (int i = 1; i <= PARAMS_MAX; i++)
		m.param[i] = m.param[0];
	m.nparams = PARAMS_MAX;
	is_format(&m, "C x x x x x x x x x x x x x x x");
	m.nparams = PARAMS_MAX + 1;
	is_format(&m, NULL);
}

/* The room is exact: not a byte more is written, not a byte less taken. */
static void
test_room(void)
{
	struct msg m = with_params("abc", "d e", false);
	size_t need = strlen("C abc :d e\r\n");

	for (size_t room = 0; room <= need + 1; room++) {
		char *out = malloc(room);

		is_int(msg_format(&m, out, room), room < need ? 0 : need,
		    "%zu bytes of room", room);
		free(out);
	}
}

static void
test_rest(void)
{
	char line[] = "KLINE 5 a@b  go   away :now, please";
	struct msg m;

	ok(msg_parse(&m, line, sizeof(line) - 1) == 0, "parsed");
	is_str(msg_rest(&m, 2), "go away now, please", "the rest is one text");
	is_int(m.nparams, 3, "and one parameter");
	is_str(msg_rest(&m, 3), "", "behind the last is nothing");
	is_str(m.param[1], "a@b", "what stands before is as it was");
}

int
main(void)
{
	test_parse();
	test_tags();
	test_split();
	test_pieces();
	test_format();
	test_room();
	test_rest();
	return done_testing();
}
