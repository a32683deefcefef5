/*
 * The bytes of a connection.  Input is read when lines may be taken, and
 * only then: that of one who is throttled or held waits in the kernel.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "cmd.h"
#include "conf.h"
#include "conn_impl.h"
#include "numeric.h"
#include "server.h"
#include "turn.h"
#include "user.h"

#define READ_MAX 16384 /* bytes read for a connection and turn */
#define SLICE 32768    /* bytes written for a connection and turn */
#define VECTORS 32
#define BODY (LINE_MAX_IRC - 2)
#define UNENDED_MAX (TAGS_MAX_IRC + LINE_MAX_IRC) /* of a line begun */

/* One connection reads at a time; what it leaves is copied. */
static char input[READ_MAX + UNENDED_MAX + 1];

static void on_readable(evutil_socket_t, short, void *);
static void on_writable(evutil_socket_t, short, void *);

/* --- events --------------------------------------------------------------- */

int
conn_io_init(struct conn *c)
{
	event_assign(&c->out, me.base, c->ofd, EV_WRITE, on_writable, c);
	event_assign(&c->in, me.base, c->fd, EV_READ | EV_PERSIST, on_readable,
	    c);
	if (event_add(&c->in, NULL) == -1)
		return -1;
	c->reading = true;
	return 0;
}

static void
read_on(struct conn *c, bool on)
{
	if (c->reading == on)
		return;
	c->reading = on;
	if (!on)
		event_del(&c->in);
	else if (event_add(&c->in, NULL) == -1)
		conn_exit(c, "%s", strerror(errno));
}

void
conn_io_stop(struct conn *c)
{
	event_del(&c->in);
	event_del(&c->out);
}

/* From now on what comes is thrown away, until the peer has closed. */
void
conn_io_drain(struct conn *c)
{
	read_on(c, true);
}

static void
drain(struct conn *c)
{
	ssize_t n = read(c->fd, input, sizeof(input));

	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	c->eof = true;
	if (c->ended)
		conn_dead(c);
	else
		read_on(c, false);
}

/* The connection is of no use any more. */
static void
broken(struct conn *c, const char *why)
{
	c->broken = true;
	if (c->departed) {
		conn_dead(c);
		return;
	}
	conn_io_stop(c);
	conn_exit(c, "%s", why);
}

/* --- input ---------------------------------------------------------------- */

static bool
may_take(struct conn *c)
{
	if (c->dead || c->closing || c->held)
		return false;
	c->throttled = c->class->penalty != 0 &&
		       !flood_may(&c->flood, me.now, c->class->window);
	return !c->throttled;
}

static void
too_long(struct conn *c)
{
	reply(c->user, ERR_INPUTTOOLONG);
}

/* A line without its end; p[len] is writable. */
static void
take_line(struct conn *c, char *p, size_t len)
{
	size_t tags = msg_tags_len(p, len);
	bool cut = false;
	unsigned cost;

	if (tags > TAGS_MAX_IRC) {
		too_long(c);
		conn_penalty(c, 1000);
		return;
	}
	if (len - tags > BODY) {
		len = tags + BODY;
		cut = true;
	}
	c->lines_in++;
	cost = cmd_line(c, p, len);
	if (cut && !c->dead && !c->closing)
		too_long(c);
	conn_penalty(c, cost);
}

void
conn_penalty(struct conn *c, unsigned thousandths)
{
	flood_add(&c->flood, me.now, c->class->penalty * thousandths / 1000);
}

/*
 * What has no LF yet.  Of a line that is too long already, the beginning is
 * kept and the rest dropped up to its LF.
 */
static size_t
begun(struct conn *c, const char *p, size_t n)
{
	size_t max = LINE_MAX_IRC;

	if (n > 0 && p[0] == '@')
		max = UNENDED_MAX;
	if (n <= max)
		return n;
	c->discard = true;
	return max;
}

/* While a line is too long, drop until its LF, which stays. */
static size_t
drop_excess(struct conn *c, char *p, size_t old, size_t n)
{
	char *lf;

	if (!c->discard)
		return n;
	if ((lf = memchr(p + old, '\n', n - old)) == NULL)
		return old;
	c->discard = false;
	/* One byte more than fits: take_line() sees that it is cut. */
	memmove(p + old + 1, lf, (size_t)(p + n - lf));
	p[old] = ' ';
	return n - (size_t)(lf - p - (ptrdiff_t)old) + 1;
}

static void
keep_rest(struct conn *c, const char *p, size_t n)
{
	char *copy;

	if (n == 0) {
		free(c->input);
		c->input = NULL;
	} else if (n != c->ninput || c->input == NULL) {
		if ((copy = realloc(c->input, n)) == NULL) {
			conn_exit(c, "Out of memory");
			return;
		}
		c->input = copy;
	}
	if (n > 0)
		memcpy(c->input, p, n);
	c->ninput = n;
}

