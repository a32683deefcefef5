#ifndef CMD_H
#define CMD_H

/*
 * The commands: one row each; dispatch, HELP, STATS m and the tests read
 * the table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msg.h"

struct conn;
struct user;

/* Who may say it. */
#define CMD_UNREG 0x01 /* before registration */
#define CMD_USER 0x02  /* after it */
#define CMD_OPER 0x04  /* operators only, else 481 */

struct cmd {
	const char *name;
	unsigned who;
	int min; /* parameters, else 461 */
	/* u is the connection's user; u->conn is never NULL here.  After it
	 * returns, u->conn may be dead. */
	void (*run)(struct user *u, struct msg *m);
	unsigned penalty; /* thousandths of the class's message penalty */
	const char *syntax;
	const char *help;
};

struct cmd_count {
	uint64_t times, bytes;
};

extern const struct cmd cmds[]; /* sorted by name */
extern const size_t ncmds;
extern struct cmd_count cmd_counts[];

/* A line from a connection, writable at line[len].  Returns the penalty in
 * thousandths. */
unsigned cmd_line(struct conn *, char *line, size_t len);

const struct cmd *cmd_find(const char *name);

/* The handlers, by file. */
/* cmd_register.c */
void cmd_pass(struct user *, struct msg *);
void cmd_nick(struct user *, struct msg *);
void cmd_user(struct user *, struct msg *);
void cmd_cap(struct user *, struct msg *);
void cmd_quit(struct user *, struct msg *);
void cmd_webirc(struct user *, struct msg *);
void cmd_service(struct user *, struct msg *);
/* cmd_ping.c */
void cmd_ping(struct user *, struct msg *);
void cmd_pong(struct user *, struct msg *);
void cmd_error(struct user *, struct msg *);
/* cmd_join.c */
void cmd_join(struct user *, struct msg *);
void cmd_part(struct user *, struct msg *);
void cmd_names(struct user *, struct msg *);
/* cmd_text.c */
void cmd_privmsg(struct user *, struct msg *);
void cmd_notice(struct user *, struct msg *);
/* cmd_channel.c */
void cmd_topic(struct user *, struct msg *);
void cmd_invite(struct user *, struct msg *);
void cmd_kick(struct user *, struct msg *);
void cmd_knock(struct user *, struct msg *);
/* cmd_mode.c, mode_chan.c, mode_user.c */
void cmd_mode(struct user *, struct msg *);
/* cmd_list.c */
void cmd_list(struct user *, struct msg *);
/* cmd_who.c */
void cmd_who(struct user *, struct msg *);
/* cmd_whois.c */
void cmd_whois(struct user *, struct msg *);
void cmd_whowas(struct user *, struct msg *);
/* cmd_about.c: the server */
void cmd_motd(struct user *, struct msg *);
void cmd_lusers(struct user *, struct msg *);
void cmd_version(struct user *, struct msg *);
void cmd_time(struct user *, struct msg *);
void cmd_admin(struct user *, struct msg *);
void cmd_info(struct user *, struct msg *);
void cmd_links(struct user *, struct msg *);
void cmd_map(struct user *, struct msg *);
/* cmd_help.c */
void cmd_help(struct user *, struct msg *);
/* cmd_stats.c */
void cmd_stats(struct user *, struct msg *);
void cmd_trace(struct user *, struct msg *);
/* cmd_small.c */
void cmd_away(struct user *, struct msg *);
void cmd_ison(struct user *, struct msg *);
void cmd_userhost(struct user *, struct msg *);
void cmd_users(struct user *, struct msg *);
void cmd_summon(struct user *, struct msg *);
void cmd_servlist(struct user *, struct msg *);
void cmd_squery(struct user *, struct msg *);
/* cmd_oper.c */
void cmd_oper(struct user *, struct msg *);
void cmd_kill(struct user *, struct msg *);
void cmd_wallops(struct user *, struct msg *);
void cmd_rehash(struct user *, struct msg *);
void cmd_die(struct user *, struct msg *);
void cmd_restart(struct user *, struct msg *);
void cmd_connect(struct user *, struct msg *);
void cmd_squit(struct user *, struct msg *);
/* cmd_kline.c */
void cmd_kline(struct user *, struct msg *);
void cmd_unkline(struct user *, struct msg *);

#endif
