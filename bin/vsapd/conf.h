#ifndef CONF_H
#define CONF_H

/*
 * What vsapd.conf(5) or the command line asked for.  Read whole or not at
 * all, replaced whole by a reload.  The parent reads files; control gets the
 * same as a text without secrets (conf_print()), by the same parser.
 */

#include <sys/queue.h>
#include <sys/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "conf_lex.h"
#include "limits_vsap.h"
#include "rules.h"

#define CONF_LISTEN_MAX 64
#define CONF_WORKERS_MAX 64
#define CONF_KEYPAIRS_MAX 16
#define CONF_HASHES_MAX 4 /* of one user */

/* What a listener answers, or'ed together. */
#define CONF_P_VSAP 0x01
#define CONF_P_SOCKS4 0x02
#define CONF_P_SOCKS5 0x04 /* and VSAP in its binary form */
#define CONF_P_HTTP 0x08
#define CONF_P_ALL 0x0f

struct conf_listen {
	STAILQ_ENTRY(conf_listen) entry;
	struct addr addr;
	bool plain, tls; /* both: told apart by the first byte */
	unsigned protos; /* CONF_P_* */
	bool proxy;	 /* a PROXY header comes first, from these only: */
	struct cidr *from;
	size_t nfrom;
	bool cleartext; /* passwords are taken unencrypted over a network */
	bool metrics;	/* Prometheus text, and nothing else */
	bool has_mode, has_group; /* of a UNIX socket; 0600 by default */
	mode_t mode;
	gid_t group;
	char *at; /* "file:line" of its statement, or NULL */
};

struct conf_user {
	STAILQ_ENTRY(conf_user) entry;
	char *name;
	char *hash[CONF_HASHES_MAX]; /* crypt(3) or a SCRAM verifier; none in
					control */
	unsigned nhashes;
	char *at; /* "file:line", NULL: of the password file */
};

enum conf_limit {
	LIMIT_CONNECTIONS,  /* to the control listeners */
	LIMIT_HELLO,	    /* of these, before their first request */
	LIMIT_ASSOCIATIONS, /* streams and connections before RELAY */
	LIMIT_BINDS,	    /* addresses bound */
	LIMIT_WAITING,	    /* CONNECT -t= that wait, visitors given back */
	LIMIT_REQUESTS,	    /* a minute */
	LIMIT_LOGINS,	    /* tries a minute */
	LIMIT_BANDWIDTH,    /* bytes a second, both ways together; user only */
	LIMIT_MAX,
};

enum conf_scope {
	SCOPE_TOTAL,
	SCOPE_USER,   /* owner of a session: user, uid, else anonymous */
	SCOPE_SOURCE, /* address */
	SCOPE_PREFIX, /* network of an address */
	SCOPE_MAX,
};

struct conf_tls {
	char *cert[CONF_KEYPAIRS_MAX], *key[CONF_KEYPAIRS_MAX];
	unsigned npairs;
	char *ca;	  /* of clients (server) or of the upstream (client) */
	bool client_must; /* a client certificate is demanded */
	char *protocols;  /* "" or NULL: TLS 1.2 and 1.3 */
	char *ciphers;
	char *pins; /* upstream: fingerprints, separated by blanks */
	char *name; /* upstream: name to verify, NULL: the host's */
	bool no_verify;
};

enum conf_log {
	LOG_TO_DEFAULT, /* stderr, or syslog in the background */
	LOG_TO_STDERR,
	LOG_TO_SYSLOG,
	LOG_TO_FILE,
};

/* What names files, folders and accounts, which the system may not have; and
 * what may decide nothing. */
enum conf_place {
	AT_TLS,
	AT_UPSTREAM,
	AT_PASSWORDS,
	AT_LOG,
	AT_ROOT,
	AT_RUN_AS,
	AT_HTTP, /* the first rule with an http:// address, over tls, ... */
	AT_OVER,
	AT_SEND, /* ... send proxy */
	AT_MAX
};

STAILQ_HEAD(conf_words, conf_word);
struct conf_group;
struct conf_ref;

