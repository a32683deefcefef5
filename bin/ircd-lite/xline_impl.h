#ifndef XLINE_IMPL_H
#define XLINE_IMPL_H

/*
 * Between the set of K-lines (xline.c) and its file (xline_file.c).
 */

#include <sys/queue.h>

#include "limits.h"
#include "xline.h"

struct conf_from;

#define XLINE_TEXT (2 * MASKLEN + 64) /* of a mask with its NUL */

struct hold {
	struct xline x; /* first: what is shown of it */
	STAILQ_ENTRY(hold) entry;
	struct conf_from *from;
	char mask[]; /* x.mask */
};
STAILQ_HEAD(xlines, hold);

extern struct xlines xlines_set; /* at runtime */
extern unsigned xlines_count;	 /* of these */

/* Those whose time is over go. */
void xline_expire(void);

/* xline_file.c: the lines that were kept as they are. */
void xline_forget_kept(void);

#endif
