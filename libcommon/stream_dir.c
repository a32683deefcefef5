/*
 * One direction of a stream.  Small messages are copied through the
 * engine's buffer: read, write, done.  A direction that fills the buffer
 * twice in a row is bulk and goes through a pipe with splice(2) until a
 * turn brings little again.
 */
#include "stream_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BULK_READS 2	       /* full reads that make a direction bulk */
#define BULK_TURNS 6	       /* small turns, less the above, that end it */
#define BULK_LEAST (16 * 1024) /* a turn with less is small */
#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

enum step {
	STEP_GO,    /* bytes moved */
	STEP_WAIT,  /* nothing to read, or no room */
	STEP_ENDED, /* the source ended or the destination broke */
};

static bool
is_again(int e)
{
	return e == EAGAIN || e == EWOULDBLOCK;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct stream_pipes *
pipes(struct stream *s)
{
	return &s->e->pipes;
}

void
stream_dir_free(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];

	free(d->held);
	d->held = NULL;
	d->heldlen = 0;
	if (d->pipe != NULL)
		stream_pipes_put(pipes(s), d->pipe);
	d->pipe = NULL;
}

void
stream_dir_break(struct stream *s, int i)
{
	stream_dir_free(s, i);
	if (s->dir[i].state != DIR_DONE)
		s->dir[i].state = DIR_BROKEN;
}

/*
 * The destination refused bytes.  EPIPE: it said before that it would close
 * (or shut its reading down), so what it sent is whole and goes on.
 * Anything else: the endpoint is lost, and its silence no end of file.
 */
static enum step
write_failed(struct stream *s, int i)
{
	if (errno != EPIPE)
		s->dead[!i] = true;
	stream_dir_break(s, i);
	return STEP_ENDED;
}

static enum step
read_failed(struct stream *s, int i)
{
	/* A pseudo-terminal whose other side is closed says EIO. */
	if (errno != EIO)
		s->dead[i] = true;
	s->dir[i].state = DIR_EOF;
	return STEP_ENDED;
}

static enum step
write_blocked(struct stream *s, int i)
{
	s->writable[!i] = false;
	return STEP_WAIT;
}

static ssize_t
retry_write(int fd, const void *p, size_t n)
{
	ssize_t w;

	do
		w = write(fd, p, n);
	while (w == -1 && errno == EINTR);
	return w;
}

static ssize_t
retry_read(int fd, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(fd, p, n);
	while (r == -1 && errno == EINTR);
	return r;
}

static ssize_t
retry_splice(int from, int to, size_t n)
{
	ssize_t r;

	do
		r = splice(from, NULL, to, NULL, n, SPLICE_FLAGS);
	while (r == -1 && errno == EINTR);
	return r;
}

static enum step
flush_held(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];
	ssize_t n;

	while (d->heldlen > 0) {
		n = retry_write(s->fd[!i], d->held + d->heldoff, d->heldlen);
		if (n == -1)
			return is_again(errno) ? write_blocked(s, i)
					       : write_failed(s, i);
		d->bytes += (uint64_t)n;
		d->heldoff += (uint32_t)n;
		d->heldlen -= (uint32_t)n;
	}
	free(d->held);
	d->held = NULL;
	return STEP_GO;
}

/*
 * Where splicing out is impossible (a terminal opened for appending, say)
 * the pipe's bytes are moved to the held ones and copied from there.
 */
static enum step
unsplice(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];
	ssize_t n;

	d->unspliced = true;
	if ((d->held = malloc(d->pipe->len)) == NULL)
		return write_failed(s, i);
	n = retry_read(d->pipe->rd, d->held, d->pipe->len);
	if (n <= 0 || (size_t)n != d->pipe->len)
		return write_failed(s, i);
	d->heldoff = 0;
	d->heldlen = (uint32_t)n;
	d->pipe->len = 0;
	return flush_held(s, i);
}

static enum step
flush_pipe(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];
	ssize_t n;

	while (d->pipe->len > 0) {
		n = retry_splice(d->pipe->rd, s->fd[!i], d->pipe->len);
		if (n == -1 && errno == EINVAL)
			return unsplice(s, i);
		if (n == -1)
			return is_again(errno) ? write_blocked(s, i)
					       : write_failed(s, i);
		d->bytes += (uint64_t)n;
		d->pipe->len -= (size_t)n;
	}
	return STEP_GO;
}

static enum step
flush(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];

	if (d->heldlen == 0 && (d->pipe == NULL || d->pipe->len == 0))
		return STEP_GO;
	if (!s->writable[!i])
		return STEP_WAIT;
	return d->heldlen > 0 ? flush_held(s, i) : flush_pipe(s, i);
}

/* Keep what the destination did not take. */
static enum step
hold(struct stream *s, int i, const unsigned char *p, size_t n)
{
	struct stream_dir *d = &s->dir[i];

	if ((d->held = malloc(n)) == NULL)
		return write_failed(s, i);
	memcpy(d->held, p, n);
	d->heldoff = 0;
	d->heldlen = (uint32_t)n;
	return STEP_WAIT;
}

static enum step
write_out(struct stream *s, int i, const unsigned char *p, size_t n)
{
	struct stream_dir *d = &s->dir[i];
	ssize_t w = -1;

	if (s->writable[!i]) {
		w = retry_write(s->fd[!i], p, n);
		if (w == -1 && !is_again(errno))
			return write_failed(s, i);
		if (w == (ssize_t)n) {
			d->bytes += n;
			return STEP_GO;
		}
		s->writable[!i] = false;
	}
	if (w > 0) {
		d->bytes += (uint64_t)w;
		p += w;
		n -= (size_t)w;
	}
	return hold(s, i, p, n);
}

