/*
 * The options for the way to a gateway: URLs of proxies, fingerprints, the
 * environment, and what contradicts.
 */
#include "gwopts.h"

#include <stdlib.h>

#include "tap.h"

static char err[512];

static const struct url {
	const char *url;
	const char *text;  /* NULL: refused */
	const char *creds; /* NULL: none */
} urls[] = {
	{ "http://p:3128", "p:3128", NULL },
	{ "http://p:3128/", "p:3128", NULL },
	{ "http://10.0.0.1:80", "10.0.0.1:80", NULL },
	{ "http://[::1]:80", "[::1]:80", NULL },
	{ "http://u:p@h:1", "h:1", "u:p" },
	{ "http://u:@h:1", "h:1", "u:" },
	{ "http://u:p:q@h:1", "h:1", "u:p:q" },
	{ "http://u:p@q@h:1", "h:1", "u:p@q" },
	{ "http://u:a%40b%2Fc%25@h:1", "h:1", "u:a@b/c%" },
	{ "http://u%3ax:p@h:1", "h:1", "u:x:p" },
	{ "", NULL, NULL },
	{ "http:", NULL, NULL },
	{ "http://", NULL, NULL },
	{ "HTTP://p:1", NULL, NULL },
	{ "https://p:1", NULL, NULL },
	{ "socks5://p:1", NULL, NULL },
	{ "p:3128", NULL, NULL },
	{ "http://p", NULL, NULL },
	{ "http://p:", NULL, NULL },
	{ "http://p:0", NULL, NULL },
	{ "http://p:99999", NULL, NULL },
	{ "http://:3128", NULL, NULL },
	{ "http://*:3128", NULL, NULL },
	{ "http://p:1/x", NULL, NULL },
	{ "http://p:1//", NULL, NULL },
	{ "http:///p:1", NULL, NULL },
	{ "http://p:1?x", NULL, NULL },
	{ "http://@p:1", NULL, NULL },
	{ "http://u@p:1", NULL, NULL },
	{ "http://:p@p:1", NULL, NULL },
	{ "http://u:%@p:1", NULL, NULL },
	{ "http://u:%4@p:1", NULL, NULL },
	{ "http://u:%zz@p:1", NULL, NULL },
	{ "http://u:%00@p:1", NULL, NULL },
	{ "http://u:%0d%0aX:y@p:1", NULL, NULL },
	{ "http://u:\001@p:1", NULL, NULL },
	{ "http://u:p@p:1\r\nX: y", NULL, NULL },
	{ "http://p q:1", NULL, NULL },
};

static void
test_url(const struct url *u)
{
	struct gwopts o;
	int r;

	gwopts_init(&o);
	r = gwopts_proxy_parse(&o.proxy, u->url, err, sizeof(err));
	is_int(r, u->text == NULL ? -1 : 0, "'%s': %s", u->url,
	    r == 0 ? "taken" : "refused");
	if (u->text != NULL) {
		is_str(o.proxy.text, u->text, "where it is");
		ok((o.proxy.creds == NULL) == (u->creds == NULL) &&
			(u->creds == NULL ||
			    strcmp(o.proxy.creds, u->creds) == 0),
		    "credentials: %s", u->creds != NULL ? u->creds : "none");
	} else {
		ok(strncmp(err, "proxy", 5) == 0, "%s",
		    strpbrk(err, "\r\n") == NULL ? err : "a control byte");
		ok(strpbrk(err, "\r\n\001") == NULL, "no control byte in it");
	}
	gwopts_free(&o);
}

#define D16 "0123456789abcdef"
#define D64 D16 D16 D16 D16

/* Options as "x=VALUE ca=VALUE ...", then finish; NULL: fine, else what the
 * message begins with. */
static void
finish(const char *options, bool tls, bool tcp, const char *want)
{
	static const struct {
		const char *name;
		int ch;
	} names[] = {
		{ "x", 'x' },
		{ "ca", GWOPTS_CA },
		{ "cert", GWOPTS_CERT },
		{ "key", GWOPTS_KEY },
		{ "pin", GWOPTS_PIN },
		{ "name", GWOPTS_NAME },
		{ "no-verify", GWOPTS_NO_VERIFY },
	};
	char *copy = strdup(options), *rest = copy, *word, *value;
	struct gwopts o;
	int r = 1;

	gwopts_init(&o);
	err[0] = '\0';
	while (r == 1 && (word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		value = word + strcspn(word, "=");
		if (*value == '=')
			*value++ = '\0';
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(names[i].name, word) == 0)
				r = gwopts_take(&o, names[i].ch, value, err,
				    sizeof(err));
	}
	if (r == 1)
		r = gwopts_finish(&o, tls, tcp, err, sizeof(err));
	is_int(r, want == NULL ? 0 : -1, "'%s'%s: %s", options,
	    tls ? " with TLS" : "", err);
	if (want != NULL)
		ok(strncmp(err, want, strlen(want)) == 0, "says: %s", want);
	gwopts_free(&o);
	free(copy);
}

