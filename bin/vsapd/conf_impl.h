#ifndef CONF_IMPL_H
#define CONF_IMPL_H

/*
 * Between the grammar (parse.y) and what its rules do.  The functions return
 * 0, or -1 with the error told to the lexer, unless they say otherwise.
 */

#include <sys/queue.h>

#include "conf.h"
#include "conf_lex.h"
#include "conf_open.h"
#include "conf_value.h"

#define CONF_RULES_MAX 4096
#define CONF_USERS_MAX 4096
#define CONF_GROUPS_MAX 256
#define CONF_PATH_MAX 1000 /* bytes; what is printed is read again */

/* Of lists that are kept to be printed. */
struct conf_word {
	STAILQ_ENTRY(conf_word) entry;
	char text[];
};

struct conf_group {
	STAILQ_ENTRY(conf_group) entry;
	char *name;
	struct conf_words users;
};

/* What is named somewhere, and has to exist in the end. */
struct conf_ref {
	STAILQ_ENTRY(conf_ref) entry;
	bool group; /* of users; else a user */
	char *at;   /* "file:line" */
	char name[];
};

/* What stands once in its block, and what has a range. */
enum conf_item {
	/* in the file */
	ITEM_TLS,
	ITEM_UPSTREAM,
	ITEM_PASSWORDS,
	ITEM_AUTHENTICATION,
	ITEM_PREFIX4,
	ITEM_PREFIX6,
	ITEM_HELLO,
	ITEM_LINE,
	ITEM_IDLE,
	ITEM_CONNECT,
	ITEM_LINGER,
	ITEM_WORKERS,
	ITEM_LOG,
	ITEM_VERBOSE,
	ITEM_SANDBOX,
	ITEM_ROOT,
	ITEM_RUN_AS,
	ITEM_RUN_DIRECTORY,
	ITEM_OWNER,
	/* in each of the others, from ITEM_OWN on */
	ITEM_LISTEN_TLS,
	ITEM_PROTOCOLS,
	ITEM_CLEARTEXT,
	ITEM_PROXY,
	ITEM_MODE,
	ITEM_LISTEN_GROUP,
	ITEM_METRICS,
	ITEM_CA,
	ITEM_CERTIFICATE, /* of an upstream, of a rule */
	ITEM_CIPHERS,
	ITEM_TLS_WORKERS,
	ITEM_FINGERPRINT,
	ITEM_NAME,
	ITEM_VERIFY,
	ITEM_USER,
	ITEM_GROUP,
	ITEM_FROM,
	ITEM_UID,
	ITEM_GID,
	ITEM_OVER,
	ITEM_VISITORS,
	ITEM_RATE,
	ITEM_SEND,
	ITEM_MAX,
};
#define ITEM_OWN ITEM_LISTEN_TLS

struct conf_parse;

/* What is done with one item of a list. */
typedef int conf_item_fn(struct conf_parse *, const struct lex_token *);

/* A query of -T. */
struct conf_query {
	bool has_from, local;
	struct in6_addr ip;
	bool has_uid;
	uid_t uid;
	gid_t gid[16];
	size_t ngids;
	char *user, *cert, *print;
	bool tls;
	enum rule_verb verb; /* 0: none */
	struct addr addr;
};

struct conf_parse {
	struct lex *lex;
	struct conf *conf;
	lex_open_fn *open; /* as the lexer has it */
	void *arg;
	bool printed; /* by conf_print(): more may stand there */
	int start;    /* the token that says what is read; 0: was given */
	struct lex_token last;	     /* for messages about syntax */
	unsigned braces;	     /* open ones, for a hint */
	struct lex_at set[ITEM_MAX]; /* line 0: not yet */
	struct lex_at limit_at[LIMIT_MAX][SCOPE_MAX];
	conf_item_fn *add; /* where an item of a list belongs */
	unsigned nrules, nusers, ngroups;
	struct conf_query *query;
	/* the statement that is being read */
	struct lex_token name;
	struct conf_listen *listen;
	struct conf_tls *tls;
	struct conf_user *user;
	struct conf_group *group;
	struct rule *rule;
	bool permit;
	unsigned verbs;
	struct lex_at cert_at;		/* of the first rule that needs one */
	char origin[CONF_PATH_MAX + 1]; /* "at", for the next rule */
	/* the rule's text, and the clause at its end */
	FILE *text;
	char *textbuf;
	size_t textlen;
	char *first; /* item of a list, not yet written */
	unsigned nitems;
	bool names; /* the clause has names */
};

/* ---- parse.y ------------------------------------------------------------- */

/* 0: read whole; else the error is told. */
int vconfyyparse(struct conf_parse *);

/* What p->start may be. */
extern const int conf_start_file, conf_start_query;

/* Is this a word of the grammar: 0 no, 1 one that may be a name, 2 yes. */
int conf_keyword(const char *);

/* ---- conf.c -------------------------------------------------------------- */

/* Read by the grammar; err is that of the lexer. */
int
conf_parse_run(struct conf_parse *, const char *path, char *err, size_t errlen);

/* A word at the end of a list; -1: no memory. */
int conf_words_add(struct conf_words *, const char *text);
void conf_words_free(struct conf_words *);

/* ---- conf_range.c: numbers and texts ------------------------------------- */

int conf_no_memory(struct conf_parse *);

/* A new statement or block: what it may have once has not been seen. */
void conf_begin(struct conf_parse *, const struct lex_token *t);

/* A second one of its kind is an error; t is where this one stands. */
int conf_once(struct conf_parse *, enum conf_item, const struct lex_token *t);

