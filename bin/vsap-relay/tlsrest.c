/* Bytes left over: see tlsconn_impl.h. */
#include "tlsconn_impl.h"

#include <stdlib.h>
#include <string.h>

void
tlsrest_free(struct rest *r)
{
	free(r->p);
	memset(r, 0, sizeof(*r));
}

int
tlsrest_add(struct rest *r, const void *p, size_t n)
{
	unsigned char *grown;

	if (n == 0)
		return 0;
	if (r->len > 0 && r->off > 0)
		memmove(r->p, r->p + r->off, r->len);
	r->off = 0;
	if ((grown = realloc(r->p, r->len + n)) == NULL)
		return -1;
	r->p = grown;
	memcpy(r->p + r->len, p, n);
	r->len += n;
	return 0;
}

void
tlsrest_drop(struct rest *r, size_t n)
{
	r->off += n;
	r->len -= n;
	if (r->len == 0)
		tlsrest_free(r);
}
