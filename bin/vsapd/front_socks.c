/*
 * SOCKS 4, 4a and 5: CONNECT and BIND; and VSAP in its binary form, which is
 * SOCKS 5 with command codes from 0x80 (vsap(7), BINARY FORM).
 *
 * A request becomes one or more requests of VSAP.  CONNECT is CONNECT, then
 * RELAY; BIND is BIND, ACCEPT, RELAY, with a reply after each of the first
 * two.
 */
#include "front.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "gateway.h"
#include "socks.h"
#include "who.h"

#define ACCEPT_TIME 600 /* seconds that a SOCKS BIND waits for its peer */

enum phase {
	HELLO,	  /* version 5: methods */
	LOGIN,	  /* RFC 1929 */
	REQUEST,  /* its request is next */
	RUNNING,  /* a request of VSAP is under way */
	BIND_TRY, /* a BIND was refused: the next way to write it */
	ACCEPT,	  /* the bound address was told: ACCEPT is next */
	RELAY,	  /* RELAY is next */
	OVER,
};

struct socks {
	enum phase phase;
	int version;
	int command;
	int tried;		 /* ways to write BIND */
	char bound[ADDR_STRLEN]; /* BIND: what was asked for */
	struct socks_request request;
};

/* --- replies ----------------------------------------------------------- */

static enum socks_rep
rep_of(const struct session *s, int code)
{
	if (code < 400)
		return SOCKS_OK;
	if (code == VSAP_FORBIDDEN)
		return SOCKS_NOT_ALLOWED;
	if (code == VSAP_UNKNOWN || code == VSAP_PROTOCOL)
		return SOCKS_BAD_COMMAND;
	switch (s->failure) {
	case ECONNREFUSED:
		return SOCKS_REFUSED;
	case ENETUNREACH:
		return SOCKS_NET_UNREACHABLE;
	case ENOENT: /* a name that is none */
	case EHOSTUNREACH:
		return SOCKS_HOST_UNREACHABLE;
	case ETIMEDOUT:
		return SOCKS_TTL;
	default:
		return SOCKS_FAILURE;
	}
}

static void
say(struct session *s, const struct socks *k, enum socks_rep rep,
    const char *bound)
{
	unsigned char out[SOCKS_REPLY_MAX];
	size_t n;

	n = socks_reply_format(k->version, rep, bound, out, sizeof(out));
	front_send(s, out, n);
}

/* A code of VSAP in binary, one of those that there are or not: what is said
 * to it is laid out as vsap(7) has it. */
static bool
is_binary(const struct socks *k)
{
	return k->version == 5 && k->command >= SOCKS_VSAP;
}

static void
finish(struct session *s, struct socks *k, enum socks_rep rep, const char *why)
{
	unsigned char out[SOCKS_REPLY_MAX];
	size_t n;

	k->phase = OVER;
	if (is_binary(k)) {
		n = socks_vsap_format(rep, VSAP_PROTOCOL, 0, "", "", why, out,
		    sizeof(out));
		front_send(s, out, n);
	} else
		say(s, k, rep, "");
	session_finish(s);
}

/* The front's own refusal.  Those of the requests that it runs, and of logins,
 * the log knows already. */
static void
say_no(struct session *s, struct socks *k, enum socks_rep rep, const char *why)
{
	session_log(s, "%s: SOCKS %d: %.300s", s->peer, k->version, why);
	finish(s, k, rep, why);
}

/* --- the beginning of version 5 ---------------------------------------- */

