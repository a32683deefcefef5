#include "proxyin.h"

#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "handover.h"
#include "log.h"
#include "mask.h"

#define SAY_AGAIN 10 /* seconds between lines about refused ones */

struct proxied {
	struct event readable, timer;
	struct conn_from from;
	size_t n;
	unsigned char head[PROXY_HEADER_MAX];
};

static struct {
	struct event_base *base;
	unsigned count;
	time_t said;
	unsigned unsaid;
} pi;

void
proxyin_init(struct event_base *base)
{
	pi.base = base;
}

/* --- who may ------------------------------------------------------------ */

/* No name is looked up here: a mask is one of addresses. */
static bool
may(const struct conf_listen *cl, const struct sockaddr *peer)
{
	const struct conf_from *f;
	char text[ADDR_STRLEN];
	struct in6_addr ip;

	/* Of a UNIX-domain socket its permission bits decide. */
	if (peer->sa_family == AF_UNIX)
		return true;
	if (addr_ip_sa(peer, &ip) == -1)
		return false;
	addr_host_sa(peer, text, sizeof(text));
	STAILQ_FOREACH(f, &cl->from, entry)
		if (f->host == NULL ? cidr_contains(&f->net, &ip)
				    : mask_match(f->host, text))
			return true;
	return false;
}

/* One line in SAY_AGAIN seconds: nobody fills the log. */
static void
refuse(const struct conn_from *from, const char *why)
{
	char text[ADDR_STRLEN];

	close(from->fd);
	if (clock_seconds() - pi.said < SAY_AGAIN) {
		pi.unsaid++;
		return;
	}
	pi.said = clock_seconds();
	addr_format_sa((const struct sockaddr *)&from->peer, sizeof(from->peer),
	    text, sizeof(text));
	log_info("proxy %s: %s: closed (%u others since the last such line)",
	    text, why, pi.unsaid);
	pi.unsaid = 0;
}

/* --- the header --------------------------------------------------------- */

static void
proxied_free(struct proxied *p)
{
	(void)event_del(&p->readable);
	(void)event_del(&p->timer);
	pi.count--;
	free(p);
}

static void
drop(struct proxied *p, const char *why)
{
	refuse(&p->from, why);
	proxied_free(p);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drop(arg, "no PROXY header in time");
}

static void
hand_on(struct proxied *p, struct handover *h)
{
	struct conn_from from = p->from;

	/* LOCAL and UNKNOWN: it is the proxy itself, as it stands. */
	if (h->src.ss_family != AF_UNSPEC) {
		addr_unmap_sa(&h->src, &h->srclen);
		addr_unmap_sa(&h->dst, &h->dstlen);
		from.peer = h->src;
		from.local = h->dst;
	}
	from.first = h->first;
	from.firstlen = h->firstlen;
	/* It may not find its descriptor in another event. */
	(void)event_del(&p->readable);
	(void)conn_open(&from);
	proxied_free(p);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct proxied *p = arg;
	struct handover h;
	ssize_t n;
	int used;

	(void)what;
	n = recv(fd, p->head + p->n, sizeof(p->head) - p->n, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(p,
		    n == 0 ? "ended before its PROXY header" : strerror(errno));
		return;
	}
	p->n += (size_t)n;
	used = proxy_parse(&h, p->head, p->n);
	if (used == -1)
		drop(p, "malformed PROXY header");
	else if (used > 0)
		hand_on(p, &h);
}

void
proxyin_take(const struct conn_from *from, const struct conf_listen *cl)
{
	struct timeval tv = { .tv_sec = PROXYIN_WAIT };
	struct proxied *p;

	if (!may(cl, (const struct sockaddr *)&from->peer)) {
		refuse(from, "not a proxy by the configuration");
		return;
	}
	if (pi.count >= PROXYIN_MAX || (p = calloc(1, sizeof(*p))) == NULL) {
		refuse(from, "too many are under way");
		return;
	}
	p->from = *from;
	event_assign(&p->readable, pi.base, from->fd, EV_READ | EV_PERSIST,
	    on_readable, p);
	event_assign(&p->timer, pi.base, -1, 0, on_timeout, p);
	pi.count++;
	if (event_add(&p->readable, NULL) == -1 ||
	    event_add(&p->timer, &tv) == -1)
		drop(p, "no memory");
}
