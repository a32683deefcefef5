/*
 * Whom a statement means: masks of users and hosts, domains, networks.
 */
#include "conf_impl.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mask.h"

void
conf_from_free(struct conf_from *f)
{
	if (f == NULL)
		return;
	free(f->user);
	free(f->host);
	free(f);
}

static int __attribute__((__format__(printf, 3, 4)))
fail(char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return -1;
}

/* Digits, dots and colons before a slash are meant as a network. */
static bool
is_network(const char *s)
{
	size_t n = strcspn(s, "/");
	struct in6_addr ip;

	if (s[n] == '/')
		return n > 0 &&
		       (strspn(s, "0123456789.") == n ||
			   (memchr(s, ':', n) != NULL &&
			       strspn(s, "0123456789abcdefABCDEF.:") == n));
	return inet_pton(AF_INET, s, &ip) == 1 ||
	       inet_pton(AF_INET6, s, &ip) == 1;
}

/* One part of user@host, as it may stand in a line of IRC. */
static int
check_part(const char *text, const char *part, char *err, size_t errlen)
{
	if (*part == '\0')
		return fail(err, errlen,
		    "%.60s: expected a mask user@host or host, a network or "
		    "any",
		    text);
	for (const char *p = part; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '!' ||
		    *p == '@')
			return fail(err, errlen,
			    "%.60s: no %s in a mask user@host", text,
			    *p == '!'	? "'!'"
			    : *p == '@' ? "second '@'"
					: "blank");
	if (*part == ':' && part[1] != ':')
		return fail(err, errlen, "%.60s: begins with ':'", text);
	if (strlen(part) > MASKLEN || !mask_usable(part))
		return fail(err, errlen, "%.60s: the mask is too long", text);
	return 0;
}

static int
set_host(struct conf_from *f, const char *host, char *err, size_t errlen)
{
	if (is_network(host))
		return cidr_parse(&f->net, host, err, errlen);
	if (asprintf(&f->host, "%s%s", host[0] == '.' ? "*" : "", host) == -1) {
		f->host = NULL;
		return fail(err, errlen, "out of memory");
	}
	return 0;
}

struct conf_from *
conf_from_parse(const char *text, char *err, size_t errlen)
{
	const char *at = strchr(text, '@');
	const char *host = at == NULL ? text : at + 1;
	struct conf_from *f = calloc(1, sizeof(*f));

	if (strcmp(text, "any") == 0)
		host = "*";
	if (f != NULL)
		f->user = at == NULL ? strdup("*")
				     : strndup(text, (size_t)(at - text));
	if (f == NULL || f->user == NULL)
		(void)fail(err, errlen, "out of memory");
	else if (check_part(text, f->user, err, errlen) == 0 &&
		 check_part(text, host, err, errlen) == 0 &&
		 set_host(f, host, err, errlen) == 0)
		return f;
	conf_from_free(f);
	return NULL;
}

/* A network in the form of cidr_parse(). */
static void
network_text(const struct cidr *c, char *out, size_t outlen)
{
	bool v4 = c->bits >= 96 && IN6_IS_ADDR_V4MAPPED(&c->ip);
	unsigned bits = v4 ? c->bits - 96 : c->bits;
	char ip[INET6_ADDRSTRLEN];

	if (inet_ntop(v4 ? AF_INET : AF_INET6,
		v4 ? &c->ip.s6_addr[12] : &c->ip.s6_addr[0], ip,
		sizeof(ip)) == NULL)
		strlcpy(ip, "?", sizeof(ip));
	if (bits == (v4 ? 32 : 128))
		strlcpy(out, ip, outlen);
	else
		(void)snprintf(out, outlen, "%s/%u", ip, bits);
}

int
conf_from_text(const struct conf_from *f, char *out, size_t outlen)
{
	char net[INET6_ADDRSTRLEN + 8];
	const char *host = f->host;
	int n;

	if (host == NULL) {
		network_text(&f->net, net, sizeof(net));
		host = net;
	}
	n = snprintf(out, outlen, "%s@%s", f->user, host);
	return n < 0 || (size_t)n >= outlen ? -1 : 0;
}

/* ---- matching ------------------------------------------------------------ */

bool
conf_from_match1(const struct conf_from *f, const char *user, const char *host,
    const char *ip_text, const struct in6_addr *ip)
{
	if (strcmp(f->user, "*") != 0 &&
	    (user == NULL || !mask_match(f->user, user)))
		return false;
	if (f->host == NULL)
		return ip != NULL && cidr_contains(&f->net, ip);
	if (strcmp(f->host, "*") == 0)
		return true;
	return (host != NULL && mask_match(f->host, host) &&
		   (ip_text == NULL || !mask_means_address(f->host))) ||
	       (ip_text != NULL && mask_match(f->host, ip_text));
}

bool
conf_from_match(const struct conf_froms *list, const char *user,
    const char *host, const char *ip_text, const struct in6_addr *ip)
{
	const struct conf_from *f;

	STAILQ_FOREACH(f, list, entry)
		if (conf_from_match1(f, user, host, ip_text, ip))
			return true;
	return STAILQ_EMPTY(list);
}
