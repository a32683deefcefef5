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
#define TLS_PREFIX "tls:"

static const char usage_text[] =
    "usage: vsap-relay [-46hVv] [-l address] [-s server] [-w seconds] "
    "[-x proxy]\n"
    "                  [--ca=file] [--cert=file] [--client-ca=file] "
    "[--idle=seconds]\n"
    "                  [--key=file] [--no-verify] [--pin=fingerprint]...\n"
    "                  [--tls-name=name] endpoint [endpoint]\n"
    "       vsap-relay [-D address] [--allow-others] [options]\n";

enum {
	ALLOW_OTHERS = 0x100,
	CLIENT_CA,
	IDLE,
};

static const struct option long_options[] = {
	{ "allow-others", no_argument, NULL, ALLOW_OTHERS },
	{ "client-ca", required_argument, NULL, CLIENT_CA },
	{ "idle", required_argument, NULL, IDLE },
	GWOPTS_LONG,
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

/* -l or -D, once. */
static void
listener(struct relay *r, const char *text, bool proxy)
{
	bool tls = strncmp(text, TLS_PREFIX, strlen(TLS_PREFIX)) == 0;
	const char *bare = tls ? text + strlen(TLS_PREFIX) : text;
	char error[256], local[32];

	if (r->listen)
		usage("one -l or one -D");
	r->listen = true;
	r->proxy = proxy;
	r->at.text = text;
	/* A proxy serves this host unless it is told otherwise. */
	if (proxy && strspn(bare, "0123456789") == strlen(bare)) {
		snprintf(local, sizeof(local), "127.0.0.1:%.16s", bare);
		bare = local;
	}
	if (addr_parse_listen(&r->at.addr, bare, error, sizeof(error)) == -1)
		usage("%s", error);
	if (tls && r->at.addr.kind != ADDR_TCP)
		usage("%s: TLS is for TCP; write tls:host:port", text);
	r->at.addr.tls = tls;
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

/* What all clients know of gateways. */
static void
gateway_option(struct relay *r, int ch)
{
	char error[512];

	switch (gwopts_take(&r->tls, ch, optarg, error, sizeof(error))) {
	case 0:
		fputs(usage_text, stderr);
		exit(EXIT_USAGE);
	case -1:
		usage("%s", error);
	}
}

static void
letters(struct relay *r, int argc, char **argv)
{
	int ch;

	while ((ch = getopt_long(argc, argv, "46D:hl:s:Vvw:x:", long_options,
		    NULL)) != -1)
		switch (ch) {
		case '4':
		case '6':
			set_family(r, ch == '4' ? AF_INET : AF_INET6);
			break;
		case 'D':
			listener(r, optarg, true);
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'l':
			listener(r, optarg, false);
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
		case ALLOW_OTHERS:
			r->others = true;
			break;
		case CLIENT_CA:
			r->cas = optarg;
			break;
		case IDLE:
			r->idle = (uint32_t)seconds("--idle=", optarg, 0,
			    VSAP_RELAY_IDLE_MAX);
			break;
		default:
			gateway_option(r, ch);
		}
}

static void
endpoints(struct relay *r, int n, char **text)
{
	unsigned flags = ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_BAREPORT |
			 ADDR_F_TLS | ADDR_F_LOCAL;

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
		    last && r->gateway ? ADDR_FOR_CONNECT | ADDR_F_TLS : flags);
		r->tls_client |= r->end[at].addr.tls;
		if (r->listen && (r->end[at].addr.kind == ADDR_STDIO ||
				     r->end[at].addr.kind == ADDR_FD))
			usage("%s: serves one connection, not with -l",
			    text[i]);
	}
}

/* An open proxy is nothing that one gets by a slip. */
static void
check_proxy(const struct relay *r)
{
	const struct addr *at = &r->at.addr;

	if (at->kind == ADDR_UNIX || r->others ||
	    (!at->any && addr_ip_loopback(&at->ip)))
		return;
	usage("-D %s: everybody who reaches it could use it; with "
	      "--allow-others it is served",
	    r->at.text);
}

/* A TLS listener has the certificate and key; who is a client, too, shows
 * none then. */
static void
tls_listener(struct relay *r)
{
	if (!r->at.addr.tls) {
		if (r->cas != NULL)
			usage("--client-ca is for -l tls:address");
		return;
	}
	r->cert = r->tls.cert;
	r->key = r->tls.key;
	r->tls.cert = r->tls.key = NULL;
	if (r->cert == NULL || r->key == NULL)
		usage("%s: --cert and --key say what it shows to visitors",
		    r->at.text);
}

static void
tls_client(struct relay *r)
{
	bool both = r->gateway && r->server.addr.tls && r->tls_client;
	char error[512];

	r->tls_client |= r->gateway && r->server.addr.tls;
	if (r->tls.said_proxy && !r->gateway)
		usage("-x is for the way to a gateway (-s)");
	/* Two servers with one name or fingerprint are none. */
	if (both && (r->tls.name != NULL || r->tls.pins[0] != '\0'))
		usage("the gateway and the endpoint are both TLS: --tls-name "
		      "and --pin cannot be meant for both");
	if (gwopts_finish(&r->tls, r->tls_client,
		r->gateway && r->server.addr.kind == ADDR_TCP, error,
		sizeof(error)) == -1)
		usage("%s", error);
	if (gwopts_warning(&r->tls) != NULL)
		warnx("%s", gwopts_warning(&r->tls));
}

void
options_read(struct relay *r, int argc, char **argv)
{
	r->family = AF_UNSPEC;
	r->timeout = 30;
	gwopts_init(&r->tls);
	letters(r, argc, argv);
	if (r->others && !r->proxy)
		usage("--allow-others is for -D");
	if (!r->proxy)
		endpoints(r, argc - optind, argv + optind);
	else if (optind < argc)
		usage("-D takes no endpoint: the visitors say where to");
	else
		check_proxy(r);
	tls_listener(r);
	tls_client(r);
}
