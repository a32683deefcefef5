#include "gateway.h"

#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "alone.h"
#include "clock.h"
#include "log.h"

/* A stream under way: little, since there may be ten thousand. */
struct stream_note {
	struct gateway *gw;
	uint64_t session;
};

int
gateway_relay(struct gateway *gw, uint64_t session, int a, int b,
    const void *first, size_t firstlen, uint32_t idle, const char *what)
{
	struct stream_note *note;

	if (gw->feed == NULL)
		alone_relay(a, b, idle);
	if ((note = malloc(sizeof(*note))) == NULL) {
		close(a);
		close(b);
		return -1;
	}
	note->gw = gw;
	note->session = session;
	if (feed_send(gw->feed, a, b, first, firstlen, NULL, 0, idle, note) ==
	    -1) {
		log_warn("s%llu: no worker takes %s",
		    (unsigned long long)session, what);
		free(note);
		return -1;
	}
	gw->totals.streams++;
	log_info("s%llu: relay %s", (unsigned long long)session, what);
	return 0;
}

void
gateway_ended(void *stream, const struct relay_end *r)
{
	struct stream_note *note = stream;

	note->gw->totals.bytes += r->ab + r->ba;
	log_info("s%llu: end: %llu bytes in, %llu out, %u.%03u s, %s",
	    (unsigned long long)note->session, (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000,
	    relay_cause_name(r->cause));
	free(note);
}

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
