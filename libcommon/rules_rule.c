/*
 * Rules as they are made, clause by clause.
 */
#include "rules_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits_vsap.h"

#define PRINT_PREFIX "SHA256:"
#define PRINT_DIGITS 64

/* ---- lists ---- */

void *
list_grow(void *list, size_t n, size_t size)
{
	char *grown = list;

	/* room for 1, 2, 4, ...: full whenever n is one of these */
	if ((n & (n - 1)) == 0)
		grown = reallocarray(list, n == 0 ? 1 : n * 2, size);
	if (grown != NULL)
		memset(grown + n * size, 0, size);
	return grown;
}

int
words_add(struct words *w, const char *s)
{
	char **grown = list_grow(w->at, w->n, sizeof(*grown));

	if (grown == NULL)
		return -1;
	w->at = grown;
	if ((w->at[w->n] = strdup(s)) == NULL)
		return -1;
	w->n++;
	return 0;
}

bool
words_have(const struct words *w, const char *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->at[i], s) == 0)
			return true;
	return false;
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->at[i]);
	free(w->at);
}

/* ---- messages ---- */

int
rule_fail(char *err, size_t errlen, const char *text, const char *fmt, ...)
{
	char why[256], shown[64];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	strlcpy(shown, text, sizeof(shown));
	(void)snprintf(err, errlen, "%s: %s", shown, why);
	for (char *p = err; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return -1;
}

static int
no_memory(char *err, size_t errlen)
{
	strlcpy(err, "out of memory", errlen);
	return -1;
}

/* ---- the rule ---- */

struct rule *
rule_new(bool permit)
{
	struct rule *rule = calloc(1, sizeof(*rule));

	if (rule != NULL)
		rule->permit = permit;
	return rule;
}

void
rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	words_free(&rule->users);
	words_free(&rule->groups);
	words_free(&rule->certs);
	words_free(&rule->prints);
	words_free(&rule->texts);
	free(rule->uids.at);
	free(rule->gids.at);
	free(rule->from);
	free(rule->where);
	free(rule->visitors);
	free(rule->file);
	free(rule->text);
	free(rule);
}

/* ---- who ---- */

/* No byte that a line of the protocol or of the file cannot have. */
static int
check_name(const char *s, const char *what, char *err, size_t errlen)
{
	size_t n = strlen(s);

	if (n == 0 || n > VSAP_USER_MAX)
		return rule_fail(err, errlen, s,
		    "the name of a %s is 1 to %d bytes long", what,
		    VSAP_USER_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || s[i] == ':')
			return rule_fail(err, errlen, s,
			    "the name of a %s has no blank, ':' or control "
			    "byte, as at column %zu",
			    what, i + 1);
	return 0;
}

int
rule_add_user(struct rule *rule, const char *name, char *err, size_t errlen)
{
	if (check_name(name, "user", err, errlen) == -1)
		return -1;
	if (words_add(&rule->users, name) == -1)
		return no_memory(err, errlen);
	return 0;
}

int
rule_add_group(struct rule *rule, const char *name, char *err, size_t errlen)
{
	if (check_name(name, "group", err, errlen) == -1)
		return -1;
	if (words_add(&rule->groups, name) == -1)
		return no_memory(err, errlen);
	return 0;
}

int
rule_add_from(struct rule *rule, const char *text, char *err, size_t errlen)
{
	struct source src = { 0 }, *grown;

	src.local = strcmp(text, "local") == 0;
	src.all = strcmp(text, "*") == 0;
	if (!src.local && cidr_parse(&src.net, text, err, errlen) == -1)
		return -1;
	grown = list_grow(rule->from, rule->nfrom, sizeof(*grown));
	if (grown == NULL)
		return no_memory(err, errlen);
	rule->from = grown;
	rule->from[rule->nfrom++] = src;
	return 0;
}

static int
ids_add(struct ids *ids, id_t id)
{
	id_t *grown = list_grow(ids->at, ids->n, sizeof(*grown));

	if (grown == NULL)
		return -1;
	ids->at = grown;
	ids->at[ids->n++] = id;
	return 0;
}

int
rule_add_uid(struct rule *rule, uid_t uid)
{
	return ids_add(&rule->uids, uid);
}

int
rule_add_gid(struct rule *rule, gid_t gid)
{
	return ids_add(&rule->gids, gid);
}

int
rule_add_cert(struct rule *rule, const char *pattern, char *err, size_t errlen)
{
	if (pattern[0] == '\0' || strlen(pattern) > ADDR_HOST_MAX)
		return rule_fail(err, errlen, pattern,
		    "the name in a certificate is 1 to %d bytes long; write "
		    "\"*.example.org\"",
		    ADDR_HOST_MAX);
	if (words_add(&rule->certs, pattern) == -1)
		return no_memory(err, errlen);
	return 0;
}

/* Colons between the digits, as openssl(1) prints them, are left out. */
int
rule_add_print(struct rule *rule, const char *text, char *err, size_t errlen)
{
	char print[sizeof(PRINT_PREFIX) + PRINT_DIGITS] = PRINT_PREFIX;
	size_t n = 0;
	const char *p = text;

	if (strncmp(text, PRINT_PREFIX, strlen(PRINT_PREFIX)) == 0)
		p += strlen(PRINT_PREFIX);
	else
		p = ""; /* not one */
	for (; *p != '\0' && n <= PRINT_DIGITS; p++) {
		if (*p == ':' && n > 0 && n % 2 == 0 && p[1] != ':' &&
		    p[1] != '\0')
			continue;
		if (strchr("0123456789abcdefABCDEF", *p) == NULL)
			break;
		if (n < PRINT_DIGITS)
			print[strlen(PRINT_PREFIX) + n] = *p;
		n++;
	}
	if (*p != '\0' || n != PRINT_DIGITS)
		return rule_fail(err, errlen, text,
		    "a fingerprint is \"SHA256:\" and 64 hexadecimal digits, "
		    "as of openssl x509 -fingerprint -sha256");
	if (words_add(&rule->prints, print) == -1)
		return no_memory(err, errlen);
	return 0;
}