/* Take the lines of p, of n bytes, as far as they may be taken now. */
static void
take_lines(struct conn *c, char *p, size_t n)
{
	size_t used, len;
	char *line;

	while (n > 0 && may_take(c)) {
		if ((used = msg_split(p, n, &line, &len)) == 0) {
			n = begun(c, p, n);
			break;
		}
		take_line(c, line, len);
		p += used;
		n -= used;
	}
	if (c->dead || c->closing)
		return;
	keep_rest(c, p, n);
	if (n == 0)
		(void)may_take(c);
}

/* After lines were taken: go on reading, or wait, or that was the last. */
static void
go_on(struct conn *c)
{
	if (c->dead || c->closing)
		return;
	read_on(c, !c->held && !c->throttled && !c->eof);
	if (c->eof && !c->held && !c->throttled)
		conn_exit(c, "Connection closed");
	if (c->throttled) {
		c->due = 0;
		conn_rearm(c);
	}
}

/* A TLS client waits for an answer that it will not get here. */
static bool
other_protocol(const struct conn *c, size_t n)
{
	return c->bytes_in == 0 && !c->welcomed && n >= 2 && input[0] == 0x16 &&
	       input[1] == 0x03;
}

static void
took(struct conn *c, size_t n)
{
	size_t old = c->ninput;

	if (other_protocol(c, n)) {
		conn_exit(c, "This port does not speak TLS");
		return;
	}

	c->bytes_in += n;
	c->heard = me.now;
	c->pinged = false;
	if (old > 0)
		memcpy(input, c->input, old);
	take_lines(c, input, drop_excess(c, input, old, old + n));
	go_on(c);
}

/* How much may be read now: never more than the class's read queue. */
static size_t
room(const struct conn *c)
{
	size_t max = c->class->recvq;

	if (max > READ_MAX)
		max = READ_MAX;
	if (max < c->ninput + LINE_MAX_IRC)
		return LINE_MAX_IRC;
	return max - c->ninput;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)what;
	server_tick();
	if (c->closing) {
		drain(c);
		return;
	}
	n = read(fd, input + c->ninput, room(c));
	if (n > 0) {
		took(c, (size_t)n);
		return;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	c->eof = n == 0;
	read_on(c, false);
	if (n == 0)
		conn_exit(c, "Connection closed");
	else
		broken(c, strerror(errno));
}

void
conn_first(struct conn *c, const void *p, size_t n)
{
	if (n > READ_MAX)
		n = READ_MAX;
	memcpy(input + c->ninput, p, n);
	took(c, n);
}

/*
 * Has the peer gone while its lines wait?  The end of its input alone says
 * nothing: it may still read.  One that is gone answers what is written to
 * it with a reset, so something is written.
 */
static bool
departed(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	if (poll(&p, 1, 0) != 1)
		return false;
	if (p.revents & (POLLERR | POLLHUP) && c->fd == c->ofd) {
		broken(c, "Connection closed");
		return true;
	}
	if (p.revents & POLLRDHUP && !c->probed) {
		c->probed = true;
		say(c, "PING :%s", me.server.name);
	}
	return false;
}

void
conn_resume(struct conn *c)
{
	size_t n = c->ninput;

	if (c->dead || c->closing || (c->throttled && departed(c)))
		return;
	c->heard = me.now;
	if (n > 0)
		memcpy(input, c->input, n);
	take_lines(c, input, n);
	go_on(c);
}

/* --- output --------------------------------------------------------------- */

static ssize_t
write_some(struct conn *c, size_t *total)
{
	struct iovec iov[VECTORS];
	struct msghdr m = { .msg_iov = iov };
	int n = sendq_iov(&c->q, iov, VECTORS, SLICE, total);

	if (c->fd != c->ofd)
		return writev(c->ofd, iov, n);
	if (n == 1)
		return send(c->ofd, iov[0].iov_base, iov[0].iov_len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	m.msg_iovlen = (size_t)n;
	return sendmsg(c->ofd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
wait_writable(struct conn *c)
{
	sendq_settle(&c->q);
	c->blocked = true;
	if (event_add(&c->out, NULL) == -1)
		broken(c, strerror(errno));
}

bool
conn_flush(struct conn *c)
{
	size_t total;
	ssize_t n;

	if (c->dead || c->blocked || c->broken)
		return false;
	if (c->q.n > 0) {
		n = write_some(c, &total);
		if (n == -1 && errno == EINTR)
			return true;
		if (n == -1 && errno != EAGAIN && errno != ENOBUFS) {
			broken(c, strerror(errno));
			return false;
		}
		if (n > 0) {
			c->bytes_out += (uint64_t)n;
			sendq_drop(&c->q, (size_t)n);
		}
		if (n < (ssize_t)total) {
			wait_writable(c);
			return false;
		}
	}
	if (c->q.n > 0)
		return true;
	if (c->departed && !c->ended)
		conn_finish(c);
	return false;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	c->blocked = false;
	turn_wants(c);
}
