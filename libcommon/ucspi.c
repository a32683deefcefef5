#include "ucspi.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What no command inherits, whoever set it. */
static const char *const stale[] = {
	"VSAP_AUTH",
	"VSAP_AUTH_FILE",
	"VSAP_PROXY_AUTH",
	"VSAP_BOUND",
	"VSAP_REMOTE",
	"VSAP_GATEWAY",
	"PROTO",
	"TCPLOCALIP",
	"TCPLOCALPORT",
	"TCPLOCALHOST",
	"TCPREMOTEIP",
	"TCPREMOTEPORT",
	"TCPREMOTEHOST",
	"TCPREMOTEINFO",
	"UNIXLOCALPATH",
	"UNIXREMOTEPATH",
	"SSLLOCALIP",
	"SSLLOCALPORT",
	"SSLREMOTEIP",
	"SSLREMOTEPORT",
	NULL,
};

const char *
ucspi_address(const struct addr *a, char *out, size_t outlen)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (a->kind == ADDR_TCP && !a->tls && a->family != AF_UNSPEC &&
	    (len = addr_sockaddr(a, &ss)) > 0)
		return addr_format_sa((const struct sockaddr *)&ss, len, out,
		    outlen);
	return addr_format(a, out, outlen);
}

static bool
is_ip(const struct addr *a)
{
	return a != NULL && a->kind == ADDR_TCP && a->family != AF_UNSPEC;
}

static bool
is_path(const struct addr *a)
{
	return a != NULL && a->kind == ADDR_UNIX;
}

static int
set_ip(const char *ipvar, const char *portvar, const struct addr *a)
{
	char ip[INET6_ADDRSTRLEN], port[8];
	struct sockaddr_storage ss;

	if (addr_sockaddr(a, &ss) == 0)
		return 0;
	addr_host_sa((const struct sockaddr *)&ss, ip, sizeof(ip));
	(void)snprintf(port, sizeof(port), "%u", a->port);
	if (setenv(ipvar, ip, 1) == -1)
		return -1;
	return setenv(portvar, port, 1);
}

static int
set_address(const char *var, const struct addr *a)
{
	char text[ADDR_STRLEN];

	if (a == NULL)
		return 0;
	return setenv(var, ucspi_address(a, text, sizeof(text)), 1);
}

static int
set_tcp(const struct ucspi *u)
{
	if (setenv("PROTO", "TCP", 1) == -1 ||
	    set_ip("TCPLOCALIP", "TCPLOCALPORT", u->local) == -1)
		return -1;
	return set_ip("TCPREMOTEIP", "TCPREMOTEPORT", u->remote);
}

static int
set_unix(const struct ucspi *u)
{
	if (setenv("PROTO", "UNIX", 1) == -1 ||
	    setenv("UNIXLOCALPATH", u->local->text, 1) == -1)
		return -1;
	if (!is_path(u->remote))
		return 0;
	return setenv("UNIXREMOTEPATH", u->remote->text, 1);
}

int
ucspi_setenv(const struct ucspi *u)
{
	int r;

	for (size_t i = 0; stale[i] != NULL; i++)
		if (unsetenv(stale[i]) == -1)
			return -1;
	if (is_ip(u->local) && is_ip(u->remote))
		r = set_tcp(u);
	else if (is_path(u->local))
		r = set_unix(u);
	else
		r = setenv("PROTO", "VSAP", 1);
	if (r == -1 || set_address("VSAP_BOUND", u->bound) == -1 ||
	    set_address("VSAP_REMOTE", u->remote) == -1)
		return -1;
	return set_address("VSAP_GATEWAY", u->gateway);
}
