/*
 * K-lines at work: read at the start, and applied to those who are here.
 */
#include "kline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conn.h"
#include "log.h"
#include "numeric.h"
#include "server.h"
#include "up.h"
#include "user.h"
#include "xline.h"

static const char *
meant(const struct conn *c, const struct xline *x)
{
	const struct user *u = c->user;

	if (x == NULL)
		return xline_match(u->name, u->host, conn_ip(c), &c->ip);
	if (xline_hit(x, u->name, u->host, conn_ip(c), &c->ip))
		return x->reason;
	return NULL;
}

unsigned
klines_remove_users(const struct xline *x)
{
	struct conn *c, *next;
	const char *reason;
	unsigned n = 0;

	TAILQ_FOREACH_SAFE(c, &conns, entry, next) {
		if (!c->welcomed || c->closing ||
		    (reason = meant(c, x)) == NULL)
			continue;
		reply(c->user, ERR_YOUREBANNEDCREEP, reason);
		conn_exit(c, "K-lined: %s", reason);
		n++;
	}
	return n;
}

void
klines_reload(void)
{
	if (xline_conf(me.conf) == -1)
		log_warn("K-lines of the configuration: %s; those of before "
			 "still hold",
		    strerror(errno));
	(void)klines_remove_users(NULL);
}

static void
bad_line(void *arg, unsigned line, const char *why)
{
	(void)arg;
	log_warn("%s: line %u: %s; it is not in force",
	    me.conf->kline_path != NULL ? me.conf->kline_path : "K-lines", line,
	    why);
}

void
klines_begin(void)
{
	size_t len = 0;
	char *text;

	klines_reload();
	if ((text = up_klines(&len)) == NULL)
		return;
	if (xline_load(text, len, bad_line, NULL) == -1)
		log_warn("K-lines: not all were taken: %s", strerror(errno));
	free(text);
	log_flush(); /* the first turn may be a long time ahead */
}
