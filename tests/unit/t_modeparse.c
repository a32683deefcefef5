/*
 * Mode changes: out of MODE's parameters, and into them again.
 */
#include "ircd-lite/modeparse.h"

#include "tap.h"

static const unsigned char types[256] = {
	['b'] = MODE_LIST,
	['e'] = MODE_LIST,
	['k'] = MODE_ALWAYS,
	['o'] = MODE_ALWAYS,
	['v'] = MODE_ALWAYS,
	['l'] = MODE_SET,
	['n'] = MODE_FLAG,
	['t'] = MODE_FLAG,
	[0xff] = MODE_FLAG,
};

static const char type_letter[] = "?DABC"; /* as in CHANMODES */

static const struct {
	const char *param[5];
	const char *want;
} modes[] = {
	{ { "" }, "" },
	{ { "+" }, "" },
	{ { "+-+-" }, "" },
	{ { "n" }, "+nD" },
	{ { "+n" }, "+nD" },
	{ { "-n" }, "-nD" },
	{ { "+n-t" }, "+nD -tD" },
	{ { "+nt-nt" }, "+nD +tD -nD -tD" },
	{ { "-+n" }, "+nD" },
	{ { "n", "x" }, "+nD" },
	{ { "o", "a" }, "+oB(a)" },
	{ { "-o", "a" }, "-oB(a)" },
	{ { "+o" }, "+oB" },
	{ { "+oo", "a" }, "+oB(a) +oB" },
	{ { "+ov", "a", "b" }, "+oB(a) +vB(b)" },
	{ { "+o-v", "a", "b" }, "+oB(a) -vB(b)" },
	{ { "+no", "a" }, "+nD +oB(a)" },
	{ { "b" }, "+bA" },
	{ { "+b", "m" }, "+bA(m)" },
	{ { "-b", "m" }, "-bA(m)" },
	{ { "-b" }, "-bA" },
	{ { "+be", "m" }, "+bA(m) +eA" },
	{ { "l", "5" }, "+lC(5)" },
	{ { "-l", "5" }, "-lC" },
	{ { "-l+o", "a" }, "-lC +oB(a)" },
	{ { "l" }, "+lC" },
	{ { "k", "" }, "+kB()" },
	{ { "xo", "a" }, "+x? +oB(a)" },
	{ { " n" }, "+ ? +nD" },
	{ { "\377" }, "+\377D" },
	{ { "\200" }, "+\200?" },
	/* a parameter is one, whatever it looks like */
	{ { "+o", "+v" }, "+oB(+v)" },
	{ { "+o", "-n", "b" }, "+oB(-n)" },
	/* what is left and has a sign is letters */
	{ { "+o", "a", "-v", "b" }, "+oB(a) -vB(b)" },
	{ { "+n", "+t" }, "+nD +tD" },
	{ { "-n", "+o", "a" }, "-nD +oB(a)" },
	{ { "+n", "+", "-t" }, "+nD -tD" },
	{ { "+n", "t" }, "+nD" },
	{ { "+n", "t", "+t" }, "+nD" },
	{ { "", "+n" }, "+nD" },
	{ { NULL }, "" },
};

static const char *
parsed(const char *const *param)
{
	static char text[300];
	char copy[5][10], *list[5];
	struct mode_parser p;
	struct mode_change c;
	int n;
	size_t at = 0;

	for (n = 0; n < 5 && param[n] != NULL; n++) {
		strlcpy(copy[n], param[n], sizeof(copy[n]));
		list[n] = copy[n];
	}
	text[0] = '\0';
	modeparse_begin(&p, types, list, n);
	while (modeparse_next(&p, &c))
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "%s%c%c%c%s%s%s", at > 0 ? " " : "", c.add ? '+' : '-',
		    c.letter, type_letter[c.type], c.param ? "(" : "",
		    c.param ? c.param : "", c.param ? ")" : "");
	ok(!modeparse_next(&p, &c), "the end stays the end");
	return text;
}