static void
choose(struct session *s, struct socks *k, const struct socks_hello *h)
{
	unsigned char answer[2] = { 5, SOCKS_NO_METHOD };

	if (h->userpass && who_has_users(s) && who_takes_cleartext(s)) {
		answer[1] = SOCKS_USERPASS;
		k->phase = LOGIN;
	} else if (h->no_auth && who_may_ask(s)) {
		if (h->userpass && who_has_users(s))
			session_log(s,
			    "%s: SOCKS 5: its password is not taken in clear "
			    "here: it goes on as %s",
			    s->peer, s->owner);
		answer[1] = SOCKS_NO_AUTH;
		k->phase = REQUEST;
	} else if (h->userpass && !who_has_users(s)) {
		/* Nobody is asked here; any name will do. */
		answer[1] = SOCKS_USERPASS;
		k->phase = LOGIN;
	}
	front_send(s, answer, sizeof(answer));
	if (answer[1] != SOCKS_NO_METHOD)
		return;
	k->phase = OVER;
	session_log(s, "%s: SOCKS 5: %s", s->peer,
	    h->userpass ? "a password in clear is not taken here"
			: "no method that is taken here");
	session_finish(s);
}

static bool
bad(struct session *s, const char *why)
{
	front_close(s, why);
	return false;
}

/* What a parser says: taken (true), more is needed, or malformed. */
static bool
taken(struct session *s, int n)
{
	if (n > 0) {
		buf_consume(&s->in, (size_t)n);
		s->partial = false;
		return true;
	}
	if (n == -1)
		return bad(s, "malformed SOCKS");
	return s->eof && s->in.len > 0 ? bad(s, "SOCKS without end") : false;
}

static bool
hello(struct session *s, struct socks *k)
{
	struct socks_hello h;

	if (!taken(s, socks_hello_parse(&h, s->in.data, s->in.len)))
		return false;
	choose(s, k, &h);
	return true;
}

static bool
login(struct session *s, struct socks *k)
{
	char userpass[2 * SOCKS_TEXT_MAX + 2];
	struct socks_login l;

	if (!taken(s, socks_login_parse(&l, s->in.data, s->in.len)))
		return false;
	k->phase = RUNNING;
	snprintf(userpass, sizeof(userpass), "%s:%s", l.user, l.password);
	who_login(s, userpass);
	explicit_bzero(userpass, sizeof(userpass));
	explicit_bzero(&l, sizeof(l));
	return true;
}

static void
logged_in(struct session *s, bool right, const char *why)
{
	struct socks *k = front_state(s, sizeof(*k));
	unsigned char answer[2] = { 1, right ? 0 : 1 };

	(void)why;
	if (k == NULL)
		return;
	session_done(s);
	front_send(s, answer, sizeof(answer));
	if (right) {
		k->phase = REQUEST;
		return;
	}
	k->phase = OVER;
	session_finish(s);
}

/* --- CONNECT, BIND ----------------------------------------------------- */

static bool
is_ours(const char *host)
{
	struct sockaddr_storage ss;
	struct addr a;
	char err[128], text[ADDR_STRLEN];

	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:1" : "%s:1",
	    host);
	return addr_parse(&a, text, ADDR_F_TCP, err, sizeof(err)) == 0 &&
	       addr_sockaddr(&a, &ss) > 0 &&
	       gateway_is_local((struct sockaddr *)&ss);
}

/*
 * The address to bind and whose peers to take.  By RFC 1928 it is that of the
 * server that will connect; here it may also be one of the gateway's, and the
 * port the one that is wanted.  Where that is not to be had any port will do.
 */
static bool
try_bind(struct session *s, struct socks *k)
{
	const struct socks_request *r = &k->request;
	bool any =
	    strcmp(r->host, "0.0.0.0") == 0 || strcmp(r->host, "::") == 0;
	bool ours = !any && is_ours(r->host);
	uint16_t port = k->tried == 0 ? r->port : 0;
	char host[SOCKS_TEXT_MAX + 3], from[SOCKS_TEXT_MAX + 8] = "";

	if (k->tried++ > (r->port != 0))
		return false;
	k->phase = RUNNING;
	strlcpy(host, "*", sizeof(host));
	if (ours)
		snprintf(host, sizeof(host),
		    strchr(r->host, ':') ? "[%s]" : "%s", r->host);
	else if (!any && r->atyp != SOCKS_A_NAME)
		snprintf(from, sizeof(from), " -a=%s", r->host);
	front_run(s, "BIND %s:%u%s", host, port, from);
	return true;
}

