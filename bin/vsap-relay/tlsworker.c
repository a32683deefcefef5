#include "tlsworker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "limit.h"
#include "log.h"
#include "loop.h"
#include "ratecap.h"
#include "role.h"
#include "sandbox.h"
#include "tlsworker_impl.h"

#define TURN_MAX 64  /* messages taken in one turn */
#define SAY_AGAIN 10 /* seconds without a refusal until one is news */

static unsigned char packet[TLS_MSG_MAX];
static struct tls_msg msg; /* of the call under way */

static void
leave_if_done(struct tlsworker *w)
{
	if (w->orphan && tls_engine_count(w->engine) == 0)
		event_base_loopbreak(w->base);
}

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
	leave_if_done(arg);
}

static const struct tlsconn_calls calls = {
	.up = conn_up,
	.down = conn_down,
	.end = conn_end,
	.gone = conn_gone,
};

/* --- what the feeder tells --------------------------------------------- */

/* The feeder may find another worker; what lasts is said now and then. */
static void
refuse(struct tlsworker *w, const int *fd, int nfd, int error)
{
	time_t now = clock_seconds();

	role_close_all(fd, nfd);
	if (now - w->said >= SAY_AGAIN)
		log_warn("no TLS connection can be taken: %s", strerror(error));
	w->said = now;
	tlssay_nak(w, msg.id, error);
}

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
	if (error == 0)
		tlssay_ack(w, msg.id);
	else
		refuse(w, fd, nfd, error);
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
	struct ratecap *caps;

	if (error == 0 && nfd != 1)
		error = EBADMSG;
	if (error == 0 && (caps = ratecap_map(fd[0])) != NULL)
		tls_engine_share(w->engine, caps);
	else
		log_warn("no bandwidth caps: %s",
		    strerror(error != 0 ? error : errno));
	role_close_all(fd, nfd);
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
handle(void *arg, size_t len, const int *fd, int nfd, int error)
{
	struct tlsworker *w = arg;

	if (tls_msg_parse(&msg, packet, len) == -1) {
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

/*
 * The feeder is gone, and its copies with it: what it had sent is served all
 * the same.
 */
static void
become_orphan(struct tlsworker *w)
{
	if (w->orphan)
		return;
	w->orphan = true;
	event_del(w->ev_read);
	event_del(w->ev_write);
	close(ROLE_FD);
	role_orphan();
	tlssay_orphan(w);
	tlsconn_begin_all(w->engine);
	if (tls_engine_count(w->engine) > 0)
		log_info("the feeder is gone, %zu TLS connections go on, "
			 "%zu of them streams",
		    tls_engine_count(w->engine),
		    tls_engine_switched(w->engine));
	leave_if_done(w);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct tlsworker *w = arg;

	int r = 1;

	(void)fd;
	(void)what;
	for (int n = 0; n < TURN_MAX && r == 1; n++)
		r = role_receive(packet, sizeof(packet), handle, w);
	if (r == -1) {
		tlssay_flush(w);
		become_orphan(w);
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tlssay_flush(arg);
}

/* --- beginning --------------------------------------------------------- */

/* libtls reads OpenSSL's settings and the log the time zone, once; nothing
 * else of the system's is wanted. */
static void
confine(void)
{
	char err[256];

	tzset();
	if (tls_init() == -1)
		fatalx("libtls: cannot be initialised");
	if (sandbox_tls_worker(err, sizeof(err)) == -1)
		log_warn("%s; going on without", err);
}

static void
set_up(struct tlsworker *w)
{
	memset(w, 0, sizeof(*w));
	STAILQ_INIT(&w->sayings);
	/* Two descriptors each as well, and four while one is switched. */
	w->max = limit_streams() / 4 * 3;
	if ((w->base = loop_new()) == NULL)
		fatal("event loop");
	if ((w->engine = tls_engine_new(w->base, &calls, w)) == NULL ||
	    (w->cfgs = tlscfgs_new()) == NULL)
		fatal("TLS");
	role_watch(w->base, on_read, on_write, w, &w->ev_read, &w->ev_write);
}

int
tlsworker_run(bool verbose, bool use_syslog, bool sandbox)
{
	struct tlsworker w;

	log_init("vsap-relay", use_syslog, verbose);
	log_open_syslog();
	role_detach();
	set_up(&w);
	if (sandbox)
		confine();
	if (loop_run(w.base) == -1)
		fatal("event loop");
	tls_engine_free(w.engine);
	tlscfgs_free(w.cfgs);
	event_free(w.ev_read);
	event_free(w.ev_write);
	event_base_free(w.base);
	return 0;
}
