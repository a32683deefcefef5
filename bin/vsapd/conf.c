/*
 * A configuration: its defaults, and how it is read, whole or not at all.
 */
#include "conf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRINTED "configuration" /* its name in messages */

/* ---- defaults ------------------------------------------------------------ */

/* For peers that are not local: far above what people need, far below what
 * floods do. */
static void
default_limits(struct conf *c)
{
	c->limit[LIMIT_CONNECTIONS][SCOPE_SOURCE] = 2000;
	c->limit[LIMIT_HELLO][SCOPE_SOURCE] = 200;
	c->limit[LIMIT_HELLO][SCOPE_PREFIX] = 1000;
	c->limit[LIMIT_ASSOCIATIONS][SCOPE_SOURCE] = 4000;
	c->limit[LIMIT_BINDS][SCOPE_SOURCE] = 4000;
	c->limit[LIMIT_WAITING][SCOPE_SOURCE] = 1000;
	c->limit[LIMIT_REQUESTS][SCOPE_SOURCE] = 60000;
	c->limit[LIMIT_LOGINS][SCOPE_SOURCE] = 600;
	c->limit[LIMIT_LOGINS][SCOPE_PREFIX] = 3000;
}

static void
default_times(struct conf *c)
{
	c->hello_time = VSAP_HELLO_TIMEOUT;
	c->line_time = VSAP_LINE_TIMEOUT;
	c->idle_time = VSAP_IDLE_TIMEOUT;
	c->connect_time = VSAP_CONNECT_TIMEOUT;
	c->linger_time = VSAP_LINGER;
}

struct conf *
conf_new(void)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	STAILQ_INIT(&c->listen);
	STAILQ_INIT(&c->users);
	STAILQ_INIT(&c->admit);
	STAILQ_INIT(&c->secrets);
	STAILQ_INIT(&c->groups);
	STAILQ_INIT(&c->refs);
	if ((c->rules = rules_new()) == NULL) {
		free(c);
		return NULL;
	}
	default_limits(c);
	default_times(c);
	c->prefix4 = 24;
	c->prefix6 = 56;
	c->sandbox = true;
	return c;
}

/* ---- lists --------------------------------------------------------------- */

int
conf_words_add(struct conf_words *list, const char *text)
{
	size_t n = strlen(text) + 1;
	struct conf_word *w = malloc(sizeof(*w) + n);

	if (w == NULL)
		return -1;
	memcpy(w->text, text, n);
	STAILQ_INSERT_TAIL(list, w, entry);
	return 0;
}

struct conf_listen *
conf_listen_new(struct conf *c, const struct addr *a)
{
	struct conf_listen *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->addr = *a;
	l->plain = true;
	l->protos = CONF_P_ALL;
	l->mode = 0600;
	STAILQ_INSERT_TAIL(&c->listen, l, entry);
	c->nlisten++;
	return l;
}

const struct conf_listen *
conf_listen_at(const struct conf *c, unsigned n)
{
	const struct conf_listen *l;

	STAILQ_FOREACH(l, &c->listen, entry)
		if (n-- == 0)
			return l;
	return NULL;
}

bool
conf_user_known(const struct conf *c, const char *name)
{
	const struct conf_user *u;

	STAILQ_FOREACH(u, &c->users, entry)
		if (strcmp(u->name, name) == 0)
			return true;
	return false;
}

const char *
conf_limit_name(enum conf_limit limit)
{
	static const char *const names[LIMIT_MAX] = {
		[LIMIT_CONNECTIONS] = "connections",
		[LIMIT_HELLO] = "hello",
		[LIMIT_ASSOCIATIONS] = "associations",
		[LIMIT_BINDS] = "binds",
		[LIMIT_WAITING] = "waiting",
		[LIMIT_REQUESTS] = "requests",
		[LIMIT_LOGINS] = "logins",
		[LIMIT_BANDWIDTH] = "bandwidth",
	};

	return names[limit];
}

const char *
conf_scope_name(enum conf_scope scope)
{
	static const char *const names[SCOPE_MAX] = {
		[SCOPE_TOTAL] = "total",
		[SCOPE_USER] = "per user",
		[SCOPE_SOURCE] = "per source",
		[SCOPE_PREFIX] = "per prefix",
	};

	return names[scope];
}

/* ---- reading ------------------------------------------------------------- */

