/*
 * A lookup has two parts that do not wait for each other, the host's name
 * and the user's.  What is known before lookup_start() has returned is told
 * by an event of its own.
 */
#include "lookup.h"

#include <event2/event_struct.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "casemap.h"
#include "hostcache.h"
#include "ident.h"
#include "ident_query.h"
#include "limits.h"

#define TEXT_MAX 96 /* of an event */

/* What came of a part. */
struct part {
	bool wanted; /* and not told yet */
	bool ready;
	enum lookup_event event;
	char text[TEXT_MAX];
};

struct lookup {
	struct lookups *all;
	struct event turn;  /* tells what is ready */
	struct event timer; /* of the host's part */
	struct host_waiter waiter;
	struct ident_query *ident;
	struct part host, user;
	void (*event)(void *, enum lookup_event, const char *);
	void *arg;
	bool telling;	/* our caller is on the stack */
	bool cancelled; /* and has cancelled meanwhile */
};

struct lookups {
	struct event_base *base;
	struct hostcache *hosts;
	unsigned idents;
};

struct lookups *
lookups_new(struct event_base *base, struct resolv *resolv)
{
	struct lookups *ls;

	if ((ls = calloc(1, sizeof(*ls))) == NULL)
		return NULL;
	ls->base = base;
	if ((ls->hosts = hostcache_new(resolv)) == NULL) {
		free(ls);
		return NULL;
	}
	return ls;
}

void
lookups_free(struct lookups *ls)
{
	if (ls == NULL)
		return;
	hostcache_free(ls->hosts);
	free(ls);
}

void
lookups_forget(struct lookups *ls)
{
	hostcache_clear(ls->hosts);
}

/* Leave everything behind; the callback may still be on the stack. */
static void
lookup_free(struct lookup *l)
{
	hostcache_forget(&l->waiter);
	if (l->ident != NULL) {
		ident_cancel(l->ident);
		l->all->idents--;
	}
	event_del(&l->turn);
	event_del(&l->timer);
	free(l);
}

void
lookup_cancel(struct lookup *l)
{
	if (l == NULL)
		return;
	if (l->telling)
		l->cancelled = true;
	else
		lookup_free(l);
}

static void
tell_part(struct lookup *l, struct part *p)
{
	if (!p->wanted || !p->ready || l->cancelled)
		return;
	p->wanted = false;
	l->event(l->arg, p->event, p->text);
}

/* Tell what is ready, and with all told the end. */
static void
tell(struct lookup *l)
{
	void (*event)(void *, enum lookup_event, const char *) = l->event;
	void *arg = l->arg;
	bool cancelled;

	l->telling = true;
	tell_part(l, &l->host);
	tell_part(l, &l->user);
	l->telling = false;
	cancelled = l->cancelled;
	if (!cancelled && (l->host.wanted || l->user.wanted))
		return;
	lookup_free(l);
	if (!cancelled)
		event(arg, LOOKUP_DONE, NULL);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

static void
be_ready(struct part *p, enum lookup_event event, const char *text)
{
	p->ready = true;
	p->event = event;
	(void)strlcpy(p->text, text, sizeof(p->text));
}

static void
host_ready(struct lookup *l, enum host_state state, const char *text)
{
	static const enum lookup_event events[] = {
		[HOST_FOUND] = LOOKUP_HOST_FOUND,
		[HOST_FAILED] = LOOKUP_HOST_FAILED,
		[HOST_MISMATCH] = LOOKUP_HOST_MISMATCH,
		[HOST_LONG] = LOOKUP_HOST_LONG,
	};

	be_ready(&l->host, events[state], text);
}

static void
on_host(void *arg, enum host_state state, const char *text)
{
	struct lookup *l = arg;

	event_del(&l->timer);
	host_ready(l, state, text);
	tell(l);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;

	(void)fd;
	(void)what;
	hostcache_forget(&l->waiter);
	host_ready(l, HOST_FAILED, "no answer in time");
	tell(l);
}

/* The marks of a name that nobody vouches for are not the peer's to give. */
static void
user_ready(struct lookup *l, const char *user, const char *error)
{
	char name[USERLEN + 1] = "";

	if (user != NULL) {
		irc_username(name, user + strspn(user, " \t~"));
		error = "no user name in the reply";
	}
	if (name[0] != '\0')
		be_ready(&l->user, LOOKUP_IDENT_FOUND, name);
	else
		be_ready(&l->user, LOOKUP_IDENT_FAILED, error);
}

static void
on_user(void *arg, const char *user, const char *error)
{
	struct lookup *l = arg;

	l->ident = NULL;
	l->all->idents--;
	user_ready(l, user, error);
	tell(l);
}

static const char *
reason(int error)
{
	return error == EBUSY ? "too many lookups" : strerror(error);
}

static void
start_host(struct lookup *l, const struct sockaddr *peer, unsigned seconds)
{
	struct timeval tv = { .tv_sec = (time_t)seconds };
	enum host_state state;
	const char *text;

	l->waiter.done = on_host;
	l->waiter.arg = l;
	switch (hostcache_ask(l->all->hosts, peer, &l->waiter, &state, &text)) {
	case 1:
		host_ready(l, state, text);
		break;
	case -1:
		host_ready(l, HOST_FAILED, reason(errno));
		break;
	default:
		if (event_add(&l->timer, &tv) == 0)
			break;
		hostcache_forget(&l->waiter);
		host_ready(l, HOST_FAILED, strerror(ENOMEM));
	}
}

static void
start_user(struct lookup *l, const struct sockaddr *peer,
    const struct sockaddr *local, unsigned seconds)
{
	struct lookups *ls = l->all;

	if (ls->idents >= LOOKUP_IDENTS)
		errno = EBUSY;
	else
		l->ident = ident_start(ls->base, peer, local, IDENT_PORT,
		    seconds, on_user, l);
	if (l->ident == NULL)
		user_ready(l, NULL, reason(errno));
	else
		ls->idents++;
}

struct lookup *
lookup_start(struct lookups *ls, const struct sockaddr *peer,
    const struct sockaddr *local, unsigned what, unsigned dns_seconds,
    unsigned ident_seconds,
    void (*event)(void *, enum lookup_event, const char *), void *arg)
{
	struct lookup *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->all = ls;
	l->event = event;
	l->arg = arg;
	if (event_assign(&l->turn, ls->base, -1, 0, on_turn, l) == -1 ||
	    evtimer_assign(&l->timer, ls->base, on_timer, l) == -1) {
		free(l);
		errno = EINVAL;
		return NULL;
	}
	l->host.wanted = what & LOOKUP_DNS;
	l->user.wanted = what & LOOKUP_IDENT;
	if (l->host.wanted)
		start_host(l, peer, dns_seconds);
	if (l->user.wanted)
		start_user(l, peer, local, ident_seconds);
	if (l->host.ready || l->user.ready ||
	    (!l->host.wanted && !l->user.wanted))
		event_active(&l->turn, EV_TIMEOUT, 0);
	return l;
}
