#ifndef FRONT_ASK_H
#define FRONT_ASK_H

/*
 * Visitors of -D until their stream begins: their requests are read
 * (front.h), answered, and those that are refused are left in peace.  A
 * request has FRONT_SECONDS, however slowly its bytes come; only so many are
 * unfinished at a time, and the oldest one makes room for the newest.
 */

#include <stddef.h>

#include "forward.h"
#include "front.h"

#define FRONT_SECONDS 10 /* for the whole request */
#define FRONT_LINGER 2	 /* for a refused one to take its answer */

struct askers;
struct asker;

struct askers_calls {
	/* A whole request in this protocol.  The callee reaches to, which
	 * stands until then, and calls asker_accept() or asker_refuse(). */
	void (
	    *request)(void *user, const char *proto, const struct endpoint *to);
	/* There will be no request; why is for people. */
	void (*failed)(void *user, const char *why);
	/* After failed() or asker_refuse(): the descriptor is closed, the
	 * asker gone. */
	void (*over)(void *user);
};

/* At most max are unfinished.  NULL with errno. */
struct askers *
askers_new(struct event_base *, size_t max, const struct askers_calls *);

/*
 * Hear what the visitor at fd, which is the asker's from now on (on failure
 * it stays the caller's), wants.  Its calls come later, from the loop; those
 * for an older one that makes room come at once.  NULL with errno.
 */
struct asker *asker_start(struct askers *, int fd, void *user);

/*
 * The request is granted: the descriptor is the caller's again.  *first has
 * what came behind the request (ab) and the answer (ba); they stand until
 * asker_free(), which is to follow.
 */
void asker_accept(struct asker *, struct stream_first *first);
void asker_free(struct asker *);

/* The request is refused for this reason; over() follows. */
void asker_refuse(struct asker *, enum socks_rep, const char *text);

#endif
