#include "pmsg.h"

#include <string.h>

#define HEAD 21 /* type, seq, keep, lo, hi, backlog, error */

static unsigned char *
put(unsigned char *p, uint32_t v, int bytes)
{
	int i;

	for (i = bytes - 1; i >= 0; i--)
		*p++ = (unsigned char)(v >> (8 * i));
	return p;
}

static const unsigned char *
get(const unsigned char *p, uint32_t *v, int bytes)
{
	*v = 0;
	while (bytes-- > 0)
		*v = *v << 8 | *p++;
	return p;
}

size_t
pmsg_format(const struct pmsg *m, void *out, size_t outlen)
{
	size_t al = strlen(m->addr) + 1, ol = strlen(m->owner) + 1;
	unsigned char *p = out;

	if (outlen < HEAD + al + ol)
		return 0;
	*p++ = (unsigned char)m->type;
	p = put(p, m->seq, 4);
	p = put(p, m->keep, 4);
	p = put(p, m->lo, 2);
	p = put(p, m->hi, 2);
	p = put(p, m->backlog, 4);
	p = put(p, m->error, 4);
	memcpy(p, m->addr, al);
	memcpy(p + al, m->owner, ol);
	return HEAD + al + ol;
}

/* Copy the NUL-terminated string at p; what follows it, or NULL. */
static const unsigned char *
get_string(const unsigned char *p, const unsigned char *end, char *out,
    size_t outlen)
{
	const unsigned char *nul;
	size_t n;

	if ((nul = memchr(p, '\0', (size_t)(end - p))) == NULL)
		return NULL;
	if ((n = (size_t)(nul - p) + 1) > outlen)
		return NULL;
	memcpy(out, p, n);
	return nul + 1;
}

int
pmsg_parse(struct pmsg *m, const void *data, size_t len)
{
	const unsigned char *p = data, *end = p + len;
	uint32_t lo, hi;

	if (len < HEAD || *p < PMSG_BIND || *p > PMSG_LAST)
		return -1;
	m->type = *p++;
	p = get(p, &m->seq, 4);
	p = get(p, &m->keep, 4);
	p = get(p, &lo, 2);
	p = get(p, &hi, 2);
	p = get(p, &m->backlog, 4);
	p = get(p, &m->error, 4);
	m->lo = (uint16_t)lo;
	m->hi = (uint16_t)hi;
	if ((p = get_string(p, end, m->addr, sizeof(m->addr))) == NULL ||
	    (p = get_string(p, end, m->owner, sizeof(m->owner))) == NULL)
		return -1;
	return p == end ? 0 : -1;
}
