#ifndef TLSCONN_IMPL_H
#define TLSCONN_IMPL_H

/*
 * What tlsengine.c (all connections and their timers), tlsconn.c (a
 * connection's life), tlsconn_end.c (its end), tlsconn_switch.c (its switch),
 * tlsnet.c (its TLS side), tlsio.c (moving its bytes), tlscap.c (how many it
 * may move) and tlsrest.c share.  Nobody else includes this.
 *
 * The engine's buffers are of the connection whose turn it is.  What is left
 * in them at the end of the turn is kept in the connection's rests, and while
 * a direction has a rest it reads nothing: so each way some 256 KiB are on the
 * way at most.  readable[] and writable[] say what is known since the last
 * edge: true until the kernel said EAGAIN.
 */

#include <sys/queue.h>
#include <sys/tree.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tlsconn.h"

#define TLS_RECORD (16 * 1024)
#define TLS_READ (256 * 1024)		      /* taken from a side at once */
#define TLS_PLAIN_BUF (TLS_READ + TLS_RECORD) /* with a record begun before */
#define TLS_OUT_BUF (TLS_READ + TLS_RECORD)   /* encrypted; TLS's own, too */
#define TLS_OWED_MAX (TLS_READ + 128 * 1024)  /* encrypted and unsent */
#define TLS_TURN (256 * 1024)		      /* of a direction and turn */
#define TLS_READS 256			      /* records taken at once */

/* The ends of a connection, and the ways: dir[i] reads fd[i], writes fd[!i]. */
enum side {
	NET,
	PLAIN,
};
#define IN NET	  /* from TLS to the plain side */
#define OUT PLAIN /* from the plain side to TLS */

enum dir_state {
	DIR_OPEN,
	DIR_EOF,    /* the source ended; a rest may be left */
	DIR_DONE,   /* and the destination was told */
	DIR_BROKEN, /* the destination takes nothing any more */
	DIR_SPENT,  /* nor does the source give anything */
};

enum phase {
	PHASE_NEW,	 /* not begun */
	PHASE_HANDSHAKE, /* the plain side is not looked at */
	PHASE_RUN,
	PHASE_DISCARD, /* one side's bytes nobody takes: read them to the end */
	PHASE_RESET,   /* last bytes are being acknowledged, then a reset */
	PHASE_ALERT,   /* TLS failed; the peer is given time to read why */
};

/* Bytes left over: p[off] and so on, len of them. */
struct rest {
	unsigned char *p;
	size_t off, len;
};

struct tlsconn {
	RB_ENTRY(tlsconn) node;
	TAILQ_ENTRY(tlsconn) timed_entry; /* while timed */
	TAILQ_ENTRY(tlsconn) again_entry; /* while again */
	struct tls_engine *e;
	struct tlscfg *cfg;
	struct tls *tls;
	struct event ev[2];
	struct event pause_ev; /* until its rate lets it go on */
	uint64_t id;
	int fd[2];
	int near; /* our end of the pair, which is emptied after a switch; -1 */

	struct rest cipher; /* read, not yet looked at by TLS */
	struct rest dec;    /* decrypted, for the plain side */
	struct rest enc;    /* encrypted, for the TLS side */
	struct rest todo;   /* for the TLS side, not yet encrypted */

	uint8_t phase;
	uint8_t state[2];
	uint8_t first; /* the way that is run first */
	bool readable[2], writable[2];
	bool dead[2];  /* this side reset or failed */
	bool pending;  /* TLS may have more without a read */
	bool eof;      /* NET's, and TLS was told */
	bool notified; /* close_notify is in enc, or out */
	bool hung_up;  /* nobody has the pair's other end any more */
	bool switched;
	bool told; /* its end */
	bool timed, again, paused;

	uint64_t bytes[2]; /* moved since the switch */
	uint64_t started;  /* ms: the handshake, the switch */
	uint64_t moved;	   /* ms, when a byte last moved */
	struct relay_opts opts;
	char why[160]; /* what went wrong first */
};

TAILQ_HEAD(tlsconn_list, tlsconn);
RB_HEAD(tlsconn_tree, tlsconn);

