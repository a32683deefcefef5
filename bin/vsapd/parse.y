/*
 * The grammar of vsapd.conf(5), and of the queries of "vsapd -T".  What the
 * rules do is in conf_*.c; macros, files within files and braces are the
 * lexer's.
 */
%require "3.6"
%define api.pure full
%define api.prefix {vconfyy}
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

/* The clause of a rule that begins with this word. */
#define CLAUSE(item, t, words, fn)                                             \
	DO(conf_begin_clause(p, (item), &(t), (words), (fn)))
}

%token START_FILE START_QUERY

%token STRING		"a text"
%token NUMBER		"a number"
%token SIZE		"a size (64K, 10M)"
%token NEWLINE		"the end of the line"
%token OPEN		"{"
%token CLOSE		"}"
%token COMMA		","
%token SEMICOLON	";"
%token EQUALS		"="

%token ADMIT		"admit"
%token ALL		"all"
%token AS		"as"
%token AT		"at"
%token AUTHENTICATION	"authentication"
%token BIND		"bind"
%token CA		"ca"
%token CERTIFICATE	"certificate"
%token CIPHERS		"ciphers"
%token CLEARTEXT	"cleartext"
%token CLIENT		"client"
%token CONNECT		"connect"
%token DAYS		"days"
%token DENY		"deny"
%token DIRECTORY	"directory"
%token FILENAME		"file"
%token FINGERPRINT	"fingerprint"
%token FORWARD		"forward"
%token FROM		"from"
%token GID		"gid"
%token GROUP		"group"
%token HOURS		"hours"
%token KEY		"key"
%token LIMIT		"limit"
%token LISTEN		"listen"
%token LOG		"log"
%token METRICS		"metrics"
%token MILLISECONDS	"milliseconds"
%token MINUTES		"minutes"
%token MODE		"mode"
%token NAME		"name"
%token OFF		"off"
%token ON		"on"
%token OPTIONAL		"optional"
%token OVER		"over"
%token OWNER		"owner"
%token PASSWORD		"password"
%token PASSWORDS	"passwords"
%token PER		"per"
%token PERMIT		"permit"
%token PREFIX		"prefix"
%token PROTOCOLS	"protocols"
%token PROXY		"proxy"
%token RATE		"rate"
%token REQUIRED		"required"
%token ROOT		"root"
%token RUN		"run"
%token SANDBOX		"sandbox"
%token SECONDS		"seconds"
%token SEND		"send"
%token STAT		"stat"
%token STDERR		"stderr"
%token SYSLOG		"syslog"
%token TIMEOUT		"timeout"
%token TLS		"tls"
%token UID		"uid"
%token UNLIMITED	"unlimited"
%token UPSTREAM		"upstream"
%token USER		"user"
%token VERBOSE		"verbose"
%token VERIFY		"verify"
%token VISITORS		"visitors"
%token WORKERS		"workers"

%%

input:	  START_FILE config
	| START_QUERY query NEWLINE
	;

config:	  %empty
	| config sep
	| config statement sep
	;

statement:
	  listen
	| tls
	| upstream
	| user
	| group
	| rule
	| admit
	| limit
	| timeout
	| log
	| PASSWORDS FILENAME text {
		DO(conf_set_path(p, ITEM_PASSWORDS, &$3, &p->conf->passwd));
	}
	| AUTHENTICATION REQUIRED {
		DO(conf_once(p, ITEM_AUTHENTICATION, &$1));
		p->conf->auth_required = true;
	}
	| AUTHENTICATION OPTIONAL {
		DO(conf_once(p, ITEM_AUTHENTICATION, &$1));
	}
	| PREFIX NUMBER NUMBER {
		DO(conf_set_number(p, ITEM_PREFIX4, &$2, &p->conf->prefix4));
		DO(conf_set_number(p, ITEM_PREFIX6, &$3, &p->conf->prefix6));
	}
	| WORKERS NUMBER {
		DO(conf_set_number(p, ITEM_WORKERS, &$2, &p->conf->workers));
	}
	| SANDBOX on_off {
		DO(conf_once(p, ITEM_SANDBOX, &$1));
		p->conf->sandbox = $2.number != 0;
	}
	| ROOT text {
		DO(conf_set_path(p, ITEM_ROOT, &$2, &p->conf->root));
	}
	| RUN AS name {
		DO(conf_set_text(p, ITEM_RUN_AS, &$3, 32, &p->conf->run_as));
	}
	| RUN DIRECTORY text	{ DO(conf_set_rundir(p, &$3)); }
	| AT text		{ DO(conf_set_origin(p, &$2)); }
	| OWNER NUMBER		{ DO(conf_set_owner(p, &$2)); }
	;

