#ifndef CONF_IMPL_H
#define CONF_IMPL_H

/*
 * Between the grammar (parse.y) and what its rules do.  The functions return
 * 0, or -1 with the error told to the lexer.
 */

#include <sys/queue.h>

#include "conf.h"
#include "conf_lex.h"
#include "conf_value.h"

/* What stands once in its block, and what has a range. */
enum conf_item {
	/* in the file */
	ITEM_SERVER,
	ITEM_DNS,
	ITEM_IDENT,
	ITEM_REGISTRATION,
	ITEM_ALL_CONNECTIONS,
	ITEM_WHOWAS,
	ITEM_WHOWAS_AGE,
	ITEM_KLINES,
	ITEM_LOG,
	ITEM_USER,
	/* in server { } */
	ITEM_DESCRIPTION,
	ITEM_NETWORK,
	ITEM_ADMIN,
	ITEM_LOCATION,
	ITEM_ORGANISATION,
	ITEM_MAIL,
	ITEM_MOTD,
	ITEM_CASEMAPPING,
	/* in dns { } and ident { } */
	ITEM_DNS_TIMEOUT,
	ITEM_DNS_SERVER,
	ITEM_IDENT_TIMEOUT,
	/* in each of the other blocks, from ITEM_OWN on */
	ITEM_PING,
	ITEM_SENDQ,
	ITEM_RECVQ,
	ITEM_CONNECTIONS,
	ITEM_PER_HOST,
	ITEM_CHANNELS,
	ITEM_FLOOD,
	ITEM_WINDOW,
	ITEM_PASSWORD,
	ITEM_FROM,
	ITEM_CLASS,
	ITEM_HOURS,
	ITEM_REASON,
	ITEM_RESTRICTED,
	ITEM_MAY,
	ITEM_PORT,
	ITEM_MODE,
	ITEM_PROXY,
	ITEM_MAX,
};
#define ITEM_OWN ITEM_PING

/* A class named somewhere, which has to exist in the end. */
struct conf_ref {
	STAILQ_ENTRY(conf_ref) entry;
	struct lex_token name;
};

struct conf_parse {
	struct lex *lex;
	struct conf *conf;
	conf_open_fn *open; /* as the lexer has it */
	void *arg;
	struct lex_token last;	     /* for messages about syntax */
	struct lex_at set[ITEM_MAX]; /* line 0: not yet */
	STAILQ_HEAD(, conf_ref) refs;
	/* the block that is being read */
	struct lex_token name;
	struct conf_listen *listen;
	struct lex_token port;
	struct conf_class *class;
	struct conf_rule *rule;
	struct conf_oper *oper;
	struct conf_webirc *webirc;
	struct conf_froms *froms; /* where `from' belongs */
	char **hash;		  /* where `password' belongs */
	struct lex_at motd_at;	  /* the statement */
};

/* ---- parse.y ------------------------------------------------------------- */

/* 0: read whole; else the error is told. */
int confyyparse(struct conf_parse *);

/* ---- conf_range.c: numbers and texts ------------------------------------- */

int conf_no_memory(struct conf_parse *);

/* A second one of its kind is an error; t is where this one stands. */
int conf_once(struct conf_parse *, enum conf_item, const struct lex_token *t);

/* t->number is in milliseconds for times; ranges are checked. */
int conf_set_count(struct conf_parse *, enum conf_item,
    const struct lex_token *t, unsigned *);
int conf_set_bytes(struct conf_parse *, enum conf_item,
    const struct lex_token *t, size_t *);
int conf_set_seconds(struct conf_parse *, enum conf_item,
    const struct lex_token *t, unsigned *);
int conf_set_ms(struct conf_parse *, enum conf_item, const struct lex_token *t,
    unsigned *);

/* A text of 1 to max bytes. */
int conf_set_text(struct conf_parse *, enum conf_item,
    const struct lex_token *t, size_t max, char **);
int conf_set_path(struct conf_parse *, enum conf_item,
    const struct lex_token *t, char **);
int conf_copy(struct conf_parse *, const char *text, char **value);

/* ---- conf_set.c: other values -------------------------------------------- */

int conf_set_server_name(struct conf_parse *, const struct lex_token *t);
int conf_set_network(struct conf_parse *, const struct lex_token *t);
int conf_set_casemapping(struct conf_parse *, const struct lex_token *t);
int conf_set_motd(struct conf_parse *, const struct lex_token *t);
int conf_set_password(struct conf_parse *, const struct lex_token *t);
int conf_set_mode(struct conf_parse *, const struct lex_token *t);
int conf_set_class(struct conf_parse *, const struct lex_token *t);
int conf_set_reason(struct conf_parse *, const struct lex_token *t);
int conf_add_from(struct conf_parse *, const struct lex_token *t);
int conf_add_hours(struct conf_parse *, const struct lex_token *days,
    const struct lex_token *times); /* times may be NULL */
int conf_add_may(struct conf_parse *, const struct lex_token *t);
int conf_add_dns_server(struct conf_parse *, const struct lex_token *t);
int conf_add_uid(struct conf_parse *, const struct lex_token *t);
int conf_add_user(struct conf_parse *, const struct lex_token *t);

/* ---- conf_block.c: blocks and statements --------------------------------- */

/* begin takes the name (or the keyword), end checks what is missing. */
int conf_begin_listen(struct conf_parse *, const struct lex_token *t);
int conf_end_listen(struct conf_parse *);
int conf_begin_proxy(struct conf_parse *, const struct lex_token *t);
int conf_begin_class(struct conf_parse *, const struct lex_token *t);
int conf_begin_rule(struct conf_parse *, const struct lex_token *t, bool allow);
int conf_end_rule(struct conf_parse *);
int conf_begin_oper(struct conf_parse *, const struct lex_token *t);
int conf_end_oper(struct conf_parse *);
int conf_begin_webirc(struct conf_parse *, const struct lex_token *t);
int conf_end_webirc(struct conf_parse *);
int conf_add_kline(struct conf_parse *, const struct lex_token *mask,
    const struct lex_token *reason); /* NULL: none */

/* After the last file: classes that are named but not there. */
int conf_check_refs(struct conf_parse *);

/* A class with the defaults of limits.h, in the list.  NULL: no memory. */
struct conf_class *conf_new_class(struct conf *, const char *name);

/* ---- conf.c -------------------------------------------------------------- */

/* Letters, digits and '-' with dots between, one at least. */
bool conf_server_name_valid(const char *);

/* ---- conf_hours.c -------------------------------------------------------- */

/* "mon-fri" and "08:00-18:00" into *h; -1: not such. */
int conf_parse_days(const char *, unsigned *days);
int conf_parse_times(const char *, unsigned *from, unsigned *to);

#endif
