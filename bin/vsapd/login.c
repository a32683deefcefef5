#include "login.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"

#define CHECKS_MAX 1024 /* under way at once */
#define ASKED_MAX 4	/* of these with the helper: the rest may still leave */

struct login_check {
	TAILQ_ENTRY(login_check) entry;
	struct login *login;
	uint32_t seq;
	bool sent;
	void (*done)(void *, int);
	void *arg;
	size_t len;
	char text[AUTH_TEXT_MAX];
};

struct login {
	struct event_base *base;
	struct event readable, writable;
	int fd;
	uint32_t seq;
	unsigned count, asked;
	TAILQ_HEAD(, login_check) checks;
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
	TAILQ_INIT(&l->checks);
	return l;
}

static void
check_free(struct login_check *c)
{
	TAILQ_REMOVE(&c->login->checks, c, entry);
	c->login->count--;
	explicit_bzero(c->text, sizeof(c->text));
	free(c);
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

/* Ask what has not been asked, as far as the socket takes it. */
static void
ask(struct login *l)
{
	char msg[AUTH_MSG_MAX];
	struct login_check *c;

	TAILQ_FOREACH(c, &l->checks, entry) {
		if (l->fd == -1 || l->asked >= ASKED_MAX)
			break;
		if (c->sent)
			continue;
		memcpy(msg, &c->seq, 4);
		memcpy(msg + 4, c->text, c->len);
		if (send(l->fd, msg, 4 + c->len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
		    -1) {
			if (errno == EAGAIN)
				(void)event_add(&l->writable, NULL);
			break;
		}
		c->sent = true;
		l->asked++;
	}
	explicit_bzero(msg, sizeof(msg));
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask(arg);
}

static void
answer(struct login *l, uint32_t seq, int right)
{
	struct login_check *c;

	TAILQ_FOREACH(c, &l->checks, entry)
		if (c->seq == seq)
			break;
	if (c == NULL)
		return;
	if (c->done != NULL)
		c->done(c->arg, right);
	check_free(c);
	l->asked--;
	ask(l);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct login *l = arg;
	uint32_t seq;
	char msg[5];
	ssize_t n;

	(void)what;
	while ((n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT)) == 5) {
		memcpy(&seq, msg, 4);
		answer(l, seq, msg[4] == 1);
	}
	/* The parent starts another helper and gives us its socket. */
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		hang_up(l);
}

void
login_use(struct login *l, int fd)
{
	struct login_check *c;

	hang_up(l);
	l->fd = fd;
	l->asked = 0;
	event_assign(&l->readable, l->base, fd, EV_READ | EV_PERSIST, on_answer,
	    l);
	event_assign(&l->writable, l->base, fd, EV_WRITE, on_writable, l);
	(void)event_add(&l->readable, NULL);
	TAILQ_FOREACH(c, &l->checks, entry)
		c->sent = false;
	ask(l);
}

struct login_check *
login_start(struct login *l, const char *text, void (*done)(void *, int),
    void *arg)
{
	struct login_check *c;
	size_t len = strlen(text);

	if (len > AUTH_TEXT_MAX || l->count >= CHECKS_MAX) {
		errno = len > AUTH_TEXT_MAX ? EMSGSIZE : EAGAIN;
		return NULL;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->login = l;
	c->seq = ++l->seq;
	c->done = done;
	c->arg = arg;
	c->len = len;
	memcpy(c->text, text, len);
	TAILQ_INSERT_TAIL(&l->checks, c, entry);
	l->count++;
	ask(l);
	return c;
}

void
login_cancel(struct login_check *c)
{
	if (c == NULL)
		return;
	c->done = NULL;
	if (!c->sent) /* nobody computes it for one who has left */
		check_free(c);
}
