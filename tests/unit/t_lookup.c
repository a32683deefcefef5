/*
 * Names of addresses and of users: a name server of our own with good,
 * hostile and silent zones, and ident peers.
 */
#include "ircd-lite/lookup.h"

#include <sys/un.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <time.h>

#include "addr.h"
#include "clock.h"
#include "ircd-lite/hostcache.h"
#include "loop.h"
#include "net.h"
#include "tap.h"
#include "tool.h"

#define LABEL "abcdefghijklmnopqrstuvwxyz"

static const char *const zone[] = {
	"dnsstub.pl",
	"192.0.2.1 PTR good.test",
	"good.test A 192.0.2.1",
	"192.0.2.2 PTR no.test",
	"192.0.2.2 PTR other.test",
	"192.0.2.2 PTR many.test",
	"no.test NONE",
	"other.test A 192.0.2.99",
	"many.test A 192.0.2.98",
	"many.test A 192.0.2.2",
	"192.0.2.3 PTR p1.test",
	"192.0.2.3 PTR p2.test",
	"192.0.2.3 PTR p3.test",
	"192.0.2.3 PTR p4.test",
	"192.0.2.3 PTR p5.test",
	"192.0.2.3 PTR p6.test",
	"p1.test A 192.0.2.99",
	"p5.test A 192.0.2.3",
	"192.0.2.4 PTR other.test",
	"192.0.2.5 PTR nowhere.test",
	"192.0.2.7 STALL",
	"192.0.2.8 GARBAGE",
	"192.0.2.9 PTR \\x1b[31mred.test",
	"192.0.2.10 PTR " LABEL "." LABEL ".longer.test",
	"192.0.2.11 PTR *.test",
	"192.0.2.12 PTR 192.0.2.12",
	"192.0.2.13 PTR a b.test",
	"192.0.2.14 PTR a\\x00b.test",
	"192.0.2.15 PTR a\\.b.test",
	"192.0.2.16 LOOP",
	"192.0.2.17 PTR good.test",
	"192.0.2.17 SHORT",
	"192.0.2.18 SERVFAIL",
	"192.0.2.19 CNAME 19.sub.test",
	"19.sub.test PTR c.test",
	"c.test CNAME d.test",
	"d.test A 192.0.2.19",
	"192.0.2.20 PTR t.test",
	"192.0.2.20 TRUNC",
	"t.test A 192.0.2.20",
	"t.test TRUNC",
	"192.0.2.21 PTR " LABEL "." LABEL ".d.test.ab",
	LABEL "." LABEL ".d.test.ab A 192.0.2.21",
	"192.0.2.22 PTR silent.test",
	"silent.test STALL",
	"192.0.2.23 PTR localhost",
	"192.0.2.24 PTR 0x7f.1",
	"192.0.2.25 PTR !bad.test",
	"192.0.2.25 PTR ok.test",
	"ok.test A 192.0.2.25",
	"192.0.2.26 PTR \\xc3\\xa9.test",
	"192.0.2.27 PTR a_b-c.Test",
	"a_b-c.test A 192.0.2.27",
	"2001:db8::1 PTR six.test",
	"six.test A 192.0.2.1",
	"six.test AAAA 2001:db8::1",
	NULL,
};

