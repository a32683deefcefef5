/*
 * The helper process.  What it is asked comes from control, which speaks with
 * strangers: each request is looked at before it is believed.
 */
#include "auth.h"

#include <sys/endian.h>
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A request behind its head, n bytes and a NUL. */
struct request {
	char *text;
	size_t n;
};

static size_t
plain(const struct auth_db *db, const struct request *q, unsigned char *out)
{
	if (q->n > AUTH_TEXT_MAX || strlen(q->text) != q->n)
		return 0;
	out[0] = auth_check(db, q->text);
	return 1;
}

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

/* The answer to msg, without its number; 0: it is no request. */
static size_t
answer(const struct auth_db *db, char *msg, size_t n, unsigned char *out)
{
	struct request q = { msg + AUTH_HEAD, n - AUTH_HEAD };

	if (n < AUTH_HEAD)
		return 0;
	msg[n] = '\0';
	switch (msg[AUTH_HEAD - 1]) {
	case AUTH_PLAIN:
		return plain(db, &q, out);
	case AUTH_FIRST:
		return first(db, &q, out);
	case AUTH_FINAL:
		return final(db, &q, out);
	default:
		return 0;
	}
}

void
auth_warm(void)
{
	scram_warm();
}

void
auth_serve(const struct auth_db *db, int fd)
{
	unsigned char out[AUTH_ANSWER_MAX];
	char msg[AUTH_MSG_MAX + 1];
	size_t len;
	ssize_t n;

	for (;;) {
		n = recv(fd, msg, AUTH_MSG_MAX, MSG_TRUNC);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < 4 || n > AUTH_MSG_MAX)
			break;
		memcpy(out, msg, 4);
		len = answer(db, msg, (size_t)n, out + 4);
		explicit_bzero(msg, sizeof(msg));
		if (len == 0)
			break;
		while ((n = send(fd, out, 4 + len, MSG_NOSIGNAL)) == -1 &&
		       errno == EINTR)
			;
		if (n == -1)
			break;
	}
	_exit(0);
}
