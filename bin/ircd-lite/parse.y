/*
 * The grammar of ircd-lite.conf(5).  What the rules do is in conf_set.c and
 * conf_block.c; macros, files within files and braces are the lexer's.
 */
%require "3.6"
%define api.pure full
%define api.prefix {confyy}
%define api.value.type {struct lex_token}
%define parse.error custom
%define parse.lac full
%param { struct conf_parse *p }
%expect 0

%code top {
/* The skeleton's code, not ours. */
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
}

%code requires {
#include "conf_impl.h"
}

%code {
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int yylex(YYSTYPE *, struct conf_parse *);
static void yyerror(struct conf_parse *, const char *);

#define DO(expr)                                                               \
	do {                                                                   \
		if ((expr) == -1)                                              \
			YYABORT;                                               \
	} while (0)
}

%token STRING		"a text"
%token NUMBER		"a number"
%token SIZE		"a size (64K, 1M)"
%token NEWLINE		"the end of the line"
%token OPEN		"{"
%token CLOSE		"}"
%token COMMA		","
%token SEMICOLON	";"
%token EQUALS		"="

%token ADMIN		"admin"
%token ALLOW		"allow"
%token CASEMAPPING	"casemapping"
%token CHANNELS		"channels"
%token CLASS		"class"
%token CONNECTIONS	"connections"
%token DAYS		"days"
%token DENY		"deny"
%token DESCRIPTION	"description"
%token DNS		"dns"
%token ENTRIES		"entries"
%token FILENAME		"file"
%token FLOOD		"flood"
%token FROM		"from"
%token HANDOVER		"handover"
%token HOST		"host"
%token HOURS		"hours"
%token IDENT		"ident"
%token KLINE		"kline"
%token KLINES		"klines"
%token LISTEN		"listen"
%token LOCATION		"location"
%token LOG		"log"
%token MAIL		"mail"
%token MAY		"may"
%token MILLISECONDS	"milliseconds"
%token MINUTES		"minutes"
%token MODE		"mode"
%token MOTD		"motd"
%token NETWORK		"network"
%token NONE		"none"
%token OFF		"off"
%token ON		"on"
%token OPERATOR		"operator"
%token ORGANISATION	"organisation"
%token PASSWORD		"password"
%token PER		"per"
%token PING		"ping"
%token PORT		"port"
%token PROXY		"proxy"
%token REASON		"reason"
%token RECVQ		"recvq"
%token REGISTRATION	"registration"
%token RESTRICTED	"restricted"
%token SECONDS		"seconds"
%token SENDQ		"sendq"
%token SERVER		"server"
%token STDERR		"stderr"
%token SYSLOG		"syslog"
%token TIMEOUT		"timeout"
%token UID		"uid"
%token UNLIMITED	"unlimited"
%token USER		"user"
%token WEBIRC		"webirc"
%token WHOWAS		"whowas"
%token WINDOW		"window"

%%

config:
	  %empty
	| config sep
	| config statement sep
	;

statement:
	  server
	| listen
	| class
	| rule
	| kline
	| operator
	| webirc
	| HANDOVER FROM uid
	| dns
	| ident
	| whowas
	| log
	| REGISTRATION time {
		DO(conf_set_seconds(p, ITEM_REGISTRATION, &$2,
		    &p->conf->register_time));
	}
	| CONNECTIONS NUMBER {
		DO(conf_set_count(p, ITEM_ALL_CONNECTIONS, &$2,
		    &p->conf->connections));
	}
	| KLINES FILENAME text {
		DO(conf_set_path(p, ITEM_KLINES, &$3, &p->conf->kline_path));
	}
	| USER text {
		DO(conf_set_text(p, ITEM_USER, &$2, 32, &p->conf->user));
	}
	;

/* ---- what many have ---- */

sep:	  NEWLINE
	| SEMICOLON
	;
seps:	  sep
	| seps sep
	;
optseps:  %empty
	| seps
	;
newlines: NEWLINE
	| newlines NEWLINE
	;