static const struct {
	const char *ip;
	const char *name; /* NULL: none */
	int error;	  /* then; 0: whatever it is */
	bool silent;	  /* no answer comes: it is not waited for long */
} names[] = {
	{ "192.0.2.1", "good.test", 0, false },
	{ "::ffff:192.0.2.1", "good.test", 0, false },
	{ "2001:db8::1", "six.test", 0, false },
	{ "192.0.2.2", "many.test", 0, false },
	{ "192.0.2.3", NULL, EADDRNOTAVAIL, false },
	{ "192.0.2.4", NULL, EADDRNOTAVAIL, false },
	{ "192.0.2.5", NULL, EHOSTUNREACH, false },
	{ "192.0.2.6", NULL, EHOSTUNREACH, false },
	{ "192.0.2.7", NULL, ETIMEDOUT, true },
	{ "192.0.2.8", NULL, 0, true },
	{ "192.0.2.9", NULL, 0, false },
	{ "192.0.2.10", NULL, ENAMETOOLONG, false },
	{ "192.0.2.11", NULL, 0, false },
	{ "192.0.2.12", NULL, EILSEQ, false },
	{ "192.0.2.13", NULL, 0, false },
	{ "192.0.2.14", NULL, 0, false },
	{ "192.0.2.15", NULL, 0, false },
	{ "192.0.2.16", NULL, 0, false },
	{ "192.0.2.17", NULL, 0, false },
	{ "192.0.2.18", NULL, EHOSTUNREACH, false },
	{ "192.0.2.19", "c.test", 0, false },
	{ "192.0.2.20", "t.test", 0, false },
	{ "192.0.2.21", LABEL "." LABEL ".d.test.ab", 0, false },
	{ "192.0.2.22", NULL, ETIMEDOUT, true },
	{ "192.0.2.23", NULL, EADDRNOTAVAIL, false },
	{ "192.0.2.24", NULL, EILSEQ, false },
	{ "192.0.2.26", NULL, 0, false },
	{ "192.0.2.27", "a_b-c.Test", 0, false },
};

static const struct {
	const char *name;
	bool plain;
} plain[] = {
	{ "a", true },
	{ "A-b_c.example.org", true },
	{ "1.example", true },
	{ "1-2-3-4", true },
	{ "0xg", true },
	{ "", false },
	{ ".", false },
	{ "a.", false },
	{ ".a", false },
	{ "a..b", false },
	{ "1.2.3.4", false },
	{ "1", false },
	{ "a.1", false },
	{ "0x7f000001", false },
	{ "0x7f.0X1", false },
	{ "017.0.0.01", false },
	{ "*", false },
	{ "*.example.org", false },
	{ "a b", false },
	{ "a:b", false },
	{ "a/b", false },
	{ "a!b@c", false },
	{ "\033[1m", false },
	{ "a\n", false },
	{ "\303\251", false },
};

static struct event_base *base;
static struct tool stub;

/* The cache's clock, which stands unless it is moved. */
static time_t now = 1000;

time_t
clock_seconds(void)
{
	return now;
}

/* ---- the resolver ---- */

static struct {
	int calls, error;
	char name[256];
} seen;

static void
on_name(void *arg, const char *name, const char *error)
{
	(void)arg;
	seen.error = errno;
	seen.calls++;
	snprintf(seen.name, sizeof(seen.name), "%s", name ? name : "-");
	if ((name == NULL) == (error == NULL))
		seen.calls = 99;
}

static void
sockaddr_of(struct sockaddr_storage *ss, const char *ip, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, ip, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
	} else if (inet_pton(AF_INET6, ip, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
	} else {
		printf("Bail out! %s\n", ip);
		exit(1);
	}
}

/* Turn until *count has reached want, or 20 seconds have gone. */
static void
until(const int *count, int want)
{
	struct timeval tick = { .tv_usec = 20000 };
	time_t end = time(NULL) + 20;

	while (*count < want && time(NULL) < end) {
		event_base_loopexit(base, &tick);
		event_base_dispatch(base);
	}
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static struct resolv *
resolver(void)
{
	struct resolv *r = resolv_new(base);

	if (r == NULL || resolv_servers(r, stub.where) == -1) {
		printf("Bail out! %s\n", strerror(errno));
		exit(1);
	}
	return r;
}

static void
reverse(struct resolv *r, const char *ip, const char *name, int error)
{
	struct sockaddr_storage ss;

	memset(&seen, 0, sizeof(seen));
	sockaddr_of(&ss, ip, 6667);
	ok(resolv_reverse(r, (struct sockaddr *)&ss, on_name, NULL) != NULL,
	    "%s: asked", ip);
	is_int(seen.calls, 0, "not called from within resolv_reverse()");
	until(&seen.calls, 1);
	turn();
	is_int(seen.calls, 1, "called once");
	is_str(seen.name, name ? name : "-", "its name");
	if (error != 0)
		is_int(seen.error, error, "errno: %s", strerror(seen.error));
}

static void
reverses(void)
{
	struct resolv *r = resolver();
	size_t i;

	resolv_patience(r, 5000, 1);
	is_int(resolv_open(r), 0, "opened before the first query");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		resolv_patience(r, names[i].silent ? 200 : 5000, 1);
		reverse(r, names[i].ip, names[i].name, names[i].error);
	}
	resolv_patience(r, 5000, 1);
	/* c-ares gives up what it cannot read, or leaves it to us */
	memset(&seen, 0, sizeof(seen));
	reverse(r, "192.0.2.25",
	    tool_said(&stub, "query ok.test") > 0 ? "ok.test" : NULL, 0);
	is_int(tool_said(&stub, "query p5.test"), 0,
	    "a fifth name is not tried");
	is_int(tool_said(&stub, "query localhost"), 0,
	    "localhost is not asked for");
	resolv_free(r);
}

