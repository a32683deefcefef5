#include "hop.h"

#include <sys/queue.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "clock.h"
#include "creds.h"
#include "log.h"
#include "tlsin.h"
#include "vsap_client.h"

/* An address bound at the upstream by sessions of one owner here: upstream
 * they are all ours, so that this is where a second owner is refused. */
struct claim {
	TAILQ_ENTRY(claim) entry;
	char addr[ADDR_STRLEN];
	char owner[OWNER_MAX];
	unsigned count;
};

struct claims {
	TAILQ_HEAD(, claim) all;
};

struct hop {
	struct session *session;
	struct vsapc *up;
	struct gwlink_tls tls;
	char *creds; /* a reload may change them meanwhile */
	bool ready;
	bool offered;  /* 230 or 240 came and nothing was done with it */
	bool echoed;   /* an ECHO of ours that cancels ACCEPT is under way */
	bool waits;    /* CONNECT -t= is under way: for a binder, for long */
	char verb[16]; /* the request under way, "" none */
	char line[VSAP_LINE_MAX + 1]; /* the first, until upstream is ready */
	char claim[ADDR_STRLEN];
	struct claim *claims[VSAP_BINDS_MAX];
	unsigned nclaims;
};

/* --- claims --------------------------------------------------------------- */

static struct claim *
claim_find(struct gateway *gw, const char *addr)
{
	struct claim *c;

	if (gw->claims == NULL)
		return NULL;
	TAILQ_FOREACH(c, &gw->claims->all, entry)
		if (strcmp(c->addr, addr) == 0)
			return c;
	return NULL;
}

static struct claim *
claim_new(struct gateway *gw, const char *addr, const char *owner)
{
	struct claim *c;

	if (gw->claims == NULL) {
		if ((gw->claims = calloc(1, sizeof(*gw->claims))) == NULL)
			return NULL;
		TAILQ_INIT(&gw->claims->all);
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	strlcpy(c->addr, addr, sizeof(c->addr));
	strlcpy(c->owner, owner, sizeof(c->owner));
	TAILQ_INSERT_TAIL(&gw->claims->all, c, entry);
	return c;
}

static void
claim_drop(struct gateway *gw, struct claim *c)
{
	if (--c->count > 0)
		return;
	TAILQ_REMOVE(&gw->claims->all, c, entry);
	free(c);
}

/* The upstream bound an address for this session.  false: at the same time
 * it did so for another owner. */
static bool
claim_take(struct hop *h, const struct vsap_reply *r)
{
	struct gateway *gw = h->session->gw;
	struct vsap_fields f;
	struct claim *c;

	if (vsap_reply_fields(r, &f) == -1 || h->nclaims >= VSAP_BINDS_MAX)
		return true;
	c = claim_find(gw, f.local);
	if (c == NULL)
		c = claim_new(gw, f.local, h->session->owner);
	if (c == NULL)
		return true;
	if (strcmp(c->owner, h->session->owner) != 0)
		return false;
	c->count++;
	h->claims[h->nclaims++] = c;
	return true;
}

/* How the upstream will name the address, as far as we can tell. */
static void
claim_name(const char *text, char *out, size_t outlen)
{
	struct addr a;
	char err[128];

	if (addr_parse(&a, text, ADDR_FOR_BIND, err, sizeof(err)) == -1 ||
	    (a.kind == ADDR_TCP && a.port == 0) ||
	    cmd_bind_name(&a, out, outlen) != NULL)
		out[0] = '\0';
}

/* --- answers -------------------------------------------------------------- */

/* The reply that says that a request could not be carried out up there. */
static int
failure_code(const char *verb)
{
	static const struct {
		const char *verb;
		int code;
	} codes[] = {
		{ "BIND", VSAP_NOT_BOUND },
		{ "LISTEN", VSAP_NOT_LISTENING },
		{ "ACCEPT", VSAP_NOT_ACCEPTED },
		{ "CONNECT", VSAP_NOT_CONNECTED },
		{ "FORWARD", VSAP_NOT_CONNECTED },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].verb, verb) == 0)
			return codes[i].code;
	return VSAP_UNKNOWN;
}

