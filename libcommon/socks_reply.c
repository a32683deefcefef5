/*
 * SOCKS: what servers say.
 */
#include "socks.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "socks_impl.h"

#define V4_GRANTED 90
#define V4_REJECTED 91
#define ADDR_MAX (1 + 1 + SOCKS_TEXT_MAX + 2) /* ATYP, ADDR, PORT */

/* Version 4's has four bytes for an address. */
static size_t
reply4(enum socks_rep rep, const struct addr *a, uint8_t *out, size_t outlen)
{
	if (outlen < 8)
		return 0;
	memset(out, 0, 8);
	out[1] = rep == SOCKS_OK ? V4_GRANTED : V4_REJECTED;
	if (a != NULL && (a->family == AF_INET || a->any)) {
		out[2] = (uint8_t)(a->port >> 8);
		out[3] = (uint8_t)a->port;
		if (!a->any)
			memcpy(out + 4, &a->ip.s6_addr[12], 4);
	}
	return 8;
}

/* TYPE and so many bytes; their number. */
static size_t
put(uint8_t *out, uint8_t type, const void *p, size_t n, bool counts)
{
	size_t head = counts ? 2 : 1;

	out[0] = type;
	if (counts)
		out[1] = (uint8_t)n;
	memcpy(out + head, p, n);
	return head + n;
}

/* ATYP, ADDR and PORT, ADDR_MAX bytes at most; their number. */
static size_t
put_addr(uint8_t *out, const char *text, bool binary)
{
	static const uint8_t zero[4];
	size_t n, len = strlen(text);
	char err[128];
	struct addr a;

	if (addr_parse(&a, text, ADDR_F_TCP | ADDR_F_ANYHOST, err,
		sizeof(err)) == -1) {
		a.port = 0;
		if (binary && len > 0 && len <= SOCKS_TEXT_MAX)
			n = put(out, SOCKS_A_TEXT, text, len, true);
		else
			n = put(out, SOCKS_A_IPV4, zero, 4, false);
	} else if (a.family == AF_INET6) {
		n = put(out, SOCKS_A_IPV6, &a.ip, 16, false);
	} else if (a.any) {
		n = put(out, SOCKS_A_IPV4, zero, 4, false);
	} else if (a.family == AF_INET) {
		n = put(out, SOCKS_A_IPV4, &a.ip.s6_addr[12], 4, false);
	} else {
		n = put(out, SOCKS_A_NAME, a.text, strlen(a.text), true);
	}
	out[n++] = (uint8_t)(a.port >> 8);
	out[n++] = (uint8_t)a.port;
	return n;
}

size_t
socks_reply_format(int version, enum socks_rep rep, const char *bound,
    void *out, size_t outlen)
{
	uint8_t reply[3 + ADDR_MAX] = { 5, (uint8_t)rep, 0 };
	char err[128];
	struct addr a;
	bool known;
	size_t n;

	if (version == 4) {
		known = addr_parse(&a, bound, ADDR_F_TCP | ADDR_F_ANYHOST, err,
			    sizeof(err)) == 0;
		return reply4(rep, known ? &a : NULL, out, outlen);
	}
	n = 3 + put_addr(reply + 3, bound, false);
	if (n > outlen)
		return 0;
	memcpy(out, reply, n);
	return n;
}

/* --- VSAP in binary ---------------------------------------------------- */

static void
put_number(uint8_t *out, uint32_t v, size_t n)
{
	while (n-- > 0) {
		out[n] = (uint8_t)v;
		v >>= 8;
	}
}

static size_t
put_text(uint8_t *out, const char *text)
{
	size_t n = strnlen(text, SOCKS_TEXT_MAX);

	for (size_t i = 0; i < n; i++)
		out[i] =
		    socks_in_text((uint8_t)text[i]) ? (uint8_t)text[i] : '?';
	return n;
}

size_t
socks_vsap_format(enum socks_rep rep, int code, uint32_t sid, const char *local,
    const char *remote, const char *text, void *out, size_t outlen)
{
	uint8_t m[3 + 2 * ADDR_MAX + 6 + SOCKS_TEXT_MAX];
	size_t n = 3;

	m[0] = 5;
	m[1] = (uint8_t)rep;
	n += put_addr(m + n, local, true);
	put_number(m + n, (uint32_t)code, 2);
	put_number(m + n + 2, sid, 4);
	n += 6;
	if (remote[0] == '\0') {
		memset(m + n, 0, 3); /* SOCKS_A_NONE and its port */
		n += 3;
	} else {
		n += put_addr(m + n, remote, true);
	}
	m[2] = (uint8_t)put_text(m + n, text);
	n += m[2];
	if (n > outlen)
		return 0;
	memcpy(out, m, n);
	return n;
}

/* ATYP, ADDR and PORT as "host:port", text as it is, "" for none. */
static int
get_addr(struct socks_in *in, char *out, size_t outlen)
{
	char host[SOCKS_TEXT_MAX + 1] = "";
	uint16_t port;
	uint8_t byte;
	int atyp, got;

	if ((got = socks_byte(in, &byte)) != 1)
		return got;
	atyp = byte;
	if ((got = socks_host(in, &atyp, true, host, sizeof(host))) != 1 ||
	    (got = socks_port(in, &port)) != 1)
		return got;
	if (atyp == SOCKS_A_NONE || atyp == SOCKS_A_TEXT)
		strlcpy(out, host, outlen);
	else
		(void)snprintf(out, outlen,
		    atyp == SOCKS_A_IPV6 ? "[%s]:%u" : "%s:%u", host, port);
	return 1;
}

static int
get_reply(struct socks_vsap_reply *r, struct socks_in *in)
{
	uint8_t head[3], number[6];
	int got;

	if (in->len > 0 && in->p[0] != 5)
		return -1;
	if ((got = socks_bytes(in, head, 3)) != 1)
		return got;
	r->rep = head[1];
	if ((got = get_addr(in, r->local, sizeof(r->local))) != 1 ||
	    (got = socks_bytes(in, number, 6)) != 1 ||
	    (got = get_addr(in, r->remote, sizeof(r->remote))) != 1)
		return got;
	r->code = number[0] << 8 | number[1];
	r->sid = (uint32_t)number[2] << 24 | (uint32_t)number[3] << 16 |
		 (uint32_t)number[4] << 8 | number[5];
	return socks_text(in, r->text, head[2], socks_in_text);
}

int
socks_vsap_parse(struct socks_vsap_reply *r, const void *p, size_t len)
{
	struct socks_in in = { p, len, 0 };
	int got;

	memset(r, 0, sizeof(*r));
	got = get_reply(r, &in);
	return got == 1 ? (int)in.at : got;
}
