#ifndef SANDBOX_LINUX_H
#define SANDBOX_LINUX_H

/*
 * What sandbox_linux.c (the roles), sandbox_linux_calls.c (which system calls
 * a role may do) and sandbox_linux_seccomp.c, sandbox_linux_landlock.c (how
 * the kernel is told) share.  Nobody else includes this.
 */

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox.h"

/* Sets of calls, or'ed together; the basic ones are always allowed. */
#define CALLS_STREAMS 0x01 /* bytes between descriptors that are held */
#define CALLS_SOCKETS 0x02 /* new connections, both ways */
#define CALLS_READ 0x04	   /* opening files for reading */
#define CALLS_SPLICE 0x08  /* pipes that carry bytes of streams */
#define CALLS_MEMFILE 0x10 /* reading files that were handed over */

/* Let the filter have the rules of these sets.  0, or minus an errno. */
int sandbox_add_calls(scmp_filter_ctx, unsigned calls);

/* From now on only these.  0, or -1 with a text in err. */
int sandbox_calls(unsigned calls, char *err, size_t errlen);

/* From now on only these files, for reading: two lists ended by NULL, each
 * may be NULL.  Nothing is done by a kernel without Landlock. */
int sandbox_files(const char *const *own, const char *const *more, char *err,
    size_t errlen);

/* The folder of the real resolv.conf in out, or NULL. */
const char *sandbox_resolv_folder(char *out, size_t outlen);

/* "what: strerror" in err; -1. */
int sandbox_failed(char *err, size_t errlen, const char *what, int error);

#endif
