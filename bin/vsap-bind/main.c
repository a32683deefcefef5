/*
 * vsap-bind: publish a service at a VSAP gateway.  This file reads the
 * options; bind.h tells the parts.
 */
#include <err.h>
#include <errno.h>
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
    "usage: vsap-bind [-46hkVv] [-s server]... [-N pool] [-p prio] [-m max]\n"
    "                 [-w seconds] [-t target] [-P v1|v2] address\n"
    "                 [command [arg ...]]\n";

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
option(struct bind_conf *c, int ch)
{
	switch (ch) {
	case '4':
		set_family(c, AF_INET);
		break;
	case '6':
		set_family(c, AF_INET6);
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
	case ':':
		usage("-%c needs an argument", optopt);
	default:
		usage("-%c is no option", optopt);
	}
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
	while ((ch = getopt(argc, argv, "+:46hkm:N:P:p:s:t:Vvw:")) != -1)
		option(&c, ch);
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
