/*
 * Connections and where they are: see tlsfeed_impl.h.
 */
#include "tlsfeed_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define SERVERNAME_MAX 255 /* bytes */

struct tconn *
tlsfeed_conn(struct job *j)
{
	return (struct tconn *)j;
}

static struct tconn *
find(struct tlsfeed *f, uint64_t id)
{
	return tlsfeed_conn(crew_find(&f->crew, id));
}

/* --- where they are ---------------------------------------------------- */

void
tlsfeed_unsend(struct tlsfeed *f, struct tconn *c)
{
	if (!c->unsent)
		return;
	TAILQ_REMOVE(&f->unsent, c, unsent_entry);
	c->unsent = false;
	f->nunsent--;
}

void
tlsfeed_detach(struct tlsfeed *f, struct tconn *c)
{
	tlsfeed_unsend(f, c);
	crew_detach(&f->crew, &c->job);
}

static void
try_send(struct tlsfeed *f, struct tconn *c)
{
	if (c->job.w->full || !tconn_send(c))
		return;
	tlsfeed_unsend(f, c);
	if (c->reset) {
		tlsfeed_detach(f, c);
		tlsfeed_remove(f, c);
	}
}

/* Its worker is told now, or as soon as there is room. */
static void
tell(struct tlsfeed *f, struct tconn *c)
{
	TAILQ_INSERT_TAIL(&f->unsent, c, unsent_entry);
	c->unsent = true;
	f->nunsent++;
	try_send(f, c);
}

void
tlsfeed_flush(void *feed)
{
	struct tlsfeed *f = feed;
	struct tconn *c, *next;

	TAILQ_FOREACH_SAFE(c, &f->unsent, unsent_entry, next)
		try_send(f, c);
}

bool
tlsfeed_place(struct tlsfeed *f, struct tconn *c)
{
	struct cworker *w = crew_pick(&f->crew, &c->job, false);

	if (w == NULL)
		return false;
	cworker_give(w, &c->job);
	tell(f, c);
	return true;
}

/* --- how they end ------------------------------------------------------ */

void
tlsfeed_remove(struct tlsfeed *f, struct tconn *c)
{
	if (c->state >= T_SWITCH)
		f->switched--;
	crew_remove(&f->crew, &c->job, true);
}

void
tlsfeed_down(struct tlsfeed *f, struct tconn *c, const char *reason)
{
	bool forgotten = c->forgotten;
	void *user = c->job.user;

	tlsfeed_remove(f, c);
	if (!forgotten)
		f->calls.down(f->arg, user, reason);
}

void
tlsfeed_end(struct tlsfeed *f, struct tconn *c, const struct relay_end *r)
{
	bool forgotten = c->forgotten;
	void *user = c->job.user;

	tlsfeed_remove(f, c);
	if (!forgotten)
		f->calls.end(f->arg, user, r);
}

void
tlsfeed_fail(struct tlsfeed *f, struct tconn *c, enum relay_cause cause)
{
	struct relay_end r = { .id = c->job.id, .cause = cause };

	tlsfeed_end(f, c, &r);
}

/* --- the feed ---------------------------------------------------------- */

struct tlsfeed *
tlsfeed_new(struct event_base *base, const struct tlsfeed_calls *calls,
    void *arg)
{
	struct tlsfeed *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->calls = *calls;
	f->arg = arg;
	TAILQ_INIT(&f->unsent);
	if (crew_init(&f->crew, base, &tlsfeed_crew_calls, f, calls->counted,
		arg) == 0)
		return f;
	tlsfeed_free(f);
	return NULL;
}

void
tlsfeed_free(struct tlsfeed *f)
{
	if (f == NULL)
		return;
	crew_clear(&f->crew);
	free(f);
}

/* The new one refused nothing. */
int
tlsfeed_add(struct tlsfeed *f, int fd, int slot)
{
	struct job *j;

	if (crew_add(&f->crew, fd, slot) == -1)
		return -1;
	while ((j = TAILQ_FIRST(&f->crew.waiting)) != NULL) {
		crew_detach(&f->crew, j);
		(void)tlsfeed_place(f, tlsfeed_conn(j));
	}
	return 0;
}

