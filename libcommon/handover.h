#ifndef HANDOVER_H
#define HANDOVER_H

/*
 * The hand-over message by which an accepted connection goes to a waiting
 * server (vsap(7), HAND-OVER), and the PROXY protocol headers, versions 1
 * and 2, that it and "vsap-bind -P" use.  Pure.
 *
 * SOCK_SEQPACKET, one message: a PROXY v2 header, then the stream's first
 * bytes; exactly one descriptor attached.  The receiver answers one byte,
 * HANDOVER_ACK.  A receiver that reads streams takes a header by itself with
 * proxy_parse().
 */

#include <sys/socket.h>
#include <stdbool.h>
#include <stddef.h>

#define HANDOVER_ACK 0x06
#define HANDOVER_FIRST_MAX 12288
#define HANDOVER_MAX (HANDOVER_FIRST_MAX + 512)
#define PROXY_V1_MAX 108 /* with its NUL */
#define PROXY_V2_MAX 232
#define PROXY_HEADER_MAX 536 /* that proxy_parse() takes, records included */

struct handover {
	struct sockaddr_storage src, dst; /* AF_UNSPEC: not known (LOCAL) */
	socklen_t srclen, dstlen;
	const void *first; /* points into the parsed message */
	size_t firstlen;
};

/*
 * A PROXY v2 header for src and dst: TCP over IPv4, IPv6 (mixed families
 * become IPv6, two v4-mapped IPv4) or UNIX; LOCAL where either is of another
 * family or NULL.  A UNIX address is a whole, zeroed sockaddr_un or
 * sockaddr_storage.  Returns the length, or 0 if it does not fit.
 */
size_t proxy_v2_format(void *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst);

/* A PROXY v1 line with CRLF and NUL; "UNKNOWN" for what is not IP. */
size_t proxy_v1_format(char *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst);

/* A whole hand-over message.  Returns the length, or 0 if too long. */
size_t handover_format(void *out, size_t outlen, const struct sockaddr *src,
    const struct sockaddr *dst, const void *first, size_t firstlen);

/* Parse one.  0, or -1: malformed. */
int handover_parse(struct handover *, const void *p, size_t len);

/*
 * The header, of either version, at the head of a stream of which len bytes
 * have come.  Returns the bytes that it takes, with the addresses in *h
 * (AF_UNSPEC for LOCAL and UNKNOWN) and what stands behind it as h->first;
 * 0: more is needed, never with PROXY_HEADER_MAX bytes or more; -1: this is
 * no such header, told as early as it shows.
 */
int proxy_parse(struct handover *h, const void *p, size_t len);

/* Are these the first bytes of such a header, well-formed behind them or not?
 * Of fewer than its version takes to be told: as far as they go. */
bool proxy_begins(const void *p, size_t len);

#endif