optnl:	  %empty
	| newlines
	;
comma:	  COMMA optnl
	| newlines
	;

text:	  STRING
	| NUMBER
	| SIZE
	;
size:	  NUMBER
	| SIZE
	;
limit:	  NUMBER
	| UNLIMITED	{ $$ = $1; $$.number = 0; }
	;
unit:	  MILLISECONDS	{ $$ = $1; $$.number = 1; }
	| SECONDS	{ $$ = $1; $$.number = 1000; }
	| MINUTES	{ $$ = $1; $$.number = 60 * 1000; }
	| HOURS		{ $$ = $1; $$.number = 60 * 60 * 1000; }
	| DAYS		{ $$ = $1; $$.number = 24 * 60 * 60 * 1000; }
	;
time:	  NUMBER unit {
		$$ = $1;
		if (__builtin_mul_overflow($1.number, $2.number, &$$.number))
			$$.number = INT64_MAX;
	}
	;

/* Lists stand in lists, so that a macro may be one. */
from:	  FROM from_item	{ DO(conf_once(p, ITEM_FROM, &$1)); }
	;
from_items: from_item
	| from_items comma from_item
	;
from_item: text			{ DO(conf_add_from(p, &$1)); }
	| OPEN optnl from_items optnl CLOSE
	;
password: PASSWORD text		{ DO(conf_set_password(p, &$2)); }
	;
in_class: CLASS text		{ DO(conf_set_class(p, &$2)); }
	;

/* ---- server ---- */

server:	  SERVER text {
		DO(conf_once(p, ITEM_SERVER, &$1));
		DO(conf_set_server_name(p, &$2));
	} OPEN server_body CLOSE
	;
server_body: optseps
	| optseps server_items optseps
	;
server_items: server_item
	| server_items seps server_item
	;
server_item:
	  DESCRIPTION text {
		DO(conf_set_text(p, ITEM_DESCRIPTION, &$2, REALLEN,
		    &p->conf->description));
	}
	| NETWORK text		{ DO(conf_set_network(p, &$2)); }
	| ADMIN			{ DO(conf_once(p, ITEM_ADMIN, &$1)); }
	  OPEN admin_body CLOSE
	| MOTD text		{ DO(conf_set_motd(p, &$2)); }
	| CASEMAPPING text	{ DO(conf_set_casemapping(p, &$2)); }
	;
admin_body: optseps
	| optseps admin_items optseps
	;
admin_items: admin_item
	| admin_items seps admin_item
	;
admin_item:
	  LOCATION text {
		DO(conf_set_text(p, ITEM_LOCATION, &$2, 255,
		    &p->conf->admin[0]));
	}
	| ORGANISATION text {
		DO(conf_set_text(p, ITEM_ORGANISATION, &$2, 255,
		    &p->conf->admin[1]));
	}
	| MAIL text {
		DO(conf_set_text(p, ITEM_MAIL, &$2, 255,
		    &p->conf->admin[2]));
	}
	;

/* ---- listen ---- */

listen:	  LISTEN ON text	{ DO(conf_begin_listen(p, &$3)); }
	  listen_opts		{ DO(conf_end_listen(p)); }
	;
listen_opts: %empty
	| listen_opts listen_opt
	;
listen_opt:
	  PORT NUMBER {
		DO(conf_once(p, ITEM_PORT, &$1));
		p->port = $2;
	}
	| MODE NUMBER		{ DO(conf_set_mode(p, &$2)); }
	| PROXY			{ DO(conf_begin_proxy(p, &$1)); }
	  opt_from
	;
opt_from: %empty
	| from
	;

/* ---- class ---- */

class:	  CLASS text		{ DO(conf_begin_class(p, &$2)); }
	  OPEN class_body CLOSE
	;
class_body: optseps
	| optseps class_items optseps
	;
class_items: class_item
	| class_items seps class_item
	;
