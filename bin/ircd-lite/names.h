#ifndef NAMES_H
#define NAMES_H

/*
 * A hash of things by name that grows by doubling.  The things have "next"
 * as their first member and keep their hash; which is all that this knows.
 */

#include <stddef.h>
#include <stdint.h>

struct named {
	struct named *next;
};

struct names {
	struct named **bucket;
	size_t nbuckets; /* a power of two */
	size_t count;
	uint32_t (*hash)(const struct named *);
};

/* The first of those whose hash may be h; go on by next. */
struct named *names_first(const struct names *, uint32_t h);

/* 0, or -1: no memory. */
int names_add(struct names *, struct named *, uint32_t h);
void names_del(struct names *, struct named *, uint32_t h);

/* All: start with NULL and *bucket 0.  Not to be mixed with additions. */
struct named *names_each(const struct names *, struct named *, size_t *bucket);

#endif
