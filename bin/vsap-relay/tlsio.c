/*
 * Moving the bytes of a connection, each way, and dropping them.
 */
#include "tlsconn_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum step {
	STEP_GO,    /* bytes moved, or may */
	STEP_WAIT,  /* no room */
	STEP_ENDED, /* the source ended or the destination broke */
};

/* --- from TLS to the plain side ---------------------------------------- */

static enum step
plain_failed(struct tlsconn *c)
{
	if (errno != EPIPE)
		c->dead[PLAIN] = true;
	tlsio_break(c, IN);
	return STEP_ENDED;
}

/* How much of it the plain side took. */
static enum step
put(struct tlsconn *c, const unsigned char *p, size_t n, size_t *took)
{
	ssize_t w;

	*took = 0;
	if (!c->writable[PLAIN])
		return STEP_WAIT;
	w = tlsio_write(c->fd[PLAIN], p, n);
	if (w == -1 && !tlsio_again(errno))
		return plain_failed(c);
	if (w > 0) {
		*took = (size_t)w;
		c->moved = clock_ms();
		if (c->switched)
			c->bytes[IN] += (size_t)w;
	}
	if (*took == n)
		return STEP_GO;
	c->writable[PLAIN] = false;
	return STEP_WAIT;
}

static enum step
flush_dec(struct tlsconn *c)
{
	enum step s;
	size_t took;

	if (c->dec.len == 0)
		return STEP_GO;
	s = put(c, c->dec.p + c->dec.off, c->dec.len, &took);
	if (s != STEP_ENDED)
		tlsrest_drop(&c->dec, took);
	return s;
}

/* What is lost of the source's bytes must not look whole. */
static enum step
no_memory(struct tlsconn *c)
{
	tlsconn_why(c, "%s", strerror(ENOMEM));
	c->dead[NET] = true;
	tlsio_break(c, IN);
	return STEP_ENDED;
}

static enum step
deliver(struct tlsconn *c, const unsigned char *p, size_t n)
{
	enum step s;
	size_t took;

	s = put(c, p, n, &took);
	if (s != STEP_WAIT || tlsrest_add(&c->dec, p + took, n - took) == 0)
		return s;
	return no_memory(c);
}

/*
 * TLS has nothing more to read: by close_notify, which makes it whole
 * whatever became of the connection; or the connection ended without, or TLS
 * found it broken.
 */
static void
tls_ended(struct tlsconn *c, ssize_t r)
{
	c->pending = false;
	c->state[IN] = DIR_EOF;
	if (r == 0 && !c->eof) {
		c->dead[NET] = false;
		return;
	}
	if (c->eof)
		tlsconn_why(c, "cut off: the connection ended without "
			       "close_notify");
	else
		tlsio_why(c, "TLS");
	c->dead[NET] = true;
}

/*
 * What a batch costs of a turn.  A record takes its time, however little is in
 * it; one with nothing in it may have been the worst (new keys).
 */
static size_t
cost(size_t got, size_t reads)
{
	size_t least = reads > 0 ? reads * (TLS_TURN / TLS_READS) : TLS_RECORD;

	return got > least ? got : least;
}

/* One batch into the engine's buffer, its cost added to *total; libtls's last
 * answer in *r. */
static size_t
decrypt(struct tlsconn *c, size_t max, size_t *total, ssize_t *r)
{
	struct tls_engine *e = c->e;
	size_t got = 0, reads = 0;

	*r = 1;
	tlsio_batch_begin(c);
	while (got < max && reads < TLS_READS &&
	       (*r = tls_read(c->tls, e->plain + got, max - got)) > 0) {
		got += (size_t)*r;
		reads++;
	}
	tlsio_batch_end(c);
	*total += cost(got, reads);
	c->pending = *r > 0 || *r == TLS_WANT_POLLOUT;
	if (e->out_len > 0)
		(void)tlsio_flush(c);
	if (*r == 0 || *r == -1)
		tls_ended(c, *r);
	return got;
}

static enum step
step_in(struct tlsconn *c, size_t max, size_t *total)
{
	ssize_t r;
	size_t n;

	if ((n = decrypt(c, max, total, &r)) == 0)
		return r == TLS_WANT_POLLOUT ? STEP_WAIT : STEP_GO;
	tlscap_took(c, IN, n);
	return deliver(c, c->e->plain, n);
}

static bool
may_read_tls(const struct tlsconn *c)
{
	return c->pending || c->readable[NET] || c->cipher.len > 0;
}

static void
finish_in(struct tlsconn *c)
{
	c->state[IN] = DIR_DONE;
	if (!c->dead[NET])
		(void)shutdown(c->fd[PLAIN], SHUT_WR);
}

static bool
run_in(struct tlsconn *c)
{
	enum step s = flush_dec(c);
	size_t total = 0, max;

	while (s == STEP_GO && c->state[IN] == DIR_OPEN && may_read_tls(c) &&
	       total < tlscap_turn(c)) {
		if ((max = tlscap_room(c, TLS_PLAIN_BUF)) == 0)
			return false;
		s = step_in(c, max, &total);
	}
	if (c->state[IN] == DIR_EOF && c->dec.len == 0)
		finish_in(c);
	return s == STEP_GO && total >= tlscap_turn(c) &&
	       c->state[IN] == DIR_OPEN;
}

/* --- from the plain side to TLS ---------------------------------------- */

/*
 * Encrypt p into the engine's buffer and send that.  What libtls does not
 * take (it has something of its own to say first) is kept as it is.
 */