/* ---- what many have ---- */

sep:	  NEWLINE
	| SEMICOLON
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
/* Words of the grammar that people are called by. */
name:	  text
	| soft
	;
soft:	  AS | CA | CLIENT | DIRECTORY | FILENAME | KEY | LIMIT | LOG | NAME
	| OFF | ON | PREFIX | ROOT | RUN | SANDBOX | STDERR | SYSLOG | VERBOSE
	| VERIFY | WORKERS
	;
on_off:	  ON			{ $$ = $1; $$.number = 1; }
	| OFF			{ $$ = $1; $$.number = 0; }
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
opt_minute: %empty
	| PER MINUTES
	;

/* Lists stand in lists, so that a macro may be one. */
list:	  text			{ DO(conf_add_items(p, &$1)); }
	| OPEN optnl list_items optnl CLOSE
	;
list_items: list
	| list_items comma list
	;
names:	  name			{ DO(conf_add_items(p, &$1)); }
	| OPEN optnl names_items optnl CLOSE
	;
names_items: names
	| names_items comma names
	;

/* ---- listen ---- */

listen:	  LISTEN ON text	{ DO(conf_begin_listen(p, &$3)); }
	  listen_opts		{ DO(conf_end_listen(p)); }
	;
listen_opts: %empty
	| listen_opts listen_opt
	;
listen_opt:
	  TLS			{ DO(conf_listen_tls(p, &$1, false)); }
	| TLS OPTIONAL		{ DO(conf_listen_tls(p, &$1, true)); }
	| PROTOCOLS		{ DO(conf_begin_protocols(p, &$1)); }
	  list
	| PASSWORDS CLEARTEXT {
		DO(conf_once(p, ITEM_CLEARTEXT, &$1));
		p->listen->cleartext = true;
	}
	| PROXY			{ DO(conf_listen_proxy(p, &$1)); }
	| PROXY FROM		{ DO(conf_listen_proxy(p, &$1)); }
	  list
	| MODE NUMBER		{ DO(conf_listen_mode(p, &$2)); }
	| GROUP name		{ DO(conf_listen_group(p, &$2)); }
	| METRICS {
		DO(conf_once(p, ITEM_METRICS, &$1));
		p->listen->metrics = true;
	}
	;

/* ---- TLS, and the upstream ---- */

tls:	  TLS			{ DO(conf_begin_tls(p, &$1)); }
	  OPEN tls_body CLOSE	{ DO(conf_end_tls(p)); }
	;
tls_body: %empty
	| tls_body sep
	| tls_body tls_item
	;
tls_item:
	  CERTIFICATE text KEY text {
		DO(conf_add_keypair(p, &$2, &$4));
	}
	| CLIENT CA text {
		DO(conf_set_path(p, ITEM_CA, &$3, &p->tls->ca));
	}
	| CLIENT CA text REQUIRED {
		DO(conf_set_path(p, ITEM_CA, &$3, &p->tls->ca));
		p->tls->client_must = true;
	}
	| WORKERS NUMBER {
		DO(conf_set_number(p, ITEM_TLS_WORKERS, &$2,
		    &p->conf->tls_workers));
	}
	| tls_any
	;
tls_any:  PROTOCOLS		{ DO(conf_begin_tls_protocols(p, &$1)); }
	  list
	| CIPHERS text {
		DO(conf_set_text(p, ITEM_CIPHERS, &$2, 1000,
		    &p->tls->ciphers));
	}
	;

upstream: UPSTREAM text		{ DO(conf_begin_upstream(p, &$1, &$2)); }
	  upstream_block
	;
upstream_block: %empty
	| OPEN			{ DO(conf_begin_upstream_block(p, &$1)); }
	  upstream_body CLOSE
	;
upstream_body: %empty
	| upstream_body sep
	| upstream_body upstream_item
	;
upstream_item:
	  CA text {
		DO(conf_set_path(p, ITEM_CA, &$2, &p->tls->ca));
	}
	| CERTIFICATE text KEY text {
		DO(conf_once(p, ITEM_CERTIFICATE, &$1));
		DO(conf_add_keypair(p, &$2, &$4));
	}
	| FINGERPRINT {
		DO(conf_once(p, ITEM_FINGERPRINT, &$1));
		p->add = conf_add_pin;
	} list
	| NAME text {
		DO(conf_set_text(p, ITEM_NAME, &$2, ADDR_HOST_MAX,
		    &p->tls->name));
	}
	| VERIFY on_off {
		DO(conf_once(p, ITEM_VERIFY, &$1));
		p->tls->no_verify = $2.number == 0;
	}
	| tls_any
	;

