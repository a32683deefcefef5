#ifndef RULES_IMPL_H
#define RULES_IMPL_H

/* Shared by the files of the rules alone. */

#include <sys/queue.h>

#include "rules.h"

#define RULE_PORTS_MAX 32 /* ranges of one where */
#define RULE_REACH (RULE_CONNECT | RULE_FORWARD)

enum where_kind {
	WHERE_ALL,	 /* "any": whatever can be asked for */
	WHERE_EVERY,	 /* '*', or ports alone: every TCP address */
	WHERE_NET,	 /* numeric, or a network */
	WHERE_HOST,	 /* a host name or a pattern of one */
	WHERE_LOCALHOST, /* the word: loopback, by that name only */
	WHERE_NAME,	 /* name:pattern */
	WHERE_PATH,	 /* /path/pattern */
	WHERE_HTTP,	 /* http://host[:ports]/pattern */
};

struct port_range {
	uint16_t lo, hi; /* 1 to 65535 */
};

/* One text may mean two things: one where for bind, one for the others. */
struct where {
	enum where_kind kind;
	unsigned verbs;
	struct cidr net;
	char pattern[ADDR_HOST_MAX + 1]; /* host patterns in lower case */
	size_t path;			 /* HTTP: its pattern in pattern[] */
	size_t nports;			 /* ALL, HTTP: 0 is every port */
	struct port_range ports[RULE_PORTS_MAX];
};

struct source {
	bool local, all; /* "local", "*"; else */
	struct cidr net;
};

/* Lists of one kind of clause; empty ones match everything. */
struct words {
	char **at;
	size_t n;
};

struct ids {
	id_t *at;
	size_t n;
};

struct rule {
	STAILQ_ENTRY(rule) next;
	bool permit, tls;
	unsigned verbs;
	struct words users, groups, certs, prints;
	struct ids uids, gids;
	struct source *from;
	size_t nfrom;
	struct where *where;
	size_t nwhere;
	struct words texts; /* of where, as they were written */
	struct cidr *visitors;
	size_t nvisitors;
	unsigned rate;
	int proxy;
	char *file; /* NULL: built in */
	unsigned line;
	char *text;
};

struct group {
	STAILQ_ENTRY(group) next;
	char *name;
	struct words users;
};

struct rules {
	STAILQ_HEAD(, rule) list;
	STAILQ_HEAD(, group) groups;
	unsigned given; /* verbs that an option was for */
	struct cidr *admit;
	size_t nadmit;
};

/* ---- rules_rule.c ---- */

/* One more at the end of a list of n; NULL: no memory, the list is as it was.
 * The new one is zero. */
void *list_grow(void *list, size_t n, size_t size);
int words_add(struct words *, const char *);
bool words_have(const struct words *, const char *);
void words_free(struct words *);
/* "text: reason" in err, control bytes shown as '?'.  Returns -1. */
int rule_fail(char *err, size_t errlen, const char *text, const char *fmt, ...)
    __attribute__((__format__(printf, 4, 5)));

/* ---- rules_text.c ---- */

/* What text means for bind, or for connect and forward.  0, or -1. */
int where_parse(struct where *, bool bind, const char *text, char *err,
    size_t errlen);

/* ---- rules_who.c ---- */

/* '*' is any run of bytes, '/' and '.' too. */
bool rule_glob(const char *pattern, const char *text);

/* The first n bytes of s in lower case, as far as they fit. */
void rule_lower(char *out, size_t outlen, const char *s, size_t n);

/*
 * Is the rule about who?  NULL asks for anybody: then every rule that permits
 * is, and one that denies if it is for everybody.
 */
bool rule_concerns(const struct rules *, const struct rule *,
    const struct rule_who *who);

/* Is it for everybody, without a clause on who? */
bool rule_for_everybody(const struct rule *);

/* ---- rules_match.c ---- */

/* Does it hold for an address, or name, whatever the port? */
bool where_binds(const struct where *, bool permit, const struct addr *);
bool where_reaches(const struct where *, bool permit, const struct addr *,
    const struct in6_addr *ip, bool own);
bool where_has_port(const struct where *, uint16_t port);

/* ---- rules_ports.c ---- */

#define PORTS_FREE 1024 /* what a system chooses from lies above */

/*
 * The longest run of ports that who may bind at a TCP address; both are 0
 * where every one from PORTS_FREE on is among those.  Returns the first port
 * of the run, 0 if there is none.
 */
uint16_t ports_free(const struct rules *, const struct rule_who *,
    const struct addr *, uint16_t *lo, uint16_t *hi);

/* May somebody bind each of these ports? */
bool ports_all_granted(const struct rules *, const struct addr *, uint16_t lo,
    uint16_t hi);

#endif
