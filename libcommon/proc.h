#ifndef PROC_H
#define PROC_H

/* What a parent and its children do with signals and descriptors. */

#include <sys/resource.h>
#include <stddef.h>

/*
 * Block SIGTERM, SIGINT, SIGHUP and SIGCHLD and return a signalfd for them
 * (close-on-exec, non-blocking); SIGPIPE and SIGXFSZ are ignored: a write
 * tells it as well.  -1 with errno.
 */
int proc_signals(void);

/* The soft limit of descriptors becomes the hard one, if that may be.
 * Returns the one that holds from then on; 0 with errno: it is not known. */
rlim_t proc_raise_nofile(void);

/*
 * In a child: close every descriptor above 2 but these n, at most
 * PROC_KEEP_MAX (-1 counts for nothing; the log's are kept).
 */
#define PROC_KEEP_MAX 512
void proc_close_but(const int *keep, size_t n);

#endif
