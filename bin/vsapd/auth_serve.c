/*
 * The helper process.  What it is asked comes from control, which speaks with
 * strangers: each request is looked at before it is believed.
 */
#include "auth.h"

#include <sys/endian.h>
#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "auth_slow.h"

/* A request behind its head, n bytes and a NUL. */
struct request {
	char *text;
	size_t n;
};

static size_t
first(const struct auth_db *db, const struct request *q, unsigned char *out)
{
	uint32_t iterations;
	size_t n;

	if (q->n > VSAP_USER_MAX || strlen(q->text) != q->n)
		return 0;
	n = auth_first(db, q->text, out + 4, &iterations);
	be32enc(out, iterations);
	return 4 + n;
}

static size_t
final(const struct auth_db *db, const struct request *q, unsigned char *out)
{
	const char *user = q->text + SCRAM_KEY, *auth;

	if (q->n < SCRAM_KEY ||
	    (auth = memchr(user, '\0', q->n - SCRAM_KEY)) == NULL ||
	    auth - user > VSAP_USER_MAX)
		return 0;
	auth++;
	if (auth + strlen(auth) != q->text + q->n)
		return 0;
	out[0] = auth_final(db, user, auth, (unsigned char *)q->text, out + 1);
	return 1 + SCRAM_KEY;
}

/* --- the loop ---------------------------------------------------------- */

struct helper {
	const struct auth_db *db;
	int fd; /* control */
	struct slow *slow;
};

/* false: nobody is there any more. */
static bool
say(const struct helper *h, const void *msg, size_t n)
{
	ssize_t r;

	while ((r = send(h->fd, msg, n, MSG_NOSIGNAL)) == -1 && errno == EINTR)
		continue;
	return r != -1;
}

static bool
say_plain(const struct helper *h, const void *number, bool right)
{
	unsigned char out[SLOW_NUMBER + 1];

	memcpy(out, number, SLOW_NUMBER);
	out[SLOW_NUMBER] = right;
	return say(h, out, sizeof(out));
}

static bool
plain(const struct helper *h, const void *number, const struct request *q)
{
	if (q->n > AUTH_TEXT_MAX || strlen(q->text) != q->n)
		return false;
	if (slow_knows(h->slow, q->text))
		return say_plain(h, number, true);
	return slow_ask(h->slow, number, q->text, q->n);
}

/* What is answered at once.  false: it is no request. */
static bool
scram(const struct helper *h, const void *number, char kind,
    const struct request *q)
{
	unsigned char out[AUTH_ANSWER_MAX];
	size_t n = kind == AUTH_FIRST	? first(h->db, q, out + SLOW_NUMBER)
		   : kind == AUTH_FINAL ? final(h->db, q, out + SLOW_NUMBER)
					: 0;

	memcpy(out, number, SLOW_NUMBER);
	return n > 0 && say(h, out, SLOW_NUMBER + n);
}

/* One request.  false: the end, for that was none. */
static bool
serve(const struct helper *h)
{
	char msg[AUTH_MSG_MAX + 1];
	struct request q = { .text = msg + AUTH_HEAD };
	ssize_t n;
	bool good;

	n = recv(h->fd, msg, AUTH_MSG_MAX, MSG_TRUNC);
	if (n == -1 && errno == EINTR)
		return true;
	if (n < AUTH_HEAD || n > AUTH_MSG_MAX)
		return false;
	msg[n] = '\0';
	q.n = (size_t)n - AUTH_HEAD;
	if (msg[AUTH_HEAD - 1] == AUTH_PLAIN)
		good = plain(h, msg, &q);
	else
		good = scram(h, msg, msg[AUTH_HEAD - 1], &q);
	explicit_bzero(msg, sizeof(msg));
	return good;
}

static bool
pass_on(const struct helper *h)
{
	unsigned char number[SLOW_NUMBER];
	bool right;

	return slow_hear(h->slow, number, &right) &&
	       say_plain(h, number, right);
}

void
auth_warm(void)
{
	scram_warm();
}

void
auth_serve(const struct auth_db *db, int fd, void (*confine)(void))
{
	struct helper h = { .db = db, .fd = fd };
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN } };
	bool good = true;

	if ((h.slow = slow_start(db, fd, confine)) == NULL)
		_exit(1);
	if (confine != NULL)
		confine();
	p[1] = (struct pollfd){ .fd = slow_fd(h.slow), .events = POLLIN };
	while (good) {
		if (poll(p, 2, -1) == -1)
			continue; /* EINTR */
		if (p[1].revents != 0)
			good = pass_on(&h);
		if (good && p[0].revents != 0)
			good = serve(&h);
	}
	_exit(0);
}