/* Read up to max bytes and write them. */
static enum step
copy(struct stream *s, int i, size_t max)
{
	struct stream_dir *d = &s->dir[i];
	ssize_t n;

	n = retry_read(s->fd[i], s->e->buf, max);
	if (n == -1 && is_again(errno)) {
		s->readable[i] = false;
		return STEP_WAIT;
	}
	if (n == -1)
		return read_failed(s, i);
	if (n == 0) {
		d->state = DIR_EOF;
		return STEP_ENDED;
	}
	if (d->full < BULK_READS)
		d->full = (size_t)n < max ? 0 : d->full + 1;
	return write_out(s, i, s->e->buf, (size_t)n);
}

static bool
take_pipe(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];

	if (d->pipe == NULL)
		d->pipe = stream_pipes_get(pipes(s), d->large);
	return d->pipe != NULL;
}

/*
 * Fill the pipe from the source and empty it into the destination.  EAGAIN
 * while the pipe is empty, or an end of file, means that the source is
 * empty or over, or that it stands at urgent data, which only a read
 * passes: the read that follows tells.
 */
static enum step
splice_in(struct stream *s, int i, size_t max)
{
	struct stream_dir *d = &s->dir[i];
	size_t room;
	ssize_t n;

	room = d->pipe->large ? STREAM_PIPE_LARGE : STREAM_PIPE_SMALL;
	room = least(room, max);
	n = retry_splice(s->fd[i], d->pipe->wr, room);
	if (n > 0) {
		d->pipe->len = (size_t)n;
		if ((size_t)n >= STREAM_PIPE_SMALL)
			d->large = true;
		return flush_pipe(s, i);
	}
	if (n == -1 && errno == EINVAL)
		d->unspliced = true;
	else if (n == -1 && !is_again(errno))
		return read_failed(s, i);
	return copy(s, i, least(STREAM_READ, max));
}

/* Read once, at most max bytes. */
static enum step
step(struct stream *s, int i, size_t max)
{
	struct stream_dir *d = &s->dir[i];

	if (d->full < BULK_READS)
		return copy(s, i, least(STREAM_READ, max));
	if (!d->unspliced && take_pipe(s, i))
		return splice_in(s, i, max);
	return copy(s, i, least(STREAM_BUF, max));
}

/* Tell the destination of the end of file.  One that is no socket, or is
 * gone already, has no use for it. */
static void
finish(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];

	stream_dir_free(s, i);
	d->state = DIR_DONE;
	if (!s->dead[i])
		(void)shutdown(s->fd[!i], SHUT_WR);
}

/* A turn that read its source says whether the direction is bulk still. */
static void
judge(struct stream_dir *d, uint64_t moved)
{
	if (d->full < BULK_READS)
		return;
	if (moved >= BULK_LEAST)
		d->full = BULK_TURNS;
	else
		d->full--;
}

/* After a turn: the pipe goes back when it is empty. */
static void
rest(struct stream *s, int i, uint64_t moved)
{
	struct stream_dir *d = &s->dir[i];

	if (d->pipe != NULL && d->pipe->len == 0) {
		stream_pipes_put(pipes(s), d->pipe);
		d->pipe = NULL;
	}
	if (moved > 0) {
		s->moved = stream_now();
		s->e->count[i] += moved;
	}
}

/*
 * Move bytes until about turn of them are moved or something is in the way;
 * read at most max.  True: it was the turn that ended.
 */
static bool
move(struct stream *s, int i, uint64_t turn, size_t max)
{
	struct stream_dir *d = &s->dir[i];
	uint64_t before = d->bytes;
	bool more = false, read_some = false;

	while (flush(s, i) == STEP_GO && d->state == DIR_OPEN &&
	       s->readable[i] && !more) {
		read_some = true;
		if (step(s, i, max - (d->bytes - before)) == STEP_WAIT)
			break;
		more = d->bytes - before >= turn;
	}
	if (d->state == DIR_EOF && flush(s, i) == STEP_GO)
		finish(s, i);
	if (read_some)
		judge(d, d->bytes - before);
	return more && d->state == DIR_OPEN;
}

/* As much as there is room for.  What was taken counts, although it may not
 * be delivered yet. */
static void
move_capped(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];
	uint64_t before = d->bytes;
	size_t room, held;
	bool more;

	room = stream_cap_room(s);
	if (room == 0)
		return;
	if (room < BULK_LEAST)
		d->full = 0; /* not worth a pipe */
	more = move(s, i, room, room);
	held = d->heldlen + (d->pipe != NULL ? d->pipe->len : 0);
	stream_cap_took(s, i, d->bytes - before + held);
	if (more)
		stream_cap_again(s);
}

bool
stream_dir_run(struct stream *s, int i)
{
	struct stream_dir *d = &s->dir[i];
	uint64_t before = d->bytes;
	bool more = false;

	if (d->state >= DIR_DONE)
		return false;
	if (s->slot == 0)
		more = move(s, i, STREAM_TURN, SIZE_MAX);
	else if (flush(s, i) != STEP_GO || d->state != DIR_OPEN ||
		 !s->readable[i])
		(void)move(s, i, 0, 0);
	else
		move_capped(s, i);
	rest(s, i, d->bytes - before);
	return more;
}

bool
stream_dir_discard(struct stream *s, int i)
{
	size_t total = 0;
	ssize_t n;

	while (s->readable[i] && total < STREAM_TURN) {
		n = retry_read(s->fd[i], s->e->buf, STREAM_READ);
		if (n > 0) {
			total += (size_t)n;
			continue;
		}
		s->readable[i] = false;
		if (n == 0 || !is_again(errno))
			s->dir[i].state = DIR_DONE;
	}
	return s->readable[i];
}
