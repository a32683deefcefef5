/*
 * Heads of HTTP/1.x.  The first byte says which; what shows early shows in
 * every longer beginning too.
 */
#include "http_head.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz_main.h"

static void
check_text(const char *s, char least)
{
	for (; *s != '\0'; s++)
		FUZZ_ASSERT(
		    (unsigned char)*s >= (unsigned char)least && (*s != 0x7f));
}

static int
request(const uint8_t *p, size_t n, enum http_fault *fault)
{
	struct http_request r;
	int got = http_request_parse(&r, p, n, fault);

	FUZZ_ASSERT((got == -1) == (*fault != HTTP_FINE));
	if (got <= 0)
		return got;
	check_text(r.method, '!');
	check_text(r.target, '!');
	check_text(r.authorization, '\t');
	FUZZ_ASSERT(r.method[0] != '\0' && r.target[0] != '\0');
	FUZZ_ASSERT(r.minor >= 0 && r.minor <= 9);
	FUZZ_ASSERT(p[got - 1] == '\n');
	/* A line that is taken here is not taken for one of VSAP. */
	FUZZ_ASSERT(http_is_request(p, n) == 1);
	return got;
}

static int
answer(const uint8_t *p, size_t n, enum http_fault *fault)
{
	char reason[80];
	int status, got;

	*fault = HTTP_FINE;
	got = http_status_parse(&status, reason, sizeof(reason), p, n);
	check_text(reason, '\t');
	if (got > 0)
		FUZZ_ASSERT(status >= 100 && status <= 999);
	return got;
}

static void
authorization(const char *text)
{
	char user[65], password[513], both[600], again[900];

	if (!http_basic(text, user, sizeof(user), password, sizeof(password)))
		return;
	check_text(user, ' ');
	check_text(password, ' ');
	FUZZ_ASSERT(strchr(user, ':') == NULL);
	strlcpy(both, user, sizeof(both));
	strlcat(both, ":", sizeof(both));
	strlcat(both, password, sizeof(both));
	FUZZ_ASSERT(http_basic_format(both, again, sizeof(again)) == 0);
	FUZZ_ASSERT(strlen(again) <= strlen(text));
	FUZZ_ASSERT(
	    strcmp(again + 6, text + strlen(text) - strlen(again + 6)) == 0);
}

static void
every_beginning(const uint8_t *p, size_t n,
    int (*parse)(const uint8_t *, size_t, enum http_fault *))
{
	enum http_fault fault = HTTP_FINE, fault_was;
	size_t step = n < 600 ? 1 : 37;
	int r = 0, was;

	for (size_t i = 0; i <= n; i += i + step > n && i < n ? n - i : step) {
		was = r;
		fault_was = fault;
		r = parse(p, i, &fault);
		FUZZ_ASSERT(was == 0 || (r == was && fault == fault_was));
		FUZZ_ASSERT(r <= (int)i && r <= HTTP_HEAD_MAX);
		FUZZ_ASSERT(r != 0 || i < HTTP_HEAD_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	if (n == 0)
		return 0;
	if (data[0] % 3 == 0) {
		every_beginning(data + 1, n - 1, request);
	} else if (data[0] % 3 == 1) {
		every_beginning(data + 1, n - 1, answer);
	} else if ((text = malloc(n)) != NULL) {
		memcpy(text, data + 1, n - 1);
		text[n - 1] = '\0';
		authorization(text);
		free(text);
	}
	return 0;
}
