/*
 * The configuration lexer: tokens, macros, files within files, bounds, and
 * the message of each mistake.
 */
#include "conf_lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tap.h"

/* What the opener has; the first one is read. */
struct file {
	const char *path, *text;
};

static const struct file *files;

static char *
open_memory(void *arg, const char *path, size_t *len)
{
	char *text;

	(void)arg;
	for (const struct file *f = files; f->path != NULL; f++)
		if (strcmp(f->path, path) == 0) {
			*len = strlen(f->text);
			/* exactly as long, so that a sanitizer sees */
			text = malloc(*len == 0 ? 1 : *len);
			memcpy(text, f->text, *len);
			return text;
		}
	errno = ENOENT;
	return NULL;
}

static void
describe(const struct lex_token *t, char *out, size_t outlen)
{
	size_t n = strlen(out);

	out += n;
	outlen -= n;
	switch (t->type) {
	case LEX_NEWLINE:
		(void)snprintf(out, outlen, "/ ");
		break;
	case LEX_STRING:
		(void)snprintf(out, outlen, "'%s' ", t->text);
		break;
	case LEX_NUMBER:
		(void)snprintf(out, outlen, "%lld ", t->number);
		break;
	case LEX_SIZE:
		(void)snprintf(out, outlen, "%lldB ", t->number);
		break;
	default:
		(void)snprintf(out, outlen, "%s ", t->text);
	}
}

static char told[100];

static void __attribute__((__format__(printf, 1, 2))) tell(const char *fmt, ...)
{
	size_t n = strlen(told);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(told + n, sizeof(told) - n, fmt, ap);
	va_end(ap);
	strlcat(told, ".", sizeof(told));
}

/* All tokens of files as one line, or the error. */
static const char *
lex(const struct file *with)
{
	static char out[32768], err[600];
	struct lex_token t;
	struct lex *l;

	files = with;
	out[0] = err[0] = '\0';
	if ((l = lex_new(with->path, open_memory, NULL, err, sizeof(err))) ==
	    NULL)
		return err;
	while (lex_next(l, &t) != LEX_END && t.type != LEX_ERROR)
		describe(&t, out, sizeof(out));
	/* the end and an error are for ever */
	if (lex_next(l, &t) != (lex_failed(l) ? LEX_ERROR : LEX_END))
		return "it goes on";
	if (!lex_failed(l))
		strlcpy(err, out, sizeof(err));
	lex_free(l);
	return err;
}

static const char *
lex_text(const char *text)
{
	const struct file f[] = { { "a.conf", text }, { NULL, NULL } };

	return lex(f);
}

static const struct {
	const char *text, *want;
} good[] = {
	{ "\n", "/ " },
	{ "# nothing\n", "/ " },
	{ "a b\n", "a b / " },
	{ "a\tb\r\nc\r\n", "a b / c / " },
	{ "a # b\n", "a / " },
	{ "a#b\n", "a / " },
	{ "a {b,c;d}\n", "a { b , c ; d } / " },
	{ "a \"b c\" \"\"\n", "a 'b c' '' / " },
	{ "\"a\"\"b\"c\n", "'a' 'b' c / " },
	{ "\"a # { b\"\n", "'a # { b' / " },
	{ "\"a \\\"b\\\" \\\\ \\* \\n\"\n", "'a \"b\" \\ \\* \\n' / " },
	{ "a \\\n b\n", "a b / " },
	{ "a\\\nb\n", "a b / " },
	{ "a\\\r\nb\n", "a b / " },
	{ "a\\*b \\\n\n", "a\\*b / " },
	{ "\"a\\\nb\"\n", "'ab' / " },
	{ "\"a\\\r\nb\"\n", "'ab' / " },
	{ "1 012 999999999999\n", "1 12 999999999999 / " },
	{ "1K 2k 1M 1G 0G\n", "1024B 2048B 1048576B 1073741824B 0B / " },
	{ "1Kb 1T K 0x1 1.2 -1\n", "1Kb 1T K 0x1 1.2 -1 / " },
	{ "a = b\n$a\n", "b / " },
	{ "a=\"b c\"\nd $a e\n", "d 'b c' e / " },
	{ "a = 10\nb = $a $a\n$b\n", "10 10 / " },
	{ "l = { a, b }\nfrom $l\n", "from { a , b } / " },
	{ "l = {\n a\n b\n}\nfrom $l\n", "from { / a / b / } / " },
	{ "_A9 = b # c\n$_A9 $_A9\n", "b b / " },
	{ "a = b;c\n$a\n", "b ; c / " },
	{ "x = include\n$x \"y\"\n", "include 'y' / " },
	{ "a b = c\n", "a b = c / " },
	{ "\"a\" = c\n", "'a' = c / " },
	{ "= c\n", "= c / " },
	{ "\"$a\"\n", "'$a' / " },
	{ "b\xc3\xa4h \"\xff\"\n", "b\xc3\xa4h '\xff' / " },
};