class_item:
	  PING time {
		DO(conf_set_seconds(p, ITEM_PING, &$2, &p->class->ping));
	}
	| SENDQ size {
		DO(conf_set_bytes(p, ITEM_SENDQ, &$2, &p->class->sendq));
	}
	| RECVQ size {
		DO(conf_set_bytes(p, ITEM_RECVQ, &$2, &p->class->recvq));
	}
	| CONNECTIONS limit {
		DO(conf_set_count(p, ITEM_CONNECTIONS, &$2,
		    &p->class->connections));
	}
	| PER HOST limit {
		DO(conf_set_count(p, ITEM_PER_HOST, &$3,
		    &p->class->per_host));
	}
	| CHANNELS NUMBER {
		DO(conf_set_count(p, ITEM_CHANNELS, &$2,
		    &p->class->channels));
	}
	| FLOOD NONE {
		DO(conf_once(p, ITEM_FLOOD, &$1));
		p->class->penalty = 0;
	}
	| FLOOD time opt_window {
		DO(conf_set_ms(p, ITEM_FLOOD, &$2, &p->class->penalty));
	}
	;
opt_window: %empty
	| WINDOW time {
		DO(conf_set_ms(p, ITEM_WINDOW, &$2, &p->class->window));
	}
	;

/* ---- allow, deny, kline ---- */

rule:	  rule_head rule_opts	{ DO(conf_end_rule(p)); }
	;
rule_head:
	  ALLOW			{ DO(conf_begin_rule(p, &$1, true)); }
	| DENY			{ DO(conf_begin_rule(p, &$1, false)); }
	;
rule_opts: %empty
	| rule_opts rule_opt
	;
rule_opt:
	  from
	| password
	| in_class
	| REASON text		{ DO(conf_set_reason(p, &$2)); }
	| RESTRICTED {
		DO(conf_once(p, ITEM_RESTRICTED, &$1));
		p->rule->restricted = true;
	}
	| HOURS			{ DO(conf_once(p, ITEM_HOURS, &$1)); }
	  hours_list
	;
hours_list: hours
	| hours_list COMMA optnl hours
	;
hours:	  STRING		{ DO(conf_add_hours(p, &$1, NULL)); }
	| STRING STRING		{ DO(conf_add_hours(p, &$1, &$2)); }
	;

kline:	  KLINE text		{ DO(conf_add_kline(p, &$2, NULL)); }
	| KLINE text REASON text { DO(conf_add_kline(p, &$2, &$4)); }
	;

/* ---- operator, webirc, handover ---- */

operator: OPERATOR text		{ DO(conf_begin_oper(p, &$2)); }
	  OPEN oper_body CLOSE	{ DO(conf_end_oper(p)); }
	;
oper_body: optseps
	| optseps oper_items optseps
	;
oper_items: oper_item
	| oper_items seps oper_item
	;
oper_item:
	  password
	| from
	| in_class
	| MAY NONE		{ DO(conf_once(p, ITEM_MAY, &$1)); }
	| MAY may_item		{ DO(conf_once(p, ITEM_MAY, &$1)); }
	;
may_items: may_item
	| may_items comma may_item
	;
may_item: STRING		{ DO(conf_add_may(p, &$1)); }
	| KLINE			{ DO(conf_add_may(p, &$1)); }
	| OPEN optnl may_items optnl CLOSE
	;

webirc:	  WEBIRC text		{ DO(conf_begin_webirc(p, &$2)); }
	  OPEN webirc_body CLOSE { DO(conf_end_webirc(p)); }
	;
webirc_body: optseps
	| optseps webirc_items optseps
	;
webirc_items: webirc_item
	| webirc_items seps webirc_item
	;
webirc_item:
	  password
	| from
	;

uid_items: uid
	| uid_items comma uid
	;
uid:	  UID NUMBER		{ DO(conf_add_uid(p, &$2)); }
	| USER text		{ DO(conf_add_user(p, &$2)); }
	| OPEN optnl uid_items optnl CLOSE
	;

/* ---- lookups and the rest ---- */

dns:	  DNS dns_value		{ DO(conf_once(p, ITEM_DNS, &$1)); }
	;
