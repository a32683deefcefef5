#include "slices.h"

#include <sys/queue.h>
#include <sys/tree.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf.h"
#include "conn.h"
#include "numeric.h"
#include "server.h"
#include "user.h"

#define ROOM 16384    /* bytes queued, below which more is said */
#define FIRST_US 1000 /* for what is said at once */
#define TURN_US 3000  /* for all replies in a turn */
#define WAIT_MIN 2    /* ms between looks at queues that do not drain */
#define WAIT_MAX 200

struct job {
	STAILQ_ENTRY(job) entry;
	slice_fn *some;
	void *state;
};

/* A user with his replies; the first one is being said. */
struct talk {
	TAILQ_ENTRY(talk) entry;
	RB_ENTRY(talk) by_id;
	uint64_t id;
	char nick[NICKLEN + 1]; /* as it was; finds him sooner than the id */
	unsigned njobs;
	STAILQ_HEAD(, job) jobs;
};

static int
talk_cmp(const struct talk *a, const struct talk *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_HEAD(talks_by_id, talk);
RB_GENERATE_INTERNAL(talks_by_id, talk, by_id, talk_cmp,
    static __attribute__((__unused__)))

static struct talks_by_id by_id = RB_INITIALIZER(&by_id);
static TAILQ_HEAD(, talk) talks = TAILQ_HEAD_INITIALIZER(talks);
static unsigned ntalks;
static struct event *pump;
static unsigned wait_ms = WAIT_MIN;

static uint64_t
now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static bool
alive(const struct user *u)
{
	return u->conn != NULL && !u->conn->dead && !u->conn->closing &&
	       !u->conn->full;
}

static bool
has_room(const struct user *u)
{
	size_t room = ROOM;

	if (u->conn->class != NULL && u->conn->class->sendq / 4 < room)
		room = u->conn->class->sendq / 4;
	return u->conn->q.bytes <= room;
}

/* Returns true if there is more to say to him. */
static bool
say_some(struct user *u, slice_fn *some, void *state, uint64_t until)
{
	while (has_room(u)) {
		if (!some(u, state) || !alive(u))
			return false;
		if (now_us() >= until)
			break;
	}
	return true;
}

static struct talk *
talk_find(const struct user *u)
{
	struct talk key = { .id = u->id };

	return RB_FIND(talks_by_id, &by_id, &key);
}

static void
job_free(struct talk *t, struct job *j)
{
	STAILQ_REMOVE_HEAD(&t->jobs, entry);
	t->njobs--;
	free(j->state);
	free(j);
}

static void
talk_free(struct talk *t)
{
	while (!STAILQ_EMPTY(&t->jobs))
		job_free(t, STAILQ_FIRST(&t->jobs));
	RB_REMOVE(talks_by_id, &by_id, t);
	TAILQ_REMOVE(&talks, t, entry);
	ntalks--;
	free(t);
}

/* To whom it is; NULL: he has gone. */
static struct user *
talk_user(struct talk *t)
{
	struct user *u = user_find(t->nick);

	if (u == NULL || u->id != t->id) {
		if ((u = user_by_id(t->id)) == NULL)
			return NULL;
		strlcpy(t->nick, u->nick, sizeof(t->nick));
	}
	return alive(u) ? u : NULL;
}

/* Returns true if there was room, so that there may be soon again. */
static bool
talk_serve(struct talk *t, uint64_t until)
{
	struct user *u = talk_user(t);
	struct job *j;

	if (u == NULL) {
		talk_free(t);
		return false;
	}
	if (!has_room(u))
		return false;
	while ((j = STAILQ_FIRST(&t->jobs)) != NULL &&
	       !say_some(u, j->some, j->state, until)) {
		job_free(t, j);
		if (!alive(u))
			break;
	}
	if (j == NULL || !alive(u))
		talk_free(t);
	return true;
}

static void
arm(unsigned ms)
{
	struct timeval tv = { .tv_usec = (suseconds_t)ms * 1000 };

	if (evtimer_add(pump, &tv) == -1)
		event_active(pump, EV_TIMEOUT, 0);
}

/* Everybody's turn, the rest first in the next one. */
static void
on_pump(evutil_socket_t fd, short what, void *arg)
{
	uint64_t until = now_us() + TURN_US;
	bool served = false, late = false;
	unsigned n = ntalks;
	struct talk *t;

	(void)fd;
	(void)what;
	(void)arg;
	server_tick();
	while (n-- > 0 && !late) {
		t = TAILQ_FIRST(&talks);
		TAILQ_REMOVE(&talks, t, entry);
		TAILQ_INSERT_TAIL(&talks, t, entry);
		served |= talk_serve(t, until);
		late = now_us() >= until;
	}
	if (ntalks == 0)
		return;
	if (served || late)
		wait_ms = WAIT_MIN;
	else if ((wait_ms *= 2) > WAIT_MAX)
		wait_ms = WAIT_MAX;
	arm(late ? 0 : wait_ms);
}

static struct talk *
talk_new(const struct user *u)
{
	struct talk *t;

	if (pump == NULL &&
	    (pump = evtimer_new(me.base, on_pump, NULL)) == NULL)
		return NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->id = u->id;
	strlcpy(t->nick, u->nick, sizeof(t->nick));
	STAILQ_INIT(&t->jobs);
	RB_INSERT(talks_by_id, &by_id, t);
	TAILQ_INSERT_TAIL(&talks, t, entry);
	ntalks++;
	wait_ms = WAIT_MIN;
	arm(wait_ms);
	return t;
}

/* What is left of a reply is said later.  0 or -1. */
static int
keep(struct user *u, struct talk *t, slice_fn *some, void *state)
{
	struct job *j;

	if (t != NULL && t->njobs >= SLICES_WAITING)
		return -1;
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return -1;
	if (t == NULL && (t = talk_new(u)) == NULL) {
		free(j);
		return -1;
	}
	j->some = some;
	j->state = state;
	STAILQ_INSERT_TAIL(&t->jobs, j, entry);
	t->njobs++;
	return 0;
}

void
slice_begin(struct user *u, const char *command, slice_fn *some, void *state)
{
	struct talk *t;

	if (state == NULL || !alive(u)) {
		if (alive(u))
			reply(u, RPL_TRYAGAIN, command);
		free(state);
		return;
	}
	t = talk_find(u);
	if (t == NULL && !say_some(u, some, state, now_us() + FIRST_US)) {
		free(state);
		return;
	}
	if (keep(u, t, some, state) == -1) {
		reply(u, RPL_TRYAGAIN, command);
		free(state);
	}
}

bool
slice_running(const struct user *u)
{
	return talk_find(u) != NULL;
}
