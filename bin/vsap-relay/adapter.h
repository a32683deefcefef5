#ifndef ADAPTER_H
#define ADAPTER_H

/*
 * The ends of streams, and TLS on them.  TLS is done by worker processes of
 * our own ("vsap-relay --tls-worker", tlsfeed.h): a connection is given to
 * one, which carries its plain bytes over a socket pair; when the other end
 * of the stream is known, the worker gets that too, and we are out of it.
 */

#include "gwlink.h"
#include "stream.h"

struct adapter;
struct relay;
struct tls_end;

struct end {
	int fd;		     /* plain bytes */
	struct tls_end *tls; /* what is behind it, or NULL */
};

/*
 * Read the files that the command line names, and start the workers.  Leaves
 * the program, with what is wrong, where that cannot be done.
 */
struct adapter *adapter_new(struct relay *);

/* Read the files anew, for connections from now on; or say why not. */
void adapter_reload(struct adapter *);

/* End the workers, and their streams with them.  NULL is fine. */
void adapter_end(struct adapter *);

/* For the way to a gateway; the token is a struct tls_end, of which the link
 * has let go. */
const struct gwlink_tls *adapter_gwlink(const struct adapter *);
void tls_end_taken(struct tls_end *); /* NULL is fine */

/*
 * Begin TLS on fd, which now is the adapter's (closed on failure): as client
 * of the host of that name, or as server (NULL).  done() is called once, from
 * the loop: an end that now is the callee's, or fd -1 and why.  0, or -1 with
 * errno.
 */
int adapter_start(struct adapter *, int fd, const char *host,
    void (*done)(void *arg, const struct end *, const char *error), void *arg);

/*
 * Relay between two ends, which are the stream's from now on (on failure:
 * reset).  done(), id and first, which may be NULL, as in stream_start().
 * 0, or -1 with errno.
 */
int adapter_join(struct relay *, const struct end *a, const struct end *b,
    const struct stream_first *first, uint64_t id,
    void (*done)(void *arg, const struct relay_end *), void *arg);

/* Close an end so that the other side sees a reset. */
void end_reset(const struct end *);

/* The descriptor was closed, or lives on as it is: no TLS of ours any more. */
void end_forget(struct end *);

/* Turn the loop until workers have what they were given: until then we hold
 * it open, too. */
void adapter_settle(struct adapter *);

/* What all streams have carried so far, there and back; for those of TLS
 * that is what it was at the last call.  arg is a struct relay. */
void adapter_count(void *arg, uint64_t *there, uint64_t *back);

#endif