static const struct {
	const char *text, *want;
} bad[] = {
	{ "", "a.conf: is empty: is it cut off?" },
	{ "a\n# b",
	    "a.conf:2: the last line does not end: is the file cut off? "
	    "If not, end it with a newline" },
	{ "a", "a.conf:1: the last line does not end: is the file cut off? If "
	       "not, end it with a newline" },
	{ "a\nb }", "a.conf:2: a } that closes nothing" },
	{ "a {\nb\n", "a.conf:3: the file ends inside of the block that "
		      "begins in line 1" },
	{ "a {\n{\n}\nb", "a.conf:4: the file ends inside of the block that "
			  "begins in line 1" },
	{ "a {\nb {\n", "a.conf:3: the file ends inside of the block that "
			"begins in line 2" },
	{ "a\n\"b\n", "a.conf:2: the text that begins here has no closing "
		      "quote" },
	{ "a\n\"b\\\nc\n", "a.conf:2: the text that begins here has no "
			   "closing quote" },
	{ "a {\n\"b", "a.conf:2: the text that begins here has no closing "
		      "quote" },
	{ "\"a\\", "a.conf:1: the text that begins here has no closing quote" },
	{ "\"a\\\"\n", "a.conf:1: the text that begins here has no closing "
		       "quote" },
	{ "a\n\x01\n", "a.conf:2: a byte 0x01, which no text has" },
	{ "a\x7f\n", "a.conf:1: a byte 0x7f, which no text has" },
	{ "a\rb\n", "a.conf:1: a byte 0x0d, which no text has" },
	{ "a\r", "a.conf:1: a byte 0x0d, which no text has" },
	{ "1\n1234567890123\n", "a.conf:2: 1234567890123: the number is too "
				"large" },
	{ "123456789G\n", "a.conf:1: 123456789G: the number is too large" },
	{ "}\n", "a.conf:1: a } that closes nothing" },
	{ "{{{{{{{{{\n", "a.conf:1: more than 8 blocks within each other" },
	{ "$a\n", "a.conf:1: $a: there is no such macro above; a text with $ "
		  "in it stands in quotes" },
	{ "$a\na = b\n", "a.conf:1: $a: there is no such macro above; a text "
			 "with $ in it stands in quotes" },
	{ "p $y$j9T$abcdefghijklm\n",
	    "a.conf:1: $y$j9T$abcde: not the name of a macro; a text with $ "
	    "in it stands in quotes" },
	{ "$ \n", "a.conf:1: $: not the name of a macro; a text with $ in it "
		  "stands in quotes" },
	{ "$1 \n", "a.conf:1: $1: not the name of a macro; a text with $ in "
		   "it stands in quotes" },
	{ "a =\n", "a.conf:1: a: no value after =" },
	{ "\na =", "a.conf:2: the last line does not end: is the file cut "
		   "off? If not, end it with a newline" },
	{ "a = b", "a.conf:1: the last line does not end: is the file cut "
		   "off? If not, end it with a newline" },
	{ "a = {\nb\n", "a.conf:3: the file ends inside of the block that "
			"begins in line 1" },
	{ "a = $a\n", "a.conf:1: $a: there is no such macro above; a text "
		      "with $ in it stands in quotes" },
	{ "a = b\n\na = c\n", "a.conf:3: a: set already in a.conf:1" },
	{ "a-b = c\n", "a.conf:1: a-b: a macro's name is of letters, digits "
		       "and _" },
	{ "a {\nb = c\n}\n", "a.conf:2: b: a macro is set outside of blocks" },
	{ "include\n", "a.conf:1: include: expected a file name" },
	{ "include {\n", "a.conf:1: include: expected a file name" },
	{ "include \"b\" c\n", "a.conf:1: include \"b\": expected the end of "
			       "the line" },
	{ "include \"b\"", "a.conf:1: the last line does not end: is the file "
			   "cut off? If not, end it with a newline" },
	{ "include \"b\"\n", "a.conf:1: b: No such file or directory" },
	{ "\n include a.conf\n", "a.conf:2: a.conf: includes itself" },
	{ "a {\n include b\n}\n", "a.conf:2: include stands outside of "
				  "blocks" },
};