/* A refusal from up there; to wait in vain is none. */
static void
log_refusal(const struct hop *h, const struct vsap_reply *r)
{
	if (r->code >= 400 && r->code != VSAP_NOT_ACCEPTED)
		session_log(h->session, "%s: upstream: %s", h->session->peer,
		    r->text);
}

static void
answered(struct hop *h)
{
	h->verb[0] = '\0';
	if (!h->offered)
		limit_give(&h->session->held_stream);
	session_done(h->session);
}

static void
took_peer(struct hop *h, const struct vsap_reply *r)
{
	char what[2 * VISITOR_ADDR];
	struct vsap_fields f;
	struct session *s = h->session;

	h->offered = true;
	if (r->code == VSAP_ACCEPTED)
		s->offered = clock_seconds();
	if (vsap_reply_fields(r, &f) == 0)
		snprintf(what, sizeof(what), "%.120s %.120s", f.local,
		    f.remote);
	else
		what[0] = '\0';
	log_vis(what, s->what, sizeof(s->what)); /* their words, our log */
}

static void
forward_reply(struct hop *h, const struct vsap_reply *r)
{
	struct session *s = h->session;

	session_reply_raw(s, r);
	if (s->state == S_DEAD) /* and h with it */
		return;
	if (r->code == VSAP_FORWARDING)
		session_wait(s, S_FORWARDING, 0, NULL);
	else if (r->code == VSAP_FORWARDED ||
		 (r->code >= 400 && s->state != S_FORWARDING))
		answered(h);
}

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	struct hop *h = arg;
	struct session *s = h->session;

	if (fd != -1) /* nothing that we asked for */
		close(fd);
	if (h->echoed && r->code == VSAP_OK) {
		h->echoed = false;
		answered(h);
		session_work(s);
		return;
	}
	if (strcmp(h->verb, "FORWARD") == 0) {
		forward_reply(h, r);
		session_work(s);
		return;
	}
	if (h->verb[0] == '\0')
		return;
	log_refusal(h, r);
	if (r->code == VSAP_BOUND && !claim_take(h, r)) {
		session_refuse(s, VSAP_NOT_BOUND,
		    "not bound: in use by another "
		    "owner here; say it again");
		session_finish(s);
		session_work(s);
		return;
	}
	if (r->code < 400)
		session_known(s);
	session_reply_raw(s, r);
	if (s->state == S_DEAD)
		return;
	/* Even one that has crossed our cancelling on the way. */
	if (r->code == VSAP_ACCEPTED || r->code == VSAP_CONNECTED)
		took_peer(h, r);
	if (r->code == VSAP_PROTOCOL) {
		session_finish(s);
		session_work(s);
		return;
	}
	if (h->echoed || r->more)
		return;
	answered(h);
	session_work(s);
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	struct hop *h = arg;
	struct session *s = h->session;
	bool held = h->nclaims > 0;

	(void)permanent;
	session_log(s, "upstream: %s", text);
	if (h->offered) {
		/* The upstream took the visitor back: so do we. */
		session_reset(s, "upstream took the visitor back");
		return;
	}
	if (h->verb[0] != '\0')
		session_reply(s, failure_code(h->verb), "upstream: %s", text);
	if (s->state == S_DEAD) /* and h with it */
		return;
	h->verb[0] = '\0';
	/* What was bound up there is gone with the session. */
	if (held)
		session_finish(s);
	else {
		s->hop = NULL;
		hop_free(h);
		session_done(s);
	}
	session_work(s);
}

