/*
 * STATS (RFC 2812, 3.4.4).  What shows addresses, masks or who else is here
 * is for operators who may spy.
 */

#include "cmd.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "conn_list.h"
#include "numeric.h"
#include "right.h"
#include "server.h"
#include "user.h"
#include "visible.h"
#include "words.h"
#include "xline.h"

struct stat {
	char letter;
	bool open; /* to everybody */
	const char *what;
	void (*show)(struct user *); /* NULL: there is nothing here */
};

/* --- the configuration ---------------------------------------------------- */

/* A network as "10.0.0.0/8", one address alone. */
static void
net_text(const struct cidr *net, char *out, size_t outlen)
{
	char ip[INET6_ADDRSTRLEN] = "?";
	bool v4 = IN6_IS_ADDR_V4MAPPED(&net->ip) && net->bits >= 96;
	struct in_addr in;

	memcpy(&in, net->ip.s6_addr + 12, sizeof(in));
	if (v4)
		(void)inet_ntop(AF_INET, &in, ip, sizeof(ip));
	else
		(void)inet_ntop(AF_INET6, &net->ip, ip, sizeof(ip));
	if (net->bits == 128)
		strlcpy(out, ip, outlen);
	else
		(void)snprintf(out, outlen, "%s/%u", ip,
		    v4 ? net->bits - 96 : net->bits);
}

/* Whom a statement means as "user@host"; NULL: everybody. */
static const char *
from_text(const struct conf_from *f, char *out, size_t outlen)
{
	char net[INET6_ADDRSTRLEN + 8], all[WORD_LEN];

	if (f == NULL)
		return "*@*";
	if (f->host == NULL)
		net_text(&f->net, net, sizeof(net));
	(void)snprintf(all, sizeof(all), "%s@%s",
	    f->user != NULL ? f->user : "*", f->host != NULL ? f->host : net);
	return word_of(out, outlen, all);
}

static void
rule_lines(struct user *u, const struct conf_rule *r)
{
	const struct conf_from *f = STAILQ_FIRST(&r->from);
	const char *class = r->class, *from;
	char text[WORD_LEN];

	if (class == NULL)
		class = STAILQ_FIRST(&me.conf->classes)->name;
	do {
		from = from_text(f, text, sizeof(text));
		if (r->allow)
			reply(u, RPL_STATSILINE, from, from, class);
		else
			reply(u, RPL_STATSKLINE, from, "*");
	} while (f != NULL && (f = STAILQ_NEXT(f, entry)) != NULL);
}

static void
show_rules(struct user *u, bool allow)
{
	const struct conf_rule *r;

	STAILQ_FOREACH(r, &me.conf->rules, entry)
		if (r->allow == allow)
			rule_lines(u, r);
}

static void
show_allow(struct user *u)
{
	show_rules(u, true);
}

/* K-lines as host and user. */
static void
show_klines(struct user *u)
{
	char host[WORD_LEN], user[WORD_LEN];
	const struct xline *x = NULL;
	const char *at;

	show_rules(u, false);
	while ((x = xline_each(x)) != NULL) {
		at = strrchr(x->mask, '@');
		(void)word_of(host, sizeof(host), at ? at + 1 : x->mask);
		(void)word_of(user, sizeof(user), at ? x->mask : "*");
		if (at != NULL)
			user[strcspn(user, "@")] = '\0';
		reply(u, RPL_STATSKLINE, host, user);
	}
}

static void
show_opers(struct user *u)
{
	const struct conf_oper *o;
	const struct conf_from *f;
	char from[WORD_LEN];

	STAILQ_FOREACH(o, &me.conf->opers, entry) {
		f = STAILQ_FIRST(&o->from);
		do
			reply(u, RPL_STATSOLINE,
			    from_text(f, from, sizeof(from)), o->name,
			    o->class != NULL ? o->class : "*");
		while (f != NULL && (f = STAILQ_NEXT(f, entry)) != NULL);
	}
}

static void
show_classes(struct user *u)
{
	const struct conf_class *c;

	STAILQ_FOREACH(c, &me.conf->classes, entry)
		reply(u, RPL_STATSYLINE, c->name, c->ping, c->connections,
		    c->sendq);
}

