#include "pmsg.h"

#include <string.h>

static unsigned char *
put(unsigned char *p, uint32_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
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
	size_t n = strnlen(m->text, PMSG_TEXT_MAX);
	unsigned char *p = out;

	if (outlen < PMSG_HEAD + n)
		return 0;
	*p++ = (unsigned char)m->type;
	p = put(p, m->seq, 4);
	p = put(p, m->id, 4);
	p = put(p, m->index, 4);
	p = put(p, m->value, 4);
	p = put(p, (uint32_t)n, 2);
	memcpy(p, m->text, n);
	return PMSG_HEAD + n;
}

int
pmsg_parse(struct pmsg *m, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t n;

	if (len < PMSG_HEAD || *p < PMSG_UP || *p > PMSG_SAVED)
		return -1;
	m->type = *p++;
	p = get(p, &m->seq, 4);
	p = get(p, &m->id, 4);
	p = get(p, &m->index, 4);
	p = get(p, &m->value, 4);
	p = get(p, &n, 2);
	if (n > PMSG_TEXT_MAX || len != PMSG_HEAD + n ||
	    memchr(p, '\0', n) != NULL)
		return -1;
	memcpy(m->text, p, n);
	m->text[n] = '\0';
	return 0;
}
