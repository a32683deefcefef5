#ifndef STREAM_PIPE_H
#define STREAM_PIPE_H

/*
 * Pipes for splice(2): a bounded stock of them for one process.  A pipe is
 * taken while bytes are in flight and given back empty.
 *
 * An unprivileged user has fs.pipe-user-pages-soft pages of pipe buffer in
 * all processes together; past it the kernel hands out pipes of two pages.
 * Large pipes take at most half of that, small ones a quarter, divided by
 * the number of workers; who gets none copies.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>

#define STREAM_PIPE_SMALL (64 * 1024)
#define STREAM_PIPE_LARGE (1024 * 1024)

struct stream_pipe {
	SLIST_ENTRY(stream_pipe) entry;
	int rd, wr;
	bool large;
	size_t len; /* bytes in it */
};

SLIST_HEAD(stream_pipe_list, stream_pipe);

struct stream_pipes {
	struct stream_pipe_list spare[2]; /* small, large */
	size_t open[2];			  /* spare and in use */
	size_t max[2];
	size_t nspare;
	bool used; /* one was taken since the last stream_pipes_idle() */
};

void stream_pipes_init(struct stream_pipes *, unsigned share);
void stream_pipes_free(struct stream_pipes *);

/* The limits for one of share processes. */
void stream_pipes_share(struct stream_pipes *, unsigned share);

/*
 * An empty pipe, large if one is wanted and left.  NULL: none left or the
 * kernel's came out too small; the caller copies.
 */
struct stream_pipe *stream_pipes_get(struct stream_pipes *, bool large);

/* Give one back; it is closed where bytes are left in it. */
void stream_pipes_put(struct stream_pipes *, struct stream_pipe *);

/*
 * Called from time to time: closes the spare pipes if none was taken since
 * the last call.  True when spare pipes are left.
 */
bool stream_pipes_idle(struct stream_pipes *);

#endif
