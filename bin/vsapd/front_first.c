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

static bool
speaks(const struct session *s, unsigned proto)
{
	return (s->at.protos & proto) != 0;
}

static bool
take(struct session *s, const struct front *front, unsigned proto)
{
	if (!speaks(s, proto)) {
		session_log(s, "%s: speaks %s, which this listener does not",
		    s->peer, front->name);
		session_close(s);
		return false;
	}
	front_set(s, front);
	return true;
}

/* Nothing but TLS here: those who can read it are told. */
static bool
want_tls(struct session *s)
{
	if (s->in.data[0] == 4 || s->in.data[0] == 5) {
		front_close(s, "speaks SOCKS where TLS is wanted");
		return false;
	}
	front_set(s, &front_vsap);
	session_log(s, "%s: no TLS", s->peer);
	session_reply(s, VSAP_PROTOCOL,
	    "TLS is spoken here (vsap-connect -s tls:host:port)");
	session_finish(s);
	return false;
}

/* A line: of HTTP or of VSAP. */
static bool
by_line(struct session *s)
{
	switch (http_is_request(s->in.data, s->in.len)) {
	case 1:
		return take(s, &front_http, CONF_P_HTTP);
	case 0:
		return take(s, &front_vsap, CONF_P_VSAP);
	default:
		/* What is no line yet, or none, is for VSAP to judge. */
		if (s->eof || s->in.len > VSAP_LINE_MAX)
			return take(s, &front_vsap, CONF_P_VSAP);
		return false;
	}
}

static bool
first_input(struct session *s)
{
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
	if (!s->at.plain && s->tls == NULL)
		return want_tls(s);
	if (s->at.metrics) {
		front_set(s, &front_metrics);
		return true;
	}
	switch (s->in.data[0]) {
	case 4:
		return take(s, &front_socks, CONF_P_SOCKS4);
	case 5:
		return take(s, &front_socks, CONF_P_SOCKS5);
	default:
		return by_line(s);
	}
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

/* Nobody knows what language it understands. */
static void
refuse_unheard(struct session *s, const char *why)
{
	(void)why; /* nobody to tell it to; the log knows */
	session_reset(s, NULL);
}

const struct front front_first = {
	.name = "nothing",
	.input = first_input,
	.reply = no_reply,
	.logged_in = nobody,
	.refuse = refuse_unheard,
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
		front_close(s, "no PROXY header, which this listener wants");
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
	.refuse = refuse_unheard,
};
