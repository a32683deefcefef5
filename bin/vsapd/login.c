#include "login.h"

#include <sys/endian.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "login_impl.h"

#define SLOW_ASKED 2   /* with the helper: one at work, and the next */
#define QUICK_ASKED 16 /* of SCRAM and the known; the rest may still leave */
#define LAST_TURN 4    /* each fourth turn is for the departed */

struct login {
	struct event_base *base;
	struct event readable, writable;
	int fd;
	uint32_t seq;
	unsigned turn;
	struct lane slow[LOGIN_CLASSES], quick;
	struct checks sent;
};

struct login *
login_new(struct event_base *base)
{
	struct login *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->base = base;
	l->fd = -1;
	/* The helper may still answer a control that has died: not us. */
	l->seq = arc4random();
	for (int i = 0; i < LOGIN_CLASSES; i++)
		lane_init(&l->slow[i]);
	lane_init(&l->quick);
	TAILQ_INIT(&l->sent);
	return l;
}

/* --- asking ------------------------------------------------------------ */

/* The next one of this lane; false: there is none, or it has to wait. */
static bool
ask_one(struct login *l, struct lane *lane)
{
	struct login_check *c = lane_next(lane);

	if (c == NULL || l->fd == -1)
		return false;
	if (send(l->fd, c->msg, c->len, MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
		if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
			(void)event_add(&l->writable, NULL);
		return false;
	}
	lane->asked++;
	lane_taken(c);
	c->sent = true;
	TAILQ_INSERT_TAIL(&l->sent, c, entry);
	return true;
}

static bool
ask_quick(struct login *l)
{
	return l->quick.asked < QUICK_ASKED && ask_one(l, &l->quick);
}

/* The helper mostly knows their passwords still. */
static bool
ask_known(struct login *l)
{
	struct lane *lane = &l->slow[LOGIN_KNOWN];

	return lane->asked < QUICK_ASKED && ask_one(l, lane);
}

static bool
ask_slow(struct login *l)
{
	struct lane *lane[2] = { &l->slow[LOGIN_STRANGER],
		&l->slow[LOGIN_DEPARTED] };
	int first = l->turn % LAST_TURN == LAST_TURN - 1;

	if (lane[0]->asked + lane[1]->asked >= SLOW_ASKED)
		return false;
	if (!ask_one(l, lane[first]) && !ask_one(l, lane[!first]))
		return false;
	l->turn++;
	return true;
}

static void
ask(struct login *l)
{
	while (ask_quick(l) || ask_known(l) || ask_slow(l))
		;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask(arg);
}

static void
hang_up(struct login *l)
{
	if (l->fd == -1)
		return;
	(void)event_del(&l->readable);
	(void)event_del(&l->writable);
	close(l->fd);
	l->fd = -1;
}

/* --- answers ----------------------------------------------------------- */

/* Tell it, if its answer is one; n bytes without the number. */
static bool
tell(const struct login_check *c, const unsigned char *p, size_t n)
{
	switch (c->msg[AUTH_HEAD - 1]) {
	case AUTH_PLAIN:
		if (n != 1)
			return false;
		if (!c->cancelled)
			c->done.plain(c->arg, p[0] == 1);
		return true;
	case AUTH_FIRST:
		if (n <= 4 || n > 4 + SCRAM_SALT_MAX)
			return false;
		if (!c->cancelled)
			c->done.first(c->arg, p + 4, n - 4, be32dec(p));
		return true;
	default:
		if (n != 1 + SCRAM_KEY)
			return false;
		if (!c->cancelled)
			c->done.final(c->arg, p[0] == 1, p + 1);
		return true;
	}
}

/* false: this is no helper of ours. */
static bool
answer(struct login *l, const unsigned char *msg, size_t n)
{
	struct login_check *c;
	bool good;

	if (n < 4)
		return false;
	TAILQ_FOREACH(c, &l->sent, entry)
		if (memcmp(c->msg, msg, 4) == 0)
			break;
	if (c == NULL)
		return true; /* asked by a control before us */
	TAILQ_REMOVE(&l->sent, c, entry);
	c->source->lane->asked--;
	good = tell(c, msg + 4, n - 4);
	if (good)
		lane_free(c);
	else
		lane_wait(c, true);
	return good;
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	unsigned char msg[AUTH_ANSWER_MAX + 1];
	struct login *l = arg;
	ssize_t n;

	(void)what;
	/* One a turn: who is told may do anything. */
	n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Else the parent starts another one and gives us its socket. */
	if (n <= 0 || !answer(l, msg, (size_t)n))
		hang_up(l);
	else
		ask(l);
}

/* What the helper that is gone did not answer, in its order. */
static void
take_back(struct login *l)
{
	struct login_check *c;

	while ((c = TAILQ_LAST(&l->sent, checks)) != NULL) {
		TAILQ_REMOVE(&l->sent, c, entry);
		if (c->cancelled)
			lane_free(c);
		else
			lane_wait(c, true);
	}
	for (int i = 0; i < LOGIN_CLASSES; i++)
		l->slow[i].asked = 0;
	l->quick.asked = 0;
}

void
login_use(struct login *l, int fd)
{
	hang_up(l);
	take_back(l);
	l->fd = fd;
	event_assign(&l->readable, l->base, fd, EV_READ | EV_PERSIST, on_answer,
	    l);
	event_assign(&l->writable, l->base, fd, EV_WRITE, on_writable, l);
	(void)event_add(&l->readable, NULL);
	ask(l);
}

static void
empty(struct lane *lane)
{
	struct login_check *c;

	while ((c = lane_next(lane)) != NULL) {
		lane_unwait(c);
		lane_free(c);
	}
}

void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	hang_up(l);
	take_back(l);
	for (int i = 0; i < LOGIN_CLASSES; i++)
		empty(&l->slow[i]);
	empty(&l->quick);
	free(l);
}

