#ifndef RULES_TEXT_H
#define RULES_TEXT_H

/*
 * The text of one rule, as -b and -c take it, and what it means.  Used by
 * rules.c alone.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "rules.h"

#define RULE_PORTS_MAX 32 /* ranges of one rule */

enum rule_kind {
	RULE_ANY,	/* every address */
	RULE_NET,	/* numeric, or a network */
	RULE_HOST,	/* a host name or a pattern of one */
	RULE_LOCALHOST, /* the word: loopback, by that name only */
	RULE_NAME,	/* name:pattern */
	RULE_PATH,	/* /path/pattern */
};

struct port_range {
	uint16_t lo, hi; /* 1 to 65535 */
};

struct rule {
	STAILQ_ENTRY(rule) next;
	enum rule_action action;
	enum rule_kind kind;
	struct cidr net;
	char pattern[ADDR_HOST_MAX + 1]; /* host patterns in lower case */
	size_t nports;
	struct port_range ports[RULE_PORTS_MAX];
};
STAILQ_HEAD(rule_list, rule);

/* A new rule, to be freed by free(3); NULL with a message in err. */
struct rule *
rule_parse(enum rule_action, const char *text, char *err, size_t errlen);

#endif
