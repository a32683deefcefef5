#ifndef HANDIN_H
#define HANDIN_H

/* Connections that another process hands over (vsapd -i; libcommon/handover.h):
 * the address in the message is the client's. */

#include <event2/event.h>

/* A hand-over socket is readable; arg is the gateway. */
void handin_on_listener(evutil_socket_t, short what, void *arg);

#endif
