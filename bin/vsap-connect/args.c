#include "args.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runpath.h"

#define WAIT_MAX 86400

static const char usage_text[] =
    "usage: vsap-connect [-46FhVv] [-s server] [-w seconds] [-x proxy]\n"
    "                    [--ca=file] [--cert=file] [--key=file] "
    "[--no-verify]\n"
    "                    [--pin=fingerprint]... [--tls-name=name]\n"
    "                    host port | address\n";

static const struct option long_options[] = {
	GWOPTS_LONG,
};

static void __attribute__((__noreturn__)) usage(void)
{
	fputs(usage_text, stderr);
	exit(CONNECT_PERMANENT);
}

static void __attribute__((__noreturn__)) print(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		err(CONNECT_PERMANENT, "standard output");
	exit(0);
}

static int
seconds(const char *text)
{
	const char *error;
	int n = (int)strtonum(text, 1, WAIT_MAX, &error);

	if (error == NULL)
		return n;
	warnx("-w %s: %s (seconds, 1 to %d)", text, error, WAIT_MAX);
	usage();
}

static void
set_family(struct args *a, int family)
{
	if (a->o.family != AF_UNSPEC && a->o.family != family) {
		warnx("-4 and -6 exclude each other");
		usage();
	}
	a->o.family = family;
}

/* What all clients know of gateways. */
static void
gateway_option(struct args *a, int c)
{
	char error[512];

	switch (gwopts_take(&a->gw, c, optarg, error, sizeof(error))) {
	case 0:
		usage();
	case -1:
		warnx("%s", error);
		usage();
	}
}

/* Returns what -s gave, or NULL. */
static const char *
options(struct args *a, int argc, char **argv)
{
	const char *server = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "46FhVvs:w:x:", long_options,
		    NULL)) != -1)
		switch (c) {
		case '4':
		case '6':
			set_family(a, c == '4' ? AF_INET : AF_INET6);
			break;
		case 'F':
			a->o.pass = true;
			break;
		case 'h':
			print(usage_text);
		case 'V':
			print("vsap-connect " VERSION "\n");
		case 'v':
			a->o.verbose = true;
			break;
		case 's':
			server = optarg;
			break;
		case 'w':
			a->o.wait = seconds(optarg);
			break;
		default:
			gateway_option(a, c);
		}
	return server;
}

/* "host port", where host may be an IPv6 address as it is, or one address. */
static void
target(struct args *a, int argc, char **argv)
{
	char text[ADDR_STRLEN], error[512];
	int n;

	if (argc < 1 || argc > 2) {
		warnx(argc < 1 ? "no address given" : "too many arguments");
		usage();
	}
	if (argc == 1)
		n = snprintf(text, sizeof(text), "%s", argv[0]);
	else if (strchr(argv[0], ':') != NULL && argv[0][0] != '[')
		n = snprintf(text, sizeof(text), "[%s]:%s", argv[0], argv[1]);
	else
		n = snprintf(text, sizeof(text), "%s:%s", argv[0], argv[1]);
	if (n < 0 || (size_t)n >= sizeof(text))
		errx(CONNECT_PERMANENT, "%.40s...: address too long", argv[0]);
	if (addr_parse(&a->o.target, text, ADDR_FOR_CONNECT, error,
		sizeof(error)) == -1)
		errx(CONNECT_PERMANENT, "%s", error);
}

static void
gateway(struct args *a, const char *server)
{
	char error[512];

	runpath_server(server, a->server, sizeof(a->server));
	a->o.server = a->server;
	if (addr_parse(&a->o.gateway, a->server, ADDR_FOR_SERVER, error,
		sizeof(error)) == -1)
		errx(CONNECT_PERMANENT, "gateway %s", error);
	if (gwopts_finish(&a->gw, a->o.gateway.tls,
		a->o.gateway.kind == ADDR_TCP, error, sizeof(error)) == -1)
		errx(CONNECT_PERMANENT, "%s", error);
	a->o.gw = &a->gw;
	if (gwopts_warning(&a->gw) != NULL)
		warnx("%s", gwopts_warning(&a->gw));
}

void
args_parse(struct args *a, int argc, char **argv)
{
	const char *server;

	memset(a, 0, sizeof(*a));
	gwopts_init(&a->gw);
	a->o.family = AF_UNSPEC;
	server = options(a, argc, argv);
	target(a, argc - optind, argv + optind);
	gateway(a, server);
	if (a->o.pass && !connect_may_pass())
		errx(CONNECT_PERMANENT,
		    "standard output: not a UNIX-domain socket (-F is for "
		    "ssh -o ProxyUseFdpass=yes)");
}
