/*
 * Addresses and networks.  The first byte says which forms are admitted.
 */
#include "addr.h"

#include <string.h>

#include "fuzz_main.h"

static int
same(const struct addr *a, const struct addr *b)
{
	return a->kind == b->kind && a->family == b->family &&
	       a->any == b->any && a->tls == b->tls && a->port == b->port &&
	       a->fd == b->fd && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static void
check_addr(const struct addr *a, unsigned flags)
{
	char out[ADDR_STRLEN], err[256];
	struct sockaddr_storage ss;
	struct addr again;
	socklen_t len;

	addr_format(a, out, sizeof(out));
	FUZZ_ASSERT(strlen(out) < sizeof(out) - 1);
	for (const char *p = out; *p != '\0'; p++)
		FUZZ_ASSERT((unsigned char)*p >= ' ' && *p != 0x7f);
	FUZZ_ASSERT(addr_parse(&again, out, flags, err, sizeof(err)) == 0);
	FUZZ_ASSERT(same(a, &again));
	len = addr_sockaddr(a, &ss);
	FUZZ_ASSERT(len <= sizeof(ss));
	if (len > 0)
		addr_format_sa((struct sockaddr *)&ss, len, out, sizeof(out));
	if (a->kind == ADDR_TCP && a->any)
		FUZZ_ASSERT(addr_ip_guarded(&a->ip));
}

static void
check_cidr(const char *s)
{
	char err[256];
	struct cidr c;

	if (cidr_parse(&c, s, err, sizeof(err)) == -1)
		return;
	FUZZ_ASSERT(c.bits <= 128);
	FUZZ_ASSERT(cidr_contains(&c, &c.ip));
	if (cidr_guarded(&c))
		FUZZ_ASSERT(addr_ip_guarded(&c.ip));
}

static void
check_text(const char *s, unsigned flags)
{
	char err[256];
	struct addr a;

	if (addr_parse(&a, s, flags, err, sizeof(err)) == 0)
		check_addr(&a, flags);
	else
		FUZZ_ASSERT(strpbrk(err, "\r\n\t") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned flags = n > 0 ? data[0] : 0;
	char *s = calloc(1, n + 1);

	if (s == NULL)
		return 0;
	if (n > 0)
		memcpy(s, data + 1, n - 1);
	check_text(s, flags);
	check_text(s, flags | ADDR_F_TLS | ADDR_F_HTTP);
	check_cidr(s);
	free(s);
	return 0;
}
