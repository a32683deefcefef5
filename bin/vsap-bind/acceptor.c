#include "acceptor.h"

#include <sys/types.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "deliver.h"
#include "dial.h"
#include "gate.h"
#include "gwtls.h"
#include "log.h"
#include "ucspi.h"
#include "vsap_client.h"

/* Seconds to connect and authenticate. */
#define DIAL_TIMEOUT 10

/* Seconds that an express session waits for its visitor. */
#define EXPRESS_WAIT 1

#define VISITOR_FORMS (ADDR_F_TCP | ADDR_F_UNIX | ADDR_F_NAME | ADDR_F_ANYHOST)

static const struct bind_conf *
conf(const struct acceptor *a)
{
	return bind_conf(gate_bind(a->gate));
}

static void
over(struct acceptor *a, enum gate_fault fault, const char *what,
    const char *detail)
{
	char text[512], shown[256];

	(void)snprintf(text, sizeof(text), "%s: %s%s%s", gate_name(a->gate),
	    what, *detail == '\0' ? "" : ": ",
	    log_vis(detail, shown, sizeof(shown)));
	gate_over(a->gate, a, text, fault);
}

/* What the gateway should not have said. */
static void
violation(struct acceptor *a, const struct vsap_reply *r)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "answers out of turn (%d)", r->code);
	over(a, GATE_LOST, text, r->text);
}

static int
say_listen(struct acceptor *a)
{
	return vsapc_send(a->client, "LISTEN %d",
	    bind_once(gate_bind(a->gate)) ? 1 : BIND_BACKLOG);
}

static int
say_accept(struct acceptor *a)
{
	char p[16] = "", t[16] = "";

	if (conf(a)->priority != 0)
		(void)snprintf(p, sizeof(p), " -p=%d", conf(a)->priority);
	if (a->express)
		(void)snprintf(t, sizeof(t), " -t=%d", EXPRESS_WAIT);
	if (vsapc_send(a->client, "ACCEPT%s%s", p, t) == -1)
		return -1;
	return a->express ? vsapc_send(a->client, "RELAY") : 0;
}

/* Who may visit, as options of BIND. */
static const char *
visitors(const struct bind_conf *c, char *out, size_t outlen)
{
	char rate[16];

	out[0] = '\0';
	for (unsigned i = 0; i < c->nfrom; i++) {
		strlcat(out, i == 0 ? " -a=" : ",", outlen);
		strlcat(out, c->from_text[i], outlen);
	}
	(void)snprintf(rate, sizeof(rate), " -r=%u", c->rate);
	if (c->rate > 0)
		strlcat(out, rate, outlen);
	return out;
}

/* Everything up to ACCEPT in one go saves two ways to the gateway. */
static void
say_bind(struct acceptor *a)
{
	char options[BIND_FROM_MAX * (INET6_ADDRSTRLEN + 5) + 32];
	int r;

	a->state = ACCEPTOR_BINDING;
	r = vsapc_send(a->client, "BIND %s%s", gate_address(a->gate),
	    visitors(conf(a), options, sizeof(options)));
	if (r == 0 && gate_pipelines(a->gate)) {
		a->listen_said = true;
		r = say_listen(a);
		a->accept_said = gate_accepts(a->gate);
		if (r == 0 && a->accept_said)
			r = say_accept(a);
	}
	if (r == -1)
		over(a, GATE_LOST, "cannot send", "");
}

/* The target of an express session stands before RELAY is said, as for any
 * other; without it this one goes the ordinary way. */
static void
on_target(void *arg, int fd, const char *error)
{
	struct acceptor *a = arg;

	a->dial = NULL;
	a->target = fd;
	a->express = fd != -1;
	if (fd == -1)
		log_debug("%s: %s", gate_name(a->gate), error);
	say_bind(a);
}

static void
on_ready(void *arg)
{
	struct acceptor *a = arg;

	gate_connected(a->gate, a);
	if (gate_hurries(a->gate))
		a->dial = bind_dial(gate_bind(a->gate), on_target, a);
	if (a->dial == NULL)
		say_bind(a);
}

/* An address of the gateway's, of which only the parsed form is used.
 * Host names are none: what was bound and who came is always numeric. */
static bool
parse_address(struct addr *a, const char *text)
{
	char err[256];

	if (addr_parse(a, text, VISITOR_FORMS, err, sizeof(err)) == -1)
		return false;
	return a->kind != ADDR_TCP || a->family != AF_UNSPEC;
}

