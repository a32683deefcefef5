#ifndef RULES_H
#define RULES_H

/*
 * Who may do what, where (vsapd.conf(5), RULES).  Ordered, the first match
 * wins, what no rule matches is denied.  Pure: names are resolved, groups of
 * the system and sockets looked at by the caller.
 *
 * A rule is made by rule_new(), the rule_add and rule_set functions for its
 * clauses, and rules_append().  Clauses of different kinds must all match, of
 * those of one kind any; a kind that is not there matches everything.
 */

#include <sys/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

enum rule_verb {
	RULE_BIND = 0x01,
	RULE_CONNECT = 0x02,
	RULE_FORWARD = 0x04,
	RULE_STAT = 0x08,
	RULE_ALL_VERBS = 0x0f,
};

/* The peer of a session, as far as rules look at it. */
struct rule_who {
	bool local;   /* a UNIX-domain or loopback peer */
	bool is_unix; /* the three fields that follow are known */
	uid_t uid;
	const gid_t *gids; /* all its groups; stay the caller's */
	size_t ngids;
	struct in6_addr ip; /* its address, all zero for UNIX */
	const char *user;   /* authenticated user, or NULL */
	bool tls;
	const char *cert_name;	/* of a verified client certificate (CN), or
				   NULL */
	const char *cert_print; /* its fingerprint "SHA256:hex", or NULL */
};

struct rules;
struct rule;

struct rules *rules_new(void);
void rules_free(struct rules *); /* NULL is fine */

/* ---- groups of users ---------------------------------------------------- */

/* Add a user to a group, which is made by its first one.  0, -1: no memory.*/
int rules_group_add(struct rules *, const char *group, const char *user);
bool rules_group_known(const struct rules *, const char *group);

/* ---- making a rule ------------------------------------------------------ */

struct rule *rule_new(bool permit); /* NULL: no memory */
void rule_free(struct rule *);	    /* of one that was not appended */

/*
 * Each: 0, or -1 with a message in err: what is wrong and what to write
 * instead ("10.0.0.0/33: ..."), without file and line.
 *	user	a name, or "*" for any authenticated one
 *	from	"local" (UNIX or loopback), a CIDR network, or "*"
 *	cert	a pattern with '*' for the name in the certificate
 *	print	"SHA256:" and 64 hexadecimal digits
 *	where	bind:	 ports | address:ports | [v6]:ports | *:ports |
 *			 name:pattern | /path/pattern | http://host/path
 *		connect, forward: host:ports, host a name, a pattern with '*',
 *			 an address, a CIDR network or '*'; "any";
 *			 name:pattern; /path/pattern; http://...
 *	"any" alone as a where is every address of every kind, guarded ones
 *	and the gateway's own too; '*' in a where that permits leaves those
 *	out.  In a pattern '*' is any run of bytes, '.' and '/' too.
 *	An http:// without a path is for every one, without ports for port 80.
 */
int rule_add_user(struct rule *, const char *, char *err, size_t errlen);
int rule_add_group(struct rule *, const char *, char *err, size_t errlen);
int rule_add_from(struct rule *, const char *, char *err, size_t errlen);
int rule_add_uid(struct rule *, uid_t);
int rule_add_gid(struct rule *, gid_t);
int rule_add_cert(struct rule *, const char *, char *err, size_t errlen);
int rule_add_print(struct rule *, const char *, char *err, size_t errlen);
void rule_set_tls(struct rule *); /* only over TLS */
void rule_set_verbs(struct rule *, unsigned verbs);
/* After the verbs were set: what may be written depends on them.  A rule of
 * several verbs takes what any of them takes (rule_check() tells if one of
 * them has got nothing). */
int rule_add_where(struct rule *, const char *, char *err, size_t errlen);
/* Visitors of what is bound by it: networks, and connections a minute from
 * one source (0: no limit). */
int
rule_add_visitors(struct rule *, const char *cidr, char *err, size_t errlen);
void rule_set_visitor_rate(struct rule *, unsigned a_minute);
/* CONNECT by it begins with a PROXY header of this version (1, 2). */
void rule_set_proxy(struct rule *, int version);
/* Where it stands ("/etc/vsapd.conf", 12; NULL: built in) and its text, for
 * people; both copied.  line 0: not from a file.  text NULL: the statement of
 * the clauses that it has by now. */
int rule_set_origin(struct rule *, const char *file, unsigned line,
    const char *text);

/*
 * Is it complete (verbs; a where for bind, connect, forward, unless it is
 * deny or has all verbs: both are then for everything)?  0, or -1 with a
 * message.
 */
