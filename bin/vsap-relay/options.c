#include "options.h"

#include <sys/socket.h>
#include <err.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"

#define SECONDS_MAX 86400

static const char usage_text[] =
    "usage: vsap-relay [-46hVv] [-l address] [-s server] [-w seconds]\n"
    "                  [--idle=seconds] endpoint [endpoint]\n";

static const struct option long_options[] = {
	{ "idle", required_argument, NULL, 'I' },
	{ NULL, 0, NULL, 0 },
};

void
usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

static void
endpoint(struct endpoint *e, const char *text, unsigned flags)
{
	char error[256];

	e->text = text;
	if (addr_parse(&e->addr, text, flags, error, sizeof(error)) == -1)
		usage("%s", error);
}

static void
listener(struct endpoint *e, const char *text)
{
	char error[256];

	e->text = text;
	if (addr_parse_listen(&e->addr, text, error, sizeof(error)) == -1)
		usage("%s", error);
}

static int
seconds(const char *option, const char *text, int min, int max)
{
	const char *bad;
	int n = (int)strtonum(text, min, max, &bad);

	if (bad != NULL)
		usage("%s%s: %s; seconds, %d to %d", option, text, bad, min,
		    max);
	return n;
}

static void
set_family(struct relay *r, int family)
{
	if (r->family != AF_UNSPEC && r->family != family)
		usage("-4 and -6 exclude each other");
	r->family = family;
}

static void
letters(struct relay *r, int argc, char **argv)
{
	int ch;

	while ((ch = getopt_long(argc, argv, "46hl:s:Vvw:", long_options,
		    NULL)) != -1)
		switch (ch) {
		case '4':
		case '6':
			set_family(r, ch == '4' ? AF_INET : AF_INET6);
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'l':
			r->listen = true;
			listener(&r->at, optarg);
			break;
		case 's':
			r->gateway = true;
			endpoint(&r->server, optarg, ADDR_FOR_SERVER);
			break;
		case 'V':
			puts("vsap-relay " VERSION);
			exit(0);
		case 'v':
			r->verbose = true;
			break;
		case 'w':
			r->timeout = seconds("-w ", optarg, 1, SECONDS_MAX);
			break;
		case 'I':
			r->idle = (uint32_t)seconds("--idle=", optarg, 0,
			    VSAP_RELAY_IDLE_MAX);
			break;
		default:
			fputs(usage_text, stderr);
			exit(EXIT_USAGE);
		}
}

static void
endpoints(struct relay *r, int n, char **text)
{
	unsigned flags = ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_BAREPORT;

	if (n < 1 || n > 2 || (r->listen && n != 1))
		usage(r->listen ? "-l takes exactly one endpoint"
				: "one or two endpoints");
	r->ends = r->listen ? 1 : 2;
	if (n == 1 && !r->listen)
		endpoint(&r->end[0], "-", ADDR_F_LOCAL);
	for (int i = 0; i < n; i++) {
		bool last = i == n - 1;
		int at = r->ends - n + i;

		endpoint(&r->end[at], text[i],
		    last && r->gateway ? ADDR_FOR_CONNECT
				       : flags | ADDR_F_LOCAL);
		if (r->listen && (r->end[at].addr.kind == ADDR_STDIO ||
				     r->end[at].addr.kind == ADDR_FD))
			usage("%s: serves one connection, not with -l",
			    text[i]);
	}
}

void
options_read(struct relay *r, int argc, char **argv)
{
	r->family = AF_UNSPEC;
	r->timeout = 30;
	letters(r, argc, argv);
	endpoints(r, argc - optind, argv + optind);
}