struct conf {
	char *path; /* the file, absolute; NULL: options alone */
	STAILQ_HEAD(, conf_listen) listen;
	unsigned nlisten;
	bool default_listen; /* none was named: loopback and vsapd.sock */
	struct rules *rules;
	STAILQ_HEAD(, conf_user) users;
	char *passwd;	    /* file of users, NULL: none */
	bool auth_required; /* nothing but ECHO, HELP, QUIT goes before AUTH */
	bool has_upstream;
	struct addr upstream;
	bool upstream_tls;
	struct conf_tls up_tls;
	char *creds;  /* ours at the upstream, or NULL (environment) */
	bool has_tls; /* certificates for tls listeners */
	struct conf_tls tls;
	unsigned workers, tls_workers;	      /* 0: as many as processors */
	uint64_t limit[LIMIT_MAX][SCOPE_MAX]; /* 0: none */
	/* set in the file, so that it holds for local peers, too */
	bool limit_set[LIMIT_MAX][SCOPE_MAX];
	unsigned prefix4, prefix6; /* bits of SCOPE_PREFIX: 24, 56 */
	unsigned hello_time, line_time, idle_time, connect_time, linger_time;
	enum conf_log log;
	char *log_path;
	bool verbose;
	bool sandbox; /* true by default */
	char *root;   /* of UNIX names; NULL: names/ in the run directory */
	char rundir[VSAP_NAME_MAX + 1]; /* "" where there is none */
	bool own_rundir;		/* given: it has to be usable */
	char *run_as;			/* user name, NULL: see vsapd(8) */
	uid_t owner; /* who started it: may hand connections over */
	uid_t uid;   /* what control and workers become */
	gid_t gid;
	bool background; /* -d, once everything listens */
	bool syslog;
	/* as written, for conf_print() and conf_check() alone */
	struct conf_words admit, secrets; /* files with hashes in them */
	STAILQ_HEAD(, conf_group) groups;
	STAILQ_HEAD(, conf_ref) refs; /* users and groups that rules name */
	char *at[AT_MAX]; /* "file:line" of these statements, or NULL */
	char *doubt;	  /* of its certificates, by conf_check() */
};

/* Defaults, no listener, no rule.  NULL: no memory. */
struct conf *conf_new(void);
void conf_free(struct conf *); /* wipes hashes; NULL is fine */
void conf_wipe(struct conf *); /* the hashes alone */

/*
 * Read a file by the opener (conf_lex.h; conf_open_file() for the parent).
 * NULL with "file:line: reason" in err.  Every mistake that shows without
 * looking at the system is found here; conf_check() does the rest.
 */
struct conf *conf_read(const char *path, lex_open_fn *fn, void *arg, char *err,
    size_t errlen);
lex_open_fn conf_open_file;

/*
 * Users and groups that are named, files, hashes that can be checked, a
 * password file, whose users are users without a hash afterwards: 0, or -1
 * with a message.  Takes as long as the hashes do.
 */
int conf_check(struct conf *, char *err, size_t errlen);

/* What is no mistake, and still not what was meant: each is given to say. */
void conf_doubts(const struct conf *, void (*say)(const char *fmt, ...));

/*
 * A file's rules are all there are; else the built-in ones follow the
 * options'.  Where no listener was named 127.0.0.1:8706 is added, and
 * vsapd.sock in the run directory, if there is one.  A listener that is of
 * no use to anybody, and an upstream that we are ourselves, are errors.
 * Called once, at the end, by the parent.
 */
int conf_finish(struct conf *, char *err, size_t errlen);

/* One more listener, plain, for all protocols; at the end of the list.  NULL:
 * no memory. */
struct conf_listen *conf_listen_new(struct conf *, const struct addr *);

/* As a text for conf_read(), without secrets, each rule with its origin; a
 * memory file's descriptor at its beginning, or -1 with errno. */
int conf_print(const struct conf *);
struct conf *conf_read_printed(int fd, char *err, size_t errlen);

const struct conf_listen *conf_listen_at(const struct conf *, unsigned n);
bool conf_user_known(const struct conf *, const char *name);
const char *conf_limit_name(enum conf_limit); /* "connections" */
const char *conf_scope_name(enum conf_scope); /* "total", "per user" ... */

/* -T: which rule decides on a query, "user ops from 10.1.2.3 bind :8080".
 * Writes one line or more to out.  Returns 0 permitted, 1 denied, -1 with a
 * message for a malformed query. */
int conf_explain(const struct conf *, const char *query, FILE *out, char *err,
    size_t errlen);

#endif
