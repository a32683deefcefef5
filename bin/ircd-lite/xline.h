#ifndef XLINE_H
#define XLINE_H

/*
 * The K-lines: those of the configuration and those that operators have
 * set, which are kept in a file.  Masks are those of conf_from_parse();
 * "user" means the one without ident, ~user, too.  The set knows neither
 * users nor files; its clock is me.wall.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct conf;

#include "limits.h"
#define XLINE_WIDE 3 /* fewer letters than this: too wide a mask */

struct xline {
	const char *mask; /* user@host */
	char *reason;	  /* never empty */
	char *setter;	  /* nick!user@host; NULL: the configuration */
	time_t when;
	time_t expires; /* 0: never */
};

/* The reason why somebody is not let in, or NULL; good until a change.  user,
 * host and ip may be NULL, addr is :: where it is not known. */
const char *xline_match(const char *user, const char *host, const char *ip,
    const struct in6_addr *addr);

/* May it be set at runtime?  Not what is no mask, nor one that hits half the
 * world.  0, or -1 with the reason in err. */
int xline_check(const char *mask, char *err, size_t errlen);

/* Would this mask hit him? */
bool xline_hits(const char *mask, const char *user, const char *host,
    const char *ip, const struct in6_addr *addr);

/* Does this one? */
bool xline_hit(const struct xline *, const char *user, const char *host,
    const char *ip, const struct in6_addr *addr);

/* The one of this mask that was set at runtime; good until a change. */
const struct xline *xline_find(const char *mask);

/*
 * Set one; one of the same mask that was set at runtime is replaced.  0, or
 * -1 with errno: EINVAL (not a mask, no reason), ENOSPC (there are too
 * many), ENOMEM; nothing has changed then.
 */
int xline_add(const char *mask, const char *reason, const char *setter,
    time_t expires);

/* 0, or -1 with errno: ENOENT, EPERM (it stands in the configuration). */
int xline_del(const char *mask);

/* Those of this configuration take the place of those of the last.  0, or
 * -1: no memory, nothing has changed. */
int xline_conf(const struct conf *);

/* All that hold, one after the other; start with NULL.  Not to be
 * interleaved with changes. */
const struct xline *xline_each(const struct xline *);

/*
 * The file, a line each: "mask when expires setter reason", times in
 * seconds, 0 for never.  Empty lines and those that begin with '#' mean
 * nothing.  Others that are no K-line are told to bad(arg, line number, what
 * is wrong); all of these are kept as they are and written again.
 * xline_load() puts them in (-1: no memory for all); xline_text() gives
 * malloc'ed text, or NULL: no memory.
 */
int xline_load(const char *text, size_t len,
    void (*bad)(void *arg, unsigned line, const char *why), void *arg);
char *xline_text(size_t *len);

/* Forget all. */
void xline_clear(void);

#endif
