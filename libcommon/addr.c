/*
 * The address grammar: text to struct addr and back.  addr_sa.c has what
 * concerns kernel addresses, addr_range.c the ranges of the IP space.
 *
 * What is admitted here ends up in system calls, environment variables and
 * protocol lines, so each form has one alphabet and anything else is told
 * with its column.  Nothing is guessed: a host that the C library would
 * read as a number in a second spelling is refused, else it would pass the
 * rules as a name.
 */
#include "addr.h"

#include <arpa/inet.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limits_vsap.h"

#define HOSTNAME_MAX 253
#define LABEL_MAX 63
#define SHOWN_MAX 64 /* bytes of the address repeated in a message */

struct text {
	const char *s; /* the whole address, for the columns */
	unsigned flags;
	char *err;
	size_t errlen;
};

static int fail(const struct text *, const char *, ...)
    __attribute__((__format__(printf, 2, 3)));

/* The address itself, cut and without control bytes, then the message. */
static int
fail(const struct text *t, const char *fmt, ...)
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

static int
column(const struct text *t, const char *p)
{
	return (int)(p - t->s) + 1;
}

static bool
is_digits(const char *s, size_t n)
{
	return n > 0 && strspn(s, "0123456789") >= n;
}

static bool
is_alnum(char c)
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

static int
parse_port(const struct text *t, const char *p, uint16_t *port)
{
	const char *e;

	if (*p == '\0')
		return fail(t, "no port at column %d; write host:port",
		    column(t, p));
	if (!is_digits(p, strlen(p)))
		return fail(t,
		    "\"%.20s\" at column %d is not a port number; "
		    "write host:port",
		    p, column(t, p));
	if (p[0] == '0' && p[1] != '\0')
		return fail(t,
		    "port %.20s at column %d begins with a zero; "
		    "write it without",
		    p, column(t, p));
	*port = (uint16_t)strtonum(p, 0, 65535, &e);
	if (e != NULL)
		return fail(t, "port %.20s at column %d is above 65535", p,
		    column(t, p));
	if (*port == 0 && !(t->flags & ADDR_F_ANYHOST))
		return fail(t,
		    "port 0 at column %d cannot be connected to; "
		    "write a port from 1 to 65535",
		    column(t, p));
	return 0;
}

static void
set_ip4(struct addr *a, const struct in_addr *ip)
{
	memset(&a->ip, 0, sizeof(a->ip));
	a->ip.s6_addr[10] = a->ip.s6_addr[11] = 0xff;
	memcpy(&a->ip.s6_addr[12], ip, 4);
	a->family = AF_INET;
	a->any = ip->s_addr == htonl(INADDR_ANY);
}

static void
set_every_address(struct addr *a)
{
	a->family = AF_UNSPEC;
	a->any = true;
}

