#ifndef CMD_H
#define CMD_H

/* The verbs: one row each, from which dispatch and HELP come. */

#include "session.h"
#include "vsap_proto.h"

#define CMD_BEFORE_AUTH 0x01 /* answered before AUTH */
#define CMD_UPSTREAM 0x02    /* a chained gateway passes it on */

struct cmd {
	const char *verb;
	int min, max; /* words behind the verb */
	unsigned flags;
	void (*run)(struct session *, const struct vsap_request *);
	const char *syntax;
	const char *help;
};

extern const struct cmd cmd_table[]; /* ends with a NULL verb */

/* Run one request line of a session. */
void cmd_dispatch(struct session *, const struct vsap_request *);

void cmd_echo(struct session *, const struct vsap_request *);
void cmd_auth(struct session *, const struct vsap_request *);
void cmd_bind(struct session *, const struct vsap_request *);
void cmd_listen(struct session *, const struct vsap_request *);
void cmd_accept(struct session *, const struct vsap_request *);
void cmd_connect(struct session *, const struct vsap_request *);
void cmd_relay(struct session *, const struct vsap_request *);
void cmd_forward(struct session *, const struct vsap_request *);
void cmd_stat(struct session *, const struct vsap_request *);
void cmd_help(struct session *, const struct vsap_request *);
void cmd_quit(struct session *, const struct vsap_request *);

/* Take away what a verb has under way, when a session ends. */
void cmd_stat_cancel(struct session *);
void cmd_bind_cancel(struct session *);
void cmd_connect_cancel(struct session *);
void cmd_forward_cancel(struct session *);

/* Visitors: offered to one who waits in ACCEPT, or to FORWARD. */
void cmd_accept_offer(struct session *, struct vbind *, struct visitor *);
void cmd_forward_offer(struct session *, struct vbind *, struct visitor *);

/* From a 230 (s->offered) on: take the visitor back if it goes unseen or
 * unused.  Called by session_done(). */
void cmd_accept_watch(struct session *);

/* May it wait where it has bound something (any more)?  false: answered. */
bool cmd_accept_permitted(struct session *);

/* A line or the end of input while ACCEPT or FORWARD waits. */
void cmd_accept_cancel(struct session *, const char *why);
void cmd_forward_end(struct session *);

/* What BIND of an address will be called in its 210, for port 0 but for the
 * port.  NULL, or the reason why it cannot be bound. */
const char *cmd_bind_name(struct addr *, char *out, size_t outlen);

/*
 * May this RELAY be carried out, given whether there is a peer?  true: its
 * -t= is s->idle, *f is that it was RELAY -f.  Else it is answered and the
 * session ends.
 */
bool cmd_relay_check(struct session *, const struct vsap_request *, bool peer,
    bool *f);

/* 410 to one who may not ask (who_may_ask()): not any more, or not yet. */
void cmd_say_nobody(struct session *);

/* 410 to what rule (NULL: none) does not permit, with what would: an option
 * of the command line or a rule for this session; the log has the rule as
 * well. */
struct cmd_forbidden {
	const char *verb; /* "bind", "connect to" */
	enum rule_verb right;
	const char *what;  /* as it was asked for */
	const char *where; /* as a rule has it */
	/* An address to which it leads and that only a rule which names it
	 * opens, or NULL. */
	const char *guarded;
	const struct rule *rule;
};
void cmd_forbid(struct session *, const struct cmd_forbidden *);

/* May the session's target (s->addr) be reached at this address, one of
 * those it resolved to?  Asked for each, by CONNECT and FORWARD. */
bool
cmd_may_reach(const struct session *, enum rule_verb, const struct sockaddr *);

/*
 * The PROXY header that the rule for the session's target wants in front of
 * the stream (vsapd.conf(5), "send proxy"): from, the client or visitor, as
 * its source; to, where the visitor came to, as its destination, or (NULL)
 * the target.  0, or -1.
 */
int cmd_send_proxy(const struct session *, enum rule_verb, const char *from,
    const char *to, int fd);

/* A name or path was bound: those who wait for it may connect. */
void cmd_connect_wake(struct gateway *, const char *addr);

/* What addr_parse() says of an address, without the address itself, which
 * our replies name anyway. */
const char *cmd_addr_error(const char *addr, const char *err);

/* A number in an option or argument; -1 when it is none in 0..max. */
long cmd_number(const char *text, long max);

#endif
