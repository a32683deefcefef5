/*
 * Addresses to names: the names that PTR gives (or /etc/hosts), each asked
 * for its addresses, until one has the address that we began with.  Whoever
 * has the address writes its PTR: what comes is taken for hostile.
 */

#include "resolv_impl.h"

#include <netinet/in.h>
#include <netdb.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

struct reverse {
	struct resolv_query query;
	void (*done)(void *, const char *, const char *);
	void *arg;
	struct in6_addr ip; /* IPv4 in its v4-mapped form */
	int n, next;	    /* names, and which one is asked for */
	int error;	    /* errno and text if no name is confirmed */
	const char *text;
	const char *name; /* the confirmed one */
	char names[RESOLV_NAMES][RESOLV_NAME_MAX + 1];
};

static bool
is_label_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* As inet_aton(3) takes a number: decimal, octal or hexadecimal. */
static bool
is_number(const char *s, size_t n)
{
	const char *digits = "0123456789";

	if (n > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		digits = "0123456789abcdefABCDEF";
		s += 2;
		n -= 2;
	}
	return strspn(s, digits) >= n;
}

bool
resolv_name_plain(const char *name)
{
	size_t n;

	for (;; name += n + 1) {
		for (n = 0; n < 64 && is_label_byte(name[n]); n++)
			;
		if (n == 0 || n == 64)
			return false;
		if (name[n] == '\0')
			return !is_number(name, n);
		if (name[n] != '.')
			return false;
	}
}

/* The first cause stays, but of two names one that has other addresses tells
 * more than one that has none. */
static void
failed(struct reverse *v, int error, const char *text)
{
	if (v->error != 0 && error != EADDRNOTAVAIL)
		return;
	v->error = error;
	v->text = text;
}

static void
failed_by(struct reverse *v, int status)
{
	failed(v, status == ARES_ETIMEOUT ? ETIMEDOUT : EHOSTUNREACH,
	    resolv_error_text(status));
}

static void
tell(struct resolv_query *q)
{
	struct reverse *v = (struct reverse *)q;

	errno = v->name != NULL ? 0 : v->error;
	v->done(v->arg, v->name, v->name != NULL ? NULL : v->text);
}

static bool
has_address(const struct ares_addrinfo *ai, const struct in6_addr *ip)
{
	const struct ares_addrinfo_node *node;
	struct in6_addr got;

	for (node = ai->nodes; node != NULL; node = node->ai_next)
		if (addr_ip_sa(node->ai_addr, &got) == 0 &&
		    memcmp(&got, ip, sizeof(got)) == 0)
			return true;
	return false;
}

/* What the name in turn came to. */
static void
confirmed(struct reverse *v, bool yes)
{
	if (yes)
		v->name = v->names[v->next];
	else
		failed(v, EADDRNOTAVAIL, "the name has other addresses");
}

static void confirm(struct reverse *);

static void
on_forward(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct reverse *v = arg;

	(void)timeouts;
	if (resolv_asked(&v->query)) {
		if (status == ARES_SUCCESS)
			confirmed(v, has_address(ai, &v->ip));
		else
			failed_by(v, status);
		v->next++;
		/* who did not answer is not asked for the next name */
		if (status == ARES_EDESTRUCTION || status == ARES_ETIMEOUT)
			v->next = v->n;
		confirm(v);
	}
	if (ai != NULL)
		ares_freeaddrinfo(ai);
}

/* 127.0.0.1 and ::1 are what localhost is, whatever DNS says of it. */
static bool
is_home(const struct in6_addr *ip)
{
	struct in_addr v4;

	memcpy(&v4, &ip->s6_addr[12], sizeof(v4));
	return IN6_IS_ADDR_LOOPBACK(ip) ||
	       (IN6_IS_ADDR_V4MAPPED(ip) &&
		   v4.s_addr == htonl(INADDR_LOOPBACK));
}

/* Ask for the next name's addresses, or be at the end. */
static void
confirm(struct reverse *v)
{
	struct ares_addrinfo_hints hints = { 0 };

	for (; v->next < v->n && resolv_is_localhost(v->names[v->next]);
	     v->next++)
		confirmed(v, is_home(&v->ip));
	if (v->name != NULL || v->next >= v->n) {
		resolv_answer(&v->query);
		return;
	}
	hints.ai_flags = ARES_AI_NOSORT;
	hints.ai_family = IN6_IS_ADDR_V4MAPPED(&v->ip) ? AF_INET : AF_INET6;
	hints.ai_socktype = SOCK_STREAM;
	ares_getaddrinfo(resolv_asking(&v->query), v->names[v->next], NULL,
	    &hints, on_forward, v);
}

static void
add_name(struct reverse *v, const char *name)
{
	int i;

	for (i = 0; i < v->n; i++)
		if (strcasecmp(v->names[i], name) == 0)
			return;
	if (v->n == RESOLV_NAMES)
		return;
	if (!resolv_name_plain(name))
		failed(v, EILSEQ, "the name is not a host's");
	else if (strlcpy(v->names[v->n], name, RESOLV_NAME_MAX + 1) >
		 RESOLV_NAME_MAX)
		failed(v, ENAMETOOLONG, "host name too long");
	else
		v->n++;
}

static void
on_names(void *arg, int status, int timeouts, struct hostent *host)
{
	struct reverse *v = arg;
	char **name;
	int i = 0;

	if (!resolv_asked(&v->query))
		return;
	/* it says that of a silent server too */
	if (status == ARES_ENOTFOUND && timeouts > 0)
		status = ARES_ETIMEOUT;
	if (status != ARES_SUCCESS || host == NULL) {
		failed_by(v, status == ARES_SUCCESS ? ARES_ENODATA : status);
		resolv_answer(&v->query);
		return;
	}
	/* of PTR the aliases are all names, of /etc/hosts the others */
	add_name(v, host->h_name);
	for (name = host->h_aliases; name && *name && i < RESOLV_NAMES; i++)
		add_name(v, *name++);
	confirm(v);
}

struct resolv_query *
resolv_reverse(struct resolv *r, const struct sockaddr *sa,
    void (*done)(void *, const char *, const char *), void *arg)
{
	struct in6_addr ip;
	struct reverse *v;
	ares_channel channel;

	if (addr_ip_sa(sa, &ip) == -1) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	v = resolv_query_new(r, sizeof(*v), tell, true);
	if (v == NULL)
		return NULL;
	v->ip = ip;
	v->done = done;
	v->arg = arg;
	channel = resolv_asking(&v->query);
	if (IN6_IS_ADDR_V4MAPPED(&ip))
		ares_gethostbyaddr(channel, &ip.s6_addr[12], 4, AF_INET,
		    on_names, v);
	else
		ares_gethostbyaddr(channel, &ip, sizeof(ip), AF_INET6, on_names,
		    v);
	resolv_set_timer(r);
	return &v->query;
}
