#include "gateway.h"

#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "alone.h"
#include "clock.h"
#include "log.h"
#include "rates.h"
#include "session.h"
#include "tlsin.h"

#define SAY_AGAIN 10	   /* seconds: the log hears of what lasts so often */
#define STRANGERS_SAID 200 /* lines about strangers in so long a time */

bool
gateway_say_again(time_t *said)
{
	time_t now = clock_seconds();

	if (*said != 0 && now - *said < SAY_AGAIN)
		return false;
	*said = now;
	return true;
}

/* Whoever can connect can make a line: as many as a disk takes. */
bool
gateway_hushes(struct gateway *gw)
{
	time_t now = clock_seconds();

	if (now - gw->strangers_since >= SAY_AGAIN) {
		if (gw->strangers_hushed > 0)
			log_info("%u lines about strangers left out",
			    gw->strangers_hushed);
		gw->strangers_since = now;
		gw->strangers_said = gw->strangers_hushed = 0;
	}
	if (gw->strangers_said++ < STRANGERS_SAID || log_verbose())
		return false;
	gw->strangers_hushed++;
	return true;
}

/* --- streams -------------------------------------------------------------- */

static struct gateway_stream *
stream_new(struct session *s, const char *what, struct limit_hold *held)
{
	size_t owner = strlen(s->owner) + 1, both = owner + strlen(what) + 1;
	size_t source = strlen(s->source) + 1;
	struct gateway *gw = s->gw;
	struct gateway_stream *n;

	if ((n = calloc(1, sizeof(*n) + both + source)) == NULL)
		return NULL;
	n->gw = gw;
	n->session = s->id;
	n->started = n->asked[0] = clock_ms();
	n->tls = s->tls != NULL;
	memcpy(n->text, s->owner, owner);
	n->what = n->text + owner;
	memcpy(n->text + owner, what, both - owner);
	n->source = n->text + both;
	memcpy(n->text + both, s->source, source);
	n->held = *held;
	memset(held, 0, sizeof(*held));
	if (gw->conf->limit[LIMIT_BANDWIDTH][SCOPE_USER] != 0)
		n->slot = rates_take(gw->rates, s->owner);
	TAILQ_INSERT_TAIL(&gw->streams, n, entry);
	gw->nstreams++;
	return n;
}

static void
stream_free(struct gateway_stream *n)
{
	TAILQ_REMOVE(&n->gw->streams, n, entry);
	n->gw->nstreams--;
	limit_give(&n->held);
	rates_give(n->gw->rates, n->slot);
	free(n);
}

/* 0, or -1: a and b are closed. */
static int
start(struct session *s, struct gateway_stream *n, int a, int b,
    const void *first, size_t firstlen)
{
	uint64_t rate = s->gw->conf->limit[LIMIT_BANDWIDTH][SCOPE_USER];
	struct relay_opts opts = { .idle = s->idle,
		.slot = n->slot,
		.rate = n->slot == 0 ? 0 : rate };

	if (n->tls)
		return tlsin_switch(s, a, b, first, firstlen, opts.slot,
		    opts.rate, n);
	return feed_send(s->gw->feed, a, b, first, firstlen, NULL, 0, &opts, n);
}

static void
relay(struct session *s, int a, int b, const void *first, size_t firstlen,
    const char *what, struct limit_hold *held)
{
	struct gateway_stream *n = stream_new(s, what, held);
	char shown[4 * sizeof(s->what)];

	if (n == NULL) {
		close(a);
		close(b);
		return;
	}
	if (start(s, n, a, b, first, firstlen) == -1) {
		session_log(s, "no worker takes %s",
		    log_vis(what, shown, sizeof(shown)));
		stream_free(n);
		return;
	}
	s->gw->totals.streams++;
	session_log(s, "relay %s", what);
}

void
gateway_relay(struct session *s, int a, int b, const void *first,
    size_t firstlen)
{
	if (s->gw->feed == NULL)
		alone_relay(a, b, first, firstlen, s->idle);
	relay(s, a, b, first, firstlen, s->what, &s->held_stream);
}

void
gateway_forward(struct session *s, int a, int b, const char *what,
    struct limit_hold *held)
{
	struct tlsin *tls = s->tls;

