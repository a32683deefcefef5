#include "gwopts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "http://"

void
gwopts_init(struct gwopts *o)
{
	memset(o, 0, sizeof(*o));
}

static void
free_secret(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
gwopts_free(struct gwopts *o)
{
	free_secret(o->proxy.creds);
	o->proxy.creds = NULL;
}

/* ---- the proxy ---------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n bytes with %XX in them; NULL: malformed, or no memory. */
static char *
unescape(const char *s, size_t n)
{
	char *out = malloc(n + 1), *p = out;
	int hi, lo;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		*p = s[i];
		if (s[i] == '%') {
			hi = n - i > 2 ? hex_digit(s[i + 1]) : -1;
			lo = n - i > 2 ? hex_digit(s[i + 2]) : -1;
			i += 2;
			*p = hi < 0 || lo < 0 ? '\0' : (char)(hi << 4 | lo);
		}
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			*p = '\0';
			free_secret(out);
			return NULL;
		}
		p++;
	}
	*p = '\0';
	return out;
}

/* Where the host begins in a URL: behind the last '@'. */
static const char *
host_of(const char *url)
{
	const char *s = url + strlen(SCHEME);
	const char *at = memrchr(s, '@', strcspn(s, "/"));

	return at != NULL ? at + 1 : s;
}

static int
set_creds(struct proxy *p, const char *s, size_t n, char *err, size_t errlen)
{
	char *creds = unescape(s, n);

	if (creds == NULL || strchr(creds, ':') == NULL || creds[0] == ':') {
		free_secret(creds);
		snprintf(err, errlen,
		    "proxy: what stands before its '@' is not of the form "
		    "user:password");
		return -1;
	}
	free_secret(p->creds);
	p->creds = creds;
	return 0;
}

int
gwopts_proxy_parse(struct proxy *p, const char *url, char *err, size_t errlen)
{
	char host[ADDR_STRLEN], why[256];
	const char *user = url + strlen(SCHEME), *at;
	size_t n;

	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0) {
		snprintf(err, errlen,
		    "proxy: not a URL of HTTP; write http://host:port");
		return -1;
	}
	at = host_of(url);
	n = strcspn(at, "/");
	if (n >= sizeof(host) || (at[n] == '/' && at[n + 1] != '\0')) {
		snprintf(err, errlen,
		    "proxy: something follows its port; write "
		    "http://host:port");
		return -1;
	}
	memcpy(host, at, n);
	host[n] = '\0';
	if (addr_parse(&p->addr, host, ADDR_F_TCP, why, sizeof(why)) == -1) {
		snprintf(err, errlen, "proxy %s", why);
		return -1;
	}
	addr_format(&p->addr, p->text, sizeof(p->text));
	if (at == user)
		return 0;
	return set_creds(p, user, (size_t)(at - user) - 1, err, errlen);
}

/* Nobody is to read it in our command line. */
static void
hide_password(char *url)
{
	char *s = url + strlen(SCHEME);
	size_t n;

	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return;
	n = (size_t)(host_of(url) - s);
	if (n > 0)
		memset(s, '*', n - 1);
}

