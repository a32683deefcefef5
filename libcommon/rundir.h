#ifndef RUNDIR_H
#define RUNDIR_H

/*
 * A daemon's run directory: made or checked, locked, with UNIX-domain
 * sockets in it whose remains are cleared away.  Level: tier 1.
 */

#include <sys/types.h>
#include <stddef.h>

/*
 * Make dir (0755 as root, else 0700), or see that it is a directory of this
 * user that no one else may write to.  0, or -1 with a message in err.
 */
int rundir_make(const char *dir, char *err, size_t errlen);

/*
 * Lock dir for prog by the file PROG.lock, which gets the process id.  The
 * lock goes with the last copy of the descriptor.  Returns that, or -1 with
 * a message in err; errno is EWOULDBLOCK when another one has it.
 */
int rundir_lock(const char *dir, const char *prog, char *err, size_t errlen);

/* Write the process id anew, after a fork.  0 or -1. */
int rundir_write_pid(int lock);

/* The end: the file is free, and has no process id any more, which may soon be
 * another's.  0, or -1: it has it still.  A lock of -1 is fine. */
int rundir_unlock(int lock);

/*
 * Listen on path with a socket of type (SOCK_STREAM, SOCK_SEQPACKET) and
 * permission bits mode.  The socket of one who is gone is replaced; errno is
 * EADDRINUSE where somebody answers, EEXIST for a file that is no socket.
 */
int rundir_listen(const char *path, int type, int backlog, mode_t mode);

#endif
