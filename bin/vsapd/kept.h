#ifndef KEPT_H
#define KEPT_H

/*
 * The parent's copies of the listeners that were bound for clients: when
 * control dies, the next one gets them back, with who waits in their queues.
 */

#include <sys/queue.h>
#include <stdint.h>

#include "pmsg.h"

struct kept;

struct kept_list {
	TAILQ_HEAD(, kept) list;
	uint32_t next_id;
};

void kept_init(struct kept_list *);

/* Keep fd, bound at addr as ask says.  Its number, or 0: no memory, fd is
 * the caller's. */
uint32_t
kept_add(struct kept_list *, int fd, const struct pmsg *ask, const char *addr);

/* Close one, and remove its socket file beneath root; an unknown number is
 * fine. */
void kept_drop(struct kept_list *, uint32_t id, int root);

/* So many may wait at one from now on; an unknown number is fine. */
void kept_backlog(struct kept_list *, uint32_t id, uint32_t backlog);

/* Say each as PMSG_KEPT. */
void
kept_tell(const struct kept_list *, void (*tell)(const struct pmsg *, int fd));

/* Remove their socket files: the end. */
void kept_unlink(const struct kept_list *, int root);

#endif
