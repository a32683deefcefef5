#ifndef CONF_H
#define CONF_H

/*
 * What ircd-lite.conf(5) says, as read-only structures.  A configuration is
 * read whole or not at all, and replaced whole by REHASH.
 *
 * Reading goes through an opener, so that the parent, which has the rights,
 * opens the files and the server, which has none, reads what it was given.
 */

#include <sys/queue.h>
#include <sys/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "conf_lex.h"
#include "conf_open.h"
#include "limits.h"

/* A list of texts in the order of the file. */
struct conf_text {
	STAILQ_ENTRY(conf_text) entry;
	char *text;
};
STAILQ_HEAD(conf_texts, conf_text);

/*
 * Whom a statement means: a mask "user@host" or "host" with * and ?, matched
 * against the host name and the address; ".example.org" is every host below
 * it; or a network in CIDR, with or without "user@" before it.
 */
struct conf_from {
	STAILQ_ENTRY(conf_from) entry;
	char *user; /* mask of the user name, "*" for all */
	char *host; /* mask of host name or address, NULL for a network */
	struct cidr net;
};
STAILQ_HEAD(conf_froms, conf_from);

struct conf_listen {
	STAILQ_ENTRY(conf_listen) entry;
	struct addr addr;
	mode_t mode;		/* of a UNIX socket */
	bool proxy;		/* a PROXY header comes first ... */
	struct conf_froms from; /* ... from these networks; else refused */
};

struct conf_class {
	STAILQ_ENTRY(conf_class) entry;
	char *name;
	unsigned ping;	      /* seconds */
	size_t sendq;	      /* bytes */
	size_t recvq;	      /* bytes, at least LINE_MAX_IRC */
	unsigned connections; /* members of the class, 0: no limit */
	unsigned per_host;    /* connections of one address, 0: no limit */
	unsigned channels;    /* that a user may be on */
	unsigned penalty; /* ms of a message, 0: exempt from flood control */
	unsigned window;  /* ms ahead */
	unsigned members; /* connections in it now: the server counts */
};

/* Days and minutes of the day, local time, in which a rule holds. */
struct conf_hours {
	STAILQ_ENTRY(conf_hours) entry;
	unsigned days; /* bit 0 is Sunday */
	unsigned from; /* minutes since midnight */
	unsigned to;   /* may be less than from: over midnight */
};
STAILQ_HEAD(conf_hours_list, conf_hours);

/* allow and deny, first match wins. */
struct conf_rule {
	STAILQ_ENTRY(conf_rule) entry;
	bool allow;
	bool restricted; /* user mode r from the start (RFC 2812, 3.1.5) */
	struct conf_froms from;	      /* empty: everybody */
	char *hash;		      /* PASS is asked for, crypt(3); or NULL */
	struct conf_hours_list hours; /* empty: always */
	char *class;		      /* name; NULL: the default class */
	char *reason;		      /* of deny; or NULL */
};

/* What an operator may do. */
#define OPER_KILL 0x0001
#define OPER_KLINE 0x0002 /* KLINE, UNKLINE */
#define OPER_REHASH 0x0004
#define OPER_DIE 0x0008 /* DIE, RESTART */
#define OPER_WALLOPS 0x0010
#define OPER_NOTICE 0x0020  /* messages to $masks and #masks */
#define OPER_SPY 0x0040	    /* sees hidden users, addresses, STATS */
#define OPER_CONNECT 0x0080 /* CONNECT, SQUIT */
#define OPER_ALL 0x00ff

struct conf_oper {
	STAILQ_ENTRY(conf_oper) entry;
	char *name;
	char *hash;
	struct conf_froms from; /* empty: from anywhere */
	unsigned may;
	char *class; /* class from then on; NULL: as before */
};

struct conf_kline {
	STAILQ_ENTRY(conf_kline) entry;
	char *mask; /* user@host, host a mask or a network */
	char *reason;
};

