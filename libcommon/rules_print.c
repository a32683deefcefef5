/*
 * Rules as text: where they stand, and as a statement that means the same.
 */
#include "rules_impl.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
rule_text(const struct rule *rule)
{
	return rule->text == NULL ? "" : rule->text;
}

const char *
rule_origin(const struct rule *rule, char *out, size_t outlen)
{
	if (rule->file == NULL)
		(void)snprintf(out, outlen, "built in");
	else if (rule->line == 0)
		(void)snprintf(out, outlen, "%s", rule->file);
	else
		(void)snprintf(out, outlen, "%s:%u", rule->file, rule->line);
	return out;
}

const char *
rule_verbs(unsigned verbs, char *out, size_t outlen)
{
	static const char *const names[] = { "bind", "connect", "forward",
		"stat" };
	bool several = (verbs & (verbs - 1)) != 0;

	if (verbs == RULE_ALL_VERBS) {
		(void)strlcpy(out, "all", outlen);
		return out;
	}
	(void)strlcpy(out, several ? "{ " : "", outlen);
	for (size_t i = 0; i < 4; i++) {
		if ((verbs & 1u << i) == 0)
			continue;
		if ((verbs & ((1u << i) - 1)) != 0)
			(void)strlcat(out, ", ", outlen);
		(void)strlcat(out, names[i], outlen);
	}
	(void)strlcat(out, several ? " }" : "", outlen);
	return out;
}

/* ---- a statement of vsapd.conf(5) ---- */

#define PLAIN                                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"       \
	"_-.:/*[]"

/* In quotes: it may be a word of the grammar, or have what ends a word. */
static void
put_quoted(FILE *f, const char *s)
{
	(void)fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			(void)fputc('\\', f);
		(void)fputc(*s, f);
	}
	(void)fputc('"', f);
}

/* A where needs none if nothing in it means something to the lexer. */
static void
put_where(FILE *f, const char *s)
{
	if (s[strspn(s, PLAIN)] == '\0')
		(void)fputs(s, f);
	else
		put_quoted(f, s);
}

static void
put_words(FILE *f, const char *key, const struct words *w,
    void (*put)(FILE *, const char *))
{
	if (w->n == 0)
		return;
	(void)fprintf(f, "%s%s", key, w->n > 1 ? " {" : "");
	for (size_t i = 0; i < w->n; i++) {
		(void)fputs(i > 0 ? ", " : " ", f);
		put(f, w->at[i]);
	}
	(void)fputs(w->n > 1 ? " }" : "", f);
}

static void
put_ids(FILE *f, const char *key, const struct ids *ids)
{
	if (ids->n == 0)
		return;
	(void)fprintf(f, "%s%s", key, ids->n > 1 ? " {" : "");
	for (size_t i = 0; i < ids->n; i++)
		(void)fprintf(f, "%s%lld", i > 0 ? ", " : " ",
		    (long long)ids->at[i]);
	(void)fputs(ids->n > 1 ? " }" : "", f);
}

static void
put_cidr(FILE *f, const struct cidr *c)
{
	char ip[INET6_ADDRSTRLEN];

	if (c->bits == 0)
		(void)fputs("::/0", f);
	else if (c->bits >= 96 && IN6_IS_ADDR_V4MAPPED(&c->ip))
		(void)fprintf(f, "%s/%u",
		    inet_ntop(AF_INET, &c->ip.s6_addr[12], ip, sizeof(ip)),
		    c->bits - 96);
	else
		(void)fprintf(f, "%s/%u",
		    inet_ntop(AF_INET6, &c->ip, ip, sizeof(ip)), c->bits);
}

static void
put_from(FILE *f, const struct rule *rule)
{
	if (rule->nfrom == 0)
		return;
	(void)fputs(rule->nfrom > 1 ? " from {" : " from", f);
	for (size_t i = 0; i < rule->nfrom; i++) {
		const struct source *src = &rule->from[i];

		(void)fputs(i > 0 ? ", " : " ", f);
		if (src->local || src->all)
			(void)fputs(src->local ? "local" : "*", f);
		else
			put_cidr(f, &src->net);
	}
	(void)fputs(rule->nfrom > 1 ? " }" : "", f);
}

static void
put_how(FILE *f, const struct rule *rule)
{
	if (rule->nvisitors > 0) {
		(void)fputs(" visitors from {", f);
		for (size_t i = 0; i < rule->nvisitors; i++) {
			(void)fputs(i > 0 ? ", " : " ", f);
			put_cidr(f, &rule->visitors[i]);
		}
		(void)fputs(" }", f);
	}
	if (rule->rate > 0)
		(void)fprintf(f, " rate %u", rule->rate);
	if (rule->proxy > 0)
		(void)fprintf(f, " send proxy v%d", rule->proxy);
}

char *
rule_statement(const struct rule *rule)
{
	char verbs[RULE_VERBS_STRLEN];
	char *s = NULL;
	size_t n;
	FILE *f = open_memstream(&s, &n);
	bool failed;

	if (f == NULL)
		return NULL;
	(void)fputs(rule->permit ? "permit" : "deny", f);
	put_words(f, " user", &rule->users, put_quoted);
	put_words(f, " group", &rule->groups, put_quoted);
	put_from(f, rule);
	put_ids(f, " uid", &rule->uids);
	put_ids(f, " gid", &rule->gids);
	put_words(f, " certificate", &rule->certs, put_quoted);
	put_words(f, " fingerprint", &rule->prints, put_quoted);
	(void)fputs(rule->tls ? " over tls" : "", f);
	(void)fprintf(f, " %s", rule_verbs(rule->verbs, verbs, sizeof(verbs)));
	put_words(f, "", &rule->texts, put_where);
	put_how(f, rule);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed) {
		free(s);
		return NULL;
	}
	return s;
}
