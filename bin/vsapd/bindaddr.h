#ifndef BINDADDR_H
#define BINDADDR_H

/* Making a bound, listening socket for a BIND: by the parent, which has the
 * privilege for it, or by a vsapd that serves one connection alone. */

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * The root directory of UNIX names, rundir/names with tmp/ in it, made if
 * it is not there.  An O_PATH descriptor, or -1 with errno.
 */
int bindaddr_root(const char *rundir);

/* The same for a directory that the administrator chose, and has made. */
int bindaddr_root_at(const char *dir);

/*
 * Bind a and listen.  lo and hi, if not 0, are the ports to choose from in
 * place of port 0.  A path is taken beneath root (openat2; directories are
 * not made, a socket nobody answers is replaced).  On success the
 * descriptor, and what was bound in the address grammar in out ("0.0.0.0:p"
 * for every address); else -1 with errno.
 */
int bindaddr(const struct addr *a, uint16_t lo, uint16_t hi, int backlog,
    int root, char *out, size_t outlen);

/* Remove the socket file of a path bound before.  Errors are ignored. */
void bindaddr_unlink(const struct addr *a, int root);

/*
 * Open the socket file of a path beneath root for connecting to it as
 * /proc/self/fd/N; without openat2, which a sandbox would have to allow for
 * everything.  An O_PATH descriptor, or -1 with errno.
 */
int bindaddr_open(const struct addr *a, int root);

#endif
