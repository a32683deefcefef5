#ifndef NET_H
#define NET_H

/*
 * Sockets: making, tuning and passing them.  All descriptors made here are
 * close-on-exec and non-blocking unless said otherwise.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* TCP_NODELAY, keepalive 30/10/3 s; on a listener the accepted inherit it.
 * Not TCP: nothing.  Errors are not reported: the socket works without. */
void net_tune(int fd);

/*
 * The same before connect() to addr, or bind() to it.  On loopback, where
 * no peer vanishes and nothing is gained by pacing (a quarter of a relay's
 * time under BBR), TCP_NODELAY and the congestion control "reno" instead.
 */
void net_tune_to(int fd, const struct sockaddr *addr);

int net_nonblock(int fd, bool on);
int net_cloexec(int fd, bool on);

/*
 * Bind and listen on a numeric TCP address or every address (one dual-stack
 * socket; IPv4 alone where the system has no IPv6), or a UNIX path (mode is
 * its permission bits; the caller saw to a stale file).  The descriptor, or
 * -1 with errno.
 */
int net_listen(const struct addr *, int backlog, mode_t mode);

/* An option of SOL_SOCKET that is a number; -1: it has none. */
int net_option(int fd, int option);

/* The uid of a UNIX-domain peer (SO_PEERCRED).  0 or -1. */
int net_peer_uid(int fd, uid_t *uid);

/* All its groups, max at most: how many, or -1. */
int net_peer_groups(int fd, gid_t *gids, int max);

/* The process id of a UNIX-domain peer when it connected; 0 unknown. */
pid_t net_peer_pid(int fd);

/* Close so that the peer sees a reset (SO_LINGER 0). */
void net_reset(int fd);

/* Bytes sent and not yet acknowledged by the peer (SIOCOUTQ); -1 error. */
int net_unacked(int fd);

/*
 * Descriptors over UNIX-domain sockets.
 *
 * fdpass_send: one message with n bytes and nfds descriptors (at most 4).
 * Returns 0, or -1 with errno (EAGAIN, ETOOMANYREFS: later; others: gone).
 *
 * fdpass_recv: one message into p; descriptors into fds, *nfds in: room,
 * out: how many came.  Returns the length, 0 at end of file, -1 with errno;
 * EMFILE when descriptors were cut off (MSG_CTRUNC): those that came are
 * closed, *nfds is 0, and the *length of the data is in *cut if not NULL.
 */
int fdpass_send(int sock, const void *p, size_t n, const int *fds, int nfds);
ssize_t
fdpass_recv(int sock, void *p, size_t n, int *fds, int *nfds, size_t *cut);

#endif
