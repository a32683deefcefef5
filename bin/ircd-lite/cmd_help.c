/* HELP and HELPOP, from the table of commands (Modern IRC). */

#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "limits.h"
#include "numeric.h"
#include "user.h"
#include "words.h"

#define COLUMNS 64 /* bytes of a line of the index */

static bool
available(const struct user *u, const struct cmd *c)
{
	if (!user_known(u))
		return (c->who & CMD_UNREG) != 0;
	if (c->who & CMD_OPER)
		return (u->modes & UMODE_OPER) != 0;
	return (c->who & CMD_USER) != 0;
}

static void
help_index(struct user *u)
{
	struct words w;
	size_t i;

	reply(u, RPL_HELPSTART, "*", "Commands that you may use");
	reply(u, RPL_HELPTXT, "*", "");
	words_begin(&w, u, 0);
	for (i = 0; i < ncmds; i++) {
		if (!available(u, &cmds[i]))
			continue;
		if (w.len + strlen(cmds[i].name) >= COLUMNS) {
			reply(u, RPL_HELPTXT, "*", w.text);
			words_begin(&w, u, 0);
		}
		(void)words_add(&w, "", cmds[i].name);
	}
	if (w.len > 0)
		reply(u, RPL_HELPTXT, "*", w.text);
	reply(u, RPL_HELPTXT, "*", "");
	reply(u, RPL_ENDOFHELP, "*", "HELP command says more about one");
}

/* Lines of a text that fit. */
static void
help_text(struct user *u, const char *subject, const char *text)
{
	char line[LINE_MAX_IRC / 2];
	size_t n;

	while (*text != '\0') {
		n = strcspn(text, "\n");
		n = text_cut(text, n, sizeof(line) - 1);
		memcpy(line, text, n);
		line[n] = '\0';
		reply(u, RPL_HELPTXT, subject, line);
		text += n;
		if (*text == '\n')
			text++;
	}
}

static const char *
for_whom(const struct cmd *c)
{
	if (c->who & CMD_OPER)
		return "For operators.";
	return c->who & CMD_USER ? "End of HELP" : "Before registration only.";
}

static void
help_command(struct user *u, const struct cmd *c)
{
	char title[LINE_MAX_IRC / 2];

	(void)snprintf(title, sizeof(title), "%s%s%s", c->name,
	    c->syntax[0] != '\0' ? " " : "", c->syntax);
	reply(u, RPL_HELPSTART, c->name, title);
	reply(u, RPL_HELPTXT, c->name, "");
	help_text(u, c->name, c->help);
	reply(u, RPL_ENDOFHELP, c->name, for_whom(c));
}

void
cmd_help(struct user *u, struct msg *m)
{
	const struct cmd *c;
	char word[WORD_LEN];

	if (m->nparams == 0 || *m->param[0] == '\0') {
		help_index(u);
		return;
	}
	if ((c = cmd_find(m->param[0])) == NULL)
		reply(u, ERR_HELPNOTFOUND,
		    word_of(word, sizeof(word), m->param[0]));
	else
		help_command(u, c);
}
