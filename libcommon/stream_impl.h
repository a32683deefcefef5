#ifndef STREAM_IMPL_H
#define STREAM_IMPL_H

/*
 * What stream.c (a stream's life), stream_dir.c (moving the bytes of one
 * direction) and stream_cap.c (how many it may move) share.  Nobody else
 * includes this.
 *
 * Invariants: a direction has either held bytes or a pipe with bytes, never
 * both; it reads its source only when it has neither, or into the very
 * pipe.  readable[] and writable[] say what is known since the last edge:
 * true until the kernel said EAGAIN.
 */

#include <sys/queue.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"
#include "stream_pipe.h"

#define STREAM_BUF (256 * 1024)	  /* the engine's one copy buffer */
#define STREAM_READ (64 * 1024)	  /* of it used at first */
#define STREAM_TURN (1024 * 1024) /* bytes of a direction and turn, about */

enum stream_dir_state {
	DIR_OPEN,
	DIR_EOF,    /* the source ended; bytes may be held */
	DIR_DONE,   /* and the destination was told */
	DIR_BROKEN, /* the destination takes nothing any more */
};

struct stream_dir {
	uint64_t bytes; /* delivered */
	unsigned char *held;
	uint32_t heldoff, heldlen;
	struct stream_pipe *pipe;
	uint8_t state;
	uint8_t full;	/* reads in a row that filled the buffer */
	bool large;	/* filled a small pipe */
	bool unspliced; /* splice said EINVAL */
};

struct stream {
	TAILQ_ENTRY(stream) timed_entry; /* while timed */
	TAILQ_ENTRY(stream) again_entry; /* while again */
	TAILQ_ENTRY(stream) cap_entry;	 /* while waits */
	LIST_ENTRY(stream) entry;
	struct stream_engine *e;
	struct event ev[2];
	int fd[2];
	struct stream_dir dir[2]; /* dir[i] reads fd[i], writes fd[!i] */
	bool readable[2], writable[2];
	bool dead[2]; /* this endpoint reset or failed */
	bool timed, again;
	bool waits;    /* for room of its slot */
	uint8_t queue; /* in which of them */
	uint8_t first; /* the direction that is run first */
	uint8_t phase;
	uint32_t idle;	  /* seconds, 0: none */
	uint32_t slot;	  /* of its cap; 0: none */
	uint64_t rate;	  /* bytes a second */
	uint64_t started; /* ms */
	uint64_t moved;	  /* ms, when a byte last moved */
	uint64_t id;
	void (*done)(void *, const struct relay_end *);
	void *arg;
};

TAILQ_HEAD(stream_list, stream);

struct stream_engine {
	struct event_base *base;
	struct event again_ev; /* streams whose share of a turn was used up */
	struct event sweep_ev; /* idle limits and last words */
	struct event trim_ev;  /* spare pipes */
	struct event cap_ev;   /* streams that wait for room */
	LIST_HEAD(, stream) all;
	struct stream_list again;
	struct stream_list timed;
	struct stream_list capped[2];
	struct ratecap *caps;
	uint64_t cap_at;   /* ms, when the timer comes */
	bool serving;	   /* those who waited */
	uint32_t dry_slot; /* had no more room when one was served; 0 */
	unsigned dry_ms;
	struct stream_pipes pipes;
	size_t streams;
	uint64_t count[2]; /* bytes of all streams, each way */
	unsigned char buf[STREAM_BUF];
};

/*
 * Move what can be moved from fd[i] to fd[!i] in one turn.  Returns true
 * when there may be more: the stream wants another turn.
 */
bool stream_dir_run(struct stream *, int i);

/* Read and drop what comes from fd[i]; true as above. */
bool stream_dir_discard(struct stream *, int i);

/* The destination takes nothing more: drop what is on the way. */
void stream_dir_break(struct stream *, int i);

/* Give pipe and memory back. */
void stream_dir_free(struct stream *, int i);

/* Run what can be run of a stream; it may be gone then. */
void stream_run(struct stream *);

/*
 * How much a direction of a stream with a slot may take in this turn; 0: the
 * stream is in the queue for room.  What it took is told by _took(), after
 * which the other direction comes first; if it took all and wants more,
 * _again() puts it in the queue.  _spent() counts what was taken before.
 */
size_t stream_cap_room(struct stream *);
void stream_cap_took(struct stream *, int i, size_t);
void stream_cap_spent(struct stream *, size_t);
void stream_cap_again(struct stream *);
void stream_cap_leave(struct stream *);
void stream_cap_on_timer(evutil_socket_t, short, void *);

/* Milliseconds of the monotonic clock, coarse and cheap. */
uint64_t stream_now(void);

#endif
