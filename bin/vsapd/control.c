#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "doors.h"
#include "host.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "pmsg.h"
#include "proc.h"
#include "rates.h"
#include "revoke.h"
#include "session.h"
#include "status.h"
#include "tally.h"
#include "tlsin.h"
#include "vsock.h"

#define FD_RESERVE 64	 /* descriptors for everything but sessions */
#define PEER_SHARE 8	 /* one in so many is kept for their peers */
#define VISITS_MAX 65536 /* sources of visitors whose rate is known */

static struct control {
	struct gateway *gw;
	struct conf *next;   /* the configuration of a reload, until START */
	struct login *login; /* there may be users again */
	bool helped;	     /* AUTH came since CONF */
} ct;

/* --- what the parent gives ----------------------------------------------- */

static void
given_conf(int fd)
{
	char err[512];

	conf_free(ct.next);
	if ((ct.next = conf_read_printed(fd, err, sizeof(err))) == NULL)
		fatalx("the parent's configuration: %s", err);
	close(fd);
	ct.helped = false;
}

static void
given_kept(const struct pmsg *m, int fd)
{
	if (vsock_new(ct.gw, m->addr, m->owner, fd, m->keep, (int)m->backlog) !=
	    NULL)
		log_info("%s: kept for %s", m->addr, m->owner);
}

static void
given_helper(int fd)
{
	if (ct.login == NULL && (ct.login = login_new(ct.gw->base)) == NULL)
		fatal("passwords");
	login_use(ct.login, fd);
	ct.gw->login = ct.login;
	ct.helped = true;
}

static void
given_tls_worker(const struct pmsg *m, int fd)
{
	struct gateway *gw = ct.gw;

	if (gw->tlsfeed == NULL &&
	    (gw->tlsfeed = tlsfeed_new(gw->base, &tlsin_calls, gw)) == NULL)
		fatal("TLS");
	if (tlsfeed_add(gw->tlsfeed, fd, (int)m->seq) == -1)
		log_warn("cannot use a TLS worker: %s", strerror(errno));
}

static void
given_log(const struct pmsg *m, int fd)
{
	log_to_fd(fd);
	if (m->seq == LOG_TO_SYSLOG)
		log_to_syslog();
}

/* What only the process that was started knows. */
static void
carry_over(struct conf *next, struct conf *was)
{
	next->owner = was->owner;
	next->uid = was->uid;
	next->gid = was->gid;
	next->syslog = was->syslog;
	next->background = was->background;
	if (next->creds == NULL) {
		next->creds = was->creds;
		was->creds = NULL;
	}
	if (next->path == NULL) {
		next->path = was->path;
		was->path = NULL;
	}
}

/* Everything was said: from now on it holds. */
static void
given_start(void)
{
	struct conf *was = ct.gw->conf;

	if (ct.next != NULL) {
		carry_over(ct.next, was);
		ct.gw->conf = ct.next;
		ct.next = NULL;
		conf_free(was);
		if (!ct.helped)
			ct.gw->login = NULL;
		revoke_bound(ct.gw);
	}
	doors_open();
}

static void
say_status(void *arg)
{
	status_log(arg);
}

static void
given_fd(const struct pmsg *m, int fd)
{
	switch (m->type) {
	case PMSG_CONF:
		given_conf(fd);
		break;
	case PMSG_KEPT:
		given_kept(m, fd);
		break;
	case PMSG_WORKER:
		if (feed_add(ct.gw->feed, fd, (int)m->seq) == -1)
			log_warn("cannot use a worker: %s", strerror(errno));
		break;
	case PMSG_TLS:
		given_tls_worker(m, fd);
		break;
	case PMSG_AUTH:
		given_helper(fd);
		break;
	case PMSG_SHARE: /* the workers have it */
		close(fd);
		break;
	default:
		fatalx("the parent talks nonsense");
	}
}

static void
given(void *arg, const struct pmsg *m, int fd)
{
	(void)arg;
	switch (m->type) {
	case PMSG_START:
		given_start();
		break;
	case PMSG_STATUS:
		(void)status_ask(ct.gw, true, say_status, ct.gw);
		break;
	case PMSG_LISTEN:
		doors_add(m, fd);
		break;
	case PMSG_LOG:
		given_log(m, fd);
		break;
	default:
		if (fd != -1)
			given_fd(m, fd);
		break;
	}
}

/* --- workers ------------------------------------------------------------- */

static void
on_end(void *arg, void *stream, const struct relay_end *r)
{
	(void)arg;
	gateway_ended(stream, r);
}

/* The parent sees it too and gives us another one. */
static void
on_dead(void *arg, int slot)
{
	(void)arg;
	log_warn("worker %d is gone, its streams with it", slot);
}

static void
on_feed_ready(void *arg)
{
	gateway_resume(arg);
}

static void
on_counts(void *arg, void *stream, uint64_t ab, uint64_t ba)
{
	(void)arg;
	gateway_counts(stream, ab, ba);
}

/* --- begin --------------------------------------------------------------- */

/* Descriptors: one for a session, a part for the peers that some have. */
static void
raise_limit(struct gateway *gw)
{
	rlim_t n = proc_raise_nofile();

	if (n == 0)
		fatal("descriptors");
	gw->max_sessions =
	    n > FD_RESERVE + 2
		? (unsigned)((n - FD_RESERVE) - (n - FD_RESERVE) / PEER_SHARE)
		: 1;
}

struct gateway *
gateway_new(struct conf *conf, int root)
{
	struct gateway *gw;

	if ((gw = calloc(1, sizeof(*gw))) == NULL)
		return NULL;
	gw->conf = conf;
	gw->root = root;
	gw->started = clock_seconds();
	TAILQ_INIT(&gw->sessions);
	TAILQ_INIT(&gw->callers);
	TAILQ_INIT(&gw->hellos);
	TAILQ_INIT(&gw->streams);
	TAILQ_INIT(&gw->vsocks);
	if ((gw->base = loop_new()) == NULL ||
	    (gw->resolv = resolv_new(gw->base)) == NULL ||
	    (gw->limits = limits_new()) == NULL ||
	    (gw->visits = tally_new(VISITS_MAX)) == NULL ||
	    (gw->rates = rates_new()) == NULL ||
	    (gw->status = status_new(gw)) == NULL)
		return NULL;
	raise_limit(gw);
	return gw;
}

void
control_run(struct conf *conf, int channel, int root)
{
	static const struct feed_calls feeding = {
		.end = on_end,
		.dead = on_dead,
		.ready = on_feed_ready,
		.counts = on_counts,
		.counted = status_counted,
	};
	static const struct host_calls hosting = { given };
	struct gateway *gw;

	if ((gw = gateway_new(conf, root)) == NULL)
		fatal("control");
	ct.gw = gw;
	doors_init(gw);
	gw->feed = feed_new(gw->base, &feeding, gw);
	gw->host = host_new(gw->base, channel, &hosting, gw);
	if (gw->feed == NULL || gw->host == NULL)
		fatal("control");
	if (loop_run(gw->base) == -1)
		fatal("control: loop");
	fatalx("control: nothing left to do");
}
