/*
 * The channel of c-ares on the event loop, and the life of a query.  The
 * channel is made at the first query that needs it and made anew when
 * /etc/resolv.conf has changed.  Every answer, also one known at once,
 * reaches the caller from an event of its own: nothing of c-ares is on the
 * stack then, so the callback may free whatever it likes.
 */

#include "resolv_impl.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESOLV_CONF "/etc/resolv.conf"

struct resolv_sock {
	LIST_ENTRY(resolv_sock) entry;
	struct resolv *resolv;
	int fd;
	struct event *ev;
};

struct resolv {
	struct event_base *base;
	struct event *timer;
	ares_channel channel;
	bool open;	      /* channel is there */
	char *servers;	      /* to be asked instead of the system's; or NULL */
	int ms, tries;	      /* patience; 0: the system's */
	struct timespec conf; /* change time of resolv.conf when it was read */
	LIST_HEAD(resolv_queries, resolv_query) queries;
	LIST_HEAD(resolv_socks, resolv_sock) socks;
};

void
resolv_set_timer(struct resolv *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv) != NULL)
		event_add(r->timer, &tv);
	else
		event_del(r->timer);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct resolv *r = arg;

	(void)fd;
	(void)what;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolv_set_timer(r);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct resolv_sock *s = arg;
	struct resolv *r = s->resolv;

	/* s may be gone when this returns */
	ares_process_fd(r->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	resolv_set_timer(r);
}

static void
sock_free(struct resolv_sock *s)
{
	LIST_REMOVE(s, entry);
	if (s->ev != NULL)
		event_free(s->ev);
	free(s);
}

static struct resolv_sock *
sock_get(struct resolv *r, int fd)
{
	struct resolv_sock *s;

	LIST_FOREACH(s, &r->socks, entry)
		if (s->fd == fd)
			return s;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->resolv = r;
	s->fd = fd;
	LIST_INSERT_HEAD(&r->socks, s, entry);
	return s;
}

/* c-ares tells what it wants of a descriptor; neither: it is closing it. */
static void
on_sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolv *r = arg;
	struct resolv_sock *s;
	short what = EV_PERSIST;

	/* without memory for s the query ends by its timeout */
	if ((s = sock_get(r, fd)) == NULL)
		return;
	if (!readable && !writable) {
		sock_free(s);
		return;
	}
	what |= (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = event_new(r->base, fd, what, on_socket, s);
	if (s->ev != NULL)
		event_add(s->ev, NULL);
}

static void
channel_close(struct resolv *r)
{
	if (!r->open)
		return;
	r->open = false;
	ares_destroy(r->channel); /* calls back for what is under way */
	event_del(r->timer);
}

/* A channel by the system's files and our settings.  A status of c-ares. */
static int
channel_make(ares_channel *channel, struct resolv *r, const char *servers)
{
	struct ares_options o = { 0 };
	int mask = ARES_OPT_SOCK_STATE_CB, status;

	o.sock_state_cb = on_sock_state;
	o.sock_state_cb_data = r;
	if (r->ms > 0) {
		o.timeout = r->ms;
		o.tries = r->tries;
		mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
	}
	status = ares_init_options(channel, &o, mask);
	if (status != ARES_SUCCESS || servers == NULL)
		return status;
	status = ares_set_servers_ports_csv(*channel, servers);
	if (status != ARES_SUCCESS)
		ares_destroy(*channel);
	return status;
}

/* Has the file changed since the channel was made by it? */
static bool
is_stale(const struct resolv *r, const struct stat *st)
{
	return st->st_ctim.tv_sec != r->conf.tv_sec ||
	       st->st_ctim.tv_nsec != r->conf.tv_nsec;
}

