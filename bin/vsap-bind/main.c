/*
 * vsap-bind: publish a service at a VSAP gateway.  This file reads the
 * options; bind.h tells the parts.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "command.h"
#include "limits.h"
#include "limits_vsap.h"
#include "log.h"

#define TARGET_FORMS                                                           \
	(ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_FDPASS | ADDR_F_BAREPORT)
#define WAIT_MAX 31536000

static const char usage_text[] =
    "usage: vsap-bind [-46hkVv] [-a CIDR]... [-s server]... [-N pool] "
    "[-p prio]\n"
    "                 [-m max] [-w seconds] [-t target] [-P v1|v2] "
    "[-x proxy]\n"
    "                 [--rate=n] [--ca=file] [--cert=file] [--key=file]\n"
    "                 [--no-verify] [--pin=fingerprint]... "
    "[--tls-name=name]\n"
    "                 address [command [arg ...]]\n";

#define RATE GWOPTS_END

static const struct option longs[] = {
	{ "rate", required_argument, NULL, RATE },
	GWOPTS_LONG,
};

static void __attribute__((__noreturn__, __format__(printf, 1, 2)))
usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "vsap-bind: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n%s", usage_text);
	exit(EXIT_PERMANENT);
}

static int
number(int option, const char *s, int min, int max)
{
	const char *error;
	long long n = strtonum(s, min, max, &error);

	if (error != NULL)
		usage("-%c %s: %s (%d to %d)", option, s, error, min, max);
	return (int)n;
}

static void
set_family(struct bind_conf *c, int family)
{
	if (c->family != AF_UNSPEC && c->family != family)
		usage("-4 and -6 exclude each other");
	c->family = family;
}

static void
add_server(struct bind_conf *c, const char *server)
{
	if (c->nservers == BIND_GATES_MAX)
		usage("-s %s: more than %d servers", server, BIND_GATES_MAX);
	c->servers[c->nservers++] = server;
}

static void
set_target(struct bind_conf *c, const char *target)
{
	char error[256];

	if (addr_parse(&c->target, target, TARGET_FORMS, error,
		sizeof(error)) == -1)
		usage("-t %s", error);
	c->mode = c->target.kind == ADDR_FDPASS ? BIND_HANDOVER : BIND_TARGET;
}

static void
set_proxy(struct bind_conf *c, const char *version)
{
	if (strcmp(version, "v1") == 0)
		c->proxy = 1;
	else if (strcmp(version, "v2") == 0)
		c->proxy = 2;
	else
		usage("-P %s: it is v1 or v2", version);
}

static void
add_from(struct bind_conf *c, const char *cidr)
{
	char error[256];

	if (c->nfrom == BIND_FROM_MAX)
		usage("-a %s: more than %d networks", cidr, BIND_FROM_MAX);
	if (cidr_parse(&c->from[c->nfrom], cidr, error, sizeof(error)) == -1)
		usage("-a %s", error);
	if (strlen(cidr) > INET6_ADDRSTRLEN + 4)
		usage("-a %s: no network is so long", cidr);
	c->from_text[c->nfrom++] = cidr;
}

static void
set_rate(struct bind_conf *c, const char *s)
{
	const char *error;

	c->rate = (unsigned)strtonum(s, 1, BIND_RATE_MAX, &error);
	if (error != NULL)
		usage("--rate=%s: %s (1 to %d connections a minute)", s, error,
		    BIND_RATE_MAX);
}

/* What is asked of the command line by no letter of ours. */
static void
other_option(struct bind_conf *c, int ch, const char *word)
{
	char error[512];

	switch (gwopts_take(&c->gw, ch, optarg, error, sizeof(error))) {
	case 1:
		return;
	case -1:
		usage("%s", error);
	}
	if (ch == ':' && optopt > 0xff)
		usage("%s needs an argument", word);
	else if (ch == ':')
		usage("-%c needs an argument", optopt);
	else if (optopt == 0 || optopt > 0xff)
		usage("%s is no option", word);
	usage("-%c is no option", optopt);
}

static void
option(struct bind_conf *c, int ch, const char *word)
{
	switch (ch) {
	case '4':
		set_family(c, AF_INET);
		break;
	case '6':
		set_family(c, AF_INET6);
		break;
	case 'a':
		add_from(c, optarg);
		break;
	case 'h':
		printf("%s", usage_text);
		exit(0);
	case 'k':
		c->keep = true;
		break;
	case 'm':
		c->max = (unsigned)number(ch, optarg, 1, BIND_MAX_LIMIT);
		break;
	case 'N':
		c->pool = (unsigned)number(ch, optarg, 1, BIND_MAX_LIMIT);
		break;
	case 'P':
		set_proxy(c, optarg);
		break;
	case 'p':
		c->priority =
		    number(ch, optarg, -VSAP_PRIORITY_MAX, VSAP_PRIORITY_MAX);
		break;
	case 's':
		add_server(c, optarg);
		break;
	case 't':
		set_target(c, optarg);
		break;
	case 'V':
		printf("vsap-bind %s\n", VERSION);
		exit(0);
	case 'v':
		c->verbose = true;
		break;
	case 'w':
		c->wait = (unsigned)number(ch, optarg, 1, WAIT_MAX);
		break;
	case RATE:
		set_rate(c, optarg);
		break;
	default:
		other_option(c, ch, word);
	}
}

static int
next_option(int argc, char **argv)
{
	return getopt_long(argc, argv, "+:46a:hkm:N:P:p:s:t:Vvw:x:", longs,
	    NULL);
}

static void
set_address(struct bind_conf *c, const char *address)
{
	char error[256];

	if (address == NULL)
		usage("no address to publish");
	if (addr_parse(&c->address, address, ADDR_FOR_BIND, error,
		sizeof(error)) == -1)
		errx(EXIT_PERMANENT, "%s", error);
	if (strpbrk(address, " \t") != NULL)
		errx(EXIT_PERMANENT, "%s: an address has no blanks; rename it",
		    address);
}

static void
set_command(struct bind_conf *c, char **argv)
{
	if (argv[0] == NULL)
		return;
	if (c->mode != BIND_STDIO)
		usage("%s: a command and -t exclude each other", argv[0]);
	if (command_find(argv[0]) == -1)
		err(EXIT_PERMANENT, "%s", argv[0]);
	c->mode = BIND_COMMAND;
	c->argv = argv;
}

int
main(int argc, char *argv[])
{
	struct bind_conf c = {
		.mode = BIND_STDIO,
		.family = AF_UNSPEC,
	};
	char error[256];
	int ch;

	setprogname("vsap-bind");
	opterr = 0;
	gwopts_init(&c.gw);
	while ((ch = next_option(argc, argv)) != -1)
		option(&c, ch, argv[optind - 1]);
	set_address(&c, argv[optind]);
	set_command(&c, argv + optind + 1);
	if (c.proxy != 0 && c.mode != BIND_TARGET)
		usage("-P goes with -t host:port or -t /path");
	if (c.nservers == 0)
		add_server(&c, NULL);
	if (c.mode == BIND_STDIO)
		c.pool = c.max = 1;
	if (limits_set(&c, error, sizeof(error)) == -1)
		errx(EXIT_PERMANENT, "%s", error);
	if (c.pool > c.max)
		usage("-N %u is more than -m %u", c.pool, c.max);
	if (c.pool == 0)
		c.pool = c.max < BIND_POOL ? c.max : BIND_POOL;
	log_init("vsap-bind", false, c.verbose);
	return bind_main(&c);
}
