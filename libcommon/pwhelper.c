#include "pwhelper.h"

#include <sys/endian.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER 4 /* bytes of a request's number */
#define REQUEST_MAX (NUMBER + CRYPTHASH_MAX + CRYPTHASH_PHRASE)
#define ANSWER (NUMBER + 1)

struct asked {
	uint32_t number;	    /* 0: the place is free */
	bool lost;		    /* its helper is gone */
	void (*done)(void *, bool); /* NULL: cancelled */
	void *arg;
};

struct pwhelper {
	struct event_base *base;
	struct event *ev;
	int fd;
	uint32_t last;
	unsigned held; /* callbacks under way */
	bool freed;
	void (*gone)(void *);
	void *arg;
	struct asked asked[PWHELPER_MAX];
};

/* --- the helper -------------------------------------------------------- */

/* text is "hash NUL password NUL", of n bytes. */
static bool
judge(const char *text, size_t n)
{
	const char *password, *end;

	if ((password = memchr(text, '\0', n)) == NULL)
		return false;
	password++;
	n -= (size_t)(password - text);
	end = memchr(password, '\0', n);
	if (end == NULL || (size_t)(end - password) + 1 != n)
		return false;
	return crypthash_check(text, password);
}

void
pwhelper_serve(int fd)
{
	char msg[REQUEST_MAX];
	ssize_t n;

	for (;;) {
		n = recv(fd, msg, sizeof(msg), 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < NUMBER)
			break;
		msg[NUMBER] = judge(msg + NUMBER, (size_t)n - NUMBER);
		explicit_bzero(msg + ANSWER, sizeof(msg) - ANSWER);
		while ((n = send(fd, msg, ANSWER, MSG_NOSIGNAL)) == -1 &&
		       errno == EINTR)
			;
		if (n == -1)
			break;
	}
	_exit(0);
}

/* --- asking ------------------------------------------------------------ */

static struct asked *
find(struct pwhelper *p, uint32_t number)
{
	for (size_t i = 0; i < PWHELPER_MAX; i++)
		if (p->asked[i].number == number)
			return &p->asked[i];
	return NULL;
}

static void
hold(struct pwhelper *p)
{
	p->held++;
}

static void
release(struct pwhelper *p)
{
	if (--p->held == 0 && p->freed)
		free(p);
}

static void
finish(struct asked *a, bool right)
{
	void (*done)(void *, bool) = a->done;
	void *arg = a->arg;

	memset(a, 0, sizeof(*a));
	if (done != NULL)
		done(arg, right);
}

static void
disconnect(struct pwhelper *p)
{
	if (p->ev != NULL)
		event_free(p->ev);
	p->ev = NULL;
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

/* Those who ask from within a call of these have a newer helper, or none. */
static void
tell_lost(struct pwhelper *p)
{
	size_t i;

	for (i = 0; i < PWHELPER_MAX; i++)
		p->asked[i].lost = p->asked[i].number != 0;
	for (i = 0; i < PWHELPER_MAX && !p->freed; i++)
		if (p->asked[i].lost)
			finish(&p->asked[i], false);
}

static void
helper_ended(struct pwhelper *p)
{
	disconnect(p);
	tell_lost(p);
	if (!p->freed && p->gone != NULL)
		p->gone(p->arg);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct pwhelper *p = arg;
	unsigned char msg[ANSWER + 1]; /* one more, to be seen */
	struct asked *a;
	ssize_t n;

	(void)what;
	n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	hold(p);
	if (n != ANSWER)
		helper_ended(p);
	else if ((a = find(p, be32dec(msg))) != NULL && a->number != 0)
		finish(a, msg[NUMBER] == 1);
	release(p);
}

static int
connect_to(struct pwhelper *p, int fd)
{
	struct event *ev;

	if (fd == -1)
		return 0;
	ev = event_new(p->base, fd, EV_READ | EV_PERSIST, on_answer, p);
	if (ev == NULL || event_add(ev, NULL) == -1) {
		if (ev != NULL)
			event_free(ev);
		errno = ENOMEM;
		return -1;
	}
	p->ev = ev;
	p->fd = fd;
	return 0;
}

struct pwhelper *
pwhelper_new(struct event_base *base, int fd, void (*gone)(void *), void *arg)
{
	struct pwhelper *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->base = base;
	p->fd = -1;
	p->gone = gone;
	p->arg = arg;
	if (connect_to(p, fd) == -1) {
		free(p);
		return NULL;
	}
	return p;
}

void
pwhelper_free(struct pwhelper *p)
{
	if (p == NULL)
		return;
	disconnect(p);
	p->freed = true;
	if (p->held == 0)
		free(p);
}

int
pwhelper_replace(struct pwhelper *p, int fd)
{
	struct pwhelper old = { .ev = p->ev, .fd = p->fd };

	if (connect_to(p, fd) == -1)
		return -1;
	if (fd == -1) {
		p->ev = NULL;
		p->fd = -1;
	}
	disconnect(&old);
	hold(p);
	tell_lost(p);
	release(p);
	return 0;
}

/* A number that no place has; 0 stands for none. */
static uint32_t
next_number(struct pwhelper *p)
{
	do
		p->last++;
	while (p->last == 0 || find(p, p->last) != NULL);
	return p->last;
}

static int
send_request(int fd, uint32_t number, const char *hash, const char *password)
{
	size_t hashlen = strlen(hash) + 1, len = strlen(password) + 1;
	char msg[REQUEST_MAX];
	ssize_t n;

	if (hashlen > CRYPTHASH_MAX || len > CRYPTHASH_PHRASE) {
		errno = EINVAL;
		return -1;
	}
	be32enc(msg, number);
	memcpy(msg + NUMBER, hash, hashlen);
	memcpy(msg + NUMBER + hashlen, password, len);
	len += NUMBER + hashlen;
	do
		n = send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	explicit_bzero(msg, sizeof(msg));
	return n == -1 ? -1 : 0;
}

uint32_t
pwhelper_ask(struct pwhelper *p, const char *hash, const char *password,
    void (*done)(void *, bool), void *arg)
{
	struct asked *a;
	uint32_t number;

	if (p->fd == -1) {
		errno = ENOTCONN;
		return 0;
	}
	if ((a = find(p, 0)) == NULL) {
		errno = EAGAIN;
		return 0;
	}
	number = next_number(p);
	if (send_request(p->fd, number, hash, password) == -1) {
		/* It has just ended: the loop will read that. */
		if (errno == EPIPE || errno == ECONNRESET)
			errno = ENOTCONN;
		return 0;
	}
	a->number = number;
	a->done = done;
	a->arg = arg;
	return number;
}

void
pwhelper_cancel(struct pwhelper *p, uint32_t number)
{
	struct asked *a;

	if (number != 0 && (a = find(p, number)) != NULL)
		a->done = NULL;
}