/* ---- users, groups, who is admitted ---- */

user:	  USER name		{ DO(conf_begin_user(p, &$2)); }
	  passwords		{ DO(conf_end_user(p)); }
	;
passwords: %empty
	| passwords PASSWORD text { DO(conf_add_password(p, &$3)); }
	;
group:	  GROUP name		{ DO(conf_begin_group(p, &$2)); }
	  names
	;
admit:	  ADMIT FROM		{ p->add = conf_add_admit; }
	  list
	;

/* ---- rules ---- */

rule:	  rule_head clauses verbs where clauses {
		DO(conf_end_rule(p));
	}
	;
rule_head:
	  PERMIT		{ DO(conf_begin_rule(p, &$1, true)); }
	| DENY			{ DO(conf_begin_rule(p, &$1, false)); }
	;
clauses:  %empty
	| clauses clause
	;
clause:	  USER	{ CLAUSE(ITEM_USER, $1, "user", conf_rule_user); }
	  names	{ DO(conf_end_clause(p)); }
	| GROUP	{ CLAUSE(ITEM_GROUP, $1, "group", conf_rule_group); }
	  names	{ DO(conf_end_clause(p)); }
	| FROM	{ CLAUSE(ITEM_FROM, $1, "from", conf_rule_from); }
	  list	{ DO(conf_end_clause(p)); }
	| UID	{ CLAUSE(ITEM_UID, $1, "uid", conf_rule_uid); }
	  names	{ DO(conf_end_clause(p)); }
	| GID	{ CLAUSE(ITEM_GID, $1, "gid", conf_rule_gid); }
	  names	{ DO(conf_end_clause(p)); }
	| CERTIFICATE
		{ CLAUSE(ITEM_CERTIFICATE, $1, "certificate", conf_rule_cert); }
	  list	{ DO(conf_end_clause(p)); }
	| FINGERPRINT {
		CLAUSE(ITEM_FINGERPRINT, $1, "fingerprint", conf_rule_print);
	} list	{ DO(conf_end_clause(p)); }
	| OVER TLS		{ DO(conf_rule_tls(p, &$1)); }
	| VISITORS FROM {
		CLAUSE(ITEM_VISITORS, $1, "visitors from", conf_rule_visitors);
	} list	{ DO(conf_end_clause(p)); }
	| RATE NUMBER opt_minute { DO(conf_rule_rate(p, &$1, &$2)); }
	| SEND PROXY text	{ DO(conf_rule_proxy(p, &$1, &$3)); }
	;
verb:	  BIND			{ p->verbs |= RULE_BIND; }
	| CONNECT		{ p->verbs |= RULE_CONNECT; }
	| FORWARD		{ p->verbs |= RULE_FORWARD; }
	| STAT			{ p->verbs |= RULE_STAT; }
	;
all:	  ALL			{ p->verbs = RULE_ALL_VERBS; }
	;
verbs:	  all			{ DO(conf_end_verbs(p)); }
	| verb_list		{ DO(conf_end_verbs(p)); }
	;
verb_list: verb
	| OPEN optnl verb_items optnl CLOSE
	;
verb_items: verb_list
	| verb_items comma verb_list
	;
where:	  %empty
	| { CLAUSE(ITEM_MAX, p->last, "", conf_rule_where); }
	  list	{ DO(conf_end_clause(p)); }
	;

/* ---- limits and the rest ---- */

limit:	  LIMIT text limit_value {
		DO(conf_set_limit(p, &$2, NULL, &$3));
	}
	| LIMIT text PER scope limit_value {
		DO(conf_set_limit(p, &$2, &$4, &$5));
	}
	;
scope:	  text
	| USER
	| PREFIX
	;
limit_value:
	  NUMBER opt_minute
	| SIZE
	| UNLIMITED		{ $$ = $1; $$.number = 0; }
	;

timeout:  TIMEOUT text time	{ DO(conf_set_timeout(p, &$2, &$3)); }
	| TIMEOUT CONNECT time	{ DO(conf_set_timeout(p, &$2, &$3)); }
	;

log:	  LOG log_value		{ DO(conf_once(p, ITEM_LOG, &$1)); }
	| LOG VERBOSE {
		DO(conf_once(p, ITEM_VERBOSE, &$1));
		p->conf->verbose = true;
	}
	;