static void
test_options(void)
{
	static const char two[] = "pin=SHA256:" D64 " pin=SHA256:" D64;

	finish("", false, false, NULL);
	finish("ca=f", true, true, NULL);
	finish("ca=f", false, true, "--ca: nothing here is TLS");
	finish(two, true, true, NULL);
	finish(two, false, true, "--pin: nothing here is TLS");
	finish("pin=x", true, true, "x: a pin is SHA256:");
	finish("no-verify", false, true, "--no-verify: nothing here");
	finish("no-verify", true, true, NULL);
	finish("no-verify ca=f", true, true, "--no-verify and --ca exclude");
	finish("no-verify name=n", true, true, "--no-verify and --tls-name");
	finish("cert=c", true, true, "--cert and --key go together");
	finish("key=k", true, true, "--cert and --key go together");
	finish("cert=c key=k", true, true, NULL);
	finish("cert=c key=k", false, true, "--cert: nothing here is TLS");
	finish("cert=c key=k no-verify", true, true, NULL);
	finish("x=http://p:1", false, true, NULL);
	finish("x=http://p:1", false, false, "-x: no proxy leads to a UNIX");
	finish("x=p:1", false, true, "proxy: not a URL");
}

static void
test_environment(void)
{
	char arg[] = "http://anna:secret@p:1", *auth;
	struct gwopts o;

	gwopts_init(&o);
	gwopts_take(&o, 'x', arg, err, sizeof(err));
	is_str(arg, "http://***********@p:1", "the password in argv is gone");
	is_str(o.proxy.creds, "anna:secret", "and was read");
	setenv("VSAP_PROXY", "http://other:1", 1);
	setenv("VSAP_PROXY_AUTH", "b:c", 1);
	setenv("VSAP_CA", "/ca", 1);
	is_int(gwopts_finish(&o, true, true, err, sizeof(err)), 0, "%s", err);
	is_str(o.proxy.text, "p:1", "-x goes before VSAP_PROXY");
	is_str(o.proxy.creds, "b:c", "VSAP_PROXY_AUTH before the URL's");
	ok(getenv("VSAP_PROXY_AUTH") == NULL, "and is gone");
	is_str(o.ca, "/ca", "VSAP_CA");
	gwopts_free(&o);

	gwopts_init(&o);
	o.ca = "/mine";
	setenv("VSAP_PROXY", "http://x:y@other:1", 1);
	is_int(gwopts_finish(&o, true, true, err, sizeof(err)), 0, "%s", err);
	is_str(o.ca, "/mine", "--ca goes before VSAP_CA");
	is_str(o.proxy.text, "other:1", "VSAP_PROXY");
	is_str(o.proxy.creds, "x:y", "with credentials");
	is_str(getenv("VSAP_PROXY"), "http://other:1",
	    "of which the environment is rid");
	gwopts_free(&o);

	gwopts_init(&o);
	strlcpy(o.pins, "SHA256:" D64, sizeof(o.pins));
	is_int(gwopts_finish(&o, true, true, err, sizeof(err)), 0, "%s", err);
	ok(o.ca == NULL, "a pin decides without VSAP_CA");
	gwopts_free(&o);

	gwopts_init(&o);
	unsetenv("VSAP_PROXY");
	setenv("VSAP_PROXY_AUTH", "b:c", 1);
	is_int(gwopts_finish(&o, false, true, err, sizeof(err)), 0, "%s", err);
	ok(gwopts_proxy(&o) == NULL, "no proxy, whatever its credentials");
	ok(getenv("VSAP_PROXY_AUTH") == NULL, "they are gone");
	gwopts_free(&o);

	gwopts_init(&o);
	setenv("VSAP_PROXY", "http://x:1", 1);
	setenv("VSAP_PROXY_AUTH", "nocolon", 1);
	is_int(gwopts_finish(&o, false, true, err, sizeof(err)), -1, "%s", err);
	auth = getenv("VSAP_PROXY_AUTH");
	ok(auth == NULL && strstr(err, "nocolon") == NULL, "not shown");
	gwopts_free(&o);

	gwopts_init(&o);
	ok(gwopts_warning(&o) == NULL, "nothing to warn of");
	o.no_verify = true;
	ok(gwopts_warning(&o) != NULL, "%s", gwopts_warning(&o));
}

int
main(void)
{
	unsetenv("VSAP_PROXY");
	unsetenv("VSAP_PROXY_AUTH");
	unsetenv("VSAP_CA");
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		test_url(&urls[i]);
	test_options();
	test_environment();
	return done_testing();
}
