#ifndef RUNPATH_H
#define RUNPATH_H

/*
 * Where the gateway's own sockets live, and whether to trust them:
 * /run/vsapd as root, else $XDG_RUNTIME_DIR/vsapd.
 *	vsapd.sock	control (VSAP lines)
 *	handover.sock	connections handed over by "vsapd -i"
 *	names/		root of the UNIX names; names/tmp exists
 */

#include <stdbool.h>
#include <stddef.h>

/* The run directory of this user: 0, or -1 if there is none (err says why).*/
int runpath_dir(char *out, size_t outlen, char *err, size_t errlen);

/* The same of another program: /run/PROG or $XDG_RUNTIME_DIR/PROG. */
int runpath_dir_of(const char *prog, char *out, size_t outlen, char *err,
    size_t errlen);

/* dir/name into out; -1 when it does not fit a UNIX-domain address. */
int runpath_join(char *out, size_t outlen, const char *dir, const char *name);

/* Is path a socket owned by this user or root? */
bool runpath_trusted(const char *path);

/*
 * The server a client uses: arg if not NULL, else $VSAP_SERVER, else the
 * local UNIX socket where a trusted one exists (this user's, then root's),
 * else 127.0.0.1:8706.  Text in the address grammar (ADDR_FOR_SERVER).
 */
const char *runpath_server(const char *arg, char *out, size_t outlen);

#endif
