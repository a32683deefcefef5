#ifndef GWOPTS_H
#define GWOPTS_H

/*
 * What the clients' command lines say of the way to a gateway: TLS
 * (--ca, --cert, --key, --pin, --tls-name, --no-verify) and an HTTP proxy
 * (-x), with $VSAP_CA, $VSAP_PROXY and $VSAP_PROXY_AUTH.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "proxydial.h"
#include "tlsconf.h"

/* What getopt_long(3) returns for the long ones. */
enum {
	GWOPTS_CA = 0x1000,
	GWOPTS_CERT,
	GWOPTS_KEY,
	GWOPTS_PIN,
	GWOPTS_NAME,
	GWOPTS_NO_VERIFY,
	GWOPTS_END,
};

/* Their rows, which end a program's table for it. */
/* clang-format off */
#define GWOPTS_LONG \
	{ "ca", required_argument, NULL, GWOPTS_CA }, \
	{ "cert", required_argument, NULL, GWOPTS_CERT }, \
	{ "key", required_argument, NULL, GWOPTS_KEY }, \
	{ "no-verify", no_argument, NULL, GWOPTS_NO_VERIFY }, \
	{ "pin", required_argument, NULL, GWOPTS_PIN }, \
	{ "tls-name", required_argument, NULL, GWOPTS_NAME }, \
	{ NULL, 0, NULL, 0 }
/* clang-format on */

struct gwopts {
	const char *ca, *cert, *key; /* files, or NULL */
	const char *name;	     /* to look for, NULL: the host's */
	char pins[TLS_TEXT_MAX];     /* "SHA256:hex ..." */
	bool no_verify;
	bool has_proxy;	 /* there is one */
	bool said_proxy; /* ... by -x */
	struct proxy proxy;
};

void gwopts_init(struct gwopts *);
void gwopts_free(struct gwopts *); /* wipes the proxy's password */

/*
 * Take an option ('x' or GWOPTS_*).  Strings stay the caller's; a password
 * in the argument of -x is overwritten there, so that ps(1) does not show it.
 * 1; 0: not one of these; -1 with a message in err.
 */
int gwopts_take(struct gwopts *, int ch, char *arg, char *err, size_t errlen);

/*
 * After the last option: the environment, and what contradicts.  tls: some
 * gateway or endpoint is reached by TLS; tcp: some gateway by TCP.  Takes
 * passwords out of the environment.  0, or -1 with a message.
 */
int
gwopts_finish(struct gwopts *, bool tls, bool tcp, char *err, size_t errlen);

/* A text to be said at each start, or NULL. */
const char *gwopts_warning(const struct gwopts *);

/* The proxy to give to vsapc_new(), or NULL. */
const struct proxy *gwopts_proxy(const struct gwopts *);

/* Load the files, or the system's CAs, into a client's configuration, which
 * is initialised here.  0, or -1 with a message, and nothing is open. */
int gwopts_tlsconf(const struct gwopts *, struct tlsconf *, char *err,
    size_t errlen);

/* "http://[user:password@]host:port".  0, or -1 with a message. */
int
gwopts_proxy_parse(struct proxy *, const char *url, char *err, size_t errlen);

#endif