/* --- what happens --------------------------------------------------------- */

static void
show_commands(struct user *u)
{
	size_t i;

	for (i = 0; i < ncmds; i++)
		if (cmd_counts[i].times > 0)
			reply(u, RPL_STATSCOMMANDS, cmds[i].name,
			    (unsigned long long)cmd_counts[i].times,
			    (unsigned long long)cmd_counts[i].bytes);
}

static void
show_uptime(struct user *u)
{
	long up = me.wall > me.started ? (long)(me.wall - me.started) : 0;

	reply(u, RPL_STATSUPTIME, up / 86400, up / 3600 % 24, up / 60 % 60,
	    up % 60);
}

/* Traffic in kilobytes. */
static void
link_line(struct user *to, const struct conn *c)
{
	const struct user *u = c->user;
	char name[LINE_MAX_IRC / 2], word[LINE_MAX_IRC / 2];

	if (c->welcomed)
		(void)snprintf(name, sizeof(name), "%s[%s@%s]", u->nick,
		    u->name, conn_ip(c));
	else
		(void)snprintf(name, sizeof(name), "*[unknown@%s]", conn_ip(c));
	reply(to, RPL_STATSLINKINFO, word_of(word, sizeof(word), name),
	    c->q.bytes, (unsigned long long)c->lines_out,
	    (unsigned long long)c->bytes_out / 1024,
	    (unsigned long long)c->lines_in,
	    (unsigned long long)c->bytes_in / 1024,
	    me.wall > c->since ? (long)(me.wall - c->since) : 0L);
}

static void
links_end(struct user *to)
{
	reply(to, RPL_ENDOFSTATS, "l");
}

/* STATS l: all, for who may see them; himself or the one he names. */
static void
stats_links(struct user *u, const char *target)
{
	static const struct conn_list links = {
		.command = "STATS",
		.line = link_line,
		.end = links_end,
	};
	const struct user *other = target != NULL ? user_find(target) : NULL;

	if (user_spies(u) && other == NULL) {
		conn_list(u, &links);
		return;
	}
	if (!user_spies(u) || other == NULL)
		other = u;
	if (other->conn != NULL && user_known(other))
		link_line(u, other->conn);
	links_end(u);
}

/* --- the command ---------------------------------------------------------- */

static void show_letters(struct user *);

static const struct stat stats[] = {
	{ 'c', false, "servers that may be linked", NULL },
	{ 'h', false, "hubs and leaves", NULL },
	{ 'i', false, "who may connect", show_allow },
	{ 'k', false, "who may not", show_klines },
	{ 'l', true, "connections", NULL },
	{ 'm', true, "commands and how often they were used", show_commands },
	{ 'o', false, "who may become an operator", show_opers },
	{ 'u', true, "how long the server has been up", show_uptime },
	{ 'y', false, "classes of connections", show_classes },
	{ '?', true, "these letters", show_letters },
};
#define NSTATS (sizeof(stats) / sizeof(stats[0]))

static void
show_letters(struct user *u)
{
	char letter[2] = "";
	size_t i;

	for (i = 0; i < NSTATS; i++) {
		letter[0] = stats[i].letter;
		reply(u, RPL_STATSHELP, letter, stats[i].what);
	}
}

static const struct stat *
stat_find(const char *query)
{
	size_t i;

	if (query[0] == '\0' || query[1] != '\0')
		return NULL;
	for (i = 0; i < NSTATS; i++)
		if (stats[i].letter == tolower((unsigned char)*query))
			return &stats[i];
	return NULL;
}

void
cmd_stats(struct user *u, struct msg *m)
{
	const char *query = m->nparams > 0 ? m->param[0] : "*";
	const struct stat *s = stat_find(query);
	char word[WORD_LEN];

	if (m->nparams > 1 && !for_this_server(u, m->param[1]))
		return;
	if (s != NULL && s->letter == 'l') {
		stats_links(u, m->param[1]);
		return;
	}
	if (s != NULL && (s->open || oper_right(u, OPER_SPY)) &&
	    s->show != NULL)
		s->show(u);
	reply(u, RPL_ENDOFSTATS, word_of(word, sizeof(word), query));
}
