#ifndef ADDR_H
#define ADDR_H

/*
 * The one address grammar of the toolkit (vsap(7), ADDRESSES):
 *
 *	host:port  [v6]:port  :port  *:port  port	TCP
 *	/path						UNIX-domain
 *	name:foo					a rendezvous name
 *	-						stdin and stdout
 *	fd:N						an inherited descriptor
 *	exec:command					a command by sh -c
 *	fdpass:/path					hand the descriptor over
 *	tls:host:port  tls:[v6]:port			TCP, and TLS on it
 *	http://host[:port][/path]			a part of a web server
 *
 * Pure: no name is resolved here and no descriptor touched.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum addr_kind {
	ADDR_TCP,
	ADDR_UNIX,
	ADDR_NAME,
	ADDR_STDIO,
	ADDR_FD,
	ADDR_EXEC,
	ADDR_FDPASS,
	ADDR_HTTP,
};

/* What addr_parse() takes, or'ed together. */
#define ADDR_F_TCP 0x01
#define ADDR_F_UNIX 0x02
#define ADDR_F_NAME 0x04
#define ADDR_F_LOCAL 0x08 /* -, fd:N, exec:command */
#define ADDR_F_FDPASS 0x10
#define ADDR_F_ANYHOST 0x20 /* :port and *:port: every address; port 0 */
/* port alone: 127.0.0.1, or every address where ADDR_F_ANYHOST is given too */
#define ADDR_F_BAREPORT 0x40
#define ADDR_F_NOPORT 0x80 /* host alone: the port is then 8706 */
#define ADDR_F_TLS 0x100   /* "tls:" in front of any TCP form admitted */
#define ADDR_F_HTTP 0x200

/* The sets that the verbs and the programs use. */
#define ADDR_FOR_BIND                                                          \
	(ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NAME | ADDR_F_ANYHOST |             \
	    ADDR_F_BAREPORT)
#define ADDR_FOR_CONNECT                                                       \
	(ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NAME | ADDR_F_BAREPORT)
#define ADDR_FOR_SERVER (ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NOPORT | ADDR_F_TLS)
#define ADDR_FOR_LISTEN                                                        \
	(ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_ANYHOST | ADDR_F_BAREPORT)

#define ADDR_HOST_MAX 255 /* bytes of a host name, path, name or command */
#define ADDR_STRLEN 300	  /* fits any formatted address and its NUL */
#define ADDR_HTTP_PORT 80

struct addr {
	enum addr_kind kind;
	int family;	    /* TCP: AF_INET, AF_INET6 for a numeric host,
			     AF_UNSPEC for a name and for every address */
	bool any;	    /* TCP: every address; family is AF_UNSPEC for :port
			     and *:port */
	bool tls;	    /* TCP: "tls:" stood in front */
	uint16_t port;	    /* TCP, HTTP; host byte order */
	int fd;		    /* FD */
	struct in6_addr ip; /* TCP numeric; IPv4 in its v4-mapped form */
	char text[ADDR_HOST_MAX + 1]; /* TCP: host as written, without
			     brackets, "" for every address; HTTP: host and
			     path, "host/path"; else the path, name or
			     command */
};

/*
 * Parse s into *a.  flags says which forms are admitted.  Returns 0, or -1
 * with a message in err: what is malformed, where, and what to write.
 * A numeric host in any spelling that is not the canonical dotted or RFC
 * 4291 form (octal, hexadecimal, short forms) is malformed; control bytes
 * are refused; a path has no "." or ".." and at most VSAP_NAME_MAX bytes,
 * and no blank where names are admitted too (such addresses go into request
 * lines).  0.0.0.0 and [::] set any with their own family; a v4-mapped host
 * is AF_INET.
 *
 * HTTP has one spelling: the host is in lower case, in canonical numbers, or
 * [v6], without a last dot; the path is "/" if there is none, without a query,
 * '%', and empty, "." and ".." names (a last '/' may stand).
 */
int addr_parse(struct addr *a, const char *s, unsigned flags, char *err,
    size_t errlen);

/*
 * The same for something to listen on (ADDR_FOR_LISTEN): a host is in
 * numbers, but for localhost, which is 127.0.0.1 everywhere.
 */
int addr_parse_listen(struct addr *a, const char *s, char *err, size_t errlen);

/* Would one of two such listeners be in the other one's way?  Not by a port
 * that is to be chosen. */
bool addr_same_listener(const struct addr *, const struct addr *);

/* Do two listeners want the same address and port of the system, so that only
 * one can be opened (:80 and 127.0.0.1:80)? */
bool addr_listeners_clash(const struct addr *, const struct addr *);

/*
 * Format a in the grammar above; parse(format(a)) is a.  Every address is
 * "*:port", which the original server takes too.  Returns out.
 */
const char *addr_format(const struct addr *a, char *out, size_t outlen);

/*
 * The sockaddr of a numeric TCP, every-address (:: then), UNIX or fdpass
 * address.
 * Returns its length, or 0 where a name has to be resolved first.
 */
socklen_t addr_sockaddr(const struct addr *a, struct sockaddr_storage *ss);

/*
 * Format a kernel address: "127.0.0.1:80", "[::1]:80", "/path" ("unix" for
 * an unnamed one), "?" for anything else.  v4-mapped addresses are shown as
 * IPv4.  Returns out.
 */
const char *addr_format_sa(const struct sockaddr *sa, socklen_t len, char *out,
    size_t outlen);

/* The host part alone ("127.0.0.1", "::1") and the port (0 for UNIX). */
const char *addr_host_sa(const struct sockaddr *sa, char *out, size_t outlen);
uint16_t addr_port_sa(const struct sockaddr *sa);

/* The 16-byte form of an IP sockaddr, IPv4 v4-mapped.  -1 for others. */
int addr_ip_sa(const struct sockaddr *sa, struct in6_addr *ip);

/* v4-mapped sockaddr_in6 to sockaddr_in, in place; *len is adjusted. */
void addr_unmap_sa(struct sockaddr_storage *ss, socklen_t *len);

/*
 * Ranges of the IP space, on the 16-byte form.  What grants trust (loopback,
 * private) takes IPv4 only v4-mapped; guarded takes it in every embedding
 * (v4-mapped, v4-compatible, RFC 2765, NAT64 64:ff9b::/96 and
 * 64:ff9b:1::/48, 6to4).
 */
bool addr_ip_loopback(const struct in6_addr *);
bool addr_ip_private(const struct in6_addr *); /* RFC 1918, RFC 4193 */
bool addr_ip_guarded(const struct in6_addr *); /* loopback, unspecified
				(0.0.0.0/8, ::), link-local, multicast,
				broadcast */
/* The IPv4 address in any of these embeddings, as a v4-mapped one.  False:
 * there is none. */
bool addr_ip_embedded(const struct in6_addr *, struct in6_addr *v4);

/* A CIDR network, "10.0.0.0/8", "::1", "*" for all. */
struct cidr {
	struct in6_addr ip; /* v4-mapped for IPv4, host bits cleared */
	unsigned bits;	    /* 0 to 128, on the 16-byte form */
};
int cidr_parse(struct cidr *, const char *s, char *err, size_t errlen);
bool cidr_contains(const struct cidr *, const struct in6_addr *);
bool cidr_guarded(const struct cidr *); /* lies within a guarded network */

#endif