static void
test_tables(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		is_str(lex_text(good[i].text), good[i].want, "good %zu", i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_str(lex_text(bad[i].text), bad[i].want, "bad %zu", i);
}

static void
test_words(void)
{
	is_str(lex_text("*@[::1]:6667 ~a!b@c.d/8 ::\n"),
	    "*@[::1]:6667 ~a!b@c.d/8 :: / ", "masks and addresses are words");
	is_str(lex_text("a.conf\\ b\n"), "a.conf\\ b / ",
	    "a backslash elsewhere is a byte");
}

static void
test_include(void)
{
	static const struct file two[] = { { "/etc/d/a.conf",
					       "m = x\ninclude \"b\"\nz $n\n" },
		{ "/etc/d/b", "n = $m\ny $m\n" }, { NULL, NULL } };
	static const struct file absolute[] = { { "a", "include \"/b/c\"\n" },
		{ "/b/c", "include \"d\"\n" }, { "/b/d", "d\n" },
		{ NULL, NULL } };
	static const struct file twice[] = { { "a", "include b\ninclude b\n" },
		{ "b", "x\n" }, { NULL, NULL } };
	static const struct file open[] = { { "a", "include b\n}\n" },
		{ "b", "x {\n" }, { NULL, NULL } };
	static const struct file cut[] = { { "a", "include b\ny\n" },
		{ "b", "\nx" }, { NULL, NULL } };
	static const struct file circle[] = { { "a", "include b\n" },
		{ "b", "\ninclude a\n" }, { NULL, NULL } };

	is_str(lex(two), "y x / z x / ",
	    "macros go into files within files and out of them");
	is_str(lex(absolute), "d / ", "a path is of the file that names it");
	is_str(lex(twice), "x / x / ", "a file may be taken twice");
	is_str(lex(open),
	    "b:2: the file ends inside of the block that begins in line 1",
	    "a block ends in its own file");
	is_str(lex(cut),
	    "b:2: the last line does not end: is the file cut off? If not, "
	    "end it with a newline",
	    "a file within a file that is cut off");
	is_str(lex(circle), "b:2: a: includes itself", "a circle");
}

static void
test_missing(void)
{
	static const struct file none[] = { { NULL, NULL } };
	char err[200] = "";

	files = none;
	ok(lex_new("/x", open_memory, NULL, err, sizeof(err)) == NULL,
	    "no file, no lexer");
	is_str(err, "/x: No such file or directory", "and it is said");
}

/* Files f0 to f(n - 1), each of which includes the next. */
static const char *
chain(int n)
{
	static char names[16][16], texts[16][32];
	static struct file f[17];

	for (int i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%d", i);
		(void)snprintf(texts[i], sizeof(texts[i]),
		    i + 1 < n ? "include f%d\n" : "x\n", i + 1);
		f[i] = (struct file){ names[i], texts[i] };
	}
	f[n] = (struct file){ NULL, NULL };
	return lex(f);
}

static char *
repeat(const char *what, size_t n, const char *end)
{
	size_t len = strlen(what);
	char *s = malloc(len * n + strlen(end) + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(s + i * len, what, len);
	memcpy(s + n * len, end, strlen(end) + 1);
	return s;
}

static const char *
lex_repeated(const char *what, size_t n, const char *end)
{
	char *s = repeat(what, n, end);
	const char *got = lex_text(s);

	free(s);
	return got;
}

static void
test_bounds(void)
{
	char *s = repeat("include b\n", LEX_FILES_MAX, "");
	const struct file many[] = { { "a", s }, { "b", "" }, { NULL, NULL } };

	is_str(chain(LEX_DEPTH_MAX), "x / ", "files as deep as they may be");
	is_str(chain(LEX_DEPTH_MAX + 1), "f7:1: f8: more than 8 files deep",
	    "and one deeper");
	is_str(lex(many), "a:64: b: more than 64 files", "too many files");
	free(s);
	is_str(lex_repeated("a", LEX_WORD_MAX + 1, "\n"),
	    "a.conf:1: a word or text of more than 1024 bytes", "a long word");
	is_int(strlen(lex_repeated("a", 500, "\n")), 503, "one that is not");
	s = repeat("a", LEX_WORD_MAX + 1, "\"\n");
	s[0] = '"';
	ok(strncmp(lex_text(s), "'aaa", 4) == 0, "a text as long as it may be");
	free(s);
}

/* What may be long is held against its limit and the next number. */
static void
test_limits(void)
{
	is_str(lex_repeated(" ", LEX_LINE_MAX, "\n"), "/ ", "a full line");
	is_str(lex_repeated(" ", LEX_LINE_MAX, " \n"),
	    "a.conf:1: the line is longer than 4096 bytes", "a longer one");
	is_str(lex_repeated("#", LEX_LINE_MAX + 1, ""),
	    "a.conf:1: the line is longer than 4096 bytes", "a comment too");
	is_str(lex_repeated("\n", LEX_FILE_MAX, "\n"), "a.conf: longer than 1M",
	    "a large file");
}

static void
test_macro_bounds(void)
{
	char text[LEX_MACROS_MAX * 16], *s;
	size_t n = 0;

	for (int i = 0; i <= LEX_MACROS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "m%d = 1\n",
		    i);
	is_str(lex_text(text), "a.conf:257: more than 256 macros",
	    "too many macros");
	s = repeat(" x", LEX_MACRO_TOKENS - 1, "\n");
	(void)snprintf(text, sizeof(text), "m = y%s", s);
	is_str(lex_text(text), "", "a long macro");
	(void)snprintf(text, sizeof(text), "m = y y%s", s);
	is_str(lex_text(text), "a.conf:1: m: more than 256 words",
	    "one that is too long");
	free(s);
	is_str(lex_text("a = 1 1 1 1 1 1 1 1\nb = $a $a $a $a $a $a $a $a\n"
			"c = $b $b $b $b $b $b $b $b\n"),
	    "a.conf:3: c: more than 256 words", "macros do not explode");
}

static void
test_errors(void)
{
	static const struct file f[] = { { "d/a", "x\n" }, { "d/b", "text" },
		{ NULL, NULL } };
	struct lex_token t, path = { LEX_STRING, { "d/a", 3 }, "b", 0 };
	char err[40] = "";
	struct lex *l;
	size_t len;
	char *text;

	files = f;
	l = lex_new("d/a", open_memory, NULL, err, sizeof(err));
	(void)lex_next(l, &t);
	is_str(lex_path(l, &path), "d/b", "a path beside the file");
	text = lex_slurp(l, &path, &len);
	ok(text != NULL && len == 4, "what stands there");
	free(text);
	ok(!lex_failed(l), "nothing was wrong so far");
	is_int(lex_error(l, &t.at, "%s: a\nb", t.text), -1, "an error");
	is_str(err, "d/a:1: x: a?b", "has file and line, no control bytes");
	(void)lex_error(l, &t.at, "another");
	is_str(err, "d/a:1: x: a?b", "the first one is kept");
	is_int(lex_next(l, &t), LEX_ERROR, "no token after it");
	lex_free(l);
	lex_free(NULL);
}

/* Words of a statement, of which "x" is an error; all of them, and its
 * mistakes. */
static const char *
mistakes(const struct file *with)
{
	static char out[8192], err[LEX_ERR_LEN];
	struct lex_token t = { .type = LEX_END };
	struct lex *l;

	files = with;
	out[0] = err[0] = '\0';
	l = lex_new(with->path, open_memory, NULL, err, sizeof(err));
	do {
		while (lex_next(l, &t) != LEX_END && t.type != LEX_ERROR) {
			describe(&t, out, sizeof(out));
			if (strcmp(t.text, "x") == 0)
				(void)lex_error(l, &t.at, "x");
		}
	} while (t.type == LEX_ERROR && lex_resume(l));
	lex_free(l);
	strlcat(out, "| ", sizeof(out));
	strlcat(out, err, sizeof(out));
	return out;
}

static void
test_resume(void)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{ "a\nx b\nc x\nd\n", "a / x c x d / | a:2: x\na:3: x" },
		{ "x; a\nb\n", "x a / b / | a:1: x" },
		{ "x {\n b\n c { d }\n}\ne\n", "x e / | a:1: x" },
		{ "a {\n x\n b\n}\nc\nx",
		    "a { / x c / x | a:2: x\na:6: x\na:6: the last line "
		    "does not end: is the file cut off? If not, end it with a "
		    "newline" },
		{ "x\n{\n b\n}\nc\n", "x c / | a:1: x" },
		{ "x \\\n a\nb\n", "x b / | a:1: x" },
		{ "m = { x, y }\na $m b\nc\n", "a { x c / | a:2: x" },
		{ "$m a\nb\n", "b / | a:1: $m: there is no such macro above; "
			       "a text with $ in it stands in quotes" },
		{ "x\n\"a\nx\n", "x | a:1: x\na:2: the text that begins here "
				 "has no closing quote" },
		{ "x\na {\n", "x a { / | a:1: x\na:3: the file ends inside of "
			      "the block that begins in line 2" },
		{ "x {\n", "x | a:1: x\na:2: the file ends inside of the block "
			   "that begins in line 1" },
		{ "include b\nx\na\n", "x / b / x a / | b:1: x\na:2: x" },
	};
	struct file f[3] = { { "a", "" }, { "b", "x\n\nb\n" }, { NULL, NULL } };
	char err[] = "a\nb\nc", one[] = "a";

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		f[0].text = table[i].text;
		is_str(mistakes(f), table[i].want, "mistakes %zu", i);
	}
	told[0] = '\0';
	is_str(lex_last_error(err, tell), "c", "the last of them");
	is_str(told, "a.b.", "the others are said");
	is_str(lex_last_error(one, tell), "a", "the only one");
}

/* So many, and no more. */
static void
test_many_mistakes(void)
{
	char *text = repeat("x\n", LEX_ERRORS_MAX + 10, "");
	struct file f[2] = { { "a", text }, { NULL, NULL } };
	const char *p = mistakes(f);
	int n = 0;

	while ((p = strstr(p, "a:")) != NULL) {
		p++;
		n++;
	}
	is_int(n, LEX_ERRORS_MAX, "so many are told");
	free(text);
}

static void
test_short_err(void)
{
	static const struct file f[] = { { "a", "}\n" }, { NULL, NULL } };
	struct lex_token t;
	char err[8] = "";
	struct lex *l;

	files = f;
	l = lex_new("a", open_memory, NULL, err, sizeof(err));
	is_int(lex_next(l, &t), LEX_ERROR, "an error without room");
	is_str(err, "a:1: a ", "is cut");
	lex_free(l);
}

int
main(void)
{
	test_tables();
	test_words();
	test_include();
	test_missing();
	test_bounds();
	test_limits();
	test_macro_bounds();
	test_errors();
	test_resume();
	test_many_mistakes();
	test_short_err();
	return done_testing();
}