int rule_check(const struct rule *, char *err, size_t errlen);

/* To the end of the list; the rule is the list's. */
void rules_append(struct rules *, struct rule *);

/* ---- the command line --------------------------------------------------- */

/*
 * -b and -c: "permit bind TEXT", "permit { connect, forward } TEXT", for
 * everybody who is admitted.
 */
int rules_add_option(struct rules *, unsigned verbs, const char *text,
    char *err, size_t errlen);

/*
 * The built-in rules, to be appended last where there is no configuration
 * file:  names and paths for local peers; unless an rules_add_option() came
 * for bind, loopback above port 1023 for local peers; for connect (forward),
 * "any" for local peers; stat for local peers.  With upstream, everything
 * that has no option of its own is permitted: the upstream decides.
 */
int rules_add_builtin(struct rules *, bool upstream);

/* Is there any rule by which somebody who is not local is let do anything? */
bool rules_serve_strangers(const struct rules *);

/* ---- who is let in at all (-a, "admit from") ---------------------------- */

/* The first replaces the default (loopback and private ranges). */
int rules_add_admit(struct rules *, const char *cidr, char *err, size_t errlen);
bool rules_admit(const struct rules *, const struct in6_addr *);

/* ---- asking ------------------------------------------------------------- */

/*
 * May who do verb with a?  Returns the rule that decides, NULL where none
 * matches (denied); rule_permits() tells which way (NULL: false).
 *
 * rules_bind: port 0 asks for any port: *lo and *hi are the longest run of
 * ports that first-match permits, both 0 where the system may choose (all
 * from 1024 on are permitted).  For other ports both are 0.  The rule is then
 * the one that decides about the run's first port: ask again for the port
 * that was bound, its visitors may be another rule's.
 *
 * rules_reach (connect, forward): ip is the address that a resolved to, one
 * of those asked one by one; NULL: not resolved yet (a name), or a name:,
 * path or http address.  Not resolved means "might be": a permitting rule
 * that could match some address permits, a denying one only if it matches
 * whatever the address is.
 *
 * own: a is (resolved to) a listener of the gateway itself.
 *
 * What permits has to mean it:
 *	guarded addresses (addr_ip_guarded, in every embedding) only by "any",
 *	an address or network within the guarded ones, or localhost;
 *	own only by "any", or one address (localhost) with exactly this port;
 *	localhost by that name, or as 127.0.0.1 or ::1; no other name.
 * What denies holds for all that could be meant:
 *	'*' guarded addresses and own too, http:// without ports all of them;
 *	localhost loopback by every name and number;
 *	a network also for the IPv4 address in an IPv6 one, and loopback for
 *	0.0.0.0 and ::; in bind also for every address, which it is part of.
 */
const struct rule *rules_bind(const struct rules *, const struct rule_who *,
    const struct addr *a, uint16_t *lo, uint16_t *hi);
const struct rule *
rules_reach(const struct rules *, enum rule_verb, const struct rule_who *,
    const struct addr *a, const struct in6_addr *ip, bool own);
const struct rule *rules_stat(const struct rules *, const struct rule_who *);

/* Could anybody at all bind a?  For the parent, which does not know who
 * asks.  lo and hi are those that control asked for: every port of that
 * range must be permitted to somebody (0, 0: a's own, or every one from 1024
 * on for port 0). */
bool rules_bind_anybody(const struct rules *, const struct addr *a, uint16_t lo,
    uint16_t hi);

/* NULL: false, 0, 0, false. */
bool rule_permits(const struct rule *);
int rule_proxy(const struct rule *); /* 0, 1, 2 */
unsigned rule_visitor_rate(const struct rule *);
bool rule_admits_visitor(const struct rule *, const struct in6_addr *);
const char *rule_text(const struct rule *); /* "" if it has none */
/* As a rule has them: "bind", "{ bind, connect }", "all".  Returns out. */
#define RULE_VERBS_STRLEN 40
const char *rule_verbs(unsigned verbs, char *out, size_t outlen);
/* A statement of vsapd.conf(5) that means the same, malloc'ed; user and group
 * ids as numbers, names in quotes.  NULL: no memory. */
char *rule_statement(const struct rule *);
/* "/etc/vsapd.conf:12", "-b", or "built in".  Returns out. */
const char *rule_origin(const struct rule *, char *out, size_t outlen);

/* All rules in order, for printing: the one behind a rule, or behind NULL the
 * first; NULL at the end. */
const struct rule *rules_next(const struct rules *, const struct rule *);

#endif