static void
test_parse(void)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		is_str(parsed(modes[i].param), modes[i].want, "'%s' '%s' ...",
		    modes[i].param[0], modes[i].param[1]);
}

/* 400 letters and no parameters. */
static void
test_long(void)
{
	char letters[401], *list[] = { letters };
	struct mode_parser p;
	struct mode_change c;
	int n = 0;

	memset(letters, 'o', 400);
	letters[400] = '\0';
	modeparse_begin(&p, types, list, 1);
	while (modeparse_next(&p, &c))
		n += c.param == NULL && c.add && c.letter == 'o';
	is_int(n, 400, "400 changes without parameters");
}

static const struct {
	struct {
		bool add;
		char letter;
		const char *param;
	} change[5];
	const char *want;
} outs[] = {
	{ { { true, 'n', NULL } }, "+n" },
	{ { { false, 'n', NULL } }, "-n" },
	{ { { true, 'n', NULL }, { true, 't', NULL } }, "+nt" },
	{ { { true, 'n', NULL }, { false, 't', NULL }, { true, 'i', NULL } },
	    "+n-t+i" },
	{ { { true, 'o', "a" }, { true, 'v', "b" }, { false, 'l', NULL } },
	    "+ov-l a b" },
	{ { { false, 'o', "a" }, { true, 'n', NULL }, { true, 'k', "x" } },
	    "-o+nk a x" },
};

static void
test_out(void)
{
	struct mode_out o;
	char text[100];

	modeout_begin(&o, 100);
	ok(modeout_empty(&o), "nothing yet");
	is_str(modeout_text(&o, text, sizeof(text)), "", "no text");
	for (size_t i = 0; i < sizeof(outs) / sizeof(*outs); i++) {
		modeout_begin(&o, 100);
		for (int k = 0; outs[i].change[k].letter != '\0'; k++)
			modeout_add(&o, outs[i].change[k].add,
			    outs[i].change[k].letter, outs[i].change[k].param);
		ok(!modeout_empty(&o), "no longer empty");
		is_str(modeout_text(&o, text, sizeof(text)), outs[i].want,
		    "'%s'", outs[i].want);
	}
	is_str(modeout_text(&o, text, 4), "-o+", "cut to the room");
}

static void
test_out_max(void)
{
	struct mode_out o;
	char text[700], word[513];

	modeout_begin(&o, 10);
	ok(modeout_add(&o, true, 'o', "abcdef"), "9 bytes of 10");
	ok(!modeout_add(&o, false, 'n', NULL), "a sign is too much");
	ok(modeout_add(&o, true, 'n', NULL), "a letter is not");
	ok(!modeout_add(&o, true, 'n', NULL), "full");
	is_str(modeout_text(&o, text, sizeof(text)), "+on abcdef",
	    "what was refused is not in it");
	modeout_begin(&o, 10);
	ok(!modeout_add(&o, true, 'o', "abcdefgh"), "never fits");
	ok(modeout_empty(&o), "and it is empty still");
	memset(word, 'x', 512);
	word[512] = '\0';
	modeout_begin(&o, 10000);
	ok(!modeout_add(&o, true, 'o', word), "more than there is room for");
	word[511] = '\0';
	ok(modeout_add(&o, true, 'o', word), "all the room");
	ok(!modeout_add(&o, true, 'o', ""), "and no byte more");
	while (modeout_add(&o, o.nletters % 2 == 0, 'n', NULL))
		;
	ok(o.nletters <= sizeof(o.letters) && o.nletters > 120,
	    "as many letters as there is room for");
	modeout_text(&o, text, sizeof(text));
	is_int(strlen(text), o.nletters + o.nparams, "written whole");
}

int
main(void)
{
	test_parse();
	test_long();
	test_out();
	test_out_max();
	return done_testing();
}
