/*
 * host:port in its forms, "tls:" in front of it.
 *
 * Nothing is guessed: a host that the C library would read as a number in a
 * second spelling is refused, else it would pass the rules as a name.
 */
#include "addr_impl.h"

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "limits_vsap.h"

#define HOSTNAME_MAX 253
#define LABEL_MAX 63
#define PORT_DIGITS 20 /* more than there are in any number we look at */

int
addr_port(const struct addr_text *t, const char *p, size_t n, uint16_t *port)
{
	char digits[PORT_DIGITS + 1];
	const char *e;
	int len = n < PORT_DIGITS ? (int)n : PORT_DIGITS;

	if (n == 0)
		return addr_fail(t, "no port at column %d; write host:port",
		    addr_column(t, p));
	if (!addr_is_digits(p, n))
		return addr_fail(t,
		    "\"%.*s\" at column %d is not a port number; "
		    "write host:port",
		    len, p, addr_column(t, p));
	if (p[0] == '0' && n > 1)
		return addr_fail(t,
		    "port %.*s at column %d begins with a zero; "
		    "write it without",
		    len, p, addr_column(t, p));
	memcpy(digits, p, (size_t)len);
	digits[len] = '\0';
	*port = (uint16_t)strtonum(digits, 0, 65535, &e);
	if (e != NULL)
		return addr_fail(t, "port %s at column %d is above 65535",
		    digits, addr_column(t, p));
	if (*port == 0 && !(t->flags & ADDR_F_ANYHOST))
		return addr_fail(t,
		    "port 0 at column %d cannot be connected to; "
		    "write a port from 1 to 65535",
		    addr_column(t, p));
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
	return addr_is_digits(s, n);
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
check_name(const struct addr_text *t, const char *at, const char *host)
{
	size_t label = 0, i;

	for (i = 0; host[i] != '\0'; i++) {
		char c = host[i];

		if (c == '.'
			? label == 0
			: !addr_is_alnum(c) && c != '_' && (c != '-' || i == 0))
			return addr_fail(t,
			    "character %d of the host, at column %d, is not "
			    "one of a host name's; write host:port",
			    (int)i + 1, addr_column(t, at + i));
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return addr_fail(t,
			    "the label that ends at column %d is longer than "
			    "63 bytes",
			    addr_column(t, at + i));
	}
	return 0;
}

int
addr_host(const struct addr_text *t, const char *p, size_t n, struct addr *a)
{
	struct in_addr ip;

	if (n > HOSTNAME_MAX)
		return addr_fail(t,
		    "the host at column %d is longer than %d bytes",
		    addr_column(t, p), HOSTNAME_MAX);
	memcpy(a->text, p, n);
	a->text[n] = '\0';
	if (inet_pton(AF_INET, a->text, &ip) == 1) {
		set_ip4(a, &ip);
		return 0;
	}
	if (numeric_host(a->text))
		return addr_fail(t,
		    "the number at column %d is not an IPv4 address; "
		    "write four decimal numbers, as in 127.0.0.1:80",
		    addr_column(t, p));
	a->family = AF_UNSPEC;
	return check_name(t, p, a->text);
}

/* What stands between the brackets. */
int
addr_ip6(const struct addr_text *t, const char *p, size_t n, struct addr *a)
{
	const char *zone = memchr(p, '%', n);

	if (zone != NULL)
		return addr_fail(t,
		    "the zone at column %d is not taken; "
		    "write the address without it",
		    addr_column(t, zone));
	if (n < INET6_ADDRSTRLEN) {
		memcpy(a->text, p, n);
		a->text[n] = '\0';
	}
	if (n >= INET6_ADDRSTRLEN || inet_pton(AF_INET6, a->text, &a->ip) != 1)
		return addr_fail(t,
		    "\"%.*s\" at column %d is not an IPv6 address; "
		    "write [::1]:80",
		    n < 48 ? (int)n : 48, p, addr_column(t, p));
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
bracketed(const struct addr_text *t, const char *p, struct addr *a)
{
	const char *end = strchr(p, ']');

	if (end == NULL)
		return addr_fail(t,
		    "no ']' for the '[' at column %d; write [v6]:port",
		    addr_column(t, p));
	if (addr_ip6(t, p + 1, (size_t)(end - p) - 1, a) == -1)
		return -1;
	if (end[1] == '\0' && (t->flags & ADDR_F_NOPORT)) {
		a->port = VSAP_PORT;
		return 0;
	}
	if (end[1] != ':')
		return addr_fail(t, "no port at column %d; write [%s]:port",
		    addr_column(t, end + 1), a->text);
	return addr_port(t, end + 2, strlen(end + 2), &a->port);
}

/* A word without a colon: a port, or a host where the port is known. */
static int
lone(const struct addr_text *t, const char *p, struct addr *a)
{
	size_t n = strlen(p);
	struct in_addr ip = { htonl(INADDR_LOOPBACK) };

	if (addr_is_digits(p, n) && (t->flags & ADDR_F_BAREPORT)) {
		if (t->flags & ADDR_F_ANYHOST) {
			set_every_address(a);
		} else {
			strlcpy(a->text, "127.0.0.1", sizeof(a->text));
			set_ip4(a, &ip);
		}
		return addr_port(t, p, n, &a->port);
	}
	if (addr_is_digits(p, n))
		return addr_fail(t,
		    "a port alone is not taken here; write 127.0.0.1:%.5s", p);
	if (!(t->flags & ADDR_F_NOPORT) || strcmp(p, "*") == 0)
		return addr_fail(t, "no port; write %.64s:port", t->s);
	a->port = VSAP_PORT;
	return addr_host(t, p, n, a);
}

static int
two_colons(const struct addr_text *t, const char *p, const char *second)
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, p, &ip) == 1)
		return addr_fail(t,
		    "an IPv6 address stands in brackets; write [%s]:port", p);
	return addr_fail(t,
	    "a second ':' at column %d; write host:port or [v6]:port",
	    addr_column(t, second));
}

int
addr_tcp(const struct addr_text *t, const char *p, struct addr *a)
{
	const char *colon = strchr(p, ':'), *second;
	size_t n;

	if (p[0] == '[')
		return bracketed(t, p, a);
	if (colon == NULL)
		return lone(t, p, a);
	if ((second = strchr(colon + 1, ':')) != NULL)
		return two_colons(t, p, second);
	n = (size_t)(colon - p);
	if (n == 0 || (n == 1 && p[0] == '*')) {
		if (!(t->flags & ADDR_F_ANYHOST))
			return addr_fail(t,
			    "no host at column %d; write 127.0.0.1%.7s",
			    addr_column(t, p), colon);
		set_every_address(a);
	} else if (addr_host(t, p, n, a) == -1) {
		return -1;
	}
	return addr_port(t, colon + 1, strlen(colon + 1), &a->port);
}

int
addr_tls(const struct addr_text *t, const char *p, struct addr *a)
{
	a->tls = true;
	if (*p == '\0')
		return addr_fail(t, "no host at column %d; write tls:host:port",
		    addr_column(t, p));
	return addr_tcp(t, p, a);
}