dns_value:
	  OFF			{ p->conf->dns = false; }
	| ON
	| OPEN dns_body CLOSE
	;
dns_body: optseps
	| optseps dns_items optseps
	;
dns_items: dns_item
	| dns_items seps dns_item
	;
dns_item:
	  TIMEOUT time {
		DO(conf_set_seconds(p, ITEM_DNS_TIMEOUT, &$2,
		    &p->conf->dns_timeout));
	}
	| SERVER name_server	{ DO(conf_once(p, ITEM_DNS_SERVER, &$1)); }
	;
name_server_items: name_server
	| name_server_items comma name_server
	;
name_server: text		{ DO(conf_add_dns_server(p, &$1)); }
	| OPEN optnl name_server_items optnl CLOSE
	;
ident:	  IDENT ident_value	{ DO(conf_once(p, ITEM_IDENT, &$1)); }
	;
ident_value:
	  OFF			{ p->conf->ident = false; }
	| ON
	| OPEN optseps CLOSE
	| OPEN optseps TIMEOUT time optseps CLOSE {
		DO(conf_set_seconds(p, ITEM_IDENT_TIMEOUT, &$4,
		    &p->conf->ident_timeout));
	}
	;
whowas:	  WHOWAS NUMBER ENTRIES opt_age {
		DO(conf_set_count(p, ITEM_WHOWAS, &$2, &p->conf->whowas));
	}
	;
opt_age:  %empty
	| time {
		DO(conf_set_seconds(p, ITEM_WHOWAS_AGE, &$1,
		    &p->conf->whowas_age));
	}
	;
log:	  LOG STDERR {
		DO(conf_once(p, ITEM_LOG, &$1));
		p->conf->log = CONF_LOG_STDERR;
	}
	| LOG SYSLOG {
		DO(conf_once(p, ITEM_LOG, &$1));
		p->conf->log = CONF_LOG_SYSLOG;
	}
	| LOG FILENAME text {
		DO(conf_set_path(p, ITEM_LOG, &$3, &p->conf->log_path));
		p->conf->log = CONF_LOG_FILE;
	}
	;

%%

/* Sorted; units stand in the singular too. */
static const struct keyword {
	const char *name;
	int token;
} keywords[] = {
	{ "admin", ADMIN },
	{ "allow", ALLOW },
	{ "casemapping", CASEMAPPING },
	{ "channels", CHANNELS },
	{ "class", CLASS },
	{ "connections", CONNECTIONS },
	{ "day", DAYS },
	{ "days", DAYS },
	{ "deny", DENY },
	{ "description", DESCRIPTION },
	{ "dns", DNS },
	{ "entries", ENTRIES },
	{ "file", FILENAME },
	{ "flood", FLOOD },
	{ "from", FROM },
	{ "handover", HANDOVER },
	{ "host", HOST },
	{ "hour", HOURS },
	{ "hours", HOURS },
	{ "ident", IDENT },
	{ "kline", KLINE },
	{ "klines", KLINES },
	{ "listen", LISTEN },
	{ "location", LOCATION },
	{ "log", LOG },
	{ "mail", MAIL },
	{ "may", MAY },
	{ "millisecond", MILLISECONDS },
	{ "milliseconds", MILLISECONDS },
	{ "minute", MINUTES },
	{ "minutes", MINUTES },
	{ "mode", MODE },
	{ "motd", MOTD },
	{ "ms", MILLISECONDS },
	{ "network", NETWORK },
	{ "none", NONE },
	{ "off", OFF },
	{ "on", ON },
	{ "operator", OPERATOR },
	{ "organisation", ORGANISATION },
	{ "password", PASSWORD },
	{ "per", PER },
	{ "ping", PING },
	{ "port", PORT },
	{ "proxy", PROXY },
	{ "reason", REASON },
	{ "recvq", RECVQ },
	{ "registration", REGISTRATION },
	{ "restricted", RESTRICTED },
	{ "second", SECONDS },
	{ "seconds", SECONDS },
	{ "sendq", SENDQ },
	{ "server", SERVER },
	{ "stderr", STDERR },
	{ "syslog", SYSLOG },
	{ "timeout", TIMEOUT },
	{ "uid", UID },
	{ "unlimited", UNLIMITED },
	{ "user", USER },
	{ "webirc", WEBIRC },
	{ "whowas", WHOWAS },
	{ "window", WINDOW },
};