/* A label that inet_aton(3) would read: decimal, octal or hexadecimal. */
static bool
numeric_label(const char *s, size_t n)
{
	if (n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return strspn(s + 2, "0123456789abcdefABCDEF") >= n - 2;
	return is_digits(s, n);
}

static bool
numeric_host(const char *s)
{
	size_t n;

	for (;; s += n + 1) {
		n = strcspn(s, ".");
		if (n > 0 && !numeric_label(s, n))
			return false;
		if (s[n] == '\0')
			return true;
	}
}

/* Letters, digits, '-' and '_' in labels of 1 to 63; a last dot may stand. */
static int
check_name(const struct text *t, const char *at, const char *host)
{
	size_t label = 0, i;

	for (i = 0; host[i] != '\0'; i++) {
		char c = host[i];

		if (c == '.' ? label == 0
			     : !is_alnum(c) && c != '_' && (c != '-' || i == 0))
			return fail(t,
			    "character %d of the host, at column %d, is not "
			    "one of a host name's; write host:port",
			    (int)i + 1, column(t, at + i));
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return fail(t,
			    "the label that ends at column %d is longer than "
			    "63 bytes",
			    column(t, at + i));
	}
	return 0;
}

static int
parse_host(const struct text *t, const char *p, size_t n, struct addr *a)
{
	struct in_addr ip;

	if (n > HOSTNAME_MAX)
		return fail(t, "the host at column %d is longer than %d bytes",
		    column(t, p), HOSTNAME_MAX);
	memcpy(a->text, p, n);
	a->text[n] = '\0';
	if (inet_pton(AF_INET, a->text, &ip) == 1) {
		set_ip4(a, &ip);
		return 0;
	}
	if (numeric_host(a->text))
		return fail(t,
		    "the number at column %d is not an IPv4 address; "
		    "write four decimal numbers, as in 127.0.0.1:80",
		    column(t, p));
	a->family = AF_UNSPEC;
	return check_name(t, p, a->text);
}

/* What stands between the brackets. */
static int
parse_ip6(const struct text *t, const char *p, size_t n, struct addr *a)
{
	const char *zone = memchr(p, '%', n);

	if (zone != NULL)
		return fail(t,
		    "the zone at column %d is not taken; "
		    "write the address without it",
		    column(t, zone));
	if (n < INET6_ADDRSTRLEN) {
		memcpy(a->text, p, n);
		a->text[n] = '\0';
	}
	if (n >= INET6_ADDRSTRLEN || inet_pton(AF_INET6, a->text, &a->ip) != 1)
		return fail(t,
		    "\"%.*s\" at column %d is not an IPv6 address; "
		    "write [::1]:80",
		    n < 48 ? (int)n : 48, p, column(t, p));
	a->family = AF_INET6;
	a->any = IN6_IS_ADDR_UNSPECIFIED(&a->ip);
	if (IN6_IS_ADDR_V4MAPPED(&a->ip)) {
		struct in_addr ip;

		memcpy(&ip, &a->ip.s6_addr[12], 4);
		set_ip4(a, &ip);
	}
	return 0;
}

static int
parse_bracketed(const struct text *t, struct addr *a)
{
	const char *end = strchr(t->s, ']');

	if (end == NULL)
		return fail(t,
		    "no ']' for the '[' at column 1; write [v6]:port");
	if (parse_ip6(t, t->s + 1, (size_t)(end - t->s) - 1, a) == -1)
		return -1;
	if (end[1] == '\0' && (t->flags & ADDR_F_NOPORT)) {
		a->port = VSAP_PORT;
		return 0;
	}
	if (end[1] != ':')
		return fail(t, "no port at column %d; write [%s]:port",
		    column(t, end + 1), a->text);
	return parse_port(t, end + 2, &a->port);
}

/* A word without a colon: a port, or a host where the port is known. */
static int
parse_lone(const struct text *t, struct addr *a)
{
	size_t n = strlen(t->s);
	struct in_addr ip = { htonl(INADDR_LOOPBACK) };

	if (is_digits(t->s, n) && (t->flags & ADDR_F_BAREPORT)) {
		if (t->flags & ADDR_F_ANYHOST) {
			set_every_address(a);
		} else {
			strlcpy(a->text, "127.0.0.1", sizeof(a->text));
			set_ip4(a, &ip);
		}
		return parse_port(t, t->s, &a->port);
	}
	if (is_digits(t->s, n))
		return fail(t,
		    "a port alone is not taken here; write 127.0.0.1:%.5s",
		    t->s);
	if (!(t->flags & ADDR_F_NOPORT) || strcmp(t->s, "*") == 0)
		return fail(t, "no port; write %.64s:port", t->s);
	a->port = VSAP_PORT;
	return parse_host(t, t->s, n, a);
}

static int
parse_two_colons(const struct text *t, const char *second)
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, t->s, &ip) == 1)
		return fail(t,
		    "an IPv6 address stands in brackets; write [%s]:port",
		    t->s);
	return fail(t,
	    "a second ':' at column %d; write host:port or [v6]:port",
	    column(t, second));
}

static int
parse_tcp(const struct text *t, struct addr *a)
{
	const char *colon = strchr(t->s, ':'), *second;
	size_t n;

	a->kind = ADDR_TCP;
	if (t->s[0] == '[')
		return parse_bracketed(t, a);
	if (colon == NULL)
		return parse_lone(t, a);
	if ((second = strchr(colon + 1, ':')) != NULL)
		return parse_two_colons(t, second);
	n = (size_t)(colon - t->s);
	if (n == 0 || (n == 1 && t->s[0] == '*')) {
		if (!(t->flags & ADDR_F_ANYHOST))
			return fail(t,
			    "no host at column 1; write 127.0.0.1%.7s", colon);
		set_every_address(a);
	} else if (parse_host(t, t->s, n, a) == -1) {
		return -1;
	}
	return parse_port(t, colon + 1, &a->port);
}

