#include "user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "casemap.h"
#include "channel.h"
#include "conn.h"
#include "names.h"
#include "words.h"

static uint32_t
user_hash(const struct named *e)
{
	return ((const struct user *)(const void *)e)->hash;
}

static struct names users = { .hash = user_hash };
static uint64_t last_id;
unsigned users_count, users_invisible, users_opers;
struct user_staff user_staff = TAILQ_HEAD_INITIALIZER(user_staff);

struct user *
user_new(struct conn *c, struct server *server)
{
	struct user *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->id = ++last_id;
	u->conn = c;
	u->server = server;
	return u;
}

void
user_free(struct user *u)
{
	uint32_t i;

	if (u == NULL)
		return;
	for (i = 0; i < u->ninvites; i++)
		free(u->invites[i]);
	free(u->invites);
	free(u->chans);
	free(u->oper);
	free(u->away);
	free(u->real);
	free(u->host);
	free(u->source);
	free(u);
}

/* Make "nick!name@host" anew. */
static int
new_source(struct user *u, const char *nick, const char *name, const char *host)
{
	char *s;
	int n;

	n = asprintf(&s, "%s!%s@%s", nick, name, host != NULL ? host : "");
	if (n == -1)
		return -1;
	free(u->source);
	u->source = s;
	u->nsource = (uint32_t)n;
	return 0;
}

int
user_set_nick(struct user *u, const char *nick)
{
	if (new_source(u, nick, u->name, u->host) == -1)
		return -1;
	strlcpy(u->nick, nick, sizeof(u->nick));
	return 0;
}

int
user_set_name(struct user *u, const char *name)
{
	if (new_source(u, u->nick, name, u->host) == -1)
		return -1;
	strlcpy(u->name, name, sizeof(u->name));
	return 0;
}

int
user_set_host(struct user *u, const char *host)
{
	if (new_source(u, u->nick, u->name, host) == -1)
		return -1;
	return user_set_text(&u->host, host, HOSTLEN);
}

int
user_set_real(struct user *u, const char *real)
{
	return user_set_text(&u->real, real,
	    text_cut(real, strlen(real), REALLEN));
}

int
user_set_text(char **field, const char *text, size_t max)
{
	char *s = NULL;

	if (text != NULL && (s = strndup(text, max)) == NULL)
		return -1;
	free(*field);
	*field = s;
	return 0;
}

/* --- the registry --------------------------------------------------------- */

static void
count(struct user *u, bool in)
{
	unsigned one = in ? 1 : -1U;

	if (u->modes & UMODE_INVISIBLE)
		users_invisible += one;
	if (u->modes & UMODE_OPER)
		users_opers += one;
	if ((u->modes & (UMODE_OPER | UMODE_NOTICES)) == 0)
		return;
	if (in)
		TAILQ_INSERT_TAIL(&user_staff, u, staff);
	else
		TAILQ_REMOVE(&user_staff, u, staff);
}

int
user_enter(struct user *u)
{
	u->hash = irc_hash(u->nick);
	if (names_add(&users, (struct named *)(void *)u, u->hash) == -1)
		return -1;
	u->entered = true;
	users_count = (unsigned)users.count;
	count(u, true);
	return 0;
}

void
user_leave(struct user *u)
{
	if (!u->entered)
		return;
	u->entered = false;
	count(u, false);
	names_del(&users, (struct named *)(void *)u, u->hash);
	users_count = (unsigned)users.count;
}

void
user_set_modes(struct user *u, uint32_t modes)
{
	if (u->entered)
		count(u, false);
	u->modes = modes;
	if (u->entered)
		count(u, true);
}

struct user *
user_find(const char *nick)
{
	uint32_t h = irc_hash(nick);
	struct user *u = (struct user *)(void *)names_first(&users, h);

	for (; u != NULL; u = u->next)
		if (u->hash == h && irc_casecmp(u->nick, nick) == 0)
			return u;
	return NULL;
}

struct user *
user_each(struct user *u, size_t *bucket)
{
	return (struct user *)(void *)names_each(&users,
	    (struct named *)(void *)u, bucket);
}

struct user *
user_by_id(uint64_t id)
{
	struct user *u = NULL;
	size_t bucket = 0;

	while (id != 0 && (u = user_each(u, &bucket)) != NULL)
		if (u->id == id)
			return u;
	return NULL;
}

bool
user_known(const struct user *u)
{
	return u->conn == NULL || u->conn->welcomed;
}

/* --- invitations ---------------------------------------------------------- */

static uint32_t
invite_place(const struct user *u, const char *chan)
{
	uint32_t i;

	for (i = 0; i < u->ninvites; i++)
		if (irc_casecmp(u->invites[i], chan) == 0)
			break;
	return i;
}

bool
user_invited(const struct user *u, const char *chan)
{
	return invite_place(u, chan) < u->ninvites;
}

void
user_uninvite(struct user *u, const char *chan)
{
	uint32_t i = invite_place(u, chan);

	if (i == u->ninvites)
		return;
	free(u->invites[i]);
	u->ninvites--;
	memmove(u->invites + i, u->invites + i + 1,
	    (u->ninvites - i) * sizeof(char *));
}

int
user_invite(struct user *u, const char *chan)
{
	struct chan *ch;
	char *copy;

	if (user_invited(u, chan))
		return 0;
	if ((ch = chan_find(chan)) != NULL)
		ch->invited = true;
	if (u->invites == NULL &&
	    (u->invites = calloc(INVITES_MAX, sizeof(char *))) == NULL)
		return -1;
	if ((copy = strdup(chan)) == NULL)
		return -1;
	if (u->ninvites == INVITES_MAX)
		user_uninvite(u, u->invites[0]);
	u->invites[u->ninvites++] = copy;
	return 0;
}
