/*
 * SOCKS: what clients say.  socks_reply.c has the replies.
 */
#include "socks.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "socks_impl.h"

/* --- bytes that may not all have come ---------------------------------- */

static bool
any_but_nul(uint8_t c)
{
	return c != '\0';
}

/* What may stand in an address, and so in a line of VSAP. */
static bool
in_word(uint8_t c)
{
	return c > ' ' && c != 0x7f;
}

bool
socks_in_text(uint8_t c)
{
	return c >= ' ' && c != 0x7f;
}

int
socks_byte(struct socks_in *in, uint8_t *v)
{
	if (in->at >= in->len)
		return 0;
	*v = in->p[in->at++];
	return 1;
}

int
socks_bytes(struct socks_in *in, void *out, size_t n)
{
	if (in->len - in->at < n)
		return 0;
	memcpy(out, in->p + in->at, n);
	in->at += n;
	return 1;
}

int
socks_text(struct socks_in *in, char *out, size_t n, bool (*fits)(uint8_t))
{
	size_t have = in->len - in->at;

	for (size_t i = 0; i < n && i < have; i++)
		if (!fits(in->p[in->at + i]))
			return -1;
	out[0] = '\0';
	if (socks_bytes(in, out, n) == 0)
		return 0;
	out[n] = '\0';
	return 1;
}

/* A length byte and so many of text, least at least. */
static int
counted(struct socks_in *in, char *out, size_t least, bool (*fits)(uint8_t))
{
	uint8_t n;

	if (socks_byte(in, &n) == 0)
		return 0;
	return n < least ? -1 : socks_text(in, out, n, fits);
}

/* Text up to its NUL. */
static int
ended(struct socks_in *in, char *out, size_t least, bool (*fits)(uint8_t))
{
	size_t n = strnlen((const char *)in->p + in->at, in->len - in->at);
	bool whole = n < in->len - in->at;

	if (n > SOCKS_TEXT_MAX || (whole && n < least))
		return -1;
	if (!whole)
		return socks_text(in, out, n, fits) == -1 ? -1 : 0;
	if (socks_text(in, out, n, fits) == -1)
		return -1;
	in->at++;
	return 1;
}

int
socks_port(struct socks_in *in, uint16_t *port)
{
	uint8_t b[2];

	if (socks_bytes(in, b, 2) == 0)
		return 0;
	*port = (uint16_t)(b[0] << 8 | b[1]);
	return 1;
}

/* --- what comes before a request --------------------------------------- */

int
socks_hello_parse(struct socks_hello *h, const void *p, size_t len)
{
	struct socks_in in = { p, len, 0 };
	uint8_t version, n, method;

	memset(h, 0, sizeof(*h));
	if (socks_byte(&in, &version) == 0)
		return 0;
	if (version != 5)
		return -1;
	if (socks_byte(&in, &n) == 0)
		return 0;
	if (n == 0)
		return -1;
	for (; n > 0; n--) {
		if (socks_byte(&in, &method) == 0)
			return 0;
		h->no_auth |= method == SOCKS_NO_AUTH;
		h->userpass |= method == SOCKS_USERPASS;
	}
	return (int)in.at;
}

int
socks_login_parse(struct socks_login *l, const void *p, size_t len)
{
	struct socks_in in = { p, len, 0 };
	uint8_t version;
	int r;

	memset(l, 0, sizeof(*l));
	if ((r = socks_byte(&in, &version)) != 1)
		return r;
	if (version != 1)
		return -1;
	if ((r = counted(&in, l->user, 0, any_but_nul)) != 1 ||
	    (r = counted(&in, l->password, 0, any_but_nul)) != 1)
		return r;
	return (int)in.at;
}

/* --- requests ---------------------------------------------------------- */

/* The last four of 16 bytes are an IPv4 address. */
static bool
is_mapped(const uint8_t *ip)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip, prefix, sizeof(prefix)) == 0;
}

static int
get_ip(struct socks_in *in, int *atyp, char *host, size_t hostlen)
{
	size_t n = *atyp == SOCKS_A_IPV4 ? 4 : 16;
	uint8_t ip[16], *from = ip;

	if (socks_bytes(in, ip, n) == 0)
		return 0;
	if (n == 16 && is_mapped(ip)) {
		*atyp = SOCKS_A_IPV4;
		from = ip + 12;
	}
	if (inet_ntop(*atyp == SOCKS_A_IPV4 ? AF_INET : AF_INET6, from, host,
		(socklen_t)hostlen) == NULL)
		return -1;
	return 1;
}