/* Components that mean something else than a name are told, not resolved. */
static int
check_path(const struct text *t, const char *path)
{
	const char *p;
	size_t n;

	if (path[0] != '/')
		return fail(t,
		    "the path at column %d is not absolute; "
		    "write it from /",
		    column(t, path));
	if (strlen(path) > VSAP_NAME_MAX)
		return fail(t, "the path is longer than %d bytes",
		    VSAP_NAME_MAX);
	if ((t->flags & ADDR_F_NAME) && (p = strchr(path, ' ')) != NULL)
		return fail(t,
		    "a blank at column %d; a path that goes over "
		    "the wire has none",
		    column(t, p));
	for (p = path; *p == '/'; p += n) {
		n = strcspn(++p, "/");
		if (n == 0)
			return fail(t, "an empty name at column %d of the path",
			    column(t, p));
		if (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.')))
			return fail(t,
			    "\"%.*s\" at column %d is not taken; "
			    "write the path without it",
			    (int)n, p, column(t, p));
	}
	return 0;
}

static int
parse_path(const struct text *t, const char *p, struct addr *a)
{
	if (check_path(t, p) == -1)
		return -1;
	strlcpy(a->text, p, sizeof(a->text));
	return 0;
}

static int
parse_name(const struct text *t, const char *p, struct addr *a)
{
	size_t i;

	for (i = 0; p[i] != '\0'; i++)
		if (!is_alnum(p[i]) && strchr("._-", p[i]) == NULL)
			return fail(t,
			    "character at column %d; a name is of "
			    "letters, digits, '.', '_' and '-'",
			    column(t, p + i));
	if (i == 0 || i > VSAP_NAME_MAX)
		return fail(t, "a name is 1 to %d bytes long; write name:foo",
		    VSAP_NAME_MAX);
	strlcpy(a->text, p, sizeof(a->text));
	return 0;
}

static int
parse_fd(const struct text *t, const char *p, struct addr *a)
{
	const char *e = NULL;

	if (is_digits(p, strlen(p)) && (p[0] != '0' || p[1] == '\0'))
		a->fd = (int)strtonum(p, 0, INT_MAX, &e);
	else
		e = "";
	if (e != NULL)
		return fail(t,
		    "\"%.20s\" at column %d is not a descriptor "
		    "number; write fd:3",
		    p, column(t, p));
	return 0;
}

static int
parse_exec(const struct text *t, const char *p, struct addr *a)
{
	if (*p == '\0')
		return fail(t, "no command at column %d; write exec:command",
		    column(t, p));
	if (strlcpy(a->text, p, sizeof(a->text)) >= sizeof(a->text))
		return fail(t, "the command is longer than %d bytes",
		    ADDR_HOST_MAX);
	return 0;
}

/* The forms that a prefix tells; any host of such a name is hidden. */
static const struct form {
	const char *prefix;
	const char *what;
	int (*parse)(const struct text *, const char *, struct addr *);
	enum addr_kind kind;
	unsigned flag;
} forms[] = {
	{ "name:", "a name", parse_name, ADDR_NAME, ADDR_F_NAME },
	{ "fd:", "a descriptor", parse_fd, ADDR_FD, ADDR_F_LOCAL },
	{ "exec:", "a command", parse_exec, ADDR_EXEC, ADDR_F_LOCAL },
	{ "fdpass:", "fdpass", parse_path, ADDR_FDPASS, ADDR_F_FDPASS },
	{ "/", "a path", parse_path, ADDR_UNIX, ADDR_F_UNIX },
	{ NULL, NULL, NULL, 0, 0 },
};

static int
parse_form(const struct text *t, const struct form *f, struct addr *a)
{
	const char *rest = t->s + strlen(f->prefix);

	if (!(t->flags & f->flag))
		return fail(t, "%s is not taken here; write %s", f->what,
		    wanted(t->flags));
	a->kind = f->kind;
	return f->parse(t, f->kind == ADDR_UNIX ? t->s : rest, a);
}

static int
check_bytes(const struct text *t)
{
	if (t->s[0] == '\0')
		return fail(t, "empty address; write %s", wanted(t->flags));
	for (const char *p = t->s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail(t, "a control byte at column %d",
			    column(t, p));
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
	const struct text t = { s, flags, err, errlen };
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
			   : fail(&t,
				 "standard input and output are not taken "
				 "here; write %s",
				 wanted(flags));
	}
	if (!(flags & ADDR_F_TCP))
		return fail(&t, "host:port is not taken here; write %s",
		    wanted(flags));
	if (is_form_word(s))
		return fail(&t,
		    "\"%s\" is a word of the address grammar; "
		    "write the host's full name",
		    s);
	return parse_tcp(&t, a);
}

static int
format_tcp(const struct addr *a, char *out, size_t outlen)
{
	if (a->text[0] == '\0')
		return snprintf(out, outlen, "*:%u", a->port);
	if (strchr(a->text, ':') != NULL)
		return snprintf(out, outlen, "[%s]:%u", a->text, a->port);
	return snprintf(out, outlen, "%s:%u", a->text, a->port);
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
	}
	return out;
}
