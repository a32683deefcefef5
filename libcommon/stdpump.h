#ifndef STDPUMP_H
#define STDPUMP_H

/*
 * Bytes between a connected socket and two descriptors, usually standard
 * input and output, until there is nothing left to carry.  Blocks; has a
 * poll(2) loop of its own.  splice(2) and sendfile(2) where a side is a
 * pipe or a file.
 *
 * The end of each direction is carried over by itself:
 *   - end of input: shutdown(fd, SHUT_WR); what the peer still says is
 *     written out.
 *   - end of the stream: out is closed (/dev/null takes its number; of a
 *     socket the writing half is shut down), so that its reader sees the
 *     end.  A terminal as input is not read any more; a pipe, file or
 *     socket is read on to its end, as the peer may only have half-closed,
 *     until the peer refuses (reset; keepalive probes of net_tune() find
 *     one that is gone).
 * It is over when both directions are, when the socket was reset (what had
 * been received is written first), or when out is gone (EPIPE): whoever
 * ends the pipeline in front ends us, as SIGPIPE would.
 *
 * in and out may be shared with other processes: their O_NONBLOCK is not
 * touched.  The caller ignores SIGPIPE.
 */

#include <stdint.h>

struct stdpump_count {
	uint64_t sent;	   /* bytes from in to the socket */
	uint64_t received; /* bytes from the socket to out */
};

/*
 * fd stays the caller's and is made non-blocking.  in and out may be the
 * same.  c may be NULL; it is kept up to date meanwhile.  Returns 0 when
 * both directions ended in order, else -1 with errno: ECONNRESET (stream
 * cut), EPIPE (out is gone, or the peer did not take all of the input),
 * others as read(2) and write(2) say.
 */
int stdpump(int fd, int in, int out, struct stdpump_count *c);

/*
 * The same for descriptors that serve further streams: out is not closed,
 * and the end of the stream ends the pump at once, whatever in still has.
 */
int stdpump_keep(int fd, int in, int out, struct stdpump_count *c);

#endif
