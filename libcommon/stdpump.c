/*
 * The pump of standard input and output.  Each direction is a flow that
 * waits either for its source or for its destination; a flow moves bytes by
 * splice(2) where one of its ends is a pipe, by sendfile(2) from a file to
 * the socket, else through a buffer.  None of these blocks: splice has a
 * flag of its own for pipes, sockets are asked with MSG_DONTWAIT, and a
 * blocking pipe or terminal is written only as much as it surely takes.
 */

#include "stdpump.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define CHUNK 262144	 /* bytes moved at once; a busy pipe is made as big */
#define SMALL_PIPE 65536 /* the size that pipes have by themselves */
#define TTY_CHUNK 4096
#define STUCK 4 /* fruitless turns until splice is given up */

enum kind {
	KIND_FILE,
	KIND_PIPE,
	KIND_SOCKET,
	KIND_TTY,
	KIND_OTHER,
};

struct end {
	int fd;
	enum kind kind;
};

enum mode {
	MODE_SPLICE,
	MODE_SENDFILE,
	MODE_COPY,
};

enum want {
	WANT_SRC,
	WANT_DST,
};

enum moved {
	MOVED,
	AGAIN,
	END,
	SRC_ERROR,
	DST_ERROR,
};

struct flow {
	struct end src, dst;
	enum mode mode;
	enum want want;
	int stuck;  /* fruitless turns in a row */
	bool grown; /* the pipe was made bigger */
	bool over;
	int error; /* why it is over; 0: end of file */
	uint64_t count;
	char *buf; /* MODE_COPY */
	size_t off, len;
};

struct pump {
	struct flow up;	  /* in to the socket */
	struct flow down; /* the socket to out */
	int fd;
	bool keep;
	bool over;
	int error;
	struct stdpump_count *count; /* kept up to date, or NULL */
};

static struct end
end_of(int fd)
{
	struct end e = { .fd = fd, .kind = KIND_OTHER };
	struct stat st;

	if (fstat(fd, &st) == -1)
		return e;
	if (S_ISREG(st.st_mode))
		e.kind = KIND_FILE;
	else if (S_ISFIFO(st.st_mode))
		e.kind = KIND_PIPE;
	else if (S_ISSOCK(st.st_mode))
		e.kind = KIND_SOCKET;
	else if (isatty(fd))
		e.kind = KIND_TTY;
	return e;
}

static struct flow
flow_of(int src, int dst)
{
	struct flow f = { .src = end_of(src), .dst = end_of(dst) };

	if (f.src.kind == KIND_PIPE || f.dst.kind == KIND_PIPE)
		f.mode = MODE_SPLICE;
	else if (f.src.kind == KIND_FILE && f.dst.kind == KIND_SOCKET)
		f.mode = MODE_SENDFILE;
	else
		f.mode = MODE_COPY;
	return f;
}

/* ---- moving bytes ------------------------------------------------------- */

static ssize_t
read_some(const struct end *e, void *p, size_t n)
{
	if (e->kind == KIND_SOCKET)
		return recv(e->fd, p, n, MSG_DONTWAIT);
	return read(e->fd, p, n);
}

