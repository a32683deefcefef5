#ifndef ACTIONS_H
#define ACTIONS_H

/*
 * What several commands do alike: it acts on the model and tells those whom
 * it concerns.
 */

#include <stdbool.h>

#include "msg.h"

struct chan;
struct user;

/* register.c: all that is needed may be there: go on, or wait, or refuse. */
void register_try(struct user *);

/* quit.c: he leaves the network; each who shares a channel sees one QUIT,
 * the history gets his names.  Frees nothing. */
void user_quit(struct user *, const char *reason);

/* join.c: he joins (rights were checked); members see JOIN, he the topic
 * and the names.  0 or -1. */
int user_join(struct user *, struct chan *, unsigned modes);

/* The parts of a welcome, usable by their commands too. */
void send_isupport(struct user *);
void send_lusers(struct user *);
void send_motd(struct user *);
void send_names(struct user *, struct chan *);
void send_topic(struct user *, struct chan *);

/* Is the server's name (or a mask of it, or the nick of a user here) meant?
 * If not, 402 has been said.  NULL means this server. */
bool for_this_server(struct user *, const char *target);

/* The user of that name; failing that, who gave it up a short while ago
 * (RFC 1459, 8.9).  NULL: 401 has been said. */
struct user *user_chase(struct user *asker, const char *nick);

/* Do the two share a channel? */
bool users_share(const struct user *, const struct user *);

/* May the asker see him: not invisible, himself, shares, or an operator. */
bool user_visible(const struct user *asker, const struct user *);

/* His modes as "+iw". */
const char *user_modes(const struct user *, char *out, size_t outlen);

/* The mode letters, as 004 and 005 show them. */
#define UMODE_LETTERS "Biorsw"
#define CMODE_LETTERS "CIbeiklmnopstv"
#define CMODE_PARAM_LETTERS "Ibeklov"

/* Server notice to operators and users with +s. */
void
notice_opers(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));

/* "NOTICE nick :text" from the server. */
void notice(struct user *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

#endif