static void
on_bound(struct acceptor *a, const struct vsap_reply *r)
{
	struct vsap_fields f;
	struct addr bound;

	if (vsap_reply_fields(r, &f) == -1 || !parse_address(&bound, f.local) ||
	    bound.kind != conf(a)->address.kind) {
		over(a, GATE_FORBIDDEN,
		    "no VSAP gateway: BIND is answered with a malformed "
		    "address",
		    r->text);
		return;
	}
	a->state = ACCEPTOR_LISTENING;
	if (!a->listen_said && say_listen(a) == -1) {
		over(a, GATE_LOST, "cannot send", "");
		return;
	}
	gate_settle(a->gate, &bound);
}

static void
on_listening(struct acceptor *a, const struct vsap_reply *r)
{
	(void)r;
	a->state = a->accept_said ? ACCEPTOR_WAITING : ACCEPTOR_HELD;
	a->express = a->express && a->accept_said;
	gate_listening(a->gate, a);
}

/* Not every gateway knows -a=. */
static bool
may_visit(const struct acceptor *a)
{
	const struct bind_conf *c = conf(a);
	const struct addr *from = &a->remote;

	if (c->nfrom == 0 || !a->have_remote || from->kind != ADDR_TCP)
		return true;
	for (unsigned i = 0; i < c->nfrom; i++)
		if (cidr_contains(&c->from[i], &from->ip))
			return true;
	return false;
}

static void
on_accepted(struct acceptor *a, const struct vsap_reply *r)
{
	struct vsap_fields f;

	a->have_local = a->have_remote = false;
	if (vsap_reply_fields(r, &f) == 0) {
		a->have_local = parse_address(&a->local, f.local);
		a->have_remote = parse_address(&a->remote, f.remote);
	}
	if (!may_visit(a)) {
		over(a, GATE_UNFIT, "does not keep to -a", r->text);
		return;
	}
	a->state = ACCEPTOR_VISITED;
	gate_visited(a->gate, a);
}

/* The visitor's descriptor came; the session is free for the next. */
static void
on_descriptor(struct acceptor *a, int fd)
{
	struct delivery *d = a->delivery;

	a->delivery = NULL;
	a->state = ACCEPTOR_HELD;
	gate_touch(a->gate);
	deliver_stream(d, fd);
}

/* A gateway that passes no descriptors: the session becomes the stream. */
static void
without_fetch(struct acceptor *a)
{
	struct delivery *d = a->delivery;
	int fd;

	gate_no_fetch(a->gate);
	a->delivery = NULL;
	fd = acceptor_take(a, true, NULL);
	if (fd == -1)
		deliver_gone(d);
	else
		deliver_stream(d, fd);
}

static void
on_fetch_refused(struct acceptor *a, const struct vsap_reply *r)
{
	struct delivery *d = a->delivery;

	if (r->code == VSAP_UNKNOWN) {
		without_fetch(a);
		return;
	}
	a->delivery = NULL;
	deliver_gone(d);
	over(a, GATE_LOST, "RELAY -f", r->text);
}

/* The original refuses a BIND that waits for its turn when more follows. */
static bool
original_refuses(const struct acceptor *a, const struct vsap_reply *r)
{
	return a->state == ACCEPTOR_BINDING && gate_pipelines(a->gate) &&
	       r->code == VSAP_NOT_BOUND &&
	       strncmp(r->text, "not bound-2", 11) == 0;
}

static const char *
forbidden_hint(const struct vsap_reply *r)
{
	if (r->code != VSAP_FORBIDDEN || strlen(r->text) > 10)
		return "";
	return " (it lets this address not be bound, or wants VSAP_AUTH)";
}

/* Will it never be otherwise? */
static bool
is_for_good(struct acceptor *a, const struct vsap_reply *r)
{
	unsigned seconds;

	if (vsap_again(r, &seconds)) {
		gate_not_before(a->gate, seconds);
		return false;
	}
	return r->code == VSAP_FORBIDDEN || r->code == VSAP_UNKNOWN ||
	       r->code == VSAP_PROTOCOL;
}

static void
on_refused(struct acceptor *a, const struct vsap_reply *r)
{
	char text[VSAP_LINE_MAX + 128];

	if (a->express && a->state == ACCEPTOR_WAITING) {
		gate_over(a->gate, a, r->text, GATE_EXPIRED);
		return;
	}
	if (original_refuses(a, r))
		gate_no_pipeline(a->gate);
	(void)snprintf(text, sizeof(text), "%s%s", r->text, forbidden_hint(r));
	over(a, is_for_good(a, r) ? GATE_FORBIDDEN : GATE_REFUSED, "refuses",
	    text);
}

