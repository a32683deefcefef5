/*
 * The rules of a vsapd without a configuration file: its options, and what
 * holds without them.
 */
#include "rules_impl.h"

#include <string.h>

int
rules_add_option(struct rules *r, unsigned verbs, const char *text, char *err,
    size_t errlen)
{
	const char *option = (verbs & RULE_BIND) != 0 ? "-b" : "-c";
	struct rule *rule = rule_new(true);

	strlcpy(err, "out of memory", errlen);
	if (rule == NULL)
		return -1;
	rule_set_verbs(rule, verbs);
	if (rule_add_where(rule, text, err, errlen) == -1) {
		rule_free(rule);
		return -1;
	}
	if (rule_set_origin(rule, option, 0, NULL) == -1) {
		rule_free(rule);
		return -1;
	}
	rules_append(r, rule);
	r->given |= rule->verbs;
	return 0;
}

static int
permit(struct rules *r, bool local, unsigned verbs, const char *const *where)
{
	struct rule *rule = rule_new(true);
	char ignored[128];

	if (rule == NULL)
		return -1;
	rule_set_verbs(rule, verbs);
	if (local &&
	    rule_add_from(rule, "local", ignored, sizeof(ignored)) == -1)
		goto fail;
	for (; *where != NULL; where++)
		if (rule_add_where(rule, *where, ignored, sizeof(ignored)) ==
		    -1)
			goto fail;
	if (rule_set_origin(rule, NULL, 0, NULL) == -1)
		goto fail;
	rules_append(r, rule);
	return 0;
fail:
	rule_free(rule);
	return -1;
}

int
rules_add_builtin(struct rules *r, bool upstream)
{
	static const char *const any[] = { "any", NULL };
	static const char *const nowhere[] = { NULL };
	static const char *const names[] = { "name:*", "/*", NULL };
	static const char *const loopback[] = { "127.0.0.0/8:1024-65535",
		"[::1]:1024-65535", NULL };
	bool bind_given = (r->given & RULE_BIND) != 0;
	bool reach_given = (r->given & RULE_REACH) != 0;

	if (permit(r, true, RULE_BIND | RULE_REACH, names) == -1)
		return -1;
	if (!bind_given &&
	    permit(r, !upstream, RULE_BIND, upstream ? any : loopback) == -1)
		return -1;
	if (!reach_given && permit(r, !upstream, RULE_REACH, any) == -1)
		return -1;
	return permit(r, true, RULE_STAT, nowhere);
}
