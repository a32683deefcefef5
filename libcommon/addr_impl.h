#ifndef ADDR_IMPL_H
#define ADDR_IMPL_H

/*
 * What the parts of the address parser share: addr.c (the forms, and back to
 * text), addr_tcp.c (host and port), addr_http.c.  Nobody else includes this.
 */

#include "addr.h"

struct addr_text {
	const char *s; /* the whole address, for the columns */
	unsigned flags;
	char *err;
	size_t errlen;
};

/* The address itself, cut and without control bytes, then the message.
 * Returns -1. */
int addr_fail(const struct addr_text *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* Where p, a part of the address, stands in it; from 1. */
int addr_column(const struct addr_text *, const char *p);

bool addr_is_digits(const char *s, size_t n);
bool addr_is_alnum(char c);

/*
 * Parts of an address: 0, or -1 with the message said.  All take what they
 * parse from p, host and ip6 n bytes of it; host and ip6 set text, family,
 * any and ip.
 */
int addr_tcp(const struct addr_text *, const char *p, struct addr *);
int addr_tls(const struct addr_text *, const char *p, struct addr *);
int addr_http(const struct addr_text *, const char *p, struct addr *);
int addr_host(const struct addr_text *, const char *p, size_t n, struct addr *);
int addr_ip6(const struct addr_text *, const char *p, size_t n, struct addr *);
/* The names of a path; the last one may be empty if trailing. */
int addr_path_names(const struct addr_text *, const char *path, bool trailing);
int
addr_port(const struct addr_text *, const char *p, size_t n, uint16_t *port);

#endif
