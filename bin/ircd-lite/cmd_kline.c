/*
 * KLINE and UNKLINE: who is not to be let in.
 */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "kline.h"
#include "log.h"
#include "right.h"
#include "server.h"
#include "up.h"
#include "user.h"
#include "xline.h"

#define MINUTES_MAX (10 * 366 * 24 * 60)
#define VIS_MAX (4 * LINE_MAX_IRC) /* a line of which each byte is odd */

/* ---- the file ----------------------------------------------------------- */

static void
save(struct user *u)
{
	size_t len = 0;
	char *text;

	if (me.conf->kline_path == NULL) {
		notice(u, "K-lines: not kept across a restart: the "
			  "configuration names no file for them");
		return;
	}
	text = xline_text(&len);
	if (text == NULL || up_save_klines(text, len) == -1)
		notice(u, "K-lines: not written to the file: %s",
		    strerror(errno));
	free(text);
}

/* ---- the commands ------------------------------------------------------- */

/* To operators and the log. */
static void
tell(const struct user *u, const char *what, const char *mask,
    const char *reason)
{
	char vmask[VIS_MAX], vreason[VIS_MAX];

	notice_opers("%s %s %s: %s", u->source, what, mask, reason);
	log_info("%s %s %s: %s", u->source, what,
	    log_vis(mask, vmask, sizeof(vmask)),
	    log_vis(reason, vreason, sizeof(vreason)));
}

/* May he set it?  If not, he has been told. */
static bool
may_add(struct user *u, const char *mask)
{
	char err[256];

	if (xline_check(mask, err, sizeof(err)) == -1)
		notice(u, "KLINE %s", err);
	else if (xline_hits(mask, u->name, u->host, conn_ip(u->conn),
		     &u->conn->ip))
		notice(u, "KLINE %s: that is you", mask);
	else
		return true;
	return false;
}

static void
add(struct user *u, unsigned minutes, const char *mask, const char *reason)
{
	char what[64];
	unsigned n;

	if (!may_add(u, mask))
		return;
	if (xline_add(mask, reason, u->source,
		minutes == 0 ? 0 : me.wall + 60 * (time_t)minutes) == -1) {
		notice(u, "KLINE %s: %s", mask,
		    errno == ENOSPC ? "there are too many K-lines"
				    : strerror(errno));
		return;
	}
	snprintf(what, sizeof(what), "has K-lined for %u minutes", minutes);
	tell(u, minutes == 0 ? "has K-lined" : what, mask, reason);
	save(u);
	n = klines_remove_users(xline_find(mask));
	notice(u, "KLINE %s: set; %u %s removed", mask, n,
	    n == 1 ? "user was" : "users were");
}

void
cmd_kline(struct user *u, struct msg *m)
{
	const char *e = NULL, *reason = "no reason";
	unsigned minutes = 0;
	int i = 0;

	if (!oper_right(u, OPER_KLINE))
		return;
	if (m->nparams > 1 &&
	    strspn(m->param[0], "0123456789") == strlen(m->param[0])) {
		minutes = (unsigned)strtonum(m->param[0], 0, MINUTES_MAX, &e);
		i = 1;
	}
	if (e != NULL) {
		notice(u, "KLINE %s: the minutes are 0 (for ever) to %d",
		    m->param[0], MINUTES_MAX);
		return;
	}
	if (m->nparams > i + 1 && *m->param[i + 1] != '\0')
		reason = msg_rest(m, i + 1);
	add(u, minutes, m->param[i], reason);
}

void
cmd_unkline(struct user *u, struct msg *m)
{
	const char *mask = m->param[0];

	if (!oper_right(u, OPER_KLINE))
		return;
	if (xline_del(mask) == -1) {
		notice(u, "UNKLINE %s: %s", mask,
		    errno == EPERM ? "it stands in the configuration; remove "
				     "it there and say REHASH"
				   : "there is none of this mask; STATS k "
				     "lists them");
		return;
	}
	tell(u, "has removed the K-line", mask, "UNKLINE");
	save(u);
	notice(u, "UNKLINE %s: removed", mask);
}