static void
resolver_life(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct resolv *r = resolver();
	struct resolv_query *q;

	memset(&seen, 0, sizeof(seen));
	sockaddr_of(&ss, "192.0.2.1", 0);
	ok(resolv_reverse(r, (struct sockaddr *)&un, on_name, NULL) == NULL &&
		errno == EAFNOSUPPORT,
	    "a UNIX-domain address has no name");
	is_int(resolv_servers(r, "nonsense"), -1, "no name server");
	is_int(errno, EINVAL, "errno");
	is_int(resolv_servers(r, ""), -1, "nor is nothing");
	is_int(resolv_servers(r, "[::1]:5353,127.0.0.1"), 0, "a list");
	resolv_servers(r, stub.where);
	q = resolv_reverse(r, (struct sockaddr *)&ss, on_name, NULL);
	resolv_cancel(q);
	resolv_cancel(NULL);
	turn();
	is_int(seen.calls, 0, "cancelled: silent");
	resolv_reverse(r, (struct sockaddr *)&ss, on_name, NULL);
	is_int(resolv_servers(r, NULL), 0, "another server meanwhile");
	until(&seen.calls, 1);
	is_int(seen.calls, 1, "ends what is under way");
	is_str(seen.name, "-", "without a name");
	resolv_servers(r, stub.where);
	resolv_reverse(r, (struct sockaddr *)&ss, on_name, NULL);
	resolv_free(r);
	turn();
	is_int(seen.calls, 1, "freed with a query under way: silent");
}

static void
plain_names(void)
{
	char label[130];
	size_t i;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ok(resolv_name_plain(plain[i].name) == plain[i].plain,
		    "name %zu", i);
	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	ok(resolv_name_plain(label), "a label of 63 bytes");
	label[63] = 'a';
	label[64] = '\0';
	ok(!resolv_name_plain(label), "a label of 64 bytes");
}

/* ---- lookups ---- */

struct client {
	struct lookup *lookup;
	int hosts, idents, done, after;
	enum lookup_event host, ident;
	char name[128], user[128];
	int cancel_at; /* cancel in this call, counted from 1 */
};

static int all_done;
static unsigned seconds = 15; /* that a lookup has */

static void
on_event(void *arg, enum lookup_event ev, const char *text)
{
	struct client *c = arg;

	c->after += c->done;
	if (ev == LOOKUP_DONE) {
		c->done++;
		all_done++;
		return;
	}
	if (ev == LOOKUP_IDENT_FOUND || ev == LOOKUP_IDENT_FAILED) {
		c->idents++;
		c->ident = ev;
		snprintf(c->user, sizeof(c->user), "%s", text);
	} else {
		c->hosts++;
		c->host = ev;
		snprintf(c->name, sizeof(c->name), "%s", text);
	}
	if (c->cancel_at == c->hosts + c->idents) {
		all_done++;
		lookup_cancel(c->lookup);
	}
}

static void
start(struct lookups *ls, struct client *c, const char *peer, const char *local,
    unsigned what)
{
	struct sockaddr_storage p, l;

	sockaddr_of(&p, peer, 6193);
	sockaddr_of(&l, local, 6667);
	c->lookup = lookup_start(ls, (struct sockaddr *)&p,
	    (struct sockaddr *)&l, what, seconds, seconds, on_event, c);
	if (c->lookup == NULL || c->hosts + c->idents + c->done > 0)
		ok(0, "lookup_start()");
}

