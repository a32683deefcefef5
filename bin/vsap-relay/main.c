/*
 * vsap-relay: the data plane.  A worker (--worker), or a program that
 * relays one pair of endpoints or, with -l, a pair for each connection.
 */
#include <sys/socket.h>
#include <sys/resource.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creds.h"
#include "forward.h"
#include "log.h"
#include "loop.h"
#include "worker.h"

#define EXIT_USAGE 100
#define EXIT_TEMPORARY 111
#define SECONDS_MAX 86400

static const char usage_text[] =
    "usage: vsap-relay [-46hVv] [-l address] [-s server] [-w seconds]\n"
    "                  endpoint [endpoint]\n";

static void __attribute__((__noreturn__, __format__(printf, 1, 2)))
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

/* A listener is no name: but this one means the same everywhere. */
static void
listener(struct endpoint *e, const char *text)
{
	char local[32];

	endpoint(e, text, ADDR_FOR_LISTEN);
	if (e->addr.kind != ADDR_TCP || e->addr.any ||
	    e->addr.family != AF_UNSPEC)
		return;
	if (strcasecmp(e->addr.text, "localhost") != 0)
		usage("%s: a listener takes an address in numbers", text);
	snprintf(local, sizeof(local), "127.0.0.1:%u", e->addr.port);
	endpoint(e, local, ADDR_FOR_LISTEN);
	e->text = text;
}

static int
seconds(const char *text)
{
	const char *bad;
	int n = (int)strtonum(text, 1, SECONDS_MAX, &bad);

	if (bad != NULL)
		usage("-w %s: %s; seconds, 1 to %d", text, bad, SECONDS_MAX);
	return n;
}

static void
options(struct relay *r, int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "46hl:s:Vvw:")) != -1)
		switch (ch) {
		case '4':
			r->family = AF_INET;
			break;
		case '6':
			r->family = AF_INET6;
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
			r->timeout = seconds(optarg);
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

static void
set_up(struct relay *r)
{
	char error[256];

	r->creds = creds_load(error, sizeof(error));
	if (r->gateway && error[0] != '\0')
		errx(EXIT_USAGE, "%s", error);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* commands need no burial */
	if ((r->base = loop_new()) == NULL ||
	    (r->engine = stream_engine_new(r->base)) == NULL)
		err(EXIT_TEMPORARY, "event loop");
	if ((r->resolv = resolv_new(r->base)) == NULL)
		err(EXIT_TEMPORARY, "resolver");
}

static int
worker(int argc, char **argv)
{
	bool verbose = false, use_syslog = false;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (strcmp(argv[i], "--syslog") == 0)
			use_syslog = true;
		else
			usage("--worker: %s: unknown", argv[i]);
	}
	return worker_run(verbose, use_syslog);
}

int
main(int argc, char **argv)
{
	struct relay r = { .family = AF_UNSPEC, .timeout = 30 };
	int status;

	setproctitle_init(argc, argv, environ);
	if (argc > 1 && strcmp(argv[1], "--worker") == 0)
		return worker(argc, argv);
	options(&r, argc, argv);
	endpoints(&r, argc - optind, argv + optind);
	log_init("vsap-relay", false, r.verbose);
	set_up(&r);
	status = r.listen ? forward_run(&r) : pair_run(&r);
	creds_free(r.creds);
	return status;
}
