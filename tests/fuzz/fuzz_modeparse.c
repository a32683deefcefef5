/*
 * The parameters of MODE, blanks between them: single changes, and these
 * put together and taken apart again.
 */
#include "ircd-lite/modeparse.h"

#include <string.h>

#include "fuzz_main.h"

#define PARAMS 15

static const unsigned char types[256] = {
	['b'] = MODE_LIST,
	['e'] = MODE_LIST,
	['I'] = MODE_LIST,
	['k'] = MODE_ALWAYS,
	['o'] = MODE_ALWAYS,
	['v'] = MODE_ALWAYS,
	['l'] = MODE_SET,
	['i'] = MODE_FLAG,
	['n'] = MODE_FLAG,
	['t'] = MODE_FLAG,
};

static int
may_take(const struct mode_change *c)
{
	return c->type == MODE_LIST || c->type == MODE_ALWAYS ||
	       (c->type == MODE_SET && c->add);
}

static void
check_change(const struct mode_change *c, char *const *param, int n)
{
	int at = 1;

	FUZZ_ASSERT(c->letter != '\0' && c->letter != '+' && c->letter != '-');
	FUZZ_ASSERT((unsigned char)c->type == types[(uint8_t)c->letter]);
	if (c->param == NULL)
		return;
	FUZZ_ASSERT(may_take(c));
	while (at < n && param[at] != c->param)
		at++;
	FUZZ_ASSERT(at < n);
}

static void
check_text(const struct mode_out *o, char *text, size_t room)
{
	FUZZ_ASSERT(modeout_text(o, text, room) == text);
	FUZZ_ASSERT(strlen(text) == o->nletters + o->nparams);
	FUZZ_ASSERT(strlen(text) <= o->max);
}

/* The text of o has the changes in it that were put into it. */
static void
check_again(const struct mode_out *o, const struct mode_change *c, int n)
{
	char text[700], *param[200], *p = text;
	struct mode_change again;
	struct mode_parser parser;
	int count = 0;

	check_text(o, text, sizeof(text));
	while ((param[count++] = strsep(&p, " ")) != NULL && count < 200)
		;
	modeparse_begin(&parser, types, param, count - 1);
	for (int i = 0; i < n; i++) {
		FUZZ_ASSERT(modeparse_next(&parser, &again));
		FUZZ_ASSERT(again.add == c[i].add);
		FUZZ_ASSERT(again.letter == c[i].letter);
		FUZZ_ASSERT((again.param == NULL) == (c[i].param == NULL));
		FUZZ_ASSERT(
		    c[i].param == NULL || !strcmp(again.param, c[i].param));
	}
	FUZZ_ASSERT(!modeparse_next(&parser, &again));
}

static void
check_modes(char *const *param, int n, size_t max)
{
	struct mode_change c, in[128];
	struct mode_parser p;
	struct mode_out o;
	int count = 0;

	modeout_begin(&o, max);
	modeparse_begin(&p, types, param, n);
	while (modeparse_next(&p, &c)) {
		check_change(&c, param, n);
		/* without its parameter it would take another's */
		if (may_take(&c) && c.param == NULL)
			continue;
		if (modeout_add(&o, c.add, c.letter, c.param)) {
			FUZZ_ASSERT(count < 128);
			in[count++] = c;
			continue;
		}
		check_again(&o, in, count);
		modeout_begin(&o, max);
		count = 0;
	}
	FUZZ_ASSERT(!modeparse_next(&p, &c));
	FUZZ_ASSERT(modeout_empty(&o) == (count == 0));
	check_again(&o, in, count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n + 1), *p = copy, *param[PARAMS];
	int count = 0;

	FUZZ_ASSERT(copy != NULL);
	memcpy(copy, data, n);
	copy[n] = '\0';
	while (count < PARAMS && (param[count] = strsep(&p, " ")) != NULL)
		count++;
	check_modes(param, count, 400);
	check_modes(param, count, 20);
	check_modes(param, 0, 20);
	free(copy);
	return 0;
}