static void
found_and_kept(struct lookups *ls)
{
	struct client c[10] = { 0 };
	int asked = tool_said(&stub, "query good.test");
	int i;

	all_done = 0;
	for (i = 0; i < 10; i++)
		start(ls, &c[i], "192.0.2.1", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 10);
	turn();
	for (i = 0; i < 10; i++)
		ok(c[i].hosts == 1 && c[i].done == 1 && c[i].after == 0 &&
			c[i].idents == 0 && c[i].host == LOOKUP_HOST_FOUND &&
			strcmp(c[i].name, "good.test") == 0,
		    "found by number %d", i);
	is_int(tool_said(&stub, "query good.test") - asked, 1,
	    "asked once for all who came at once");

	memset(c, 0, sizeof(c));
	all_done = 0;
	start(ls, &c[0], "::ffff:192.0.2.1", "::1", LOOKUP_DNS);
	until(&all_done, 1);
	is_str(c[0].name, "good.test", "found again");
	is_int(tool_said(&stub, "query good.test") - asked, 1, "unasked");
	now += HOSTCACHE_HIT - 1;
	start(ls, &c[1], "192.0.2.1", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 2);
	is_int(tool_said(&stub, "query good.test") - asked, 1, "long after");
	now++;
	start(ls, &c[2], "192.0.2.1", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 3);
	is_int(tool_said(&stub, "query good.test") - asked, 2,
	    "asked again after its time");
	lookups_forget(ls);
	start(ls, &c[3], "192.0.2.1", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 4);
	is_int(tool_said(&stub, "query good.test") - asked, 3,
	    "and when all was forgotten");
}

static void
what_failed(struct lookups *ls)
{
	static const struct {
		const char *ip;
		enum lookup_event host;
	} cases[] = {
		{ "192.0.2.4", LOOKUP_HOST_MISMATCH },
		{ "192.0.2.6", LOOKUP_HOST_FAILED },
		{ "192.0.2.7", LOOKUP_HOST_FAILED },
		{ "192.0.2.9", LOOKUP_HOST_FAILED },
		{ "192.0.2.10", LOOKUP_HOST_LONG },
		{ "192.0.2.11", LOOKUP_HOST_FAILED },
	};
	struct client c[6] = { 0 }, quick = { 0 };
	int i, asked;

	all_done = 0;
	for (i = 0; i < 6; i++) {
		seconds = i == 2 ? 1 : 15;
		start(ls, &c[i], cases[i].ip, "127.0.0.1", LOOKUP_DNS);
	}
	start(ls, &quick, "192.0.2.27", "127.0.0.1", LOOKUP_DNS);
	until(&quick.done, 1);
	is_str(quick.name, "a_b-c.Test", "found beside one that stalls");
	is_int(c[2].done, 0, "which still does");
	until(&all_done, 7);
	for (i = 0; i < 6; i++)
		ok(c[i].hosts == 1 && c[i].done == 1 &&
			c[i].host == cases[i].host,
		    "%s: %s", cases[i].ip, c[i].name);
	is_str(c[2].name, "no answer in time", "its time is over");

	asked = tool_said(&stub, "query ");
	memset(c, 0, sizeof(c));
	all_done = 0;
	start(ls, &c[1], "192.0.2.6", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 1);
	is_int(c[1].host, LOOKUP_HOST_FAILED, "no name");
	is_int(tool_said(&stub, "query ") - asked, 0, "is remembered");
	now += HOSTCACHE_MISS;
	start(ls, &c[3], "192.0.2.6", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 2);
	ok(tool_said(&stub, "query ") - asked > 0, "for a shorter time");
}

