#include "auth_slow.h"

#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth_recent.h"
#include "clock.h"

#define LOWEST 19 /* priority */

/* What the process was asked. */
struct question {
	TAILQ_ENTRY(question) entry;
	size_t len;
	unsigned char number[SLOW_NUMBER];
	char text[]; /* len bytes and a NUL */
};

TAILQ_HEAD(questions, question);

struct slow {
	int fd;
	unsigned n;
	struct questions asked;
	struct recent *recent;
};

/* --- the process: a number and a text, a number and 0 or 1 --------------- */

static void __attribute__((__noreturn__))
compute(const struct auth_db *db, int fd)
{
	char msg[SLOW_NUMBER + AUTH_TEXT_MAX + 1];
	ssize_t n;

	for (;;) {
		n = recv(fd, msg, sizeof(msg) - 1, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < SLOW_NUMBER)
			_exit(0);
		msg[n] = '\0';
		msg[SLOW_NUMBER] = (char)auth_check(db, msg + SLOW_NUMBER);
		explicit_bzero(msg + SLOW_NUMBER + 1,
		    sizeof(msg) - SLOW_NUMBER - 1);
		while (
		    (n = send(fd, msg, SLOW_NUMBER + 1, MSG_NOSIGNAL)) == -1 &&
		    errno == EINTR)
			continue;
		if (n == -1)
			_exit(0);
	}
}

static int
start(const struct auth_db *db, int other, void (*confine)(void))
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		return -1;
	switch (fork()) {
	case -1:
		close(sv[0]);
		sv[0] = -1;
		break;
	case 0:
		close(other);
		close(sv[0]);
		(void)setpriority(PRIO_PROCESS, 0, LOWEST);
		if (confine != NULL) {
			setproctitle("hashes");
			confine();
		}
		compute(db, sv[1]);
	default:
		break;
	}
	close(sv[1]);
	return sv[0];
}

/* --- our side ------------------------------------------------------------ */

struct slow *
slow_start(const struct auth_db *db, int other, void (*confine)(void))
{
	struct slow *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	TAILQ_INIT(&s->asked);
	if ((s->recent = recent_new()) == NULL ||
	    (s->fd = start(db, other, confine)) == -1) {
		recent_free(s->recent);
		free(s);
		return NULL;
	}
	return s;
}

int
slow_fd(const struct slow *s)
{
	return s->fd;
}

bool
slow_knows(struct slow *s, const char *text)
{
	return recent_knows(s->recent, text, clock_seconds());
}

static void
forget(struct slow *s, struct question *q)
{
	TAILQ_REMOVE(&s->asked, q, entry);
	s->n--;
	explicit_bzero(q->text, q->len);
	free(q);
}

bool
slow_ask(struct slow *s, const void *number, const char *text, size_t n)
{
	struct question *q;

	if (s->n == AUTH_SLOW_MAX || (q = malloc(sizeof(*q) + n + 1)) == NULL)
		return false;
	memcpy(q->number, number, SLOW_NUMBER);
	memcpy(q->text, text, n);
	q->text[n] = '\0';
	q->len = n;
	TAILQ_INSERT_TAIL(&s->asked, q, entry);
	s->n++;
	/* Number and text lie together.  It always fits: so few are asked. */
	if (send(s->fd, q->number, SLOW_NUMBER + n, MSG_NOSIGNAL) != -1)
		return true;
	forget(s, q);
	return false;
}

bool
slow_hear(struct slow *s, void *number, bool *right)
{
	char msg[SLOW_NUMBER + 1];
	struct question *q = TAILQ_FIRST(&s->asked); /* it keeps their order */
	ssize_t n;

	while ((n = recv(s->fd, msg, sizeof(msg), 0)) == -1 && errno == EINTR)
		continue;
	if (n != sizeof(msg) || q == NULL ||
	    memcmp(q->number, msg, SLOW_NUMBER) != 0)
		return false;
	memcpy(number, msg, SLOW_NUMBER);
	*right = msg[SLOW_NUMBER] == 1;
	if (*right)
		recent_add(s->recent, q->text, clock_seconds());
	forget(s, q);
	return true;
}
