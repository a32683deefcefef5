/*
 * The environment of a command: what stands in it, and that nothing else
 * gets into it.
 */
#include "ucspi.h"

#include <stdlib.h>

#include "tap.h"

#define FORMS (ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NAME | ADDR_F_ANYHOST)

static struct addr
address(const char *text)
{
	struct addr a;
	char err[256];

	if (addr_parse(&a, text, FORMS, err, sizeof(err)) == -1)
		printf("Bail out! %s\n", err);
	return a;
}

static void
set(const char *local, const char *remote)
{
	struct addr l = address(local), r = address(remote);
	struct addr g = address("gateway.example:8706");
	struct ucspi u = { &l, &r, &l, &g };

	is_int(ucspi_setenv(&u), 0, "%s from %s", local, remote);
}

static void
test_tcp(void)
{
	set("127.0.0.1:8080", "192.0.2.7:1682");
	is_str(getenv("PROTO"), "TCP", "PROTO");
	is_str(getenv("TCPLOCALIP"), "127.0.0.1", "TCPLOCALIP");
	is_str(getenv("TCPLOCALPORT"), "8080", "TCPLOCALPORT");
	is_str(getenv("TCPREMOTEIP"), "192.0.2.7", "TCPREMOTEIP");
	is_str(getenv("TCPREMOTEPORT"), "1682", "TCPREMOTEPORT");
	is_str(getenv("VSAP_BOUND"), "127.0.0.1:8080", "VSAP_BOUND");
	is_str(getenv("VSAP_REMOTE"), "192.0.2.7:1682", "VSAP_REMOTE");
	is_str(getenv("VSAP_GATEWAY"), "gateway.example:8706", "VSAP_GATEWAY");
}

static void
test_ipv6(void)
{
	set("[0:0:0:0:0:0:0:1]:80", "[2001:DB8::0:7]:5");
	is_str(getenv("TCPLOCALIP"), "::1", "IPv6 without brackets");
	is_str(getenv("TCPREMOTEIP"), "2001:db8::7", "in its one spelling");
	is_str(getenv("VSAP_REMOTE"), "[2001:db8::7]:5", "VSAP_REMOTE too");
	set("127.0.0.1:80", "[::ffff:192.0.2.7]:5");
	is_str(getenv("TCPREMOTEIP"), "192.0.2.7", "mapped IPv4 is IPv4");
}

static void
test_tls(void)
{
	char text[ADDR_STRLEN], err[256];
	struct addr a;

	(void)addr_parse(&a, "tls:127.0.0.1:5", ADDR_FOR_SERVER, err,
	    sizeof(err));
	is_str(ucspi_address(&a, text, sizeof(text)), "tls:127.0.0.1:5",
	    "a gateway by TLS is shown as such");
}

static void
test_others(void)
{
	set("/tmp/dgsock1", "/tmp/dgsock1");
	is_str(getenv("PROTO"), "UNIX", "a path is UNIX");
	is_str(getenv("UNIXLOCALPATH"), "/tmp/dgsock1", "UNIXLOCALPATH");
	is_str(getenv("UNIXREMOTEPATH"), "/tmp/dgsock1", "UNIXREMOTEPATH");
	is_str(getenv("TCPREMOTEIP"), NULL, "nothing of TCP is left");
	set("name:foo", "127.0.0.1:5");
	is_str(getenv("PROTO"), "VSAP", "a name is VSAP");
	is_str(getenv("VSAP_BOUND"), "name:foo", "VSAP_BOUND");
	is_str(getenv("UNIXLOCALPATH"), NULL, "nothing of UNIX is left");
}

static void
test_unknown(void)
{
	struct addr l = address("127.0.0.1:80");
	struct ucspi u = { &l, NULL, NULL, NULL };

	is_int(ucspi_setenv(&u), 0, "a visitor whose address is not known");
	is_str(getenv("PROTO"), "VSAP", "is no TCP one");
	is_str(getenv("TCPLOCALIP"), NULL, "without TCP variables");
	is_str(getenv("VSAP_REMOTE"), NULL, "and no VSAP_REMOTE");
	is_str(getenv("VSAP_BOUND"), NULL, "nor VSAP_BOUND");
}

static void
test_stale(void)
{
	setenv("TCPREMOTEHOST", "evil.example", 1);
	setenv("TCPREMOTEINFO", "x", 1);
	setenv("VSAP_AUTH", "me:secret", 1);
	setenv("VSAP_AUTH_FILE", "/secret", 1);
	setenv("VSAP_SERVER", "gateway:1", 1);
	set("127.0.0.1:8080", "192.0.2.7:1682");
	is_str(getenv("TCPREMOTEHOST"), NULL, "of the server around: gone");
	is_str(getenv("TCPREMOTEINFO"), NULL, "the same");
	is_str(getenv("VSAP_AUTH"), NULL, "no credentials");
	is_str(getenv("VSAP_AUTH_FILE"), NULL, "nor their file");
	is_str(getenv("VSAP_SERVER"), "gateway:1", "the server stays");
}

int
main(void)
{
	test_tcp();
	test_ipv6();
	test_tls();
	test_others();
	test_unknown();
	test_stale();
	return done_testing();
}
