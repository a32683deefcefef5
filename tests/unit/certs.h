#ifndef CERTS_H
#define CERTS_H

/*
 * Certificates for tests, made by openssl(1) in a folder of their own that
 * goes with the program: two CAs, and what they signed.
 *
 *	ca.pem, other-ca.pem		CAs that know nothing of each other
 *	server.pem, server.key		localhost, by ca
 *	second.pem, second.key		second.example, by ca
 *	expired.pem, expired.key	localhost, by ca, long ago
 *	client.pem, client.key		alice, by ca
 *	stranger.pem, stranger.key	mallory, by other-ca
 *	trick.pem, trick.key		no common name, by ca, an organisation
 *					"x/CN=alice"
 *	twins.pem, twins.key		alice and bob, by ca
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char certs_dir[] = "/tmp/vsap-certs.XXXXXX";
static pid_t certs_owner;

static inline const char *
cert_path(const char *name)
{
	static char path[4][256];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", certs_dir, name);
	return path[n];
}

static inline void
certs_run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line),
	    "cd %s && (%s) >log 2>&1 || { cat log; "
	    "exit 1; }",
	    certs_dir, command);
	if (system(line) != 0)
		errx(1, "openssl: %s", command);
}

static inline void
certs_remove(void)
{
	char line[256];

	snprintf(line, sizeof(line), "rm -rf %s", certs_dir);
	if (getpid() == certs_owner && system(line) != 0)
		warnx("%s: not removed", certs_dir);
}

static inline void
certs_ca(const char *name)
{
	char line[512];

	snprintf(line, sizeof(line),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout %s.key -out %s.pem -days 2 -subj /CN=%s",
	    name, name, name);
	certs_run(line);
}

/* names: "DNS:..." or "". */
static inline void
certs_signed(const char *name, const char *subject, const char *names,
    const char *ca, const char *dates)
{
	char line[1024];

	snprintf(line, sizeof(line),
	    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	    "-keyout %s.key -out %s.csr -subj '%s' && "
	    "echo '%s%s' >%s.ext && "
	    "touch index.txt && openssl x509 -req -in %s.csr -CA %s.pem "
	    "-CAkey %s.key -CAcreateserial -out %s.pem %s -extfile %s.ext",
	    name, name, subject, names[0] != '\0' ? "subjectAltName=" : "",
	    names, name, name, ca, ca, name, dates, name);
	certs_run(line);
}

/* One of long ago takes openssl ca(1), with its files. */
static inline void
certs_expired(void)
{
	certs_run(
	    "touch index.txt && echo 01 >serial && "
	    "printf '[ca]\\ndefault_ca=d\\n[d]\\ndir=.\\n"
	    "database=index.txt\\nserial=serial\\nnew_certs_dir=.\\n"
	    "default_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' "
	    ">ca.conf && echo subjectAltName=DNS:localhost >e.ext && "
	    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout expired.key -out expired.csr "
	    "-subj /CN=localhost && openssl ca -batch -config ca.conf "
	    "-cert ca.pem -keyfile ca.key -in expired.csr "
	    "-out expired.pem -startdate 20200101000000Z "
	    "-enddate 20200102000000Z -extfile e.ext -notext");
}

/* False where there is no openssl(1). */
static inline bool
certs_make(void)
{
	if (system("command -v openssl >/dev/null 2>&1") != 0)
		return false;
	if (mkdtemp(certs_dir) == NULL)
		err(1, "mkdtemp");
	certs_owner = getpid();
	atexit(certs_remove);
	certs_ca("ca");
	certs_ca("other-ca");
	certs_signed("server", "/CN=localhost", "DNS:localhost", "ca",
	    "-days 2");
	certs_signed("second", "/CN=second.example", "DNS:second.example", "ca",
	    "-days 2");
	certs_signed("client", "/CN=alice", "", "ca", "-days 2");
	certs_signed("stranger", "/CN=mallory", "", "other-ca", "-days 2");
	certs_signed("trick", "/O=x\\/CN=alice", "", "ca", "-days 2");
	certs_signed("twins", "/CN=alice/CN=bob", "", "ca", "-days 2");
	certs_expired();
	return true;
}

#endif
