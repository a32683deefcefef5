/*
 * A configuration from its files, whole or not at all.
 */
#include "conf_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUILTIN "built-in configuration"
#define OPEN_MAX_BYTES (4 * 1024 * 1024) /* K-lines may be many */

static const char builtin_text[] = "listen on 127.0.0.1 port 6667\n"
				   "listen on ::1 port 6667\n";

/* ---- the plain opener ---------------------------------------------------- */

static char *
answer(const char *text, size_t *len)
{
	*len = strlen(text);
	return strdup(text);
}

static char *
ask_host(size_t *len)
{
	char name[256];

	if (gethostname(name, sizeof(name)) == -1)
		return NULL;
	name[sizeof(name) - 1] = '\0';
	return answer(name, len);
}

char *
conf_open_file(void *arg, const char *path, size_t *len)
{
	char *text;

	(void)arg;
	if (strcmp(path, CONF_ASK_HOST) == 0)
		return ask_host(len);
	text = conf_open(path, OPEN_MAX_BYTES, len);
	if (text == NULL || *len <= OPEN_MAX_BYTES)
		return text;
	free(text);
	errno = EFBIG;
	return NULL;
}

static char *
open_builtin(void *arg, const char *path, size_t *len)
{
	(void)arg;
	(void)path;
	return answer(builtin_text, len);
}

/* ---- names and defaults -------------------------------------------------- */

bool
conf_server_name_valid(const char *s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	size_t n;

	if (strlen(s) > SERVERLEN || strchr(s, '.') == NULL)
		return false;
	for (;; s += n + 1) {
		n = strspn(s, letters);
		if (n == 0 || s[0] == '-' || s[n - 1] == '-')
			return false;
		if (s[n] == '\0')
			return true;
		if (s[n] != '.')
			return false;
	}
}

/* The host's name if it can be a server's, else its first label.local. */
static void
name_from_host(const char *host, size_t len, char *name, size_t size)
{
	size_t n = 0;

	if (len < size && len <= SERVERLEN) {
		memcpy(name, host, len);
		name[len] = '\0';
		if (conf_server_name_valid(name))
			return;
	}
	for (size_t i = 0; i < len && host[i] != '.' && n < 50; i++)
		if ((host[i] >= 'a' && host[i] <= 'z') ||
		    (host[i] >= 'A' && host[i] <= 'Z') ||
		    (host[i] >= '0' && host[i] <= '9') ||
		    (host[i] == '-' && n > 0))
			name[n++] = host[i];
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	(void)strlcat(name, n == 0 ? "irc.local" : ".local", size);
}

static int
default_name(struct conf_parse *p)
{
	char name[SERVERLEN + 16];
	size_t len = 0;
	char *host = p->open(p->arg, CONF_ASK_HOST, &len);

	name_from_host(host == NULL ? "" : host, len, name, sizeof(name));
	free(host);
	return (p->conf->name = strdup(name)) == NULL ? conf_no_memory(p) : 0;
}

static int
default_text(struct conf_parse *p, char **value, const char *text)
{
	if (*value == NULL && (*value = strdup(text)) == NULL)
		return conf_no_memory(p);
	return 0;
}

bool conf_trusted;

static struct conf *
new_conf(void)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	STAILQ_INIT(&c->listens);
	STAILQ_INIT(&c->classes);
	STAILQ_INIT(&c->rules);
	STAILQ_INIT(&c->opers);
	STAILQ_INIT(&c->klines);
	STAILQ_INIT(&c->webircs);
	c->dns = c->ident = true;
	c->dns_timeout = DNS_TIMEOUT;
	c->ident_timeout = IDENT_TIMEOUT;
	c->register_time = REGISTER_TIME;
	c->connections = CONNECTIONS_DEFAULT;
	c->whowas = WHOWAS_MAX;
	c->whowas_age = WHOWAS_AGE;
	return c;
}

/* Bytes of the MOTD as it is sent, at most. */
static size_t
motd_bytes(const char *text)
{
	size_t n = 2, len;

	for (; *text != '\0'; text += len + (text[len] != '\0')) {
		len = strcspn(text, "\n");
		n += len < LINE_MAX_IRC ? 1 : len / LINE_MAX_IRC + 1;
	}
	return n * (SERVERLEN + NICKLEN) + strlen(text) + n * 12;
}

/* Who registers is sent it in one piece, which has to fit his queue. */
static int
check_motd(struct conf_parse *p)
{
	const struct conf_class *class;
	size_t n;

	if (p->conf->motd == NULL)
		return 0;
	n = motd_bytes(p->conf->motd) + strlen(p->conf->motd) + 4096;
	STAILQ_FOREACH(class, &p->conf->classes, entry)
		if (class->sendq < n)
			return lex_error(p->lex, &p->motd_at,
			    "%s: too long for class %s: %zu bytes are sent, "
			    "its sendq is %zu",
			    p->conf->motd_path, class->name, n, class->sendq);
	return 0;
}

/* What the files left open, and what they name and do not have. */
static int
finish(struct conf_parse *p)
{
	struct conf *c = p->conf;

	if (STAILQ_EMPTY(&c->classes) && conf_new_class(c, "default") == NULL)
		return conf_no_memory(p);
	if (c->name == NULL && default_name(p) == -1)
		return -1;
	if (default_text(p, &c->network, "IRC") == -1 ||
	    default_text(p, &c->description, "IRC server") == -1)
		return -1;
	return check_motd(p) == -1 ? -1 : conf_check_refs(p);
}

/* ---- the whole ----------------------------------------------------------- */

static int
parse(struct conf_parse *p)
{
	/* 2: its stacks could not grow, which yyerror() has told */
	while (confyyparse(p) != 0)
		if (!lex_resume(p->lex))
			return -1;
	if (lex_failed(p->lex))
		return -1;
	return finish(p);
}

static void
free_refs(struct conf_parse *p)
{
	struct conf_ref *ref;

	while ((ref = STAILQ_FIRST(&p->refs)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->refs, entry);
		free(ref);
	}
}

struct conf *
conf_load(const char *path, conf_open_fn *fn, void *arg, char *err,
    size_t errlen)
{
	struct conf_parse p = { .open = fn, .arg = arg };
	int r;

	(void)strlcpy(err, "out of memory", errlen);
	if ((p.conf = new_conf()) == NULL)
		return NULL;
	STAILQ_INIT(&p.refs);
	p.lex = lex_new(path == NULL ? BUILTIN : path,
	    path == NULL ? open_builtin : fn, arg, err, errlen);
	if (p.lex == NULL) {
		conf_free(p.conf);
		return NULL;
	}
	r = parse(&p);
	free_refs(&p);
	lex_free(p.lex);
	if (r == -1) {
		conf_free(p.conf);
		return NULL;
	}
	(void)strlcpy(err, "", errlen);
	return p.conf;
}

struct conf_class *
conf_class(const struct conf *c, const char *name)
{
	struct conf_class *class;

	if (name == NULL)
		return STAILQ_FIRST(&c->classes);
	STAILQ_FOREACH(class, &c->classes, entry)
		if (strcmp(class->name, name) == 0)
			return class;
	return NULL;
}