/* What each state waits for. */
static const struct {
	int code;
	void (*heard)(struct acceptor *, const struct vsap_reply *);
} expected[] = {
	[ACCEPTOR_DIALING] = { 0, NULL },
	[ACCEPTOR_BINDING] = { VSAP_BOUND, on_bound },
	[ACCEPTOR_LISTENING] = { VSAP_LISTENING, on_listening },
	[ACCEPTOR_HELD] = { 0, NULL },
	[ACCEPTOR_WAITING] = { VSAP_ACCEPTED, on_accepted },
	[ACCEPTOR_VISITED] = { 0, NULL },
	[ACCEPTOR_FETCHING] = { VSAP_DESCRIPTOR, NULL },
};

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	struct acceptor *a = arg;

	if (a->state == ACCEPTOR_FETCHING && r->code == VSAP_DESCRIPTOR) {
		if (fd != -1)
			on_descriptor(a, fd);
		else /* a proxy between us and the gateway let it fall */
			without_fetch(a);
		return;
	}
	if (fd != -1)
		close(fd);
	if (r->more || expected[a->state].code == 0)
		violation(a, r);
	else if (r->code == expected[a->state].code &&
		 expected[a->state].heard != NULL)
		expected[a->state].heard(a, r);
	else if (r->code < 400)
		violation(a, r);
	else if (a->state == ACCEPTOR_FETCHING)
		on_fetch_refused(a, r);
	else
		on_refused(a, r);
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	enum gate_fault fault = permanent ? GATE_FORBIDDEN : GATE_LOST;
	struct acceptor *a = arg;
	char copy[512]; /* text goes with the session */
	unsigned seconds;

	strlcpy(copy, text, sizeof(copy));
	if (vsapc_again(a->client, &seconds)) {
		gate_not_before(a->gate, seconds);
		fault = GATE_REFUSED;
	}
	gate_over(a->gate, a, copy, fault);
}

static const struct vsapc_calls calls = { on_ready, on_reply, on_closed };

int
acceptor_new(struct gate *g)
{
	struct bind *b = gate_bind(g);
	struct vsapc_opts o = {
		.server = gate_name(g),
		.addr = *gate_server(g),
		.family = bind_conf(b)->family,
		.timeout = DIAL_TIMEOUT,
		.creds = bind_creds(b),
		.proxy = gwopts_proxy(&bind_conf(b)->gw),
	};
	struct acceptor *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return -1;
	if (bind_tls(b) != NULL)
		o.tls = gwtls_link(bind_tls(b));
	a->gate = g;
	a->called = bind_now();
	a->target = -1;
	a->client = vsapc_new(bind_base(b), bind_resolv(b), &o, &calls, a);
	if (a->client == NULL) {
		free(a);
		return -1;
	}
	gate_insert(g, a);
	return 0;
}

void
acceptor_free(struct acceptor *a)
{
	if (a == NULL)
		return;
	if (a->delivery != NULL)
		deliver_gone(a->delivery);
	vsapc_free(a->client);
	dial_cancel(a->dial);
	if (a->target != -1)
		close(a->target);
	gate_remove(a->gate, a);
	free(a);
}

void
acceptor_accept(struct acceptor *a)
{
	a->state = ACCEPTOR_WAITING;
	if (say_accept(a) == -1)
		over(a, GATE_LOST, "cannot send", "");
}

int
acceptor_take(struct acceptor *a, bool say_relay, void **token)
{
	const char *relay = ACCEPTOR_RELAY;
	size_t n = strlen(relay);
	bool tls = token != NULL && gate_server(a->gate)->tls;
	int fd;

	say_relay = say_relay && !a->express;
	a->delivery = NULL;
	fd = vsapc_take_tls(a->client, token);
	if (fd != -1)
		a->client = NULL;
	if (fd != -1 && tls && *token == NULL) {
		close(fd); /* has broken off; RELAY was not said */
		fd = -1;
	}
	acceptor_free(a);
	/* Nothing is unsent, so these bytes fit: all or a dead session. */
	if (fd != -1 && say_relay && write(fd, relay, n) != (ssize_t)n) {
		if (token != NULL && *token != NULL)
			gwtls_forget(*token);
		close(fd);
		fd = -1;
	}
	if (fd == -1 && token != NULL)
		*token = NULL;
	return fd;
}

int
acceptor_fetch(struct acceptor *a)
{
	a->state = ACCEPTOR_FETCHING;
	if (vsapc_send(a->client, "RELAY -f") == 0)
		return 0;
	a->delivery = NULL;
	acceptor_free(a);
	return -1;
}

const char *
acceptor_visitor(const struct acceptor *a, char *out, size_t outlen)
{
	if (a->have_remote)
		return ucspi_address(&a->remote, out, outlen);
	strlcpy(out, "visitor", outlen);
	return out;
}