/* The number of t, checked against what the item may have; times are in
 * milliseconds in t and in seconds in *value. */
int conf_set_number(struct conf_parse *, enum conf_item,
    const struct lex_token *t, unsigned *value);
int conf_set_time(struct conf_parse *, enum conf_item,
    const struct lex_token *t, unsigned *value);

/* A text of 1 to max bytes. */
int conf_set_text(struct conf_parse *, enum conf_item,
    const struct lex_token *t, size_t max, char **value);
/* A path, relative to the file where it stands. */
int conf_set_path(struct conf_parse *, enum conf_item,
    const struct lex_token *t, char **value);
int conf_copy(struct conf_parse *, const char *text, char **value);

/* "file:line" of t, allocated; NULL: no memory, told. */
char *conf_at(struct conf_parse *, const struct lex_token *t);

/* Each item of t by p->add: t itself, or those of "{ a, b }" in quotes. */
int conf_add_items(struct conf_parse *, const struct lex_token *t);

/* A user or group of the system: a number, or a name that is asked for. */
int conf_system_id(struct conf_parse *, bool group, const struct lex_token *t,
    uint32_t *id);

/* ---- conf_listen.c ------------------------------------------------------- */

int conf_begin_listen(struct conf_parse *, const struct lex_token *t);
int conf_end_listen(struct conf_parse *);
int
conf_listen_tls(struct conf_parse *, const struct lex_token *t, bool optional);
int conf_begin_protocols(struct conf_parse *, const struct lex_token *t);
conf_item_fn conf_add_protocol, conf_add_proxy_from;
int conf_listen_proxy(struct conf_parse *, const struct lex_token *t);
int conf_listen_mode(struct conf_parse *, const struct lex_token *t);
int conf_listen_group(struct conf_parse *, const struct lex_token *t);

/* ---- conf_tls.c ---------------------------------------------------------- */

int conf_begin_tls(struct conf_parse *, const struct lex_token *t);
int conf_end_tls(struct conf_parse *);
int conf_begin_upstream(struct conf_parse *, const struct lex_token *t,
    const struct lex_token *address);
int conf_begin_upstream_block(struct conf_parse *, const struct lex_token *t);
int conf_add_keypair(struct conf_parse *, const struct lex_token *cert,
    const struct lex_token *key);
int conf_begin_tls_protocols(struct conf_parse *, const struct lex_token *t);
conf_item_fn conf_add_tls_protocol, conf_add_pin;

/* ---- conf_user.c: users, groups, who is admitted ------------------------- */

int conf_begin_user(struct conf_parse *, const struct lex_token *t);
int conf_add_password(struct conf_parse *, const struct lex_token *t);
int conf_end_user(struct conf_parse *);
int conf_begin_group(struct conf_parse *, const struct lex_token *t);
conf_item_fn conf_add_member, conf_add_admit;
/* It is named at t: it has to exist in the end. */
int conf_refer(struct conf_parse *, bool group, const struct lex_token *t);

/* ---- conf_set.c: limits and the rest ------------------------------------- */

int conf_set_limit(struct conf_parse *, const struct lex_token *item,
    const struct lex_token *scope, const struct lex_token *value);
int conf_set_timeout(struct conf_parse *, const struct lex_token *item,
    const struct lex_token *value);
int conf_set_rundir(struct conf_parse *, const struct lex_token *t);
int conf_set_owner(struct conf_parse *, const struct lex_token *t);

/* ---- conf_rule.c --------------------------------------------------------- */

int conf_set_origin(struct conf_parse *, const struct lex_token *t);
int
conf_begin_rule(struct conf_parse *, const struct lex_token *t, bool permit);
/* A clause: the item, its words in the text, and what takes its items. */
int conf_begin_clause(struct conf_parse *, enum conf_item,
    const struct lex_token *t, const char *words, conf_item_fn *);
int conf_end_clause(struct conf_parse *);
conf_item_fn conf_rule_user, conf_rule_group, conf_rule_from, conf_rule_uid,
    conf_rule_gid, conf_rule_cert, conf_rule_print, conf_rule_where,
    conf_rule_visitors;
int conf_rule_tls(struct conf_parse *, const struct lex_token *t);
int conf_end_verbs(struct conf_parse *);
int conf_rule_rate(struct conf_parse *, const struct lex_token *t,
    const struct lex_token *number);
int conf_rule_proxy(struct conf_parse *, const struct lex_token *t,
    const struct lex_token *version);
int conf_end_rule(struct conf_parse *);
void conf_drop_rule(struct conf_parse *); /* one that was not ended */

/* ---- conf_put.c, conf_print.c -------------------------------------------- */

/* Into quotes if the grammar needs it; name: where names may stand. */
void conf_put_text(FILE *, const char *text, bool name);
/* Lines, each with its end; long ones are continued on the next one. */
void conf_put_lines(FILE *, const char *lines);

/*
 * All of it: malloc'ed, with its length; NULL with errno.  For people rules
 * have their origins in comments, and default limits are told.
 */
char *conf_print_text(const struct conf *, bool people, size_t *len);

/* ---- conf_explain.c ------------------------------------------------------ */

int conf_query_from(struct conf_parse *, const struct lex_token *t);
int conf_query_id(struct conf_parse *, bool group, const struct lex_token *t);
int
conf_query_text(struct conf_parse *, char **value, const struct lex_token *t);
int conf_query_verb(struct conf_parse *, enum rule_verb,
    const struct lex_token *t, const struct lex_token *where);

#endif
