/*
 * A connection's beginning and its deadlines.  Its end is in conn_close.c,
 * its input and output in conn_io.c.
 */
#include "conn.h"

#include <arpa/inet.h>
#include <sys/un.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "addr.h"
#include "casemap.h"
#include "conf.h"
#include "conn_impl.h"
#include "hosts.h"
#include "log.h"
#include "lookup.h"
#include "net.h"
#include "pwhelper.h"
#include "server.h"
#include "turn.h"
#include "user.h"

struct conns conns = TAILQ_HEAD_INITIALIZER(conns);
unsigned conns_count, conns_told;

/* --- deadlines ------------------------------------------------------------ */

static uint64_t
deadline(const struct conn *c)
{
	uint64_t silence = c->heard + (uint64_t)c->class->ping * 1000, reg;

	if (c->departed)
		return c->end_by;
	if (c->welcomed && c->throttled)
		return me.now + flood_wait(&c->flood, me.now, c->class->window);
	if (c->welcomed)
		return c->pinged ? silence + (uint64_t)c->class->ping * 1000
				 : silence;
	reg = c->opened + (uint64_t)me.conf->register_time * 1000;
	if (c->throttled) {
		silence =
		    me.now + flood_wait(&c->flood, me.now, c->class->window);
		return silence < reg ? silence : reg;
	}
	return reg;
}

void
conn_rearm(struct conn *c)
{
	uint64_t due, wait;
	struct timeval tv;

	if (c->dead || (me.alone_pipe && !c->closing))
		return;
	due = deadline(c);
	/* A timer that fires too early looks again. */
	if (c->due != 0 && c->due <= due)
		return;
	wait = due > me.now ? due - me.now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000) * 1000;
	if (event_add(&c->timer, &tv) == 0)
		c->due = due == 0 ? 1 : due;
}

/* Nothing was heard for a while. */
static void
silent(struct conn *c)
{
	if (c->pinged) {
		conn_exit(c, "Ping timeout: %u seconds", c->class->ping);
		return;
	}
	/* However late it is, the answer has its full time. */
	c->heard = me.now - (uint64_t)c->class->ping * 1000;
	c->pinged = true;
	say(c, "PING :%s", me.server.name);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	server_tick();
	c->due = 0;
	/* One that is about to depart is armed when it does. */
	if (c->dead || (c->closing && !c->departed))
		return;
	if (me.now >= deadline(c)) {
		if (c->departed)
			conn_dead(c);
		else if (!c->welcomed &&
			 me.now >= c->opened +
				       (uint64_t)me.conf->register_time * 1000)
			conn_exit(c, "Connection timed out");
		else if (c->throttled)
			conn_resume(c);
		else
			silent(c);
	}
	conn_rearm(c);
}

/* --- opening -------------------------------------------------------------- */

const char *
conn_ip(const struct conn *c)
{
	static char text[INET6_ADDRSTRLEN + 1];
	struct in_addr v4;

	if (IN6_IS_ADDR_UNSPECIFIED(&c->ip))
		return c->user->host;
	if (IN6_IS_ADDR_V4MAPPED(&c->ip)) {
		memcpy(&v4, c->ip.s6_addr + 12, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4, text, sizeof(text));
		return text;
	}
	/* A parameter must not begin with a colon. */
	(void)inet_ntop(AF_INET6, &c->ip, text + 1, sizeof(text) - 1);
	text[0] = '0';
	return text[1] == ':' ? text : text + 1;
}

static void
set_addresses(struct conn *c, const struct conn_from *from)
{
	const struct sockaddr *peer = (const void *)&from->peer;
	const struct sockaddr *local = (const void *)&from->local;

	if (addr_ip_sa(peer, &c->ip) == 0)
		c->port = addr_port_sa(peer);
	if (addr_ip_sa(local, &c->local_ip) == 0)
		c->local_port = addr_port_sa(local);
}