log_value:
	  STDERR		{ p->conf->log = LOG_TO_STDERR; }
	| SYSLOG		{ p->conf->log = LOG_TO_SYSLOG; }
	| FILENAME text {
		p->conf->log = LOG_TO_FILE;
		DO(conf_set_path(p, ITEM_MAX, &$2, &p->conf->log_path));
	}
	;

/* ---- a query ---- */

query:	  query_item
	| query query_item
	;
query_item:
	  USER name {
		DO(conf_once(p, ITEM_USER, &$1));
		DO(conf_query_text(p, &p->query->user, &$2));
	}
	| FROM text		{ DO(conf_query_from(p, &$2)); }
	| UID name		{ DO(conf_query_id(p, false, &$2)); }
	| GID name		{ DO(conf_query_id(p, true, &$2)); }
	| CERTIFICATE text {
		DO(conf_once(p, ITEM_CERTIFICATE, &$1));
		DO(conf_query_text(p, &p->query->cert, &$2));
	}
	| FINGERPRINT text {
		DO(conf_once(p, ITEM_FINGERPRINT, &$1));
		DO(conf_query_text(p, &p->query->print, &$2));
	}
	| OVER TLS		{ p->query->tls = true; }
	| BIND text	{ DO(conf_query_verb(p, RULE_BIND, &$1, &$2)); }
	| CONNECT text	{ DO(conf_query_verb(p, RULE_CONNECT, &$1, &$2)); }
	| FORWARD text	{ DO(conf_query_verb(p, RULE_FORWARD, &$1, &$2)); }
	| STAT		{ DO(conf_query_verb(p, RULE_STAT, &$1, NULL)); }
	;

%%

const int conf_start_file = START_FILE, conf_start_query = START_QUERY;

/* In order; bsearch(3) looks here. */
static const struct keyword {
	const char *name;
	int token;
	int kind; /* as conf_keyword() has it; 3: in printed texts alone */
} keywords[] = {
	{ "admit", ADMIT, 2 },
	{ "all", ALL, 2 },
	{ "as", AS, 1 },
	{ "at", AT, 3 },
	{ "authentication", AUTHENTICATION, 2 },
	{ "bind", BIND, 2 },
	{ "ca", CA, 1 },
	{ "certificate", CERTIFICATE, 2 },
	{ "ciphers", CIPHERS, 2 },
	{ "cleartext", CLEARTEXT, 2 },
	{ "client", CLIENT, 1 },
	{ "connect", CONNECT, 2 },
	{ "day", DAYS, 2 },
	{ "days", DAYS, 2 },
	{ "deny", DENY, 2 },
	{ "directory", DIRECTORY, 1 },
	{ "file", FILENAME, 1 },
	{ "fingerprint", FINGERPRINT, 2 },
	{ "forward", FORWARD, 2 },
	{ "from", FROM, 2 },
	{ "gid", GID, 2 },
	{ "group", GROUP, 2 },
	{ "hour", HOURS, 2 },
	{ "hours", HOURS, 2 },
	{ "key", KEY, 1 },
	{ "limit", LIMIT, 1 },
	{ "listen", LISTEN, 2 },
	{ "log", LOG, 1 },
	{ "metrics", METRICS, 2 },
	{ "millisecond", MILLISECONDS, 2 },
	{ "milliseconds", MILLISECONDS, 2 },
	{ "minute", MINUTES, 2 },
	{ "minutes", MINUTES, 2 },
	{ "mode", MODE, 2 },
	{ "ms", MILLISECONDS, 2 },
	{ "name", NAME, 1 },
	{ "off", OFF, 1 },
	{ "on", ON, 1 },
	{ "optional", OPTIONAL, 2 },
	{ "over", OVER, 2 },
	{ "owner", OWNER, 3 },
	{ "password", PASSWORD, 2 },
	{ "passwords", PASSWORDS, 2 },
	{ "per", PER, 2 },
	{ "permit", PERMIT, 2 },
	{ "prefix", PREFIX, 1 },
	{ "protocols", PROTOCOLS, 2 },
	{ "proxy", PROXY, 2 },
	{ "rate", RATE, 2 },
	{ "required", REQUIRED, 2 },
	{ "root", ROOT, 1 },
	{ "run", RUN, 1 },
	{ "sandbox", SANDBOX, 1 },
	{ "second", SECONDS, 2 },
	{ "seconds", SECONDS, 2 },
	{ "send", SEND, 2 },
	{ "stat", STAT, 2 },
	{ "stderr", STDERR, 1 },
	{ "syslog", SYSLOG, 1 },
	{ "timeout", TIMEOUT, 2 },
	{ "tls", TLS, 2 },
	{ "uid", UID, 2 },
	{ "unlimited", UNLIMITED, 2 },
	{ "upstream", UPSTREAM, 2 },
	{ "user", USER, 2 },
	{ "verbose", VERBOSE, 1 },
	{ "verify", VERIFY, 1 },
	{ "visitors", VISITORS, 2 },
	{ "workers", WORKERS, 1 },
};

