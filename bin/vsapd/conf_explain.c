/*
 * "vsapd -T": a query is read by the grammar, asked as a session would ask
 * it, and the rule that decides is told.
 */
#include "conf_impl.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define QUERY "query"
#define GIDS_MAX 256
#define ORIGIN_MAX 4096

/* ---- the query ----------------------------------------------------------- */

int
conf_query_from(struct conf_parse *p, const struct lex_token *t)
{
	struct conf_query *q = p->query;
	struct cidr one;
	char err[200];

	if (conf_once(p, ITEM_FROM, t) == -1)
		return -1;
	q->has_from = true;
	q->local = strcmp(t->text, "local") == 0;
	if (q->local)
		return 0;
	if (cidr_parse(&one, t->text, err, sizeof(err)) == -1 ||
	    one.bits != 128)
		return lex_error(p->lex, &t->at,
		    "from %.60s: expected one address, as 10.1.2.3, or local",
		    t->text);
	q->ip = one.ip;
	q->local = addr_ip_loopback(&q->ip);
	return 0;
}

int
conf_query_id(struct conf_parse *p, bool group, const struct lex_token *t)
{
	struct conf_query *q = p->query;
	uint32_t id;

	if (conf_system_id(p, group, t, &id) == -1)
		return -1;
	if (group && q->ngids == sizeof(q->gid) / sizeof(*q->gid))
		return lex_error(p->lex, &t->at, "more than %zu groups",
		    q->ngids);
	if (group) {
		q->gid[q->ngids++] = (gid_t)id;
		return 0;
	}
	q->has_uid = true;
	q->uid = (uid_t)id;
	return conf_once(p, ITEM_UID, t);
}

int
conf_query_text(struct conf_parse *p, char **value, const struct lex_token *t)
{
	return conf_copy(p, t->text, value);
}

int
conf_query_verb(struct conf_parse *p, enum rule_verb verb,
    const struct lex_token *t, const struct lex_token *where)
{
	struct conf_query *q = p->query;
	char err[300];
	unsigned flags = ADDR_FOR_CONNECT | ADDR_F_HTTP;

	if (q->verb != 0)
		return lex_error(p->lex, &t->at, "%s: one question at a time",
		    t->text);
	q->verb = verb;
	if (verb == RULE_STAT)
		return 0;
	if (verb == RULE_BIND)
		flags = ADDR_FOR_BIND | ADDR_F_HTTP;
	if (addr_parse(&q->addr, where->text, flags, err, sizeof(err)) == -1)
		return lex_error(p->lex, &where->at, "%s %s", t->text, err);
	return 0;
}

static char *
open_query(void *arg, const char *path, size_t *len)
{
	char *text;
	int n;

	if (strcmp(path, QUERY) != 0)
		return conf_open_file(NULL, path, len);
	if ((n = asprintf(&text, "%s\n", (const char *)arg)) == -1)
		return NULL;
	*len = (size_t)n;
	return text;
}

static int
check_query(const struct conf *c, const struct conf_query *q, char *err,
    size_t errlen)
{
	const char *wrong = NULL;

	if (q->verb == 0)
		wrong = "expected bind, connect, forward or stat";
	else if (q->has_uid && q->has_from && !q->local)
		wrong = "uid is known of local peers alone: no from";
	else if (q->ngids > 0 && !q->has_uid && q->has_from && !q->local)
		wrong = "gid is known of local peers alone: no from";
	else if ((q->cert != NULL || q->print != NULL) && !q->tls)
		wrong = "a certificate comes over tls: write over tls, too";
	if (wrong != NULL)
		(void)snprintf(err, errlen, QUERY ": %s", wrong);
	else if (q->user != NULL && !conf_user_known(c, q->user))
		(void)snprintf(err, errlen,
		    QUERY ": user \"%.64s\": there is no such user", q->user);
	else
		return 0;
	return -1;
}

/* It has one line: no number is worth a word. */
static void
drop_line(char *err)
{
	static const char with[] = QUERY ":1: ";
	size_t n = strlen(QUERY ":");

	if (strncmp(err, with, strlen(with)) == 0)
		memmove(err + n, err + strlen(with) - 1,
		    strlen(err + strlen(with) - 1) + 1);
}

static int
read_query(const struct conf *c, const char *text, struct conf_query *q,
    char *err, size_t errlen)
{
	char *copy = strdup(text);
	struct conf_parse p = { .open = open_query,
		.arg = copy,
		.query = q,
		.start = conf_start_query };
	int r;

	(void)strlcpy(err, strerror(ENOMEM), errlen);
	if (copy == NULL)
		return -1;
	r = conf_parse_run(&p, QUERY, err, errlen);
	lex_free(p.lex);
	free(copy);
	if (r == 0)
		return check_query(c, q, err, errlen);
	drop_line(err);
	return -1;
}

/* ---- who asks ------------------------------------------------------------ */

/* All groups of the user, and those of the query. */
static size_t
find_gids(const struct conf_query *q, gid_t *gids)
{
	const struct passwd *pw;
	int n = GIDS_MAX - 16;
	size_t all = 0;

	if (q->has_uid && (pw = getpwuid(q->uid)) != NULL) {
		if (getgrouplist(pw->pw_name, pw->pw_gid, gids, &n) == -1)
			n = GIDS_MAX - 16; /* as many as there is room for */
		all = (size_t)n;
	}
	memcpy(gids + all, q->gid, q->ngids * sizeof(*gids));
	return all + q->ngids;
}

static void
make_who(const struct conf_query *q, struct rule_who *who, gid_t *gids)
{
	bool is_unix = q->has_uid || q->ngids > 0;

	*who = (struct rule_who){
		.is_unix = is_unix,
		.local = is_unix || q->local,
		.uid = q->has_uid ? q->uid : (uid_t)-1,
		.gids = gids,
		.ngids = find_gids(q, gids),
		.ip = q->ip,
		.user = q->user,
		.tls = q->tls,
		.cert_name = q->cert,
		.cert_print = q->print,
	};
}