static void
begin(struct session *s, struct socks *k)
{
	char addr[ADDR_STRLEN];

	k->phase = RUNNING;
	k->tried = 0;
	if (k->command == SOCKS_BIND)
		(void)try_bind(s, k);
	else if (socks_request_addr(&k->request, addr, sizeof(addr)) == -1)
		say_no(s, k, SOCKS_FAILURE, "an address that is too long");
	else
		front_run(s, "CONNECT %s", addr);
}

/* --- VSAP in binary ---------------------------------------------------- */

static const char *const verbs[] = {
	[SOCKS_V_ECHO - SOCKS_VSAP] = "ECHO",
	[SOCKS_V_BIND - SOCKS_VSAP] = "BIND",
	[SOCKS_V_LISTEN - SOCKS_VSAP] = "LISTEN",
	[SOCKS_V_ACCEPT - SOCKS_VSAP] = "ACCEPT",
	[SOCKS_V_CONNECT - SOCKS_VSAP] = "CONNECT",
	[SOCKS_V_RELAY - SOCKS_VSAP] = "RELAY",
	[SOCKS_V_FORWARD - SOCKS_VSAP] = "FORWARD",
	[SOCKS_V_QUIT - SOCKS_VSAP] = "QUIT",
};

static const char *
verb_of(int command)
{
	size_t n = (size_t)(command - SOCKS_VSAP);

	return command >= SOCKS_VSAP && n < sizeof(verbs) / sizeof(verbs[0])
		   ? verbs[n]
		   : NULL;
}

