#ifndef SANDBOX_H
#define SANDBOX_H

/*
 * Confinement: one function for each role of a process, called once it has
 * all that it needs from outside.  sandbox_linux.c: seccomp, and Landlock
 * where the kernel has it; sandbox_none.c: no system of ours, nothing is
 * done.  Level: tier 1.
 *
 * A call that is not among those of the role fails with EPERM; what nobody
 * but an intruder would try ends the process (SIGSYS).  Neither can be
 * undone, and children inherit it.
 */

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Does this build confine?  Not elsewhere, nor under the sanitizers, which
 * need the run of the system. */
bool sandbox_works(void);

/* What may be read beside /etc, the time zones and /dev/urandom: files and
 * folders, ended by NULL.  Those that do not exist are skipped. */
struct sandbox_paths {
	const char *const *read;
};

/*
 * Give up root for good: groups, gid and uid, where the process is root and
 * uid is not 0; then no new privileges, and no core and no tracer (a memory
 * full of other people's passwords).  0, or -1 with a text in err.
 */
int sandbox_drop(uid_t uid, gid_t gid, char *err, size_t errlen);

/*
 * Each of the following: 0, or -1 with a text in err: the system refused, and
 * the process may be confined in part.
 *
 * ircd-lite's server, an event loop with sockets: may accept, connect (TCP,
 * UDP, UNIX), bind, send and receive (descriptors too), read the files said
 * above and those of paths (may be NULL), write to what it holds.  It may not
 * listen, execute, fork, signal others, make executable memory, or open
 * anything for writing.
 */
int
sandbox_irc_server(const struct sandbox_paths *paths, char *err, size_t errlen);

/*
 * vsapd's control: the same.  Paths below the root of UNIX names it opens
 * with O_PATH, which no rule for files concerns.  It may not listen, either:
 * what listens comes from its parent.
 */
int sandbox_vsapd_control(const struct sandbox_paths *paths, char *err,
    size_t errlen);

/*
 * A worker of vsap-relay moves bytes between descriptors that it holds or is
 * sent, by pipes of its own: no sockets, no names, no files.  The system's log
 * is open already and the time zone known, or there is none.
 */
int sandbox_relay_worker(char *err, size_t errlen);

/* One that ends TLS: the same without pipes; it reads memory files that it is
 * sent.  libtls is initialised before. */
int sandbox_tls_worker(char *err, size_t errlen);

/* A password helper: the sockets it holds, memory, its end.  What libcrypto
 * reads at its first use was read before. */
int sandbox_passwords(char *err, size_t errlen);

#endif
