/*
 * Modes taken apart and put together.
 */
#include "modeparse.h"

#include <stdio.h>
#include <string.h>

void
modeparse_begin(struct mode_parser *p, const unsigned char *types,
    char *const *param, int nparams)
{
	p->param = param;
	p->nparams = nparams;
	p->next = 1;
	p->at = nparams > 0 ? param[0] : "";
	p->add = true;
	p->types = types;
}

/* Past the signs to the next letter; false if there is none. */
static bool
find_letter(struct mode_parser *p)
{
	for (;;) {
		if (*p->at == '+' || *p->at == '-')
			p->add = *p->at++ == '+';
		else if (*p->at != '\0')
			return true;
		else if (p->next < p->nparams &&
			 (p->param[p->next][0] == '+' ||
			     p->param[p->next][0] == '-'))
			p->at = p->param[p->next++];
		else
			return false;
	}
}

static bool
takes_param(enum mode_type type, bool add)
{
	return type == MODE_LIST || type == MODE_ALWAYS ||
	       (type == MODE_SET && add);
}

bool
modeparse_next(struct mode_parser *p, struct mode_change *c)
{
	if (!find_letter(p))
		return false;
	c->add = p->add;
	c->letter = *p->at++;
	c->type = (enum mode_type)p->types[(unsigned char)c->letter];
	c->param = NULL;
	if (takes_param(c->type, c->add) && p->next < p->nparams)
		c->param = p->param[p->next++];
	return true;
}

/* ---- the other way ------------------------------------------------------ */

void
modeout_begin(struct mode_out *o, size_t max)
{
	o->nletters = o->nparams = 0;
	o->max = max;
	o->sign = '\0';
}

bool
modeout_empty(const struct mode_out *o)
{
	return o->nletters == 0;
}

bool
modeout_add(struct mode_out *o, bool add, char letter, const char *param)
{
	char sign = add ? '+' : '-';
	size_t nl = o->sign == sign ? 1 : 2;
	size_t np = param == NULL ? 0 : strlen(param) + 1;

	if (nl > sizeof(o->letters) - o->nletters ||
	    np > sizeof(o->params) - o->nparams ||
	    o->nletters + nl + o->nparams + np > o->max)
		return false;
	if (nl == 2)
		o->letters[o->nletters++] = sign;
	o->letters[o->nletters++] = letter;
	o->sign = sign;
	if (param != NULL) {
		o->params[o->nparams] = ' ';
		memcpy(o->params + o->nparams + 1, param, np - 1);
		o->nparams += np;
	}
	return true;
}

const char *
modeout_text(const struct mode_out *o, char *out, size_t outlen)
{
	snprintf(out, outlen, "%.*s%.*s", (int)o->nletters, o->letters,
	    (int)o->nparams, o->params);
	return out;
}