static void
on_ready(void *arg)
{
	struct hop *h = arg;

	h->ready = true;
	if (vsapc_send(h->up, "%s", h->line) == -1 ||
	    (h->echoed && vsapc_send(h->up, "ECHO cancel") == -1))
		session_reset(h->session, "cannot write to the upstream");
}

/* --- requests ------------------------------------------------------------- */

static struct hop *
hop_new(struct session *s)
{
	static const struct vsapc_calls calls = { on_ready, on_reply,
		on_closed };
	const struct conf *conf = s->gw->conf;
	struct vsapc_opts opts = { 0 };
	char name[ADDR_STRLEN];
	struct hop *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->session = s;
	if (conf->creds != NULL && (h->creds = strdup(conf->creds)) == NULL) {
		free(h);
		return NULL;
	}
	opts.creds = h->creds;
	if (conf->upstream_tls) {
		tlsin_link(s->gw, &h->tls);
		opts.tls = &h->tls;
	}
	opts.addr = conf->upstream;
	opts.server = addr_format(&conf->upstream, name, sizeof(name));
	h->up = vsapc_new(s->gw->base, s->gw->resolv, &opts, &calls, h);
	if (h->up == NULL) {
		creds_free(h->creds);
		free(h);
		return NULL;
	}
	return h;
}

void
hop_free(struct hop *h)
{
	if (h == NULL)
		return;
	while (h->nclaims > 0)
		claim_drop(h->session->gw, h->claims[--h->nclaims]);
	vsapc_free(h->up);
	creds_free(h->creds);
	free(h);
}

bool
hop_offered(const struct hop *h)
{
	return h != NULL && h->offered;
}

bool
hop_holds(const struct hop *h)
{
	return h != NULL && h->nclaims > 0;
}

bool
hop_waits(const struct hop *h)
{
	return h != NULL && h->waits;
}

/*
 * The address by which a destination is judged here.  A name is resolved up
 * there, so here it is an address of nobody: a rule for a network says
 * nothing of it, one for names does.
 */
static const struct in6_addr *
judged_by(const struct addr *a)
{
	static const struct in6_addr nobody = {
		.s6_addr = { 1, [15] = 1 }, /* RFC 6666 */
	};

	if (a->kind != ADDR_TCP || a->family != AF_UNSPEC)
		return &a->ip;
	return strcasecmp(a->text, "localhost") == 0 ? &in6addr_loopback
						     : &nobody;
}

static enum rule_verb
right_of(const char *verb)
{
	return strcmp(verb, "BIND") == 0      ? RULE_BIND
	       : strcmp(verb, "FORWARD") == 0 ? RULE_FORWARD
					      : RULE_CONNECT;
}

/* May it go up?  Our own rules, if there are any, and our own owners. */
static bool
admissible(struct session *s, const struct vsap_request *req)
{
	const char *text = req->argc > 0 ? req->argv[0] : ":0";
	char name[ADDR_STRLEN], err[256];
	struct claim *c;
	struct addr a;
	uint16_t lo, hi;
	bool bind = strcmp(req->verb, "BIND") == 0;
	const struct rule *rule;

	if (!bind && strcmp(req->verb, "CONNECT") != 0 &&
	    strcmp(req->verb, "FORWARD") != 0)
		return true;
	if (addr_parse(&a, text, bind ? ADDR_FOR_BIND : ADDR_FOR_CONNECT, err,
		sizeof(err)) == -1) {
		session_refuse(s, failure_code(req->verb), "%s %.300s: %s",
		    bind ? "not bound" : "cannot connect", text,
		    cmd_addr_error(text, err));
		return false;
	}
	rule = bind ? rules_bind(s->gw->conf->rules, &s->who, &a, &lo, &hi)
		    : rules_reach(s->gw->conf->rules, right_of(req->verb),
			  &s->who, &a, judged_by(&a), false);
	if (!rule_permits(rule)) {
		cmd_forbid(s, &(struct cmd_forbidden){ .verb = req->verb,
				  .right = right_of(req->verb),
				  .what = text,
				  .where = text,
				  .rule = rule });
		return false;
	}
	claim_name(text, name, sizeof(name));
	if (!bind || (c = claim_find(s->gw, name)) == NULL ||
	    strcmp(c->owner, s->owner) == 0)
		return true;
	session_refuse(s, VSAP_NOT_BOUND, "not bound %.300s: in use by %s",
	    text, c->owner);
	return false;
}

