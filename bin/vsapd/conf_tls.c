/*
 * "tls" and "upstream": certificates, who is verified how, and what a TLS
 * worker is told of it.
 */
#include "conf_tls.h"

#include <stdlib.h>
#include <string.h>

#include "conf_impl.h"

/* ---- tls ----------------------------------------------------------------- */

int
conf_begin_tls(struct conf_parse *p, const struct lex_token *t)
{
	conf_begin(p, t);
	p->tls = &p->conf->tls;
	p->conf->has_tls = true;
	return conf_once(p, ITEM_TLS, t);
}

int
conf_end_tls(struct conf_parse *p)
{
	if (p->tls->npairs == 0)
		return lex_error(p->lex, &p->name.at,
		    "tls: expected certificate \"FILE\" key \"FILE\" in it");
	return 0;
}

/* Relative to the file where it stands, as any path. */
static int
copy_path(struct conf_parse *p, const struct lex_token *t, char **path)
{
	return conf_set_path(p, ITEM_MAX, t, path);
}

int
conf_add_keypair(struct conf_parse *p, const struct lex_token *cert,
    const struct lex_token *key)
{
	unsigned n = p->tls->npairs;

	if (n == CONF_KEYPAIRS_MAX)
		return lex_error(p->lex, &cert->at, "more than %d certificates",
		    CONF_KEYPAIRS_MAX);
	if (copy_path(p, cert, &p->tls->cert[n]) == -1 ||
	    copy_path(p, key, &p->tls->key[n]) == -1)
		return -1;
	p->tls->npairs++;
	return 0;
}

/* ---- upstream ------------------------------------------------------------ */

int
conf_begin_upstream(struct conf_parse *p, const struct lex_token *t,
    const struct lex_token *address)
{
	struct conf *c = p->conf;
	char err[300];

	conf_begin(p, t);
	if (conf_once(p, ITEM_UPSTREAM, t) == -1)
		return -1;
	if (addr_parse(&c->upstream, address->text, ADDR_FOR_SERVER, err,
		sizeof(err)) == -1)
		return lex_error(p->lex, &address->at, "upstream %s", err);
	c->has_upstream = true;
	c->upstream_tls = c->upstream.tls;
	return 0;
}

int
conf_begin_upstream_block(struct conf_parse *p, const struct lex_token *t)
{
	p->tls = &p->conf->up_tls;
	if (p->conf->upstream_tls)
		return 0;
	return lex_error(p->lex, &t->at,
	    "what stands in braces is for TLS: write upstream tls:HOST:PORT");
}

/* They are kept as the worker takes them. */
int
conf_add_pin(struct conf_parse *p, const struct lex_token *t)
{
	const char *old = p->tls->pins;
	struct tlsconf pins;
	char err[200];

	tlsconf_init(&pins, TLS_CLIENT);
	(void)strlcpy(pins.pins, old == NULL ? "" : old, sizeof(pins.pins));
	if (tlsconf_add_pin(&pins, t->text, err, sizeof(err)) == -1)
		return lex_error(p->lex, &t->at, "fingerprint %s", err);
	return conf_copy(p, pins.pins, &p->tls->pins);
}

/* ---- both ---------------------------------------------------------------- */

int
conf_begin_tls_protocols(struct conf_parse *p, const struct lex_token *t)
{
	p->add = conf_add_tls_protocol;
	return conf_once(p, ITEM_PROTOCOLS, t);
}

/* One, or several with commas in quotes. */
int
conf_add_tls_protocol(struct conf_parse *p, const struct lex_token *t)
{
	static const char *const texts[] = { NULL, "tlsv1.2", "tlsv1.3",
		"tlsv1.2,tlsv1.3" };
	const char *s = t->text, *old = p->tls->protocols;
	unsigned have = 0, i;
	size_t n;

	for (i = 1; old != NULL && have == 0; i++)
		have = strcmp(old, texts[i]) == 0 ? i : 0;
	for (;; s += n + 1) {
		n = strcspn(s, ",");
		for (i = 1; i < 3; i++)
			if (strlen(texts[i]) == n &&
			    strncmp(s, texts[i], n) == 0)
				break;
		if (i == 3)
			return lex_error(p->lex, &t->at,
			    "protocols %.40s: expected tlsv1.2 or tlsv1.3",
			    t->text);
		have |= i;
		if (s[n] == '\0')
			return conf_copy(p, texts[have], &p->tls->protocols);
	}
}

/* ---- for the worker ------------------------------------------------------ */

static int
load(const struct conf_tls *t, struct tlsconf *out, char *err, size_t errlen)
{
	for (unsigned i = 0; i < t->npairs; i++)
		if (tlsconf_add_keypair(out, t->cert[i], t->key[i], err,
			errlen) == -1)
			return -1;
	if (t->ca != NULL &&
	    tlsconf_load(&out->ca, t->ca, false, err, errlen) == -1)
		return -1;
	(void)strlcpy(out->protocols, t->protocols == NULL ? "" : t->protocols,
	    sizeof(out->protocols));
	(void)strlcpy(out->ciphers, t->ciphers == NULL ? "" : t->ciphers,
	    sizeof(out->ciphers));
	(void)strlcpy(out->pins, t->pins == NULL ? "" : t->pins,
	    sizeof(out->pins));
	return 0;
}

int
conf_tls_load(const struct conf *c, bool upstream, struct tlsconf *out,
    char *err, size_t errlen)
{
	const struct conf_tls *t = upstream ? &c->up_tls : &c->tls;

	tlsconf_init(out, upstream ? TLS_CLIENT : TLS_SERVER);
	if (!upstream && t->ca != NULL)
		out->flags |= TLS_F_CLIENT_CERT;
	if (!upstream && t->client_must)
		out->flags |= TLS_F_CLIENT_MUST;
	if (upstream && t->no_verify)
		out->flags |= TLS_F_NO_VERIFY;
	out->handshake = upstream ? c->connect_time : c->hello_time;
	if (load(t, out, err, errlen) == 0)
		return 0;
	tlsconf_close(out);
	return -1;
}
