/*
 * The TLS side of a connection: its socket, libtls's callbacks, the handshake.
 * The kernel is asked in pieces of 256 KiB, whatever the size of TLS's records:
 * libtls reads what was read ahead, and what it writes is gathered and sent
 * at the end of a batch.
 */
#include "tlsconn_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

bool
tlsio_again(int e)
{
	return e == EAGAIN || e == EWOULDBLOCK;
}

ssize_t
tlsio_read(int fd, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(fd, p, n);
	while (r == -1 && errno == EINTR);
	return r;
}

ssize_t
tlsio_write(int fd, const void *p, size_t n)
{
	ssize_t w;

	do
		w = write(fd, p, n);
	while (w == -1 && errno == EINTR);
	return w;
}

void
tlsio_free_rests(struct tlsconn *c)
{
	tlsrest_free(&c->cipher);
	tlsrest_free(&c->dec);
	tlsrest_free(&c->enc);
	tlsrest_free(&c->todo);
}

void
tlsio_break(struct tlsconn *c, int way)
{
	if (way == IN)
		tlsrest_free(&c->dec);
	else {
		tlsrest_free(&c->enc);
		tlsrest_free(&c->todo);
	}
	if (c->state[way] < DIR_DONE)
		c->state[way] = DIR_BROKEN;
}

/* --- the TLS side's socket --------------------------------------------- */

bool
tlsio_said_all(const struct tlsconn *c)
{
	return c->state[IN] == DIR_EOF || c->state[IN] == DIR_DONE;
}

/*
 * The connection takes or gives nothing more.  A peer whose close_notify has
 * come has said all, and so has one that said end of file before it went
 * (EPIPE), though whether that was true TLS will tell.  Else it is lost.
 */
void
tlsio_net_failed(struct tlsconn *c)
{
	if (errno == EPIPE || tlsio_said_all(c)) {
		tlsio_break(c, OUT);
		return;
	}
	tlsconn_why(c, "%s", strerror(errno));
	c->dead[NET] = true;
	tlsio_break(c, OUT);
}

/* Read the connection, once in a batch: libtls asks for a record's head, its
 * body, the next one's head; that would be a call each. */
static bool
fill(struct tlsconn *c)
{
	struct tls_engine *e = c->e;
	ssize_t n;

	if (e->fed || !c->readable[NET] || c->eof)
		return false;
	e->fed = true;
	n = tlsio_read(c->fd[NET], e->in, sizeof(e->in));
	if (n > 0) {
		e->in_off = 0;
		e->in_len = (size_t)n;
		return true;
	}
	if (n == -1 && tlsio_again(errno)) {
		c->readable[NET] = false;
		return false;
	}
	if (n == -1)
		tlsconn_why(c, "%s", strerror(errno));
	c->eof = true;
	return false;
}

ssize_t
tlsio_read_cb(struct tls *tls, void *buf, size_t n, void *arg)
{
	struct tlsconn *c = arg;
	struct tls_engine *e = c->e;

	(void)tls;
	if (c->cipher.len > 0) {
		n = n < c->cipher.len ? n : c->cipher.len;
		memcpy(buf, c->cipher.p + c->cipher.off, n);
		tlsrest_drop(&c->cipher, n);
		return (ssize_t)n;
	}
	if (e->in_off == e->in_len && !fill(c))
		return c->eof ? 0 : TLS_WANT_POLLIN;
	n = n < e->in_len - e->in_off ? n : e->in_len - e->in_off;
	memcpy(buf, e->in + e->in_off, n);
	e->in_off += n;
	return (ssize_t)n;
}

void
tlsio_batch_begin(struct tlsconn *c)
{
	struct tls_engine *e = c->e;

	e->in_off = e->in_len = 0;
	e->fed = c->cipher.len > 0;
}

/* What libtls did not look at is kept.  Between batches nothing is read. */
void
tlsio_batch_end(struct tlsconn *c)
{
	struct tls_engine *e = c->e;
	size_t left = e->in_len - e->in_off;

	e->fed = true;
	e->in_len = e->in_off;
	if (tlsrest_add(&c->cipher, e->in + e->in_off, left) == 0)
		return;
	tlsio_net_failed(c);
	c->state[IN] = DIR_EOF;
}