int
socks_host(struct socks_in *in, int *atyp, bool binary, char *host,
    size_t hostlen)
{
	switch (*atyp) {
	case SOCKS_A_IPV4:
	case SOCKS_A_IPV6:
		return get_ip(in, atyp, host, hostlen);
	case SOCKS_A_NAME:
		return counted(in, host, 1, in_word);
	case SOCKS_A_NONE:
		return binary ? 1 : -1;
	case SOCKS_A_TEXT:
		return binary ? counted(in, host, 1, in_word) : -1;
	default:
		return -1;
	}
}

/* Version 4: CD, DSTPORT, DSTIP, USERID, and in 4a the name, if DSTIP is
 * 0.0.0.x. */
static int
request4(struct socks_request *r, struct socks_in *in)
{
	static const uint8_t zero[3];
	uint8_t command, ip[4];
	int got;

	if ((got = socks_byte(in, &command)) != 1)
		return got;
	r->command = command;
	if ((got = socks_port(in, &r->port)) != 1 ||
	    (got = socks_bytes(in, ip, 4)) != 1 ||
	    (got = ended(in, r->user, 0, socks_in_text)) != 1)
		return got;
	if (memcmp(ip, zero, 3) == 0 && ip[3] != 0) {
		r->atyp = SOCKS_A_NAME;
		return ended(in, r->host, 1, in_word);
	}
	r->atyp = SOCKS_A_IPV4;
	(void)snprintf(r->host, sizeof(r->host), "%u.%u.%u.%u", ip[0], ip[1],
	    ip[2], ip[3]);
	return 1;
}

static bool
atyp_known(int atyp, bool binary)
{
	return atyp == SOCKS_A_IPV4 || atyp == SOCKS_A_NAME ||
	       atyp == SOCKS_A_IPV6 ||
	       (binary && (atyp == SOCKS_A_NONE || atyp == SOCKS_A_TEXT));
}

/* Version 5: CMD, RSV, ATYP, DST.ADDR, DST.PORT, and options in binary. */
static int
request5(struct socks_request *r, struct socks_in *in)
{
	uint8_t command, rsv, atyp;
	bool binary;
	int got;

	if ((got = socks_byte(in, &command)) != 1)
		return got;
	r->command = command;
	binary = command >= SOCKS_VSAP;
	if ((got = socks_byte(in, &rsv)) != 1)
		return got;
	if (rsv != 0 && !binary)
		return -1;
	if ((got = socks_byte(in, &atyp)) != 1)
		return got;
	r->atyp = atyp;
	got = socks_host(in, &r->atyp, binary, r->host, sizeof(r->host));
	if (got == -1 && !atyp_known(atyp, binary))
		r->fault = SOCKS_BAD_ATYP;
	if (got != 1 || (got = socks_port(in, &r->port)) != 1)
		return got;
	return socks_text(in, r->options, binary ? rsv : 0, socks_in_text);
}

int
socks_request_parse(struct socks_request *r, const void *p, size_t len)
{
	struct socks_in in = { p, len, 0 };
	uint8_t version;
	int got;

	memset(r, 0, sizeof(*r));
	r->fault = SOCKS_FAILURE;
	if (socks_byte(&in, &version) == 0)
		return 0;
	if (version != 4 && version != 5)
		return -1;
	r->version = version;
	got = version == 4 ? request4(r, &in) : request5(r, &in);
	return got == 1 ? (int)in.at : got;
}

/* A name as the host of an address: it has to be read as that. */
static int
name_addr(const struct socks_request *r, char *out, size_t outlen)
{
	bool v6 = strchr(r->host, ':') != NULL;
	char err[128];
	struct addr a;
	int n;

	n = snprintf(out, outlen, v6 ? "[%s]:%u" : "%s:%u", r->host, r->port);
	if (n < 0 || (size_t)n >= outlen ||
	    addr_parse(&a, out,
		ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NAME | ADDR_F_LOCAL |
		    ADDR_F_FDPASS | ADDR_F_ANYHOST,
		err, sizeof(err)) == -1 ||
	    a.kind != ADDR_TCP || a.any)
		return -1;
	return 0;
}

int
socks_request_addr(const struct socks_request *r, char *out, size_t outlen)
{
	int n;

	if (r->atyp == SOCKS_A_NONE || r->atyp == SOCKS_A_TEXT)
		return strlcpy(out, r->host, outlen) >= outlen ? -1 : 0;
	if (r->atyp == SOCKS_A_NAME)
		return name_addr(r, out, outlen);
	if (strcmp(r->host, "0.0.0.0") == 0 || strcmp(r->host, "::") == 0)
		n = snprintf(out, outlen, "*:%u", r->port);
	else if (r->atyp == SOCKS_A_IPV6)
		n = snprintf(out, outlen, "[%s]:%u", r->host, r->port);
	else
		n = snprintf(out, outlen, "%s:%u", r->host, r->port);
	return n < 0 || (size_t)n >= outlen ? -1 : 0;
}
