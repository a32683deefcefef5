/*
 * Which protocol a connection speaks, by its first bytes; and the PROXY
 * header that may come before them.
 */
#include "front.h"

#include <string.h>

#include "handover.h"
#include "http_head.h"
#include "log.h"
#include "net.h"
#include "tlsin.h"
#include "who.h"

#define TLS_HANDSHAKE 0x16 /* first byte of a record (RFC 8446, 5.1) */

/* --- by the first bytes ------------------------------------------------ */

static const struct language {
	unsigned proto;
	const char *name;
	const struct front *front;
} languages[] = {
	{ CONF_P_VSAP, "VSAP", &front_vsap },
	{ CONF_P_SOCKS4, "SOCKS 4", &front_socks },
	{ CONF_P_SOCKS5, "SOCKS 5", &front_socks },
	{ CONF_P_HTTP, "HTTP", &front_http },
	{ 0, NULL, NULL },
};

static unsigned
proto_of_line(const struct session *s)
{
	switch (http_is_request(s->in.data, s->in.len)) {
	case 1:
		return CONF_P_HTTP;
	case 0:
		return CONF_P_VSAP;
	default:
		/* What is no line yet, or none, is for VSAP to judge, but for
		 * what HTTP alone makes so long. */
		if (s->in.len > VSAP_LINE_MAX &&
		    http_has_method(s->in.data, s->in.len))
			return CONF_P_HTTP;
		return s->eof || s->in.len > VSAP_LINE_MAX ? CONF_P_VSAP : 0;
	}
}

/* NULL: it cannot be told yet. */
static const struct language *
language_of(const struct session *s)
{
	const struct language *l;
	unsigned proto;

	switch (s->in.data[0]) {
	case 4:
		proto = CONF_P_SOCKS4;
		break;
	case 5:
		proto = CONF_P_SOCKS5;
		break;
	default:
		proto = proto_of_line(s);
		break;
	}
	for (l = languages; l->name != NULL; l++)
		if (l->proto == proto)
			return l;
	return NULL;
}

/* Each is told in its own language. */
static bool
unwelcome(struct session *s, const struct language *l, const char *why)
{
	front_set(s, l->front);
	l->front->unwelcome(s, why);
	return false;
}

/* Nothing but TLS here. */
static bool
want_tls(struct session *s, const struct language *l)
{
	session_log(s, "%s: speaks %s where TLS is wanted", s->peer, l->name);
	return unwelcome(s, l,
	    "TLS is spoken here (vsap-connect -s tls:host:port, curl --proxy "
	    "https://host:port)");
}

static bool
want_other(struct session *s, const struct language *l)
{
	const struct language *other;
	char why[128] = "";

	for (other = languages; other->name != NULL; other++) {
		if (!(s->at.protos & other->proto))
			continue;
		strlcat(why,
		    why[0] != '\0' ? ", " : "spoken here: ", sizeof(why));
		strlcat(why, other->name, sizeof(why));
	}
	session_log(s, "%s: speaks %s, which this listener does not", s->peer,
	    l->name);
	return unwelcome(s, l, why);
}

static bool
first_input(struct session *s)
{
	const struct language *l;

	if (s->in.len == 0)
		return false;
	if (s->in.data[0] == TLS_HANDSHAKE && s->tls == NULL) {
		if (s->at.tls)
			tlsin_begin(s);
		else
			front_close(s, "speaks TLS, which this listener does "
				       "not");
		return false;
	}
	if (s->at.metrics && (s->at.plain || s->tls != NULL)) {
		front_set(s, &front_metrics);
		return true;
	}
	if ((l = language_of(s)) == NULL)
		return false;
	if (!s->at.plain && s->tls == NULL)
		return want_tls(s, l);
	if (!(s->at.protos & l->proto))
		return want_other(s, l);
	front_set(s, l->front);
	return true;
}

static void
no_reply(struct session *s, int code, bool more, const char *text)
{
	(void)s;
	(void)code;
	(void)more;
	(void)text;
}

static void
nobody(struct session *s, bool right, const char *why)
{
	(void)s;
	(void)right;
	(void)why;
}

const struct front front_first = {
	.name = "nothing",
	.input = first_input,
	.reply = no_reply,
	.logged_in = nobody,
};

/* --- the PROXY header -------------------------------------------------- */

static bool
proxy_input(struct session *s)
{
	struct handover h;
	bool near;
	int n;

	if (s->in.len == 0)
		return false;
	if ((n = proxy_parse(&h, s->in.data, s->in.len)) == 0) {
		if (s->eof)
			front_close(s, "a PROXY header without end");
		return false;
	}
	if (n == -1) {
		front_close(s, proxy_begins(s->in.data, s->in.len)
				   ? "a malformed PROXY header"
				   : "no PROXY header, which this listener "
				     "wants");
		return false;
	}
	buf_consume(&s->in, (size_t)n);
	s->partial = false;
	front_set(s, &front_first);
	/* Of other families it is the proxy's own.  What is loopback to a proxy
	 * on another host is not local here. */
	if (h.src.ss_family == AF_INET || h.src.ss_family == AF_INET6) {
		near = s->who.local;
		addr_unmap_sa(&h.src, &h.srclen);
		who_peer(s, (struct sockaddr *)&h.src, h.srclen);
		s->who.local = s->who.local && near;
	} else
		s->who.local =
		    false; /* the proxy is here, its client who knows where */
	session_admit(s);
	return s->state != S_DEAD;
}

const struct front front_proxy = {
	.name = "PROXY",
	.input = proxy_input,
	.reply = no_reply,
	.logged_in = nobody,
};
