/*
 * What a gateway sends to a client.  Its addresses go through the address
 * module, as they do in the programs.
 */
#include "vsap_proto.h"

#include <string.h>

#include "addr.h"
#include "fuzz_main.h"

static struct vsap_reply rep, again;

static void
check_fields(void)
{
	struct vsap_fields f;
	struct addr a;
	char err[256];

	if (vsap_reply_fields(&rep, &f) == -1)
		return;
	FUZZ_ASSERT(f.sid >= -1);
	FUZZ_ASSERT(memchr(f.local, '\0', sizeof(f.local)) != NULL);
	FUZZ_ASSERT(memchr(f.remote, '\0', sizeof(f.remote)) != NULL);
	FUZZ_ASSERT(strpbrk(f.local, " \t") == NULL);
	FUZZ_ASSERT(strpbrk(f.remote, " \t") == NULL);
	(void)addr_parse(&a, f.local, ADDR_FOR_BIND, err, sizeof(err));
	(void)addr_parse(&a, f.remote, ADDR_FOR_CONNECT, err, sizeof(err));
}

/* Formatted and parsed again it is the same, but for CRs and the cut. */
static void
check_format(void)
{
	char out[VSAP_LINE_MAX + 3], small[40];
	size_t n;

	n = vsap_reply_format(out, sizeof(out), rep.code, rep.more, rep.text);
	FUZZ_ASSERT(n >= 15 && n <= VSAP_LINE_MAX + 2);
	FUZZ_ASSERT(out[n - 2] == '\r' && out[n - 1] == '\n');
	FUZZ_ASSERT(memchr(out, '\r', n) == out + n - 2);
	FUZZ_ASSERT(vsap_reply_parse(&again, out, n - 2) == 0);
	FUZZ_ASSERT(again.code == rep.code && again.more == rep.more);
	if (strchr(rep.text, '\r') == NULL && strlen(rep.text) < 1000)
		FUZZ_ASSERT(strcmp(again.text, rep.text) == 0);
	n = vsap_reply_format(small, sizeof(small), rep.code, rep.more,
	    rep.text);
	FUZZ_ASSERT(n < sizeof(small) && small[n] == '\0');
}

static void
check_again(void)
{
	unsigned seconds;

	if (vsap_again(&rep, &seconds))
		FUZZ_ASSERT(rep.code >= 400 && seconds <= VSAP_AGAIN_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	char out[64], line[VSAP_LINE_MAX + 1];
	size_t len, used;

	while (vsap_line(p, n, &len, &used) == VSAP_LINE_OK) {
		if (vsap_reply_parse(&rep, p, len) == 0) {
			check_fields();
			check_format();
			check_again();
		}
		memcpy(line, p, len);
		line[len] = '\0';
		vsap_star(line, out, sizeof(out));
		p += used;
		n -= used;
	}
	return 0;
}
