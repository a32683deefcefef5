/*
 * The address grammar: text to struct addr and back.  addr_tcp.c has hosts
 * and ports, addr_http.c the forms of HTTP, addr_sa.c what concerns kernel
 * addresses, addr_range.c the ranges of the IP space.
 *
 * What is admitted here ends up in system calls, environment variables and
 * protocol lines, so each form has one alphabet and anything else is told
 * with its column.
 */
#include "addr_impl.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limits_vsap.h"

#define SHOWN_MAX 64 /* bytes of the address repeated in a message */

/* The address itself, cut and without control bytes, then the message. */
int
addr_fail(const struct addr_text *t, const char *fmt, ...)
{
	char shown[SHOWN_MAX + 4];
	size_t n = strlcpy(shown, t->s, SHOWN_MAX + 1);
	va_list ap;
	int used;

	if (n > SHOWN_MAX)
		strlcat(shown, "...", sizeof(shown));
	for (char *p = shown; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	used = snprintf(t->err, t->errlen, "%s: ", shown);
	if (used < 0 || (size_t)used >= t->errlen)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(t->err + used, t->errlen - (size_t)used, fmt, ap);
	va_end(ap);
	return -1;
}

int
addr_column(const struct addr_text *t, const char *p)
{
	return (int)(p - t->s) + 1;
}

bool
addr_is_digits(const char *s, size_t n)
{
	return n > 0 && strspn(s, "0123456789") >= n;
}

bool
addr_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* The form to recommend where another one is not taken. */
static const char *
wanted(unsigned flags)
{
	if (flags & ADDR_F_TCP)
		return "host:port";
	return (flags & (ADDR_F_UNIX | ADDR_F_FDPASS)) ? "/path" : "name:foo";
}
/* Components that mean something else than a name are told, not resolved. */
int
addr_path_names(const struct addr_text *t, const char *path, bool trailing)
{
	const char *p;
	size_t n;

	for (p = path; *p == '/'; p += n) {
		n = strcspn(++p, "/");
		if (n == 0 && (*p == '/' || !trailing))
			return addr_fail(t,
			    "an empty name at column %d of the path",
			    addr_column(t, p));
		if (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.')))
			return addr_fail(t,
			    "\"%.*s\" at column %d is not taken; "
			    "write the path without it",
			    (int)n, p, addr_column(t, p));
	}
	return 0;
}

static int
check_path(const struct addr_text *t, const char *path)
{
	const char *p;

	if (path[0] != '/')
		return addr_fail(t,
		    "the path at column %d is not absolute; "
		    "write it from /",
		    addr_column(t, path));
	if (strlen(path) > VSAP_NAME_MAX)
		return addr_fail(t, "the path is longer than %d bytes",
		    VSAP_NAME_MAX);
	if ((t->flags & ADDR_F_NAME) && (p = strchr(path, ' ')) != NULL)
		return addr_fail(t,
		    "a blank at column %d; a path that goes over "
		    "the wire has none",
		    addr_column(t, p));
	return addr_path_names(t, path, false);
}

static int
parse_path(const struct addr_text *t, const char *p, struct addr *a)
{
	if (check_path(t, p) == -1)
		return -1;
	strlcpy(a->text, p, sizeof(a->text));
	return 0;
}

static int
parse_name(const struct addr_text *t, const char *p, struct addr *a)
{
	size_t i;

	for (i = 0; p[i] != '\0'; i++)
		if (!addr_is_alnum(p[i]) && strchr("._-", p[i]) == NULL)
			return addr_fail(t,
			    "character at column %d; a name is of "
			    "letters, digits, '.', '_' and '-'",
			    addr_column(t, p + i));
	if (i == 0 || i > VSAP_NAME_MAX)
		return addr_fail(t,
		    "a name is 1 to %d bytes long; write name:foo",
		    VSAP_NAME_MAX);
	strlcpy(a->text, p, sizeof(a->text));
	return 0;
}

static int
parse_fd(const struct addr_text *t, const char *p, struct addr *a)
{
	const char *e = NULL;

	if (addr_is_digits(p, strlen(p)) && (p[0] != '0' || p[1] == '\0'))
		a->fd = (int)strtonum(p, 0, INT_MAX, &e);
	else
		e = "";
	if (e != NULL)
		return addr_fail(t,
		    "\"%.20s\" at column %d is not a descriptor "
		    "number; write fd:3",
		    p, addr_column(t, p));
	return 0;
}

static int
parse_exec(const struct addr_text *t, const char *p, struct addr *a)
{
	if (*p == '\0')
		return addr_fail(t,
		    "no command at column %d; write exec:command",
		    addr_column(t, p));
	if (strlcpy(a->text, p, sizeof(a->text)) >= sizeof(a->text))
		return addr_fail(t, "the command is longer than %d bytes",
		    ADDR_HOST_MAX);
	return 0;
}

/* The forms that a prefix tells; any host of such a name is hidden. */
static const struct form {
	const char *prefix;
	const char *what;
	int (*parse)(const struct addr_text *, const char *, struct addr *);
	enum addr_kind kind;
	unsigned flag;
} forms[] = {
	{ "name:", "a name", parse_name, ADDR_NAME, ADDR_F_NAME },
	{ "fd:", "a descriptor", parse_fd, ADDR_FD, ADDR_F_LOCAL },
	{ "exec:", "a command", parse_exec, ADDR_EXEC, ADDR_F_LOCAL },
	{ "fdpass:", "fdpass", parse_path, ADDR_FDPASS, ADDR_F_FDPASS },
	{ "tls:", "TLS", addr_tls, ADDR_TCP, ADDR_F_TLS },
	{ "http://", "a URL", addr_http, ADDR_HTTP, ADDR_F_HTTP },
	{ "/", "a path", parse_path, ADDR_UNIX, ADDR_F_UNIX },
	{ NULL, NULL, NULL, 0, 0 },
};

static int
parse_form(const struct addr_text *t, const struct form *f, struct addr *a)
{
	const char *rest = t->s + strlen(f->prefix);

	if (!(t->flags & f->flag))
		return addr_fail(t, "%s is not taken here; write %s", f->what,
		    wanted(t->flags));
	a->kind = f->kind;
	return f->parse(t, f->kind == ADDR_UNIX ? t->s : rest, a);
}

static int
check_bytes(const struct addr_text *t)
{
	if (t->s[0] == '\0')
		return addr_fail(t, "empty address; write %s",
		    wanted(t->flags));
	for (const char *p = t->s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return addr_fail(t, "a control byte at column %d",
			    addr_column(t, p));
	return 0;
}

/*
 * "name" alone as a server would be formatted as "name:8706", which is
 * something else; so the words of the grammar are no hosts.
 */
static bool
is_form_word(const char *s)
{
	const struct form *f;
	size_t n = strlen(s);

	for (f = forms; f->prefix != NULL; f++)
		if (n + 1 == strlen(f->prefix) && strncmp(f->prefix, s, n) == 0)
			return n > 0;
	return false;
}

int
addr_parse(struct addr *a, const char *s, unsigned flags, char *err,
    size_t errlen)
{
	const struct addr_text t = { s, flags, err, errlen };
	const struct form *f;

	memset(a, 0, offsetof(struct addr, text) + 1);
	a->fd = -1;
	if (check_bytes(&t) == -1)
		return -1;
	for (f = forms; f->prefix != NULL; f++)
		if (strncmp(s, f->prefix, strlen(f->prefix)) == 0)
			return parse_form(&t, f, a);
	if (strcmp(s, "-") == 0) {
		a->kind = ADDR_STDIO;
		return (flags & ADDR_F_LOCAL)
			   ? 0
			   : addr_fail(&t,
				 "standard input and output are not taken "
				 "here; write %s",
				 wanted(flags));
	}
	if (!(flags & ADDR_F_TCP))
		return addr_fail(&t, "host:port is not taken here; write %s",
		    wanted(flags));
	if (is_form_word(s))
		return addr_fail(&t,
		    "\"%s\" is a word of the address grammar; "
		    "write the host's full name",
		    s);
	a->kind = ADDR_TCP;
	return addr_tcp(&t, s, a);
}

static int
format_tcp(const struct addr *a, char *out, size_t outlen)
{
	const char *tls = a->tls ? "tls:" : "";

	if (a->text[0] == '\0')
		return snprintf(out, outlen, "%s*:%u", tls, a->port);
	if (strchr(a->text, ':') != NULL)
		return snprintf(out, outlen, "%s[%s]:%u", tls, a->text,
		    a->port);
	return snprintf(out, outlen, "%s%s:%u", tls, a->text, a->port);
}

static int
format_http(const struct addr *a, char *out, size_t outlen)
{
	int host = (int)strcspn(a->text, "/");

	if (a->port == ADDR_HTTP_PORT)
		return snprintf(out, outlen, "http://%s", a->text);
	return snprintf(out, outlen, "http://%.*s:%u%s", host, a->text, a->port,
	    a->text + host);
}

int
addr_parse_listen(struct addr *a, const char *s, char *err, size_t errlen)
{
	char local[32];

	if (addr_parse(a, s, ADDR_FOR_LISTEN, err, errlen) == -1)
		return -1;
	if (a->kind != ADDR_TCP || a->any || a->family != AF_UNSPEC)
		return 0;
	if (strcasecmp(a->text, "localhost") != 0) {
		snprintf(err, errlen,
		    "%s: a listener takes an address in numbers", s);
		return -1;
	}
	snprintf(local, sizeof(local), "127.0.0.1:%u", a->port);
	return addr_parse(a, local, ADDR_FOR_LISTEN, err, errlen);
}

bool
addr_same_listener(const struct addr *a, const struct addr *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == ADDR_UNIX)
		return strcmp(a->text, b->text) == 0;
	return a->port != 0 && a->port == b->port && a->family == b->family &&
	       a->any == b->any && IN6_ARE_ADDR_EQUAL(&a->ip, &b->ip);
}

/* What listens at [::] has the addresses of IPv4, too (net_listen()). */
static bool
includes(const struct addr *all, const struct addr *a)
{
	return all->any && (all->family != AF_INET || a->family == AF_INET);
}

bool
addr_listeners_clash(const struct addr *a, const struct addr *b)
{
	if (a->kind != ADDR_TCP || b->kind != ADDR_TCP)
		return addr_same_listener(a, b);
	return a->port != 0 && a->port == b->port &&
	       (addr_same_listener(a, b) || includes(a, b) || includes(b, a));
}

const char *
addr_format(const struct addr *a, char *out, size_t outlen)
{
	switch (a->kind) {
	case ADDR_TCP:
		(void)format_tcp(a, out, outlen);
		break;
	case ADDR_UNIX:
		strlcpy(out, a->text, outlen);
		break;
	case ADDR_NAME:
		(void)snprintf(out, outlen, "name:%s", a->text);
		break;
	case ADDR_STDIO:
		strlcpy(out, "-", outlen);
		break;
	case ADDR_FD:
		(void)snprintf(out, outlen, "fd:%d", a->fd);
		break;
	case ADDR_EXEC:
		(void)snprintf(out, outlen, "exec:%s", a->text);
		break;
	case ADDR_FDPASS:
		(void)snprintf(out, outlen, "fdpass:%s", a->text);
		break;
	case ADDR_HTTP:
		(void)format_http(a, out, outlen);
		break;
	}
	return out;
}
