/*
 * Whose turn it is to be checked.
 */
#include "login_impl.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX 128 /* of the text of a host */

static int
by_name(const struct source *a, const struct source *b)
{
	return strcmp(a->name, b->name);
}

/* libbsd's RB_GENERATE_STATIC needs __unused, which glibc does not have. */
RB_GENERATE_INTERNAL(source_tree, source, node, by_name,
    __attribute__((__unused__)) static)

void
lane_init(struct lane *lane)
{
	RB_INIT(&lane->sources);
	TAILQ_INIT(&lane->turns);
}

static struct source *
find(const struct lane *lane, const char *name)
{
	struct source *s = lane->sources.rbh_root;
	int d;

	while (s != NULL && (d = strcmp(name, s->name)) != 0)
		s = d < 0 ? RB_LEFT(s, node) : RB_RIGHT(s, node);
	return s;
}

static struct source *
source_new(struct lane *lane, const char *name)
{
	size_t len = strlen(name) + 1;
	struct source *s;

	if ((s = calloc(1, sizeof(*s) + len)) == NULL)
		return NULL;
	memcpy(s->name, name, len);
	s->lane = lane;
	TAILQ_INIT(&s->waiting);
	RB_INSERT(source_tree, &lane->sources, s);
	return s;
}

void
lane_release(struct source *s)
{
	s->lane->count--;
	if (--s->count > 0)
		return;
	RB_REMOVE(source_tree, &s->lane->sources, s);
	free(s);
}

/*
 * Who has one address of IPv6 has as many as he likes: all of a network of
 * 64 bits are one source.
 */
static void
key_of(char *out, size_t outlen, const char *host)
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, host, &ip) == 1 && !IN6_IS_ADDR_V4MAPPED(&ip)) {
		memset(&ip.s6_addr[8], 0, 8);
		if (inet_ntop(AF_INET6, &ip, out, (socklen_t)outlen) != NULL)
			return;
	}
	strlcpy(out, host, outlen);
}

struct source *
lane_hold(struct lane *lane, const char *host)
{
	char name[SOURCE_MAX];
	struct source *s;

	key_of(name, sizeof(name), host);
	s = find(lane, name);
	if ((s == NULL ? 0 : s->count) >= LOGIN_MAX - lane->count) {
		errno = EAGAIN;
		return NULL;
	}
	if (s == NULL && (s = source_new(lane, name)) == NULL)
		return NULL;
	s->count++;
	lane->count++;
	return s;
}

void
lane_wait(struct login_check *c, bool again)
{
	struct source *s = c->source;

	if (TAILQ_EMPTY(&s->waiting)) {
		if (again)
			TAILQ_INSERT_HEAD(&s->lane->turns, s, turn);
		else
			TAILQ_INSERT_TAIL(&s->lane->turns, s, turn);
	}
	if (again)
		TAILQ_INSERT_HEAD(&s->waiting, c, entry);
	else
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
	c->sent = false;
}

void
lane_unwait(struct login_check *c)
{
	struct source *s = c->source;

	TAILQ_REMOVE(&s->waiting, c, entry);
	if (TAILQ_EMPTY(&s->waiting))
		TAILQ_REMOVE(&s->lane->turns, s, turn);
}

void
lane_free(struct login_check *c)
{
	lane_release(c->source);
	explicit_bzero(c->msg, c->len);
	free(c);
}

struct login_check *
lane_next(const struct lane *lane)
{
	const struct source *s = TAILQ_FIRST(&lane->turns);

	return s == NULL ? NULL : TAILQ_FIRST(&s->waiting);
}

void
lane_taken(struct login_check *c)
{
	struct source *s = c->source;

	lane_unwait(c);
	if (TAILQ_EMPTY(&s->waiting))
		return;
	TAILQ_REMOVE(&s->lane->turns, s, turn);
	TAILQ_INSERT_TAIL(&s->lane->turns, s, turn);
}
