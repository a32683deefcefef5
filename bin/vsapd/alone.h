#ifndef ALONE_H
#define ALONE_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"

/*
 * vsapd -i, from inetd: descriptor 0 is one control connection.  It goes to
 * the running daemon; if none runs, it is served here, and at RELAY this
 * process becomes vsap-relay.  Does not return.
 */
void alone_run(struct conf *) __attribute__((__noreturn__));

/* Become "vsap-relay fd:a fd:b"; first goes to b before; idle seconds end it,
 * 0: none. */
void alone_relay(int a, int b, const void *first, size_t firstlen,
    uint32_t idle) __attribute__((__noreturn__));

#endif
