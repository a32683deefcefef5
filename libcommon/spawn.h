#ifndef SPAWN_H
#define SPAWN_H

/*
 * Starting vsap-relay workers.  The program is found beside the own
 * executable or in LIBEXECDIR, never by PATH.
 */

#include <sys/types.h>
#include <stddef.h>

/* The path of vsap-relay: 0, or -1 with a message in err. */
int spawn_find_relay(char *out, size_t outlen, char *err, size_t errlen);

/* What a worker is told. */
enum spawn_flags {
	SPAWN_SYSLOG = 1 << 0, /* it logs by syslog, not to stderr */
	SPAWN_VERBOSE = 1 << 1,
	SPAWN_NO_SANDBOX = 1 << 2,
};

/*
 * Start "vsap-relay --worker" in a session of its own with a SOCK_SEQPACKET
 * socket as its descriptor 3 and stderr inherited; nothing else is open in
 * it.  As root it becomes uid:gid first (0:0 keeps).  Returns our end
 * (close-on-exec, non-blocking), or -1 with errno; a program that cannot be
 * run shows by the end of file there.
 */
int spawn_worker(const char *path, uid_t uid, gid_t gid, unsigned flags,
    pid_t *pid);

/* The same with "vsap-relay --tls-worker" (tls_msg.h, tlsfeed.h). */
int spawn_tls_worker(const char *path, uid_t uid, gid_t gid, unsigned flags,
    pid_t *pid);

/* Processors that this process may use; at least 1. */
int spawn_cpus(void);

#endif