/*
 * Until a name is found: the address, or the file of the socket.  One of
 * whom nothing is known is nowhere, not here.
 */
static int
set_host(struct conn *c, const struct conn_from *from)
{
	const struct sockaddr_un *un = (const void *)&from->local;
	const char *nowhere = me.alone_pipe ? "localhost" : "unknown";
	const char *host = nowhere;

	if (!IN6_IS_ADDR_UNSPECIFIED(&c->ip))
		host = conn_ip(c);
	else if (from->local.ss_family == AF_UNIX && un->sun_path[0] == '/')
		host = un->sun_path;
	if (!irc_hostname_valid(host))
		host = nowhere;
	return user_set_host(c->user, host);
}

static struct conn *
conn_new(const struct conn_from *from)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = from->fd;
	c->ofd = from->ofd;
	c->class = c->own_class = STAILQ_FIRST(&me.conf->classes);
	c->opened = c->heard = me.now;
	c->since = me.wall;
	sendq_init(&c->q);
	set_addresses(c, from);
	if ((c->user = user_new(c, &me.server)) == NULL ||
	    set_host(c, from) == -1 || conn_io_init(c) == -1) {
		user_free(c->user);
		free(c);
		return NULL;
	}
	evtimer_assign(&c->timer, me.base, on_timer, c);
	return c;
}

/* One who is not let in is told why, if it can be told at once. */
static void
turn_away(const struct conn_from *from, const char *why)
{
	char line[LINE_MAX_IRC];
	int n;

	me.count.refused++;
	n = snprintf(line, sizeof(line), "ERROR :Closing Link: %s\r\n", why);
	if (n > 0 && write(from->ofd, line, (size_t)n) == -1)
		log_debug("one was turned away without a word");
	if (from->ofd != from->fd)
		close(from->ofd);
	close(from->fd);
}

/* May the rule mean who comes from ip?  His names are not known yet. */
static bool
may_mean(const struct conf_rule *r, const struct in6_addr *ip)
{
	const struct conf_from *f;

	STAILQ_FOREACH(f, &r->from, entry)
		if (f->host != NULL || cidr_contains(&f->net, ip))
			return true;
	return STAILQ_EMPTY(&r->from);
}

/*
 * Connections that ip may have, 0: any number.  Which class it will be in is
 * not known yet, so the most of those that it can be in.
 */
static unsigned
most_from(const struct in6_addr *ip)
{
	const struct conf_class *class;
	const struct conf_rule *r;
	unsigned most = 0;

	STAILQ_FOREACH(r, &me.conf->rules, entry) {
		if (!r->allow || !may_mean(r, ip))
			continue;
		class = conf_class(me.conf, r->class);
		if (class->per_host == 0)
			return 0;
		if (class->per_host > most)
			most = class->per_host;
	}
	return most > 0 ? most : STAILQ_FIRST(&me.conf->classes)->per_host;
}

static bool
host_full(const struct in6_addr *ip)
{
	unsigned most = most_from(ip);

	return most != 0 && !IN6_IS_ADDR_UNSPECIFIED(ip) &&
	       hosts_count(ip) >= most;
}

static const char *
no_room(const struct conn_from *from)
{
	struct in6_addr ip;

	if (server_stopping())
		return "the server is shutting down";
	if (conns_count >= me.conf->connections)
		return "the server is full";
	if (conns_told >= TOLD_MAX &&
	    addr_ip_sa((const void *)&from->peer, &ip) == 0 && host_full(&ip))
		return "too many connections from your host";
	return NULL;
}

/* One too many of his host, who is told so in peace; so many at a time. */
static void
refuse_host(struct conn *c)
{
	me.count.refused++;
	c->told = true;
	conns_told++;
	conn_exit(c, "Too many connections from your host");
}

