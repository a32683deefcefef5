#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

/* An input that is the file "a"; what stands behind its first line "#b" is
 * the file "b" too, so that files include each other. */

#include <errno.h>
#include <string.h>

#include "fuzz_main.h"

struct input {
	const char *p;
	size_t n;
};

static inline char *
copy(const char *p, size_t n, size_t *len)
{
	char *c = malloc(n == 0 ? 1 : n);

	FUZZ_ASSERT(c != NULL);
	memcpy(c, p, n);
	*len = n;
	return c;
}

static inline char *
open_file_of(const struct input *in, const char *path, size_t *len)
{
	const char *b = memmem(in->p, in->n, "#b\n", 3);

	if (strcmp(path, "a") == 0)
		return copy(in->p, in->n, len);
	if (strcmp(path, "b") == 0 && b != NULL)
		return copy(b, in->n - (size_t)(b - in->p), len);
	errno = ENOENT;
	return NULL;
}

#endif
