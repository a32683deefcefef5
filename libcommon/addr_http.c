/*
 * http://host[:port][/path]: a part of a web server, as BIND names it and
 * rules do.  Compared byte by byte later, so that each has one spelling.
 */
#include "addr_impl.h"

#include <arpa/inet.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What a path may have beside letters and digits (RFC 3986, pchar without
 * percent signs, which would spell the same name anew). */
static const char path_chars[] = "/-._~!$&'()*+,;=:@";

static int
check_path(const struct addr_text *t, const char *path)
{
	const char *p;

	for (p = path; *p != '\0'; p++)
		if (!addr_is_alnum(*p) && strchr(path_chars, *p) == NULL)
			return addr_fail(t,
			    "the character at column %d is not taken in a "
			    "path; write http://host/path",
			    addr_column(t, p));
	return addr_path_names(t, path, true);
}

/* n bytes of a host in its one spelling. */
static int
host(const struct addr_text *t, const char *p, size_t n, char *out,
    size_t outlen)
{
	char text[INET6_ADDRSTRLEN];
	struct addr a = { .kind = ADDR_TCP };
	bool bracketed = n > 1 && p[0] == '[' && p[n - 1] == ']';
	int r;

	if (bracketed)
		r = addr_ip6(t, p + 1, n - 2, &a);
	else
		r = addr_host(t, p, n, &a);
	if (r == -1)
		return -1;
	if (a.family == AF_INET6 &&
	    inet_ntop(AF_INET6, &a.ip, text, sizeof(text)) != NULL) {
		(void)snprintf(out, outlen, "[%s]", text);
		return 0;
	}
	if (a.family == AF_INET &&
	    inet_ntop(AF_INET, &a.ip.s6_addr[12], text, sizeof(text)) != NULL) {
		strlcpy(out, text, outlen);
		return 0;
	}
	n = strlcpy(out, a.text, outlen);
	if (n > 0 && out[n - 1] == '.')
		out[n - 1] = '\0';
	for (; *out != '\0'; out++)
		*out = (char)tolower((unsigned char)*out);
	return 0;
}

int
addr_http(const struct addr_text *t, const char *p, struct addr *a)
{
	size_t len = strcspn(p, "/?#"), n;
	const char *path = p + len;

	n = p[0] == '[' ? strcspn(p, "]/") : strcspn(p, ":/?#");
	n += p[n] == ']';
	if (n == 0)
		return addr_fail(t,
		    "no host at column %d; write http://host/path",
		    addr_column(t, p));
	a->port = ADDR_HTTP_PORT;
	if (n < len && p[n] != ':')
		return addr_fail(t, "no port at column %d; write [v6]:port",
		    addr_column(t, p + n));
	if (n < len && addr_port(t, p + n + 1, len - n - 1, &a->port) == -1)
		return -1;
	if (a->port == 0)
		return addr_fail(t, "port 0 is none of HTTP; write 80");
	if (host(t, p, n, a->text, sizeof(a->text)) == -1 ||
	    check_path(t, path) == -1)
		return -1;
	if (strlcat(a->text, *path != '\0' ? path : "/", sizeof(a->text)) >=
	    sizeof(a->text))
		return addr_fail(t, "host and path are longer than %d bytes",
		    ADDR_HOST_MAX);
	return 0;
}