/* NOTICE AUTH lines, as they have been for ever. */
static void
on_lookup(void *arg, enum lookup_event event, const char *text)
{
	struct conn *c = arg;

	server_tick();
	switch (event) {
	case LOOKUP_HOST_FOUND:
		say(c, "NOTICE AUTH :*** Found your hostname");
		(void)user_set_host(c->user, text);
		break;
	case LOOKUP_HOST_MISMATCH:
		say(c, "NOTICE AUTH :*** Your forward and reverse DNS do "
		       "not match");
		break;
	case LOOKUP_HOST_LONG:
		say(c, "NOTICE AUTH :*** Your hostname is too long");
		break;
	case LOOKUP_HOST_FAILED:
		say(c, "NOTICE AUTH :*** Couldn't look up your hostname");
		break;
	case LOOKUP_IDENT_FOUND:
		say(c, "NOTICE AUTH :*** Got ident response");
		(void)user_set_text(&c->ident, text, USERLEN);
		break;
	case LOOKUP_IDENT_FAILED:
		say(c, "NOTICE AUTH :*** No ident response");
		break;
	case LOOKUP_DONE:
		c->lookup = NULL;
		register_try(c->user);
		conn_resume(c);
		break;
	}
}

static void
begin_lookups(struct conn *c, const struct conn_from *from)
{
	unsigned what = 0;

	if (me.lookups == NULL || IN6_IS_ADDR_UNSPECIFIED(&c->ip))
		return;
	if (me.conf->dns)
		what |= LOOKUP_DNS;
	if (me.conf->ident && !IN6_IS_ADDR_UNSPECIFIED(&c->local_ip))
		what |= LOOKUP_IDENT;
	if (what == 0)
		return;
	c->looked = what;
	c->lookup = lookup_start(me.lookups, (const void *)&from->peer,
	    (const void *)&from->local, what, me.conf->dns_timeout,
	    me.conf->ident_timeout, on_lookup, c);
	if (c->lookup == NULL)
		return;
	if (what & LOOKUP_DNS)
		say(c, "NOTICE AUTH :*** Looking up your hostname...");
	if (what & LOOKUP_IDENT)
		say(c, "NOTICE AUTH :*** Checking ident");
}

struct conn *
conn_open(const struct conn_from *from)
{
	struct conn *c;
	const char *why;

	server_tick();
	if ((why = no_room(from)) != NULL || (c = conn_new(from)) == NULL) {
		turn_away(from, why != NULL ? why : "out of memory");
		return NULL;
	}
	TAILQ_INSERT_TAIL(&conns, c, entry);
	conns_count++;
	me.count.accepted++;
	c->class->members++;
	if (host_full(&c->ip)) {
		refuse_host(c);
		return c;
	}
	(void)hosts_add(&c->ip);
	begin_lookups(c, from);
	conn_rearm(c);
	if (from->firstlen > 0)
		conn_first(c, from->first, from->firstlen);
	return c;
}

void
conn_reclass(struct conn *c, struct conf_class *class)
{
	c->class->members--;
	c->class = class;
	c->class->members++;
}

void
conn_readdress(struct conn *c, const struct in6_addr *ip, const char *host)
{
	struct sockaddr_in6 peer = { .sin6_family = AF_INET6 };

	lookup_cancel(c->lookup);
	c->lookup = NULL;
	/* The ident of the gateway's machine says nothing of its client. */
	free(c->ident);
	c->ident = NULL;
	c->looked = me.conf->ident ? LOOKUP_IDENT : 0;
	c->readdressed = true;
	hosts_del(&c->ip);
	c->ip = *ip;
	(void)hosts_add(&c->ip);
	(void)user_set_host(c->user, host != NULL ? host : conn_ip(c));
	if (host != NULL || me.lookups == NULL || !me.conf->dns)
		return;
	peer.sin6_addr = *ip;
	c->lookup = lookup_start(me.lookups, (const void *)&peer, NULL,
	    LOOKUP_DNS, me.conf->dns_timeout, 0, on_lookup, c);
}
