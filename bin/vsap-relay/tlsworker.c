#include "tlsworker.h"

#include <errno.h>
#include <string.h>
#include <tls.h>

#include "limit.h"
#include "log.h"
#include "sandbox.h"
#include "tlsworker_impl.h"

static struct tls_msg msg; /* of the call under way */

/* --- what connections tell --------------------------------------------- */

static void
conn_up(void *arg, uint64_t id, const struct tlsconn_peer *peer)
{
	tlssay_up(arg, id, peer);
}

static void
conn_down(void *arg, uint64_t id, const char *reason, int plain)
{
	tlssay_down(arg, id, reason, plain);
}

static void
conn_end(void *arg, const struct relay_end *r)
{
	tlssay_end(arg, r);
}

static void
conn_gone(void *arg)
{
	struct tlsworker *w = arg;

	role_left(&w->role, tls_engine_count(w->engine));
}

static const struct tlsconn_calls calls = {
	.up = conn_up,
	.down = conn_down,
	.end = conn_end,
	.gone = conn_gone,
};

/* --- what the feeder tells --------------------------------------------- */

static void
handle_start(struct tlsworker *w, const int *fd, int nfd, int error)
{
	struct tlscfg *cfg;

	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (error == 0 && tls_engine_count(w->engine) >= w->max)
		error = EMFILE;
	if (error == 0) {
		if ((cfg = tlscfg_get(w->cfgs, msg.cfg)) == NULL)
			error = ENOENT;
		else
			error = tlsconn_new(w->engine, msg.id, cfg, fd[0],
			    fd[1], msg.text, msg.first, msg.firstlen);
	}
	if (error == 0) {
		tlssay_ack(w, msg.id);
		return;
	}
	role_close_all(fd, nfd);
	role_refused(&w->role, "TLS connection", error);
	tlssay_nak(w, msg.id, error);
}

/* One that ended meanwhile has had its say. */
static void
handle_switch(struct tlsworker *w, const int *fd, int nfd, int error)
{
	struct tlsconn_switch s = {
		.opts = { .idle = msg.idle,
		    .slot = msg.slot,
		    .rate = msg.rate },
		.first = msg.first,
		.firstlen = msg.firstlen,
	};

	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (error != 0)
		tlsconn_reset(w->engine, msg.id);
	else {
		s.peer = fd[0];
		s.far = fd[1];
		error = tlsconn_switch(w->engine, msg.id, &s);
	}
	if (error == 0) {
		tlssay_switched(w, msg.id);
		return;
	}
	role_close_all(fd, nfd);
	log_debug("no switch: %s", strerror(error));
	tlssay_nak(w, msg.id, error);
}

static void
handle_share(struct tlsworker *w, const int *fd, int nfd, int error)
{
	struct ratecap *caps = role_caps(fd, nfd, error);

	if (caps != NULL)
		tls_engine_share(w->engine, caps);
}

static void
handle_config(struct tlsworker *w, const int *fd, int nfd, int error)
{
	const char *answer;
	uint32_t cfg = msg.cfg;

	answer = tlscfgs_message(w->cfgs, &msg, fd, nfd, error);
	if (answer != NULL && answer[0] != '\0')
		log_warn("TLS configuration %u: %s", (unsigned)cfg, answer);
	if (answer != NULL)
		tlssay_loaded(w, cfg, answer);
}

static void
on_message(void *arg, const void *p, size_t len, const int *fd, int nfd,
    int error)
{
	struct tlsworker *w = arg;

	if (tls_msg_parse(&msg, p, len) == -1) {
		log_warn("feeder: malformed message of %zu bytes", len);
		role_close_all(fd, nfd);
		return;
	}
	switch (msg.type) {
	case TLS_CONFIG:
	case TLS_KEYPAIR:
	case TLS_READY:
		handle_config(w, fd, nfd, error);
		break;
	case TLS_START:
		handle_start(w, fd, nfd, error);
		break;
	case TLS_SWITCH:
		handle_switch(w, fd, nfd, error);
		break;
	case TLS_SHARE:
		handle_share(w, fd, nfd, error);
		break;
	case TLS_RESET:
		role_close_all(fd, nfd);
		tlsconn_reset(w->engine, msg.id);
		break;
	case TLS_QUERY:
		role_close_all(fd, nfd);
		tlssay_counts(w, msg.seq);
		break;
	default:
		log_warn("feeder: a message that is ours to say");
		role_close_all(fd, nfd);
	}
}

/* Its copies went with the feeder: what it had sent is served all the same. */
static void
on_orphan(void *arg)
{
	struct tlsworker *w = arg;
	size_t n;

	tlssay_orphan(w);
	tlsconn_begin_all(w->engine);
	n = tls_engine_count(w->engine);
	if (n > 0)
		log_info("the feeder is gone, %zu TLS connections go on, "
			 "%zu of them streams",
		    n, tls_engine_switched(w->engine));
	role_left(&w->role, n);
}

static const struct role_calls role_calls = {
	.handle = on_message,
	.flush = tlssay_flush,
	.orphan = on_orphan,
};

int
tlsworker_run(bool verbose, bool use_syslog, bool sandbox)
{
	struct tlsworker w = { .max = 0 };

	role_init(&w.role, &role_calls, &w, verbose, use_syslog);
	STAILQ_INIT(&w.sayings);
	/* Two descriptors each as well, and four while one is switched. */
	w.max = limit_streams() / 4 * 3;
	if ((w.engine = tls_engine_new(w.role.base, &calls, &w)) == NULL ||
	    (w.cfgs = tlscfgs_new()) == NULL)
		fatal("TLS");
	/* libtls reads OpenSSL's settings, once, and from files. */
	if (sandbox && tls_init() == -1)
		fatalx("libtls: cannot be initialised");
	role_run(&w.role, sandbox ? sandbox_tls_worker : NULL);
	tls_engine_free(w.engine);
	tlscfgs_free(w.cfgs);
	role_clear(&w.role);
	return 0;
}