/* Write what e takes without blocking, being told that it takes some. */
static ssize_t
write_some(const struct end *e, const void *p, size_t n)
{
	if (e->kind == KIND_SOCKET)
		return send(e->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (e->kind == KIND_PIPE && n > PIPE_BUF)
		n = PIPE_BUF;
	if (e->kind == KIND_TTY && n > TTY_CHUNK)
		n = TTY_CHUNK;
	return write(e->fd, p, n);
}

static bool
is_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static enum moved
copy_in(struct flow *f)
{
	ssize_t n;

	if (f->buf == NULL && (f->buf = malloc(CHUNK)) == NULL)
		return SRC_ERROR;
	n = read_some(&f->src, f->buf, CHUNK);
	if (n == -1)
		return is_again() ? AGAIN : SRC_ERROR;
	if (n == 0)
		return END;
	f->off = 0;
	f->len = (size_t)n;
	return MOVED;
}

static enum moved
copy_out(struct flow *f)
{
	ssize_t n;

	n = write_some(&f->dst, f->buf + f->off, f->len);
	if (n == -1)
		return is_again() ? AGAIN : DST_ERROR;
	f->off += (size_t)n;
	f->len -= (size_t)n;
	f->count += (size_t)n;
	return MOVED;
}

static enum moved
copy(struct flow *f)
{
	bool fresh = f->len == 0;
	enum moved r;

	if (fresh && (r = copy_in(f)) != MOVED)
		return r;
	/* these may block unless poll(2) has just said otherwise */
	if (fresh && (f->dst.kind == KIND_PIPE || f->dst.kind == KIND_TTY))
		r = MOVED;
	else
		r = copy_out(f);
	f->want = f->len > 0 ? WANT_DST : WANT_SRC;
	return r;
}

/* A pipe that was moved full at once carries much: make it bigger. */
static void
grow(struct flow *f)
{
	if (f->grown)
		return;
	f->grown = true;
	/* past the user's limit it stays as it is */
	(void)fcntl(f->src.kind == KIND_PIPE ? f->src.fd : f->dst.fd,
	    F_SETPIPE_SZ, CHUNK);
}

static enum moved
kernel_error(struct flow *f)
{
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
		f->mode = MODE_COPY;
		f->want = WANT_SRC;
		return MOVED;
	}
	/* which end it was: only the socket can be reset, and only what is
	 * written to says EPIPE */
	if (errno == EPIPE || f->dst.kind == KIND_SOCKET)
		return DST_ERROR;
	return SRC_ERROR;
}

/* By splice(2) or sendfile(2). */
static enum moved
by_kernel(struct flow *f)
{
	ssize_t n;

	if (f->mode == MODE_SENDFILE)
		n = sendfile(f->dst.fd, f->src.fd, NULL, CHUNK);
	else
		n = splice(f->src.fd, NULL, f->dst.fd, NULL, CHUNK,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (n == 0 && f->src.kind != KIND_SOCKET)
		return END;
	if (n == 0) {
		/* or urgent data, which recv passes: it tells */
		f->mode = MODE_COPY;
		f->want = WANT_SRC;
		return MOVED;
	}
	if (n > 0) {
		f->count += (size_t)n;
		f->stuck = 0;
		f->want = WANT_SRC;
		if (n >= SMALL_PIPE && f->mode == MODE_SPLICE)
			grow(f);
		return MOVED;
	}
	if (!is_again())
		return kernel_error(f);
	/* Either end may be meant: wait for the other one.  Both ready and
	 * nothing moved: splice stops at TCP urgent data, recv does not. */
	f->want = f->want == WANT_SRC ? WANT_DST : WANT_SRC;
	if (++f->stuck == STUCK) {
		f->mode = MODE_COPY;
		f->want = WANT_SRC;
	}
	return AGAIN;
}

static enum moved
move(struct flow *f)
{
	return f->mode == MODE_COPY ? copy(f) : by_kernel(f);
}

/* ---- the ends ----------------------------------------------------------- */

static void
stop(struct pump *p, int error)
{
	p->over = true;
	if (p->error == 0)
		p->error = error;
}

/* Let the reader of out see the end although this process goes on. */
static void
close_out(const struct end *out)
{
	int null;

	if (out->kind == KIND_SOCKET) {
		(void)shutdown(out->fd, SHUT_WR);
		return;
	}
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null == -1 || dup2(null, out->fd) == -1)
		close(out->fd);
	if (null != -1)
		close(null);
}

static void
down_end(struct pump *p)
{
	p->down.over = true;
	if (p->keep || p->up.src.kind == KIND_TTY)
		stop(p, 0);
	else if (!p->up.over && p->up.src.fd != p->down.dst.fd)
		close_out(&p->down.dst);
	else if (!p->up.over)
		(void)shutdown(p->down.dst.fd, SHUT_WR);
}

static void
up_step(struct pump *p)
{
	struct flow *f = &p->up;

	switch (move(f)) {
	case MOVED:
	case AGAIN:
		return;
	case END:
		f->over = true;
		/* fails on a socket that was reset, which reading tells */
		(void)shutdown(p->fd, SHUT_WR);
		return;
	case DST_ERROR:
		/* refused; what the peer said before is still to be read */
		f->over = true;
		f->error = errno;
		if (errno != EPIPE && errno != ECONNRESET)
			stop(p, errno);
		return;
	case SRC_ERROR:
		/* not to be mistaken for the end of the input */
		stop(p, errno);
		return;
	}
}

