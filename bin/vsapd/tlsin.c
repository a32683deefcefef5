#include "tlsin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "log.h"
#include "status.h"
#include "who.h"

#define WAIT 5000 /* ms more than the worker takes for a handshake */

/* One connection with a worker: of a session, later of a stream; or one to
 * the upstream. */
struct tlsin {
	struct gateway *gw;
	struct session *session; /* NULL: it has left */
	struct gwlink *link;	 /* to the upstream, or NULL */
	void *note;		 /* of the stream, after the switch */
	uint64_t id;
};

static void
too_long(struct session *s)
{
	session_log(s, "%s: no word from the TLS worker: closed", s->peer);
	session_close(s);
}

void
tlsin_begin(struct session *s)
{
	struct tlsin *t;
	int plain;

	if (s->gw->tlsfeed == NULL) {
		front_close(s, "speaks TLS, for which a daemon is needed");
		return;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		session_reset(s, "out of memory");
		return;
	}
	t->gw = s->gw;
	t->session = s;
	(void)event_del(&s->io);
	plain = tlsfeed_start(s->gw->tlsfeed, s->fd, TLSIN_SERVER, "",
	    s->in.data, s->in.len, t, &t->id);
	session_replace_fd(s, plain);
	if (plain == -1) {
		free(t);
		session_log(s, "%s: no TLS worker: %s", s->peer,
		    strerror(errno));
		session_close(s);
		return;
	}
	s->tls = t;
	buf_consume(&s->in, s->in.len);
	s->partial = false;
	session_wait(s, S_HANDSHAKE, VSAP_TLS_HANDSHAKE * 1000L + WAIT,
	    too_long);
}

void
tlsin_end(struct session *s)
{
	struct tlsin *t = s->tls;

	s->tls = NULL;
	if (t == NULL)
		return;
	t->session = NULL;
	tlsfeed_forget(t->gw->tlsfeed, t->id);
	free(t);
}

void
tlsin_reset(struct session *s)
{
	if (s->tls != NULL)
		tlsfeed_reset(s->tls->gw->tlsfeed, s->tls->id);
}

int
tlsin_switch(struct session *s, int plain, int peer, const void *first,
    size_t firstlen, uint32_t slot, uint64_t rate, void *note)
{
	struct tlsin *t = s->tls;

	s->tls = NULL;
	t->session = NULL;
	t->note = note;
	if (tlsfeed_switch(t->gw->tlsfeed, t->id, plain, peer, first, firstlen,
		s->idle, slot, rate) == 0)
		return 0;
	free(t);
	return -1;
}

/* --- to the upstream ------------------------------------------------------ */

static int
link_start(void *arg, int conn, const char *name, struct gwlink *link,
    void **token)
{
	struct gateway *gw = arg;
	struct tlsin *t;
	int plain;

	if (gw->tlsfeed == NULL || (t = calloc(1, sizeof(*t))) == NULL) {
		close(conn);
		errno = EAGAIN;
		return -1;
	}
	t->gw = gw;
	t->link = link;
	/* Not earlier: a reload may have taken the name meanwhile. */
	if (gw->conf->up_tls.name != NULL)
		name = gw->conf->up_tls.name;
	plain = tlsfeed_start(gw->tlsfeed, conn, TLSIN_UPSTREAM, name, NULL, 0,
	    t, &t->id);
	if (plain == -1)
		free(t);
	else
		*token = t;
	return plain;
}

static void
link_forget(void *token)
{
	struct tlsin *t = token;

	tlsfeed_forget(t->gw->tlsfeed, t->id);
	free(t);
}

void
tlsin_link(struct gateway *gw, struct gwlink_tls *link)
{
	link->start = link_start;
	link->forget = link_forget;
	link->arg = gw;
	link->name = NULL;
	link->verified =
	    !gw->conf->up_tls.no_verify || gw->conf->up_tls.pins != NULL;
}

/* --- what the workers say ------------------------------------------------- */

static void
on_up(void *arg, void *user, const struct tls_peer *peer)
{
	struct tlsin *t = user;
	struct session *s = t->session;

	(void)arg;
	if (t->link != NULL)
		gwlink_up(t->link, peer);
	if (s == NULL || s->state != S_HANDSHAKE)
		return;
	who_tls(s, peer);
	s->state = S_COMMAND;
	session_work(s);
}

static void
on_down(void *arg, void *user, const char *reason)
{
	struct tlsin *t = user;
	struct relay_end end = { .cause = RELAY_RESET };
	struct session *s = t->session;
	char shown[512];

	(void)arg;
	if (t->note != NULL) /* the switch failed */
		gateway_ended(t->note, &end);
	if (t->link != NULL)
		gwlink_down(t->link, reason);
	if (s != NULL) {
		s->tls = NULL;
		t->gw->totals.tls_failed += s->state == S_HANDSHAKE;
		if (strcmp(reason, "end") != 0)
			session_log(s, "%s: TLS: %s", s->peer,
			    log_vis(reason, shown, sizeof(shown)));
		session_close(s);
	}
	free(t);
}

static void
on_end(void *arg, void *user, const struct relay_end *r)
{
	struct tlsin *t = user;

	(void)arg;
	gateway_ended(t->note, r);
	free(t);
}

static void
on_dead(void *arg, int slot)
{
	(void)arg;
	log_warn("TLS worker %d is gone, its connections with it", slot);
}

/* The parent's configuration has come to a worker, or not. */
static void
on_loaded(void *arg, int slot, uint32_t cfg, const char *error)
{
	char shown[512];

	(void)arg;
	if (error[0] != '\0')
		log_warn("TLS worker %d, %s: %s", slot,
		    cfg == TLSIN_SERVER ? "certificates" : "upstream",
		    log_vis(error, shown, sizeof(shown)));
}

static void
on_counts(void *arg, void *user, uint64_t ab, uint64_t ba)
{
	struct tlsin *t = user;

	(void)arg;
	if (t->note != NULL)
		gateway_counts(t->note, ab, ba);
}

static void
on_counted(void *arg)
{
	status_counted(arg);
}

const struct tlsfeed_calls tlsin_calls = {
	.up = on_up,
	.down = on_down,
	.end = on_end,
	.dead = on_dead,
	.loaded = on_loaded,
	.counts = on_counts,
	.counted = on_counted,
};
