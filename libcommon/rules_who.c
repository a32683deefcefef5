/*
 * Is a rule about a peer?  And patterns.
 */
#include "rules_impl.h"

#include <string.h>
#include <strings.h>

/* ---- patterns ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Match '*' as any run of bytes.  The parts between stars are found left to
 * right, each at its first place, by memmem(3): time is linear in the
 * text, whatever the pattern.
 */
bool
rule_glob(const char *pattern, const char *text)
{
	size_t part = strcspn(pattern, "*"), left = strlen(text);
	const char *at;

	if (strncmp(pattern, text, part) != 0)
		return false;
	if (pattern[part] == '\0')
		return text[part] == '\0';
	for (text += part, left -= part;;
	     left -= (size_t)(at - text), text = at) {
		pattern += part + 1;
		part = strcspn(pattern, "*");
		if (pattern[part] == '\0')
			break;
		if ((at = memmem(text, left, pattern, part)) == NULL)
			return false;
		at += part;
	}
	return left >= part && strcmp(text + left - part, pattern) == 0;
}

/* The first n bytes of s in lower case, as far as they fit. */
void
rule_lower(char *out, size_t outlen, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i] != '\0' && i < outlen - 1; i++)
		out[i] = lower(s[i]);
	out[i] = '\0';
}

/* ---- who ---- */

static bool
by_group(const struct rules *r, const struct rule *rule, const char *user)
{
	const struct group *g;

	STAILQ_FOREACH(g, &r->groups, next)
		if (words_have(&rule->groups, g->name) &&
		    words_have(&g->users, user))
			return true;
	return false;
}

static bool
by_user(const struct rules *r, const struct rule *rule,
    const struct rule_who *who)
{
	if (rule->users.n > 0 &&
	    (who->user == NULL || (!words_have(&rule->users, who->user) &&
				      !words_have(&rule->users, "*"))))
		return false;
	return rule->groups.n == 0 ||
	       (who->user != NULL && by_group(r, rule, who->user));
}

/* A UNIX peer has no address: it is in no network, only in '*' and local. */
static bool
by_source(const struct rule *rule, const struct rule_who *who)
{
	bool has_ip = !who->is_unix && !IN6_IS_ADDR_UNSPECIFIED(&who->ip);

	for (size_t i = 0; i < rule->nfrom; i++) {
		const struct source *src = &rule->from[i];

		if (src->all || (src->local && who->local) ||
		    (!src->local && has_ip &&
			cidr_contains(&src->net, &who->ip)))
			return true;
	}
	return rule->nfrom == 0;
}

static bool
has_id(const struct ids *ids, id_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->at[i] == id)
			return true;
	return false;
}

static bool
by_process(const struct rule *rule, const struct rule_who *who)
{
	bool ok;

	if (rule->uids.n == 0 && rule->gids.n == 0)
		return true;
	if (!who->is_unix)
		return false;
	if (rule->uids.n > 0 && !has_id(&rule->uids, who->uid))
		return false;
	ok = rule->gids.n == 0;
	for (size_t i = 0; i < who->ngids && !ok; i++)
		ok = has_id(&rule->gids, who->gids[i]);
	return ok;
}

static bool
by_certificate(const struct rule *rule, const struct rule_who *who)
{
	char name[ADDR_HOST_MAX + 1], pattern[ADDR_HOST_MAX + 1];
	bool ok = rule->certs.n == 0;

	if (rule->tls && !who->tls)
		return false;
	if (!ok &&
	    (who->cert_name == NULL || strlen(who->cert_name) > ADDR_HOST_MAX))
		return false;
	for (size_t i = 0; i < rule->certs.n && !ok; i++) {
		rule_lower(name, sizeof(name), who->cert_name, ADDR_HOST_MAX);
		rule_lower(pattern, sizeof(pattern), rule->certs.at[i],
		    ADDR_HOST_MAX);
		ok = rule_glob(pattern, name);
	}
	if (!ok || rule->prints.n == 0)
		return ok;
	for (size_t i = 0; i < rule->prints.n; i++)
		if (who->cert_print != NULL &&
		    strcasecmp(rule->prints.at[i], who->cert_print) == 0)
			return true;
	return false;
}

bool
rule_for_everybody(const struct rule *rule)
{
	bool everywhere = rule->nfrom == 0;

	for (size_t i = 0; i < rule->nfrom; i++)
		everywhere |= rule->from[i].all;
	return everywhere && rule->users.n == 0 && rule->groups.n == 0 &&
	       rule->uids.n == 0 && rule->gids.n == 0 && rule->certs.n == 0 &&
	       rule->prints.n == 0 && !rule->tls;
}

bool
rule_concerns(const struct rules *r, const struct rule *rule,
    const struct rule_who *who)
{
	if (who == NULL)
		return rule->permit || rule_for_everybody(rule);
	return by_user(r, rule, who) && by_source(rule, who) &&
	       by_process(rule, who) && by_certificate(rule, who);
}