void
rule_set_tls(struct rule *rule)
{
	rule->tls = true;
}

/* ---- what, and how ---- */

void
rule_set_verbs(struct rule *rule, unsigned verbs)
{
	rule->verbs = verbs & RULE_ALL_VERBS;
}

int
rule_add_visitors(struct rule *rule, const char *cidr, char *err, size_t errlen)
{
	struct cidr net, *grown;

	if (cidr_parse(&net, cidr, err, errlen) == -1)
		return -1;
	grown = list_grow(rule->visitors, rule->nvisitors, sizeof(*grown));
	if (grown == NULL)
		return no_memory(err, errlen);
	rule->visitors = grown;
	rule->visitors[rule->nvisitors++] = net;
	return 0;
}

void
rule_set_visitor_rate(struct rule *rule, unsigned a_minute)
{
	rule->rate = a_minute;
}

void
rule_set_proxy(struct rule *rule, int version)
{
	rule->proxy = version;
}

int
rule_set_origin(struct rule *rule, const char *file, unsigned line,
    const char *text)
{
	char *f = file == NULL ? NULL : strdup(file);
	char *t = text == NULL ? rule_statement(rule) : strdup(text);

	if ((file != NULL && f == NULL) || t == NULL) {
		free(f);
		free(t);
		return -1;
	}
	free(rule->file);
	free(rule->text);
	rule->file = f;
	rule->text = t;
	rule->line = line;
	return 0;
}

/* ---- where ---- */

static int
where_add(struct rule *rule, const struct where *w)
{
	struct where *grown;

	grown = list_grow(rule->where, rule->nwhere, sizeof(*grown));
	if (grown == NULL)
		return -1;
	rule->where = grown;
	rule->where[rule->nwhere++] = *w;
	return 0;
}

/*
 * What bind takes and what connect takes are two grammars.  Each verb of the
 * rule has its own reading; one that takes nothing is left to rule_check(),
 * as long as another one does.
 */
int
rule_add_where(struct rule *rule, const char *text, char *err, size_t errlen)
{
	const unsigned kinds[] = { RULE_BIND, RULE_REACH };
	struct where w;
	char why[256];
	bool taken = false, told = false;

	if ((rule->verbs & (RULE_BIND | RULE_REACH)) == 0 &&
	    strcmp(text, "any") != 0)
		return rule_fail(err, errlen, text,
		    "an address belongs to bind, connect or forward; leave it "
		    "out");
	for (size_t i = 0; i < 2; i++) {
		if ((rule->verbs & kinds[i]) == 0)
			continue;
		if (where_parse(&w, kinds[i] == RULE_BIND, text, why,
			sizeof(why)) == 0) {
			w.verbs = rule->verbs & kinds[i];
			taken = true;
			if (where_add(rule, &w) == -1)
				return no_memory(err, errlen);
		} else if (!told || strchr(text, ':') != NULL) {
			strlcpy(err, why, errlen);
			told = true;
		}
	}
	if (told && !taken)
		return -1;
	if (words_add(&rule->texts, text) == -1)
		return no_memory(err, errlen);
	return 0;
}

/* ---- all of it ---- */

static bool
has_where_for(const struct rule *rule, unsigned verbs)
{
	for (size_t i = 0; i < rule->nwhere; i++)
		if ((rule->where[i].verbs & verbs) != 0)
			return true;
	return false;
}

static int
check_where(const struct rule *rule, char *err, size_t errlen)
{
	unsigned addressed = rule->verbs & (RULE_BIND | RULE_REACH);

	if (rule->nwhere == 0) {
		if (!rule->permit || addressed == 0 ||
		    rule->verbs == RULE_ALL_VERBS)
			return 0;
		return rule_fail(err, errlen, "rule",
		    "where? write an address behind the verb, as bind *:8080 "
		    "or connect *.example.org:22, or any");
	}
	if ((addressed & RULE_BIND) != 0 && !has_where_for(rule, RULE_BIND))
		return rule_fail(err, errlen, rule->texts.at[0],
		    "this cannot be bound; write an address of the gateway, "
		    "as *:8080, or two rules");
	if ((addressed & RULE_REACH) != 0 && !has_where_for(rule, RULE_REACH))
		return rule_fail(err, errlen, rule->texts.at[0],
		    "this cannot be connected to; write host and port, as "
		    "*:8080, or two rules");
	return 0;
}

int
rule_check(const struct rule *rule, char *err, size_t errlen)
{
	bool visitors = rule->nvisitors > 0 || rule->rate > 0;

	if (rule->verbs == 0)
		return rule_fail(err, errlen, "rule",
		    "what? write bind, connect, forward or stat");
	if (visitors && (!rule->permit || (rule->verbs & RULE_BIND) == 0))
		return rule_fail(err, errlen, "visitors",
		    "only what a rule permits to bind has visitors");
	if (rule->proxy != 0 &&
	    (!rule->permit || (rule->verbs & RULE_REACH) == 0))
		return rule_fail(err, errlen, "proxy",
		    "only what a rule permits to connect or forward begins "
		    "with a header");
	if (rule->proxy < 0 || rule->proxy > 2)
		return rule_fail(err, errlen, "proxy",
		    "write proxy v1 or proxy v2");
	return check_where(rule, err, errlen);
}