int
resolv_open(struct resolv *r)
{
	struct stat st = { 0 };

	(void)stat(RESOLV_CONF, &st); /* none: c-ares asks 127.0.0.1 */
	if (r->open && LIST_EMPTY(&r->queries) && is_stale(r, &st))
		channel_close(r);
	if (r->open)
		return 0;
	if (channel_make(&r->channel, r, r->servers) != ARES_SUCCESS) {
		errno = ENOMEM;
		return -1;
	}
	r->conf = st.st_ctim;
	r->open = true;
	return 0;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
resolv_servers(struct resolv *r, const char *csv)
{
	ares_channel trial;
	char *copy = NULL;

	if (is_same(csv, r->servers))
		return 0;
	if (csv != NULL) {
		if (csv[0] == '\0' ||
		    channel_make(&trial, r, csv) != ARES_SUCCESS) {
			errno = EINVAL;
			return -1;
		}
		ares_destroy(trial);
		if ((copy = strdup(csv)) == NULL)
			return -1;
	}
	channel_close(r);
	free(r->servers);
	r->servers = copy;
	return 0;
}

void
resolv_patience(struct resolv *r, int ms, int tries)
{
	channel_close(r);
	r->ms = ms;
	r->tries = tries;
}

struct resolv *
resolv_new(struct event_base *base)
{
	struct resolv *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->base = base;
	LIST_INIT(&r->queries);
	LIST_INIT(&r->socks);
	if ((r->timer = evtimer_new(base, on_timer, r)) == NULL) {
		free(r);
		errno = ENOMEM;
		return NULL;
	}
	return r;
}

void
resolv_free(struct resolv *r)
{
	struct resolv_query *q, *tmp;

	if (r == NULL)
		return;
	LIST_FOREACH_SAFE(q, &r->queries, entry, tmp)
		resolv_cancel(q);
	channel_close(r);
	while (!LIST_EMPTY(&r->socks))
		sock_free(LIST_FIRST(&r->socks));
	event_free(r->timer);
	free(r->servers);
	free(r);
}

static void
query_free(struct resolv_query *q)
{
	event_free(q->answer);
	free(q);
}

void
resolv_cancel(struct resolv_query *q)
{
	if (q == NULL || q->cancelled)
		return;
	LIST_REMOVE(q, entry);
	q->cancelled = true;
	event_del(q->answer);
	/* c-ares 1.18 cannot cancel one query: let it run out, unheard */
	if (!q->asked)
		query_free(q);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct resolv_query *q = arg;

	(void)fd;
	(void)what;
	LIST_REMOVE(q, entry);
	q->cancelled = true; /* from now on there is nothing to cancel */
	q->tell(q);
	query_free(q);
}

void
resolv_answer(struct resolv_query *q)
{
	event_active(q->answer, EV_TIMEOUT, 0);
}

ares_channel
resolv_asking(struct resolv_query *q)
{
	q->asked = true;
	return q->resolv->channel;
}

bool
resolv_asked(struct resolv_query *q)
{
	q->asked = false;
	if (q->cancelled) {
		query_free(q);
		return false;
	}
	return true;
}

void *
resolv_query_new(struct resolv *r, size_t size,
    void (*tell)(struct resolv_query *), bool ares)
{
	struct resolv_query *q;

	if ((ares && resolv_open(r) == -1) || (q = calloc(1, size)) == NULL)
		return NULL;
	q->answer = event_new(r->base, -1, 0, on_answer, q);
	if (q->answer == NULL) {
		free(q);
		errno = ENOMEM;
		return NULL;
	}
	q->resolv = r;
	q->tell = tell;
	LIST_INSERT_HEAD(&r->queries, q, entry);
	return q;
}

const char *
resolv_error_text(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return "no such host";
	case ARES_ENODATA:
		return "the host has no address of that family";
	case ARES_ETIMEOUT:
		return "the name servers do not answer";
	case ARES_ECONNREFUSED:
		return "no name server can be reached";
	default:
		return ares_strerror(status);
	}
}

bool
resolv_is_localhost(const char *host)
{
	static const char word[] = "localhost";
	size_t len = strlen(host), n = sizeof(word) - 1;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < n || strncasecmp(host + len - n, word, n) != 0)
		return false;
	return len == n || host[len - n - 1] == '.';
}
