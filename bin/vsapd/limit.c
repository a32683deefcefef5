#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "friends.h"
#include "tally.h"

#define ENTRIES_MAX 131072 /* owners, addresses and networks at once */
#define FAILURES_MAX 65536 /* of whom a wrong password is remembered */
#define BY_SOURCE 64000	   /* the longest delays, milliseconds */
#define BY_USER 4000
#define HOLD 1000 /* ... an answer is held back: shortest, longest */
#define HOLD_MAX 8000
#define HOLD_MANY 64 /* wrong ones a second add another HOLD */
#define V6_HOST 64   /* bits of what one machine has of IPv6 */

/* Two tables: who fills one with strangers leaves the other one alone. */
struct limits {
	struct tally *tally;
	struct tally *failures;
	struct friends *friends;
	struct tally_entry *total;
	uint64_t refused[LIMIT_MAX][SCOPE_MAX];
	limits_clock_fn *clock;
	/* wrong passwords of a second, and of the one before */
	uint64_t second;
	unsigned wrong, wrong_before;
};

/* Kinds of the tally; a limit is either a number at once or a rate. */
static const struct {
	bool rate;
	unsigned kind;
} kinds[LIMIT_MAX] = {
	[LIMIT_CONNECTIONS] = { false, 0 },
	[LIMIT_HELLO] = { false, 1 },
	[LIMIT_ASSOCIATIONS] = { false, 2 },
	[LIMIT_BINDS] = { false, 3 },
	[LIMIT_WAITING] = { false, 4 },
	[LIMIT_REQUESTS] = { true, 0 },
	[LIMIT_LOGINS] = { true, 1 },
	[LIMIT_BANDWIDTH] = { false, 5 }, /* the workers' (ratecap.h) */
};
#define KIND_OURS 7 /* holds the entry of the total */

struct limits *
limits_new(void)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->clock = clock_ms;
	l->tally = tally_new(ENTRIES_MAX);
	l->failures = tally_new(FAILURES_MAX);
	if (l->tally != NULL)
		l->total = tally_get(l->tally, "t", 1, l->clock());
	l->friends = friends_new();
	if (l->failures == NULL || l->total == NULL || l->friends == NULL) {
		limits_free(l);
		return NULL;
	}
	(void)tally_take(l->total, KIND_OURS, 0);
	return l;
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	tally_free(l->tally);
	tally_free(l->failures);
	friends_free(l->friends);
	free(l);
}

void
limits_set_clock(struct limits *l, limits_clock_fn *fn)
{
	l->clock = fn;
}

uint64_t
limits_refused(const struct limits *l, enum conf_limit item,
    enum conf_scope scope)
{
	return l->refused[item][scope];
}

/* ---- keys ---------------------------------------------------------------- */

struct key {
	unsigned char bytes[TALLY_KEY_MAX];
	size_t len;
};

static void
key_text(struct key *k, char kind, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(k->bytes) - 1)
		n = sizeof(k->bytes) - 1;
	k->bytes[0] = (unsigned char)kind;
	memcpy(k->bytes + 1, text, n);
	k->len = n + 1;
}

/* The first bits of the 16-byte form: their number is part of the key, so
 * that networks of another size after a reload are others. */
static void
key_network(struct key *k, char kind, const struct in6_addr *ip, unsigned bits)
{
	k->bytes[0] = (unsigned char)kind;
	k->bytes[1] = (unsigned char)bits;
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		unsigned mask = keep >= 8 ? 0xff : 0xff00u >> keep & 0xff;

		k->bytes[i + 2] = (unsigned char)(ip->s6_addr[i] & mask);
	}
	k->len = 18;
}

/* false: there is nobody of that scope. */
static bool
key_of(struct key *k, const struct conf *conf, const struct limit_who *who,
    enum conf_scope scope)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&who->ip);

	if (scope == SCOPE_USER) {
		if (who->owner == NULL)
			return false;
		key_text(k, 'u', who->owner);
		return true;
	}
	if (IN6_IS_ADDR_UNSPECIFIED(&who->ip))
		return false;
	if (scope == SCOPE_SOURCE)
		key_network(k, 's', &who->ip, 128);
	else
		key_network(k, 'p', &who->ip,
		    v4 ? 96 + conf->prefix4 : conf->prefix6);
	return true;
}