static void
down_step(struct pump *p)
{
	switch (move(&p->down)) {
	case MOVED:
	case AGAIN:
		return;
	case END:
		down_end(p);
		return;
	case DST_ERROR:
	case SRC_ERROR:
		stop(p, errno);
		return;
	}
}

/* ---- the loop ----------------------------------------------------------- */

enum {
	POLL_IN,
	POLL_FD,
	POLL_OUT,
	POLL_N,
};

static void
watch(struct pollfd *pfd, int fd, short events)
{
	pfd->fd = fd;
	pfd->events |= events;
}

static void
wanted(const struct pump *p, struct pollfd pfd[POLL_N])
{
	int i;

	for (i = 0; i < POLL_N; i++)
		pfd[i] = (struct pollfd){ .fd = -1 };
	if (!p->up.over && p->up.want == WANT_SRC)
		watch(&pfd[POLL_IN], p->up.src.fd, POLLIN);
	else if (!p->up.over)
		watch(&pfd[POLL_FD], p->fd, POLLOUT);
	if (!p->down.over && p->down.want == WANT_SRC)
		watch(&pfd[POLL_FD], p->fd, POLLIN);
	else if (!p->down.over)
		watch(&pfd[POLL_OUT], p->down.dst.fd, POLLOUT);
	/* after its end the socket can still be reset */
	if (p->down.over)
		watch(&pfd[POLL_FD], p->fd, 0);
}

/* The socket after the end of the stream: does the peer still take? */
static void
check_refused(struct pump *p, short revents)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!p->down.over || (revents & (POLLERR | POLLHUP)) == 0)
		return;
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	p->up.over = true;
	if (error == 0 && p->up.len > 0)
		error = EPIPE;
	p->up.error = error;
}

static void
turn(struct pump *p)
{
	struct pollfd pfd[POLL_N];
	short up, down;

	wanted(p, pfd);
	if (poll(pfd, POLL_N, -1) == -1) {
		if (errno != EINTR)
			stop(p, errno);
		return;
	}
	up = p->up.want == WANT_SRC
		 ? pfd[POLL_IN].revents
		 : pfd[POLL_FD].revents & (POLLOUT | POLLERR | POLLHUP);
	down = p->down.want == WANT_SRC
		   ? pfd[POLL_FD].revents & (POLLIN | POLLERR | POLLHUP)
		   : pfd[POLL_OUT].revents;
	if (!p->up.over && up != 0)
		up_step(p);
	if (!p->over && !p->down.over && down != 0)
		down_step(p);
	if (!p->over && !p->up.over)
		check_refused(p, pfd[POLL_FD].revents);
}

static void
tell(struct pump *p)
{
	if (p->count == NULL)
		return;
	p->count->sent = p->up.count;
	p->count->received = p->down.count;
}

static int
run(struct pump *p)
{
	int on = 1;

	if (net_nonblock(p->fd, true) == -1)
		return -1;
	/* urgent data arrives in line; no TCP: no matter */
	(void)setsockopt(p->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	while (!p->over && !(p->up.over && p->down.over)) {
		turn(p);
		tell(p);
	}
	if (p->error == 0)
		p->error = p->up.error;
	errno = p->error;
	return p->error == 0 ? 0 : -1;
}

static int
pump(int fd, int in, int out, bool keep, struct stdpump_count *c)
{
	struct pump p = { .up = flow_of(in, fd), .down = flow_of(fd, out) };
	int r, saved;

	p.fd = fd;
	p.keep = keep;
	p.count = c;
	r = run(&p);
	saved = errno;
	free(p.up.buf);
	free(p.down.buf);
	tell(&p);
	errno = saved;
	return r;
}

int
stdpump(int fd, int in, int out, struct stdpump_count *c)
{
	return pump(fd, in, out, false, c);
}

int
stdpump_keep(int fd, int in, int out, struct stdpump_count *c)
{
	return pump(fd, in, out, true, c);
}