static int
compare_keyword(const void *name, const void *keyword)
{
	const struct keyword *k = keyword;

	return strcmp(name, k->name);
}

static int
word_token(const char *word)
{
	const struct keyword *k = bsearch(word, keywords,
	    sizeof(keywords) / sizeof(*keywords), sizeof(*keywords),
	    compare_keyword);

	return k == NULL ? STRING : k->token;
}

static int
yylex(YYSTYPE *value, struct conf_parse *p)
{
	static const int tokens[] = {
		[LEX_ERROR] = CONFYYerror,
		[LEX_END] = CONFYYEOF,
		[LEX_NEWLINE] = NEWLINE,
		[LEX_STRING] = STRING,
		[LEX_NUMBER] = NUMBER,
		[LEX_SIZE] = SIZE,
		[LEX_OPEN] = OPEN,
		[LEX_CLOSE] = CLOSE,
		[LEX_COMMA] = COMMA,
		[LEX_SEMICOLON] = SEMICOLON,
		[LEX_EQUALS] = EQUALS,
	};
	enum lex_type type = lex_next(p->lex, value);

	p->last = *value;
	return type == LEX_WORD ? word_token(value->text) : tokens[type];
}

static void
yyerror(struct conf_parse *p, const char *reason)
{
	(void)lex_error(p->lex, &p->last.at, "%s", reason);
}

#define EXPECTED_MAX 12 /* alternatives that a message names */

static bool
among(const yysymbol_kind_t *kinds, int n, yysymbol_kind_t kind)
{
	for (int i = 0; i < n; i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

/*
 * The alternatives as "a, b or c".  What separates is not worth a word, and
 * where a text may stand so may a number.
 */
static void
expected_text(const yysymbol_kind_t *kinds, int n, char *out, size_t outlen)
{
	bool text = among(kinds, n, YYSYMBOL_STRING);
	yysymbol_kind_t shown[YYNTOKENS];
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (kinds[i] != YYSYMBOL_SEMICOLON &&
		    (!text || (kinds[i] != YYSYMBOL_NUMBER &&
				  kinds[i] != YYSYMBOL_SIZE)))
			shown[kept++] = kinds[i];
	out[0] = '\0';
	if (kept > EXPECTED_MAX) {
		strlcat(out, "a statement", outlen);
		return;
	}
	for (int i = 0; i < kept; i++) {
		if (i > 0)
			strlcat(out, i + 1 < kept ? ", " : " or ", outlen);
		strlcat(out, yysymbol_name(shown[i]), outlen);
	}
}

static int
yyreport_syntax_error(const yypcontext_t *ctx, struct conf_parse *p)
{
	const struct lex_token *t = &p->last;
	yysymbol_kind_t kind = yypcontext_token(ctx);
	const char *hint = "", *quote = t->type == LEX_STRING ? "\"" : "";
	yysymbol_kind_t kinds[YYNTOKENS];
	int n = yypcontext_expected_tokens(ctx, kinds, YYNTOKENS);
	char expected[512], found[64];

	if (t->type == LEX_NEWLINE || t->type == LEX_END)
		(void)snprintf(found, sizeof(found), "%s",
		    t->type == LEX_END ? "the end of the file"
				       : yysymbol_name(kind));
	else
		(void)snprintf(found, sizeof(found), "%s%.40s%s", quote,
		    t->text, quote);
	expected_text(kinds, n, expected, sizeof(expected));
	if (t->type == LEX_WORD && among(kinds, n, YYSYMBOL_STRING))
		hint = "; as a text this word stands in quotes";
	return lex_error(p->lex, &t->at, "found %s, expected %s%s", found,
	    expected, hint);
}