/* ---- the limits ---------------------------------------------------------- */

/* 0: none. */
static unsigned
limit_for(const struct conf *conf, const struct limit_who *who,
    enum conf_limit item, enum conf_scope scope)
{
	uint64_t n = conf->limit[item][scope];

	if (who->local && !conf->limit_set[item][scope])
		return 0;
	return n > UINT32_MAX ? UINT32_MAX : (unsigned)n;
}

static struct tally_entry *
entry_of(struct limits *l, const struct conf *conf, const struct limit_who *who,
    enum conf_scope scope, uint64_t now)
{
	struct key k;

	if (scope == SCOPE_TOTAL)
		return l->total;
	if (!key_of(&k, conf, who, scope))
		return NULL;
	return tally_get(l->tally, k.bytes, k.len, now);
}

/* Is there somebody to count for in that scope? */
static bool
has_scope(const struct limit_who *who, enum conf_scope scope)
{
	if (scope == SCOPE_TOTAL)
		return true;
	if (scope == SCOPE_USER)
		return who->owner != NULL;
	return !IN6_IS_ADDR_UNSPECIFIED(&who->ip);
}

static bool
refuse(struct limits *l, enum conf_limit item, enum conf_scope which,
    enum conf_scope *scope)
{
	l->refused[item][which]++;
	if (scope != NULL)
		*scope = which;
	return false;
}

/*
 * Counted in every scope, limit or not: a reload may set one.  A table that
 * is full matters only where there is one.
 */
bool
limit_take(struct limits *l, const struct conf *conf,
    const struct limit_who *who, enum conf_limit item, struct limit_hold *hold,
    enum conf_scope *scope)
{
	struct limit_hold held = { .limits = l, .item = item };
	uint64_t now = l->clock();

	for (int i = 0; i < SCOPE_MAX; i++) {
		enum conf_scope s = (enum conf_scope)i;
		unsigned max = limit_for(conf, who, item, s);
		struct tally_entry *e = entry_of(l, conf, who, s, now);

		if (e != NULL && tally_take(e, kinds[item].kind, max)) {
			held.entry[s] = e;
		} else if (max != 0 && has_scope(who, s)) {
			limit_give(&held);
			return refuse(l, item, s, scope);
		}
	}
	*hold = held;
	return true;
}

void
limit_give(struct limit_hold *hold)
{
	for (int i = 0; i < SCOPE_MAX; i++)
		if (hold->entry[i] != NULL)
			tally_give(hold->entry[i], kinds[hold->item].kind);
	memset(hold, 0, sizeof(*hold));
}

bool
limit_is_held(const struct limit_hold *hold)
{
	return hold->limits != NULL;
}

/* First all are asked, then all are told. */
bool
limit_event(struct limits *l, const struct conf *conf,
    const struct limit_who *who, enum conf_limit item, enum conf_scope *scope)
{
	struct tally_entry *entry[SCOPE_MAX] = { NULL };
	unsigned max[SCOPE_MAX], kind = kinds[item].kind;
	uint64_t now = l->clock();

	for (int i = 0; i < SCOPE_MAX; i++) {
		enum conf_scope s = (enum conf_scope)i;

		max[s] = limit_for(conf, who, item, s);
		if (max[s] == 0 || !has_scope(who, s))
			continue;
		entry[s] = entry_of(l, conf, who, s, now);
		if (entry[s] == NULL || !tally_may(entry[s], kind, max[s], now))
			return refuse(l, item, s, scope);
	}
	for (int i = 0; i < SCOPE_MAX; i++)
		if (entry[i] != NULL)
			(void)tally_event(entry[i], kind, max[i], now);
	return true;
}

