#ifndef SESSION_IMPL_H
#define SESSION_IMPL_H

/* What the files of the session share among themselves: session.c (life),
 * session_io.c (bytes, lines, events), session_reply.c (replies, log). */

#include "session.h"

/* Send what the socket takes.  -1: the connection is broken. */
int session_send(struct session *);

/* Everything is sent: the connection becomes the stream. */
void session_leave(struct session *);

/* Events of the connection, and of the timer. */
void session_on_io(evutil_socket_t, short, void *);
void session_on_time(evutil_socket_t, short, void *);

/* The end of those who take too long. */
void session_too_slow(struct session *);

#endif