static int
compare_keyword(const void *name, const void *keyword)
{
	const struct keyword *k = keyword;

	return strcmp(name, k->name);
}

static const struct keyword *
find_keyword(const char *word)
{
	return bsearch(word, keywords, sizeof(keywords) / sizeof(*keywords),
	    sizeof(*keywords), compare_keyword);
}

int
conf_keyword(const char *word)
{
	const struct keyword *k = find_keyword(word);

	return k == NULL ? 0 : k->kind == 1 ? 1 : 2;
}

static int
word_token(const struct conf_parse *p, const char *word)
{
	const struct keyword *k = find_keyword(word);

	return k == NULL || (k->kind == 3 && !p->printed) ? STRING : k->token;
}

static int
yylex(YYSTYPE *value, struct conf_parse *p)
{
	static const int tokens[] = {
		[LEX_ERROR] = VCONFYYerror,
		[LEX_END] = VCONFYYEOF,
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
	enum lex_type type;
	int start = p->start;

	p->start = 0;
	if (start != 0)
		return start;
	type = lex_next(p->lex, value);
	p->last = *value;
	if (type == LEX_OPEN)
		p->braces++;
	else if (type == LEX_CLOSE)
		p->braces--;
	return type == LEX_WORD ? word_token(p, value->text) : tokens[type];
}

static void
yyerror(struct conf_parse *p, const char *reason)
{
	(void)lex_error(p->lex, &p->last.at, "%s", reason);
}

/* ---- messages ---- */

static bool
among(const yysymbol_kind_t *kinds, int n, yysymbol_kind_t kind)
{
	for (int i = 0; i < n; i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

/* Where a name may stand, so may many a word: not worth to be told. */
static bool
is_soft(yysymbol_kind_t kind)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (keywords[i].kind == 1 &&
		    strcmp(yysymbol_name(kind), keywords[i].name) == 0)
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
	bool name = text && among(kinds, n, YYSYMBOL_ROOT);
	yysymbol_kind_t shown[YYNTOKENS];
	int kept = 0;

	out[0] = '\0';
	if (among(kinds, n, YYSYMBOL_LISTEN)) {
		strlcat(out, "a statement", outlen);
		return;
	}
	for (int i = 0; i < n; i++)
		if (kinds[i] != YYSYMBOL_SEMICOLON &&
		    (!text || (kinds[i] != YYSYMBOL_NUMBER &&
				  kinds[i] != YYSYMBOL_SIZE)) &&
		    (!name || !is_soft(kinds[i])))
			shown[kept++] = kinds[i];
	for (int i = 0; i < kept; i++) {
		if (i > 0)
			strlcat(out, i + 1 < kept ? ", " : " or ", outlen);
		strlcat(out, yysymbol_name(shown[i]), outlen);
	}
}

/* What people write who know other programs. */
static const char *
hint(const struct conf_parse *p, const yysymbol_kind_t *kinds, int n)
{
	const struct lex_token *t = &p->last;

	if (t->type == LEX_WORD && among(kinds, n, YYSYMBOL_STRING))
		return "; as a text this word stands in quotes";
	if (t->type == LEX_COMMA && p->braces == 0)
		return "; several stand in braces: { a, b }";
	if (t->type == LEX_WORD && among(kinds, n, YYSYMBOL_LISTEN) &&
	    (strcmp(t->text, "allow") == 0 || strcmp(t->text, "pass") == 0))
		return "; what a rule lets through it begins with permit";
	if (t->type == LEX_WORD && among(kinds, n, YYSYMBOL_LISTEN) &&
	    strcmp(t->text, "block") == 0)
		return "; what a rule refuses it begins with deny";
	return "";
}

static int
yyreport_syntax_error(const yypcontext_t *ctx, struct conf_parse *p)
{
	const struct lex_token *t = &p->last;
	yysymbol_kind_t kind = yypcontext_token(ctx);
	const char *quote = t->type == LEX_STRING ? "\"" : "";
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
	return lex_error(p->lex, &t->at, "found %s, expected %s%s", found,
	    expected, hint(p, kinds, n));
}