/* ---- answers ------------------------------------------------------------- */

struct asked {
	const struct conf *conf;
	const struct conf_query *q;
	struct rule_who who;
	FILE *out;
};

static bool
tell(const struct asked *a, const char *what, const struct rule *r,
    const char *more)
{
	char origin[ORIGIN_MAX];

	if (r == NULL)
		fprintf(a->out, "%sdenied: no rule matches%s\n", what, more);
	else
		fprintf(a->out, "%s%s %s%s: %s%s\n", what,
		    rule_permits(r) ? "permitted" : "denied",
		    strcmp(rule_origin(r, origin, sizeof(origin)),
			"built in") == 0
			? ""
			: "by ",
		    origin, rule_text(r), more);
	return rule_permits(r);
}

static bool
ask_bind(const struct asked *a)
{
	uint16_t lo, hi;
	const struct rule *r =
	    rules_bind(a->conf->rules, &a->who, &a->q->addr, &lo, &hi);
	char ports[64] = "";

	if (lo != 0)
		(void)snprintf(ports, sizeof(ports), " (a port of %u to %u)",
		    lo, hi);
	return tell(a, "", r, ports);
}

/* An address of this machine? */
static bool
is_ours(const struct in6_addr *ip)
{
	struct ifaddrs *list, *i;
	struct in6_addr one;
	bool found = addr_ip_loopback(ip);

	if (getifaddrs(&list) == -1)
		return found;
	for (i = list; i != NULL; i = i->ifa_next)
		found = found || (i->ifa_addr != NULL &&
				     addr_ip_sa(i->ifa_addr, &one) == 0 &&
				     IN6_ARE_ADDR_EQUAL(&one, ip));
	freeifaddrs(list);
	return found;
}

static bool
is_own(const struct conf *c, const struct in6_addr *ip, uint16_t port)
{
	const struct conf_listen *l;

	STAILQ_FOREACH(l, &c->listen, entry)
		if (l->addr.kind == ADDR_TCP && l->addr.port == port &&
		    (l->addr.any ? is_ours(ip)
				 : IN6_ARE_ADDR_EQUAL(&l->addr.ip, ip)))
			return true;
	return false;
}

static bool
ask_address(const struct asked *a, const char *what, const struct in6_addr *ip)
{
	bool own = is_own(a->conf, ip, a->q->addr.port);

	return tell(a, what,
	    rules_reach(a->conf->rules, a->q->verb, &a->who, &a->q->addr, ip,
		own),
	    own ? " (a listener of the gateway)" : "");
}

/* By its name alone: what is not resolved here. */
static bool
ask_name(const struct asked *a, const char *more)
{
	return tell(a, "",
	    rules_reach(a->conf->rules, a->q->verb, &a->who, &a->q->addr, NULL,
		false),
	    more);
}

/* Each address of a name by itself. */
static bool
ask_resolved(const struct asked *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *i;
	char what[NI_MAXHOST + 2], more[256];
	struct in6_addr ip;
	bool any = false;
	int e = getaddrinfo(a->q->addr.text, NULL, &hints, &list);

	if (e != 0) {
		(void)snprintf(more, sizeof(more),
		    " (its addresses are not known: %s)", gai_strerror(e));
		return ask_name(a, more);
	}
	for (i = list; i != NULL; i = i->ai_next) {
		if (addr_ip_sa(i->ai_addr, &ip) == -1)
			continue;
		addr_host_sa(i->ai_addr, what, sizeof(what) - 2);
		(void)strlcat(what, ": ", sizeof(what));
		any = ask_address(a, what, &ip) || any;
	}
	freeaddrinfo(list);
	return any;
}

static bool
ask_reach(const struct asked *a)
{
	const struct addr *addr = &a->q->addr;

	if (addr->kind != ADDR_TCP)
		return ask_name(a, "");
	if (addr->family != AF_UNSPEC)
		return ask_address(a, "", &addr->ip);
	if (a->conf->has_upstream)
		return ask_name(a, " (the upstream looks at its addresses)");
	return ask_resolved(a);
}

/* Why the peer would not come to ask at all; NULL: it would. */
static const char *
before(const struct asked *a)
{
	const struct conf_query *q = a->q;

	if (q->has_from && !a->who.is_unix &&
	    !IN6_IS_ADDR_UNSPECIFIED(&q->ip) &&
	    !rules_admit(a->conf->rules, &q->ip))
		return "this address is not admitted (admit from, -a)";
	if (a->conf->auth_required && q->user == NULL)
		return "nobody may do anything without a user name "
		       "(authentication required, -A)";
	return NULL;
}

static bool
ask(const struct asked *a)
{
	const char *why = before(a);

	if (why != NULL) {
		fprintf(a->out, "denied: %s\n", why);
		return false;
	}
	switch (a->q->verb) {
	case RULE_BIND:
		return ask_bind(a);
	case RULE_STAT:
		return tell(a, "", rules_stat(a->conf->rules, &a->who), "");
	default:
		return ask_reach(a);
	}
}

int
conf_explain(const struct conf *c, const char *query, FILE *out, char *err,
    size_t errlen)
{
	struct conf_query q = { 0 };
	struct asked a = { .conf = c, .q = &q, .out = out };
	gid_t gids[GIDS_MAX];
	int r;

	r = read_query(c, query, &q, err, errlen);
	if (r == 0) {
		make_who(&q, &a.who, gids);
		r = ask(&a) ? 0 : 1;
	}
	free(q.user);
	free(q.cert);
	free(q.print);
	return r;
}