struct tls_engine {
	struct event_base *base;
	struct tlsconn_calls calls;
	void *arg;
	struct tlsconn_tree tree;
	struct tlsconn_list again; /* whose share of a turn was used up */
	struct tlsconn_list timed;
	struct event again_ev, sweep_ev;
	struct ratecap *caps;
	size_t count, switched;
	size_t in_off, in_len, out_len;
	bool fed; /* this batch has read the connection */
	unsigned char in[TLS_READ];
	unsigned char out[TLS_OUT_BUF];
	unsigned char plain[TLS_PLAIN_BUF];
};

/* tlsrest.c */

/* A copy of n bytes behind what is left.  0, or -1: no memory. */
int tlsrest_add(struct rest *, const void *, size_t n);
/* The first n of it are done with. */
void tlsrest_drop(struct rest *, size_t n);
void tlsrest_free(struct rest *);

/* tlsnet.c */

/* libtls reads and writes by these. */
ssize_t tlsio_read_cb(struct tls *, void *, size_t, void *conn);
ssize_t tlsio_write_cb(struct tls *, const void *, size_t, void *conn);

/* Go on with the handshake.  1: done, 0: not yet, -1: failed (why). */
int tlsio_handshake(struct tlsconn *);

/* Around calls of libtls that may read: what it does not look at is kept. */
void tlsio_batch_begin(struct tlsconn *);
void tlsio_batch_end(struct tlsconn *);

/* Send what is encrypted.  0: all is out, 1: not all, -1: never. */
int tlsio_flush(struct tlsconn *);

/* The connection takes or gives nothing more (errno). */
void tlsio_net_failed(struct tlsconn *);
/* Has its peer said that this was all? */
bool tlsio_said_all(const struct tlsconn *);
/* libtls's words become the reason. */
void tlsio_why(struct tlsconn *, const char *during);

/* The destination takes nothing more. */
void tlsio_break(struct tlsconn *, int way);

/* Drop what came on the TLS side without another look; true: it ended. */
bool tlsio_drain(struct tlsconn *);

void tlsio_free_rests(struct tlsconn *);

/* read(2) and write(2), interrupted or not; is this errno "not now"? */
ssize_t tlsio_read(int fd, void *, size_t);
ssize_t tlsio_write(int fd, const void *, size_t);
bool tlsio_again(int error);

/* tlsio.c */

/* Move what can be moved of one way in one turn; true: there may be more. */
bool tlsio_run(struct tlsconn *, int way);

/* Read and drop what comes that way; true as above. */
bool tlsio_discard(struct tlsconn *, int way);

/* Has nobody the other end of a pair any more? */
bool tlsio_hung_up(int fd);

/* tlscap.c */

/*
 * How much a way may take now, want at most; 0: not now, it goes on by timer.
 * What it took is told; under a cap the other way is run first then.  A way's
 * turn is over when it took so much.
 */
size_t tlscap_room(struct tlsconn *, size_t want);
void tlscap_took(struct tlsconn *, int way, size_t n);
size_t tlscap_turn(const struct tlsconn *);

/* tlsengine.c */

/* 0, or -1: there is one of that id. */
int tls_engine_add(struct tls_engine *, struct tlsconn *);
void tls_engine_remove(struct tlsconn *);

/* One that is not over. */
struct tlsconn *tlsconn_find(struct tls_engine *, uint64_t id);

/* Have the sweep look at it, no more. */
void tlsconn_watch(struct tlsconn *);
void tlsconn_unwatch(struct tlsconn *);
/* Run it again when others had their turn, or so many milliseconds passed. */
void tlsconn_turn_again(struct tlsconn *);
void tlsconn_pause(struct tlsconn *, unsigned ms);

/* tlsconn.c */

/* Run what can be run; it may be gone then. */
void tlsconn_run(struct tlsconn *);
/* Events of fd[side] come from now on.  0 or -1. */
int tlsconn_listen(struct tlsconn *, enum side);

/* tlsconn_end.c */

/* The first reason is kept; fmt as for printf. */
void tlsconn_why(struct tlsconn *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* It may be gone after each of the following. */

/* Ends it where both ways are through. */
void tlsconn_settle(struct tlsconn *);
/* Has its time come? */
void tlsconn_sweep(struct tlsconn *, uint64_t now);
/* The handshake failed: that is told, and the peer may read why. */
void tlsconn_fail(struct tlsconn *);
/* The last of it, by a reset, which is told. */
void tlsconn_cut(struct tlsconn *);
/* The same without another word. */
void tlsconn_abandon(struct tlsconn *);
/* Freed; what had to be told was. */
void tlsconn_drop(struct tlsconn *);

#endif