static void
cancelling(struct lookups *ls)
{
	struct client c[5] = { 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (struct sockaddr *)&un;
	int asked;

	lookups_forget(ls);
	all_done = 0;
	lookup_cancel(NULL);
	start(ls, &c[0], "192.0.2.1", "127.0.0.1", LOOKUP_DNS | LOOKUP_IDENT);
	lookup_cancel(c[0].lookup);
	asked = tool_said(&stub, "query 1.2.0.192");
	c[1].cancel_at = 1;
	start(ls, &c[1], "192.0.2.1", "127.0.0.1", LOOKUP_DNS);
	until(&all_done, 1);
	turn();
	ok(c[0].hosts + c[0].done == 0, "cancelled: silent");
	ok(c[1].hosts == 1 && c[1].done == 0, "cancelled in its own call");
	ok(tool_said(&stub, "query 1.2.0.192") - asked <= 1,
	    "who comes behind a cancelled one asks no second time");

	/* both parts ready at once, and the first one cancels */
	c[2].cancel_at = 1;
	c[2].lookup = lookup_start(ls, sa, sa, LOOKUP_DNS | LOOKUP_IDENT, 1, 1,
	    on_event, &c[2]);
	until(&all_done, 2);
	turn();
	ok(c[2].hosts == 1 && c[2].idents == 0 && c[2].done == 0,
	    "not even the second part");
	c[3].lookup = lookup_start(ls, sa, NULL, LOOKUP_DNS | LOOKUP_IDENT, 1,
	    1, on_event, &c[3]);
	c[4].lookup = lookup_start(ls, sa, sa, 0, 1, 1, on_event, &c[4]);
	until(&all_done, 4);
	ok(c[3].host == LOOKUP_HOST_FAILED && c[3].ident == LOOKUP_IDENT_FAILED,
	    "a UNIX-domain client: %s", c[3].user);
	ok(c[4].done == 1 && c[4].hosts + c[4].idents == 0, "nothing wanted");
}

static void
bounds(void)
{
	static struct client c[HOSTCACHE_ASKED + 1];
	struct resolv *r = resolver();
	struct lookups *ls = lookups_new(base, r);
	char ip[32], server[32];
	int i, hole, last = HOSTCACHE_ASKED;
	struct addr a = { .kind = ADDR_TCP, .family = AF_INET };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	/* a server that takes TCP and UDP for granted and never answers */
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.ip);
	hole = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	len = addr_sockaddr(&a, &ss);
	if (hole == -1 || bind(hole, (struct sockaddr *)&ss, len) == -1 ||
	    getsockname(hole, (struct sockaddr *)&ss, &len) == -1)
		exit(1);
	addr_format_sa((struct sockaddr *)&ss, len, server, sizeof(server));
	resolv_servers(r, server);

	all_done = 0;
	seconds = 1;
	for (i = 0; i <= HOSTCACHE_ASKED; i++) {
		snprintf(ip, sizeof(ip), "198.51.%d.%d", i / 256, i % 256);
		start(ls, &c[i], ip, "127.0.0.1", LOOKUP_DNS);
	}
	until(&c[last].done, 1);
	is_str(c[last].name, "too many lookups", "one too many");
	until(&all_done, HOSTCACHE_ASKED + 1);
	for (i = 0, last = 0; i < HOSTCACHE_ASKED; i++)
		last += c[i].host == LOOKUP_HOST_FAILED &&
			strcmp(c[i].name, "no answer in time") == 0;
	is_int(last, HOSTCACHE_ASKED, "all others in their time");
	seconds = 15;
	lookups_free(ls);
	resolv_free(r);
	close(hole);
}

static void
ignore(void *arg, enum host_state state, const char *text)
{
	(void)state;
	(void)text;
	++*(int *)arg;
}

static void
remembered(void)
{
	static struct host_waiter w[HOSTCACHE_MAX + 100];
	struct resolv *r = resolver();
	struct hostcache *cache = hostcache_new(r);
	struct sockaddr_storage ss;
	enum host_state state;
	const char *text;
	int i, told = 0, wanted = 0, oldest;
	char ip[32];

	for (i = 0; i < HOSTCACHE_MAX + 100; i++) {
		w[i].done = ignore;
		w[i].arg = &told;
		snprintf(ip, sizeof(ip), "203.0.%d.%d", i / 256, i % 256);
		sockaddr_of(&ss, ip, 0);
		wanted += hostcache_ask(cache, (struct sockaddr *)&ss, &w[i],
			      &state, &text) == 0;
		/* a burst that the stub's socket buffer holds */
		if (i % 50 == 49)
			until(&told, wanted);
	}
	until(&told, wanted);
	is_int(told, HOSTCACHE_MAX + 100, "all answered");
	is_int(hostcache_known(cache), HOSTCACHE_MAX, "so many are known");
	is_int(hostcache_asked(cache), 0, "none is asked for");
	sockaddr_of(&ss, "203.0.0.0", 0);
	oldest =
	    hostcache_ask(cache, (struct sockaddr *)&ss, &w[0], &state, &text);
	is_int(oldest, 0, "the oldest went");
	is_int(hostcache_asked(cache), 1, "and is asked for");
	sockaddr_of(&ss, "203.0.4.99", 0);
	is_int(hostcache_ask(cache, (struct sockaddr *)&ss, &w[1], &state,
		   &text),
	    1, "the newest is known");
	is_int(state, HOST_FAILED, "as one without a name");
	hostcache_free(cache);
	ok(!w[0].waits, "freed: nobody waits");
	resolv_free(r);
}

