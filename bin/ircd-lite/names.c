#include "names.h"

#include <stdlib.h>

#define FIRST_BUCKETS 64

struct named *
names_first(const struct names *t, uint32_t h)
{
	if (t->nbuckets == 0)
		return NULL;
	return t->bucket[h & (t->nbuckets - 1)];
}

static int
grow(struct names *t)
{
	size_t n = t->nbuckets == 0 ? FIRST_BUCKETS : t->nbuckets * 2, i;
	struct named **fresh = calloc(n, sizeof(struct named *)), *e, *next;
	uint32_t h;

	if (fresh == NULL)
		return t->nbuckets == 0 ? -1 : 0;
	for (i = 0; i < t->nbuckets; i++)
		for (e = t->bucket[i]; e != NULL; e = next) {
			next = e->next;
			h = t->hash(e) & (uint32_t)(n - 1);
			e->next = fresh[h];
			fresh[h] = e;
		}
	free(t->bucket);
	t->bucket = fresh;
	t->nbuckets = n;
	return 0;
}

int
names_add(struct names *t, struct named *e, uint32_t h)
{
	if (t->count >= t->nbuckets && grow(t) == -1)
		return -1;
	h &= (uint32_t)(t->nbuckets - 1);
	e->next = t->bucket[h];
	t->bucket[h] = e;
	t->count++;
	return 0;
}

void
names_del(struct names *t, struct named *e, uint32_t h)
{
	struct named **p;

	if (t->nbuckets == 0)
		return;
	for (p = &t->bucket[h & (t->nbuckets - 1)]; *p != NULL; p = &(*p)->next)
		if (*p == e) {
			*p = e->next;
			t->count--;
			return;
		}
}

struct named *
names_each(const struct names *t, struct named *e, size_t *bucket)
{
	if (e != NULL && e->next != NULL)
		return e->next;
	while (*bucket < t->nbuckets)
		if ((e = t->bucket[(*bucket)++]) != NULL)
			return e;
	return NULL;
}
