/*
 * One asker: ASKING (its bytes are read), WAITING (its target is being
 * reached; nothing is read), LEAVING (it was refused; what it still sends is
 * dropped until it goes, for a reset would take the answer from it).
 */
#include "front_ask.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

#define READ_SIZE 2048

enum state {
	ASKING,
	WAITING,
	LEAVING,
};

struct asker {
	TAILQ_ENTRY(asker) entry; /* of unfinished, but while WAITING */
	struct askers *set;
	void *user;
	enum state state;
	int fd;
	struct event *ev, *timer;
	struct buf in;
	struct front front;
	struct endpoint to;
	struct front_said said; /* the last answer */
};

struct askers {
	struct event_base *base;
	struct askers_calls calls;
	TAILQ_HEAD(, asker) unfinished; /* oldest first */
	size_t count, max;
};

struct askers *
askers_new(struct event_base *base, size_t max, const struct askers_calls *c)
{
	struct askers *set;

	if ((set = calloc(1, sizeof(*set))) == NULL)
		return NULL;
	set->base = base;
	set->calls = *c;
	set->max = max;
	TAILQ_INIT(&set->unfinished);
	return set;
}

/* ---- the end ------------------------------------------------------------ */

static void
delist(struct asker *a)
{
	TAILQ_REMOVE(&a->set->unfinished, a, entry);
	a->set->count--;
}

void
asker_free(struct asker *a)
{
	if (a == NULL)
		return;
	if (a->state != WAITING)
		delist(a);
	if (a->ev != NULL)
		event_free(a->ev);
	if (a->timer != NULL)
		event_free(a->timer);
	buf_free(&a->in);
	free(a);
}

/* No stream came of it. */
static void
over(struct asker *a)
{
	struct askers *set = a->set;
	void *user = a->user;

	close(a->fd);
	asker_free(a);
	set->calls.over(user);
}

/* A new socket takes an answer whole, or its other end has gone. */
static int
answer(struct asker *a)
{
	ssize_t n = send(a->fd, a->said.answer, a->said.len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	return n == (ssize_t)a->said.len ? 0 : -1;
}

/* The answer, our end of the conversation, and then the visitor's. */
static void
leave(struct asker *a)
{
	struct timeval tv = { .tv_sec = FRONT_LINGER };

	a->state = LEAVING;
	if (a->said.len == 0 || answer(a) == -1 ||
	    shutdown(a->fd, SHUT_WR) == -1 || evtimer_add(a->timer, &tv) == -1)
		over(a);
}

static void
fail(struct asker *a, const char *why)
{
	a->set->calls.failed(a->user, why);
	leave(a);
}

/* ---- the request -------------------------------------------------------- */

static void
wait_for_target(struct asker *a)
{
	event_del(a->ev);
	event_del(a->timer);
	delist(a);
	a->state = WAITING;
	a->to.text = a->front.text;
	a->to.addr = a->front.to;
	a->set->calls.request(a->user, front_name(&a->front), &a->to);
}

/* Look at what came. */
static void
parse(struct asker *a)
{
	struct front_said *s = &a->said;
	enum front_step step;

	do {
		step = front_feed(&a->front, a->in.data, a->in.len, s);
		buf_consume(&a->in, s->used);
	} while (step == FRONT_GO_ON && answer(a) == 0);
	if (step == FRONT_REQUEST)
		wait_for_target(a);
	else if (step == FRONT_REFUSE)
		fail(a, s->why);
	else if (step == FRONT_GO_ON) { /* the answer was not taken */
		s->len = 0;
		fail(a, "gone before its request was whole");
	}
}

static void
read_some(struct asker *a)
{
	size_t room = FRONT_INPUT_MAX - a->in.len;
	void *p;
	ssize_t n;

	if (room > READ_SIZE)
		room = READ_SIZE;
	a->said.len = 0;
	if (room == 0 || (p = buf_space(&a->in, room)) == NULL) {
		fail(a, "the request is too long");
		return;
	}
	n = recv(a->fd, p, room, MSG_DONTWAIT);
	buf_added(&a->in, n > 0 ? (size_t)n : 0);
	if (n > 0)
		parse(a);
	else if (n == 0)
		fail(a, "gone before its request was whole");
	else if (errno != EAGAIN && errno != EINTR)
		fail(a, strerror(errno));
}

/* A refused one: its bytes are dropped, until its end. */
static void
drop_some(struct asker *a)
{
	char bytes[READ_SIZE];
	ssize_t n = recv(a->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		over(a);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct asker *a = arg;

	(void)fd;
	(void)what;
	if (a->state == LEAVING)
		drop_some(a);
	else
		read_some(a);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct asker *a = arg;

	(void)fd;
	(void)what;
	if (a->state == LEAVING) {
		over(a);
		return;
	}
	a->said.len =
	    front_late(&a->front, a->said.answer, sizeof(a->said.answer));
	fail(a, "no whole request in time");
}

/* The one that is unfinished for the longest time goes. */
static void
make_room(struct askers *set)
{
	struct asker *a = TAILQ_FIRST(&set->unfinished);

	if (a->state == ASKING)
		set->calls.failed(a->user, "too many unfinished requests");
	over(a);
}

struct asker *
asker_start(struct askers *set, int fd, void *user)
{
	struct timeval tv = { .tv_sec = FRONT_SECONDS };
	struct asker *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	if (set->count >= set->max)
		make_room(set);
	a->set = set;
	a->user = user;
	a->fd = fd;
	buf_init(&a->in, FRONT_INPUT_MAX);
	TAILQ_INSERT_TAIL(&set->unfinished, a, entry);
	set->count++;
	a->ev = event_new(set->base, fd, EV_READ | EV_PERSIST, on_readable, a);
	a->timer = evtimer_new(set->base, on_timer, a);
	if (a->ev != NULL && a->timer != NULL && event_add(a->ev, NULL) == 0 &&
	    evtimer_add(a->timer, &tv) == 0)
		return a;
	asker_free(a);
	errno = ENOMEM;
	return NULL;
}

/* ---- the owner's word --------------------------------------------------- */

void
asker_accept(struct asker *a, struct stream_first *first)
{
	a->said.len = front_answer(&a->front, SOCKS_OK, "", a->said.answer,
	    sizeof(a->said.answer));
	first->ab = a->in.data;
	first->ablen = a->in.len;
	first->ba = a->said.answer;
	first->balen = a->said.len;
}

void
asker_refuse(struct asker *a, enum socks_rep rep, const char *text)
{
	a->said.len = front_answer(&a->front, rep, text, a->said.answer,
	    sizeof(a->said.answer));
	TAILQ_INSERT_TAIL(&a->set->unfinished, a, entry);
	a->set->count++;
	if (event_add(a->ev, NULL) == -1)
		a->said.len = 0;
	leave(a);
}