/* Options are words of a request line, and nothing more. */
static bool
plain_words(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static void
run_verb(struct session *s, struct socks *k, const char *verb)
{
	const struct socks_request *r = &k->request;
	char addr[ADDR_STRLEN] = "";

	k->phase = RUNNING;
	if (!plain_words(r->options) ||
	    (r->atyp != SOCKS_A_NONE &&
		socks_request_addr(r, addr, sizeof(addr)) == -1)) {
		say_no(s, k, SOCKS_FAILURE, "malformed options or address");
		return;
	}
	if (r->atyp == SOCKS_A_NONE)
		addr[0] = '\0';
	front_run(s, "%s%s%s%s%s", verb, addr[0] != '\0' ? " " : "", addr,
	    r->options[0] != '\0' ? " " : "", r->options);
}

static void
say_binary(struct session *s, struct socks *k, int code, const char *text)
{
	unsigned char out[SOCKS_REPLY_MAX];
	struct vsap_reply r = { .code = code };
	struct vsap_fields f = { 0 };
	bool fields = code == VSAP_BOUND || code == VSAP_ACCEPTED ||
		      code == VSAP_CONNECTED;
	size_t n;

	strlcpy(r.text, text, sizeof(r.text));
	if (fields && vsap_reply_fields(&r, &f) == -1)
		f.sid = 0;
	n = socks_vsap_format(rep_of(s, code), code, (uint32_t)f.sid, f.local,
	    f.remote, text, out, sizeof(out));
	front_send(s, out, n);
	/* FORWARD goes on saying things. */
	if (s->state != S_FORWARDING)
		k->phase = REQUEST;
}

/* --- requests ---------------------------------------------------------- */

static bool
request(struct session *s, struct socks *k)
{
	const char *verb;
	int n;

	n = socks_request_parse(&k->request, s->in.data, s->in.len);
	if (n > 0 && k->request.version != k->version)
		n = -1; /* a hello of 5, a request of 4 */
	if (n == -1 && k->request.version == k->version) {
		k->command = k->request.command;
		say_no(s, k, k->request.fault, "a malformed request");
		return true;
	}
	if (!taken(s, n))
		return false;
	k->command = k->request.command;
	/* Version 4 has no codes but its own. */
	verb = k->version == 5 ? verb_of(k->command) : NULL;
	if (verb != NULL)
		run_verb(s, k, verb);
	else if (k->command == SOCKS_CONNECT || k->command == SOCKS_BIND)
		begin(s, k);
	else if (is_binary(k))
		session_reply(s, VSAP_UNKNOWN, "0x%02x is no command",
		    (unsigned)k->command);
	else
		say_no(s, k, SOCKS_BAD_COMMAND,
		    k->command == SOCKS_UDP ? "UDP is not served here"
					    : "an unknown command");
	return true;
}

static bool
input(struct session *s)
{
	struct socks *k = front_state(s, sizeof(*k));

	if (k == NULL)
		return false;
	if (k->version == 0) {
		k->version = s->in.data[0];
		k->phase = k->version == 4 ? REQUEST : HELLO;
	}
	switch (k->phase) {
	case HELLO:
		return hello(s, k);
	case LOGIN:
		return login(s, k);
	case REQUEST:
		return s->in.len > 0 && request(s, k);
	case BIND_TRY:
		if (!try_bind(s, k))
			say_no(s, k, SOCKS_FAILURE, "nothing to bind");
		return true;
	case ACCEPT:
		k->phase = RUNNING;
		front_run(s, "ACCEPT -t=%d", ACCEPT_TIME);
		return true;
	case RELAY:
		k->phase = OVER;
		front_run(s, "RELAY");
		return false;
	default:
		return false;
	}
}

/* --- replies of VSAP --------------------------------------------------- */

/* The first address of a reply is ours, the second one the peer's. */
static void
say_address(struct session *s, const struct socks *k, int code,
    const char *text)
{
	struct vsap_reply r = { .code = code };
	struct vsap_fields f;

	strlcpy(r.text, text, sizeof(r.text));
	if (vsap_reply_fields(&r, &f) == -1)
		say(s, k, SOCKS_OK, "");
	else
		say(s, k, SOCKS_OK, code == VSAP_ACCEPTED ? f.remote : f.local);
}

static void
reply(struct session *s, int code, bool more, const char *text)
{
	struct socks *k = front_state(s, sizeof(*k));

	if (k == NULL || more || k->phase == OVER)
		return;
	if (is_binary(k)) {
		say_binary(s, k, code, text);
		return;
	}
	if (code >= 400 && k->command == SOCKS_BIND && k->tried == 1 &&
	    k->request.port != 0) {
		k->phase = BIND_TRY;
		return;
	}
	if (code >= 400) {
		finish(s, k, rep_of(s, code), text);
		return;
	}
	say_address(s, k, code, text);
	k->phase = code == VSAP_BOUND ? ACCEPT : RELAY;
	k->tried = 2; /* what was told is not taken back by another BIND */
}

/* --- while it waits ---------------------------------------------------- */

static enum front_next
next_request(const struct session *s)
{
	struct socks_request r;
	int n;

	if (s->in.len == 0 ||
	    (n = socks_request_parse(&r, s->in.data, s->in.len)) == 0)
		return NEXT_UNKNOWN;
	return n > 0 && r.version == 5 && r.command == SOCKS_V_RELAY
		   ? NEXT_RELAY
		   : NEXT_OTHER;
}

static bool
while_waiting(struct session *s)
{
	struct socks *k = front_state(s, sizeof(*k));

	if (k == NULL)
		return false;
	/* Behind a BIND or CONNECT of SOCKS are the stream's bytes. */
	return front_waits(s, is_binary(k) ? next_request(s) : NEXT_UNKNOWN);
}

/* Of its version nothing is taken here. */
static void
unwelcome(struct session *s, const char *why)
{
	struct socks *k = front_state(s, sizeof(*k));
	static const unsigned char no_method[] = { 5, SOCKS_NO_METHOD };

	(void)why; /* there is no room for it */
	if (k == NULL)
		return;
	k->version = s->in.data[0];
	k->phase = OVER;
	if (k->version == 4)
		say(s, k, SOCKS_NOT_ALLOWED, "");
	else
		front_send(s, no_method, sizeof(no_method));
	session_finish(s);
}

const struct front front_socks = {
	.name = "SOCKS",
	.input = input,
	.while_waiting = while_waiting,
	.reply = reply,
	.logged_in = logged_in,
	.unwelcome = unwelcome,
};
