#ifndef STREAM_H
#define STREAM_H

/*
 * The data plane: bytes between two stream sockets, both ways, until both
 * directions came to their end.  splice(2) through pipes that are held only
 * while bytes are in flight, a copy loop where splicing does not pay or
 * cannot; half-close, backpressure, idle limit.  Level: tier 2.
 *
 * The program ignores SIGPIPE.  TCP sockets were tuned (net_tune()) where
 * they were made.
 */

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "ratecap.h"
#include "relay_msg.h"

struct stream_engine; /* pipes, buffer and clock shared by all streams */
struct stream;

/* One for each event_base.  NULL with errno. */
struct stream_engine *stream_engine_new(struct event_base *);
void stream_engine_free(struct stream_engine *); /* streams ended before */

/* Share of the pipe budget this process may use, 1/n (n workers). */
void stream_engine_share(struct stream_engine *, unsigned n);

struct stream_first {
	const void *ab; /* read from a already, goes to b first; copied */
	size_t ablen;
	const void *ba;
	size_t balen;
};

/*
 * Start relaying between a and b, which are the stream's from now on (on
 * failure they stay the caller's).  done is called once, from the loop,
 * after both are closed; r->id is id.  NULL with errno.
 *
 * An end of file is carried over as such.  An endpoint that is reset, or
 * vanishes, resets the other after what it had sent was delivered; so does
 * the idle limit, for neither end is complete then.
 */
struct stream *stream_start(struct stream_engine *, int a, int b,
    const struct stream_first *, uint32_t idle_seconds, uint64_t id,
    void (*done)(void *arg, const struct relay_end *r), void *arg);

/* The caps' clocks, which stay the caller's; NULL (as at first): none. */
void stream_engine_caps(struct stream_engine *, struct ratecap *);

/*
 * What a stream that was just started moves, both ways together and together
 * with all others of that slot, is rate bytes a second.  slot 0, rate 0, or
 * no clocks: no cap.
 */
void stream_limit(struct stream *, uint32_t slot, uint64_t rate);

/* Bytes of all streams so far, those that ended too. */
void
stream_engine_count(const struct stream_engine *, uint64_t *ab, uint64_t *ba);

/* Call fn for each stream under way; it starts and ends none. */
void stream_engine_each(const struct stream_engine *,
    void (*fn)(void *arg, uint64_t id, uint64_t ab, uint64_t ba), void *arg);

/* Streams under way, and pipes held right now (for tests). */
size_t stream_engine_streams(const struct stream_engine *);
size_t stream_engine_pipes(const struct stream_engine *);

#endif