int
conf_parse_run(struct conf_parse *p, const char *path, char *err, size_t errlen)
{
	int r, start = p->start;

	p->lex = lex_new(path, p->open, p->arg, err, errlen);
	if (p->lex == NULL)
		return -1;
	/* 2: its stacks could not grow, which yyerror() has told */
	do {
		p->start = start;
		p->braces = 0;
		r = vconfyyparse(p);
		conf_drop_rule(p);
	} while (r != 0 && start == conf_start_file && lex_resume(p->lex));
	return r != 0 || lex_failed(p->lex) ? -1 : 0;
}

/* What shows only when all has been read. */
static int
check_whole(struct conf_parse *p)
{
	const struct conf *c = p->conf;
	const struct lex_at *auth = &p->set[ITEM_AUTHENTICATION];
	const struct conf_listen *l;

	STAILQ_FOREACH(l, &c->listen, entry)
		if (l->tls && !c->has_tls)
			return lex_error(p->lex, &(struct lex_at){ l->at, 0 },
			    "tls: there is no certificate for it; add "
			    "tls { certificate \"FILE\" key \"FILE\" }");
	if (p->cert_at.line != 0 && c->tls.ca == NULL)
		return lex_error(p->lex, &p->cert_at,
		    "no client is asked for a certificate; add client ca "
		    "\"FILE\" to tls { }");
	if (c->auth_required && c->passwd == NULL && STAILQ_EMPTY(&c->users))
		return lex_error(p->lex, auth,
		    "authentication required, and there are no users: add "
		    "user NAME password \"HASH\", or passwords file \"FILE\"");
	return 0;
}

/* Where that stands of which conf_check() may have to tell. */
static int
remember_places(struct conf_parse *p)
{
	static const enum conf_item items[] = {
		[AT_TLS] = ITEM_TLS,
		[AT_UPSTREAM] = ITEM_UPSTREAM,
		[AT_PASSWORDS] = ITEM_PASSWORDS,
		[AT_LOG] = ITEM_LOG,
		[AT_ROOT] = ITEM_ROOT,
		[AT_RUN_AS] = ITEM_RUN_AS,
	};
	struct lex_token t = { 0 };

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		t.at = p->set[items[i]];
		if (t.at.line != 0 && (p->conf->at[i] = conf_at(p, &t)) == NULL)
			return -1;
	}
	return 0;
}

static struct conf *
read_by(struct conf_parse *p, const char *path, char *err, size_t errlen)
{
	int r;

	(void)strlcpy(err, strerror(ENOMEM), errlen);
	if ((p->conf = conf_new()) == NULL)
		return NULL;
	p->start = conf_start_file;
	r = conf_parse_run(p, path, err, errlen);
	if (r == 0)
		r = check_whole(p);
	if (r == 0)
		r = remember_places(p);
	lex_free(p->lex);
	if (r == -1) {
		conf_free(p->conf);
		return NULL;
	}
	(void)strlcpy(err, "", errlen);
	return p->conf;
}

char *
conf_open_file(void *arg, const char *path, size_t *len)
{
	(void)arg;
	return conf_open(path, LEX_FILE_MAX, len);
}

struct conf *
conf_read(const char *path, lex_open_fn *fn, void *arg, char *err,
    size_t errlen)
{
	struct conf_parse p = { .open = fn, .arg = arg };
	struct conf *c = read_by(&p, path, err, errlen);

	if (c != NULL && (c->path = strdup(path)) == NULL) {
		(void)strlcpy(err, strerror(ENOMEM), errlen);
		conf_free(c);
		return NULL;
	}
	return c;
}

/* ---- what was printed ---------------------------------------------------- */

static char *
open_printed(void *arg, const char *path, size_t *len)
{
	int fd = *(int *)arg;
	char *text;
	ssize_t n;

	if (strcmp(path, PRINTED) != 0) {
		errno = ENOENT;
		return NULL;
	}
	if ((text = malloc(LEX_FILE_MAX + 1)) == NULL)
		return NULL;
	for (*len = 0; *len <= LEX_FILE_MAX; *len += (size_t)n) {
		n = pread(fd, text + *len, LEX_FILE_MAX + 1 - *len,
		    (off_t)*len);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == 0)
			return text;
		else if (n == -1)
			break;
	}
	if (*len > LEX_FILE_MAX)
		errno = EFBIG;
	free(text);
	return NULL;
}

struct conf *
conf_read_printed(int fd, char *err, size_t errlen)
{
	struct conf_parse p = { .open = open_printed,
		.arg = &fd,
		.printed = true };

	return read_by(&p, PRINTED, err, errlen);
}