bool
tlsfeed_query(struct tlsfeed *f)
{
	return crew_query(&f->crew);
}

size_t
tlsfeed_streams(const struct tlsfeed *f)
{
	return f->switched;
}

size_t
tlsfeed_open(const struct tlsfeed *f)
{
	return f->crew.count - f->switched;
}

size_t
tlsfeed_pending(struct tlsfeed *f)
{
	struct job *j;
	size_t n = 0;

	RB_FOREACH(j, job_tree, &f->crew.tree)
		n += tlsfeed_conn(j)->state == T_SWITCH;
	return n;
}

/* --- starting and switching -------------------------------------------- */

static int
close_both(int a, int b, bool reset_b)
{
	int saved = errno;

	if (a != -1)
		close(a);
	if (b != -1 && reset_b)
		net_reset(b);
	else if (b != -1)
		close(b);
	errno = saved;
	return -1;
}

static struct job *
new_job(struct tlsfeed *f, const int fd[2], const char *servername,
    const void *first, size_t firstlen)
{
	if (f->nunsent >= TLSFEED_QUEUE_MAX || TAILQ_EMPTY(&f->crew.workers)) {
		errno = EAGAIN;
		return NULL;
	}
	return crew_job(&f->crew, sizeof(struct tconn), fd, first, firstlen,
	    servername, strlen(servername) + 1);
}

/* It must fit whole: a part of a name is another name. */
static bool
name_ok(const char *s)
{
	size_t n = strlen(s);

	return n <= SERVERNAME_MAX && tls_text_ok(s, n);
}

int
tlsfeed_start(struct tlsfeed *f, int conn, uint32_t cfg, const char *servername,
    const void *first, size_t firstlen, void *user, uint64_t *id)
{
	struct tconn *c;
	struct job *j;
	int sv[2];

	if (servername == NULL)
		servername = "";
	if (!name_ok(servername)) {
		errno = EINVAL;
		return close_both(conn, -1, false);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		sv) == -1)
		return close_both(conn, -1, false);
	j = new_job(f, (int[]){ conn, sv[1] }, servername, first, firstlen);
	if (j == NULL) {
		(void)close_both(sv[0], sv[1], false);
		return close_both(conn, -1, false);
	}
	j->user = user;
	*id = j->id;
	c = tlsfeed_conn(j);
	c->cfg = cfg;
	(void)tlsfeed_place(f, c); /* there is a worker, who refused nothing */
	return sv[0];
}

/* 0, or why not. */
static int
may_switch(const struct tconn *c)
{
	if (c == NULL || c->job.w == NULL)
		return ECONNRESET;
	return c->state == T_OPEN ? 0 : EINVAL;
}

int
tlsfeed_switch(struct tlsfeed *f, uint64_t id, int plain, int peer,
    const void *first, size_t firstlen, uint32_t idle, uint32_t slot,
    uint64_t rate)
{
	struct tconn *c = find(f, id);

	if ((errno = may_switch(c)) != 0 ||
	    crew_keep(&f->crew, &c->job, (int[]){ peer, plain }, first,
		firstlen, NULL, 0) == -1) {
		if (c != NULL)
			c->forgotten = true;
		return close_both(plain, peer, true);
	}
	c->job.copy->opts =
	    (struct relay_opts){ .idle = idle, .slot = slot, .rate = rate };
	c->state = T_SWITCH;
	f->switched++;
	tell(f, c);
	return 0;
}

void
tlsfeed_forget(struct tlsfeed *f, uint64_t id)
{
	struct tconn *c = find(f, id);

	if (c != NULL)
		c->forgotten = true;
}

/* One that has no worker now is let go by the next, whom nobody answers. */
void
tlsfeed_reset(struct tlsfeed *f, uint64_t id)
{
	struct tconn *c = find(f, id);

	if (c == NULL || c->reset)
		return;
	c->forgotten = true;
	if (c->job.w == NULL)
		return;
	if (c->unsent && c->state == T_START) {
		tlsfeed_detach(f, c);
		tlsfeed_remove(f, c);
		return;
	}
	crew_drop_copy(&f->crew, &c->job, c->unsent);
	c->reset = true;
	if (!c->unsent)
		tell(f, c);
}
