/*
 * vsapd.conf(5).  The files of fuzz_files.h; what stands behind the first line
 * "#q" is a query of -T.
 */
#include "vsapd/conf_impl.h"

#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_files.h"

/* In place of the real one, which asks the network. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)res;
	return EAI_NONAME;
}

static char *
open_input(void *arg, const char *path, size_t *len)
{
	if (path[0] == '?')
		return copy("33", 2, len);
	return open_file_of(arg, path, len);
}

static void
check_err(const char *err, bool failed)
{
	FUZZ_ASSERT(failed == (err[0] != '\0'));
	for (const char *p = err; *p != '\0'; p++)
		FUZZ_ASSERT(((unsigned char)*p >= ' ' && *p != 0x7f) ||
			    (*p == '\n' && p[1] != '\0' && p[1] != '\n'));
}

static void
check_listen(const struct conf *c)
{
	const struct conf_listen *l;
	unsigned n = 0;

	STAILQ_FOREACH(l, &c->listen, entry) {
		FUZZ_ASSERT(l->plain || (l->tls && c->has_tls));
		FUZZ_ASSERT(l->protos != 0 && l->mode <= 0777);
		FUZZ_ASSERT(l->nfrom == 0 || l->proxy);
		FUZZ_ASSERT(l->addr.kind == ADDR_UNIX ||
			    (!l->has_mode && !l->has_group));
		n++;
	}
	FUZZ_ASSERT(n == c->nlisten && n <= CONF_LISTEN_MAX);
}

/* What is printed is read again as the same, and has no secret. */
static void
check_print(const struct conf *c)
{
	char err[200], *one, *two;
	struct conf *again;
	size_t n;
	int fd;

	one = conf_print_text(c, false, &n);
	FUZZ_ASSERT(one != NULL && strstr(one, "password \"") == NULL);
	if (n <= LEX_FILE_MAX) {
		fd = conf_print(c);
		again = conf_read_printed(fd, err, sizeof(err));
		close(fd);
		FUZZ_ASSERT(again != NULL);
		two = conf_print_text(again, false, &n);
		FUZZ_ASSERT(strcmp(one, two) == 0);
		free(two);
		conf_free(again);
	}
	free(one);
}

static void
check_query(const struct conf *c, const char *p, size_t n)
{
	char err[200] = "", *query = strndup(p, n), *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	int r;

	FUZZ_ASSERT(query != NULL && f != NULL);
	r = conf_explain(c, query, f, err, sizeof(err));
	FUZZ_ASSERT(fclose(f) == 0);
	FUZZ_ASSERT(r >= -1 && r <= 1 && (r == -1) == (len == 0));
	if (r == -1)
		check_err(err, true);
	free(query);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data, n };
	const char *q = memmem(in.p, n, "#q\n", 3);
	char err[200];
	struct conf *c = conf_read("a", open_input, &in, err, sizeof(err));

	check_err(err, c == NULL);
	if (c != NULL) {
		check_listen(c);
		check_print(c);
		(void)conf_finish(c, err, sizeof(err));
		if (q != NULL)
			check_query(c, q + 3, n - (size_t)(q + 3 - in.p));
	}
	conf_free(c);
	return 0;
}
