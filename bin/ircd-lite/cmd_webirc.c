/*
 * WEBIRC: a gateway that is trusted by its password says for whom it speaks
 * (IRCv3, WebIRC).  It comes before NICK and USER.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "casemap.h"
#include "cmd.h"
#include "conf.h"
#include "conn.h"
#include "log.h"
#include "password.h"
#include "server.h"
#include "user.h"

#define SAY_AGAIN_MS 10000 /* between lines about refused ones */

/* What it said, until its password is found right. */
struct webirc {
	struct conn *conn;
	struct in6_addr ip;
	char host[HOSTLEN + 1]; /* "": the address serves */
};

static const struct conf_webirc *
gateway(const struct user *u, const char *name)
{
	const struct conf_webirc *w;
	const struct in6_addr *ip = &u->conn->ip;

	if (IN6_IS_ADDR_UNSPECIFIED(ip))
		ip = NULL;
	STAILQ_FOREACH(w, &me.conf->webircs, entry)
		if (strcmp(w->name, name) == 0 &&
		    conf_from_match(&w->from, "*", u->host, conn_ip(u->conn),
			ip))
			return w;
	return NULL;
}

/* Anybody can say it: he does not fill the log. */
static void
refuse(struct conn *c)
{
	static uint64_t again; /* ms */
	static unsigned unsaid;
	char ip[HOSTLEN * 4 + 1];

	if (me.now >= again) {
		log_warn("WEBIRC from %s: refused (%u others since the last "
			 "such line)",
		    log_vis(conn_ip(c), ip, sizeof(ip)), unsaid);
		again = me.now + SAY_AGAIN_MS;
		unsaid = 0;
	} else
		unsaid++;
	conn_exit(c, "WEBIRC: wrong gateway or password");
}

static void
take_over(struct webirc *w)
{
	conn_readdress(w->conn, &w->ip, w->host[0] != '\0' ? w->host : NULL);
}

static void
on_password(void *arg, bool right)
{
	struct webirc *w = arg;
	struct conn *c = w->conn;

	password_answered(c);
	c->webirc = NULL;
	c->held = false;
	if (right)
		take_over(w);
	else
		refuse(c);
	free(w);
	conn_resume(c);
}

static void
check(struct webirc *w, const char *hash, const char *password)
{
	struct conn *c = w->conn;

	switch (password_check(c, hash, password, on_password, w)) {
	case PASSWORD_WAITS:
		c->webirc = w;
		return;
	case PASSWORD_RIGHT:
		take_over(w);
		break;
	case PASSWORD_WRONG:
		refuse(c);
		break;
	case PASSWORD_BUSY:
		conn_exit(c, "The server is busy: try again later");
		break;
	}
	free(w);
}

static int
numeric_ip(const char *text, struct in6_addr *ip)
{
	struct sockaddr_storage ss;
	struct addr a;
	char with_port[ADDR_STRLEN], err[128];

	snprintf(with_port, sizeof(with_port),
	    strchr(text, ':') != NULL ? "[%s]:1" : "%s:1", text);
	if (addr_parse(&a, with_port, ADDR_F_TCP, err, sizeof(err)) == -1 ||
	    addr_sockaddr(&a, &ss) == 0)
		return -1;
	return addr_ip_sa((const void *)&ss, ip);
}

void
cmd_webirc(struct user *u, struct msg *m)
{
	const struct conf_webirc *known = gateway(u, m->param[1]);
	const char *host = m->param[2];
	struct conn *c = u->conn;
	struct webirc *w;

	if (known == NULL || c->got_user || u->nick[0] != '\0' ||
	    c->readdressed) {
		refuse(c);
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return;
	w->conn = c;
	if (numeric_ip(m->param[3], &w->ip) == -1) {
		free(w);
		conn_exit(c, "WEBIRC: no address");
		return;
	}
	if (irc_hostname_valid(host) && strchr(host, ':') == NULL &&
	    strchr(host, '/') == NULL && strcmp(host, m->param[3]) != 0)
		strlcpy(w->host, host, sizeof(w->host));
	check(w, known->hash, m->param[0]);
}