void
limit_event_back(struct limits *l, const struct conf *conf,
    const struct limit_who *who, enum conf_limit item)
{
	struct tally_entry *e;
	unsigned max;

	for (int i = 0; i < SCOPE_MAX; i++) {
		enum conf_scope s = (enum conf_scope)i;

		max = limit_for(conf, who, item, s);
		if (max == 0 || !has_scope(who, s))
			continue;
		if ((e = entry_of(l, conf, who, s, l->clock())) != NULL)
			tally_event_back(e, kinds[item].kind, max);
	}
}

/* ---- wrong passwords ----------------------------------------------------- */

/*
 * By source and by user.  A machine has a whole /64 of IPv6.  Local peers
 * share an address with all that is forwarded to them: nobody's mistakes are
 * to be theirs, so that for them only the user counts.  false: nothing is
 * remembered of this one.
 */
static bool
failure_key(struct key *k, const struct limit_who *who, const char *user,
    bool by_source)
{
	if (who->local && by_source)
		return false;
	if (!by_source)
		key_text(k, 'u', user);
	else
		key_network(k, 's', &who->ip,
		    IN6_IS_ADDR_V4MAPPED(&who->ip) ? 128 : V6_HOST);
	return true;
}

bool
limit_login_known(struct limits *l, const struct limit_who *who,
    const char *user)
{
	return !who->local && friends_know(l->friends, &who->ip, user);
}

uint64_t
limit_login_wait(struct limits *l, const struct limit_who *who,
    const char *user)
{
	int keys = limit_login_known(l, who, user) ? 1 : 2;
	uint64_t now = l->clock(), wait = 0, w;
	struct tally_entry *e;
	struct key k;

	for (int i = 0; i < keys; i++) {
		if (!failure_key(&k, who, user, i == 0) ||
		    (e = tally_find(l->failures, k.bytes, k.len)) == NULL)
			continue;
		if ((w = tally_wait(e, now)) > wait)
			wait = w;
	}
	return wait;
}

/* A full table remembers no more: nobody is locked out by that. */
void
limit_login_failed(struct limits *l, const struct limit_who *who,
    const char *user)
{
	uint64_t now = l->clock();
	struct tally_entry *e;
	struct key k;

	for (int i = 0; i < 2; i++)
		if (failure_key(&k, who, user, i == 0) &&
		    (e = tally_get(l->failures, k.bytes, k.len, now)) != NULL)
			tally_failed(e, now, i == 0 ? BY_SOURCE : BY_USER);
}

uint64_t
limit_login_hold(struct limits *l)
{
	uint64_t second = l->clock() / 1000, hold;
	unsigned most;

	if (second != l->second) {
		l->wrong_before = second == l->second + 1 ? l->wrong : 0;
		l->wrong = 0;
		l->second = second;
	}
	l->wrong++;
	most = l->wrong > l->wrong_before ? l->wrong : l->wrong_before;
	hold = HOLD * (1 + most / HOLD_MANY);
	return hold < HOLD_MAX ? hold : HOLD_MAX;
}

void
limit_login_succeeded(struct limits *l, const struct limit_who *who,
    const char *user)
{
	struct tally_entry *e;
	struct key k;

	for (int i = 0; i < 2; i++)
		if (failure_key(&k, who, user, i == 0) &&
		    (e = tally_find(l->failures, k.bytes, k.len)) != NULL)
			tally_succeeded(e);
	if (!who->local)
		friends_add(l->friends, &who->ip, user);
}

/* ---- what is said -------------------------------------------------------- */

const char *
limit_text(const struct conf *conf, enum conf_limit item, enum conf_scope scope,
    char *out, size_t outlen)
{
	bool total = scope == SCOPE_TOTAL;

	(void)snprintf(out, outlen,
	    "too many: limit %s%s%s %llu (vsapd.conf): %s",
	    conf_limit_name(item), total ? "" : " ",
	    total ? "" : conf_scope_name(scope),
	    (unsigned long long)conf->limit[item][scope],
	    kinds[item].rate ? "try again in a minute"
			     : "try again when some have ended");
	return out;
}