/* $VSAP_PROXY: what we start gets it without the password. */
static int
proxy_from_env(struct gwopts *o, char *err, size_t errlen)
{
	const char *url = getenv("VSAP_PROXY");
	char bare[ADDR_STRLEN + 8];
	int n;

	if (o->has_proxy || url == NULL || url[0] == '\0')
		return 0;
	if (gwopts_proxy_parse(&o->proxy, url, err, errlen) == -1) {
		char why[256];

		strlcpy(why, err, sizeof(why));
		snprintf(err, errlen, "VSAP_PROXY: %s", why);
		return -1;
	}
	o->has_proxy = true;
	if (o->proxy.creds == NULL)
		return 0;
	n = snprintf(bare, sizeof(bare), SCHEME "%s", o->proxy.text);
	if (n < 0 || (size_t)n >= sizeof(bare) ||
	    setenv("VSAP_PROXY", bare, 1) == -1) {
		snprintf(err, errlen, "VSAP_PROXY: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int
proxy_auth_from_env(struct gwopts *o, char *err, size_t errlen)
{
	char *env = getenv("VSAP_PROXY_AUTH");

	if (env == NULL)
		return 0;
	if (o->has_proxy && env[0] != '\0') {
		free_secret(o->proxy.creds);
		if ((o->proxy.creds = strdup(env)) == NULL) {
			strlcpy(err, strerror(errno), errlen);
			return -1;
		}
	}
	explicit_bzero(env, strlen(env));
	if (unsetenv("VSAP_PROXY_AUTH") == -1 ||
	    (o->proxy.creds != NULL && strchr(o->proxy.creds, ':') == NULL)) {
		snprintf(err, errlen,
		    "VSAP_PROXY_AUTH: not of the form user:password");
		return -1;
	}
	return 0;
}

/* ---- TLS ---------------------------------------------------------------- */

static int
add_pin(struct gwopts *o, const char *text, char *err, size_t errlen)
{
	struct tlsconf c;
	int r;

	tlsconf_init(&c, TLS_CLIENT);
	strlcpy(c.pins, o->pins, sizeof(c.pins));
	r = tlsconf_add_pin(&c, text, err, errlen);
	strlcpy(o->pins, c.pins, sizeof(o->pins));
	tlsconf_close(&c);
	return r;
}

int
gwopts_take(struct gwopts *o, int ch, char *arg, char *err, size_t errlen)
{
	int r = 1;

	switch (ch) {
	case 'x':
		if (gwopts_proxy_parse(&o->proxy, arg, err, errlen) == -1)
			r = -1;
		o->has_proxy = o->said_proxy = true;
		hide_password(arg);
		return r;
	case GWOPTS_CA:
		o->ca = arg;
		return 1;
	case GWOPTS_CERT:
		o->cert = arg;
		return 1;
	case GWOPTS_KEY:
		o->key = arg;
		return 1;
	case GWOPTS_PIN:
		return add_pin(o, arg, err, errlen) == -1 ? -1 : 1;
	case GWOPTS_NAME:
		o->name = arg;
		return 1;
	case GWOPTS_NO_VERIFY:
		o->no_verify = true;
		return 1;
	}
	return 0;
}

static const char *
some_option(const struct gwopts *o)
{
	if (o->ca != NULL)
		return "--ca";
	if (o->pins[0] != '\0')
		return "--pin";
	if (o->name != NULL)
		return "--tls-name";
	if (o->no_verify)
		return "--no-verify";
	return o->cert != NULL ? "--cert" : "--key";
}

/* Options that would be ignored are refused: who gave a pin thinks that it
 * is looked at. */
static int
check(const struct gwopts *o, bool tls, bool tcp, char *err, size_t errlen)
{
	bool any = o->ca != NULL || o->pins[0] != '\0' || o->name != NULL ||
		   o->no_verify || o->cert != NULL || o->key != NULL;

	if (any && !tls)
		snprintf(err, errlen,
		    "%s: nothing here is TLS; write "
		    "-s tls:host:port",
		    some_option(o));
	else if ((o->cert != NULL) != (o->key != NULL))
		snprintf(err, errlen, "--cert and --key go together");
	else if (o->no_verify &&
		 (o->ca != NULL || o->pins[0] != '\0' || o->name != NULL))
		snprintf(err, errlen, "--no-verify and %s exclude each other",
		    some_option(o));
	else if (o->said_proxy && !tcp)
		snprintf(err, errlen,
		    "-x: no proxy leads to a UNIX-domain "
		    "socket; write -s host:port");
	else
		return 0;
	return -1;
}

int
gwopts_finish(struct gwopts *o, bool tls, bool tcp, char *err, size_t errlen)
{
	const char *ca = getenv("VSAP_CA");

	if (check(o, tls, tcp, err, errlen) == -1 ||
	    proxy_from_env(o, err, errlen) == -1 ||
	    proxy_auth_from_env(o, err, errlen) == -1)
		return -1;
	/* a pin decides alone, unless --ca is said too */
	if (o->ca == NULL && ca != NULL && ca[0] != '\0' && !o->no_verify &&
	    o->pins[0] == '\0')
		o->ca = ca;
	return 0;
}

const char *
gwopts_warning(const struct gwopts *o)
{
	if (!o->no_verify)
		return NULL;
	return "--no-verify: whoever is on the way can pretend to be the "
	       "gateway, and read and change everything";
}

const struct proxy *
gwopts_proxy(const struct gwopts *o)
{
	return o->has_proxy ? &o->proxy : NULL;
}

/* Whom to believe, where that is not left to pins. */
static int
load_ca(const struct gwopts *o, struct tlsconf *c, char *err, size_t errlen)
{
	if (o->ca != NULL)
		return tlsconf_load(&c->ca, o->ca, false, err, errlen);
	if (o->no_verify || o->pins[0] != '\0')
		return 0;
	return tlsconf_system_ca(&c->ca, err, errlen);
}

int
gwopts_tlsconf(const struct gwopts *o, struct tlsconf *c, char *err,
    size_t errlen)
{
	tlsconf_init(c, TLS_CLIENT);
	strlcpy(c->pins, o->pins, sizeof(c->pins));
	if (o->no_verify)
		c->flags |= TLS_F_NO_VERIFY;
	if (load_ca(o, c, err, errlen) == 0 &&
	    (o->cert == NULL ||
		tlsconf_add_keypair(c, o->cert, o->key, err, errlen) == 0))
		return 0;
	tlsconf_close(c);
	return -1;
}