/* How much of it the connection took; -1: it takes nothing more. */
static ssize_t
net_send(struct tlsconn *c, const unsigned char *p, size_t n)
{
	ssize_t w;

	if (!c->writable[NET])
		return 0;
	w = tlsio_write(c->fd[NET], p, n);
	if (w > 0)
		c->moved = clock_ms();
	if (w == (ssize_t)n)
		return w;
	if (w == -1 && !tlsio_again(errno)) {
		tlsio_net_failed(c);
		return -1;
	}
	c->writable[NET] = false;
	return w == -1 ? 0 : w;
}

static int
send_all(struct tlsconn *c)
{
	struct tls_engine *e = c->e;
	ssize_t w = 0;

	if (c->enc.len > 0) {
		if ((w = net_send(c, c->enc.p + c->enc.off, c->enc.len)) == -1)
			return -1;
		tlsrest_drop(&c->enc, (size_t)w);
		w = 0;
	}
	if (e->out_len == 0)
		return 0;
	if (c->enc.len == 0 && (w = net_send(c, e->out, e->out_len)) == -1)
		return -1;
	if (tlsrest_add(&c->enc, e->out + w, e->out_len - (size_t)w) == 0)
		return 0;
	tlsio_net_failed(c);
	return -1;
}

int
tlsio_flush(struct tlsconn *c)
{
	int r = -1;

	if (c->state[OUT] < DIR_BROKEN)
		r = send_all(c);
	c->e->out_len = 0;
	if (r == -1)
		return -1;
	return c->enc.len > 0;
}

ssize_t
tlsio_write_cb(struct tls *tls, const void *buf, size_t n, void *arg)
{
	struct tlsconn *c = arg;
	struct tls_engine *e = c->e;

	(void)tls;
	if ((n > sizeof(e->out) - e->out_len || c->enc.len > TLS_OWED_MAX) &&
	    tlsio_flush(c) == -1)
		return (ssize_t)n; /* nobody takes it; reading goes on */
	if (n > sizeof(e->out) - e->out_len || c->enc.len > TLS_OWED_MAX)
		return TLS_WANT_POLLOUT;
	memcpy(e->out + e->out_len, buf, n);
	e->out_len += n;
	return (ssize_t)n;
}

/* --- the handshake ----------------------------------------------------- */

/* libtls's words without OpenSSL's numbers. */
void
tlsio_why(struct tlsconn *c, const char *during)
{
	const char *s = tls_error(c->tls), *last;

	if (s == NULL)
		s = "failed";
	if (strstr(s, "error:") != NULL && (last = strrchr(s, ':')) != NULL)
		s = last + 1;
	/* (Of certificates one thing or another is said, by that word.) */
	if (strncmp(s, "name ", 5) == 0)
		tlsconn_why(c, "certificate: %s", s);
	else if (strncmp(s, "certificate", 11) == 0)
		tlsconn_why(c, "%s", s);
	else
		tlsconn_why(c, "%s: %s", during, s);
}

int
tlsio_handshake(struct tlsconn *c)
{
	int r;

	do {
		tlsio_batch_begin(c);
		r = tls_handshake(c->tls);
		tlsio_batch_end(c);
		(void)tlsio_flush(c);
	} while (r == TLS_WANT_POLLIN && !c->eof &&
		 (c->readable[NET] || c->cipher.len > 0));
	if (r == 0)
		return 1;
	if (!c->eof && (r == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT))
		return 0;
	if (c->eof)
		tlsconn_why(c, "handshake: the connection was closed");
	else
		tlsio_why(c, "handshake");
	return -1;
}

bool
tlsio_drain(struct tlsconn *c)
{
	ssize_t n = 1;

	for (int i = 0; i < 4 && n > 0 && c->readable[NET]; i++)
		n = tlsio_read(c->fd[NET], c->e->in, sizeof(c->e->in));
	return n == 0 || (n == -1 && !tlsio_again(errno));
}
