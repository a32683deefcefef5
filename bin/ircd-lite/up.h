#ifndef UP_H
#define UP_H

/*
 * What the server process asks of its parent, which has the rights to files
 * and ports.  Without a parent (alone on a pipe) they fail with ENOTSUP.
 */

#include <event2/event.h>
#include <stddef.h>

/* Listen to the parent on fd (SOCK_SEQPACKET, pmsg.h). 0 or -1. */
int up_init(struct event_base *, int fd);

/*
 * Read the configuration again.  0: asked; server_reload() follows, or
 * server_notice_opers() with the reason why not.  -1 with errno.
 */
int up_reload(void);

/* Write text as the file of the K-lines, whole or not at all; an error is
 * told to the operators later.  0 or -1 with errno. */
int up_save_klines(const char *text, size_t len);

/* The K-lines as they were at the start: malloc'ed text or NULL. */
char *up_klines(size_t *len);

#endif