/* --- what is asked ----------------------------------------------------- */

/* A part of a request. */
struct part {
	const void *p;
	size_t n;
};

/* A check that waits for its turn.  Nothing is sent before its caller has
 * said whom to tell. */
static struct login_check *
check_new(struct login *l, struct lane *lane, const char *source,
    enum auth_kind kind, const struct part *parts, size_t nparts)
{
	size_t len = AUTH_HEAD, i;
	struct login_check *c;

	for (i = 0; i < nparts; i++)
		len += parts[i].n;
	if ((c = calloc(1, sizeof(*c) + len)) == NULL)
		return NULL;
	if ((c->source = lane_hold(lane, source)) == NULL) {
		free(c);
		return NULL;
	}
	c->login = l;
	be32enc(c->msg, ++l->seq);
	c->msg[AUTH_HEAD - 1] = (unsigned char)kind;
	c->len = AUTH_HEAD;
	for (i = 0; i < nparts; i++) {
		memcpy(c->msg + c->len, parts[i].p, parts[i].n);
		c->len += parts[i].n;
	}
	lane_wait(c, false);
	return c;
}

struct login_check *
login_start(struct login *l, const char *source, enum login_class class,
    const char *text, void (*done)(void *, int), void *arg)
{
	struct part part = { text, strlen(text) };
	struct login_check *c;

	if (part.n > AUTH_TEXT_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	c = check_new(l, &l->slow[class], source, AUTH_PLAIN, &part, 1);
	if (c == NULL)
		return NULL;
	c->done.plain = done;
	c->arg = arg;
	ask(l);
	return c;
}

bool
login_departed(struct login_check *c)
{
	struct lane *last = &c->login->slow[LOGIN_DEPARTED];
	struct source *source;

	if (c->sent || c->source->lane == last ||
	    c->source->lane == &c->login->quick)
		return true;
	if ((source = lane_hold(last, c->source->name)) == NULL)
		return false;
	lane_unwait(c);
	lane_release(c->source);
	c->source = source;
	lane_wait(c, false);
	return true;
}

struct login_check *
login_scram_first(struct login *l, const char *source, const char *user,
    void (*done)(void *, const unsigned char *, size_t, uint32_t), void *arg)
{
	struct part part = { user, strlen(user) };
	struct login_check *c;

	if (part.n > VSAP_USER_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	c = check_new(l, &l->quick, source, AUTH_FIRST, &part, 1);
	if (c == NULL)
		return NULL;
	c->done.first = done;
	c->arg = arg;
	ask(l);
	return c;
}

struct login_check *
login_scram_final(struct login *l, const char *source, const char *user,
    const char *auth, const unsigned char *proof,
    void (*done)(void *, bool, const unsigned char *), void *arg)
{
	struct part parts[3] = { { proof, SCRAM_KEY },
		{ user, strlen(user) + 1 }, { auth, strlen(auth) } };
	struct login_check *c;

	if (parts[1].n > VSAP_USER_MAX + 1 || parts[2].n >= 3 * SCRAM_MSG_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	c = check_new(l, &l->quick, source, AUTH_FINAL, parts, 3);
	if (c == NULL)
		return NULL;
	c->done.final = done;
	c->arg = arg;
	ask(l);
	return c;
}

void
login_cancel(struct login_check *c)
{
	if (c == NULL)
		return;
	if (c->sent) { /* its answer will come, and be for nobody */
		c->cancelled = true;
		return;
	}
	lane_unwait(c);
	lane_free(c);
}
