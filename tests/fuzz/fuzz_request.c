/*
 * What a client sends: lines one after the other, as a session takes them.
 */
#include "vsap_proto.h"

#include <string.h>

#include "fuzz_main.h"

static struct vsap_request req;

static int
within(const char *p, const char *area)
{
	return p >= area && p <= area + VSAP_LINE_MAX &&
	       p + strlen(p) <= area + VSAP_LINE_MAX;
}

static void
check_star(void)
{
	char out[VSAP_LINE_MAX + 8];

	vsap_star(req.line, out, sizeof(out));
	if (strcmp(req.verb, "AUTH") != 0 ||
	    req.rest[strspn(req.rest, " \t\r")] == '\0')
		return;
	FUZZ_ASSERT(strlen(out) >= 8);
	FUZZ_ASSERT(strcmp(out + strlen(out) - 8, "AUTH ***") == 0 ||
		    strcmp(out + strlen(out) - 4, " ***") == 0);
}

static void
check_request(const char *line, size_t len)
{
	int r = vsap_request_parse(&req, line, len);

	FUZZ_ASSERT(len <= VSAP_LINE_MAX);
	(void)vsap_is_http(line, len);
	FUZZ_ASSERT(within(req.verb, req.words));
	FUZZ_ASSERT(within(req.rest, req.line));
	FUZZ_ASSERT(req.argc >= 0 && req.argc <= VSAP_ARGS_MAX);
	FUZZ_ASSERT(r == 0 || req.argc == VSAP_ARGS_MAX);
	FUZZ_ASSERT(strlen(req.line) == len);
	FUZZ_ASSERT(strpbrk(req.verb, " \tabcdefghijklmnopqrstuvwxyz") == NULL);
	for (int i = 0; i < req.argc; i++) {
		FUZZ_ASSERT(within(req.argv[i], req.words));
		FUZZ_ASSERT(req.argv[i][0] != '\0');
		FUZZ_ASSERT(strpbrk(req.argv[i], " \t") == NULL);
	}
	for (int c = 0; c < 128; c++)
		(void)vsap_option(&req, (char)c);
	check_star();
}

/* What shows early shows in every longer beginning too. */
static void
check_growing(const char *p, size_t n)
{
	enum vsap_line_result r = VSAP_LINE_MORE, was;
	size_t len, used, wanted = n < 1100 ? n : 1100;

	for (size_t i = 0; i <= wanted; i++) {
		was = r;
		r = vsap_line(p, i, &len, &used);
		FUZZ_ASSERT(was == VSAP_LINE_MORE || r == was);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	size_t len, used;

	check_growing(p, n);
	while (vsap_line(p, n, &len, &used) == VSAP_LINE_OK) {
		FUZZ_ASSERT(len < used && used <= n);
		check_request(p, len);
		p += used;
		n -= used;
	}
	return 0;
}