	s->tls = NULL; /* neither end is the session's */
	relay(s, a, b, NULL, 0, what, held);
	s->tls = tls;
}

void
gateway_ended(void *stream, const struct relay_end *r)
{
	struct gateway_stream *n = stream;
	struct gateway *gw = n->gw;

	gw->totals.bytes += r->ab + r->ba;
	log_info("s%llu: end: %llu bytes in, %llu out, %u.%03u s, %s",
	    (unsigned long long)n->session, (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000,
	    relay_cause_name(r->cause));
	stream_free(n);
	gateway_resume(gw);
}

void
gateway_counts(void *stream, uint64_t ab, uint64_t ba)
{
	struct gateway_stream *n = stream;

	memcpy(n->before, n->now, sizeof(n->before));
	n->now[0] = ab;
	n->now[1] = ba;
	n->asked[0] = n->asked[1] == 0 ? n->started : n->asked[1];
	n->asked[1] = clock_ms();
}

/* --- addresses ------------------------------------------------------------ */

/* What a socket can be bound to. */
bool
gateway_is_local(const struct sockaddr *sa)
{
	struct sockaddr_storage ss;
	socklen_t len;
	bool local;
	int fd;

	memset(&ss, 0, sizeof(ss));
	if (sa->sa_family == AF_INET) {
		len = sizeof(struct sockaddr_in);
		memcpy(&ss, sa, len);
		((struct sockaddr_in *)&ss)->sin_port = 0;
	} else {
		len = sizeof(struct sockaddr_in6);
		memcpy(&ss, sa, len);
		((struct sockaddr_in6 *)&ss)->sin6_port = 0;
	}
	if ((fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return true;
	local = bind(fd, (struct sockaddr *)&ss, len) == 0;
	close(fd);
	return local;
}

bool
gateway_is_own(const struct gateway *gw, const struct sockaddr *sa)
{
	int i;

	for (i = 0; i < gw->nown_ports; i++)
		if (gw->own_ports[i] == addr_port_sa(sa))
			return gateway_is_local(sa);
	return false;
}

/* --- suspects ------------------------------------------------------------- */

static struct suspect *
suspect_find(const struct gateway *gw, const char *source)
{
	const struct suspect *x;
	unsigned i;

	for (i = 0; i < SUSPECTS_MAX; i++) {
		x = &gw->suspects[i];
		if (x->until != 0 && strcmp(x->source, source) == 0)
			return (struct suspect *)(uintptr_t)x;
	}
	return NULL;
}

static void forgive_later(struct gateway *);

static void
on_forgive(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd;
	(void)what;
	gw->forgiving = false;
	gateway_forgive(gw);
	if (gw->suspecting > clock_seconds())
		forgive_later(gw);
}

/* In a while nobody is last for what an acceptor beside it did. */
static void
forgive_later(struct gateway *gw)
{
	struct timeval tv = { .tv_sec = SUSPECT_TIME + 1 };

	if (!gw->forgiving &&
	    event_base_once(gw->base, -1, EV_TIMEOUT, on_forgive, gw, &tv) == 0)
		gw->forgiving = true;
}

void
gateway_suspect(struct gateway *gw, const char *source)
{
	struct suspect *x = suspect_find(gw, source);

	if (x == NULL)
		x = &gw->suspects[gw->next_suspect++ % SUSPECTS_MAX];
	strlcpy(x->source, source, sizeof(x->source));
	x->until = clock_seconds() + SUSPECT_TIME;
	gw->suspecting = x->until;
	gateway_demote(gw, source);
	forgive_later(gw);
}

void
gateway_trust(struct gateway *gw, const char *source)
{
	struct suspect *x;

	if (gw->suspecting != 0 && (x = suspect_find(gw, source)) != NULL)
		x->until = 0;
}

bool
gateway_suspected(const struct gateway *gw, const char *source)
{
	const struct suspect *x;

	if (gw->suspecting == 0 || clock_seconds() > gw->suspecting)
		return false;
	x = suspect_find(gw, source);
	return x != NULL && clock_seconds() <= x->until;
}
