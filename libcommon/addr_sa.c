/*
 * Addresses of the kernel: to and from struct sockaddr.
 */
#include "addr.h"

#include <sys/un.h>
#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

static socklen_t
sockaddr_unix(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)ss;

	sun->sun_family = AF_UNIX;
	if (strlcpy(sun->sun_path, a->text, sizeof(sun->sun_path)) >=
	    sizeof(sun->sun_path))
		return 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			   strlen(a->text) + 1);
}

static socklen_t
sockaddr_tcp(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	if (a->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, &a->ip.s6_addr[12], 4);
		return sizeof(*in);
	}
	if (a->family == AF_UNSPEC && !a->any)
		return 0;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	in6->sin6_addr = a->ip;
	return sizeof(*in6);
}

socklen_t
addr_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	switch (a->kind) {
	case ADDR_TCP:
		return sockaddr_tcp(a, ss);
	case ADDR_UNIX:
	case ADDR_FDPASS:
		return sockaddr_unix(a, ss);
	default:
		return 0;
	}
}

/* A path of the kernel may lack its NUL and hold any byte. */
static const char *
format_unix(const struct sockaddr_un *sun, socklen_t len, char *out,
    size_t outlen)
{
	size_t off = offsetof(struct sockaddr_un, sun_path);
	size_t n = len > off ? strnlen(sun->sun_path, len - off) : 0;

	if (n == 0) {
		strlcpy(out, "unix", outlen);
		return out;
	}
	(void)snprintf(out, outlen, "%.*s", (int)n, sun->sun_path);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			*p = '?';
	return out;
}

/* The textual host of an IP address, IPv4 where it is mapped. */
static const char *
format_ip(const struct sockaddr *sa, char *out, size_t outlen)
{
	struct in6_addr ip;
	const char *s;

	if (addr_ip_sa(sa, &ip) == -1)
		s = NULL;
	else if (IN6_IS_ADDR_V4MAPPED(&ip))
		s = inet_ntop(AF_INET, &ip.s6_addr[12], out, (socklen_t)outlen);
	else
		s = inet_ntop(AF_INET6, &ip, out, (socklen_t)outlen);
	if (s == NULL)
		strlcpy(out, "?", outlen);
	return out;
}

const char *
addr_format_sa(const struct sockaddr *sa, socklen_t len, char *out,
    size_t outlen)
{
	char host[INET6_ADDRSTRLEN];

	if (sa == NULL || len < (socklen_t)sizeof(sa->sa_family)) {
		strlcpy(out, "?", outlen);
		return out;
	}
	if (sa->sa_family == AF_UNIX)
		return format_unix((const struct sockaddr_un *)sa, len, out,
		    outlen);
	format_ip(sa, host, sizeof(host));
	if (host[0] == '?')
		strlcpy(out, host, outlen);
	else if (strchr(host, ':') != NULL)
		(void)snprintf(out, outlen, "[%s]:%u", host, addr_port_sa(sa));
	else
		(void)snprintf(out, outlen, "%s:%u", host, addr_port_sa(sa));
	return out;
}

const char *
addr_host_sa(const struct sockaddr *sa, char *out, size_t outlen)
{
	if (sa != NULL && sa->sa_family == AF_UNIX)
		return format_unix((const struct sockaddr_un *)sa,
		    sizeof(struct sockaddr_un), out, outlen);
	return format_ip(sa, out, outlen);
}

uint16_t
addr_port_sa(const struct sockaddr *sa)
{
	if (sa == NULL)
		return 0;
	if (sa->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)sa)->sin_port);
	if (sa->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)sa)->sin6_port);
	return 0;
}

int
addr_ip_sa(const struct sockaddr *sa, struct in6_addr *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (sa != NULL && sa->sa_family == AF_INET6) {
		*ip = ((const struct sockaddr_in6 *)sa)->sin6_addr;
		return 0;
	}
	if (sa == NULL || sa->sa_family != AF_INET)
		return -1;
	ip->s6_addr[10] = ip->s6_addr[11] = 0xff;
	memcpy(&ip->s6_addr[12], &((const struct sockaddr_in *)sa)->sin_addr,
	    4);
	return 0;
}

void
addr_unmap_sa(struct sockaddr_storage *ss, socklen_t *len)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	struct sockaddr_in in;

	if (ss->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return;
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = in6->sin6_port;
	memcpy(&in.sin_addr, &in6->sin6_addr.s6_addr[12], 4);
	memset(ss, 0, sizeof(*ss));
	memcpy(ss, &in, sizeof(in));
	*len = sizeof(in);
}