/* ---- ident ---- */

static void
ident_answers(struct lookups *ls)
{
	static const struct {
		const char *reply, *user;
	} cases[] = {
		{ "%p : USERID : UNIX : jo\\r\\n", "jo" },
		{ "%p : USERID : UNIX : ~~jo\\r\\n", "jo" },
		{ "%p : USERID : UNIX : j@o!\\x1b o\\r\\n", "joo" },
		{ "%p : USERID : UNIX : abcdefghijklmnop\\r\\n", "abcdefghij" },
		{ "%p : USERID : UNIX : @!\\r\\n", NULL },
		{ "%p : USERID : UNIX : ~\\r\\n", NULL },
		{ "%p : ERROR : NO-USER\\r\\n", NULL },
	};
	struct client c;
	struct tool peer;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!tool_start(&peer, (const char *const[]){ "identpeer.pl",
					   "-l", "127.0.7.13:113", "reply",
					   cases[i].reply, NULL })) {
			ok(1, "port 113 is not ours to take # skip");
			return;
		}
		memset(&c, 0, sizeof(c));
		start(ls, &c, "127.0.7.13", "127.0.7.14", LOOKUP_IDENT);
		until(&c.done, 1);
		is_int(c.ident,
		    cases[i].user ? LOOKUP_IDENT_FOUND : LOOKUP_IDENT_FAILED,
		    "reply %zu", i);
		if (cases[i].user != NULL)
			is_str(c.user, cases[i].user, "its user");
		is_int(tool_said(&peer, "asked 127.0.7.14 6193 , 6667"), 1,
		    "asked from where the client connected to");
		tool_stop(&peer);
	}
}

static void
ident_stalls(struct lookups *ls)
{
	static struct client c[LOOKUP_IDENTS + 1];
	struct addr a = { .kind = ADDR_TCP, .family = AF_INET, .port = 113 };
	int l, i, late = 0;

	inet_pton(AF_INET6, "::ffff:127.0.7.15", &a.ip);
	if ((l = net_listen(&a, LOOKUP_IDENTS + 10, 0)) == -1) {
		ok(1, "port 113 is not ours to take # skip");
		return;
	}
	all_done = 0;
	seconds = 1;
	for (i = 0; i <= LOOKUP_IDENTS; i++)
		start(ls, &c[i], "127.0.7.15", "127.0.7.16", LOOKUP_IDENT);
	until(&c[LOOKUP_IDENTS].done, 1);
	is_str(c[LOOKUP_IDENTS].user, "too many lookups", "one too many");
	lookup_cancel(c[0].lookup);
	memset(&c[0], 0, sizeof(c[0]));
	start(ls, &c[0], "127.0.7.15", "127.0.7.16", LOOKUP_IDENT);
	until(&all_done, LOOKUP_IDENTS + 1);
	for (i = 0; i < LOOKUP_IDENTS; i++)
		late += c[i].done == 1 &&
			strcmp(c[i].user, "Connection timed out") == 0;
	is_int(late, LOOKUP_IDENTS, "the others had their time");
	seconds = 15;
	close(l);
}

int
main(void)
{
	struct resolv *r;
	struct lookups *ls;

	if ((base = loop_new()) == NULL || !tool_start(&stub, zone))
		return 1;
	plain_names();
	reverses();
	resolver_life();
	r = resolver();
	if ((ls = lookups_new(base, r)) == NULL)
		return 1;
	found_and_kept(ls);
	what_failed(ls);
	cancelling(ls);
	ident_answers(ls);
	ident_stalls(ls);
	lookups_free(ls);
	resolv_free(r);
	remembered();
	bounds();
	event_base_free(base);
	tool_stop(&stub);
	return done_testing();
}
