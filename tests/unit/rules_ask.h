#ifndef RULES_ASK_H
#define RULES_ASK_H

/*
 * Somebody, and what is asked of rules, from texts:
 *
 *	who	an address, "local" (loopback) or "unix", then any of
 *		user=NAME, uid=N, gid=N, tls, cn=NAME, print=C (SHA256: and
 *		64 times C)
 *	ask	a verb and an address, @IP what it resolved to, own
 */

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define ASK_GROUPS 8

/* ---- somebody ---- */

struct person {
	struct rule_who who;
	gid_t gids[ASK_GROUPS];
	char user[64], name[128], print[72];
};

static inline int
ask_ip(const char *s, struct in6_addr *ip)
{
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s",
	    strchr(s, ':') == NULL ? "::ffff:" : "", s);
	return inet_pton(AF_INET6, mapped, ip) == 1 ? 0 : -1;
}

static inline bool
ask_prefix(const char *word, const char *prefix, const char **rest)
{
	*rest = word + strlen(prefix);
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

static inline int
ask_describe(struct person *p, const char *word)
{
	struct rule_who *who = &p->who;
	const char *s;

	if (strcmp(word, "local") == 0 || strcmp(word, "unix") == 0) {
		who->local = true;
		who->is_unix = word[0] == 'u';
		return who->is_unix ? 0 : ask_ip("127.0.0.1", &who->ip);
	}
	if (strcmp(word, "tls") == 0) {
		who->tls = true;
	} else if (ask_prefix(word, "user=", &s)) {
		strlcpy(p->user, s, sizeof(p->user));
		who->user = p->user;
	} else if (ask_prefix(word, "uid=", &s)) {
		who->uid = (uid_t)strtonum(s, 0, 99999, NULL);
	} else if (ask_prefix(word, "gid=", &s)) {
		p->gids[who->ngids++] = (gid_t)strtonum(s, 0, 99999, NULL);
	} else if (ask_prefix(word, "cn=", &s)) {
		strlcpy(p->name, s, sizeof(p->name));
		who->cert_name = p->name;
	} else if (ask_prefix(word, "print=", &s)) {
		strlcpy(p->print, "SHA256:", sizeof(p->print));
		memset(p->print + 7, *s, 64);
		who->cert_print = p->print;
	} else {
		return ask_ip(word, &who->ip);
	}
	return 0;
}

static inline int
ask_person(struct person *p, const char *text)
{
	char copy[256], *rest = copy, *word;

	memset(p, 0, sizeof(*p));
	p->who.gids = p->gids;
	p->who.uid = 99999;
	strlcpy(copy, text, sizeof(copy));
	while ((word = strsep(&rest, " ")) != NULL)
		if (ask_describe(p, word) == -1)
			return -1;
	return 0;
}

/* ---- what is asked ---- */

struct question {
	const char *verb;
	struct addr a;
	bool has_ip, own;
	struct in6_addr ip;
};

static inline int
ask_question(struct question *q, char *text)
{
	char err[256], *addr, *word;
	bool bind;

	memset(q, 0, sizeof(*q));
	q->verb = strsep(&text, " ");
	bind = strcmp(q->verb, "bind") == 0;
	if (strcmp(q->verb, "stat") == 0)
		return 0;
	if ((addr = strsep(&text, " ")) == NULL)
		return -1;
	if (addr_parse(&q->a, addr,
		(bind ? ADDR_FOR_BIND : ADDR_FOR_CONNECT) | ADDR_F_HTTP, err,
		sizeof(err)) == -1)
		return -1;
	while ((word = strsep(&text, " ")) != NULL) {
		if (strcmp(word, "own") == 0)
			q->own = true;
		else if (word[0] != '@' || ask_ip(word + 1, &q->ip) == -1)
			return -1;
		else
			q->has_ip = true;
	}
	return 0;
}

static inline const struct rule *
ask(const struct rules *r, const struct rule_who *who, const struct question *q,
    uint16_t *lo, uint16_t *hi)
{
	*lo = *hi = 0;
	if (strcmp(q->verb, "stat") == 0)
		return rules_stat(r, who);
	if (strcmp(q->verb, "bind") == 0)
		return rules_bind(r, who, &q->a, lo, hi);
	return rules_reach(r,
	    strcmp(q->verb, "forward") == 0 ? RULE_FORWARD : RULE_CONNECT, who,
	    &q->a, q->has_ip ? &q->ip : NULL, q->own);
}

#endif