static enum step
encrypt(struct tlsconn *c, const unsigned char *p, size_t n)
{
	size_t off = 0;
	ssize_t w = 1;
	int out;

	while (off < n && (w = tls_write(c->tls, p + off, n - off)) > 0)
		off += (size_t)w;
	out = tlsio_flush(c);
	if (w == -1 && out != -1) {
		tlsio_why(c, "TLS");
		c->dead[NET] = true;
		tlsio_break(c, OUT);
	}
	if (w == -1 || out == -1)
		return STEP_ENDED;
	if (off < n && tlsrest_add(&c->todo, p + off, n - off) == -1) {
		tlsio_net_failed(c);
		return STEP_ENDED;
	}
	return out == 0 && off == n ? STEP_GO : STEP_WAIT;
}

/* What was left over; it stays where it is while libtls works on it. */
static enum step
flush_out(struct tlsconn *c)
{
	struct rest todo = c->todo;
	enum step s;

	if (c->enc.len > 0 && tlsio_flush(c) != 0)
		return c->enc.len > 0 ? STEP_WAIT : STEP_ENDED;
	if (todo.len == 0)
		return STEP_GO;
	memset(&c->todo, 0, sizeof(c->todo));
	s = encrypt(c, todo.p + todo.off, todo.len);
	tlsrest_free(&todo);
	return s;
}

bool
tlsio_hung_up(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLHUP);
}

/*
 * The plain side has no more to say.  A pair whose other end was closed takes
 * nothing more either.  (A pseudo-terminal whose other side is closed says
 * EIO.)
 */
static enum step
plain_ended(struct tlsconn *c, bool error)
{
	c->state[OUT] = DIR_EOF;
	if (error && errno != EIO) {
		tlsconn_why(c, "%s", strerror(errno));
		c->dead[PLAIN] = true;
	} else if (!c->switched && tlsio_hung_up(c->fd[PLAIN])) {
		c->hung_up = true;
		tlsio_break(c, IN);
	}
	return STEP_ENDED;
}

/* Read up to max bytes and send them; *total counts. */
static enum step
pull(struct tlsconn *c, size_t max, size_t *total)
{
	ssize_t n = tlsio_read(c->fd[PLAIN], c->e->plain, max);

	if (n == -1 && tlsio_again(errno)) {
		c->readable[PLAIN] = false;
		return STEP_GO;
	}
	if (n <= 0)
		return plain_ended(c, n == -1);
	*total += (size_t)n;
	tlscap_took(c, OUT, (size_t)n);
	if (c->switched)
		c->bytes[OUT] += (size_t)n;
	return encrypt(c, c->e->plain, (size_t)n);
}

/* The same from the pair's end after the switch: nobody writes to it any
 * more, so what is not there will not come. */
static enum step
pull_near(struct tlsconn *c, size_t *total)
{
	ssize_t n = tlsio_read(c->near, c->e->plain, TLS_READ);

	if (n > 0) {
		*total += (size_t)n;
		return encrypt(c, c->e->plain, (size_t)n);
	}
	close(c->near);
	c->near = -1;
	return STEP_GO;
}

/* After close_notify TLS says nothing, and the connection neither. */
static void
finish_out(struct tlsconn *c)
{
	if (!c->dead[PLAIN] && !c->notified) {
		c->notified = true;
		(void)tls_close(c->tls);
		if (tlsio_flush(c) == 1)
			return;
	}
	if (!c->dead[PLAIN] && c->state[OUT] == DIR_EOF)
		(void)shutdown(c->fd[NET], SHUT_WR);
	if (c->state[OUT] == DIR_EOF)
		c->state[OUT] = DIR_DONE;
}

static bool
run_out(struct tlsconn *c)
{
	enum step s = flush_out(c);
	size_t total = 0, max;

	while (s == STEP_GO && c->near != -1 && total < TLS_TURN)
		s = pull_near(c, &total);
	while (s == STEP_GO && c->near == -1 && c->state[OUT] == DIR_OPEN &&
	       c->readable[PLAIN] && total < tlscap_turn(c)) {
		if ((max = tlscap_room(c, TLS_READ)) == 0)
			return false;
		s = pull(c, max, &total);
	}
	if (c->state[OUT] == DIR_EOF && c->enc.len == 0 && c->todo.len == 0)
		finish_out(c);
	return s == STEP_GO && total >= tlscap_turn(c) &&
	       c->state[OUT] == DIR_OPEN;
}

bool
tlsio_run(struct tlsconn *c, int way)
{
	if (c->state[way] >= DIR_DONE)
		return false;
	return way == IN ? run_in(c) : run_out(c);
}

/* --- dropping ---------------------------------------------------------- */

static bool
discard_in(struct tlsconn *c)
{
	size_t total = 0;
	ssize_t r = 1;

	while (c->state[IN] == DIR_BROKEN && may_read_tls(c) &&
	       r != TLS_WANT_POLLOUT && total < TLS_TURN) {
		(void)decrypt(c, TLS_PLAIN_BUF, &total, &r);
		if (c->state[IN] == DIR_EOF)
			c->state[IN] = DIR_SPENT;
	}
	return total >= TLS_TURN;
}

static bool
discard_out(struct tlsconn *c)
{
	size_t total = 0;
	ssize_t n;

	while (c->readable[PLAIN] && total < TLS_TURN) {
		n = tlsio_read(c->fd[PLAIN], c->e->plain, TLS_READ);
		if (n > 0) {
			total += (size_t)n;
			continue;
		}
		c->readable[PLAIN] = false;
		if (n == 0 || !tlsio_again(errno))
			c->state[OUT] = DIR_SPENT;
	}
	return total >= TLS_TURN;
}

bool
tlsio_discard(struct tlsconn *c, int way)
{
	if (c->state[way] != DIR_BROKEN)
		return false;
	return way == IN ? discard_in(c) : discard_out(c);
}
