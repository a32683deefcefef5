#ifndef USER_H
#define USER_H

/*
 * The model's users: here (with a connection) or, later, on other servers
 * (without).  No wire format here.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "limits.h"

struct chan;
struct conn;
struct server;

/* User modes. */
#define UMODE_INVISIBLE 0x0001	/* i */
#define UMODE_OPER 0x0002	/* o */
#define UMODE_NOTICES 0x0004	/* s: server notices */
#define UMODE_WALLOPS 0x0008	/* w */
#define UMODE_BOT 0x0010	/* B */
#define UMODE_RESTRICTED 0x0040 /* r: may not change nick nor be op */

/* A channel that a user is on, and his place among its members. */
struct user_chan {
	struct chan *chan;
	uint32_t place;
};

struct user {
	struct user *next;	 /* of the same hash */
	TAILQ_ENTRY(user) staff; /* if he is an operator or has +s */
	uint64_t id;
	struct conn *conn;     /* NULL: on another server */
	struct server *server; /* where he is */
	char *source;	       /* "nick!user@host" */
	uint32_t nsource;      /* its length */
	uint32_t hash;
	uint32_t modes;
	uint32_t may;		/* OPER_* of conf.h */
	uint32_t seen;		/* mark of each.h */
	bool entered;		/* in the registry */
	char nick[NICKLEN + 1]; /* "" before NICK */
	char name[USERLEN + 2]; /* user name, with ~ */
	char *host;
	char *real;
	char *away; /* NULL: here */
	char *oper; /* name of the operator block; NULL */
	struct user_chan *chans;
	uint32_t nchans, achans;
	char **invites; /* names of channels */
	uint32_t ninvites;
	time_t signon, idle; /* wall clock */
};

/* A user with an id of its own; NULL: no memory. */
struct user *user_new(struct conn *, struct server *);

/* He must be on no channel. */
void user_free(struct user *);

/* Set fields; the source follows.  -1: no memory, nothing changed. */
int user_set_nick(struct user *, const char *nick);
int user_set_name(struct user *, const char *name);
int user_set_host(struct user *, const char *host);
int user_set_real(struct user *, const char *real);

/*
 * The registry of those who are registered, by nickname.  One who changes
 * his nickname leaves it and enters again.  -1: no memory.
 */
int user_enter(struct user *);
void user_leave(struct user *);
struct user *user_find(const char *nick);
struct user *user_by_id(uint64_t id);
extern unsigned users_count;		      /* registered ones */
extern unsigned users_invisible, users_opers; /* of these */

/* Operators and those with +s, who are told things: not to be looked for
 * among ten thousand. */
TAILQ_HEAD(user_staff, user);
extern struct user_staff user_staff;

/* All changes of a user's modes go here. */
void user_set_modes(struct user *, uint32_t modes);

/* All users in no order: start with NULL, *bucket 0. */
struct user *user_each(struct user *, size_t *bucket);

/* Is he registered here (or there)? */
bool user_known(const struct user *);

/* Set or clear the away text; NULL clears. */
int user_set_text(char **field, const char *text, size_t max);

/* Invitations, by the channel's name; bounded, the oldest goes. */
int user_invite(struct user *, const char *chan);
bool user_invited(const struct user *, const char *chan);
void user_uninvite(struct user *, const char *chan);

#endif