static void
send_up(struct session *s, const struct vsap_request *req)
{
	struct hop *h = s->hop;

	strlcpy(h->verb, req->verb, sizeof(h->verb));
	if (strcmp(req->verb, "BIND") != 0 &&
	    strcmp(req->verb, "LISTEN") != 0) {
		h->offered = false;
		s->offered = 0;
	}
	if (!h->offered && strcmp(req->verb, "CONNECT") != 0)
		limit_give(&s->held_stream);
	h->waits =
	    strcmp(req->verb, "CONNECT") == 0 && vsap_option(req, 't') != NULL;
	if (h->waits)
		session_known(s);
	session_wait(s,
	    strcmp(req->verb, "ACCEPT") == 0 ? S_ACCEPTING : S_WAITING, 0,
	    NULL);
	snprintf(h->line, sizeof(h->line), "%s%s%s", req->verb,
	    req->rest[0] != '\0' ? " " : "", req->rest);
	if (h->ready && vsapc_send(h->up, "%s", h->line) == -1)
		session_reset(s, "cannot write to the upstream");
}

/* Both connections become the stream. */
static void
relay(struct session *s, const struct vsap_request *req)
{
	struct hop *h = s->hop;
	char why[160];
	bool f;

	if (!cmd_relay_check(s, req, hop_offered(h), &f))
		return;
	if (f) {
		session_reply(s, VSAP_UNKNOWN,
		    "RELAY -f: a chained gateway passes no descriptors; say "
		    "RELAY");
		return;
	}
	if (!session_may_stream(s, why, sizeof(why))) {
		session_reset(s, why);
		return;
	}
	/* The idle limit is kept up there. */
	if (vsapc_send(h->up, s->idle > 0 ? "RELAY -t=%u" : "RELAY", s->idle) ==
		-1 ||
	    (s->peer_fd = vsapc_take(h->up)) == -1) {
		session_reset(s, "cannot write to the upstream");
		return;
	}
	h->up = NULL;
	h->offered = false;
	s->idle = 0;
	session_relay(s);
}

void
hop_request(struct session *s, const struct vsap_request *req)
{
	char why[160];

	if (strcmp(req->verb, "RELAY") == 0) {
		relay(s, req);
		return;
	}
	if (!admissible(s, req))
		return;
	if (strcmp(req->verb, "CONNECT") == 0 &&
	    !session_may_stream(s, why, sizeof(why))) {
		session_refuse(s, VSAP_NOT_CONNECTED,
		    "cannot connect %.300s: %s",
		    req->argc > 0 ? req->argv[0] : "", why);
		return;
	}
	if (s->hop == NULL && (s->hop = hop_new(s)) == NULL) {
		session_refuse(s, failure_code(req->verb), "upstream: %s",
		    strerror(errno));
		return;
	}
	send_up(s, req);
}

void
hop_cancel_accept(struct session *s)
{
	struct hop *h = s->hop;

	/* Anything cancels it; what we say has an answer of its own. */
	h->echoed = true;
	session_wait(s, S_WAITING, 0, NULL);
	if (h->ready && vsapc_send(h->up, "ECHO cancel") == -1)
		session_reset(s, "cannot write to the upstream");
}

void
hop_end_forward(struct session *s)
{
	session_wait(s, S_WAITING, 0, NULL);
	if (vsapc_send(s->hop->up, "BREAK") == -1)
		session_reset(s, "cannot write to the upstream");
}