struct conf_webirc {
	STAILQ_ENTRY(conf_webirc) entry;
	char *name;
	char *hash;
	struct conf_froms from;
};

enum conf_log { CONF_LOG_STDERR, CONF_LOG_SYSLOG, CONF_LOG_FILE };

struct conf {
	char *name; /* of the server, has a dot */
	char *description;
	char *network;
	char *admin[3];	 /* location, organisation, mail; NULL: unset */
	char *motd_path; /* NULL: none */
	char *motd;	 /* text of the file, NULL: there is none */
	bool ascii;	 /* CASEMAPPING ascii, else rfc1459 */
	bool dns, ident;
	char *dns_servers; /* "127.0.0.1:53,[::1]:53"; NULL: the system's */
	unsigned dns_timeout, ident_timeout; /* seconds */
	unsigned register_time;		     /* seconds */
	unsigned connections;		     /* in all */
	unsigned whowas;		     /* entries kept */
	unsigned whowas_age;		     /* seconds */
	char *kline_path; /* runtime K-lines are kept here; NULL: not */
	enum conf_log log;
	char *log_path;
	char *user; /* to become after start; NULL: default */
	struct {
		uid_t *uid;
		size_t n;
	} handover; /* further uids that may hand over */
	STAILQ_HEAD(, conf_listen) listens;
	STAILQ_HEAD(, conf_class) classes; /* never empty: first is default */
	STAILQ_HEAD(, conf_rule) rules;
	STAILQ_HEAD(, conf_oper) opers;
	STAILQ_HEAD(, conf_kline) klines;
	STAILQ_HEAD(, conf_webirc) webircs;
};

/*
 * Gives the contents of a file: a malloc'ed text with its length, or NULL
 * with errno.  The path is as written, made absolute by the directory of the
 * file that names it.
 *
 * Questions to the system are asked in the same way: CONF_ASK_HOST gives the
 * host's name, CONF_ASK_USER (conf_open.h) the number of a user.
 */
#define CONF_ASK_HOST "?host"
typedef char *conf_open_fn(void *arg, const char *path, size_t *len);

/*
 * Read a configuration.  path NULL: the built-in one (the server's name from
 * the host's, one class, everybody on loopback).  NULL with a message in err
 * ("file:line: what, what was expected").  The caller frees.
 */
struct conf *conf_load(const char *path, conf_open_fn *fn, void *arg, char *err,
    size_t errlen);
void conf_free(struct conf *);

/*
 * Set in the server process: the parent has read the same texts and has
 * tried each hash, which takes its time.
 */
extern bool conf_trusted;

/* The plain opener: reads the file system, at most 4 MiB of a file (EFBIG),
 * and asks the system. */
char *conf_open_file(void *arg, const char *path, size_t *len);

/* Name NULL is the default class; NULL is returned for an unknown name. */
struct conf_class *conf_class(const struct conf *, const char *name);

/*
 * One of conf_from's forms, "any" for everybody; for K-lines of the protocol
 * too.  NULL with a message in err.
 */
struct conf_from *conf_from_parse(const char *text, char *err, size_t errlen);
void conf_from_free(struct conf_from *); /* NULL is fine */

/* As "user@host", the form in which K-lines are kept.  -1: out is short. */
int conf_from_text(const struct conf_from *, char *out, size_t outlen);

/*
 * Is he meant?  An empty list means everybody.  user NULL is not known yet:
 * "*" alone matches; host and ip_text may be NULL too; ip is NULL for a peer
 * without an IP address.
 */
bool conf_from_match(const struct conf_froms *, const char *user,
    const char *host, const char *ip_text, const struct in6_addr *ip);
bool conf_from_match1(const struct conf_from *, const char *user,
    const char *host, const char *ip_text, const struct in6_addr *ip);

/* Does the local time fall into one of them?  An empty list: always. */
bool conf_hours_match(const struct conf_hours_list *, const struct tm *);

#endif
